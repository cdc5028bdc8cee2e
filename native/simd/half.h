#pragma once
// float16 and bfloat16 items to and from floats: kernels compute in float32 and round once, to nearest even.

#include "simd/vec.h"

namespace rl::RL_ISA {

struct Float16 {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

RL_INLINE uint32_t float_bits(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  return bits;
}
RL_INLINE float float_of_bits(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, 4);
  return x;
}

RL_INLINE float to_float(BFloat16 h) { return float_of_bits(uint32_t(h.bits) << 16); }
RL_INLINE void from_float(float x, BFloat16* h) {
  const uint32_t bits = float_bits(x), rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  h->bits = uint16_t(x == x ? rounded : 0x7fc0);
}

// The exponents differ by 112: a multiplication by 2^112 (2^-112) makes or takes the subnormals, exactly.
RL_INLINE float to_float(Float16 h) {
  const uint32_t magnitude = uint32_t(h.bits & 0x7fff) << 13, sign = uint32_t(h.bits & 0x8000) << 16;
  const float scaled = float_of_bits(magnitude) * 0x1p112f;
  const uint32_t bits = magnitude >= 0x0f800000 ? magnitude | 0x7f800000 : float_bits(scaled);
  return float_of_bits(bits | sign);
}
// To the spacing of the result first, by adding and taking off a number whose last place that is.
RL_INLINE void from_float(float x, Float16* h) {
  const uint32_t bits = float_bits(x), magnitude = bits & 0x7fffffff, sign = bits >> 16 & 0x8000;
  uint32_t result;
  if (magnitude > 0x7f800000) {
    result = 0x7e00 | (magnitude >> 13 & 0x1ff);
  } else if (magnitude >= 0x477ff000) {  // 65520 and more
    result = 0x7c00;
  } else if (magnitude >= 0x38800000) {  // normal
    result = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
  } else {
    result = float_bits(float_of_bits(magnitude) + 0.5f) - 0x3f000000;  // a subnormal counts units of 2^-24
  }
  h->bits = uint16_t(result | sign);
}

template <class H>
static void widen_run(const H* in, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = to_float(in[i]);
}
template <class H>
static void narrow_run(const float* in, H* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) from_float(in[i], &out[i]);
}

#if defined(RL_AVX2)  // the machine's own conversions
template <>
void widen_run(const Float16* in, float* out, int64_t n) {
  int64_t i = 0;
#if defined(RL_AVX512)
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(out + i, _mm512_maskz_cvtph_ps(__mmask16(-1), _mm256_loadu_si256((const __m256i*)(in + i))));
#endif
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(in + i))));
  for (; i < n; ++i) out[i] = _cvtsh_ss(in[i].bits);
}
template <>
void narrow_run(const float* in, Float16* out, int64_t n) {
  int64_t i = 0;
#if defined(RL_AVX512)
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256((__m256i*)(out + i), _mm512_maskz_cvtps_ph(__mmask16(-1), _mm512_loadu_ps(in + i), 0));
#endif
  for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i*)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(in + i), 0));
  for (; i < n; ++i) out[i].bits = _cvtss_sh(in[i], 0);
}
#endif

}  // namespace rl::RL_ISA
