#pragma once
// Packers of plain strided matrices, the policies that macro_kernel.h asks for. Both read a matrix whose value (i, k)
// is at p[i * row + k * col] with row == 1 or col == 1 (any other stride may be zero or negative), in blocks through
// in-register transposes where the layout needs it.
//
//   PackA: operator()(out, row, rows, k, depth):  out[kk * rows + i]                              rows <= kTileRows
//   PackB: operator()(out, k, depth, col, cols):  out[panel * depth * nr + kk * nr + j], panels of nr columns, the last
//          one padded with zeros. copies(), copy(out, k, col): a B policy that packs a whole panel while it is used.
//          copies(), copy(out, k, col): a B policy that packs a whole panel as it is read.

#include "kernels/gemm/micro_kernel.h"
#include "simd/transpose.h"

namespace rl::RL_ISA::gemm {

// out[k * out_step + i] = p[i * step + k] for i < rows, k < depth; values rows .. padded-1 of each k are zero. Writes
// exactly `padded` values per k: out_step >= padded.
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
    if (have == 0) {
      for (int64_t k = 0; k < depth; ++k) V::zero().store_n(target + k * out_step, write);
      continue;
    }
    // Rows that do not exist read the last one that does; where they would be written as padding, they are zeroed.
    const T* row[lanes];
    unroll<lanes>([&](auto i) RL_UNROLLED { row[i] = source + (i < have ? int(i) : have - 1) * step; });
    const bool clear = write > have;
    for (int64_t k = 0; k < depth; k += lanes) {
      const int64_t left = depth - k;
      V block[lanes];
      if (left >= lanes) {
        unroll<lanes>([&](auto i) RL_UNROLLED { block[i] = V::load(row[i] + k); });
      } else {
        unroll<lanes>([&](auto i) RL_UNROLLED { block[i] = V::load_n(row[i] + k, int(left)); });
      }
      if (clear) unroll<lanes>([&](auto i) RL_UNROLLED { block[i] = i < have ? block[i] : V::zero(); });
      transpose(block);
      T* to = target + k * out_step;
      if (write == lanes && left >= lanes) {
        unroll<lanes>([&](auto kk) RL_UNROLLED { block[kk].store(to + kk * out_step); });
      } else if (left >= lanes) {
        unroll<lanes>([&](auto kk) RL_UNROLLED { block[kk].store_n(to + kk * out_step, write); });
      } else {
        unroll<lanes>([&](auto kk) RL_UNROLLED {
          if (kk < left) block[kk].store_n(to + kk * out_step, write);
        });
      }
    }
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

  // The source of a tile that may copy the panel itself, if its rows are contiguous.
  RL_INLINE bool copies() const { return col_step == 1; }
  RL_INLINE CopyB<T> copy(T* out, int64_t k, int64_t col) const { return {{p + k * row_step + col, row_step}, out}; }

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
