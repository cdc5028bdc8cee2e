#include <cstring>

#include "kernels/order/order.h"
#include "runtime/allocator.h"
#include "runtime/thread_pool.h"

// Sorting by radix: least significant byte first, each pass a stable distribution of (key, position) pairs by one byte;
// bytes that all keys share are skipped. Short rows are sorted by insertion.

namespace rl {
namespace {

template <class T>
struct KeyOf;
template <>
struct KeyOf<float> {
  using Type = uint32_t;
};
template <>
struct KeyOf<double> {
  using Type = uint64_t;
};
template <>
struct KeyOf<int32_t> {
  using Type = uint32_t;
};
template <>
struct KeyOf<int64_t> {
  using Type = uint64_t;
};

// Smaller keys come first; `flip` is all ones for descending order.
template <class T>
inline typename KeyOf<T>::Type key_of(T x, typename KeyOf<T>::Type flip) {
  using K = typename KeyOf<T>::Type;
  constexpr K sign = K(1) << (sizeof(K) * 8 - 1);
  K bits;
  if constexpr (T(1) / 2 != 0) {
    x += T(0);  // -0 becomes 0
    std::memcpy(&bits, &x, sizeof(bits));
    bits = x != x ? ~K(0) : bits & sign ? ~bits : bits | sign;
  } else {
    bits = K(x) ^ sign;
  }
  return bits ^ flip;
}

template <class K>
struct Pair {
  K key;
  uint32_t position;
};

template <class K>
void insertion_sort(Pair<K>* a, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const Pair<K> x = a[i];
    int64_t j = i;
    for (; j > 0 && a[j - 1].key > x.key; --j) a[j] = a[j - 1];
    a[j] = x;
  }
}

// Sorts a; b is as large. Returns where the result is.
template <class K>
Pair<K>* radix_sort(Pair<K>* a, Pair<K>* b, int64_t n) {
  constexpr int kDigits = int(sizeof(K));
  uint32_t counts[kDigits][256];
  std::memset(counts, 0, sizeof(counts));
  for (int64_t i = 0; i < n; ++i)
    for (int d = 0; d < kDigits; ++d) ++counts[d][a[i].key >> 8 * d & 255];
  for (int d = 0; d < kDigits; ++d) {
    uint32_t* count = counts[d];
    if (count[a[0].key >> 8 * d & 255] == uint32_t(n)) continue;
    uint32_t total = 0;
    for (int i = 0; i < 256; ++i) {
      const uint32_t c = count[i];
      count[i] = total;
      total += c;
    }
    for (int64_t i = 0; i < n; ++i) b[count[a[i].key >> 8 * d & 255]++] = a[i];
    Pair<K>* other = a;
    a = b;
    b = other;
  }
  return a;
}

template <class T>
bool sort_typed(const T* in, T* values, int64_t* indices, int64_t rows, int64_t n, bool descending) {
  using K = typename KeyOf<T>::Type;
  const K flip = descending ? ~K(0) : K(0);
  bool done = true;
  parallel_for(rows, 1 + 4096 / (n + 1), [&](int64_t begin, int64_t end) {
    auto* pairs = static_cast<Pair<K>*>(allocate(size_t(2 * n) * sizeof(Pair<K>)));
    if (!pairs) {
      __atomic_store_n(&done, false, __ATOMIC_RELAXED);
      return;
    }
    for (int64_t row = begin; row < end; ++row) {
      const T* x = in + row * n;
      for (int64_t i = 0; i < n; ++i) pairs[i] = {key_of(x[i], flip), uint32_t(i)};
      Pair<K>* sorted = pairs;
      if (n <= 48)
        insertion_sort(pairs, n);
      else
        sorted = radix_sort(pairs, pairs + n, n);
      if (indices)
        for (int64_t i = 0; i < n; ++i) indices[row * n + i] = sorted[i].position;
      if (values)
        for (int64_t i = 0; i < n; ++i) values[row * n + i] = x[sorted[i].position];
    }
    deallocate(pairs);
  });
  return done;
}

// A sorted list of the best so far; most items of a long row are worse than its last.
template <class T>
void first_typed(const T* in, T* values, int64_t* indices, int64_t rows, int64_t n, int64_t k, bool largest) {
  using K = typename KeyOf<T>::Type;
  const K flip = largest ? ~K(0) : K(0);
  parallel_for(rows, 1 + 16384 / (n + 1), [&](int64_t begin, int64_t end) {
    Pair<K> best[kMostKept + 1];
    for (int64_t row = begin; row < end; ++row) {
      const T* x = in + row * n;
      for (int64_t i = 0; i < k; ++i) best[i] = {key_of(x[i], flip), uint32_t(i)};
      insertion_sort(best, k);
      K worst = best[k - 1].key;
      for (int64_t i = k; i < n; ++i) {
        const K key = key_of(x[i], flip);
        if (__builtin_expect(key >= worst, 1)) continue;
        int64_t j = k - 1;
        for (; j > 0 && best[j - 1].key > key; --j) best[j] = best[j - 1];
        best[j] = {key, uint32_t(i)};
        worst = best[k - 1].key;
      }
      for (int64_t i = 0; i < k; ++i) {
        values[row * k + i] = x[best[i].position];
        indices[row * k + i] = best[i].position;
      }
    }
  });
}

}  // namespace

bool sort_rows(int type, const void* in, void* values, int64_t* indices, int64_t rows, int64_t n, bool descending) {
  const auto run = [&](auto item) {
    using T = decltype(item);
    return sort_typed(static_cast<const T*>(in), static_cast<T*>(values), indices, rows, n, descending);
  };
  return type == kOrderF32   ? run(float())
         : type == kOrderF64 ? run(double())
         : type == kOrderI32 ? run(int32_t())
                             : run(int64_t());
}

void first_of_rows(int type, const void* in, void* values, int64_t* indices, int64_t rows, int64_t n, int64_t k,
                   bool largest) {
  const auto run = [&](auto item) {
    using T = decltype(item);
    first_typed(static_cast<const T*>(in), static_cast<T*>(values), indices, rows, n, k, largest);
  };
  if (type == kOrderF32)
    run(float());
  else if (type == kOrderF64)
    run(double());
  else if (type == kOrderI32)
    run(int32_t());
  else
    run(int64_t());
}

}  // namespace rl
