#pragma once
// Per-column sums of a tall (N, C) matrix, as images in channels-last order are: chunks of whole rows, which stay in
// the second-level cache while they are read twice, each with sums of its own; then all chunks together. How rows are
// cut depends on the sizes alone, so results do not depend on the number of threads.

#include "kernels/norm/moments.h"
#include "runtime/streaming.h"

namespace rl::RL_ISA {

struct RowChunks {
  int64_t N, rows, count;
  RowChunks(int64_t N, int64_t C) : N(N), rows(65536 / C < 256 ? 256 : 65536 / C), count((N + rows - 1) / rows) {}
  int64_t begin(int64_t i) const { return i * rows; }
  int64_t end(int64_t i) const { return (i + 1) * rows < N ? (i + 1) * rows : N; }
};

// Of fewer rows the columns are divided among the threads instead.
static RL_INLINE bool is_tall(int64_t N, int64_t C) { return N >= 1024 && C > 0; }

// One column of up to Vec::lanes channels.
template <class T>
static RL_INLINE Vec<T> load_column(const T* p, int lanes) {
  return lanes == Vec<T>::lanes ? Vec<T>::load(p) : Vec<T>::load_n(p, lanes);
}
template <class T>
static RL_INLINE void store_column(Vec<T> v, T* p, int lanes) {
  if (lanes == Vec<T>::lanes)
    v.store(p);
  else
    v.store_n(p, lanes);
}

// total[k] = sum over rows first .. last-1 of lane k of f(row), in double beyond 256 rows.
template <class T, class F>
static RL_INLINE void sum_rows(int64_t first, int64_t last, double* total, F&& f) {
  constexpr int L = Vec<T>::lanes;
  for (int k = 0; k < L; ++k) total[k] = 0;
  for (; first < last; first += 256) {
    Vec<T> sum[4] = {Vec<T>::zero(), Vec<T>::zero(), Vec<T>::zero(), Vec<T>::zero()};
    const int64_t end = first + 256 < last ? first + 256 : last;
    int64_t n = first;
    for (; n + 4 <= end; n += 4)
      for (int k = 0; k < 4; ++k) sum[k] += f(n + k);
    for (; n < end; ++n) sum[0] += f(n);
    const Vec<T> all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    for (int k = 0; k < L; ++k) total[k] += double(all[k]);
  }
}

// sums: chunks.count * 2 * C doubles. f(first row, last row, first column, lanes, a, b) fills a chunk's two rows of it.
template <class T, class F>
static RL_INLINE void over_chunks(const RowChunks& chunks, int64_t C, double* sums, F&& f) {
  constexpr int L = Vec<T>::lanes;
  parallel_for(chunks.count, kSimpleGrain / (chunks.rows * C) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t c = 0; c < C; c += L) {
        double a[L], b[L];
        const int lanes = C - c < L ? int(C - c) : L;
        f(chunks.begin(i), chunks.end(i), c, lanes, a, b);
        for (int k = 0; k < lanes; ++k) {
          sums[2 * i * C + c + k] = a[k];
          sums[(2 * i + 1) * C + c + k] = b[k];
        }
      }
  });
}

// Memory for them, or nullptr: then the columns are summed one block after the other.
static RL_INLINE double* chunk_sums(const RowChunks& chunks, int64_t C) {
  return static_cast<double*>(scratch(2, size_t(2 * chunks.count * C) * sizeof(double)));
}

// f(channel, moments) for every channel; false where there is no memory.
template <class T, class F>
static RL_INLINE bool for_tall_moments(const T* x, int64_t N, int64_t C, F&& f) {
  const RowChunks chunks(N, C);
  double* sums = chunk_sums(chunks, C);
  if (!sums) return false;
  over_chunks<T>(chunks, C, sums,
                 [&](int64_t first, int64_t last, int64_t c, int lanes, double* mean, double* squares) {
                   sum_rows<T>(first, last, mean, [&](int64_t n) { return load_column(x + n * C + c, lanes); });
                   const double count = double(last - first);
                   Vec<T> m = Vec<T>::zero();
                   for (int k = 0; k < lanes; ++k) m.set(k, T(mean[k] /= count));
                   sum_rows<T>(first, last, squares, [&](int64_t n) {
                     const Vec<T> d = load_column(x + n * C + c, lanes) - m;
                     return d * d;
                   });
                   for (int k = 0; k < lanes; ++k) {
                     const double shift = mean[k] - double(m[k]);
                     squares[k] -= count * shift * shift;
                   }
                 });
  for (int64_t c = 0; c < C; ++c) {
    Moments moments;
    for (int64_t i = 0; i < chunks.count; ++i)
      moments.merge(double(chunks.end(i) - chunks.begin(i)), sums[2 * i * C + c], sums[(2 * i + 1) * C + c]);
    f(c, moments);
  }
  return true;
}

// f(row, column, lanes) over the whole matrix, rows divided among the threads. `stream`: f writes past the caches.
template <class T, class F>
static RL_INLINE void over_rows(int64_t N, int64_t C, bool stream, F&& f) {
  constexpr int L = Vec<T>::lanes;
  parallel_for(N, kSimpleGrain / (C + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      int64_t c = 0;
      for (; c + L <= C; c += L) f(n, c, L);
      if (c < C) f(n, c, int(C - c));
    }
    if (stream) stream_fence();
  });
}

}  // namespace rl::RL_ISA
