#pragma once
// Multiply-adds with one rounding on every instruction set (vec.h's fma rounds twice where the machine has no FMA).

#include "simd/vec.h"

namespace rl::RL_ISA {

RL_INLINE Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) {
#if defined(RL_AVX512)
  return Vec<float>((Vec<float>::Native)_mm512_fmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v));
#elif defined(RL_AVX2)
  return Vec<float>((Vec<float>::Native)_mm256_fmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v));
#else
  for (int i = 0; i < Vec<float>::lanes; ++i) a.v[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
  return a;
#endif
}
RL_INLINE Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) {
#if defined(RL_AVX512)
  return Vec<double>((Vec<double>::Native)_mm512_fmadd_pd((__m512d)a.v, (__m512d)b.v, (__m512d)c.v));
#elif defined(RL_AVX2)
  return Vec<double>((Vec<double>::Native)_mm256_fmadd_pd((__m256d)a.v, (__m256d)b.v, (__m256d)c.v));
#else
  for (int i = 0; i < Vec<double>::lanes; ++i) a.v[i] = __builtin_fma(a.v[i], b.v[i], c.v[i]);
  return a;
#endif
}

}  // namespace rl::RL_ISA
