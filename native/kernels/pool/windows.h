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

}  // namespace rl::RL_ISA
