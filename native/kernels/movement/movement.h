#pragma once
// Data movement between layouts. transpose: dst[i * dst_stride + j] = src[j * src_stride + i] for i < m, j < n, items
// of 4 or 8 bytes, strides in bytes between rows that are themselves contiguous; src and dst do not overlap. Squares of
// a vector's lanes are transposed in registers, over strips that keep the rows they touch in the second-level cache;
// the next strip is fetched meanwhile. `stream`: write past the caches (the caller follows with stream_barrier()).

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {
struct MovementKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/movement/movement.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(MovementKernels, movement_kernels)
}  // namespace rl
