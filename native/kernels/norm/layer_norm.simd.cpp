#include <cmath>

#include "kernels/norm/moments.h"
#include "simd/lanes.h"
#include "simd/unroll.h"

namespace rl::RL_ISA {

// `rows` rows of at most kBlock items side by side: what one row waits for, the others compute meanwhile. The sums are
// run_moments': deviations from the rounded mean, corrected for its rounding.
template <class T, int rows>
static RL_INLINE void norm_rows(const T* x, const T* weight, const T* bias, int64_t D, double eps, T* y, T* mean,
                                T* rstd) {
  constexpr int L = Vec<T>::lanes;
  using V = Vec<T>;
  const int64_t whole = D / L * L;
  const int tail = int(D - whole);
  const Mask<T> there = first_lanes<T>(tail);
  V sum[rows][2], centre[rows], scale[rows];
  double exact[rows];
  unroll<rows>([&](auto r) RL_UNROLLED { sum[r][0] = sum[r][1] = V::zero(); });
  int64_t i = 0;
  for (; i + 2 * L <= whole; i += 2 * L)
    unroll<rows>([&](auto r) RL_UNROLLED {
      sum[r][0] += V::load(x + r * D + i);
      sum[r][1] += V::load(x + r * D + i + L);
    });
  if (i < whole) unroll<rows>([&](auto r) RL_UNROLLED { sum[r][0] += V::load(x + r * D + i); });
  if (tail) unroll<rows>([&](auto r) RL_UNROLLED { sum[r][1] += V::load_n(x + r * D + whole, tail); });
  const double share = 1.0 / double(D);
  unroll<rows>([&](auto r) RL_UNROLLED {
    exact[r] = double(reduce_add(sum[r][0] + sum[r][1])) * share;
    mean[r] = T(exact[r]);
    centre[r] = V(mean[r]);
    sum[r][0] = sum[r][1] = V::zero();
  });
  for (i = 0; i + 2 * L <= whole; i += 2 * L)
    unroll<rows>([&](auto r) RL_UNROLLED {
      const V a = V::load(x + r * D + i) - centre[r], b = V::load(x + r * D + i + L) - centre[r];
      sum[r][0] = fma(a, a, sum[r][0]);
      sum[r][1] = fma(b, b, sum[r][1]);
    });
  if (i < whole)
    unroll<rows>([&](auto r) RL_UNROLLED {
      const V a = V::load(x + r * D + i) - centre[r];
      sum[r][0] = fma(a, a, sum[r][0]);
    });
  if (tail)
    unroll<rows>([&](auto r) RL_UNROLLED {
      const V a = select<T>(there, V::load_n(x + r * D + whole, tail) - centre[r], V::zero());
      sum[r][1] = fma(a, a, sum[r][1]);
    });
  unroll<rows>([&](auto r) RL_UNROLLED {
    const double shift = exact[r] - double(mean[r]);
    const double var = double(reduce_add(sum[r][0] + sum[r][1])) * share - shift * shift;
    rstd[r] = T(1 / std::sqrt((var < 0 ? 0 : var) + eps));
    scale[r] = V(rstd[r]);
  });
  for (i = 0; i < D; i += L) {
    const int n = D - i < L ? tail : L;
    const auto at = [&](const T* p) RL_UNROLLED { return n == L ? V::load(p + i) : V::load_n(p + i, n); };
    const V w = weight ? at(weight) : V(T(1)), b = bias ? at(bias) : V::zero();
    unroll<rows>([&](auto r) RL_UNROLLED {
      V v = (at(x + r * D) - centre[r]) * scale[r];
      if (weight) v *= w;
      if (bias) v += b;
      if (n == L)
        v.store(y + r * D + i);
      else
        v.store_n(y + r * D + i, n);
    });
  }
}

template <class T>
static RL_INLINE void long_row(const T* x, const T* weight, const T* bias, int64_t D, double eps, T* y, T* mean,
                               T* rstd) {
  constexpr int L = Vec<T>::lanes;
  const Moments m = run_moments(x, 1, D, D);
  const double var = m.squares < 0 ? 0 : m.squares / m.count;
  *mean = T(m.mean);
  *rstd = T(1 / std::sqrt(var + eps));
  const Vec<T> centre(*mean), scale(*rstd);
  for (int64_t i = 0; i < D; i += L) {
    const int n = D - i < L ? int(D - i) : L;
    const auto at = [&](const T* p) { return n == L ? Vec<T>::load(p + i) : Vec<T>::load_n(p + i, n); };
    Vec<T> v = (at(x) - centre) * scale;
    if (weight) v *= at(weight);
    if (bias) v += at(bias);
    if (n == L) {
      v.store(y + i);
    } else {
      v.store_n(y + i, n);
    }
  }
}

template <class T>
void layer_norm(const T* x, const T* weight, const T* bias, int64_t R, int64_t D, double eps, T* y, T* mean, T* rstd) {
  parallel_for(R, kSimpleGrain / 2 / (D + 1) + 1, [&](int64_t r, int64_t end) {
    for (; D <= kBlock && D > 0 && r + 4 <= end; r += 4)
      norm_rows<T, 4>(x + r * D, weight, bias, D, eps, y + r * D, mean + r, rstd + r);
    for (; r < end; ++r)
      if (D <= kBlock && D > 0)
        norm_rows<T, 1>(x + r * D, weight, bias, D, eps, y + r * D, mean + r, rstd + r);
      else
        long_row(x + r * D, weight, bias, D, eps, y + r * D, mean + r, rstd + r);
  });
}

// Per row, with h = grad_y * weight and z = (x - mean) * rstd:
//   grad_x = rstd * (h - mean(h) - z * mean(h z)),   grad_weight = sum over rows of grad_y z,   grad_bias = sum of
//   grad_y
// Four rows at a time: their contributions to grad_weight and grad_bias are added in registers first.
template <class T, int rows>
static RL_INLINE void grad_rows(const T* g, const T* x, const T* mean, const T* rstd, const T* weight, int64_t D,
                                T* grad_x, T* sum_weight, T* sum_bias) {
  constexpr int L = Vec<T>::lanes;
  Vec<T> centre[rows], scale[rows], mean_h[rows], mean_hz[rows];
  for (int r = 0; r < rows; ++r) {
    centre[r] = Vec<T>(mean[r]);
    scale[r] = Vec<T>(rstd[r]);
    if (!grad_x) continue;
    double total = 0, product = 0;
    for (int64_t first = 0; first < D; first += kBlock) {
      const int64_t last = first + kBlock < D ? first + kBlock : D;
      Vec<T> h_sum = Vec<T>::zero(), hz_sum = Vec<T>::zero();
      for (int64_t i = first; i < last; i += L) {
        const int n = last - i < L ? int(last - i) : L;
        const auto at = [&](const T* p) { return n == L ? Vec<T>::load(p + i) : Vec<T>::load_n(p + i, n); };
        Vec<T> h = at(g + r * D);
        if (weight) h *= at(weight);
        h_sum += h;
        hz_sum = fma(h, (at(x + r * D) - centre[r]) * scale[r], hz_sum);
      }
      total += double(reduce_add(h_sum));
      product += double(reduce_add(hz_sum));
    }
    mean_h[r] = Vec<T>(T(total / double(D)));
    mean_hz[r] = Vec<T>(T(product / double(D)));
  }
  for (int64_t i = 0; i < D; i += L) {
    const int n = D - i < L ? int(D - i) : L;
    const auto at = [&](const T* p) { return n == L ? Vec<T>::load(p + i) : Vec<T>::load_n(p + i, n); };
    const auto put = [&](T* p, Vec<T> v) { n == L ? v.store(p + i) : v.store_n(p + i, n); };
    const Vec<T> w = weight ? at(weight) : Vec<T>(T(1));
    Vec<T> grad_w = Vec<T>::zero(), grad_b = Vec<T>::zero();
    for (int r = 0; r < rows; ++r) {
      const Vec<T> gv = at(g + r * D), z = (at(x + r * D) - centre[r]) * scale[r];
      grad_w = fma(gv, z, grad_w);
      grad_b += gv;
      if (grad_x) put(grad_x + r * D, scale[r] * (gv * w - mean_h[r] - z * mean_hz[r]));
    }
    if (sum_weight) put(sum_weight, at(sum_weight) + grad_w);
    if (sum_bias) put(sum_bias, at(sum_bias) + grad_b);
  }
}

template <class T>
void layer_norm_grad(const T* g, const T* x, const T* mean, const T* rstd, const T* weight, int64_t R, int64_t D,
                     T* grad_x, T* grad_weight, T* grad_bias) {
  // Each task sums its rows into its own pair of D; the pairs are added in double at the end, in a fixed order.
  int64_t tasks = R * D / 65536 + 1;
  if (tasks > 32) tasks = 32;
  if (tasks > R) tasks = R > 0 ? R : 1;
  const bool sums = grad_weight || grad_bias;
  T* partial = sums ? static_cast<T*>(allocate(size_t(tasks * 2 * D) * sizeof(T))) : nullptr;
  if (sums && !partial) {  // no memory for partial sums: one task that adds into the outputs
    tasks = 1;
  }
  const int64_t size = (R + tasks - 1) / tasks;
  parallel_tasks(tasks, [&](int64_t task) {
    T* sum_weight = partial ? partial + task * 2 * D : grad_weight;
    T* sum_bias = partial ? sum_weight + D : grad_bias;
    if (partial) {
      std::memset(sum_weight, 0, size_t(2 * D) * sizeof(T));
    } else {
      if (sum_weight) std::memset(sum_weight, 0, size_t(D) * sizeof(T));
      if (sum_bias) std::memset(sum_bias, 0, size_t(D) * sizeof(T));
    }
    int64_t r = task * size;
    const int64_t end = r + size < R ? r + size : R;
    for (; r + 4 <= end; r += 4)
      grad_rows<T, 4>(g + r * D, x + r * D, mean + r, rstd + r, weight, D, grad_x ? grad_x + r * D : nullptr,
                      sum_weight, sum_bias);
    for (; r < end; ++r)
      grad_rows<T, 1>(g + r * D, x + r * D, mean + r, rstd + r, weight, D, grad_x ? grad_x + r * D : nullptr,
                      sum_weight, sum_bias);
  });
  if (!partial) return;
  for (int64_t d = 0; d < D; ++d) {
    double w = 0, b = 0;
    for (int64_t task = 0; task < tasks; ++task) {
      w += double(partial[task * 2 * D + d]);
      b += double(partial[task * 2 * D + D + d]);
    }
    if (grad_weight) grad_weight[d] = T(w);
    if (grad_bias) grad_bias[d] = T(b);
  }
  deallocate(partial);
}

#define RL_INSTANTIATE(T)                                                                          \
  template void layer_norm<T>(const T*, const T*, const T*, int64_t, int64_t, double, T*, T*, T*); \
  template void layer_norm_grad<T>(const T*, const T*, const T*, const T*, const T*, int64_t, int64_t, T*, T*, T*);
RL_INSTANTIATE(float)
RL_INSTANTIATE(double)
#undef RL_INSTANTIATE

}  // namespace rl::RL_ISA
