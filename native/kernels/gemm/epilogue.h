#pragma once
// The store policy of a plain matrix product: alpha, beta, bias and activation while the tile is still in registers.

#include "kernels/gemm/gemm.h"
#include "kernels/gemm/micro_kernel.h"

namespace rl::RL_ISA::gemm {

template <class T>
RL_INLINE Vec<T> relu(Vec<T> x) {
  return select(x < Vec<T>::zero(), Vec<T>::zero(), x);  // NaN stays
}

template <class T>
struct Epilogue {
  T* c;
  int64_t c_row;
  T alpha, beta;
  const T* bias;
  int64_t bias_row, bias_col;
  GemmActivation activation;

  explicit Epilogue(const Gemm<T>& g)
      : c(g.c),
        c_row(g.c_row),
        alpha(g.alpha),
        beta(g.beta),
        bias(g.bias),
        bias_row(g.bias_row),
        bias_col(g.bias_col),
        activation(g.activation) {}

  template <int rows, int vectors>
  RL_INLINE void prefetch(const TileAt& at) const {
    const T* p = c + at.row * c_row + at.col;
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) __builtin_prefetch(p + i * c_row + v * Vec<T>::lanes, 1);
  }

  template <int rows, int vectors>
  RL_INLINE void operator()(Vec<T> (&acc)[rows][vectors], const TileAt& at) const {
    using V = Vec<T>;
    constexpr int lanes = V::lanes;
    const bool whole = at.cols == vectors * lanes;
    int have[vectors];  // real columns of each vector
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const int left = at.cols - v * lanes;
      have[v] = left < 0 ? 0 : left < lanes ? left : lanes;
    }
    T* const target = c + at.row * c_row + at.col;

#define RL_EACH \
  _Pragma("GCC unroll 16") for (int i = 0; i < rows; ++i) _Pragma("GCC unroll 4") for (int v = 0; v < vectors; ++v)
    if (alpha != T(1)) {
      const V scale(alpha);
      RL_EACH acc[i][v] *= scale;
    }
    const T keep = at.first ? beta : T(1);
    if (keep != T(0)) {
      const V scale(keep);
      if (whole) {
        RL_EACH acc[i][v] = fma(V::load(target + i * c_row + v * lanes), scale, acc[i][v]);
      } else {
        RL_EACH acc[i][v] = fma(V::load_n(target + i * c_row + v * lanes, have[v]), scale, acc[i][v]);
      }
    }
    if (at.last) {
      if (bias) {
        const T* from = bias + at.row * bias_row + at.col * bias_col;
        if (bias_col) {  // contiguous along columns
          if (bias_row == 0) {
            V value[vectors];
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v) value[v] = V::load_n(from + v * lanes, have[v]);
            RL_EACH acc[i][v] += value[v];
          } else {
            RL_EACH acc[i][v] += V::load_n(from + i * bias_row + v * lanes, have[v]);
          }
        } else {
          RL_EACH acc[i][v] += V(from[i * bias_row]);
        }
      }
      if (activation == GemmActivation::relu) {
        RL_EACH acc[i][v] = relu(acc[i][v]);
      }
    }
    if (whole) {
      RL_EACH acc[i][v].store(target + i * c_row + v * lanes);
    } else {
      RL_EACH acc[i][v].store_n(target + i * c_row + v * lanes, have[v]);
    }
#undef RL_EACH
  }
};

}  // namespace rl::RL_ISA::gemm
