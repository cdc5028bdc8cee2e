#pragma once
// Elementwise kernels over contiguous buffers of n items; out may equal an input exactly, not overlap it otherwise.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {
struct ElementwiseKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/elementwise/elementwise.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(ElementwiseKernels, elementwise_kernels)
}  // namespace rl
