#pragma once
// root(v): the square root for loops of nothing else.

#include "simd/vec.h"

namespace rl::RL_ISA {

// Roots and quotients of doubles keep the divider busy whatever the vector's length; halves keep the clock up.
template <class T>
RL_INLINE Vec<T> root(Vec<T> a) {
  return rl::RL_ISA::sqrt(a);
}
#if defined(RL_AVX512)
RL_INLINE Vec<double> root(Vec<double> a) {
  const __m512d x = (__m512d)a.v;
  const __m256d low = _mm256_sqrt_pd(_mm512_castpd512_pd256(x));
  const __m256d high = _mm256_sqrt_pd(_mm512_maskz_extractf64x4_pd(__mmask8(-1), x, 1));
  return Vec<double>((Vec<double>::Native)_mm512_maskz_insertf64x4(__mmask8(-1), _mm512_castpd256_pd512(low), high, 1));
}
#endif

}  // namespace rl::RL_ISA
