#pragma once
// exp, log, tanh, erf and their kin on vectors of float and double, over the whole range: subnormals, zeros, infinities
// and NaN included. Measured largest errors, in units of the last place (float, double;
// tests/kernels/test_elementwise.py bounds them): exp 1.2, 1.1; exp2 1.3, 1.3; expm1 1.7, 1.9; log 0.8, 0.8;
// log2 1.6, 1.4; log10 1.9, 1.7; log1p 0.8, 0.8; tanh 5, 2.5; sigmoid 2.2, 2.2; erf 5, 4.
//
// Polynomials are Chebyshev fits on the reduced range, made with 40-digit arithmetic; the remainder of the fit is below
// a quarter of an ulp each. Reductions: exp(x) = 2^n exp(r), |r| <= ln2/2; log(x) = e ln2 + 2 atanh(s), s = f / (2 +
// f), sqrt(1/2) <= 1 + f < sqrt(2). Products n * ln2_hi are exact, so the reductions need no fused multiply-add.

#include "simd/quotient.h"
#include "simd/vec.h"

namespace rl::RL_ISA {

// c[first] + x (c[first + step] + x (c[first + 2 step] + ...))
template <int first, int step, class T, int N>
RL_INLINE Vec<T> horner(Vec<T> x, const T (&c)[N]) {
  constexpr int last = first + (N - 1 - first) / step * step;
  Vec<T> r(c[last]);
#pragma GCC unroll 32
  for (int i = last - step; i >= 0; i -= step) r = fma(r, x, Vec<T>(c[i]));
  return r;
}
// c0 + x (c1 + x (c2 + ...)). A chain of many multiply-adds waits for each: long ones are taken as two, or four.
template <class T, int N>
RL_INLINE Vec<T> polynomial(Vec<T> x, const T (&c)[N]) {
  if constexpr (N < 12) {
    return horner<0, 1>(x, c);
  } else if constexpr (N < 20) {
    const Vec<T> x2 = x * x;
    return fma(horner<1, 2>(x2, c), x, horner<0, 2>(x2, c));
  } else {
    const Vec<T> x2 = x * x, x4 = x2 * x2;
    return fma(fma(horner<3, 4>(x4, c), x, horner<2, 4>(x4, c)), x2, fma(horner<1, 4>(x4, c), x, horner<0, 4>(x4, c)));
  }
}

template <class T>
struct Consts;
template <>
struct Consts<float> {
  static constexpr float ln2_hi = 0.693115234375f, ln2_lo = 3.1946184945309417232e-5f, log2e = 1.4426950408889634f;
  static constexpr float log10_2_hi = 0.301025390625f, log10_2_lo = 4.6050389811952137389e-6f;
  static constexpr float log10e = 0.43429448190325182765f;
  static constexpr float exp_low = -104.0f, exp_high = 89.0f;  // beyond: 0 and infinity
  static constexpr float exp2_low = -151.0f, exp2_high = 129.0f;
  static constexpr float round_shift = 12582912.0f;  // 1.5 * 2^23
  static constexpr int mantissa = 23, bias = 127;
  static constexpr int32_t sqrt_half_bits = 0x3f3504f3;
  static constexpr float smallest_normal = 1.17549435e-38f, two_mantissa = 16777216.0f;  // 2^24
  static constexpr int subnormal_shift = 24;
  static constexpr float exp_q[] = {0.5f, 0.16666576989698775683f, 0.041666554617204574203f, 0.0083631790527225773704f,
                                    0.0013926183587713494542f};
  static constexpr float log_p[] = {0.3333333222f, -0.250008183f,  0.2000119297f, -0.166234251f,
                                    0.1420238417f, -0.1316009217f, 0.1275779417f, -0.07630438973f};
};
template <>
struct Consts<double> {
  static constexpr double ln2_hi = 0.693147180369123816490173339844, ln2_lo = 1.908214929270587816144266e-10;
  static constexpr double log2e = 1.44269504088896340735992468100189;
  static constexpr double log10_2_hi = 0.301029995549470186233520507813, log10_2_lo = 1.1451100898021838691e-10;
  static constexpr double log10e = 0.4342944819032518276511289;
  static constexpr double exp_low = -746.0, exp_high = 710.0;
  static constexpr double exp2_low = -1076.0, exp2_high = 1025.0;
  static constexpr double round_shift = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr int64_t sqrt_half_bits = 0x3fe6a09e667f3bcd;
  static constexpr double smallest_normal = 2.2250738585072014e-308, two_mantissa = 18014398509481984.0;  // 2^54
  static constexpr int subnormal_shift = 54;
  static constexpr double exp_q[] = {0.5,
                                     0.16666666666666670991,
                                     0.041666666666666669755,
                                     0.0083333333333261351258,
                                     0.0013888888888883748305,
                                     0.00019841269874820625271,
                                     0.000024801587325547741216,
                                     2.755725540020642443e-6,
                                     2.7557273643110295328e-7,
                                     2.5105217004720745164e-8,
                                     2.0914686968086877233e-9};
  static constexpr double log_g[] = {0.66666666666666697077, 0.39999999999898890514, 0.28571428626253837606,
                                     0.22222211089379496214, 0.18182892432536871201, 0.15331611722055007885,
                                     0.14617807153417324964};
};

// The integer value of an integral-valued lane (|a| < 2^22 or 2^51), and back: the low bits of a + 1.5 * 2^mantissa.
template <class T>
RL_INLINE Mask<T> to_int(Vec<T> a) {
  const Vec<T> shift(Consts<T>::round_shift);
  return Mask<T>((typename Mask<T>::Native)(bit_cast<typename Lane<T>::Int>(a + shift).v -
                                            bit_cast<typename Lane<T>::Int>(shift).v));
}
template <class T>
RL_INLINE Vec<T> from_int(Mask<T> a) {
  const Vec<T> shift(Consts<T>::round_shift);
  return bit_cast<T>(a + bit_cast<typename Lane<T>::Int>(shift)) - shift;
}

// 2^n for integral n with a normal result.
template <class T>
RL_INLINE Vec<T> power_of_two(Mask<T> n) {
  using I = typename Lane<T>::Int;
  return bit_cast<T>(shift_left<Consts<T>::mantissa>(n + Vec<I>(I(Consts<T>::bias))));
}

// x * 2^n for integral n, also given as an integer; in two steps, so that overflow and gradual underflow round once.
template <class T>
RL_INLINE Vec<T> scale(Vec<T> x, Vec<T> n, Mask<T> integer) {
#if defined(RL_AVX512)
  if constexpr (sizeof(T) == 4)
    return Vec<T>((typename Vec<T>::Native)_mm512_mask_scalef_ps((__m512)x.v, __mmask16(-1), (__m512)x.v, (__m512)n.v));
  else
    return Vec<T>(
        (typename Vec<T>::Native)_mm512_mask_scalef_pd((__m512d)x.v, __mmask8(-1), (__m512d)x.v, (__m512d)n.v));
#else
  const Mask<T> half = shift_right<1>(integer);
  return x * power_of_two<T>(half) * power_of_two<T>(integer - half);
#endif
}

// Keeps NaN: the comparisons are false for it.
template <class T>
RL_INLINE Vec<T> clamp_range(Vec<T> x, T low, T high) {
  return min(Vec<T>(high), max(Vec<T>(low), x));
}

// exp(r) - 1 for |r| <= ln2 / 2.
template <class T>
RL_INLINE Vec<T> expm1_reduced(Vec<T> r) {
  return fma(r * r, polynomial(r, Consts<T>::exp_q), r);
}

// exp(r) for |r| <= ln2 / 2.
template <class T>
RL_INLINE Vec<T> exp_reduced(Vec<T> r) {
  const Vec<T> one(T(1));
  return fma(fma(polynomial(r, Consts<T>::exp_q), r, one), r, one);
}

// x where it is already clamped to the range of results. Adding 1.5 * 2^mantissa rounds to an integer.
template <class T>
RL_INLINE Vec<T> exp_clamped(Vec<T> x) {
  using C = Consts<T>;
  using I = typename Lane<T>::Int;
  const Vec<T> shift(C::round_shift), shifted = fma(x, Vec<T>(C::log2e), shift), n = shifted - shift;
  const Vec<T> r = (x - n * Vec<T>(C::ln2_hi)) - n * Vec<T>(C::ln2_lo);
  return scale(exp_reduced(r), n, bit_cast<I>(shifted) - bit_cast<I>(shift));
}
template <class T>
RL_INLINE Vec<T> exp(Vec<T> x) {
  return exp_clamped(clamp_range(x, Consts<T>::exp_low, Consts<T>::exp_high));
}
template <class T>
RL_INLINE Vec<T> exp_nonpositive(Vec<T> x) {  // x at most a few units above 0, or NaN
  return exp_clamped(max(Vec<T>(Consts<T>::exp_low), x));
}

template <class T>
RL_INLINE Vec<T> exp2(Vec<T> x) {
  using C = Consts<T>;
  x = clamp_range(x, C::exp2_low, C::exp2_high);
  const Vec<T> n = round(x);
  const Vec<T> f = x - n;
  const Vec<T> r = fma(f, Vec<T>(C::ln2_hi), f * Vec<T>(C::ln2_lo));
  return scale(exp_reduced(r), n, to_int(n));
}

template <class T>
RL_INLINE Vec<T> expm1(Vec<T> x) {
  using C = Consts<T>;
  const Vec<T> one(T(1));
  const Vec<T> y = clamp_range(x, T(-40), C::exp_high);  // e^-40 vanishes beside 1
  const Vec<T> n = round(y * Vec<T>(C::log2e));
  const Vec<T> r = (y - n * Vec<T>(C::ln2_hi)) - n * Vec<T>(C::ln2_lo);
  // 2^n (p + 1) - 1 = 2 (2^(n-1) p + (2^(n-1) - 1/2)), so that 2^n itself need not be finite
  const Vec<T> half_power = power_of_two<T>(to_int(n - one));
  const Vec<T> half = fma(half_power, expm1_reduced(r), half_power - Vec<T>(T(0.5)));
  return select<T>(abs(x) < Vec<T>(C::smallest_normal), x, half + half);  // keeps -0
}

// log(1 + f) + correction + e ln2 for sqrt(1/2) <= 1 + f < sqrt(2).
template <class T>
RL_INLINE Vec<T> log_reduced(Vec<T> f, Vec<T> e, Vec<T> correction) {
  using C = Consts<T>;
  if constexpr (sizeof(T) == 4) {  // a polynomial of one higher degree per term is cheaper than the division
    const Vec<T> z = f * f;
    const Vec<T> low = fma(z * f, polynomial(f, C::log_p), fma(e, Vec<T>(C::ln2_lo), correction));
    return fma(e, Vec<T>(C::ln2_hi), f + fma(Vec<T>(T(-0.5)), z, low));
  } else {
    const Vec<T> s = quotient(f, Vec<T>(T(2)) + f);
    const Vec<T> z = s * s;
    const Vec<T> half_square = Vec<T>(T(0.5)) * f * f;
    // 2 atanh(s) = f - (f^2/2 - s (f^2/2 + z G(z)))
    const Vec<T> tail = s * (half_square + z * polynomial(z, C::log_g)) + (e * Vec<T>(C::ln2_lo) + correction);
    return e * Vec<T>(C::ln2_hi) - ((half_square - tail) - f);
  }
}

// x = (1 + f) 2^e; x positive and finite. With AVX-512 the machine's own split gives e = -inf for 0, inf for inf and
// NaN below zero as well.
template <class T>
RL_INLINE void split_exponent(Vec<T> x, Vec<T>* f, Vec<T>* e) {
#if defined(RL_AVX512)
  using N = typename Vec<T>::Native;
  Vec<T> m, exponent;  // m in [1/2, 1)
  if constexpr (sizeof(T) == 4) {
    m = Vec<T>(
        (N)_mm512_mask_getmant_ps((__m512)x.v, __mmask16(-1), (__m512)x.v, _MM_MANT_NORM_p5_1, _MM_MANT_SIGN_nan));
    exponent = Vec<T>((N)_mm512_mask_getexp_ps((__m512)x.v, __mmask16(-1), (__m512)x.v));
  } else {
    m = Vec<T>(
        (N)_mm512_mask_getmant_pd((__m512d)x.v, __mmask8(-1), (__m512d)x.v, _MM_MANT_NORM_p5_1, _MM_MANT_SIGN_nan));
    exponent = Vec<T>((N)_mm512_mask_getexp_pd((__m512d)x.v, __mmask8(-1), (__m512d)x.v));
  }
  const Vec<T> one(T(1));
  const Mask<T> low = m < Vec<T>(T(0.70710678118654752440));
  *f = select<T>(low, m + m, m) - one;
  *e = select<T>(low, exponent, exponent + one);
#else
  using C = Consts<T>;
  using I = typename Lane<T>::Int;
  const Mask<T> small = x < Vec<T>(C::smallest_normal);
  x = select<T>(small, x * Vec<T>(C::two_mantissa), x);
  const Vec<I> bits = bit_cast<I>(x) - Vec<I>(C::sqrt_half_bits);
  const Vec<I> exponent = shift_right<C::mantissa>(bits);
  const Vec<I> mantissa = bit_cast<I>(x) - shift_left<C::mantissa>(exponent);
  *f = bit_cast<T>(mantissa) - Vec<T>(T(1));
  *e = from_int<T>(exponent) - select<T>(small, Vec<T>(T(C::subnormal_shift)), Vec<T>::zero());
#endif
}

// The values of a logarithm at and beyond the ends of its range.
template <class T>
RL_INLINE Vec<T> log_ends(Vec<T> x, Vec<T> result) {
  const Vec<T> infinity = T(__builtin_inf());
  result = select<T>(x == infinity, infinity, result);
  result = select<T>(x == Vec<T>::zero(), -infinity, result);
  return select<T>(x >= Vec<T>::zero(), result, Vec<T>(T(__builtin_nan(""))));  // below zero, and NaN
}

// The same where split_exponent has not seen to them.
template <class T>
RL_INLINE Vec<T> split_ends(Vec<T> x, Vec<T> result) {
#if defined(RL_AVX512)
  return result;
#else
  return log_ends(x, result);
#endif
}

template <class T>
RL_INLINE Vec<T> log(Vec<T> x) {
  Vec<T> f, e;
  split_exponent(x, &f, &e);
  return split_ends(x, log_reduced(f, e, Vec<T>::zero()));
}

template <class T>
RL_INLINE Vec<T> log2(Vec<T> x) {
  Vec<T> f, e;
  split_exponent(x, &f, &e);
  return split_ends(x, fma(log_reduced(f, Vec<T>::zero(), Vec<T>::zero()), Vec<T>(Consts<T>::log2e), e));
}

template <class T>
RL_INLINE Vec<T> log10(Vec<T> x) {
  using C = Consts<T>;
  Vec<T> f, e;
  split_exponent(x, &f, &e);
  const Vec<T> low = fma(log_reduced(f, Vec<T>::zero(), Vec<T>::zero()), Vec<T>(C::log10e), e * Vec<T>(C::log10_2_lo));
  return split_ends(x, fma(e, Vec<T>(C::log10_2_hi), low));
}

template <class T>
RL_INLINE Vec<T> log1p(Vec<T> x) {
  const Vec<T> one(T(1));
  const Vec<T> u = one + x;
  Vec<T> f, e;
  split_exponent(u, &f, &e);
  // what rounding 1 + x lost, relative to u
  const Vec<T> lost = quotient(select<T>(x > one, one - (u - x), x - (u - one)), u);
  const Mask<T> plain = e == Vec<T>::zero();
  f = select<T>(plain, x, f);
  const Vec<T> r = log_ends(u, log_reduced(f, e, select<T>(plain, Vec<T>::zero(), lost)));
  return select<T>(abs(x) < Vec<T>(Consts<T>::smallest_normal), x, r);  // keeps -0
}

template <class T>
RL_INLINE Vec<T> tanh(Vec<T> x) {
  const Vec<T> a = abs(x);
  const Vec<T> em1 = expm1(Vec<T>(T(-2)) * a);  // in (-1, 0]
  return copysign(quotient(-em1, em1 + Vec<T>(T(2))), x);
}

// float32 tanh and erf: x P(x^2) / Q(x^2), a least-maximum fit of the ratio, up to where the value rounds to 1. At most
// about 5 ulp, all of it within 3e-7 of 1 or relative to the value near 0; one division and no exponential.
template <int M, int N>
RL_INLINE Vec<float> odd_rational(Vec<float> x, float end, const float (&p)[M], const float (&q)[N]) {
  const Vec<float> c = clamp_range(x, -end, end), z = c * c;
  return clamp_range(quotient(c * polynomial(z, p), polynomial(z, q)), -1.0f, 1.0f);
}
RL_INLINE Vec<float> tanh(Vec<float> x) {
  static constexpr float p[] = {0.9999999987f,   0.1367993286f,    0.003868349814f,
                                2.80078896e-05f, 3.058599659e-08f, -1.220413025e-11f};
  static constexpr float q[] = {1.0f, 0.4701326492f, 0.02724592016f, 0.0003938669515f, 1.287395883e-06f};
  return odd_rational(x, 9.02f, p, q);
}

template <class T>
RL_INLINE Vec<T> sigmoid(Vec<T> x) {
  const Vec<T> one(T(1));
  const Vec<T> e = exp_nonpositive(-abs(x));
  return quotient(select<T>(x >= Vec<T>::zero(), one, e), one + e);
}

RL_INLINE Vec<float> erf(Vec<float> x) {
  static constexpr float p[] = {1.128379144f,    0.1915434205f,    0.05287454014f,
                                0.003807865696f, 0.0002846809472f, 2.025959792e-06f};
  static constexpr float q[] = {1.0f, 0.5030836139f, 0.1145567789f, 0.0150545001f, 0.001170653649f, 3.783198224e-05f};
  return odd_rational(x, 3.95f, p, q);
}
#if defined(RL_AVX512)
// x times a polynomial for erf(x) / x, one for each of 16 intervals of [0, 6]; the coefficients come from tables in
// registers.
RL_INLINE Vec<double> erf(Vec<double> x) {
  static constexpr double table[13][16] = {
      {1.115294277650004524, 1.019865700649941252, 0.8694425611033597911, 0.7135760569229628295, 0.5825124246530240176,
       0.4831339398180801023, 0.4100239822545312144, 0.3555307908428826155, 0.313723435246815363, 0.2807016224314837801,
       0.2539682474414753999, 0.2318840577231991632, 0.2133333333261294915, 0.1975308641973708687,
       0.1839080459770087838, 0.1720430107526881371},
      {-0.1381091955863315424, -0.3511899403122372634, -0.4276245058218259497, -0.3901390790082591664,
       -0.3064230763286712652, -0.2264733215560740363, -0.1669982475300080047, -0.1262637080216933131,
       -0.098409345305027295, -0.0787924631272089341, -0.06449981940296908859, -0.05377021409150957828,
       -0.04551111104056454751, -0.03901844230894134519, -0.03382216937505211608, -0.02959879754884915951},
      {-0.3528164270171313264, -0.1979836875581080741, -0.01241178068545061216, 0.09573030637690815664,
       0.1161605618834140721, 0.09377253270638876658, 0.06554634765063577518, 0.04447965082028745596,
       0.030829873008653984, 0.02211371009139704686, 0.01638069797275515438, 0.01246844598794536042,
       0.00970903669850392839, 0.007707346620571376817, 0.006220169080306452098, 0.005092266244960898817},
      {0.08115347723245294732, 0.1730399636053500149, 0.1394859686447599797, 0.05221201939102030664,
       -0.008157626961236183307, -0.02601163421819307817, -0.02247703238775970618, -0.01508760684308697566,
       -0.009583931363621777826, -0.006199434850331635657, -0.00415964749379801805, -0.002891207403990615369,
       -0.002071260174465827492, -0.001522438810982360401, -0.00114393914062524901, -0.0008760888163282064303},
      {0.09911446426990249311, 0.01680487179132919535, -0.05178166171524988778, -0.05473703854164849608,
       -0.02455530610006966662, -0.002105829090315727469, 0.004830640651278026359, 0.004479641489998545177,
       0.002880726700513985104, 0.001727238033744911338, 0.001055444942255688418, 0.0006703710273433697119,
       0.000441866629699426735, 0.0003007285868197204753, 0.0002103796105449812623, 0.0001507249576220628737},
      {-0.02834521172621810511, -0.04919309825853477598, -0.01901651262209255891, 0.0120117290918878491,
       0.01618569644871439243, 0.007326819873574565716, 0.000975003953265561884, -0.0008155293919873853196,
       -0.0007695670911931902976, -0.0004687557147426317021, -0.0002666752264409806912, -0.0001553633492307006913,
       -0.00009426103826785021721, -0.00005940304985504232146, -0.00003869049994807732671, -0.00002593117544760891671},
      {-0.0219409188176496507, 0.004561419247530395827, 0.01761992845383191615, 0.007827141739448139708,
       -0.002673687919563679527, -0.00396296834299622213, -0.001631550961630193428, -0.0002027314335640796576,
       0.0001324547781022393982, 0.0001159364061623661415, 0.00006618288724820178566, 0.00003591845672280990527,
       0.00002010360589531361422, 0.00001173373805150054497, 7.115488957388636631e-6, 4.461277392339392368e-6},
      {0.007181491321591411069, 0.009812363518447556336, -0.0004022825282522297247, -0.005260951298209495233,
       -0.002140122438421981639, 0.0006619991000807776721, 0.0008230393891572293665, 0.000282944602850416147,
       0.00002574330490987083126, -0.00002044934246033900653, -0.00001539838626605855864, -8.216297619827786591e-6,
       -4.282431087222538143e-6, -2.317519857576840973e-6, -1.308588210898685146e-6, -7.67531437353690598e-7},
      {0.003943443743061125979, -0.002201641075896376489, -0.003310659508839071487, 0.0001394641176683289257,
       0.001357112468940161385, 0.0004164093089075907135, -0.0001674054516539355915, -0.000143287118749987566,
       -0.00003835181634220157042, -1.678921777255002495e-6, 2.853658994701079668e-6, 1.80691661185496784e-6,
       9.073182976179377979e-7, 4.575006163361943816e-7, 2.406508865467470994e-7, 1.320482103837109069e-7},
      {-0.001434593117946412104, -0.00147596109755552686, 0.0007340686352881710066, 0.0008855503769040456216,
       -0.0001132814564368429346, -0.0002949764515010638247, -0.00005343560509780921658, 0.000036624601240774417,
       0.00002039308215199950917, 3.993150283051993345e-6, -7.410671203739862425e-8, -3.467106803252969516e-7,
       -1.882688097058999377e-7, -9.010370848121428927e-8, -4.424796161354666785e-8, -2.271763330995729028e-8},
      {-0.0005929726008802249309, 0.0005205974311202507891, 0.0004061615355781698798, -0.0002472230688522082464,
       -0.0001818221933575383849, 0.00005031149403736921542, 0.00005117866338063336892, 2.624602060429960155e-6,
       -6.344555784548950895e-6, -2.311330749901376351e-6, -3.057436672942731196e-7, 3.550435942841413316e-8,
       3.631458939155935325e-8, 1.757851761936204391e-8, 8.12890142867204242e-9, 3.908169825220776818e-9},
      {0.0002332712905085364584, 0.0001698060495508393361, -0.0001751086400173664784, -0.00007591975630814333714,
       0.00006985042362524313409, 0.00002575953859628163117, -0.00001371045014496997943, -6.617839126078909951e-6,
       5.532967658596298556e-7, 8.41706732906254136e-7, 2.062598750830679689e-7, 1.588158646166241301e-8,
       -5.257822250436777719e-9, -3.319483849560650499e-9, -1.493232203705097128e-9, -6.744208797856169372e-10},
      {0.00007540377882808736184, -0.00008769468834185539762, -0.0000299040918113457307, 0.00005018111358671994127,
       6.12044474598448671e-6, -0.00001538035828785237825, -1.616705143449028039e-6, 2.598975533020119469e-6,
       5.587731008747973626e-7, -1.688531420379745872e-7, -8.545777664747295971e-8, -1.37601146759693817e-8,
       -2.080984440752703165e-10, 5.519011674106760118e-10, 2.693530837578464968e-10, 1.158480671142563551e-10},
  };
  constexpr int count = int(sizeof(table) / sizeof(table[0]));
  using V = Vec<double>;
  const V a = abs(x), bounded = min(V(5.9999999999999991), a), place = trunc(bounded * V(16.0 / 6));
  const V u = bounded - (place + V(0.5)) * V(6.0 / 16);
  const __m512i index = (__m512i)to_int(place).v;
  const auto coefficient = [&](int k) RL_LAMBDA_INLINE {
    return V((V::Native)_mm512_permutex2var_pd(_mm512_loadu_pd(table[k]), index, _mm512_loadu_pd(table[k] + 8)));
  };
  V r = coefficient(count - 1);
#pragma GCC unroll 16
  for (int k = count - 2; k >= 0; --k) r = fma(r, u, coefficient(k));
  const V value = select<double>(a >= V(5.9999999999999991), V(1.0), bounded * r);
  return copysign(select<double>(a == a, value, a), x);
}
#else
// |x| < 1: x S(x^2); else 1 - exp(L(|x| - middle)), L a fit of log(erfc), up to where erf rounds to 1.
RL_INLINE Vec<double> erf(Vec<double> x) {
  static constexpr double near[] = {1.1283791670955125738,     -0.37612638903183748056,     0.11283791670954878666,
                                    -0.026866170645076793248,  0.0052239776248180144673,    -0.00085483269808337899052,
                                    0.00012055331111642710923, -0.000014925595266831181565, 1.6461000484121368033e-6,
                                    -1.6350312701054695011e-7, 1.4659775274047435814e-8,    -1.137284885679167367e-9,
                                    5.9571761477489114044e-11};
  static constexpr double far[] = {
      -14.112437402148173755,     -7.2660995883651906731,     -0.96675305474223014893,    -0.005225658221942860614,
      0.00087368732364082371621,  -0.00014729777488781743818, 0.000024386373538371928001, -3.8895571774332908028e-6,
      5.8561434202146857347e-7,   -8.0693009210598873992e-8,  9.5316623245675597844e-9,   -7.7490982160991445001e-10,
      -2.4797961927313532735e-11, 3.0657997470652254912e-11,  -9.181632549224173227e-12,  2.05374382433180993e-12,
      -3.9365555361178705863e-13, 6.732658943904082419e-14,   -8.9333129390366373054e-15, 5.1811269632167101886e-16,
      -2.3727617867631580774e-17, 2.0718495744576253859e-17,  7.9541595055272865202e-18,  -5.0952776026690952067e-18,
      6.3255205887184927206e-19};
  using V = Vec<double>;
  const V a = abs(x), one(1.0);
  const V large = copysign(one - exp(polynomial(min(V(6.0), a) - V(3.5), far)), x);
  return select<double>(a >= one, large, x * polynomial(x * x, near));
}
#endif

}  // namespace rl::RL_ISA
