#include "runtime/page_heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <utility>

namespace rl {

static constexpr size_t kPage = 4096;
static constexpr size_t kSmallestGrowth = size_t(4) << 20, kLargestGrowth = size_t(64) << 20;
// Free ranges may add up to this much, or a quarter of what is in use, before a request that none of them fits gives
// them back first: changing sizes would otherwise pile up ranges of the sizes that were.
static constexpr size_t kFreeAllowance = size_t(256) << 20;

static size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) & ~(multiple - 1); }
static size_t round_down(size_t value, size_t multiple) { return value & ~(multiple - 1); }

class PageHeap {
 public:
  std::mutex mutex;

  void* take(size_t bytes, size_t alignment) {
    bytes = round_up(bytes, kHeapGranule);
    if (bytes == 0 || bytes > (size_t(1) << 47)) return nullptr;
    uintptr_t start = cut(bytes, alignment);
    if (!start && grow(bytes, alignment)) start = cut(bytes, alignment);
    return reinterpret_cast<void*>(start);
  }

  void give(uintptr_t start, size_t bytes) {
    bytes = round_up(bytes, kHeapGranule);
    auto after = by_address_.lower_bound(start);
    if (after != by_address_.end() && after->first == start + bytes) {
      bytes += after->second;
      after = remove(after);
    }
    if (after != by_address_.begin()) {
      auto before = std::prev(after);
      if (before->first + before->second == start) {
        start = before->first;
        bytes += before->second;
        remove(before);
      }
    }
    insert(start, bytes);
  }

  // Gives whole free pages back to the system, largest ranges first, until `bytes` of them are gone or none is left.
  void release(size_t bytes) {
    size_t released = 0;
    while (released < bytes && !by_size_.empty()) {
      auto largest = std::prev(by_size_.end());
      const uintptr_t start = largest->second, end = start + largest->first;
      const uintptr_t first = round_up(start, kPage), last = round_down(end, kPage);
      if (first >= last || munmap(reinterpret_cast<void*>(first), last - first) != 0) break;
      remove(by_address_.find(start));
      if (first > start) insert(start, first - start);
      if (end > last) insert(last, end - last);
      reserved -= last - first;
      released += last - first;
    }
  }

  size_t reserved = 0, reserved_peak = 0, cap = 0;
  int64_t growths = 0;

 private:
  using Ranges = std::map<uintptr_t, size_t>;

  void insert(uintptr_t start, size_t bytes) {
    by_address_.emplace(start, bytes);
    by_size_.emplace(bytes, start);
    free_ += bytes;
  }

  Ranges::iterator remove(Ranges::iterator range) {
    by_size_.erase({range->second, range->first});
    free_ -= range->second;
    return by_address_.erase(range);
  }

  uintptr_t cut(size_t bytes, size_t alignment) {
    for (auto range = by_size_.lower_bound({bytes, 0}); range != by_size_.end(); ++range) {
      const uintptr_t begin = range->second, end = begin + range->first;
      const uintptr_t start = round_up(begin, alignment);
      if (start < begin || start > end || end - start < bytes) continue;
      remove(by_address_.find(begin));
      if (start > begin) insert(begin, start - begin);
      if (end > start + bytes) insert(start + bytes, end - start - bytes);
      return start;
    }
    return 0;
  }

  bool grow(size_t bytes, size_t alignment) {
    const size_t needed = round_up(bytes, kHugePage) + (alignment > kHugePage ? alignment : 0);
    size_t growth = std::max(needed, round_up(std::clamp(reserved / 4, kSmallestGrowth, kLargestGrowth), kHugePage));
    const size_t allowance = std::max(kFreeAllowance, (reserved - free_) / 4);
    if (free_ > allowance) release(std::min(free_ - allowance, needed));
    if (cap) {
      if (reserved + needed > cap) release(reserved + needed - cap);
      if (reserved + needed > cap) return false;
      growth = std::min(growth, std::max(needed, cap - reserved));
    }
    if (map(growth) || (growth > needed && map(needed))) return true;
    release(SIZE_MAX);
    return map(needed);
  }

  bool map(size_t bytes) {
    const size_t padded = bytes + kHugePage;  // cut to a 2 MB boundary
    void* address = mmap(nullptr, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) return false;
    const auto raw = reinterpret_cast<uintptr_t>(address);
    const uintptr_t start = round_up(raw, kHugePage);
    if (start > raw) munmap(address, start - raw);
    if (raw + padded > start + bytes) munmap(reinterpret_cast<void*>(start + bytes), raw + padded - start - bytes);
#if defined(MADV_HUGEPAGE)
    madvise(reinterpret_cast<void*>(start), bytes, MADV_HUGEPAGE);  // refused where the system has none: no matter
#endif
    ++growths;
    reserved += bytes;
    reserved_peak = std::max(reserved_peak, reserved);
    give(start, bytes);
    return true;
  }

  Ranges by_address_;                               // free ranges
  std::set<std::pair<size_t, uintptr_t>> by_size_;  // the same
  size_t free_ = 0;
};

static PageHeap& heap() {
  alignas(PageHeap) static unsigned char storage[sizeof(PageHeap)];
  static PageHeap* const instance = new (storage) PageHeap;  // never destroyed: arrays may outlive static objects
  return *instance;
}

void* heap_take(size_t bytes, size_t alignment) {
  std::lock_guard lock(heap().mutex);
  try {
    return heap().take(bytes, alignment);
  } catch (const std::bad_alloc&) {  // no room even for the books
    return nullptr;
  }
}
void heap_give(void* pointer, size_t bytes) {
  std::lock_guard lock(heap().mutex);
  heap().give(reinterpret_cast<uintptr_t>(pointer), bytes);
}
void heap_release() {
  std::lock_guard lock(heap().mutex);
  heap().release(SIZE_MAX);
}
void heap_set_cap(size_t bytes) {
  std::lock_guard lock(heap().mutex);
  heap().cap = bytes;
  if (bytes && heap().reserved > bytes) heap().release(heap().reserved - bytes);
}
void heap_lock() { heap().mutex.lock(); }
void heap_unlock() { heap().mutex.unlock(); }
HeapStats heap_stats() {
  std::lock_guard lock(heap().mutex);
  return {int64_t(heap().reserved), int64_t(heap().reserved_peak), int64_t(heap().cap), heap().growths};
}
void heap_reset_peak() {
  std::lock_guard lock(heap().mutex);
  heap().reserved_peak = heap().reserved;
}

}  // namespace rl
