#pragma once
// Reductions of float32 and float64. A kernel folds a contiguous run into one double, or a block of rows into one
// double per column; reduce/bind.cpp walks arrays of any layout with them. `rows` reduces many runs of one length, a
// vector's worth of them at a time when they are short: out[r * out_stride] from p[r * stride .. r * stride + n).
//
// Accuracy: sums run in vector lanes over short blocks, whose totals are added in double (for float64 with the rounding
// error carried along), so the error does not grow with the length as a plain loop's does.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {

enum ReduceOp : int { kSum, kSumSquares, kProd, kMax, kMin };

// Partial results: kMax and kMin hand NaN on.
struct Fold {
  double value, error;  // the result so far is value + error (error only for sums)
};

static inline Fold fold_start(int op) {
  if (op == kProd) return {1, 0};
  if (op == kMax) return {-__builtin_inf(), 0};
  if (op == kMin) return {__builtin_inf(), 0};
  return {0, 0};
}

static inline void fold_add(Fold* f, double x) {  // exact: value + error before + x = value + error after, nearly
  const double sum = f->value + x, part = sum - f->value;
  f->error += (f->value - (sum - part)) + (x - part);
  f->value = sum;
}

static inline void fold_in(int op, Fold* f, double x) {
  switch (op) {
    case kProd:
      f->value *= x;
      return;
    case kMax:
      if (!(x <= f->value)) f->value = f->value != f->value ? f->value : x;
      return;
    case kMin:
      if (!(x >= f->value)) f->value = f->value != f->value ? f->value : x;
      return;
    default:
      fold_add(f, x);
  }
}

static inline double fold_result(const Fold& f) {  // infinities leave a NaN in `error`
  return f.error == f.error && f.error != 0 ? f.value + f.error : f.value;
}

// What becomes of a total: nothing, division by the number of items, the square root.
enum Finish : int { kPlain, kDivide, kRoot };

static inline double finished(const Fold& f, Finish finish, int64_t count) {
  const double r = fold_result(f);
  if (finish == kDivide) return r / double(count);
  return finish == kRoot ? __builtin_sqrt(r) : r;
}

inline constexpr int kReduceColumns = 64;  // columns that a column kernel takes at most

struct ReduceKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/reduce/reduce.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(ReduceKernels, reduce_kernels)
}  // namespace rl
