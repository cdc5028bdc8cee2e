#pragma once
// When to write past the caches.

#include <unistd.h>

#include <cstdint>

namespace rl {

// Outputs of more than half the last-level cache go past the caches, which they would only flush. A virtual machine may
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

}  // namespace rl
