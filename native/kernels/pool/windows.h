#pragma once
// Helpers that the pooling sources share; included only by them.

#include "kernels/pool/pool.h"
#include "runtime/allocator.h"
#include "runtime/thread_pool.h"
#include "simd/strided.h"

namespace rl::RL_ISA {

static RL_INLINE int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
static RL_INLINE int64_t ceil_div(int64_t a, int64_t b) { return -floor_div(-a, b); }
static RL_INLINE int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
static RL_INLINE int64_t clamp(int64_t v, int64_t low, int64_t high) { return v < low ? low : (v > high ? high : v); }

// Sums and quotients; those of integers wrap around, as everywhere, instead of being undefined.
template <class T>
static RL_INLINE T plus(T a, T b) {
  if constexpr (T(1) / 2 == 0) {
    return T(uint64_t(a) + uint64_t(b));
  } else {
    return a + b;
  }
}
template <class T>
static RL_INLINE T over(T a, T b) {  // b is not 0
  if constexpr (T(1) / 2 == 0) {
    if (b == T(-1)) return T(uint64_t(0) - uint64_t(a));
  }
  return a / b;
}

// The taps of window `index` on `axis` that lie inside the input: begin <= t < end.
struct TapRange {
  int64_t begin, end;
};
static RL_INLINE TapRange valid_taps(const PoolGeometry& g, int axis, int64_t index) {
  const int64_t start = index * g.stride[axis] - g.padding[axis];
  return {start >= 0 ? 0 : clamp(ceil_div(-start, g.dilation[axis]), 0, g.kernel[axis]),
          clamp(ceil_div(g.in[axis] - start, g.dilation[axis]), 0, g.kernel[axis])};
}

// The windows of the last axis whose taps all lie inside: begin <= j < end (possibly empty).
static RL_INLINE TapRange interior(const PoolGeometry& g) {
  const int64_t begin = clamp(ceil_div(g.padding[2], g.stride[2]), 0, g.out[2]);
  const int64_t last = g.in[2] - 1 - (g.kernel[2] - 1) * g.dilation[2] + g.padding[2];  // j * stride <= last
  const int64_t end = last < 0 ? 0 : clamp(last / g.stride[2] + 1, 0, g.out[2]);
  return {begin, end < begin ? begin : end};
}

// How many cells an average divides by. With padding counted, a window's size is what of it lies within the input
// extended by the padding (so a window that only ceil_mode added counts less).
static RL_INLINE int64_t padded_extent(const PoolGeometry& g, int axis, int64_t index) {
  const int64_t start = index * g.stride[axis] - g.padding[axis];
  const int64_t end = start + g.kernel[axis], limit = g.in[axis] + g.padding[axis];
  return (end < limit ? end : limit) - start;
}

struct Divisor {
  const PoolGeometry& g;
  bool count_include_pad;
  int64_t divisor;
  int64_t extent(int axis, int64_t index) const {  // cells along one axis
    if (count_include_pad) return padded_extent(g, axis, index);
    const TapRange taps = valid_taps(g, axis, index);
    return taps.end - taps.begin;
  }
  int64_t rows(int64_t z, int64_t h) const { return extent(0, z) * extent(1, h); }  // over the two leading axes
  int64_t at(int64_t rows, int64_t j) const { return divisor ? divisor : rows * extent(2, j); }
};

// The cells of adaptive window j.
static RL_INLINE TapRange adaptive_window(const PoolGeometry& g, int axis, int64_t j) {
  return {j * g.in[axis] / g.out[axis], ((j + 1) * g.in[axis] + g.out[axis] - 1) / g.out[axis]};
}

template <class F>
static RL_INLINE void over_planes(const PoolGeometry& g, F&& f) {
  parallel_for(g.planes, kSimpleGrain / 2 / (g.out_size() + g.in_size() + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) f(plane);
  });
}

}  // namespace rl::RL_ISA
