#include "runtime/cpu_count.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace rl {

int affinity_cores() {
#if defined(__linux__)
  // The mask's size is the kernel's choice: grow until it fits.
  for (int cpus = 1024; cpus <= (1 << 18); cpus *= 4) {
    cpu_set_t* mask = CPU_ALLOC(cpus);
    if (!mask) break;
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(bytes, mask);
    if (sched_getaffinity(0, bytes, mask) != 0) {
      CPU_FREE(mask);
      continue;
    }
    std::vector<std::string> cores;  // one entry per CPU: its core's list of hyper-threads, equal within a core
    for (int cpu = 0; cpu < cpus; ++cpu) {
      if (!CPU_ISSET_S(cpu, bytes, mask)) continue;
      const std::string number = std::to_string(cpu);
      std::ifstream file("/sys/devices/system/cpu/cpu" + number + "/topology/thread_siblings_list");
      std::string siblings;
      if (!std::getline(file, siblings) || siblings.empty()) siblings = "cpu" + number;
      cores.push_back(siblings);
    }
    CPU_FREE(mask);
    std::sort(cores.begin(), cores.end());
    const auto count = std::unique(cores.begin(), cores.end()) - cores.begin();
    return std::max(1, int(count));
  }
#endif
  return std::max(1, int(std::thread::hardware_concurrency()));
}

static double first_number(const std::string& path, double missing) {
  std::ifstream file(path);
  double value;
  return file >> value ? value : missing;
}

// Quota of one group's folder in cores, 0 when unlimited or unreadable.
static double group_quota(const std::string& folder, bool version_2) {
  double quota = -1, period = -1;
  if (version_2) {
    std::ifstream file(folder + "/cpu.max");  // "max 100000" or "150000 100000"
    std::string text;
    if (!(file >> text >> period) || text == "max") return 0;
    quota = std::strtod(text.c_str(), nullptr);
  } else {
    quota = first_number(folder + "/cpu.cfs_quota_us", -1);  // -1: unlimited
    period = first_number(folder + "/cpu.cfs_period_us", -1);
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

double cgroup_cores(const std::string& root) {
  std::ifstream groups(root + "/proc/self/cgroup");
  double tightest = 0;
  for (std::string line; std::getline(groups, line);) {  // "0::/path" (v2), "4:cpu,cpuacct:/path" (v1)
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool version_2 = controllers.empty();
    if (!version_2 && ("," + controllers + ",").find(",cpu,") == std::string::npos) continue;
    std::string path = line.substr(second + 1);
    if (!path.empty() && path.back() == '/') path.pop_back();
    // A limit anywhere above binds too; inside a container the path may start above what is mounted, so try every
    // level.
    for (;;) {
      std::vector<std::string> mounts = {"/sys/fs/cgroup"};
      if (!version_2) mounts = {"/sys/fs/cgroup/" + controllers, "/sys/fs/cgroup/cpu"};
      for (const std::string& mount : mounts) {
        const double quota = group_quota(root + mount + path, version_2);
        if (quota > 0) tightest = tightest > 0 ? std::min(tightest, quota) : quota;
      }
      const size_t cut = path.rfind('/');
      if (cut == std::string::npos) break;
      path.resize(cut);
    }
  }
  return tightest;
}

}  // namespace rl
