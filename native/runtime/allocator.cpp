#include "runtime/allocator.h"

#include <malloc.h>
#include <cstdlib>

namespace rl {

void* allocate(size_t bytes) { return std::aligned_alloc(64, bytes ? (bytes + 63) / 64 * 64 : 64); }
void deallocate(void* pointer) { std::free(pointer); }
size_t allocation_size(void* pointer) { return malloc_usable_size(pointer); }
void empty_cache() {}
void set_memory_cap(size_t) {}
MemoryStats memory_stats() { return {}; }
void reset_peak_memory_stats() {}

void* scratch(int slot, size_t bytes) {
  struct Buffer {
    void* pointer = nullptr;
    size_t size = 0;
    ~Buffer() { deallocate(pointer); }
  };
  static thread_local Buffer buffers[8];
  Buffer& buffer = buffers[slot];
  if (buffer.size < bytes) {
    deallocate(buffer.pointer);
    buffer.pointer = allocate(bytes);
    buffer.size = buffer.pointer ? bytes : 0;
  }
  return buffer.pointer;
}

}  // namespace rl
