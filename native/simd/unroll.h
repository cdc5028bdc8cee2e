#pragma once
// unroll<n>([&](auto i) RL_UNROLLED { ... i is a constant ... }): n copies of the body, made before the optimiser
// looks, so that arrays of vectors indexed by i live in registers (a `#pragma GCC unroll` loop is unrolled too late for
// that).

#include <utility>

#include "simd/vec.h"

#define RL_UNROLLED __attribute__((always_inline))

namespace rl::RL_ISA {

template <int value>
struct Index {
  RL_INLINE constexpr operator int() const { return value; }
};

template <class Body, int... i>
RL_INLINE void unroll_over(Body&& body, std::integer_sequence<int, i...>) {
  (body(Index<i>{}), ...);
}
template <int n, class Body>
RL_INLINE void unroll(Body&& body) {
  unroll_over(body, std::make_integer_sequence<int, n>{});
}

}  // namespace rl::RL_ISA
