#pragma once
// Packers of plain strided matrices, the policies that macro_kernel.h asks for. Both read a matrix whose value (i, k)
// is at p[i * row + k * col] with row == 1 or col == 1 (any other stride may be zero or negative), in blocks through
// in-register transposes where the layout needs it.
//
//   PackA: operator()(out, row, rows, k, depth):  out[kk * rows + i]                              rows <= kTileRows
//   PackB: operator()(out, k, depth, col, cols):  out[panel * depth * nr + kk * nr + j], panels of nr columns, the last
//          one padded with zeros.

#include "kernels/gemm/block.h"
#include "simd/transpose.h"

namespace rl::RL_ISA::gemm {

// out[k * out_step + i] = p[i * step + k] for i < rows, k < depth; rows rows .. padded-1 read as zero. Writes exactly
// `padded` values per k: out_step >= padded.
template <class T>
RL_INLINE void pack_transposed(T* out, int64_t out_step, const T* p, int64_t step, int rows, int padded,
                               int64_t depth) {
  using V = Vec<T>;
  constexpr int lanes = V::lanes;
  for (int i0 = 0; i0 < padded; i0 += lanes) {
    const int have = rows - i0 < lanes ? (rows - i0 > 0 ? rows - i0 : 0) : lanes;
    const int write = padded - i0 < lanes ? padded - i0 : lanes;
    const T* source = p + i0 * step;
    T* target = out + i0;
    int64_t k = 0;
    for (; k + lanes <= depth; k += lanes) {
      V block[lanes];
      if (have == lanes) {
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) block[i] = V::load(source + i * step + k);
      } else {
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) block[i] = i < have ? V::load(source + i * step + k) : V::zero();
      }
      transpose(block);
      if (write == lanes) {
#pragma GCC unroll 16
        for (int kk = 0; kk < lanes; ++kk) block[kk].store(target + (k + kk) * out_step);
      } else {
#pragma GCC unroll 16
        for (int kk = 0; kk < lanes; ++kk) block[kk].store_n(target + (k + kk) * out_step, write);
      }
    }
    for (; k < depth; ++k)
      for (int i = 0; i < write; ++i) target[k * out_step + i] = i < have ? source[i * step + k] : T(0);
  }
}

template <class T>
struct PackA {
  const T* p;
  int64_t row_step, col_step;

  void operator()(T* out, int64_t row, int rows, int64_t k, int64_t depth) const {
    using V = Vec<T>;
    const T* source = p + row * row_step + k * col_step;
    if (col_step == 1) {
      pack_transposed(out, rows, source, row_step, rows, rows, depth);
    } else {
      for (int64_t kk = 0; kk < depth; ++kk, source += col_step, out += rows) {
        int i = 0;
        for (; i + V::lanes <= rows; i += V::lanes) V::load(source + i).store(out + i);
        if (i < rows) V::load_n(source + i, rows - i).store_n(out + i, rows - i);
      }
    }
  }
};

template <class T>
struct PackB {
  const T* p;
  int64_t row_step, col_step;  // value (k, j) at p[k * row_step + j * col_step]

  void operator()(T* out, int64_t k, int64_t depth, int64_t col, int64_t cols) const {
    using V = Vec<T>;
    constexpr int64_t nr = Block<T>::nr;
    const T* source = p + k * row_step + col * col_step;
    if (col_step != 1) {
      for (int64_t j = 0; j < cols; j += nr) {
        const int width = int(cols - j < nr ? cols - j : nr);
        pack_transposed(out + j * depth, nr, source + j * col_step, col_step, width, int(nr), depth);
      }
      return;
    }
    const int64_t whole = cols / nr * nr;
    for (int64_t kk = 0; kk < depth; ++kk, source += row_step) {
      for (int64_t j = 0; j < whole; j += nr) {
        T* target = out + j * depth + kk * nr;
#pragma GCC unroll 4
        for (int v = 0; v < kTileVectors; ++v) V::load(source + j + v * V::lanes).store(target + v * V::lanes);
      }
      if (whole < cols) {
        T* target = out + whole * depth + kk * nr;
        for (int v = 0; v < kTileVectors; ++v) {
          const int64_t left = cols - whole - v * V::lanes;
          const int have = int(left < 0 ? 0 : left < V::lanes ? left : V::lanes);
          V::load_n(source + whole + v * V::lanes, have).store(target + v * V::lanes);
        }
      }
    }
  }
};

}  // namespace rl::RL_ISA::gemm
