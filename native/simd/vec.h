#pragma once
// The vector API that kernels are written in: Vec<T> holds kVectorBytes / sizeof(T) lanes of float, double, int32_t or
// int64_t. Arithmetic, comparison and `mask ? a : b` are the compiler's vector extensions; what those cannot say
// (masked tails, streaming stores, rounding, reductions) is here. Intrinsics live only in native/simd.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "simd/isa.h"

namespace rl::RL_ISA {

inline constexpr int kVectorBytes = RL_VECTOR_BYTES;

#define RL_INLINE inline __attribute__((always_inline))
#define RL_LAMBDA_INLINE __attribute__((always_inline))

// The compiler's vector type of T, and the integer type of T's width.
template <class T>
struct Lane;
#define RL_LANE(T, I, W)                                                                      \
  template <>                                                                                 \
  struct Lane<T> {                                                                            \
    typedef T Native __attribute__((vector_size(RL_VECTOR_BYTES)));                           \
    typedef T Unaligned __attribute__((vector_size(RL_VECTOR_BYTES), aligned(1), may_alias)); \
    typedef W Wrapping __attribute__((vector_size(RL_VECTOR_BYTES)));                         \
    using Int = I;                                                                            \
  };
// Wrapping: integer lanes overflow as two's complement, which C++ promises for unsigned types only.
RL_LANE(float, int32_t, float)
RL_LANE(double, int64_t, double)
RL_LANE(int32_t, int32_t, uint32_t)
RL_LANE(int64_t, int64_t, uint64_t)
#undef RL_LANE

template <class T>
struct Vec {
  static constexpr int lanes = kVectorBytes / int(sizeof(T));
  using Native = typename Lane<T>::Native;
  using Unaligned = typename Lane<T>::Unaligned;
  using Wrapping = typename Lane<T>::Wrapping;
  using Int = Vec<typename Lane<T>::Int>;

  Native v;

  Vec() = default;
  RL_INLINE Vec(Native x) : v(x) {}
  RL_INLINE Vec(T x) : v(x - Native{}) {}

  static RL_INLINE Vec zero() { return Vec(Native{}); }
  static RL_INLINE Vec load(const T* p) { return Vec(Native(*reinterpret_cast<const Unaligned*>(p))); }
  RL_INLINE void store(T* p) const { *reinterpret_cast<Unaligned*>(p) = v; }

  // The first n lanes (0 <= n <= lanes); the others read as zero and are not touched in memory.
  static RL_INLINE Vec load_n(const T* p, int n);
  RL_INLINE void store_n(T* p, int n) const;
  // Non-temporal; p aligned to kVectorBytes. Follow a run of them with stream_fence().
  RL_INLINE void stream(T* p) const;

  RL_INLINE T operator[](int i) const { return v[i]; }
  RL_INLINE void set(int i, T x) { v[i] = x; }

  friend RL_INLINE Vec operator+(Vec a, Vec b) { return Vec(Native(Wrapping(a.v) + Wrapping(b.v))); }
  friend RL_INLINE Vec operator-(Vec a, Vec b) { return Vec(Native(Wrapping(a.v) - Wrapping(b.v))); }
  friend RL_INLINE Vec operator*(Vec a, Vec b) { return Vec(Native(Wrapping(a.v) * Wrapping(b.v))); }
  friend RL_INLINE Vec operator/(Vec a, Vec b) { return Vec(Native(a.v / b.v)); }
  friend RL_INLINE Vec operator-(Vec a) { return Vec(Native(-Wrapping(a.v))); }
  RL_INLINE Vec& operator+=(Vec b) { return *this = *this + b; }
  RL_INLINE Vec& operator*=(Vec b) { return *this = *this * b; }
};

// A comparison's result: all bits set in the lanes where it holds.
template <class T>
using Mask = typename Vec<T>::Int;

#define RL_COMPARE(op)                                      \
  template <class T>                                        \
  RL_INLINE Mask<T> operator op(Vec<T> a, Vec<T> b) {       \
    return Mask<T>((typename Mask<T>::Native)(a.v op b.v)); \
  }
RL_COMPARE(<)
RL_COMPARE(<=)
RL_COMPARE(>)
RL_COMPARE(>=)
RL_COMPARE(==)
RL_COMPARE(!=)
#undef RL_COMPARE

#define RL_BITS(op)                                       \
  template <class I>                                      \
  RL_INLINE Vec<I> operator op(Vec<I> a, Vec<I> b) {      \
    static_assert(I(1) / 2 == 0, "integer lanes");        \
    return Vec<I>((typename Vec<I>::Native)(a.v op b.v)); \
  }
RL_BITS(&)
RL_BITS(|)
RL_BITS(^)
#undef RL_BITS

template <class T>
RL_INLINE Vec<T> select(Mask<T> m, Vec<T> a, Vec<T> b) {
  return Vec<T>((typename Vec<T>::Native)(m.v ? a.v : b.v));
}

template <class To, class From>
RL_INLINE Vec<To> bit_cast(Vec<From> a) {
  return Vec<To>((typename Vec<To>::Native)(a.v));
}

// Lane-wise value conversion between types of the same width; float to int truncates.
template <class To, class From>
RL_INLINE Vec<To> convert(Vec<From> a) {
  static_assert(sizeof(To) == sizeof(From));
  return Vec<To>(__builtin_convertvector(a.v, typename Vec<To>::Native));
}

template <class T>
RL_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {  // a * b + c, one rounding where the machine has it
  return Vec<T>((typename Vec<T>::Native)(a.v * b.v + c.v));
}

// b where either is NaN (the machine's own min and max); select on (a == a) to let NaN through.
template <class T>
RL_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
  return Vec<T>((typename Vec<T>::Native)(a.v > b.v ? a.v : b.v));
}
template <class T>
RL_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
  return Vec<T>((typename Vec<T>::Native)(a.v < b.v ? a.v : b.v));
}
// One instruction each; GCC makes a comparison and a blend of the above.
#define RL_EXTREMUM(name, T, Reg, instruction, ...)                                                     \
  RL_INLINE Vec<T> name(Vec<T> a, Vec<T> b) {                                                           \
    return Vec<T>((typename Vec<T>::Native)instruction(__VA_ARGS__ __VA_OPT__(, )(Reg) a.v, (Reg)b.v)); \
  }
#if defined(RL_AVX512)
RL_EXTREMUM(max, float, __m512, _mm512_maskz_max_ps, __mmask16(-1))
RL_EXTREMUM(min, float, __m512, _mm512_maskz_min_ps, __mmask16(-1))
RL_EXTREMUM(max, double, __m512d, _mm512_maskz_max_pd, __mmask8(-1))
RL_EXTREMUM(min, double, __m512d, _mm512_maskz_min_pd, __mmask8(-1))
#elif defined(RL_AVX2)
RL_EXTREMUM(max, float, __m256, _mm256_max_ps)
RL_EXTREMUM(min, float, __m256, _mm256_min_ps)
RL_EXTREMUM(max, double, __m256d, _mm256_max_pd)
RL_EXTREMUM(min, double, __m256d, _mm256_min_pd)
#elif defined(RL_X86)
RL_EXTREMUM(max, float, __m128, _mm_max_ps)
RL_EXTREMUM(min, float, __m128, _mm_min_ps)
RL_EXTREMUM(max, double, __m128d, _mm_max_pd)
RL_EXTREMUM(min, double, __m128d, _mm_min_pd)
#endif
#undef RL_EXTREMUM

template <class T>
RL_INLINE Vec<T> abs(Vec<T> a) {
  using I = typename Lane<T>::Int;
  return bit_cast<T>(bit_cast<I>(a) & Vec<I>(I(~(I(1) << (sizeof(T) * 8 - 1)))));
}

// All lanes as one: f joins the two halves of a vector, until one lane is left.
namespace folding {
template <class V, int... i>
RL_INLINE auto low_half(V v, std::integer_sequence<int, i...>) {
  return __builtin_shufflevector(v, v, i...);
}
template <class V, int... i>
RL_INLINE auto high_half(V v, std::integer_sequence<int, i...>) {
  return __builtin_shufflevector(v, v, (i + int(sizeof...(i)))...);
}
template <class T, class V, class F>
RL_INLINE T fold(V v, F f) {
  constexpr int lanes = int(sizeof(V) / sizeof(T));
  if constexpr (lanes == 2) {
    return f(v[0], v[1]);
  } else {
    using Half = std::make_integer_sequence<int, lanes / 2>;
    return fold<T>(f(low_half(v, Half{}), high_half(v, Half{})), f);
  }
}
}  // namespace folding

template <class T>
RL_INLINE T reduce_add(Vec<T> a) {
  return folding::fold<T>(a.v, [](auto x, auto y) RL_LAMBDA_INLINE { return x + y; });
}
template <class T>
RL_INLINE T reduce_max(Vec<T> a) {
  return folding::fold<T>(a.v, [](auto x, auto y) RL_LAMBDA_INLINE { return x > y ? x : y; });
}
template <class T>
RL_INLINE T reduce_min(Vec<T> a) {
  return folding::fold<T>(a.v, [](auto x, auto y) RL_LAMBDA_INLINE { return x < y ? x : y; });
}

#if defined(RL_AVX512)
RL_INLINE __mmask16 tail16(int n) { return __mmask16((1u << n) - 1u); }
RL_INLINE __mmask8 tail8(int n) { return __mmask8((1u << n) - 1u); }
#define RL_TAIL(T, suffix, tail, Reg)                               \
  template <>                                                       \
  RL_INLINE Vec<T> Vec<T>::load_n(const T* p, int n) {              \
    return Vec<T>((Native)_mm512_maskz_loadu_##suffix(tail(n), p)); \
  }                                                                 \
  template <>                                                       \
  RL_INLINE void Vec<T>::store_n(T* p, int n) const {               \
    _mm512_mask_storeu_##suffix(p, tail(n), (Reg)v);                \
  }
RL_TAIL(float, ps, tail16, __m512)
RL_TAIL(double, pd, tail8, __m512d)
RL_TAIL(int32_t, epi32, tail16, __m512i)
RL_TAIL(int64_t, epi64, tail8, __m512i)
#undef RL_TAIL
#elif defined(RL_AVX2)
alignas(32) inline constexpr int32_t kTailMask[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
RL_INLINE __m256i tail32(int n) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kTailMask + 8 - n)); }
RL_INLINE __m256i tail64(int n) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kTailMask + 8 - 2 * n)); }
#define RL_TAIL(T, P, suffix, tail, Reg)                                                     \
  template <>                                                                                \
  RL_INLINE Vec<T> Vec<T>::load_n(const T* p, int n) {                                       \
    return Vec<T>((Native)_mm256_maskload_##suffix(reinterpret_cast<const P*>(p), tail(n))); \
  }                                                                                          \
  template <>                                                                                \
  RL_INLINE void Vec<T>::store_n(T* p, int n) const {                                        \
    _mm256_maskstore_##suffix(reinterpret_cast<P*>(p), tail(n), (Reg)v);                     \
  }
RL_TAIL(float, float, ps, tail32, __m256)
RL_TAIL(double, double, pd, tail64, __m256d)
RL_TAIL(int32_t, int, epi32, tail32, __m256i)
RL_TAIL(int64_t, long long, epi64, tail64, __m256i)
#undef RL_TAIL
#else
template <class T>
RL_INLINE Vec<T> Vec<T>::load_n(const T* p, int n) {
  Vec<T> r = Vec<T>::zero();
  for (int i = 0; i < n; ++i) r.v[i] = p[i];
  return r;
}
template <class T>
RL_INLINE void Vec<T>::store_n(T* p, int n) const {
  for (int i = 0; i < n; ++i) p[i] = v[i];
}
#endif

template <class T>
RL_INLINE void Vec<T>::stream(T* p) const {
#if defined(RL_AVX512)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), (__m512i)v);
#elif defined(RL_AVX2)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), (__m256i)v);
#elif defined(RL_X86)
  _mm_stream_si128(reinterpret_cast<__m128i*>(p), (__m128i)v);
#else
  store(p);
#endif
}

RL_INLINE void stream_fence() {
#if defined(RL_X86)
  _mm_sfence();
#endif
}

RL_INLINE Vec<float> sqrt(Vec<float> a) {
#if defined(RL_AVX512)
  return Vec<float>((Vec<float>::Native)_mm512_mask_sqrt_ps((__m512)a.v, __mmask16(-1), (__m512)a.v));
#elif defined(RL_AVX2)
  return Vec<float>((Vec<float>::Native)_mm256_sqrt_ps((__m256)a.v));
#elif defined(RL_X86)
  return Vec<float>((Vec<float>::Native)_mm_sqrt_ps((__m128)a.v));
#else
  for (int i = 0; i < Vec<float>::lanes; ++i) a.v[i] = std::sqrt(a.v[i]);
  return a;
#endif
}
RL_INLINE Vec<double> sqrt(Vec<double> a) {
#if defined(RL_AVX512)
  return Vec<double>((Vec<double>::Native)_mm512_mask_sqrt_pd((__m512d)a.v, __mmask8(-1), (__m512d)a.v));
#elif defined(RL_AVX2)
  return Vec<double>((Vec<double>::Native)_mm256_sqrt_pd((__m256d)a.v));
#elif defined(RL_X86)
  return Vec<double>((Vec<double>::Native)_mm_sqrt_pd((__m128d)a.v));
#else
  for (int i = 0; i < Vec<double>::lanes; ++i) a.v[i] = std::sqrt(a.v[i]);
  return a;
#endif
}

// To the nearest integer, halves to even. (The all-ones masks keep GCC 12 from warning about its own header.)
RL_INLINE Vec<float> round(Vec<float> a) {
#if defined(RL_AVX512)
  return Vec<float>((Vec<float>::Native)_mm512_mask_roundscale_ps((__m512)a.v, __mmask16(-1), (__m512)a.v, 8));
#elif defined(RL_AVX2)
  return Vec<float>((Vec<float>::Native)_mm256_round_ps((__m256)a.v, 8));
#elif defined(RL_X86)
  return Vec<float>((Vec<float>::Native)_mm_round_ps((__m128)a.v, 8));
#else
  for (int i = 0; i < Vec<float>::lanes; ++i) a.v[i] = std::nearbyint(a.v[i]);
  return a;
#endif
}
RL_INLINE Vec<double> round(Vec<double> a) {
#if defined(RL_AVX512)
  return Vec<double>((Vec<double>::Native)_mm512_mask_roundscale_pd((__m512d)a.v, __mmask8(-1), (__m512d)a.v, 8));
#elif defined(RL_AVX2)
  return Vec<double>((Vec<double>::Native)_mm256_round_pd((__m256d)a.v, 8));
#elif defined(RL_X86)
  return Vec<double>((Vec<double>::Native)_mm_round_pd((__m128d)a.v, 8));
#else
  for (int i = 0; i < Vec<double>::lanes; ++i) a.v[i] = std::nearbyint(a.v[i]);
  return a;
#endif
}

RL_INLINE Vec<float> trunc(Vec<float> a) {
#if defined(RL_AVX512)
  return Vec<float>((Vec<float>::Native)_mm512_mask_roundscale_ps((__m512)a.v, __mmask16(-1), (__m512)a.v, 11));
#elif defined(RL_AVX2)
  return Vec<float>((Vec<float>::Native)_mm256_round_ps((__m256)a.v, 11));
#elif defined(RL_X86)
  return Vec<float>((Vec<float>::Native)_mm_round_ps((__m128)a.v, 11));
#else
  for (int i = 0; i < Vec<float>::lanes; ++i) a.v[i] = std::trunc(a.v[i]);
  return a;
#endif
}
RL_INLINE Vec<double> trunc(Vec<double> a) {
#if defined(RL_AVX512)
  return Vec<double>((Vec<double>::Native)_mm512_mask_roundscale_pd((__m512d)a.v, __mmask8(-1), (__m512d)a.v, 11));
#elif defined(RL_AVX2)
  return Vec<double>((Vec<double>::Native)_mm256_round_pd((__m256d)a.v, 11));
#elif defined(RL_X86)
  return Vec<double>((Vec<double>::Native)_mm_round_pd((__m128d)a.v, 11));
#else
  for (int i = 0; i < Vec<double>::lanes; ++i) a.v[i] = std::trunc(a.v[i]);
  return a;
#endif
}
// The largest integer not above a, the smallest not below it; -0, infinities and NaN stay.
template <class T>
RL_INLINE Vec<T> floor(Vec<T> a) {
  const Vec<T> t = trunc(a);
  return select<T>(t > a, t - Vec<T>(T(1)), t);
}
template <class T>
RL_INLINE Vec<T> copysign(Vec<T> magnitude, Vec<T> sign) {
  using I = typename Lane<T>::Int;
  const Vec<I> bit(I(I(1) << (sizeof(T) * 8 - 1)));
  return bit_cast<T>((bit_cast<I>(magnitude) & (bit ^ Vec<I>(I(-1)))) | (bit_cast<I>(sign) & bit));
}
template <class T>
RL_INLINE Vec<T> ceil(Vec<T> a) {
  const Vec<T> t = trunc(a);
  return copysign(select<T>(t < a, t + Vec<T>(T(1)), t), a);
}

template <int kBits, class I>
RL_INLINE Vec<I> shift_left(Vec<I> a) {
  return Vec<I>((typename Vec<I>::Native)(a.v << kBits));
}
template <int kBits, class I>
RL_INLINE Vec<I> shift_right(Vec<I> a) {  // arithmetic
  return Vec<I>((typename Vec<I>::Native)(a.v >> kBits));
}

// A mask of lanes of T's width to and from bool bytes (0 or 1).
template <class I>
RL_INLINE void store_mask(Vec<I> mask, uint8_t* p) {
  typedef int8_t Bytes __attribute__((vector_size(RL_VECTOR_BYTES / sizeof(I))));
  const Bytes bytes = -__builtin_convertvector(mask.v, Bytes);
  __builtin_memcpy(p, &bytes, sizeof(bytes));
}
template <class T>
RL_INLINE Mask<T> load_mask(const uint8_t* p) {
  typedef int8_t Bytes __attribute__((vector_size(RL_VECTOR_BYTES / sizeof(T))));
  Bytes bytes;
  __builtin_memcpy(&bytes, p, sizeof(bytes));
  return Mask<T>(__builtin_convertvector(Bytes(bytes != 0), typename Mask<T>::Native));
}

}  // namespace rl::RL_ISA
