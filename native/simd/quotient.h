#pragma once
// Quotients and square roots by multiplication. With AVX-512 the machine divides 16 floats in 10 to 16 cycles and takes
// their roots in 12 to 19, but multiplies them in a half: an estimate of 14 bits and Newton's steps are several times
// faster. Elsewhere these are the machine's own operations.

#include "simd/vec.h"

namespace rl::RL_ISA {

// a / b for finite b whose reciprocal is normal, to 0.6 units of the last place: with q = a r, r the estimate of 1 / b,
// q - r (q b - a) has the square of r's error, 2^-28, and one rounding. NaN and -0 pass through.
RL_INLINE Vec<float> quotient(Vec<float> a, Vec<float> b) {
#if defined(RL_AVX512)
  const __m512 x = (__m512)a.v, y = (__m512)b.v, r = _mm512_maskz_rcp14_ps(__mmask16(-1), y);
  const __m512 q = x * r;
  return Vec<float>((Vec<float>::Native)_mm512_fnmadd_ps(_mm512_fmsub_ps(q, y, x), r, q));
#else
  return a / b;
#endif
}
RL_INLINE Vec<double> quotient(Vec<double> a, Vec<double> b) {  // 2^-56 and one rounding
#if defined(RL_AVX512)
  const __m512d x = (__m512d)a.v, y = (__m512d)b.v, r = _mm512_maskz_rcp14_pd(__mmask8(-1), y);
  const __m512d one = _mm512_set1_pd(1.0), better = _mm512_fmadd_pd(_mm512_fnmadd_pd(r, y, one), r, r);
  const __m512d q = x * better;
  return Vec<double>((Vec<double>::Native)_mm512_fnmadd_pd(_mm512_fmsub_pd(q, y, x), better, q));
#else
  return a / b;
#endif
}

#if defined(RL_AVX512)
// The correctly rounded square root. g and h approach sqrt(x) and 1 / (2 sqrt(x)); g's last step adds h times the
// residual x - g^2, which is exact. Before it g and h are at most one unit from their rounded values whatever the
// estimate's error (below 2^-14): over all significands and those nine pairs the result is right but for six
// significands, kHardRoots, where it depends on the machine's estimate (sqrt_by_products_is_exact asks). Vectors with a
// zero, a number below 2^-100, an infinity, NaN or a sign go to the machine's instruction.
RL_INLINE Vec<float> sqrt_by_products(Vec<float> a) {
  const __m512 x = (__m512)a.v;
  const __m512i low = _mm512_set1_epi32(27 << 23), range = _mm512_set1_epi32((255 - 27) << 23);
  const __mmask16 ordinary = _mm512_cmplt_epu32_mask(_mm512_sub_epi32((__m512i)a.v, low), range);
  if (__builtin_expect(ordinary != 0xffff, 0)) return sqrt(a);
  const __m512 half = _mm512_set1_ps(0.5f), y = _mm512_maskz_rsqrt14_ps(__mmask16(-1), x);
  const __m512 g0 = x * y, h0 = y * half, r = _mm512_fnmadd_ps(g0, h0, half);
  const __m512 g = _mm512_fmadd_ps(g0, r, g0), h = _mm512_fmadd_ps(h0, r, h0);
  return Vec<float>((Vec<float>::Native)_mm512_fmadd_ps(_mm512_fnmadd_ps(g, g, x), h, g));
}

static inline bool sqrt_by_products_is_exact() {
  static constexpr uint32_t kHardRoots[16] = {0x3f800001, 0x3ffc114a, 0x40551dbf, 0x406e9372, 0x407ffffd, 0x407fffff,
                                              0x3f800001, 0x3ffc114a, 0x40551dbf, 0x406e9372, 0x407ffffd, 0x407fffff,
                                              0x3f800001, 0x3ffc114a, 0x40551dbf, 0x406e9372};
  const Vec<float> x = Vec<float>::load(reinterpret_cast<const float*>(kHardRoots));
  const Vec<int32_t> different = sqrt_by_products(x) != sqrt(x);
  return _mm512_movepi32_mask((__m512i)different.v) == 0;
}
#endif

}  // namespace rl::RL_ISA
