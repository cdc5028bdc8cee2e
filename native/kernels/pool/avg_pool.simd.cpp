#include "kernels/pool/windows.h"

namespace rl::RL_ISA {

// Sums of rows over a window, divided at the end.

template <class T, int sw>
static void avg_rows(const T* x, T* y, const PoolGeometry& g, bool count_include_pad, int64_t divisor) {
  constexpr int L = Vec<T>::lanes;
  const Divisor count{g, count_include_pad, divisor};
  const TapRange inside = interior(g);
  const int64_t K = g.kernel[2], S = g.stride[2], P = g.padding[2];
  parallel_for(g.planes * g.out[0] * g.out[1], 2 * kSimpleGrain / (g.out[2] * g.num_taps() + 1) + 1,
               [&](int64_t begin, int64_t end) {
                 for (int64_t row = begin; row < end; ++row) {
                   const int64_t h = row % g.out[1], z = row / g.out[1] % g.out[0], plane = row / (g.out[0] * g.out[1]);
                   const TapRange depth = valid_taps(g, 0, z), height = valid_taps(g, 1, h);
                   const T* volume = x + plane * g.in_size();
                   T* out = y + row * g.out[2];
                   const int64_t rows = count.rows(z, h);
                   const auto input_row = [&](int64_t kz, int64_t ky) {
                     const int64_t iz = z * g.stride[0] - g.padding[0] + kz, iy = h * g.stride[1] - g.padding[1] + ky;
                     return volume + (iz * g.in[1] + iy) * g.in[2];
                   };
                   const auto edge = [&](int64_t j) {
                     const TapRange width = valid_taps(g, 2, j);
                     T sum = T(0);
                     for (int64_t kz = depth.begin; kz < depth.end; ++kz)
                       for (int64_t ky = height.begin; ky < height.end; ++ky)
                         for (int64_t k = width.begin; k < width.end; ++k)
                           sum = plus(sum, input_row(kz, ky)[j * S - P + k]);
                     const int64_t n = count.at(rows, j);
                     out[j] = n ? over(sum, T(n)) : T(0);
                   };
                   if constexpr (T(1) / 2 == 0) {
                     for (int64_t j = 0; j < g.out[2]; ++j) edge(j);
                   } else {
                     for (int64_t j = 0; j < inside.begin; ++j) edge(j);
                     const Vec<T> size(T(count.at(rows, inside.begin)));
                     for (int64_t j = inside.begin; j < inside.end; j += L) {
                       const int n = inside.end - j < L ? int(inside.end - j) : L;
                       Vec<T> sum = Vec<T>::zero();
                       for (int64_t kz = depth.begin; kz < depth.end; ++kz)
                         for (int64_t ky = height.begin; ky < height.end; ++ky) {
                           const T* start = input_row(kz, ky) + j * S - P;
                           for (int64_t k = 0; k < K; ++k) sum += load_strided<sw>(start + k, S, n);
                         }
                       (sum / size).store_n(out + j, n);
                     }
                     for (int64_t j = inside.end; j < g.out[2]; ++j) edge(j);
                   }
                 }
               });
}

template <class T>
void avg_pool(const T* x, T* y, const PoolGeometry& g, bool count_include_pad, int64_t divisor) {
  if (g.stride[2] == 1) return avg_rows<T, 1>(x, y, g, count_include_pad, divisor);
  if (g.stride[2] == 2) return avg_rows<T, 2>(x, y, g, count_include_pad, divisor);
  avg_rows<T, 0>(x, y, g, count_include_pad, divisor);
}

// f(output index, depth, height, width) over the adaptive windows of one plane.
template <class F>
static RL_INLINE void for_windows(const PoolGeometry& g, F&& f) {
  int64_t o = 0;
  for (int64_t z = 0; z < g.out[0]; ++z)
    for (int64_t h = 0; h < g.out[1]; ++h)
      for (int64_t j = 0; j < g.out[2]; ++j, ++o)
        f(o, adaptive_window(g, 0, z), adaptive_window(g, 1, h), adaptive_window(g, 2, j));
}

template <class T>
void adaptive_max_pool(const T* x, T* y, int64_t* indices, const PoolGeometry& g) {
  over_planes(g, [&](int64_t plane) {
    const T* from = x + plane * g.in_size();
    T* to = y + plane * g.out_size();
    int64_t* index = indices + plane * g.out_size();
    for_windows(g, [&](int64_t o, TapRange depth, TapRange height, TapRange width) {
      int64_t best = (depth.begin * g.in[1] + height.begin) * g.in[2] + width.begin;
      for (int64_t z = depth.begin; z < depth.end; ++z)
        for (int64_t h = height.begin; h < height.end; ++h)
          for (int64_t w = width.begin; w < width.end; ++w) {
            const int64_t at = (z * g.in[1] + h) * g.in[2] + w;
            if (from[at] > from[best] || from[at] != from[at]) best = at;
          }
      to[o] = from[best];
      index[o] = best;
    });
  });
}

template <class T>
void gather_planes(const T* x, const int64_t* indices, T* y, int64_t planes, int64_t in_size, int64_t out_size) {
  parallel_for(planes, kSimpleGrain / 2 / (out_size + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * out_size; i < end * out_size; ++i)
      y[i] = uint64_t(indices[i]) < uint64_t(in_size) ? x[i / out_size * in_size + indices[i]] : T(0);
  });
}

template <class T>
void scatter_planes(const T* grad_y, const int64_t* indices, T* grad_x, int64_t planes, int64_t in_size,
                    int64_t out_size) {
  parallel_for(planes, kSimpleGrain / 2 / (out_size + in_size + 1) + 1, [&](int64_t begin, int64_t end) {
    std::memset(grad_x + begin * in_size, 0, size_t((end - begin) * in_size) * sizeof(T));
    for (int64_t i = begin * out_size; i < end * out_size; ++i)
      if (uint64_t(indices[i]) < uint64_t(in_size)) {
        T& to = grad_x[i / out_size * in_size + indices[i]];
        to = plus(to, grad_y[i]);
      }
  });
}

template <class T>
bool max_pool(const T*, T*, void*, const PoolGeometry&);
template <class T>
void max_pool_grad(const T*, const void*, T*, const PoolGeometry&);
template <class T>
bool avg_pool_grad(const T*, T*, const PoolGeometry&, bool, int64_t);
template <class T>
bool adaptive_avg_pool(const T*, T*, const PoolGeometry&);
template <class T>
bool adaptive_avg_pool_grad(const T*, T*, const PoolGeometry&);
template <class T>
void max_pool_take(const T*, const void*, T*, const PoolGeometry&);
void max_pool_indices(const void*, int64_t*, const PoolGeometry&);
template <class T>
void max_pool_last(const T*, T*, void*, int64_t, const PoolGeometry&);
template <class T>
void max_pool_grad_last(const T*, const void*, T*, int64_t, const PoolGeometry&);
template <class T>
void avg_pool_last(const T*, T*, int64_t, const PoolGeometry&, bool, int64_t);
template <class T>
void avg_pool_grad_last(const T*, T*, int64_t, const PoolGeometry&, bool, int64_t);
template <class T>
void adaptive_avg_pool_last(const T*, T*, int64_t, const PoolGeometry&);
template <class T>
void adaptive_avg_pool_grad_last(const T*, T*, int64_t, const PoolGeometry&);

extern const PoolKernels pool_kernels_table = {
#define RL_TYPE(suffix, T)                                                                                    \
  &max_pool<T>, &max_pool_grad<T>, &max_pool_take<T>, &avg_pool<T>, &avg_pool_grad<T>, &adaptive_avg_pool<T>, \
      &adaptive_avg_pool_grad<T>, &adaptive_max_pool<T>, &gather_planes<T>, &scatter_planes<T>,
    RL_POOL_TYPES(RL_TYPE)
#undef RL_TYPE
#define RL_TYPE(T)                                                                                                  \
  &max_pool_last<T>, &max_pool_grad_last<T>, &avg_pool_last<T>, &avg_pool_grad_last<T>, &adaptive_avg_pool_last<T>, \
      &adaptive_avg_pool_grad_last<T>,
        RL_TYPE(float) RL_TYPE(double)
#undef RL_TYPE
    & max_pool_indices};

}  // namespace rl::RL_ISA
