#include <cmath>

#include "kernels/norm/rows.h"

namespace rl::RL_ISA {

// A channel of an (N, C, L) array is N runs of L items, C * L apart. One task takes whole channels, so that a channel
// that was just read for its statistics is still in the second-level cache when it is normalised. With L == 1 the
// channels themselves are the vectors: a task takes a block of columns of an (N, C) matrix, or of its rows (rows.h)
// where there are many.

// y = (x - mean) * scale + shift over one run; subtracting first keeps a large mean from cancelling.
template <class T>
static RL_INLINE void scale_run(const T* x, T* y, int64_t n, T mean, T scale, T shift) {
  constexpr int L = Vec<T>::lanes;
  const Vec<T> m(mean), a(scale), b(shift);
  int64_t i = 0;
  for (; i + L <= n; i += L) fma(Vec<T>::load(x + i) - m, a, b).store(y + i);
  if (i < n) fma(Vec<T>::load_n(x + i, int(n - i)) - m, a, b).store_n(y + i, int(n - i));
}

template <class F>
static RL_INLINE void over_channels(int64_t C, int64_t items, F&& f) {
  parallel_for(C, kSimpleGrain / (items + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) f(c);
  });
}

// f(first column, columns <= Vec::lanes) over the columns of an (N, C) matrix.
template <class T, class F>
static RL_INLINE void over_columns(int64_t N, int64_t C, F&& f) {
  constexpr int64_t L = Vec<T>::lanes;
  parallel_for((C + L - 1) / L, kSimpleGrain / (N * L + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) f(b * L, int(C - b * L < L ? C - b * L : L));
  });
}

// Sums of a column block in double: f(row) gives each row's vector; flushed every 256 rows.
template <class T, class F>
static RL_INLINE void column_sums(int64_t N, double* total, F&& f) {
  constexpr int L = Vec<T>::lanes;
  for (int k = 0; k < L; ++k) total[k] = 0;
  for (int64_t first = 0; first < N; first += 256) {
    Vec<T> sum = Vec<T>::zero();
    const int64_t last = first + 256 < N ? first + 256 : N;
    for (int64_t n = first; n < last; ++n) sum += f(n);
    for (int k = 0; k < L; ++k) total[k] += double(sum[k]);
  }
}

// f(channel, moments) for every channel; called right after that channel was read.
template <class T, class F>
static RL_INLINE void for_channel_moments(const T* x, int64_t N, int64_t C, int64_t L, F&& f) {
  if (L == 1) {
    if (is_tall(N, C) && for_tall_moments(x, N, C, f)) return;
    over_columns<T>(N, C, [&](int64_t c, int lanes) {
      double sum[Vec<T>::lanes], squares[Vec<T>::lanes];
      Vec<T> mean = Vec<T>::zero();
      column_sums<T>(N, sum, [&](int64_t n) { return Vec<T>::load_n(x + n * C + c, lanes); });
      for (int k = 0; k < lanes; ++k) mean.set(k, T(sum[k] / double(N)));
      column_sums<T>(N, squares, [&](int64_t n) {
        const Vec<T> d = Vec<T>::load_n(x + n * C + c, lanes) - mean;
        return d * d;
      });
      for (int k = 0; k < lanes; ++k) {
        const double exact = sum[k] / double(N), shift = exact - double(mean[k]);
        f(c + k, Moments{double(N), exact, squares[k] - double(N) * shift * shift});
      }
    });
  } else {
    over_channels(C, N * L, [&](int64_t c) { f(c, run_moments(x + c * L, N, C * L, L)); });
  }
}

static RL_INLINE double variance(const Moments& m) { return m.squares < 0 ? 0 : m.squares / m.count; }

template <class T>
static void batch_stats(const T* x, int64_t N, int64_t C, int64_t L, T* mean, T* var) {
  for_channel_moments(x, N, C, L, [&](int64_t c, const Moments& m) {
    mean[c] = T(m.mean);
    var[c] = T(variance(m));
  });
}

// y = (x - mean) * scale + shift row by row; false where there is no memory for the scales.
template <class T>
static bool apply_rows(const T* x, const T* mean, const T* rstd, const T* weight, const T* bias, int64_t N, int64_t C,
                       T* y) {
  T* scale = static_cast<T*>(scratch(3, size_t(2 * C) * sizeof(T)));
  if (!scale) return false;
  T* shift = scale + C;
  for (int64_t c = 0; c < C; ++c) {
    scale[c] = weight ? rstd[c] * weight[c] : rstd[c];
    shift[c] = bias ? bias[c] : T(0);
  }
  const bool stream = N * C * int64_t(sizeof(T)) >= stream_bytes() && C % Vec<T>::lanes == 0 &&
                      reinterpret_cast<uintptr_t>(y) % kVectorBytes == 0;
  over_rows<T>(N, C, stream, [&](int64_t n, int64_t c, int lanes) {
    const Vec<T> d = load_column(x + n * C + c, lanes) - load_column(mean + c, lanes);
    const Vec<T> value = fma(d, load_column(scale + c, lanes), load_column(shift + c, lanes));
    if (stream)
      value.stream(y + n * C + c);
    else
      store_column(value, y + n * C + c, lanes);
  });
  return true;
}

template <class T>
static void batch_norm_apply(const T* x, const T* mean, const T* rstd, const T* weight, const T* bias, int64_t N,
                             int64_t C, int64_t L, T* y) {
  if (L == 1 && is_tall(N, C) && apply_rows(x, mean, rstd, weight, bias, N, C, y)) return;
  if (L == 1) {
    over_columns<T>(N, C, [&](int64_t c, int lanes) {
      const Vec<T> m = Vec<T>::load_n(mean + c, lanes);
      Vec<T> scale = Vec<T>::load_n(rstd + c, lanes), shift = Vec<T>::zero();
      if (weight) scale *= Vec<T>::load_n(weight + c, lanes);
      if (bias) shift = Vec<T>::load_n(bias + c, lanes);
      for (int64_t n = 0; n < N; ++n)
        fma(Vec<T>::load_n(x + n * C + c, lanes) - m, scale, shift).store_n(y + n * C + c, lanes);
    });
    return;
  }
  over_channels(C, N * L, [&](int64_t c) {
    const T scale = weight ? rstd[c] * weight[c] : rstd[c], shift = bias ? bias[c] : T(0);
    for (int64_t n = 0; n < N; ++n) scale_run(x + (n * C + c) * L, y + (n * C + c) * L, L, mean[c], scale, shift);
  });
}

template <class T>
static void batch_norm_train(const T* x, const T* weight, const T* bias, int64_t N, int64_t C, int64_t L, double eps,
                             T* y, T* mean, T* rstd, T* running_mean, T* running_var, double momentum) {
  for_channel_moments(x, N, C, L, [&](int64_t c, const Moments& m) {
    const double var = variance(m), count = m.count, inverse = 1 / std::sqrt(var + eps);
    mean[c] = T(m.mean);
    rstd[c] = T(inverse);
    if (running_mean) running_mean[c] = T((1 - momentum) * double(running_mean[c]) + momentum * m.mean);
    if (running_var) {
      const double unbiased = m.squares < 0 ? 0 : m.squares / (count - 1);
      running_var[c] = T((1 - momentum) * double(running_var[c]) + momentum * unbiased);
    }
    if (L == 1) return;  // columns are normalised together, below
    const T scale = T(weight ? inverse * double(weight[c]) : inverse), shift = bias ? bias[c] : T(0);
    for (int64_t n = 0; n < N; ++n) scale_run(x + (n * C + c) * L, y + (n * C + c) * L, L, mean[c], scale, shift);
  });
  if (L == 1) batch_norm_apply(x, mean, rstd, weight, bias, N, C, L, y);
}

// Per channel, with g the gradient and d = x - mean:
//   grad_bias = sum g, grad_weight = rstd * sum g d,
//   grad_x = weight * rstd * (g - mean(g) - d * rstd^2 * mean(g d))        (the last two only for batch statistics)
template <class T>
static void channel_grad(const T* g, const T* x, int64_t N, int64_t stride, int64_t L, T mean, T rstd, T weight,
                         bool batch, T* grad_x, T* grad_weight, T* grad_bias) {
  constexpr int W = Vec<T>::lanes;
  const Vec<T> m(mean);
  double total = 0, product = 0;
  for_blocks(N, L, [&](int64_t first, int64_t runs, int64_t offset, int64_t length) {
    Vec<T> sum[2] = {Vec<T>::zero(), Vec<T>::zero()}, dot[2] = {Vec<T>::zero(), Vec<T>::zero()};
    for (int64_t r = 0; r < runs; ++r) {
      const T* gr = g + (first + r) * stride + offset;
      const T* xr = x + (first + r) * stride + offset;
      int64_t i = 0;
      for (; i + 2 * W <= length; i += 2 * W)
        for (int k = 0; k < 2; ++k) {
          const Vec<T> gv = Vec<T>::load(gr + i + k * W);
          sum[k] += gv;
          dot[k] = fma(gv, Vec<T>::load(xr + i + k * W) - m, dot[k]);
        }
      for (; i < length; i += W) {
        const int n = length - i < W ? int(length - i) : W;
        const Vec<T> gv = Vec<T>::load_n(gr + i, n);  // zero beyond n, and so is its product unless mean is not finite
        sum[0] += gv;
        dot[0] = fma(gv, Vec<T>::load_n(xr + i, n) - m, dot[0]);
      }
    }
    total += double(reduce_add(sum[0] + sum[1]));
    product += double(reduce_add(dot[0] + dot[1]));
  });
  if (grad_bias) *grad_bias = T(total);
  if (grad_weight) *grad_weight = T(product * double(rstd));
  if (!grad_x) return;
  const double scale = double(weight) * double(rstd), count = double(N) * double(L);
  if (!batch) {
    for (int64_t n = 0; n < N; ++n) scale_run(g + n * stride, grad_x + n * stride, L, T(0), T(scale), T(0));
    return;
  }
  const double slope = double(rstd) * double(rstd) * product / count;
  // scale * (g - total / count - (x - mean) * slope) = scale * g + b * (x - mean) + c
  const Vec<T> a{T(scale)}, b{T(-scale * slope)}, c{T(-scale * total / count)};
  for (int64_t n = 0; n < N; ++n) {
    const T* gr = g + n * stride;
    const T* xr = x + n * stride;
    T* to = grad_x + n * stride;
    int64_t i = 0;
    for (; i + W <= L; i += W) fma(Vec<T>::load(gr + i), a, fma(Vec<T>::load(xr + i) - m, b, c)).store(to + i);
    if (i < L) {
      const int k = int(L - i);
      fma(Vec<T>::load_n(gr + i, k), a, fma(Vec<T>::load_n(xr + i, k) - m, b, c)).store_n(to + i, k);
    }
  }
}

template <class T>
static void column_grad(const T* g, const T* x, int64_t N, int64_t C, int64_t c, int lanes, const T* mean,
                        const T* rstd, const T* weight, bool batch, T* grad_x, T* grad_weight, T* grad_bias) {
  double total[Vec<T>::lanes], product[Vec<T>::lanes];
  const Vec<T> m = Vec<T>::load_n(mean + c, lanes);
  column_sums<T>(N, total, [&](int64_t n) { return Vec<T>::load_n(g + n * C + c, lanes); });
  column_sums<T>(N, product, [&](int64_t n) {
    return Vec<T>::load_n(g + n * C + c, lanes) * (Vec<T>::load_n(x + n * C + c, lanes) - m);
  });
  Vec<T> scale = Vec<T>::zero(), slope = Vec<T>::zero(), shift = Vec<T>::zero();
  for (int k = 0; k < lanes; ++k) {
    const double r = double(rstd[c + k]), a = weight ? r * double(weight[c + k]) : r;
    if (grad_bias) grad_bias[c + k] = T(total[k]);
    if (grad_weight) grad_weight[c + k] = T(product[k] * r);
    scale.set(k, T(a));
    if (batch) {
      slope.set(k, T(-a * r * r * product[k] / double(N)));
      shift.set(k, T(-a * total[k] / double(N)));
    }
  }
  if (!grad_x) return;
  for (int64_t n = 0; n < N; ++n) {
    const Vec<T> gv = Vec<T>::load_n(g + n * C + c, lanes);
    const Vec<T> rest = batch ? fma(Vec<T>::load_n(x + n * C + c, lanes) - m, slope, shift) : Vec<T>::zero();
    fma(gv, scale, rest).store_n(grad_x + n * C + c, lanes);
  }
}

// column_grad for a tall matrix, row by row; false where there is no memory.
template <class T>
static bool tall_grad(const T* g, const T* x, int64_t N, int64_t C, const T* mean, const T* rstd, const T* weight,
                      bool batch, T* grad_x, T* grad_weight, T* grad_bias) {
  const RowChunks chunks(N, C);
  double* sums = chunk_sums(chunks, C);
  T* scale = static_cast<T*>(scratch(3, size_t(3 * C) * sizeof(T)));
  if (!sums || !scale) return false;
  over_chunks<T>(chunks, C, sums,
                 [&](int64_t first, int64_t last, int64_t c, int lanes, double* total, double* product) {
                   const Vec<T> m = load_column(mean + c, lanes);
                   sum_rows<T>(first, last, total, [&](int64_t n) { return load_column(g + n * C + c, lanes); });
                   sum_rows<T>(first, last, product, [&](int64_t n) {
                     return load_column(g + n * C + c, lanes) * (load_column(x + n * C + c, lanes) - m);
                   });
                 });
  T *slope = scale + C, *shift = slope + C;
  for (int64_t c = 0; c < C; ++c) {
    double total = 0, product = 0;
    for (int64_t i = 0; i < chunks.count; ++i) {
      total += sums[2 * i * C + c];
      product += sums[(2 * i + 1) * C + c];
    }
    const double r = double(rstd[c]), a = weight ? r * double(weight[c]) : r;
    if (grad_bias) grad_bias[c] = T(total);
    if (grad_weight) grad_weight[c] = T(product * r);
    scale[c] = T(a);
    slope[c] = batch ? T(-a * r * r * product / double(N)) : T(0);
    shift[c] = batch ? T(-a * total / double(N)) : T(0);
  }
  if (!grad_x) return true;
  over_rows<T>(N, C, false, [&](int64_t n, int64_t c, int lanes) {
    const Vec<T> gv = load_column(g + n * C + c, lanes);
    Vec<T> rest = Vec<T>::zero();
    if (batch)
      rest = fma(load_column(x + n * C + c, lanes) - load_column(mean + c, lanes), load_column(slope + c, lanes),
                 load_column(shift + c, lanes));
    store_column(fma(gv, load_column(scale + c, lanes), rest), grad_x + n * C + c, lanes);
  });
  return true;
}

template <class T>
static void batch_norm_grad(const T* g, const T* x, const T* mean, const T* rstd, const T* weight, int64_t N, int64_t C,
                            int64_t L, bool batch, T* grad_x, T* grad_weight, T* grad_bias) {
  if (L == 1 && is_tall(N, C) && tall_grad(g, x, N, C, mean, rstd, weight, batch, grad_x, grad_weight, grad_bias))
    return;
  if (L == 1) {
    over_columns<T>(N, C, [&](int64_t c, int lanes) {
      column_grad(g, x, N, C, c, lanes, mean, rstd, weight, batch, grad_x, grad_weight, grad_bias);
    });
    return;
  }
  over_channels(C, N * L, [&](int64_t c) {
    channel_grad(g + c * L, x + c * L, N, C * L, L, mean[c], rstd[c], weight ? weight[c] : T(1), batch,
                 grad_x ? grad_x + c * L : nullptr, grad_weight ? grad_weight + c : nullptr,
                 grad_bias ? grad_bias + c : nullptr);
  });
}

template <class T>
void layer_norm(const T*, const T*, const T*, int64_t, int64_t, double, T*, T*, T*);
template <class T>
void layer_norm_grad(const T*, const T*, const T*, const T*, const T*, int64_t, int64_t, T*, T*, T*);

extern const NormKernels norm_kernels_table = {
#define RL_TYPE(T) \
  &batch_stats<T>, &batch_norm_train<T>, &batch_norm_apply<T>, &batch_norm_grad<T>, &layer_norm<T>, &layer_norm_grad<T>
    RL_TYPE(float), RL_TYPE(double)
#undef RL_TYPE
};

}  // namespace rl::RL_ISA
