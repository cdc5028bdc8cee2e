// Matrix products of plain strided matrices: which path a shape takes.

#include "kernels/gemm/gemm.h"

#include "kernels/gemm/direct.h"
#include "kernels/gemm/dot.h"
#include "kernels/gemm/epilogue.h"
#include "kernels/gemm/macro_kernel.h"
#include "kernels/gemm/pack.h"

namespace rl::RL_ISA {
namespace gemm {

inline constexpr int kScratchVector = 2;  // next to the packed operands

// k == 0: C = activation(beta * C + bias)
template <class T>
static void fill(const Gemm<T>& g) {
  for (int64_t i = 0; i < g.m; ++i)
    for (int64_t j = 0; j < g.n; ++j) {
      T x = g.beta == T(0) ? T(0) : g.beta * g.c[i * g.c_row + j];
      if (g.bias) x += g.bias[i * g.bias_row + j * g.bias_col];
      if (g.activation == GemmActivation::relu && x < T(0)) x = T(0);
      g.c[i * g.c_row + j] = x;
    }
}

template <class T>
static bool product(Gemm<T> g) {
  if (g.m <= 0 || g.n <= 0) return true;
  if (g.k <= 0) {
    fill(g);
    return true;
  }
  const bool bias_turns = !g.bias || g.bias_row == 0 || g.bias_row == 1;  // into a contiguous row
  if (g.n == 1 && g.m > 1 && g.c_row == 1 && bias_turns) {                // a column: as the row B^T A^T
    const Gemm<T> column = g;
    g.m = 1;
    g.n = column.m;
    g.a = column.b;
    g.a_row = 1;
    g.a_col = column.b_row;
    g.b = column.a;
    g.b_row = column.a_col;
    g.b_col = column.a_row;
    g.c_row = g.n;
    g.bias_row = column.bias_col;
    g.bias_col = column.bias_row;
  }
  if (g.m == 1) {
    if (g.b_row == 1 && g.b_col != 1 && g.a_col != 1 && g.k > 1) {  // a strided vector
      T* copy = static_cast<T*>(scratch(kScratchVector, size_t(g.k) * sizeof(T)));
      if (!copy) return false;
      for (int64_t k = 0; k < g.k; ++k) copy[k] = g.a[k * g.a_col];
      g.a = copy;
      g.a_col = 1;
    }
    if (g.b_col == 1) {
      wide_row(g);
      return true;
    }
  }
  if (dot_pays(g)) {
    dot_product(g);
    return true;
  }
  if (direct_pays(g)) return direct_product(g);
  return multiply<T>(g.m, g.n, g.k, PackA<T>{g.a, g.a_row, g.a_col}, PackB<T>{g.b, g.b_row, g.b_col}, Epilogue<T>(g));
}

template <class T>
static bool batched(const Gemm<T>& g) {
  if (g.batch == 1 && !g.a_at) return product(g);
  bool failed = false;
  auto run = [&](int64_t i) {
    Gemm<T> one = g;
    one.batch = 1;
    one.a += g.a_at[i];
    one.b += g.b_at[i];
    one.c += g.c_at[i];
    if (!product(one)) __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
  };
  const double work = double(g.m) * double(g.n) * double(g.k > 0 ? g.k : 1);
  if (g.batch >= num_threads() && work * double(g.batch) >= kSerialWork) {
    parallel_for(g.batch, int64_t(1 + kSerialWork / 4 / work), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) run(i);
    });
  } else {
    for (int64_t i = 0; i < g.batch; ++i) run(i);
  }
  return !failed;
}

}  // namespace gemm

bool gemm_f32(const Gemm<float>& g) { return gemm::batched(g); }
bool gemm_f64(const Gemm<double>& g) { return gemm::batched(g); }

double peak_f32(int64_t steps);
double peak_f64(int64_t steps);
void triad(const float* a, const float* b, float* out, int64_t n);

extern const GemmKernels gemm_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/gemm/gemm.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
