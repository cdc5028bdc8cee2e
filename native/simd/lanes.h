#pragma once
// Masks of leading lanes.

#include "simd/vec.h"

namespace rl::RL_ISA {

// All bits set in the first n lanes.
template <class T>
RL_INLINE Mask<T> first_lanes(int n) {
  typename Lane<T>::Int ones[Vec<T>::lanes];
  for (auto& lane : ones) lane = -1;
  return Mask<T>::load_n(ones, n);
}

}  // namespace rl::RL_ISA
