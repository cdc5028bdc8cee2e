#pragma once
// sin, cos, tan, sinh and cosh on vectors of float and double. Measured largest errors, in units of the last place
// (float, double): sin and cos 1.6, 2.3; tests/kernels/test_elementwise.py bounds them.
//
// float works in double where that is simpler than carrying a remainder: reduction of an angle by multiples of pi / 2.
// Angles from 2^20 on send their whole vector through the C library.

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

// The quotient of the two series above.
template <class T>
RL_INLINE Vec<T> tan(Vec<T> x) {
  using V = Vec<T>;
  using K = AngleConstants<T>;
  using I = typename Lane<T>::Int;
  if (__builtin_expect(!angle_in_range(x), 0))
    return lanewise(x, [](T a) { return T(sizeof(T) == 4 ? __builtin_tanf(float(a)) : __builtin_tan(double(a))); });
  V r, n;
  reduce_angle(x, &r, &n);
  const V z = r * r;
  const V s = fma(r * z, polynomial(z, K::s), r);
  const V c = fma(z * z, polynomial(z, K::c), fma(V(T(-0.5)), z, V(T(1))));
  const Mask<T> odd = (to_int(n) & Vec<I>(I(1))) != Vec<I>::zero();
  return select<T>(x == V::zero(), x, quotient(select<T>(odd, -c, s), select<T>(odd, s, c)));
}

// sinh(x) = x + x^3 S(x^2) up to 1, (e^x - e^-x) / 2 beyond; e^x / 2 is made without e^x, which may be out of range.
template <class T>
RL_INLINE Vec<T> half_exp(Vec<T> x) {
  using C = Consts<T>;
  x = min(Vec<T>(C::exp_high + T(1)), x);
  const Vec<T> n = round(x * Vec<T>(C::log2e));
  const Vec<T> r = (x - n * Vec<T>(C::ln2_hi)) - n * Vec<T>(C::ln2_lo), m = n - Vec<T>(T(1));
  return scale(exp_reduced(r), m, to_int(m));
}
template <class T>
RL_INLINE Vec<T> sinh(Vec<T> x) {
  using V = Vec<T>;
  static constexpr T series[] = {T(0.16666666666666666667),    T(0.0083333333333333333658),
                                 T(0.00019841269841269773197), T(2.7557319224040338598e-6),
                                 T(2.5052108364058040751e-8),  T(1.605904839635056164e-10),
                                 T(7.6466253616566576563e-13), T(2.8445264169895285633e-15)};
  static constexpr T short_series[] = {T(0.1666666665), T(0.008333339676), T(0.0001983810197), T(2.806280258e-6)};
  const V a = abs(x), z = a * a;
  V near;
  if constexpr (sizeof(T) == 4)
    near = fma(x * z, polynomial(z, short_series), x);
  else
    near = fma(x * z, polynomial(z, series), x);
  const V h = half_exp(a);
  return select<T>(a > V(T(1)), copysign(h - quotient(V(T(0.25)), min(V(T(1e30)), h)), x), near);
}
template <class T>
RL_INLINE Vec<T> cosh(Vec<T> x) {
  const Vec<T> h = half_exp(abs(x));
  return h + quotient(Vec<T>(T(0.25)), min(Vec<T>(T(1e30)), h));
}

}  // namespace rl::RL_ISA
