#pragma once
// Pooling over the trailing one to three axes. A tensor is `planes` contiguous volumes of in[0] x in[1] x in[2] items;
// lower ranks have leading sizes of 1. Window j of axis a covers in[a] at j * stride - padding + t * dilation, t <
// kernel, where that lies inside; cells outside never win a maximum and add nothing to a sum.
//
// max_pool also writes for every output its winning tap, kz * kernel[1] * kernel[2] + ky * kernel[2] + kx, as uint8_t
// (when there are at most 255 taps) or int32_t: the first maximum in that order wins, and the last NaN if there is one.
// A window without any cell inside gives the lowest value and the tap -1 (255). Only max_pool_indices turns taps into
// int64 positions. Inputs and outputs do not overlap.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {

struct PoolGeometry {
  int64_t planes;
  int64_t in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];

  int64_t in_size() const { return in[0] * in[1] * in[2]; }
  int64_t out_size() const { return out[0] * out[1] * out[2]; }
  int64_t num_taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  int tap_bytes() const { return num_taps() <= 255 ? 1 : 4; }
};

struct PoolKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/pool/pool.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(PoolKernels, pool_kernels)

// The types of pooling, as kernel suffix and C type.
#define RL_POOL_TYPES(X) X(f32, float) X(f64, double) X(i64, int64_t)

}  // namespace rl
