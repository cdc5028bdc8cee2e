#pragma once
// When to write past the caches.

#include <unistd.h>

#include <cstdint>

namespace rl {

// Outputs from half the last-level cache on go past the caches, which they would only flush. A virtual machine may
// report the cache of the whole host, so no more than 32 MB of it count.
static inline int64_t stream_bytes() {
  static const int64_t threshold = [] {
    int64_t cache = 0;
#ifdef _SC_LEVEL3_CACHE_SIZE
    cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    constexpr int64_t most = 32 << 20;
    return (cache <= 0 || cache > most ? most : cache) / 2;
  }();
  return threshold;
}

// After a task's streaming stores, before others read what they wrote.
static inline void stream_barrier() {
#if defined(__x86_64__)
  asm volatile("sfence" ::: "memory");
#endif
}

}  // namespace rl
