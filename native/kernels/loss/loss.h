#pragma once
// Loss kernels. Class losses: x is contiguous (N, C, L), targets (N, L) class numbers; a target equal to `ignore` does
// not count. weight (optional) has C items. Sums run in double over fixed blocks, so results do not depend on the
// threads.
//
//   cross_entropy:  p = softmax(x) over C, lse = log sum exp x,
//     loss = (1 - smoothing) * w_t * (lse - x_t) + smoothing / C * sum_c w_c * (lse - x_c)
//   nll_loss:       loss = -w_t * x_t
//
// Both write every sample's loss (0 where ignored); the mean divides by the sum of w_t. Targets must have been checked
// (check_targets) before.
// Pair losses compare x and y item by item; `kind` is a PairLoss, `parameter` its beta or delta.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {

enum class PairLoss : int { mse = 0, l1 = 1, smooth_l1 = 2, huber = 3, num_kinds = 4 };

struct ClassShape {
  int64_t N, C, L;
};

struct LossKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/loss/loss.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(LossKernels, loss_kernels)
}  // namespace rl
