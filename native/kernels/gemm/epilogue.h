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

  // Calls body(i, v) for every accumulator of a tile.
  template <int rows, int vectors, class Body>
  static RL_INLINE void each(Body&& body) {
    unroll<rows>([&](auto i) RL_UNROLLED { unroll<vectors>([&](auto v) RL_UNROLLED { body(i, v); }); });
  }

  template <int rows, int vectors>
  RL_INLINE void prefetch(const TileAt& at) const {
    const T* p = c + at.row * c_row + at.col;
    each<rows, vectors>([&](auto i, auto v) RL_UNROLLED { __builtin_prefetch(p + i * c_row + v * Vec<T>::lanes, 1); });
  }

  template <int rows, int vectors>
  RL_INLINE void operator()(Vec<T> (&acc)[rows][vectors], const TileAt& at) const {
    using V = Vec<T>;
    constexpr int lanes = V::lanes;
    T* const target = c + at.row * c_row + at.col;

    if (alpha != T(1)) {
      const V scale(alpha);
      each<rows, vectors>([&](auto i, auto v) RL_UNROLLED { acc[i][v] *= scale; });
    }
    const T keep = at.first ? beta : T(1);
    if (at.cols == vectors * lanes) {
      if (keep != T(0)) {
        const V scale(keep);
        each<rows, vectors>([&](auto i, auto v) RL_UNROLLED {
          acc[i][v] = fma(V::load(target + i * c_row + v * lanes), scale, acc[i][v]);
        });
      }
      if (at.last && bias) {
        const T* from = bias + at.row * bias_row + at.col * bias_col;
        if (!bias_col) {
          each<rows, vectors>([&](auto i, auto v) RL_UNROLLED { acc[i][v] += V(from[i * bias_row]); });
        } else {  // along columns, contiguous
          each<rows, vectors>([&](auto i, auto v)
                                  RL_UNROLLED { acc[i][v] += V::load(from + i * bias_row + v * lanes); });
        }
      }
      if (at.last && activation == GemmActivation::relu)
        each<rows, vectors>([&](auto i, auto v) RL_UNROLLED { acc[i][v] = relu(acc[i][v]); });
      each<rows, vectors>([&](auto i, auto v) RL_UNROLLED { acc[i][v].store(target + i * c_row + v * lanes); });
      return;
    }

    int have[vectors];  // real columns of each vector
    unroll<vectors>([&](auto v) RL_UNROLLED {
      const int left = at.cols - v * lanes;
      have[v] = left < 0 ? 0 : left < lanes ? left : lanes;
    });
    if (keep != T(0)) {
      const V scale(keep);
      each<rows, vectors>([&](auto i, auto v) RL_UNROLLED {
        acc[i][v] = fma(V::load_n(target + i * c_row + v * lanes, have[v]), scale, acc[i][v]);
      });
    }
    if (at.last && bias) {
      const T* from = bias + at.row * bias_row + at.col * bias_col;
      if (!bias_col) {
        each<rows, vectors>([&](auto i, auto v) RL_UNROLLED { acc[i][v] += V(from[i * bias_row]); });
      } else {
        each<rows, vectors>([&](auto i, auto v)
                                RL_UNROLLED { acc[i][v] += V::load_n(from + i * bias_row + v * lanes, have[v]); });
      }
    }
    if (at.last && activation == GemmActivation::relu)
      each<rows, vectors>([&](auto i, auto v) RL_UNROLLED { acc[i][v] = relu(acc[i][v]); });
    each<rows, vectors>([&](auto i, auto v)
                            RL_UNROLLED { acc[i][v].store_n(target + i * c_row + v * lanes, have[v]); });
  }
};

}  // namespace rl::RL_ISA::gemm
