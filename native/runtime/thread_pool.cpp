#include "runtime/thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <new>

#include "runtime/cpu_count.h"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

// One region at a time has the workers; a caller that finds them taken runs its tasks alone. `state` is the region's
// door: how many more workers may come in, how many are inside. A worker enters by taking a place and leaves by giving
// up its stay; the caller, when the tasks have run out, closes the door and waits for those inside only. So a worker
// that the system has put aside costs nothing unless it holds a task.
//
// A worker on the caller's core would only be in its way, and systems do put it there: a virtual machine takes a core
// that has been idle for a while for one its host has taken away. So a worker goes to sleep with the core of the last
// caller struck from its affinity mask, strikes another if it wakes up beside the caller, and both sides yield the core
// now and then while they spin.

namespace rl {

static constexpr int64_t kSpinNanoseconds = 200'000;  // a worker's wait for the next region before it sleeps
static constexpr int kSpinsPerYield = 64;             // some 3 us
static constexpr int kMaxThreads = 4096;

static constexpr uint32_t kInside = 1;             // bits 0..14: workers inside
static constexpr uint32_t kInsideMask = 0x7fff;    //
static constexpr uint32_t kCallerSleeps = 0x8000;  // bit 15: the caller sleeps until the last worker has left
static constexpr uint32_t kPlace = 0x10000;        // bits 16..31: places left
static constexpr uint32_t kPlaceMask = 0xffff0000;

// A run of neighbouring tasks. Each thread begins with a run of its own, the same one in every region, so that what it
// wrote in one is in its cache for the next; then it helps with the other runs.
struct alignas(64) Run {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};
static constexpr int kMaxRuns = 64;

struct Pool {
  // the region
  void (*body)(void*, int64_t) = nullptr;
  void* context = nullptr;
  int runs = 0;
  Run run[kMaxRuns];
  alignas(64) std::atomic<uint32_t> state{0};
  // who sleeps, and the word they sleep on
  alignas(64) std::atomic<uint32_t> bell{0};
  std::atomic<int> sleepers{0};
  // held by the caller whose region has the workers
  alignas(64) std::atomic<bool> taken{false};
  int workers = 0;  // started so far; changed while `taken`
  // the last caller and its core
  std::atomic<int> caller{0}, caller_core{-1};
};

// Never destroyed: workers may still look at it while the process exits.
alignas(Pool) static unsigned char pool_storage[sizeof(Pool)];
static Pool* const pool = new (pool_storage) Pool;
static std::atomic<int> thread_count{0};  // 0: not yet asked for
static thread_local bool inside_region = false;

static void relax() {
#if defined(RL_X86)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

static int64_t nanoseconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

static void sleep_while(std::atomic<uint32_t>& word, uint32_t value) {
#if defined(__linux__)
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
#else
  word.wait(value);
#endif
}

static void wake(std::atomic<uint32_t>& word, int count) {
#if defined(__linux__)
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
#else
  count == 1 ? word.notify_one() : word.notify_all();
#endif
}

#if defined(__linux__)
static thread_local int own_thread = 0;

static void note_caller(Pool& p) {
  if (!own_thread) own_thread = int(syscall(SYS_gettid));
  p.caller.store(own_thread, std::memory_order_relaxed);
  p.caller_core.store(sched_getcpu(), std::memory_order_relaxed);
}

// Lets the system put this worker on every core that the caller may use but the one it runs on, if there is another.
static void leave_core_of_caller(const Pool& p) {
  const int core = p.caller_core.load(std::memory_order_relaxed);
  cpu_set_t cores;
  if (core < 0 || core >= CPU_SETSIZE ||
      sched_getaffinity(p.caller.load(std::memory_order_relaxed), sizeof(cores), &cores) != 0)
    return;
  CPU_CLR(core, &cores);
  if (CPU_COUNT(&cores) > 0) sched_setaffinity(0, sizeof(cores), &cores);
}
static bool on_core_of_caller(const Pool& p) { return sched_getcpu() == p.caller_core.load(std::memory_order_relaxed); }
#else
static void note_caller(Pool&) {}
static void leave_core_of_caller(const Pool&) {}
static bool on_core_of_caller(const Pool&) { return false; }
#endif

static void take_tasks(Pool& p, int thread) {
  const int runs = p.runs;
  for (int i = 0, at = thread % runs; i < runs; ++i, at = at + 1 == runs ? 0 : at + 1) {
    Run& run = p.run[at];
    while (run.next.load(std::memory_order_relaxed) < run.end) {
      const int64_t task = run.next.fetch_add(1, std::memory_order_relaxed);
      if (task < run.end) p.body(p.context, task);
    }
  }
}

static bool enter(Pool& p) {
  uint32_t state = p.state.load(std::memory_order_relaxed);
  while (state & kPlaceMask)
    if (p.state.compare_exchange_weak(state, state - kPlace + kInside, std::memory_order_acquire)) return true;
  return false;
}

static void leave(Pool& p) {
  const uint32_t before = p.state.fetch_sub(kInside, std::memory_order_release);
  if ((before & kCallerSleeps) && (before & kInsideMask) == kInside) wake(p.state, 1);
}

static bool spin_for_place(Pool& p) {
  const int64_t until = nanoseconds() + kSpinNanoseconds;
  do {
    for (int i = 0; i < kSpinsPerYield; ++i) {
      if (p.state.load(std::memory_order_relaxed) & kPlaceMask) return true;
      relax();
    }
    sched_yield();
  } while (nanoseconds() < until);
  return false;
}

static void* work(void* number) {
  inside_region = true;  // whatever a task calls runs in place
  const int thread = int(reinterpret_cast<intptr_t>(number));
  Pool& p = *pool;
  for (;;) {
    if (enter(p)) {
      take_tasks(p, thread);
      leave(p);
      continue;
    }
    if (spin_for_place(p)) continue;
    leave_core_of_caller(p);
    const uint32_t bell = p.bell.load();
    p.sleepers.fetch_add(1);
    // The caller opens the door first and looks at `sleepers` second, so one of us sees the other.
    if (!(p.state.load() & kPlaceMask)) sleep_while(p.bell, bell);
    p.sleepers.fetch_sub(1);
    if (on_core_of_caller(p)) leave_core_of_caller(p);  // the caller slept too, and woke up here
  }
  return nullptr;
}

static void start_workers(Pool& p, int wanted) {
  if (p.workers >= wanted) return;
  pthread_attr_t detached;
  if (pthread_attr_init(&detached) != 0) return;
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // workers inherit it: signals are the program's business
  for (pthread_t thread; p.workers < wanted; ++p.workers)
    if (pthread_create(&thread, &detached, work, reinterpret_cast<void*>(intptr_t(p.workers + 1))) != 0)
      break;  // no more threads to be had: use what there is
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&detached);
}

static void wait_until_empty(Pool& p) {
  const int64_t until = nanoseconds() + kSpinNanoseconds;
  for (int i = 0;; ++i) {
    const uint32_t state = p.state.load(std::memory_order_acquire);
    if (!(state & kInsideMask)) break;
    relax();
    if (i % kSpinsPerYield != kSpinsPerYield - 1) continue;
    sched_yield();
    if (nanoseconds() > until) {
      const uint32_t sleeping = p.state.fetch_or(kCallerSleeps) | kCallerSleeps;
      if (sleeping & kInsideMask) sleep_while(p.state, sleeping);
    }
  }
  p.state.store(0, std::memory_order_relaxed);
}

// The child of a fork has the forking thread only: whatever the workers or another caller were doing is forgotten.
static void forget_workers() {
  new (pool_storage) Pool;
#if defined(__linux__)
  own_thread = 0;
#endif
}

void run_tasks(int64_t tasks, void (*body)(void*, int64_t), void* context) {
  const int threads = int(std::min<int64_t>(num_threads(), tasks));
  Pool& p = *pool;
  if (threads <= 1 || inside_region || p.taken.exchange(true, std::memory_order_acquire)) {
    for (int64_t task = 0; task < tasks; ++task) body(context, task);
    return;
  }
  static const int registered = pthread_atfork(nullptr, nullptr, forget_workers);
  (void)registered;
  start_workers(p, threads - 1);
  note_caller(p);

  p.body = body;
  p.context = context;
  p.runs = std::min(threads, kMaxRuns);
  for (int i = 0; i < p.runs; ++i) {
    p.run[i].next.store(tasks * i / p.runs, std::memory_order_relaxed);
    p.run[i].end = tasks * (i + 1) / p.runs;
  }
  p.state.store(uint32_t(threads - 1) * kPlace);  // the door opens: publishes the lines above
  if (const int asleep = p.sleepers.load(); asleep > 0) {
    p.bell.fetch_add(1);
    wake(p.bell, std::min(asleep, threads - 1));
  }
  inside_region = true;
  take_tasks(p, 0);
  inside_region = false;
  p.state.fetch_and(~kPlaceMask);
  wait_until_empty(p);
  p.taken.store(false, std::memory_order_release);
}

static int positive_variable(const char* name) {
  const char* text = std::getenv(name);
  if (!text) return 0;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  return end != text && value > 0 ? int(std::min<long>(value, kMaxThreads)) : 0;
}

int default_num_threads() {
  for (const char* name : {"RUSHLIGHT_NUM_THREADS", "OMP_NUM_THREADS"})
    if (const int count = positive_variable(name)) return count;
  const int cores = affinity_cores();
  const double quota = cgroup_cores("");
  return quota > 0 ? std::max(1, std::min(cores, int(std::ceil(quota)))) : cores;
}

int num_threads() {
  int count = thread_count.load(std::memory_order_relaxed);
  if (count == 0) {
    int unset = 0;
    count = default_num_threads();
    if (!thread_count.compare_exchange_strong(unset, count)) count = unset;
  }
  return count;
}

void set_num_threads(int count) { thread_count.store(std::clamp(count, 1, kMaxThreads), std::memory_order_relaxed); }

}  // namespace rl
