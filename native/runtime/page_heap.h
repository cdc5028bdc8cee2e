#pragma once
// Memory from the system, kept in address ranges: best fit, neighbours joined on return, so that blocks of any size
// come from the same pages again and again. Thread-safe. The layer under allocator.cpp.

#include <cstddef>
#include <cstdint>

namespace rl {

inline constexpr size_t kHugePage = size_t(2) << 20;
inline constexpr size_t kHeapGranule = 128;  // sizes and addresses in the heap are multiples of it

void* heap_take(size_t bytes, size_t alignment);  // a power of two >= kHeapGranule; nullptr: cap or machine exhausted
void heap_give(void* pointer, size_t bytes);
void heap_release();  // what is free, by whole pages, to the system
void heap_set_cap(size_t bytes);

// Held around fork, so that the child finds the ranges in order.
void heap_lock();
void heap_unlock();

struct HeapStats {
  int64_t reserved, reserved_peak, cap, growths;  // bytes; growths: how often the system was asked for more
};
HeapStats heap_stats();
void heap_reset_peak();

}  // namespace rl
