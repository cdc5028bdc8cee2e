#pragma once
// Caching allocator for array memory: size classes, 64-byte alignment, huge pages asked for above 2 MB, pages kept
// until empty_cache(). Thread-safe.

#include <cstddef>
#include <cstdint>

namespace rl {

void* allocate(size_t bytes);           // 64-byte aligned; nullptr when the cap or the machine's memory is reached
void deallocate(void* pointer);         // nullptr allowed
size_t allocation_size(void* pointer);  // what the block holds, at least what was asked for
void empty_cache();
void set_memory_cap(size_t bytes);  // 0: none

// Grow-only scratch of the calling thread, kept between calls; `slot` (0..7) names independent buffers. 64-byte
// aligned.
void* scratch(int slot, size_t bytes);

struct MemoryStats {
  int64_t allocated_bytes, allocated_peak_bytes, reserved_bytes, reserved_peak_bytes, num_allocations, num_cache_hits,
      cap_bytes;
};
MemoryStats memory_stats();
void reset_peak_memory_stats();

}  // namespace rl
