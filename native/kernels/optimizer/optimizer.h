#pragma once
// One optimizer step over a contiguous piece of a parameter, in a single pass. All pointers address n items of one
// type; state may be nullptr where the flags say that it is not kept. Formulas stand in rushlight/optim, beside each
// class.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {

struct SgdStep {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize;
  bool first;  // the momentum buffer takes the gradient as it is
};
struct AdamStep {
  double lr_over_correction;       // lr / (1 - beta1^t)
  double inverse_root_correction;  // 1 / sqrt(1 - beta2^t)
  double lr_weight_decay;          // decoupled: the parameter shrinks by 1 - lr * weight_decay first
  double beta1, beta2, eps, weight_decay;
  bool decoupled, maximize;
};

struct OptimizerKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/optimizer/optimizer.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(OptimizerKernels, optimizer_kernels)
}  // namespace rl
