#pragma once
// transpose(rows): an in-register transpose of lanes x lanes values (16x16 floats on AVX-512, 4x4 on the baseline).
//
// First 4x4 (float) or 2x2 (double) blocks inside each 128-bit piece, by interleaving; then the 128-bit pieces change
// places between the row groups. Both steps are fixed lane patterns, so the compiler picks the machine's shuffles.

#include <utility>

#include "simd/vec.h"

namespace rl::RL_ISA {

namespace transposing {

// Lane pattern P(i) over the concatenation (a, b): values < lanes pick from a, the others from b.
template <class T, class Pattern, int... i>
RL_INLINE Vec<T> shuffle(Vec<T> a, Vec<T> b, std::integer_sequence<int, i...>) {
  return Vec<T>((typename Vec<T>::Native)__builtin_shufflevector(a.v, b.v, Pattern::at(i)...));
}
template <class T, class Pattern>
RL_INLINE Vec<T> shuffle(Vec<T> a, Vec<T> b) {
  return shuffle<T, Pattern>(a, b, std::make_integer_sequence<int, Vec<T>::lanes>{});
}

// Interleave the low (high) halves of each 128-bit piece, `width` lanes at a time.
template <class T, int width, bool high>
struct Interleave {
  static constexpr int at(int i) {
    constexpr int piece = 16 / int(sizeof(T));
    const int in = i % piece, block = in / width;
    return i / piece * piece + (high ? piece / 2 : 0) + block / 2 * width + in % width + block % 2 * Vec<T>::lanes;
  }
};

// 128-bit pieces (first, second) of a, then the same of b, four pieces a vector.
template <class T, int first, int second>
struct Pieces4 {
  static constexpr int at(int i) {
    constexpr int piece = 16 / int(sizeof(T));
    const int slot = i / piece;
    return (slot % 2 ? second : first) * piece + i % piece + slot / 2 * Vec<T>::lanes;
  }
};

// 128-bit piece p of a, then of b, two pieces a vector.
template <class T, int p>
struct Pieces2 {
  static constexpr int at(int i) {
    constexpr int piece = 16 / int(sizeof(T));
    return p * piece + i % piece + i / piece * Vec<T>::lanes;
  }
};

}  // namespace transposing

template <class T>
RL_INLINE void transpose(Vec<T> (&rows)[Vec<T>::lanes]) {
  using namespace transposing;
  constexpr int lanes = Vec<T>::lanes, piece = 16 / int(sizeof(T)), pieces = lanes / piece;
#pragma GCC unroll 16
  for (int g = 0; g < lanes; g += piece) {
    if constexpr (piece == 4) {
      const auto t0 = shuffle<T, Interleave<T, 1, false>>(rows[g], rows[g + 1]);
      const auto t1 = shuffle<T, Interleave<T, 1, true>>(rows[g], rows[g + 1]);
      const auto t2 = shuffle<T, Interleave<T, 1, false>>(rows[g + 2], rows[g + 3]);
      const auto t3 = shuffle<T, Interleave<T, 1, true>>(rows[g + 2], rows[g + 3]);
      rows[g] = shuffle<T, Interleave<T, 2, false>>(t0, t2);
      rows[g + 1] = shuffle<T, Interleave<T, 2, true>>(t0, t2);
      rows[g + 2] = shuffle<T, Interleave<T, 2, false>>(t1, t3);
      rows[g + 3] = shuffle<T, Interleave<T, 2, true>>(t1, t3);
    } else {
      const auto t0 = shuffle<T, Interleave<T, 1, false>>(rows[g], rows[g + 1]);
      const auto t1 = shuffle<T, Interleave<T, 1, true>>(rows[g], rows[g + 1]);
      rows[g] = t0;
      rows[g + 1] = t1;
    }
  }
  if constexpr (pieces == 2) {
#pragma GCC unroll 16
    for (int c = 0; c < piece; ++c) {
      const auto low = shuffle<T, Pieces2<T, 0>>(rows[c], rows[piece + c]);
      const auto high = shuffle<T, Pieces2<T, 1>>(rows[c], rows[piece + c]);
      rows[c] = low;
      rows[piece + c] = high;
    }
  } else if constexpr (pieces == 4) {
#pragma GCC unroll 16
    for (int c = 0; c < piece; ++c) {
      const auto low01 = shuffle<T, Pieces4<T, 0, 1>>(rows[c], rows[piece + c]);
      const auto high01 = shuffle<T, Pieces4<T, 2, 3>>(rows[c], rows[piece + c]);
      const auto low23 = shuffle<T, Pieces4<T, 0, 1>>(rows[2 * piece + c], rows[3 * piece + c]);
      const auto high23 = shuffle<T, Pieces4<T, 2, 3>>(rows[2 * piece + c], rows[3 * piece + c]);
      rows[c] = shuffle<T, Pieces4<T, 0, 2>>(low01, low23);
      rows[piece + c] = shuffle<T, Pieces4<T, 1, 3>>(low01, low23);
      rows[2 * piece + c] = shuffle<T, Pieces4<T, 0, 2>>(high01, high23);
      rows[3 * piece + c] = shuffle<T, Pieces4<T, 1, 3>>(high01, high23);
    }
  }
}

}  // namespace rl::RL_ISA
