#pragma once
// How many cores this process may use: the affinity mask, hyper-threads counted once, within the cgroup's CPU quota.

#include <string>

namespace rl {

int affinity_cores();  // physical cores in the calling thread's affinity mask, at least 1

// CPU quota of this process's cgroup (v1 or v2, the tightest along its path) in cores, 0 when there is none.
// `root` stands in for "/" in tests: it holds proc/self/cgroup and sys/fs/cgroup.
double cgroup_cores(const std::string& root);

}  // namespace rl
