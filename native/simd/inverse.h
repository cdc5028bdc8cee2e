#pragma once
// Inverse trigonometric and hyperbolic functions and the inverse of erf. Measured largest errors, in units of the last
// place (float, double), are bounded by tests/kernels/test_elementwise.py.
//
// Polynomials: Chebyshev interpolation on the reduced range, made with 50-digit arithmetic.

#include "simd/fused.h"
#include "simd/trigonometry.h"

namespace rl::RL_ISA {

// atan(t) = t + t^3 A(t^2), |t| <= tan(pi / 8); asin(t) = t + t^3 S(t^2), |t| <= 1/2
template <class T>
struct InverseConstants;
template <>
struct InverseConstants<float> {
  static constexpr float atan[] = {-0.3333333176f, 0.1999954048f, -0.142639556f, 0.1074373149f, -0.06451928208f};
  static constexpr float asin[] = {0.1666667241f, 0.07498855073f, 0.04500138007f, 0.02655454221f, 0.03808502356f};
  static constexpr float half_pi = 1.5707963267948966f, half_pi_low = -4.371139000186243e-08f;
  static constexpr float large = 0x1p30f;  // from here on 1 vanishes beside it, and its square is still finite
};
template <>
struct InverseConstants<double> {
  static constexpr double atan[] = {-0.33333333333333333217,  0.19999999999999804526,   -0.14285714285659827606,
                                    0.11111111105155446565,   -0.090909087535008768442, 0.076922963750321423991,
                                    -0.066664248857382553335, 0.058789289978347751327,  -0.052304542706502445183,
                                    0.045515932206265491693,  -0.034570561981427746882, 0.016285756855221028291};
  static constexpr double asin[] = {0.16666666666666667827,   0.074999999999984329332, 0.044642857146355429783,
                                    0.030381944138531247287,  0.022372172942149887875, 0.017352392720869972942,
                                    0.013971212973552933304,  0.011479177415184905896, 0.010322814350185779287,
                                    0.0054575067186403583004, 0.017400879442694022443, -0.014851887071247203224,
                                    0.028757851367421564708};
  static constexpr double half_pi = 1.5707963267948966192, half_pi_low = 6.1232339957367658861e-17;
  static constexpr double large = 0x1p60;
};

// atan(y / x) for 0 <= y <= x, x > 0, in terms of one quotient: t itself, or pi / 4 + atan((t - 1) / (t + 1)).
// any_size: y may be so small that a quotient by multiplication would lose digits.
template <bool any_size, class T>
RL_INLINE Vec<T> atan_of_ratio(Vec<T> y, Vec<T> x) {
  using V = Vec<T>;
  using K = InverseConstants<T>;
  const Mask<T> steep = y > x * V(T(0.41421356237309503));
  const V above = select<T>(steep, y - x, y), below = select<T>(steep, y + x, x);
  const V t = any_size ? above / below : quotient(above, below), z = t * t;
  const V small = fma(t * z, polynomial(z, K::atan), t);
  return select<T>(steep, V(T(0.5) * K::half_pi) + (small + V(T(0.5) * K::half_pi_low)), small);
}

template <class T>
RL_INLINE Vec<T> atan(Vec<T> x) {
  using V = Vec<T>;
  using K = InverseConstants<T>;
  const V one(T(1)), a = abs(x);
  const Mask<T> far = a > one;
  const V bounded = min(V(T(0x1p100)), a);  // NaN stays
  const V r = atan_of_ratio<false>(select<T>(far, one, bounded), select<T>(far, bounded, one));
  return copysign(select<T>(far, V(K::half_pi) - (r - V(K::half_pi_low)), r), x);
}

// Operands of any size: huge and tiny ones are scaled, so that neither sum nor quotient leaves the range.
template <bool any_size>
RL_INLINE Vec<double> angle_of(Vec<double> y, Vec<double> x) {
  using V = Vec<double>;
  using K = InverseConstants<double>;
  const V infinity = __builtin_inf(), one(1.0), zero = V::zero(), ay = abs(y), ax = abs(x);
  const Mask<double> swapped = ay > ax;
  V high = select<double>(swapped, ay, ax), low = select<double>(swapped, ax, ay);
  const V factor = select<double>(high > V(0x1p1000), V(0x1p-600), select<double>(high < V(0x1p-900), V(0x1p100), one));
  low = select<double>(high == infinity, select<double>(low == infinity, one, zero), low * factor);
  high = select<double>(high == infinity, one, select<double>(high == zero, one, high * factor));
  V r = atan_of_ratio<any_size>(low, high);
  r = select<double>(swapped, V(K::half_pi) - (r - V(K::half_pi_low)), r);
  const Mask<double> left = bit_cast<int64_t>(x) < Vec<int64_t>::zero();  // of -0 too
  r = select<double>(left, V(2 * K::half_pi) - (r - V(2 * K::half_pi_low)), r);
  r = copysign(r, y);
  return select<double>((x == x) & (y == y), r, x + y);
}
RL_INLINE Vec<double> atan2(Vec<double> y, Vec<double> x) { return angle_of<true>(y, x); }
RL_INLINE Vec<float> atan2(Vec<float> y, Vec<float> x) {  // the quotients of floats are in a double's range
  const WidePair a = widen(y), b = widen(x);
  return narrow(angle_of<false>(a.low, b.low), angle_of<false>(a.high, b.high));
}

// asin of t = |x| <= 1/2, or for larger |x| what asin misses of pi / 2: 2 asin(sqrt((1 - |x|) / 2)), the root with the
// rest that rounding it left.
template <class T>
struct ArcSine {
  Mask<T> far;
  Vec<T> part;
  explicit RL_INLINE ArcSine(Vec<T> a) {
    using V = Vec<T>;
    const V half(T(0.5));
    far = a > half;
    const V z = select<T>(far, half - half * a, a * a);
    const V root = rl::RL_ISA::sqrt(z), t = select<T>(far, root, a);
    const V rest = quotient(fused(-root, root, z), max(V(T(1e-30)), root + root));
    const V series = t * z * polynomial(z, InverseConstants<T>::asin);
    part = select<T>(far, V(T(2)) * (t + (series + rest)), t + series);
  }
};
template <class T>
RL_INLINE Vec<T> asin(Vec<T> x) {
  using V = Vec<T>;
  using K = InverseConstants<T>;
  const ArcSine<T> s(abs(x));
  return copysign(select<T>(s.far, V(K::half_pi) - (s.part - V(K::half_pi_low)), s.part), x);
}
template <class T>
RL_INLINE Vec<T> acos(Vec<T> x) {
  using V = Vec<T>;
  using K = InverseConstants<T>;
  const ArcSine<T> s(abs(x));
  const Mask<T> left = x < V::zero();
  const V near = V(K::half_pi) - (copysign(s.part, x) - V(K::half_pi_low));
  const V far = select<T>(left, V(T(2) * K::half_pi) - (s.part - V(T(2) * K::half_pi_low)), s.part);
  return select<T>(s.far, far, near);
}

// ---- inverse hyperbolic functions ----

template <class T>
RL_INLINE Vec<T> asinh(Vec<T> x) {  // log(a + sqrt(a^2 + 1)) = log1p(a + a^2 / (1 + sqrt(a^2 + 1)))
  using V = Vec<T>;
  const V one(T(1)), a = abs(x), square = a * a;
  const Mask<T> large = a > V(InverseConstants<T>::large);
  const V t = a + square / (one + rl::RL_ISA::sqrt(square + one));
  const V r = log1p(select<T>(large, a, t));
  return copysign(select<T>(large, r + V(T(0.69314718055994530942)), r), x);
}
template <class T>
RL_INLINE Vec<T> acosh(Vec<T> x) {  // log(x + sqrt(x^2 - 1)) = log1p(t + sqrt(2 t + t^2)), t = x - 1
  using V = Vec<T>;
  const V one(T(1)), t = x - one;
  const Mask<T> large = x > V(InverseConstants<T>::large);
  const V r = log1p(select<T>(large, x, t + rl::RL_ISA::sqrt(t * (t + V(T(2))))));
  return select<T>(x >= one, select<T>(large, r + V(T(0.69314718055994530942)), r), V(T(__builtin_nan(""))));
}
template <class T>
RL_INLINE Vec<T> atanh(Vec<T> x) {  // log((1 + a) / (1 - a)) / 2
  using V = Vec<T>;
  const V one(T(1)), a = abs(x);
  return copysign(V(T(0.5)) * log1p((a + a) / (one - a)), x);
}

// ---- erfinv ----

// y = x H(w), w = -log(1 - x^2) = -log((1 - |x|) (1 + |x|)); H in terms of w up to 5, of its root beyond, where few
// values of a uniform x are.
RL_INLINE Vec<float> erfinv_ratio(Vec<float> w) {
  static constexpr float near[] = {1.50140936f,      0.2466402791f,    -0.004177392875f, -0.001252726392f,
                                   0.0002183493862f, -4.972419689e-6f, -3.463985268e-6f, 4.681313481e-7f,
                                   2.33359672e-8f,   -8.93192597e-9f};
  static constexpr float far[] = {3.033636574f,     1.004692419f,     0.005973256059f, -0.004293754967f,
                                  0.002949094333f,  -0.001994701727f, 0.001088044847f, -0.0003567723578f,
                                  -3.380000641e-5f, 9.905671205e-5f,  -3.305026136e-5f};
  using V = Vec<float>;
  const V result = polynomial(min(V(5.0f), w) - V(2.5f), near);
  const Mask<float> rare = w > V(5.0f);
  if (__builtin_expect(!any(rare), 1)) return result;
  return select<float>(rare, polynomial(min(V(4.2f), rl::RL_ISA::sqrt(w)) - V(3.2f), far), result);
}
RL_INLINE Vec<double> erfinv_ratio(Vec<double> w) {
  static constexpr double near[] = {
      1.5014093511107919056,      0.24664027674416698817,    -0.0041773177243828857766,  -0.0012527079078109064576,
      0.00021825026433935943601,  -4.996079599279791114e-6,  -3.4166195848623937152e-6,  4.7872521919875401364e-7,
      1.3416788811913557743e-8,   -1.0861169521763927191e-8, 9.073147838739174865e-10,   1.1960729171935375456e-10,
      -3.1107959744847307592e-11, 9.1146697833636683708e-13, 5.3717803411669006609e-13,  -7.6106265301918069012e-14,
      -3.1770775841749872335e-15, 1.8941456297431501078e-15, -1.0138086192836233589e-16, -2.6645648809770093527e-17,
      2.5382038688454633493e-18,  1.6453379943087201294e-19};
  static constexpr double far[] = {2.6330910458514526037,      0.99676653348211913881,     0.015716956334868122899,
                                   -0.013854967859671153721,   0.010135415877992051377,    -0.0052932506878341938913,
                                   0.0012261684191182987463,   0.00062646655382010107928,  -0.00068716976203164505701,
                                   0.00020449274063399590577,  0.000070511728162573005572, -0.000084146652604214942272,
                                   0.000022660823374538991388, 9.1524430232264444813e-6,   -9.3978309172904129999e-6,
                                   2.0565845637630074921e-6,   1.2628917457558674703e-6,   -7.6499372607129877176e-7};
  static constexpr double further[] = {
      3.8397837974115535885,      1.0094932532454238157,      0.0012598472671100897601,   -0.00086899180517482261095,
      0.00032095504287168518493,  -0.00011786478972834621126, 0.000055674978839432355321, -0.000032549204945133079011,
      0.000018671770403053762635, -8.8794032042479010736e-6,  3.0167184396579434467e-6,   -4.1703743142034243722e-7,
      -2.8083252872416078312e-7,  2.4314299011216507169e-7,   -8.3917610440874654632e-8,  8.0897383554386585955e-9};
  static constexpr double end[] = {5.2034863963381879266,      1.0101360251279403339,      -0.00031616325011234229437,
                                   -0.00012932864325604244528, 0.000048583205288707199113, -0.00001228080341673923696,
                                   2.7000985959526673856e-6,   -5.5188778670919094767e-7,  1.0863656651465793796e-7,
                                   -2.1865387450842748372e-8,  5.1886628716251968318e-9,   -1.6025767589542841435e-9,
                                   7.8637881652762715013e-10,  -6.2899068235713724323e-10, 2.6880277538519670199e-10};
  using V = Vec<double>;
  V result = polynomial(min(V(5.0), w) - V(2.5), near);
  const Mask<double> rare = w > V(5.0);
  if (__builtin_expect(!any(rare), 1)) return result;
  const V s = min(V(6.1), rl::RL_ISA::sqrt(w));
  result = select<double>(rare, polynomial(min(V(3.4), s) - V(2.8), far), result);
  if (!any(s > V(3.4))) return result;
  result = select<double>(s > V(3.4), polynomial(min(V(4.6), s) - V(4.0), further), result);
  return select<double>(s > V(4.6), polynomial(s - V(5.35), end), result);
}
template <class T>
RL_INLINE Vec<T> erfinv(Vec<T> x) {
  using V = Vec<T>;
  const V one(T(1)), a = abs(x), w = -log((one - a) * (one + a));
  const V r = select<T>(a == one, copysign(V(T(__builtin_inf())), x), x * erfinv_ratio(w));
  return select<T>(a <= one, r, V(T(__builtin_nan(""))));
}

}  // namespace rl::RL_ISA
