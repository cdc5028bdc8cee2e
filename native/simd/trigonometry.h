#pragma once
// sin, cos, pow and erfc on vectors of float and double. Measured largest errors, in units of the last place (float,
// double): sin and cos 1.6, 2.3; pow (float) 0.51; erfc (float) 0.8; tests/kernels/test_elementwise.py bounds them.
//
// float works in double where that is simpler than carrying a remainder: reduction of an angle by multiples of pi / 2,
// y log(x), -x^2. Lanes that a vector form does not cover (angles from 2^20 on, and for pow zeros, infinities and NaN)
// send their whole vector through the C library.

#include <cmath>

#include "simd/fused.h"
#include "simd/math.h"

namespace rl::RL_ISA {

template <class I>
RL_INLINE bool any(Vec<I> mask) {
#if defined(RL_AVX512)
  return _mm512_movepi32_mask((__m512i)mask.v) != 0;
#elif defined(RL_AVX2)
  return _mm256_movemask_epi8((__m256i)mask.v) != 0;
#elif defined(RL_X86)
  return _mm_movemask_epi8((__m128i)mask.v) != 0;
#else
  I bits = 0;
  for (int i = 0; i < Vec<I>::lanes; ++i) bits |= mask[i];
  return bits != 0;
#endif
}

// f of each lane, in a loop.
template <class T, class F>
RL_INLINE Vec<T> lanewise(Vec<T> a, F f) {
  for (int i = 0; i < Vec<T>::lanes; ++i) a.set(i, f(a[i]));
  return a;
}
template <class T, class F>
RL_INLINE Vec<T> lanewise(Vec<T> a, Vec<T> b, F f) {
  for (int i = 0; i < Vec<T>::lanes; ++i) a.set(i, f(a[i], b[i]));
  return a;
}

// A vector of floats as two vectors of doubles, and back.
struct WidePair {
  Vec<double> low, high;
};
using HalfLanes = std::make_integer_sequence<int, Vec<float>::lanes / 2>;
RL_INLINE WidePair widen(Vec<float> a) {
  using N = Vec<double>::Native;
  return {Vec<double>(N(__builtin_convertvector(folding::low_half(a.v, HalfLanes{}), N))),
          Vec<double>(N(__builtin_convertvector(folding::high_half(a.v, HalfLanes{}), N)))};
}
template <class H, int... i>
RL_INLINE Vec<float> concatenate(H a, H b, std::integer_sequence<int, i...>) {
  return Vec<float>((Vec<float>::Native)__builtin_shufflevector(a, b, i...));
}
RL_INLINE Vec<float> narrow(Vec<double> low, Vec<double> high) {
  typedef float Half __attribute__((vector_size(RL_VECTOR_BYTES / 2)));
  return concatenate(__builtin_convertvector(low.v, Half), __builtin_convertvector(high.v, Half),
                     std::make_integer_sequence<int, Vec<float>::lanes>{});
}

// r = x - n pi/2 with |r| <= pi/4; pi/2 in three parts, of which n times the first two is exact for |n| < 2^20.
RL_INLINE void reduce_angle(Vec<double> x, Vec<double>* r, Vec<double>* n) {
  using V = Vec<double>;
  *n = round(x * V(0.6366197723675814));
  *r = ((x - *n * V(1.5707963267341256)) - *n * V(6.077100506303966e-11)) - *n * V(2.0222662487959506e-21);
}
RL_INLINE void reduce_angle(Vec<float> x, Vec<float>* r, Vec<float>* n) {
#if defined(RL_AVX2)
  // With a fused multiply-add three floats of 24 bits do, while the rounding of x * 2/pi is far below one turn: each
  // step is exact or rounds relative to its result. fused, for whether fma rounds once is left to the compiler.
  using V = Vec<float>;
  if (!any(abs(x) >= V(8192.0f))) {
    *n = round(x * V(0.6366197723675814f));
    *r = fused(*n, V(1.71512451e-15f), fused(*n, V(4.37113883e-08f), fused(*n, V(-1.57079637f), x)));
    return;
  }
#endif
  const WidePair wide = widen(x);
  WidePair rest, turns;
  const auto reduce = [](Vec<double> a, Vec<double>* part, Vec<double>* count) RL_LAMBDA_INLINE {
    *count = round(a * Vec<double>(0.6366197723675814));
    *part = (a - *count * Vec<double>(1.5707963267341256)) - *count * Vec<double>(6.077100506506192e-11);
  };
  reduce(wide.low, &rest.low, &turns.low);
  reduce(wide.high, &rest.high, &turns.high);
  *r = narrow(rest.low, rest.high);
  *n = narrow(turns.low, turns.high);
}

// sin(r) = r + r^3 S(r^2), cos(r) = 1 - r^2 / 2 + r^4 C(r^2)
template <class T>
struct AngleConstants;
template <>
struct AngleConstants<float> {
  static constexpr float s[] = {-0.1666665487969173f, 0.008332175074532135f, -0.0001951695434288218f};
  static constexpr float c[] = {0.04166664690741046f, -0.001388736912183239f, 2.44386035114388e-05f};
};
template <>
struct AngleConstants<double> {
  static constexpr double s[] = {-0.16666666666666632169,  0.008333333333322437033,   -0.0001984126982982245896,
                                 2.7557313696084006839e-6, -2.5050758666302737103e-8, 1.5896823428448755558e-10};
  static constexpr double c[] = {0.0416666666666665997,    -0.0013888888888874158365, 0.000024801587289500680934,
                                 -2.755731435686419146e-7, 2.0875723794743530652e-9,  -1.1359670815232343388e-11};
};

// sin(x + quarters pi / 2)
template <int quarters, class T>
RL_INLINE Vec<T> sine(Vec<T> x) {
  using V = Vec<T>;
  using K = AngleConstants<T>;
  using I = typename Lane<T>::Int;
  V r, n;
  reduce_angle(x, &r, &n);
  const Vec<I> turn = to_int(n) + Vec<I>(I(quarters));
  const V z = r * r;
  const V s = fma(r * z, polynomial(z, K::s), r);
  const V c = fma(z * z, polynomial(z, K::c), fma(V(T(-0.5)), z, V(T(1))));
  const Mask<T> odd = (turn & Vec<I>(I(1))) != Vec<I>::zero();
  const Vec<I> sign = shift_left<int(sizeof(T)) * 8 - 2>(turn & Vec<I>(I(2)));
  return bit_cast<T>(bit_cast<I>(select<T>(odd, c, s)) ^ sign);
}
template <class T>
RL_INLINE bool angle_in_range(Vec<T> x) {
  return !any((abs(x) < Vec<T>(T(1 << 20))) ^ Mask<T>(typename Lane<T>::Int(-1)));
}

template <class T>
RL_INLINE Vec<T> sin(Vec<T> x) {
  if (__builtin_expect(angle_in_range(x), 1)) return select<T>(x == Vec<T>::zero(), x, sine<0>(x));  // keeps -0
  return lanewise(x, [](T a) { return T(sizeof(T) == 4 ? __builtin_sinf(float(a)) : __builtin_sin(double(a))); });
}
template <class T>
RL_INLINE Vec<T> cos(Vec<T> x) {
  if (__builtin_expect(angle_in_range(x), 1)) return sine<1>(x);
  return lanewise(x, [](T a) { return T(sizeof(T) == 4 ? __builtin_cosf(float(a)) : __builtin_cos(double(a))); });
}

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

// In double; below zero the sign of an odd y, and NaN where y is not an integer.
RL_INLINE Vec<float> pow(Vec<float> x, Vec<float> y) {
  using V = Vec<float>;
  const V infinity = __builtin_inff(), a = abs(x), zero = V::zero();
  const Mask<float> ordinary = (a > zero) & (a < infinity) & (abs(y) < infinity);
  if (__builtin_expect(any(ordinary ^ Mask<float>(-1)), 0))
    return lanewise(x, y, [](float p, float q) { return __builtin_powf(p, q); });
  const WidePair base = widen(a), exponent = widen(y);
  const V magnitude = narrow(float_power(base.low, exponent.low), float_power(base.high, exponent.high));
  const Mask<float> negative = x < zero;
  if (__builtin_expect(!any(negative), 1)) return magnitude;
  const V half = y * V(0.5f);
  const Mask<float> whole = trunc(y) == y, odd = whole & (trunc(half) != half);
  const V by_sign = select<float>(odd, -magnitude, select<float>(whole, magnitude, V(__builtin_nanf(""))));
  return select<float>(negative, by_sign, magnitude);
}
RL_INLINE Vec<double> pow(Vec<double> x, Vec<double> y) {
  return lanewise(x, y, [](double p, double q) { return __builtin_pow(p, q); });
}

// erfc(x) = t exp(G(t) - x^2), t = 1 / (1 + x / 2), x >= 0; G a fit of log(erfc(x) e^(x^2) / t), up to where a float is
// 0.
RL_INLINE Vec<double> erfc_positive(Vec<double> x) {
  static constexpr double g[] = {-1.2655436249269193,  1.0008938210251792,   0.36400772824140424,
                                 0.16029249076361931,  -0.42382742621905161, 0.81674061884815735,
                                 -1.829831719858519,   1.8408160815967215,   -0.53258140426218708,
                                 -0.39821886004768827, 0.34329916455229125,  -0.076046872339664573};
  using V = Vec<double>;
  const V c = min(V(12.0), x), t = V(1.0) / fma(V(0.5), c, V(1.0));
  return t * exp(polynomial(t, g) - c * c);
}
RL_INLINE Vec<float> erfc(Vec<float> x) {
  const WidePair wide = widen(abs(x));
  const Vec<float> positive = narrow(erfc_positive(wide.low), erfc_positive(wide.high));
  return select<float>(x < Vec<float>::zero(), Vec<float>(2.0f) - positive, positive);
}
RL_INLINE Vec<double> erfc(Vec<double> x) {
  return lanewise(x, [](double a) { return __builtin_erfc(a); });
}

}  // namespace rl::RL_ISA
