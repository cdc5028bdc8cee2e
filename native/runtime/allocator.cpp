#include "runtime/allocator.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_map>

#include "runtime/page_heap.h"
#include "runtime/size_classes.h"

// Three kinds of block, told apart by address alone:
//   large   more than 1.875 MB: a range of the page heap, on a 2 MB boundary; a table knows its size
//   small   up to 8 KB: carved from 64 KB spans of 2 MB segments; the segment's head knows each span's class
//   medium  between: a range of the page heap with 128 bytes in front that hold the class, so never on a 2 MB boundary
// Small and medium blocks pass through free lists of the calling thread, without locks; what a thread has too much of
// goes back to the common lists (small) or to the page heap (medium). Any thread may free any block.

namespace rl {

#if defined(__SANITIZE_ADDRESS__)
static constexpr bool kPlainMalloc = true;  // exact sizes and no reuse, so that AddressSanitizer sees every overflow
#else
static constexpr bool kPlainMalloc = false;
#endif

static constexpr size_t kSmallBytes = 8192;
static constexpr int kSmallClasses = size_class(kSmallBytes) + 1;
static constexpr size_t kSpan = 64 << 10;
static constexpr size_t kMediumHead = 128;                   // keeps the block on a 64-byte boundary
static constexpr int64_t kThreadMediumBytes = 16 << 20;      // medium blocks one thread keeps for itself
static constexpr int64_t kReportEvery = 64 << 10;            // bytes a thread's count may lag behind the common one
static constexpr int kAddressBits = 48, kHugePageBits = 21;  // user addresses, and log2 of kHugePage

// ---- size of a block ------------------------------------------------------------------------------------------------

struct Block {
  Block* next;
};

struct Segment {
  Segment* next;
  int used;   // blocks outside the common lists
  int spans;  // handed to a class so far
  unsigned char span_class[kHugePage / kSpan];
};
static constexpr size_t kSegmentHead = 128;
static_assert(sizeof(Segment) <= kSegmentHead);

// One bit per 2 MB of address space: does a segment lie there? (Touched where used only.)
static std::atomic<uint64_t> segment_bits[size_t(1) << (kAddressBits - kHugePageBits - 6)];

static bool in_segment(uintptr_t address) {
  const uintptr_t unit = address >> kHugePageBits;
  return segment_bits[unit / 64].load(std::memory_order_relaxed) >> (unit % 64) & 1;
}
static void mark_segment(Segment* segment, bool present) {
  const uintptr_t unit = reinterpret_cast<uintptr_t>(segment) >> kHugePageBits;
  const uint64_t bit = uint64_t(1) << (unit % 64);
  present ? segment_bits[unit / 64].fetch_or(bit) : segment_bits[unit / 64].fetch_and(~bit);
}
static Segment* segment_of(const void* pointer) {
  return reinterpret_cast<Segment*>(reinterpret_cast<uintptr_t>(pointer) & ~(kHugePage - 1));
}
static bool is_large(const void* pointer) { return (reinterpret_cast<uintptr_t>(pointer) & (kHugePage - 1)) == 0; }

static int& medium_class(void* pointer) { return *reinterpret_cast<int*>(static_cast<char*>(pointer) - 64); }

static int class_of(void* pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  if (in_segment(address)) return segment_of(pointer)->span_class[(address & (kHugePage - 1)) / kSpan];
  return medium_class(pointer);
}

// ---- what all threads share -----------------------------------------------------------------------------------------

struct ThreadCache {
  struct Bin {
    Block* head = nullptr;
    int count = 0;
  };
  Bin bins[kClasses];
  int64_t medium_bytes = 0;  // in the bins of medium classes
  // Written by the owner, read by memory_stats().
  std::atomic<int64_t> unreported{0};  // bytes allocated less freed, not yet in Common::allocated
  std::atomic<int64_t> allocations{0};
  ThreadCache* next = nullptr;
};

struct Common {
  std::mutex mutex;  // before the page heap's, where both are taken
  Block* lists[kSmallClasses] = {};
  struct {
    char *from, *to;
  } fresh[kSmallClasses] = {};  // the span a class is being carved from
  Segment* segments = nullptr;
  ThreadCache* caches = nullptr;
  std::unordered_map<void*, size_t> large;
  int64_t other_allocations = 0;  // large ones, and those of threads that have ended
  std::atomic<int64_t> allocated{0}, allocated_peak{0};
};

static Common& common() {
  alignas(Common) static unsigned char storage[sizeof(Common)];
  static Common* const instance = [] {
    auto* made = new (storage) Common;  // never destroyed: arrays may outlive static objects
    pthread_atfork(
        [] {
          common().mutex.lock();
          heap_lock();
        },
        [] {
          heap_unlock();
          common().mutex.unlock();
        },
        [] {
          heap_unlock();
          common().mutex.unlock();
        });
    return made;
  }();
  return *instance;
}

static void report(int64_t bytes) {
  Common& all = common();
  const int64_t now = all.allocated.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t peak = all.allocated_peak.load(std::memory_order_relaxed);
  while (now > peak && !all.allocated_peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

static void add(std::atomic<int64_t>& counter, int64_t amount) {  // only the owner writes: no locked instruction
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

static void count_bytes(ThreadCache* cache, int64_t bytes) {
  const int64_t sum = cache->unreported.load(std::memory_order_relaxed) + bytes;
  cache->unreported.store(sum, std::memory_order_relaxed);
  if (sum >= kReportEvery || sum <= -kReportEvery) [[unlikely]] {
    cache->unreported.store(0, std::memory_order_relaxed);
    report(sum);
  }
}

// Blocks a thread keeps per class: 64 KB worth, at least 8, at most 256 (small); a few (medium).
static constexpr int bin_limit(int c) {
  if (c >= kSmallClasses) return class_bytes(c) <= (256 << 10) ? 8 : 2;
  return std::clamp(int(kSpan / class_bytes(c)), 8, 256);
}
struct BinLimits {
  int limit[kClasses];
  constexpr BinLimits() : limit() {
    for (int c = 0; c < kClasses; ++c) limit[c] = bin_limit(c);
  }
};
static constexpr BinLimits bin_limits;

// With Common::mutex held: a block of a small class, or nullptr.
static Block* take_small(Common& all, int c) {
  if (Block* block = all.lists[c]) {
    all.lists[c] = block->next;
    ++segment_of(block)->used;
    return block;
  }
  auto& fresh = all.fresh[c];
  const size_t bytes = class_bytes(c);
  if (size_t(fresh.to - fresh.from) < bytes) {
    Segment* segment = all.segments;
    while (segment && segment->spans == int(kHugePage / kSpan)) segment = segment->next;
    if (!segment) {
      void* memory = heap_take(kHugePage, kHugePage);
      if (!memory) return nullptr;
      segment = new (memory) Segment{all.segments, 0, 0, {}};
      all.segments = segment;
      mark_segment(segment, true);
    }
    const int span = segment->spans++;
    segment->span_class[span] = static_cast<unsigned char>(c);
    fresh.from = reinterpret_cast<char*>(segment) + size_t(span) * kSpan + (span == 0 ? kSegmentHead : 0);
    fresh.to = reinterpret_cast<char*>(segment) + size_t(span + 1) * kSpan;
  }
  auto* block = reinterpret_cast<Block*>(fresh.from);
  fresh.from += bytes;
  ++segment_of(block)->used;
  return block;
}

static void give_small(Common& all, int c, Block* block) {
  block->next = all.lists[c];
  all.lists[c] = block;
  --segment_of(block)->used;
}

static void* take_medium(int c) {
  void* memory = heap_take(class_bytes(c) + kMediumHead, kHeapGranule);
  if (!memory) return nullptr;
  void* block = static_cast<char*>(memory) + 64;
  medium_class(block) = c;
  return block;
}

static void give_medium(int c, void* block) { heap_give(static_cast<char*>(block) - 64, class_bytes(c) + kMediumHead); }

// ---- the thread's own lists -----------------------------------------------------------------------------------------

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
__attribute__((tls_model("initial-exec")))  // one pointer of static TLS; spares a call per access
#endif
static thread_local ThreadCache* this_thread = nullptr;
static thread_local bool thread_ended = false;

// All but `keep` blocks of one bin, back to where all threads find them.
static void shrink_bin(ThreadCache* cache, int c, int keep) {
  ThreadCache::Bin& bin = cache->bins[c];
  Common& all = common();
  const bool small = c < kSmallClasses;
  std::unique_lock<std::mutex> lock(all.mutex, std::defer_lock);
  if (small) lock.lock();
  for (; bin.count > keep; --bin.count) {
    Block* block = bin.head;
    bin.head = block->next;
    if (small) {
      give_small(all, c, block);
    } else {
      cache->medium_bytes -= int64_t(class_bytes(c));
      give_medium(c, block);
    }
  }
}

static void empty_bins(ThreadCache* cache, int from_class) {
  for (int c = from_class; c < kClasses; ++c) shrink_bin(cache, c, 0);
}

struct ThreadEnd {
  ThreadCache* cache = nullptr;
  ~ThreadEnd() {
    thread_ended = true;
    this_thread = nullptr;
    if (!cache) return;
    empty_bins(cache, 0);
    report(cache->unreported.load());
    Common& all = common();
    std::lock_guard lock(all.mutex);
    all.other_allocations += cache->allocations.load();
    for (ThreadCache** link = &all.caches; *link; link = &(*link)->next) {
      if (*link == cache) {
        *link = cache->next;
        break;
      }
    }
    std::free(cache);
  }
};

static ThreadCache* make_thread_cache() {
  static thread_local ThreadEnd end;
  void* memory = thread_ended ? nullptr : std::malloc(sizeof(ThreadCache));
  if (!memory) return nullptr;
  auto* cache = new (memory) ThreadCache;
  Common& all = common();
  {
    std::lock_guard lock(all.mutex);
    cache->next = all.caches;
    all.caches = cache;
  }
  end.cache = cache;
  return this_thread = cache;
}

// ---- allocate, deallocate -------------------------------------------------------------------------------------------

// Sizes of the blocks that no free list ever holds.
static void note_large(void* pointer, size_t bytes) {
  Common& all = common();
  report(int64_t(bytes));
  std::lock_guard lock(all.mutex);
  all.large.emplace(pointer, bytes);
  ++all.other_allocations;
}
static size_t large_bytes(void* pointer, bool forget) {
  Common& all = common();
  std::lock_guard lock(all.mutex);
  const auto found = all.large.find(pointer);
  if (found == all.large.end()) return 0;
  const size_t bytes = found->second;
  if (forget) all.large.erase(found);
  return bytes;
}

// The machine's memory. Systems that overcommit grant more, and end the process when it is written to.
static size_t machine_bytes() {
  static const size_t bytes = [] {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? size_t(pages) * size_t(page) : size_t(PTRDIFF_MAX);
  }();
  return bytes;
}

static void* allocate_large(size_t bytes) {
  constexpr size_t page = 4096;
  if (bytes > machine_bytes()) return nullptr;
  void* pointer = nullptr;
  if constexpr (kPlainMalloc) {
    const int64_t cap = heap_stats().cap;
    if (cap && int64_t(bytes) > cap - common().allocated.load()) return nullptr;
    if (posix_memalign(&pointer, 64, bytes ? bytes : 1) != 0) return nullptr;
  } else {
    bytes = (bytes + page - 1) / page * page;
    pointer = heap_take(bytes, kHugePage);
  }
  if (pointer) note_large(pointer, bytes);
  return pointer;
}

static void deallocate_large(void* pointer) {
  const size_t bytes = large_bytes(pointer, true);
  report(-int64_t(bytes));
  if constexpr (kPlainMalloc) {
    std::free(pointer);
  } else if (bytes) {
    heap_give(pointer, bytes);
  }
}

// The thread's list is empty, or the thread has none: from the common lists, a batch at a time.
static void* allocate_slowly(int c) {
  ThreadCache* cache = this_thread ? this_thread : make_thread_cache();
  void* pointer = nullptr;
  if (c >= kSmallClasses) {
    pointer = take_medium(c);
  } else {
    Common& all = common();
    std::lock_guard lock(all.mutex);
    pointer = take_small(all, c);
    if (pointer && cache) {
      ThreadCache::Bin& bin = cache->bins[c];
      for (int more = bin_limits.limit[c] / 2 - 1; more > 0; --more) {
        Block* block = take_small(all, c);
        if (!block) break;
        block->next = bin.head;
        bin.head = block;
        ++bin.count;
      }
    }
  }
  if (!pointer) return nullptr;
  if (cache) {
    add(cache->allocations, 1);
    count_bytes(cache, int64_t(class_bytes(c)));
  } else {
    report(int64_t(class_bytes(c)));
    std::lock_guard lock(common().mutex);
    ++common().other_allocations;
  }
  return pointer;
}

static void deallocate_without_cache(int c, void* pointer) {  // by a thread that is ending
  report(-int64_t(class_bytes(c)));
  if (c >= kSmallClasses) {
    give_medium(c, pointer);
  } else {
    std::lock_guard lock(common().mutex);
    give_small(common(), c, static_cast<Block*>(pointer));
  }
}

void* allocate(size_t bytes) {
  if (kPlainMalloc || bytes > kLargestClassBytes) return allocate_large(bytes);
  const int c = size_class(bytes);
  ThreadCache* cache = this_thread;
  if (!cache || !cache->bins[c].head) return allocate_slowly(c);
  ThreadCache::Bin& bin = cache->bins[c];
  Block* block = bin.head;
  bin.head = block->next;
  --bin.count;
  if (c >= kSmallClasses) cache->medium_bytes -= int64_t(class_bytes(c));
  add(cache->allocations, 1);
  count_bytes(cache, int64_t(class_bytes(c)));
  return block;
}

void deallocate(void* pointer) {
  if (!pointer) return;
  if (kPlainMalloc || is_large(pointer)) return deallocate_large(pointer);
  const int c = class_of(pointer);
  ThreadCache* cache = this_thread;
  if (!cache && !(cache = make_thread_cache())) return deallocate_without_cache(c, pointer);
  ThreadCache::Bin& bin = cache->bins[c];
  auto* block = static_cast<Block*>(pointer);
  block->next = bin.head;
  bin.head = block;
  ++bin.count;
  count_bytes(cache, -int64_t(class_bytes(c)));
  if (c >= kSmallClasses) cache->medium_bytes += int64_t(class_bytes(c));
  if (bin.count > bin_limits.limit[c]) [[unlikely]] {
    shrink_bin(cache, c, bin_limits.limit[c] / 2);
  } else if (cache->medium_bytes > kThreadMediumBytes) [[unlikely]] {
    empty_bins(cache, kSmallClasses);
  }
}

size_t allocation_size(void* pointer) {
  if (kPlainMalloc || is_large(pointer)) return large_bytes(pointer, false);
  return class_bytes(class_of(pointer));
}

// Segments of which every block lies in the common lists go back to the page heap.
static void release_segments() {
  Common& all = common();
  std::lock_guard lock(all.mutex);
  const auto in_empty_segment = [](const void* pointer) { return segment_of(pointer)->used == 0; };
  for (int c = 0; c < kSmallClasses; ++c) {
    for (Block** link = &all.lists[c]; *link;) {
      if (in_empty_segment(*link)) {
        *link = (*link)->next;
      } else {
        link = &(*link)->next;
      }
    }
    auto& fresh = all.fresh[c];
    if (fresh.from != fresh.to && in_empty_segment(fresh.to - 1)) fresh = {nullptr, nullptr};
    if (fresh.from == fresh.to) fresh = {nullptr, nullptr};
  }
  for (Segment** link = &all.segments; *link;) {
    Segment* segment = *link;
    if (segment->used == 0) {
      *link = segment->next;
      mark_segment(segment, false);
      heap_give(segment, kHugePage);
    } else {
      link = &segment->next;
    }
  }
}

void empty_cache() {
  if (ThreadCache* cache = this_thread) empty_bins(cache, 0);
  release_segments();
  heap_release();
}

void set_memory_cap(size_t bytes) {
  if (bytes && size_t(heap_stats().reserved) > bytes) empty_cache();
  heap_set_cap(bytes);
}

MemoryStats memory_stats() {
  Common& all = common();
  const HeapStats heap = heap_stats();
  std::lock_guard lock(all.mutex);
  int64_t allocated = all.allocated.load(), allocations = all.other_allocations;
  for (ThreadCache* cache = all.caches; cache; cache = cache->next) {
    allocated += cache->unreported.load(std::memory_order_relaxed);
    allocations += cache->allocations.load(std::memory_order_relaxed);
  }
  MemoryStats stats;
  stats.allocated_bytes = allocated;
  stats.allocated_peak_bytes = std::max(allocated, all.allocated_peak.load());
  stats.reserved_bytes = kPlainMalloc ? allocated : heap.reserved;
  stats.reserved_peak_bytes = kPlainMalloc ? stats.allocated_peak_bytes : heap.reserved_peak;
  stats.num_allocations = allocations;
  stats.num_cache_hits = allocations - heap.growths;
  stats.cap_bytes = heap.cap;
  return stats;
}

void reset_peak_memory_stats() {
  heap_reset_peak();
  common().allocated_peak.store(memory_stats().allocated_bytes);
}

// ---- scratch --------------------------------------------------------------------------------------------------------

void* scratch(int slot, size_t bytes) {
  struct Buffers {
    void* pointer[8] = {};
    size_t size[8] = {};
    ~Buffers() {
      for (void* p : pointer) deallocate(p);
    }
  };
  static thread_local Buffers buffers;
  if (buffers.size[slot] < bytes) {
    deallocate(buffers.pointer[slot]);
    buffers.pointer[slot] = allocate(bytes);
    buffers.size[slot] = buffers.pointer[slot] ? bytes : 0;
  }
  return buffers.pointer[slot];
}

}  // namespace rl
