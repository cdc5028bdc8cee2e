#pragma once
// Strided loads, interleaving stores and narrow integer stores on Vec<T>: what windows that step over pixels need.

#include "simd/vec.h"

namespace rl::RL_ISA {

// Lane selectors for __builtin_shufflevector over (a, b), by lane count.
template <int lanes>
struct Shuffle;
#define RL_SHUFFLE(L, EVEN, LOW, HIGH)            \
  template <>                                     \
  struct Shuffle<L> {                             \
    template <class N>                            \
    static RL_INLINE N even(N a, N b) {           \
      return __builtin_shufflevector(a, b, EVEN); \
    }                                             \
    template <class N>                            \
    static RL_INLINE N low(N a, N b) {            \
      return __builtin_shufflevector(a, b, LOW);  \
    }                                             \
    template <class N>                            \
    static RL_INLINE N high(N a, N b) {           \
      return __builtin_shufflevector(a, b, HIGH); \
    }                                             \
  };
#define RL_LIST(...) __VA_ARGS__
// even: a[0], a[2], ..., then b[1], b[3], ...: with b loaded from one element before a's end, p[0], p[2], ..., p[2L-2].
RL_SHUFFLE(2, RL_LIST(0, 3), RL_LIST(0, 2), RL_LIST(1, 3))
RL_SHUFFLE(4, RL_LIST(0, 2, 5, 7), RL_LIST(0, 4, 1, 5), RL_LIST(2, 6, 3, 7))
RL_SHUFFLE(8, RL_LIST(0, 2, 4, 6, 9, 11, 13, 15), RL_LIST(0, 8, 1, 9, 2, 10, 3, 11),
           RL_LIST(4, 12, 5, 13, 6, 14, 7, 15))
RL_SHUFFLE(16, RL_LIST(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31),
           RL_LIST(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
           RL_LIST(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31))
#undef RL_LIST
#undef RL_SHUFFLE

// p[0], p[stride], p[2 stride], ...: the first n lanes (0 < n <= lanes), the others are unspecified. Reads nothing
// outside p[0 .. (n - 1) * stride]. stride_const names a stride known at compile time (1 or 2), else 0.
template <int stride_const, class T>
RL_INLINE Vec<T> load_strided(const T* p, int64_t stride, int n) {
  constexpr int L = Vec<T>::lanes;
  if constexpr (stride_const == 1) {
    return n == L ? Vec<T>::load(p) : Vec<T>::load_n(p, n);
  } else if constexpr (stride_const == 2) {
    if (n == L) return Vec<T>(Shuffle<L>::even(Vec<T>::load(p).v, Vec<T>::load(p + L - 1).v));
    const int count = 2 * n - 1;
    const Vec<T> a = count >= L ? Vec<T>::load(p) : Vec<T>::load_n(p, count);
    const Vec<T> b = count >= L ? Vec<T>::load_n(p + L - 1, count - (L - 1)) : Vec<T>::zero();
    return Vec<T>(Shuffle<L>::even(a.v, b.v));
  } else {
    Vec<T> r = Vec<T>::zero();
    for (int i = 0; i < n; ++i) r.set(i, p[i * stride]);
    return r;
  }
}

// a[0], b[0], a[1], b[1], ...: the first 2n items to p.
template <class T>
RL_INLINE void store_interleaved(T* p, Vec<T> a, Vec<T> b, int n) {
  constexpr int L = Vec<T>::lanes;
  const Vec<T> low(Shuffle<L>::low(a.v, b.v)), high(Shuffle<L>::high(a.v, b.v));
  if (n == L) {
    low.store(p);
    high.store(p + L);
  } else if (2 * n >= L) {
    low.store(p);
    high.store_n(p + L, 2 * n - L);
  } else {
    low.store_n(p, 2 * n);
  }
}

// Integer lanes stored as, or read from, a narrower type (uint8_t or int32_t); values must fit.
template <class Narrow, class I>
RL_INLINE void store_narrow(Narrow* p, Vec<I> a, int n) {
  constexpr int L = Vec<I>::lanes;
  typedef Narrow Wide __attribute__((vector_size(L * sizeof(Narrow))));
  const Wide narrow = __builtin_convertvector(a.v, Wide);
  if (n == L) {
    std::memcpy(p, &narrow, sizeof(narrow));
    return;
  }
#if defined(RL_AVX512)
  if constexpr (sizeof(narrow) == 16) {
    _mm_mask_storeu_epi8(p, tail16(n), (__m128i)narrow);
    return;
  }
#endif
  {
    Narrow tmp[L];
    std::memcpy(tmp, &narrow, sizeof(narrow));
    for (int i = 0; i < n; ++i) p[i] = tmp[i];
  }
}
template <class I, class Narrow>
RL_INLINE Vec<I> load_narrow(const Narrow* p, int n) {
  constexpr int L = Vec<I>::lanes;
  typedef Narrow Wide __attribute__((vector_size(L * sizeof(Narrow))));
  Wide narrow;
  if (n == L) {
    std::memcpy(&narrow, p, sizeof(narrow));
  } else {
#if defined(RL_AVX512)
    if constexpr (sizeof(narrow) == 16)
      return Vec<I>(__builtin_convertvector((Wide)_mm_maskz_loadu_epi8(tail16(n), p), typename Vec<I>::Native));
#endif
    Narrow tmp[L] = {};
    for (int i = 0; i < n; ++i) tmp[i] = p[i];
    std::memcpy(&narrow, tmp, sizeof(narrow));
  }
  return Vec<I>(__builtin_convertvector(narrow, typename Vec<I>::Native));
}

}  // namespace rl::RL_ISA
