// Box-Muller on blocks of 16 floats: 8 uniforms for the radius, 8 for the angle, 8 cosines, 8 sines.
//
// Logarithm, sine and cosine are the single-precision polynomials of Cephes (Moshier), evaluated with the operations
// and the fused roundings that PyTorch's AVX2 kernel has; the order of operations below is therefore not free to
// change.

#include "kernels/random/random.h"
#include "simd/fused.h"

namespace rl::RL_ISA {

using F = Vec<float>;
using I = Vec<int32_t>;

// ln x for normal x > 0: x = m * 2^e with m in [sqrt(1/2), sqrt(2)), ln x = e ln 2 + ln(1 + (m - 1)).
static RL_INLINE F log_cephes(F x) {
  const I bits = bit_cast<int32_t>(x);
  F e = convert<float>(I((I::Native)((bits.v >> 23) - 126)));
  F m = bit_cast<float>((bits & I(0x007fffff)) | I(0x3f000000));  // [0.5, 1)
  const I small = m < F(0.707106781186547524f);
  e = select<float>(small, e - F(1.0f), e);
  m = select<float>(small, (m - F(1.0f)) + m, m - F(1.0f));
  const F z = m * m;
  F y = fused(F(7.0376836292e-2f), m, F(-1.1514610310e-1f));
  y = fused(y, m, F(1.1676998740e-1f));
  y = fused(y, m, F(-1.2420140846e-1f));
  y = fused(y, m, F(1.4249322787e-1f));
  y = fused(y, m, F(-1.6668057665e-1f));
  y = fused(y, m, F(2.0000714765e-1f));
  y = fused(y, m, F(-2.4999993993e-1f));
  y = fused(y, m, F(3.3333331174e-1f));
  y = fused(y * m, z, e * F(-2.12194440e-4f));
  y = y - z * F(0.5f);
  return fused(e, F(0.693359375f), m + y);
}

// sin x and cos x for x in [0, 2 pi]: reduced by a multiple j of pi/4 (j even), then two polynomials.
static RL_INLINE void sincos_cephes(F x, F* sine, F* cosine) {
  I j = convert<int32_t>(x * F(1.27323954473516f));
  j = I((I::Native)(j.v + 1)) & I(~1);
  const F k = convert<float>(j);
  x = fused(k, F(-0.78515625f), x);
  x = fused(k, F(-2.4187564849853515625e-4f), x);
  x = fused(k, F(-3.77489497744594108e-8f), x);
  const F z = x * x;
  F c = fused(F(2.443315711809948e-5f), z, F(-1.388731625493765e-3f));
  c = fused(c, z, F(4.166664568298827e-2f));
  c = fused(c * z, z, z * F(-0.5f)) + F(1.0f);
  F s = fused(F(-1.9515295891e-4f), z, F(8.3321608736e-3f));
  s = fused(s, z, F(-1.6666654611e-1f));
  s = fused(s * z, x, x);
  const I straight = I((I::Native)((j.v & 2) == 0));  // else sine and cosine change places
  const I sine_sign = I((I::Native)((j.v & 4) << 29));
  const I cosine_sign = I((I::Native)((~(j.v - 2) & 4) << 29));
  *sine = bit_cast<float>(bit_cast<int32_t>(select<float>(straight, s, c)) ^ sine_sign);
  *cosine = bit_cast<float>(bit_cast<int32_t>(select<float>(straight, c, s)) ^ cosine_sign);
}

static RL_INLINE void transform(F u1, F u2, F mean, F std, F* first, F* second) {
  const F radius = sqrt(F(-2.0f) * log_cephes(F(1.0f) - u1));
  F sine, cosine;
  sincos_cephes(F(6.283185307179586f) * u2, &sine, &cosine);
  *first = fused(radius * cosine, std, mean);
  *second = fused(radius * sine, std, mean);
}

#if RL_VECTOR_BYTES == 64
static RL_INLINE void two_blocks(float* data, F mean, F std) {
  constexpr I::Native kFront = {0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23};
  constexpr I::Native kBack = {8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31};
  const F a = F::load(data), b = F::load(data + 16);
  F first, second;
  transform(F(F::Native(__builtin_shuffle(a.v, b.v, kFront))), F(F::Native(__builtin_shuffle(a.v, b.v, kBack))), mean,
            std, &first, &second);
  F(F::Native(__builtin_shuffle(first.v, second.v, kFront))).store(data);
  F(F::Native(__builtin_shuffle(first.v, second.v, kBack))).store(data + 16);
}
void box_muller_f32(float* data, int64_t blocks, float mean, float std) {
  int64_t i = 0;
  for (; i + 2 <= blocks; i += 2) two_blocks(data + 16 * i, F(mean), F(std));
  if (i < blocks) {
    float pair[32] = {};
    __builtin_memcpy(pair, data + 16 * i, 64);
    two_blocks(pair, F(mean), F(std));
    __builtin_memcpy(data + 16 * i, pair, 64);
  }
}
#else
void box_muller_f32(float* data, int64_t blocks, float mean, float std) {
  for (int64_t i = 0; i < blocks; ++i)
    for (int j = 0; j < 8; j += F::lanes) {
      float* p = data + 16 * i + j;
      F first, second;
      transform(F::load(p), F::load(p + 8), F(mean), F(std), &first, &second);
      first.store(p);
      second.store(p + 8);
    }
}
#endif

}  // namespace rl::RL_ISA
