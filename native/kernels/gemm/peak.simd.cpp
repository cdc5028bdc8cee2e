// What this machine can do at best: independent fused multiply-adds in registers, and a streaming sum. The yardsticks
// that benchmarks divide by.

#include "kernels/gemm/gemm.h"
#include "simd/vec.h"

namespace rl::RL_ISA {

template <class T>
static double peak(int64_t steps) {
  using V = Vec<T>;
  constexpr int chains = 10;
  V acc[chains];
  V a(T(0.999999)), b(T(1e-7));
  for (int i = 0; i < chains; ++i) acc[i] = V(T(i));
  for (int64_t s = 0; s < steps; ++s) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u)
#pragma GCC unroll 10
      for (int i = 0; i < chains; ++i) acc[i] = fma(acc[i], a, b);
#pragma GCC unroll 10
    for (int i = 0; i < chains; ++i) asm volatile("" : "+x"(acc[i].v));  // keeps the chains apart and alive
  }
  return 2.0 * V::lanes * chains * 4 * double(steps);
}

double peak_f32(int64_t steps) { return peak<float>(steps); }
double peak_f64(int64_t steps) { return peak<double>(steps); }

void triad(const float* a, const float* b, float* out, int64_t n) {
  using V = Vec<float>;
  int64_t i = 0;
  for (; i + V::lanes <= n; i += V::lanes) (V::load(a + i) + V::load(b + i)).stream(out + i);
  stream_fence();
  for (; i < n; ++i) out[i] = a[i] + b[i];
}

}  // namespace rl::RL_ISA
