#include "kernels/pool/windows.h"
#include "kernels/reduce/reduce.h"

namespace rl::RL_ISA {

// Along the last axis: where the windows begin and end, worked out once a task, and a row to add up in.
template <class T>
struct AdaptiveRow {
  const int64_t *begin, *end;
  T* row;  // in[2] items, rounded up to whole vectors; nullptr: no memory
  explicit AdaptiveRow(const PoolGeometry& g) {
    const int64_t J = g.out[2];
    auto* bounds = static_cast<int64_t*>(
        scratch(0, size_t(2 * J) * sizeof(int64_t) + size_t(g.in[2] + Vec<T>::lanes) * sizeof(T)));
    begin = end = bounds;
    row = nullptr;
    if (!bounds) return;
    for (int64_t j = 0; j < J; ++j) {
      const TapRange width = adaptive_window(g, 2, j);
      bounds[j] = width.begin;
      bounds[J + j] = width.end;
    }
    end = bounds + J;
    row = reinterpret_cast<T*>(bounds + 2 * J);
  }
};

// f(plane, AdaptiveRow) for every plane; false: no memory.
template <class T, class F>
static RL_INLINE bool over_adaptive_planes(const PoolGeometry& g, F&& f) {
  bool ok = true;  // only ever cleared, atomically
  parallel_for(g.planes, kSimpleGrain / 2 / (g.out_size() + g.in_size() + 1) + 1, [&](int64_t begin, int64_t end) {
    const AdaptiveRow<T> row(g);
    if (!row.row) {
      __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
      return;
    }
    for (int64_t plane = begin; plane < end; ++plane) f(plane, row);
  });
  return ok;
}

static RL_INLINE void mean_rows(const float* x, float* y, int64_t rows, int64_t n) {
  reduce_kernels().rows_f32(kSum, kDivide, x, n, rows, n, y, 1);
}
static RL_INLINE void mean_rows(const double* x, double* y, int64_t rows, int64_t n) {
  reduce_kernels().rows_f64(kSum, kDivide, x, n, rows, n, y, 1);
}

template <class T>
static RL_INLINE T sum_run(const T* x, int64_t n) {
  constexpr int L = Vec<T>::lanes;
  T sum = T(0);
  int64_t i = 0;
  if (n >= 2 * L) {
    Vec<T> total = Vec<T>::zero();
    for (; i + L <= n; i += L) total += Vec<T>::load(x + i);
    sum = reduce_add(total);
  }
  for (; i < n; ++i) sum = plus(sum, x[i]);
  return sum;
}

// The rows of a window are added up first, then the items of that sum.
template <class T>
bool adaptive_avg_pool(const T* x, T* y, const PoolGeometry& g) {
  constexpr int L = Vec<T>::lanes;
  if constexpr (T(1) / 2 != 0) {
    if (g.out_size() == 1) {  // global average pooling
      parallel_for(g.planes, kSimpleGrain / 2 / (g.in_size() + 1) + 1, [&](int64_t begin, int64_t end) {
        mean_rows(x + begin * g.in_size(), y + begin, end - begin, g.in_size());
      });
      return true;
    }
  }
  const int64_t W = g.in[2];
  return over_adaptive_planes<T>(g, [&](int64_t plane, const AdaptiveRow<T>& a) {
    const T* from = x + plane * g.in_size();
    T* to = y + plane * g.out_size();
    for (int64_t z = 0; z < g.out[0]; ++z)
      for (int64_t h = 0; h < g.out[1]; ++h, to += g.out[2]) {
        const TapRange depth = adaptive_window(g, 0, z), height = adaptive_window(g, 1, h);
        for (int64_t w = 0; w < W; w += L) {
          const int n = int(min(L, W - w));
          Vec<T> sum = Vec<T>::zero();
          for (int64_t iz = depth.begin; iz < depth.end; ++iz)
            for (int64_t iy = height.begin; iy < height.end; ++iy)
              sum += Vec<T>::load_n(from + (iz * g.in[1] + iy) * W + w, n);
          sum.store(a.row + w);
        }
        const int64_t rows = (depth.end - depth.begin) * (height.end - height.begin);
        for (int64_t j = 0; j < g.out[2]; ++j) {
          const int64_t n = a.end[j] - a.begin[j];
          to[j] = T(sum_run(a.row + a.begin[j], n) / T(rows * n));
        }
      }
  });
}

// A row of windows' shares is spread along the row first, then added to all rows of the window.
template <class T>
bool adaptive_avg_pool_grad(const T* grad_y, T* grad_x, const PoolGeometry& g) {
  constexpr int L = Vec<T>::lanes;
  const int64_t W = g.in[2];
  return over_adaptive_planes<T>(g, [&](int64_t plane, const AdaptiveRow<T>& a) {
    const T* from = grad_y + plane * g.out_size();
    T* to = grad_x + plane * g.in_size();
    if (g.out_size() == 1) {
      const T share = T(from[0] / T(g.in_size()));
      for (int64_t i = 0; i < g.in_size(); ++i) to[i] = share;
      return;
    }
    std::memset(to, 0, size_t(g.in_size()) * sizeof(T));
    for (int64_t z = 0; z < g.out[0]; ++z)
      for (int64_t h = 0; h < g.out[1]; ++h, from += g.out[2]) {
        const TapRange depth = adaptive_window(g, 0, z), height = adaptive_window(g, 1, h);
        const int64_t rows = (depth.end - depth.begin) * (height.end - height.begin);
        std::memset(a.row, 0, size_t(W) * sizeof(T));
        for (int64_t j = 0; j < g.out[2]; ++j) {
          const T share = T(from[j] / T(rows * (a.end[j] - a.begin[j])));
          for (int64_t w = a.begin[j]; w < a.end[j]; ++w) a.row[w] = plus(a.row[w], share);
        }
        for (int64_t w = 0; w < W; w += L) {
          const int n = int(min(L, W - w));
          const Vec<T> share = Vec<T>::load(a.row + w);
          for (int64_t iz = depth.begin; iz < depth.end; ++iz)
            for (int64_t iy = height.begin; iy < height.end; ++iy) {
              T* p = to + (iz * g.in[1] + iy) * W + w;
              (Vec<T>::load_n(p, n) + share).store_n(p, n);
            }
        }
      }
  });
}

#define RL_TYPE(suffix, T)                                               \
  template bool adaptive_avg_pool<T>(const T*, T*, const PoolGeometry&); \
  template bool adaptive_avg_pool_grad<T>(const T*, T*, const PoolGeometry&);
RL_POOL_TYPES(RL_TYPE)
#undef RL_TYPE

}  // namespace rl::RL_ISA
