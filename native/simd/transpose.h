#pragma once
// transpose(rows): an in-register transpose of lanes x lanes values (16x16 floats on AVX-512, 4x4 on the baseline).
// reduce_rows(rows): lane i of the result is the sum of rows[i]'s lanes; reduce_rows(rows, f): joined by f instead.
//
// First 4x4 (float) or 2x2 (double) blocks inside each 128-bit piece, by interleaving; then the 128-bit pieces change
// places between the row groups. Both steps are fixed lane patterns, so the compiler picks the machine's shuffles.

#include <utility>

#include "simd/unroll.h"

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
  unroll<pieces>([&](auto group) RL_UNROLLED {
    constexpr int g = group * piece;
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
  });
  if constexpr (pieces == 2) {
    unroll<piece>([&](auto c) RL_UNROLLED {
      const auto low = shuffle<T, Pieces2<T, 0>>(rows[c], rows[piece + c]);
      const auto high = shuffle<T, Pieces2<T, 1>>(rows[c], rows[piece + c]);
      rows[c] = low;
      rows[piece + c] = high;
    });
  } else if constexpr (pieces == 4) {
    unroll<piece>([&](auto c) RL_UNROLLED {
      const auto low01 = shuffle<T, Pieces4<T, 0, 1>>(rows[c], rows[piece + c]);
      const auto high01 = shuffle<T, Pieces4<T, 2, 3>>(rows[c], rows[piece + c]);
      const auto low23 = shuffle<T, Pieces4<T, 0, 1>>(rows[2 * piece + c], rows[3 * piece + c]);
      const auto high23 = shuffle<T, Pieces4<T, 2, 3>>(rows[2 * piece + c], rows[3 * piece + c]);
      rows[c] = shuffle<T, Pieces4<T, 0, 2>>(low01, low23);
      rows[piece + c] = shuffle<T, Pieces4<T, 1, 3>>(low01, low23);
      rows[2 * piece + c] = shuffle<T, Pieces4<T, 0, 2>>(high01, high23);
      rows[3 * piece + c] = shuffle<T, Pieces4<T, 1, 3>>(high01, high23);
    });
  }
}

// Halving instead of transposing: every step adds two shuffles of a pair, so lanes - 1 adds in all.
template <class T, class F>
RL_INLINE Vec<T> reduce_rows(Vec<T> (&rows)[Vec<T>::lanes], F f) {
  using namespace transposing;
  constexpr int lanes = Vec<T>::lanes, piece = 16 / int(sizeof(T)), pieces = lanes / piece;
  Vec<T> sums[piece];  // 128-bit piece q of sums[e] still holds the parts of rows[q * piece + e]
  unroll<piece>([&](auto e) RL_UNROLLED {
    if constexpr (pieces == 1) {
      sums[e] = rows[e];
    } else if constexpr (pieces == 2) {
      const auto a = rows[e], b = rows[piece + e];
      sums[e] = f(shuffle<T, Pieces2<T, 0>>(a, b), shuffle<T, Pieces2<T, 1>>(a, b));
    } else {
      const auto a = rows[e], b = rows[piece + e], c = rows[2 * piece + e], d = rows[3 * piece + e];
      const auto ab = f(shuffle<T, Pieces4<T, 0, 1>>(a, b), shuffle<T, Pieces4<T, 2, 3>>(a, b));
      const auto cd = f(shuffle<T, Pieces4<T, 0, 1>>(c, d), shuffle<T, Pieces4<T, 2, 3>>(c, d));
      sums[e] = f(shuffle<T, Pieces4<T, 0, 2>>(ab, cd), shuffle<T, Pieces4<T, 1, 3>>(ab, cd));
    }
  });
  const auto pair = [&](Vec<T> a, Vec<T> b) RL_UNROLLED {
    return f(shuffle<T, Interleave<T, 1, false>>(a, b), shuffle<T, Interleave<T, 1, true>>(a, b));
  };
  if constexpr (piece == 2) {
    return pair(sums[0], sums[1]);
  } else {
    const auto a = pair(sums[0], sums[1]), b = pair(sums[2], sums[3]);
    return f(shuffle<T, Interleave<T, 2, false>>(a, b), shuffle<T, Interleave<T, 2, true>>(a, b));
  }
}

template <class T>
RL_INLINE Vec<T> reduce_rows(Vec<T> (&rows)[Vec<T>::lanes]) {
  return reduce_rows(rows, [](Vec<T> a, Vec<T> b) RL_UNROLLED { return a + b; });
}

}  // namespace rl::RL_ISA
