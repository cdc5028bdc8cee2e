#include "runtime/thread_pool.h"

namespace rl {

int default_num_threads() { return 1; }
int num_threads() { return 1; }
void set_num_threads(int) {}

void run_tasks(int64_t tasks, void (*body)(void*, int64_t), void* context) {
  for (int64_t task = 0; task < tasks; ++task) body(context, task);
}

}  // namespace rl
