#pragma once
// Softmax over the middle axis of a contiguous (outer, D, inner) array, with or without a logarithm, and its gradient.
//
//   y = exp(x - m) / s, or (x - m) - log(s), with m = max x, s = sum exp(x - m)
//
// -inf entries give exactly 0; a run whose entries are all -inf, or that holds NaN or +inf, gives NaN. y may be x;
// grad_x may be grad_y or y.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {
struct SoftmaxKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/softmax/softmax.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(SoftmaxKernels, softmax_kernels)
}  // namespace rl
