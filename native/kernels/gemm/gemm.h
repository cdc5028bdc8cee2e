#pragma once
// Matrix product:  C = activation(alpha * A B + beta * C + bias)      A (m, k), B (k, n), C (m, n)
//
// A and B are read as they lie: value (i, j) at p[i * row + j * col] with row or col equal to 1, the other stride
// anything (zero and negative included), so a transposed view costs nothing. C is row-major with rows c_row apart, and
// overlaps neither input. With beta == 0, C is not read. bias (optional): value (i, j) at bias[i * bias_row + j *
// bias_col]; (0, 1) is one value per column, (1, 0) one per row. k == 0 gives activation(beta * C + bias).
// Sums are kept in the type of the operands, in fma order per depth block (block.h).
//
// A batch repeats this `batch` times: operand pointers move by a_at[i], b_at[i], c_at[i] values; with batch == 1 the
// arrays may be null. bias is shared.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {

enum class GemmActivation : int { none = 0, relu = 1 };

template <class T>
struct Gemm {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row, b_col;
  T* c;
  int64_t c_row;
  T alpha = 1, beta = 0;
  const T* bias = nullptr;
  int64_t bias_row = 0, bias_col = 0;
  GemmActivation activation = GemmActivation::none;
  int64_t batch = 1;
  const int64_t *a_at = nullptr, *b_at = nullptr, *c_at = nullptr;
};

struct GemmKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/gemm/gemm.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(GemmKernels, gemm_kernels)

}  // namespace rl
