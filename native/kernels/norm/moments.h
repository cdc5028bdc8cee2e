#pragma once
// Sums over runs and columns that the normalisation sources share; included only by them.

#include "kernels/norm/norm.h"
#include "runtime/allocator.h"
#include "runtime/thread_pool.h"
#include "simd/vec.h"

namespace rl::RL_ISA {

inline constexpr int64_t kBlock = 8192;  // items per block of sums: 32 KB of float

// Count, mean and sum of squared deviations of what was seen so far.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  RL_INLINE void merge(double n, double m, double s) {
    if (n == 0) return;
    if (count == 0) {
      count = n;
      mean = m;
      squares = s;
      return;
    }
    const double total = count + n, delta = m - mean;
    mean += delta * (n / total);
    squares += s + delta * delta * (count * n / total);
    count = total;
  }
};

// f(Vec, lanes) over x[0 .. n): whole vectors, then the rest.
template <class T>
struct Sum {
  Vec<T> part[4];
  RL_INLINE Sum() {
    for (auto& p : part) p = Vec<T>::zero();
  }
  RL_INLINE T total() const { return reduce_add((part[0] + part[1]) + (part[2] + part[3])); }
};

template <class T>
static RL_INLINE void add_run(Sum<T>& sum, const T* x, int64_t n) {
  constexpr int L = Vec<T>::lanes;
  int64_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L)
    for (int k = 0; k < 4; ++k) sum.part[k] += Vec<T>::load(x + i + k * L);
  for (; i + L <= n; i += L) sum.part[0] += Vec<T>::load(x + i);
  if (i < n) sum.part[1] += Vec<T>::load_n(x + i, int(n - i));
}

// sum of (x - mean)^2; the lanes beyond n must not count, so the tail is masked by a zero weight.
template <class T>
static RL_INLINE void add_squares(Sum<T>& sum, const T* x, int64_t n, T mean) {
  constexpr int L = Vec<T>::lanes;
  const Vec<T> m(mean);
  int64_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L)
    for (int k = 0; k < 4; ++k) {
      const Vec<T> d = Vec<T>::load(x + i + k * L) - m;
      sum.part[k] = fma(d, d, sum.part[k]);
    }
  for (; i + L <= n; i += L) {
    const Vec<T> d = Vec<T>::load(x + i) - m;
    sum.part[0] = fma(d, d, sum.part[0]);
  }
  for (; i < n; ++i) {
    const T d = x[i] - mean;
    sum.part[1].set(0, sum.part[1][0] + d * d);
  }
}

// Calls f(first plane, planes, offset, length) over blocks of at most kBlock items of an (N, L) set of runs: several
// whole runs when they are short, parts of one run when it is long.
template <class F>
static RL_INLINE void for_blocks(int64_t N, int64_t L, F&& f) {
  if (L == 0) return;
  if (L <= kBlock) {
    const int64_t runs = kBlock / L;
    for (int64_t n = 0; n < N; n += runs) f(n, n + runs < N ? runs : N - n, int64_t(0), L);
  } else {
    for (int64_t n = 0; n < N; ++n)
      for (int64_t i = 0; i < L; i += kBlock) f(n, int64_t(1), i, i + kBlock < L ? kBlock : L - i);
  }
}

// Moments of N runs of L items, `stride` apart.
template <class T>
static RL_INLINE Moments run_moments(const T* x, int64_t N, int64_t stride, int64_t L) {
  Moments moments;
  for_blocks(N, L, [&](int64_t first, int64_t runs, int64_t offset, int64_t length) {
    const T* start = x + first * stride + offset;
    Sum<T> sum, squares;
    for (int64_t r = 0; r < runs; ++r) add_run(sum, start + r * stride, length);
    const double count = double(runs * length), mean = double(sum.total()) / count;
    for (int64_t r = 0; r < runs; ++r) add_squares(squares, start + r * stride, length, T(mean));
    // The deviations were from T(mean), not from mean: correct for the difference.
    const double shift = mean - double(T(mean));
    moments.merge(count, mean, double(squares.total()) - count * shift * shift);
  });
  return moments;
}

}  // namespace rl::RL_ISA
