#pragma once
// exp on vectors: 2^n * p(r) with x = n ln 2 + r, |r| <= ln(2) / 2, p the Taylor polynomial whose first dropped term is
// below half a unit in the last place (degree 7: 5e-9 relative in float; degree 13: 4e-18 in double). The power of two
// is applied in two halves, so that overflow gives inf and underflow passes through the subnormals to zero. NaN stays
// NaN.

#include "simd/vec.h"

namespace rl::RL_ISA {

template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  static constexpr float low = -104.f, high = 89.f, log2e = 1.44269504f, ln2_high = 0.693359375f,
                         ln2_low = -2.12194440e-4f;
  static constexpr int degree = 7, mantissa_bits = 23, bias = 127;
};
template <>
struct ExpConstants<double> {
  static constexpr double low = -746., high = 710., log2e = 1.4426950408889634, ln2_high = 0.693147180369123816490,
                          ln2_low = 1.90821492927058770002e-10;
  static constexpr int degree = 13, mantissa_bits = 52, bias = 1023;
};

template <class T>
RL_INLINE Vec<T> exp(Vec<T> x) {
  using K = ExpConstants<T>;
  using I = typename Lane<T>::Int;
  x = select(x < Vec<T>(K::low), Vec<T>(K::low), x);
  x = select(x > Vec<T>(K::high), Vec<T>(K::high), x);
  const Vec<T> n = round(x * Vec<T>(K::log2e));
  const Vec<T> r = fma(n, Vec<T>(-K::ln2_low), fma(n, Vec<T>(-K::ln2_high), x));
  constexpr double inverse_factorial[14] = {
      1.,        1.,         1. / 2,      1. / 6,       1. / 24,       1. / 120,       1. / 720,
      1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800};
  Vec<T> p{T(inverse_factorial[K::degree])};
#pragma GCC unroll 16
  for (int k = K::degree - 1; k >= 0; --k) p = fma(p, r, Vec<T>(T(inverse_factorial[k])));
  const auto power = [](Vec<I> e) {  // 2^e for e in the normal range
    return bit_cast<T>(Vec<I>((typename Vec<I>::Native)((e.v + I(K::bias)) << K::mantissa_bits)));
  };
  const Vec<I> whole = convert<I>(select(n == n, n, Vec<T>::zero()));
  const Vec<I> half((typename Vec<I>::Native)(whole.v >> 1));
  return p * power(half) * power(whole - half);
}

}  // namespace rl::RL_ISA
