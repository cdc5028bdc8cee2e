#pragma once
// Products whose operands are both contiguous along the depth (A row-major, B column-major, e.g. a Linear layer) and
// have few rows of A: nothing is packed, vectors run along the depth,   acc[i][j] += A(i, k..) * B(k.., j),   and each
// accumulator's lanes are added up at the end.
// Also the row times row-major matrix product (wide_row), which streams B once.

#include "kernels/gemm/epilogue.h"
#include "kernels/gemm/macro_kernel.h"
#include "simd/transpose.h"

namespace rl::RL_ISA::gemm {

#if defined(RL_AVX512)
inline constexpr int kDotRows = 4;
inline constexpr int kDotColumns[5] = {0, 16, 8, 5, 4};  // columns of a tile of 1, 2, 3, 4 rows
#else
inline constexpr int kDotRows = 2;
inline constexpr int kDotColumns[3] = {0, 8, 4};
#endif

template <class T>
RL_INLINE T finish(const Gemm<T>& g, T sum, int64_t i, int64_t j) {
  T x = g.alpha * sum;
  if (g.beta != T(0)) x += g.beta * g.c[i * g.c_row + j];
  if (g.bias) x += g.bias[i * g.bias_row + j * g.bias_col];
  if (g.activation == GemmActivation::relu && x < T(0)) x = T(0);
  return x;
}

// C rows [row, row + rows), columns [col0, col1).
template <class T, int rows>
static void dot_rows(const Gemm<T>& g, int64_t row, int64_t col0, int64_t col1) {
  using V = Vec<T>;
  constexpr int lanes = V::lanes, columns = kDotColumns[rows];
  constexpr int vectors = (rows * columns + lanes - 1) / lanes;  // of results
  const T* a = g.a + row * g.a_row;
  for (int64_t col = col0; col < col1; col += columns) {
    const int cols = int(col1 - col < columns ? col1 - col : columns);
    const T* b[columns];  // columns that do not exist read the last one that does
    unroll<columns>([&](auto j) RL_UNROLLED { b[j] = g.b + (col + (j < cols ? int(j) : cols - 1)) * g.b_col; });
    V acc[vectors * lanes];
    unroll<vectors * lanes>([&](auto i) RL_UNROLLED { acc[i] = V::zero(); });
    int64_t k = 0;
    for (; k + lanes <= g.k; k += lanes) {
      V av[rows];
      unroll<rows>([&](auto i) RL_UNROLLED { av[i] = V::load(a + i * g.a_row + k); });
      unroll<columns>([&](auto j) RL_UNROLLED {
        const V bv = V::load(b[j] + k);
        unroll<rows>([&](auto i) RL_UNROLLED { acc[i * columns + j] = fma(av[i], bv, acc[i * columns + j]); });
      });
    }
    if (k < g.k) {
      const int left = int(g.k - k);
      V av[rows];
      unroll<rows>([&](auto i) RL_UNROLLED { av[i] = V::load_n(a + i * g.a_row + k, left); });
      unroll<columns>([&](auto j) RL_UNROLLED {
        const V bv = V::load_n(b[j] + k, left);
        unroll<rows>([&](auto i) RL_UNROLLED { acc[i * columns + j] = fma(av[i], bv, acc[i * columns + j]); });
      });
    }
    T sums[vectors * lanes];
    unroll<vectors>([&](auto v) RL_UNROLLED {
      V group[lanes];
      unroll<lanes>([&](auto i) RL_UNROLLED { group[i] = acc[v * lanes + i]; });
      reduce_rows(group).store(sums + v * lanes);
    });
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < cols; ++j)
        g.c[(row + i) * g.c_row + col + j] = finish(g, sums[i * columns + j], row + i, col + j);
  }
}

template <class T>
RL_INLINE bool dot_pays(const Gemm<T>& g) {
  return g.a_col == 1 && g.b_row == 1 && g.k >= 2 * Vec<T>::lanes && (g.m <= 4 * kDotRows || g.n == 1);
}

template <class T>
static void dot_product(const Gemm<T>& g) {
  auto run = [&](int64_t begin, int64_t end) {
    // A few columns' worth of B stays in the first cache while all rows use it.
    const int64_t width = g.m <= kDotRows ? end - begin : 16;
    for (int64_t col = begin; col < end; col += width) {
      const int64_t stop = col + width < end ? col + width : end;
      int64_t row = 0;
      for (; row + kDotRows <= g.m; row += kDotRows) dot_rows<T, kDotRows>(g, row, col, stop);
      const int64_t left = g.m - row;
      if constexpr (kDotRows == 4) {
        if (left == 3) dot_rows<T, 3>(g, row, col, stop);
        if (left == 2) dot_rows<T, 2>(g, row, col, stop);
      }
      if (left == 1) dot_rows<T, 1>(g, row, col, stop);
    }
  };
  const double work = double(g.m) * double(g.n) * double(g.k);
  if (work < kSerialWork / 2) {
    run(0, g.n);
  } else {
    const int64_t grain = 1 + int64_t(kSerialWork / 4 / (double(g.m) * double(g.k)));
    parallel_for((g.n + 15) / 16, (grain + 15) / 16,
                 [&](int64_t begin, int64_t end) { run(begin * 16, end * 16 < g.n ? end * 16 : g.n); });
  }
}

// One row of A times row-major B: wide column blocks keep their sums in registers while B streams by.
template <class T, int vectors>
RL_INLINE void wide_block(const Gemm<T>& g, int64_t col, const Epilogue<T>& store) {
  run_tile<T, PanelA, RowsB<T>, Epilogue<T>, 1, vectors>(g.k, g.a, g.a_col, RowsB<T>{g.b + col, g.b_row}, store,
                                                         TileAt{0, col, vectors * Vec<T>::lanes, true, true});
}

template <class T>
static void wide_row(const Gemm<T>& g) {
  constexpr int lanes = Vec<T>::lanes, most = 8;
  const Epilogue<T> store(g);
  auto run = [&](int64_t begin, int64_t end) {
    int64_t col = begin;
    for (; col + most * lanes <= end; col += most * lanes) wide_block<T, most>(g, col, store);
    for (; col + 2 * lanes <= end; col += 2 * lanes) wide_block<T, 2>(g, col, store);
    for (; col + lanes <= end; col += lanes) wide_block<T, 1>(g, col, store);
    if (col < end) {
      const int left = int(end - col);
      Vec<T> acc[1][1] = {{Vec<T>::zero()}};
      for (int64_t k = 0; k < g.k; ++k)
        acc[0][0] = fma(Vec<T>(g.a[k * g.a_col]), Vec<T>::load_n(g.b + k * g.b_row + col, left), acc[0][0]);
      store(acc, TileAt{0, col, left, true, true});
    }
  };
  const double work = double(g.n) * double(g.k);
  if (work < kSerialWork / 2) {
    run(0, g.n);
  } else {
    const int64_t block = most * lanes;
    parallel_for((g.n + block - 1) / block, 1 + int64_t(kSerialWork / 4 / (double(block) * double(g.k))),
                 [&](int64_t begin, int64_t end) { run(begin * block, end * block < g.n ? end * block : g.n); });
  }
}

}  // namespace rl::RL_ISA::gemm
