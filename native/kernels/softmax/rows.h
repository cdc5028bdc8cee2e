#pragma once
// The maximum and the sum of exponentials of a run, which softmax and cross-entropy share; included only by them.

#include <cmath>

#include "runtime/thread_pool.h"
#include "simd/math.h"

namespace rl::RL_ISA {

template <class T>
static RL_INLINE Vec<T> load_up_to(const T* p, int n) {
  return n == Vec<T>::lanes ? Vec<T>::load(p) : Vec<T>::load_n(p, n);
}
template <class T>
static RL_INLINE void store_up_to(T* p, Vec<T> v, int n) {
  if (n == Vec<T>::lanes) {
    v.store(p);
  } else {
    v.store_n(p, n);
  }
}

// The largest lane, by halves: a chain over the lanes would cost more than a row of 128.
template <class T>
static RL_INLINE T tree_max(Vec<T> a) {
  T lane[Vec<T>::lanes];
  a.store(lane);
  for (int width = Vec<T>::lanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lane[i] = lane[i] > lane[i + width] ? lane[i] : lane[i + width];
  return lane[0];
}

// NaN never wins; it comes back through the sum of exponentials.
template <class T>
static RL_INLINE T row_max(const T* x, int64_t D) {
  constexpr int L = Vec<T>::lanes;
  const T lowest = -T(__builtin_inf());
  T best = lowest;
  int64_t i = 0;
  if (D >= L) {
    Vec<T> a(lowest), b(lowest);
    for (; i + 2 * L <= D; i += 2 * L) {
      a = max(Vec<T>::load(x + i), a);
      b = max(Vec<T>::load(x + i + L), b);
    }
    for (; i + L <= D; i += L) a = max(Vec<T>::load(x + i), a);
    best = tree_max(max(a, b));
  }
  for (; i < D; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

// sum exp(x - m), kept in y when keep.
template <bool keep, class T>
static RL_INLINE T row_exp_sum(const T* x, T* y, int64_t D, T m) {
  constexpr int L = Vec<T>::lanes;
  const Vec<T> shift(m);
  Vec<T> a = Vec<T>::zero(), b = Vec<T>::zero();
  int64_t i = 0;
  for (; i + 2 * L <= D; i += 2 * L) {
    const Vec<T> e = exp_nonpositive(Vec<T>::load(x + i) - shift), f = exp_nonpositive(Vec<T>::load(x + i + L) - shift);
    a += e;
    b += f;
    if constexpr (keep) {
      e.store(y + i);
      f.store(y + i + L);
    }
  }
  T rest = T(0);
  for (; i < D; i += L) {
    const int n = D - i < L ? int(D - i) : L;
    const Vec<T> e = exp_nonpositive(load_up_to(x + i, n) - shift);
    if constexpr (keep) store_up_to(y + i, e, n);
    if (n == L) {
      a += e;
    } else {
      for (int k = 0; k < n; ++k) rest += e[k];
    }
  }
  return reduce_add(a + b) + rest;
}

// The same for up to Vec::lanes neighbouring runs with items `inner` apart: lane k is the run that starts at x[k].
template <class T>
static RL_INLINE Vec<T> column_max(const T* x, int64_t D, int64_t inner, int n) {
  Vec<T> best(-T(__builtin_inf()));
  for (int64_t d = 0; d < D; ++d) best = max(load_up_to(x + d * inner, n), best);
  return best;
}
template <bool keep, class T>
static RL_INLINE Vec<T> column_exp_sum(const T* x, T* y, int64_t D, int64_t inner, int n, Vec<T> m) {
  Vec<T> sum = Vec<T>::zero();
  for (int64_t d = 0; d < D; ++d) {
    const Vec<T> e = exp_nonpositive(load_up_to(x + d * inner, n) - m);
    if constexpr (keep) store_up_to(y + d * inner, e, n);
    sum += e;
  }
  return sum;
}
template <class T>
static RL_INLINE Vec<T> lane_log(Vec<T> v, int n) {
  for (int k = 0; k < n; ++k) v.set(k, std::log(v[k]));
  return v;
}

// row(offset) for every run when inner == 1, else column(offset, lanes) for blocks of neighbouring runs.
template <class T, class Row, class Column>
static RL_INLINE void over_runs(int64_t outer, int64_t D, int64_t inner, Row&& row, Column&& column) {
  constexpr int64_t L = Vec<T>::lanes;
  if (inner == 1) {
    parallel_for(outer, kSimpleGrain / 4 / (D + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) row(o);
    });
    return;
  }
  const int64_t blocks = (inner + L - 1) / L;
  parallel_for(outer * blocks, kSimpleGrain / 4 / (D * L + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t o = b / blocks, first = b % blocks * L;
      column(o, first, int(inner - first < L ? inner - first : L));
    }
  });
}

}  // namespace rl::RL_ISA
