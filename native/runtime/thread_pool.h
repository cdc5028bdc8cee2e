#pragma once
// One process-wide pool: the caller works too, the workers spin briefly and then sleep, tiles come from an atomic
// counter. Safe across fork (the child starts a pool of its own). Kernels run without the GIL.

#include <cstdint>
#include <type_traits>
#include <utility>

namespace rl {

// How much work is worth a task of its own. Measured on two cores: a region costs its caller 0.6 us while the workers
// spin; after 0.2 ms of idleness they sleep, waking them costs it 1 to 10 us, and they arrive 30 to 60 us later. A line
// that another core has written takes some 100 ns to come. So a task should take 3 us or more on one core:
inline constexpr int64_t kSimpleGrain = 32768;     // elements of one pass that reads, does little and writes
inline constexpr int64_t kProductGrain = 200'000;  // multiply-adds of a matrix product

int num_threads();                // threads a parallel region may use, the caller included
void set_num_threads(int count);  // count >= 1
int default_num_threads();  // RUSHLIGHT_NUM_THREADS, else OMP_NUM_THREADS, else cpu_count.h's cores within the quota

// Calls body(context, task) for task = 0 .. tasks-1, in any order, on up to num_threads() threads; returns when all
// are done. A call from inside a task runs its tasks in place, unless that task runs alone and the workers are free.
// Bodies must not throw.
void run_tasks(int64_t tasks, void (*body)(void*, int64_t), void* context);

// f(task) for every task.
template <class F>
static inline void parallel_tasks(int64_t tasks, F&& f) {
  using Body = std::remove_reference_t<F>;
  if (tasks == 1) {
    f(int64_t(0));
    return;
  }
  run_tasks(
      tasks, [](void* context, int64_t task) { (*static_cast<Body*>(context))(task); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

// f(begin, end) over chunks of [0, n) with at least `grain` items each; in place when n <= grain.
template <class F>
static inline void parallel_for(int64_t n, int64_t grain, F&& f) {
  if (n <= 0) return;
  const int64_t threads = num_threads();
  if (grain < 1) grain = 1;
  int64_t chunks = (n + grain - 1) / grain;
  if (threads == 1 || chunks <= 1) {
    f(int64_t(0), n);
    return;
  }
  if (chunks > threads * 4) chunks = threads * 4;  // a few tiles per thread, so that a late thread costs little
  const int64_t size = (n + chunks - 1) / chunks;
  parallel_tasks((n + size - 1) / size, [&](int64_t task) {
    const int64_t begin = task * size;
    const int64_t end = begin + size < n ? begin + size : n;
    f(begin, end);
  });
}

}  // namespace rl
