#pragma once
// Convolution (cross-correlation) over up to three spatial axes, and its two gradients. One code serves every rank:
// fewer axes are leading axes of size 1.
//
//   input  (batch, groups * in_channels, D, H, W)      contiguous
//   weight (groups * out_channels, in_channels, kD, kH, kW)
//   output (batch, groups * out_channels, D', H', W')
//
// The arrays must not overlap. Sums are accumulated in the arrays' own type. Every size may be zero. The kernels return
// false, having written nothing useful, when memory for their buffers is not to be had.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {

struct ConvShape {
  int64_t batch, groups;
  int64_t in_channels, out_channels;  // of one group
  int64_t input[3], output[3], kernel[3], stride[3], padding[3], dilation[3];
};

struct ConvKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/conv/conv.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(ConvKernels, conv_kernels)

}  // namespace rl
