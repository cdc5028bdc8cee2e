#pragma once
// erfc, lgamma and digamma on vectors of float and double. tests/kernels/test_elementwise.py bounds their errors.

#include "simd/fused.h"
#include "simd/trigonometry.h"

namespace rl::RL_ISA {

// erfc(x) = e^(-x^2) R(t) / (1 + 2 x) for x >= 0, t = (x - k) / (x + k), which goes from -1 to 1 as x goes from 0 to
// infinity: R is e^(x^2) erfc(x) (1 + 2 x) there. What rounding x^2 loses is multiplied in. Beyond `end` the result is
// 0.
template <class T>
struct ErfcConstants;
template <>
struct ErfcConstants<float> {
  static constexpr float k = 2, end = 10.5f;
  static constexpr float r[] = {1.276978393f,    -0.09276391145f,   -0.1660314027f,  0.1640534215f,
                                -0.05420453925f, -0.008045565182f,  0.008635760434f, 0.001273455174f,
                                -0.00124995839f, -0.0003622954924f, 2.686109285e-5f};
};
template <>
struct ErfcConstants<double> {
  static constexpr double k = 3.75, end = 28;
  static constexpr double r[] = {
      1.2375126308378275839,      -0.14024059858554702235,    0.0035854154854629046312,    0.082276738490151128482,
      -0.10880393014165805053,    0.092304321160215222745,    -0.058693398591761657422,    0.028362277420753860561,
      -0.0097465795323361149201,  0.0017556258454484944309,   0.00029371348322054036172,   -0.00029015409740496759906,
      0.000051649908296456062436, 0.000022384550628489277011, -0.000011446444882750146504, -9.7501331297449387107e-7,
      1.7557572419630804641e-6,   -5.3619665565404933254e-8,  -2.6300760845934757896e-7,   1.8148051418292807034e-8,
      4.0773822695438946956e-8,   2.0400958765405565219e-10,  -4.999295226477826079e-9,    -9.7499778618419561536e-10};
};
template <class T>
RL_INLINE Vec<T> erfc(Vec<T> x) {
  using V = Vec<T>;
  using K = ErfcConstants<T>;
  using C = Consts<T>;
  const V a = min(V(K::end), abs(x)), k(K::k), one(T(1)), two(T(2));
  const V ratio = quotient(polynomial(quotient(a - k, a + k), K::r), fma(two, a, one));
  // e^(-a^2), the rest of a^2 among the small terms of the exponential
  const V square = a * a, rest = fused(a, a, -square);
  const V n = round(square * V(-C::log2e));
  const V r = ((-square - n * V(C::ln2_hi)) - n * V(C::ln2_lo)) - rest;
  const V positive = scale(exp_reduced(r) * ratio, n, to_int(n));
  return select<T>(x < V::zero(), two - positive, positive);
}

// log gamma(x) in double, x > 0 and a float: Stirling's series (Abramowitz and Stegun 6.1.41) from 8 on, below that
// gamma(x) = gamma(x + n) / (x (x + 1) ... (x + n - 1)).
RL_INLINE Vec<double> log_gamma_positive(Vec<double> x) {
  static constexpr double series[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                      1.0 / 1188, -691.0 / 360360, 1.0 / 156,  -3617.0 / 122400};
  using V = Vec<double>;
  const V one(1.0), start(8.0);
  V factor = one;
  if (any(x < start)) {
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) {
      const Mask<double> small = x < start;
      factor = select<double>(small, factor * x, factor);
      x = select<double>(small, x + one, x);
    }
  }
  const V inverse = one / x;
  const V tail = fma(inverse, polynomial(inverse * inverse, series), V(0.91893853320467274178));
  return ((x - V(0.5)) * log(x) - x) + (tail - log(factor));
}
RL_INLINE Vec<double> float_log_gamma(Vec<double> x) {
  using V = Vec<double>;
  const V infinity = __builtin_inf(), a = abs(x);
  V r = log_gamma_positive(a);
  const Mask<double> negative = x < V::zero();
  if (__builtin_expect(any(negative), 0)) {  // reflection: gamma(-a) gamma(a) = -pi / (a sin(pi a))
    const V fraction = a - round(a), sine = abs(rl::RL_ISA::sin(V(3.14159265358979324) * fraction));
    r = select<double>(negative, log(V(3.14159265358979324) / (a * sine)) - r, r);
  }
  return select<double>(a == infinity, infinity, r);
}
RL_INLINE Vec<float> log_gamma(Vec<float> x) {
  const WidePair wide = widen(x);
  return narrow(float_log_gamma(wide.low), float_log_gamma(wide.high));
}
RL_INLINE Vec<double> log_gamma(Vec<double> x) {  // lgamma writes the global signgam; the re-entrant form does not
  return lanewise(x, [](double a) {
    int sign;
    return ::lgamma_r(a, &sign);
  });
}

// psi(x) = log x - 1 / (2 x) - sum B_2k / (2 k x^2k) from 10 on (Abramowitz and Stegun 6.3.18); below that less the sum
// of 1 / (x + k), kept as one fraction; by reflection psi(x) = psi(1 - x) - pi / tan(pi x) below 0.
RL_INLINE Vec<double> digamma(Vec<double> original) {
  static constexpr double series[] = {1.0 / 12,  -1.0 / 120,     1.0 / 252, -1.0 / 240,
                                      1.0 / 132, -691.0 / 32760, 1.0 / 12,  -3617.0 / 8160};
  using V = Vec<double>;
  const V zero = V::zero(), one(1.0), start(10.0), infinity = __builtin_inf(), nan = __builtin_nan("");
  const Mask<double> negative = original < zero;
  V x = select<double>(negative, one - original, original);
  V above = zero, below = one;  // the sum is above / below
  if (any(x < start)) {
#pragma GCC unroll 10
    for (int k = 0; k < 10; ++k) {
      const Mask<double> small = x < start;
      above = select<double>(small, fma(above, x, below), above);
      below = select<double>(small, below * x, below);
      x = select<double>(small, x + one, x);
    }
  }
  const V inverse = one / x, square = inverse * inverse;
  V r = ((log(x) - V(0.5) * inverse) - square * polynomial(square, series)) - above / below;
  if (__builtin_expect(any(negative), 0)) {
    const V fraction = original - trunc(original);  // tan has period pi: the fraction keeps the precision
    const V reflected = r - V(3.14159265358979324) / rl::RL_ISA::tan(V(3.14159265358979324) * fraction);
    r = select<double>(negative, select<double>(fraction == zero, nan, reflected), r);
    r = select<double>(original == -infinity, nan, r);
  }
  r = select<double>(original == infinity, infinity, r);
  return select<double>(original == zero, copysign(infinity, -original), r);
}
RL_INLINE Vec<float> digamma(Vec<float> x) {
  const WidePair wide = widen(x);
  return narrow(digamma(wide.low), digamma(wide.high));
}

}  // namespace rl::RL_ISA
