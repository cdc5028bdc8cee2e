#pragma once
// pow on vectors of float and double, in twice the precision of the result. Measured largest errors, in units of the
// last place (float, double): 0.51, 0.8; tests/kernels/test_elementwise.py bounds them. A vector with a zero, an
// infinity or NaN goes through the C library.

#include "simd/fused.h"
#include "simd/trigonometry.h"

namespace rl::RL_ISA {

// a^b for float values in double: 2^(b log2 a), a positive and finite, the exponent kept to where float is 0 or
// infinite. log2 (1 + f) is the series in s = f / (2 + f), |s| < 0.172, to 2^-39 of its value; 2^r, |r| <= 1/2, is to
// 2^-32: with |b log2 a| <= 150 where the result is finite, 2^-31 before the one rounding to float.
RL_INLINE Vec<double> float_power(Vec<double> a, Vec<double> b) {
  static constexpr double series[] = {2.8853900817779268, 0.9617966939259756, 0.5770780163555853, 0.4121985831111324,
                                      0.3205988979753252, 0.2623081892525388, 0.22195308321368667};
  static constexpr double exponential[] = {1.0,
                                           0.6931471805599453,
                                           0.2402265069591007,
                                           0.055504108664821576,
                                           0.009618129107628477,
                                           0.0013333558146428441,
                                           0.00015403530393381606,
                                           1.5252733804059838e-05,
                                           1.3215486790144305e-06};
  using V = Vec<double>;
  V f, e;
  split_exponent(a, &f, &e);
  const V s = quotient(f, f + V(2.0)), t = clamp_range(b * fma(s, polynomial(s * s, series), e), -200.0, 200.0);
  const V shift(Consts<double>::round_shift), shifted = t + shift, n = shifted - shift;
  return scale(polynomial(t - n, exponential), n, bit_cast<int64_t>(shifted) - bit_cast<int64_t>(shift));
}

// Where x is below zero: the sign of an odd y, NaN where y is not an integer.
template <class T>
RL_INLINE Vec<T> with_sign_of_power(Vec<T> magnitude, Vec<T> x, Vec<T> y) {
  using V = Vec<T>;
  const Mask<T> negative = x < V::zero();
  if (__builtin_expect(!any(negative), 1)) return magnitude;
  const V half = y * V(T(0.5));
  const Mask<T> whole = trunc(y) == y, odd = whole & (trunc(half) != half);
  const V by_sign = select<T>(odd, -magnitude, select<T>(whole, magnitude, V(T(__builtin_nan("")))));
  return select<T>(negative, by_sign, magnitude);
}
// Whether some lane needs the C library.
template <class T>
RL_INLINE bool extreme_power(Vec<T> x, Vec<T> y) {
  using V = Vec<T>;
  const V infinity = T(__builtin_inf()), a = abs(x);
  const Mask<T> ordinary = (a > V::zero()) & (a < infinity) & (abs(y) < infinity);
  return any(ordinary ^ Mask<T>(typename Lane<T>::Int(-1)));
}

RL_INLINE Vec<float> pow(Vec<float> x, Vec<float> y) {
  if (__builtin_expect(extreme_power(x, y), 0))
    return lanewise(x, y, [](float p, float q) { return __builtin_powf(p, q); });
  const WidePair base = widen(abs(x)), exponent = widen(y);
  return with_sign_of_power(narrow(float_power(base.low, exponent.low), float_power(base.high, exponent.high)), x, y);
}

// A number as an unevaluated sum, low far below high.
struct DoubleDouble {
  Vec<double> high, low;
};
RL_INLINE DoubleDouble fast_sum(Vec<double> a, Vec<double> b) {  // exact where |a| >= |b| or a = 0
  const Vec<double> s = a + b;
  return {s, b - (s - a)};
}
RL_INLINE DoubleDouble product(Vec<double> a, Vec<double> b) {  // exact
  const Vec<double> p = a * b;
  return {p, fused(a, b, -p)};
}

// log(a) to about 2^-65 of its value, a positive and finite: e ln2 + 2 s + s^3 (2/3 + s^2 P(s^2)), s = f / (2 + f).
RL_INLINE DoubleDouble log_twice(Vec<double> a) {
  using V = Vec<double>;
  static constexpr double series[] = {0.39999999999999999817, 0.2857142857142936567,  0.22222222221656231531,
                                      0.18181818335314403078, 0.15384594970895457817, 0.13334804238225344523,
                                      0.11706248540922385336, 0.1172305102809775292};
  const V two(2.0), third(0.66666666666666662966);
  V f, e;
  split_exponent(a, &f, &e);
  const V d = two + f, d_low = f - (d - two), s = f / d;
  const V s_low = fused(-s, d_low, fused(-s, d, f)) / d;
  DoubleDouble z = product(s, s);
  z.low += two * s * s_low;
  DoubleDouble c = fast_sum(third, z.high * polynomial(z.high, series));
  c.low += V(3.7007434154171884681e-17);
  DoubleDouble cube = product(s, z.high);
  cube.low += s * z.low + s_low * z.high;
  DoubleDouble tail = product(cube.high, c.high);
  tail.low += cube.high * c.low + cube.low * c.high;
  DoubleDouble r = fast_sum(two * s, tail.high);
  r.low += two * s_low + tail.low;
  DoubleDouble sum = fast_sum(e * V(0.6931471805598903), r.high);  // 42 bits of ln2: the product is exact
  sum.low += e * V(5.497923018708371174712472e-14) + r.low;
  return fast_sum(sum.high, sum.low);
}
RL_INLINE Vec<double> pow(Vec<double> x, Vec<double> y) {
  using V = Vec<double>;
  using C = Consts<double>;
#if !defined(RL_AVX2)  // exact products cost more than the C library there
  return lanewise(x, y, [](double p, double q) { return __builtin_pow(p, q); });
#endif
  if (__builtin_expect(extreme_power(x, y), 0))
    return lanewise(x, y, [](double p, double q) { return __builtin_pow(p, q); });
  const DoubleDouble l = log_twice(abs(x));
  const V exponent = clamp_range(y, -0x1p65, 0x1p65);  // beyond, every a but 1 gives 0 or infinity
  DoubleDouble t = product(exponent, l.high);
  t.low = fused(exponent, l.low, t.low);
  const Mask<double> inside = abs(t.high) < V(800.0);
  t.high = clamp_range(t.high, C::exp_low, C::exp_high);
  t.low = select<double>(inside, t.low, V::zero());
  const V n = round(t.high * V(C::log2e));
  const V r = fused(-n, V(C::ln2_lo), fused(-n, V(C::ln2_hi), t.high)) + t.low;
  return with_sign_of_power(scale(exp_reduced(r), n, to_int(n)), x, y);
}

}  // namespace rl::RL_ISA
