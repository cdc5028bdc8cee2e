#pragma once
// The maximum and the sum of exponentials of a run, which softmax and cross-entropy share; included only by them.

#include <cmath>

#include "runtime/thread_pool.h"
#include "simd/lanes.h"
#include "simd/math.h"
#include "simd/unroll.h"

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

// Runs whose items are `inner` apart are taken kColumns vectors of neighbours at a time: whole cache lines of each
// item, and as many independent chains.
inline constexpr int kColumns = 4;

// The vectors of a block of neighbouring runs that starts at p; only lanes [0, n) of the block are there.
template <class T>
struct Columns {
  Vec<T> v[kColumns];
  RL_INLINE Columns() = default;
  RL_INLINE explicit Columns(T x) {
    for (auto& part : v) part = Vec<T>(x);
  }
  static RL_INLINE Columns load(const T* p, int n) {
    constexpr int L = Vec<T>::lanes;
    Columns c;
    if (n == kColumns * L) {
      unroll<kColumns>([&](auto k) RL_UNROLLED { c.v[k] = Vec<T>::load(p + k * L); });
    } else {
      for (int k = 0; k < kColumns; ++k) c.v[k] = Vec<T>::load_n(p + k * L, lanes_of(n, k));
    }
    return c;
  }
  template <bool kStream = false>
  RL_INLINE void store(T* p, int n) const {
    constexpr int L = Vec<T>::lanes;
    if (n == kColumns * L) {
      unroll<kColumns>([&](auto k) RL_UNROLLED {
        if constexpr (kStream)
          v[k].stream(p + k * L);
        else
          v[k].store(p + k * L);
      });
    } else {
      for (int k = 0; k < kColumns; ++k) v[k].store_n(p + k * L, lanes_of(n, k));
    }
  }
  static RL_INLINE int lanes_of(int n, int k) {
    constexpr int L = Vec<T>::lanes;
    const int left = n - k * L;
    return left < 0 ? 0 : left > L ? L : left;
  }
};
// f of the vectors of several blocks, one after the other.
template <class T, class F, class... C>
RL_INLINE Columns<T> join(F f, const Columns<T>& a, const C&... more) {
  Columns<T> c;
  unroll<kColumns>([&](auto k) RL_UNROLLED { c.v[k] = f(a.v[k], more.v[k]...); });
  return c;
}

// Asks for the block after the one at p.
template <class T>
RL_INLINE void prefetch_next(const T* p) {
  constexpr int block = kColumns * Vec<T>::lanes * int(sizeof(T));
  for (int i = 0; i < block; i += 64) __builtin_prefetch(reinterpret_cast<const char*>(p) + block + i);
}

template <class T>
static RL_INLINE Columns<T> column_max(const T* x, int64_t D, int64_t inner, int n) {
  Columns<T> best(-T(__builtin_inf()));
  for (int64_t d = 0; d < D; ++d) {
    prefetch_next(x + d * inner);
    best = join<T>([](Vec<T> a, Vec<T> b) RL_UNROLLED { return max(a, b); }, Columns<T>::load(x + d * inner, n), best);
  }
  return best;
}
// sum exp(x - m); the terms are kept in y, `stride` apart, when keep.
template <bool keep, class T>
static RL_INLINE Columns<T> column_exp_sum(const T* x, T* y, int64_t D, int64_t inner, int64_t stride, int n,
                                           const Columns<T>& m) {
  Columns<T> sum(T(0));
  for (int64_t d = 0; d < D; ++d) {
    const auto e = join<T>([](Vec<T> a, Vec<T> b) RL_UNROLLED { return exp_nonpositive(a - b); },
                           Columns<T>::load(x + d * inner, n), m);
    if constexpr (keep) e.store(y + d * stride, n);
    sum = join<T>([](Vec<T> a, Vec<T> b) RL_UNROLLED { return a + b; }, sum, e);
  }
  return sum;
}

// row(offset) for every run when inner == 1, else column(offset, first, lanes) for blocks of neighbouring runs.
template <class T, class Row, class Column>
static RL_INLINE void over_runs(int64_t outer, int64_t D, int64_t inner, Row&& row, Column&& column) {
  constexpr int64_t L = kColumns * Vec<T>::lanes;
  if (inner == 1) {
    parallel_for(outer, kSimpleGrain / 4 / (D + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) row(o);
      stream_fence();
    });
    return;
  }
  const int64_t blocks = (inner + L - 1) / L;
  parallel_for(outer * blocks, kSimpleGrain / 4 / (D * L + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t o = b / blocks, first = b % blocks * L;
      column(o, first, int(inner - first < L ? inner - first : L));
    }
    stream_fence();
  });
}

}  // namespace rl::RL_ISA
