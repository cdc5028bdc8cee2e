#pragma once
// Batch and layer normalisation. Sums are taken in blocks of at most 8192 items, each two passes over data that is in
// the first-level cache (mean, then squared deviations from it), and the blocks are merged in double (Chan, Golub &
// LeVeque 1979): one pass over memory, no cancellation. Inputs and outputs do not overlap, but y may be x.
//
// batch_norm: x is (N, C, L) contiguous, statistics and affine parameters have C items. layer_norm: x is (R, D),
// statistics have R items, affine parameters D. Pointers documented as optional may be null.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {
struct NormKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/norm/norm.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(NormKernels, norm_kernels)
}  // namespace rl
