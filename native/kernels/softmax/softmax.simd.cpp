#include "kernels/softmax/softmax.h"

#include "kernels/softmax/rows.h"
#include "runtime/allocator.h"
#include "runtime/streaming.h"

// Outputs that the caches would not keep are written past them, once: exponentials then wait in a buffer in the
// first-level cache until their sum is known.

namespace rl::RL_ISA {

inline constexpr int kShortVectors = 8;

// Whether a run of n items from p can be written with whole aligned vectors.
template <class T>
static RL_INLINE bool aligned(const T* p, int64_t n) {
  return (reinterpret_cast<uintptr_t>(p) | uintptr_t(n * int64_t(sizeof(T)))) % kVectorBytes == 0;
}

// f(i, lanes) for the vectors of a run, stored to `to`.
template <bool kStream, class T, class F>
static RL_INLINE void write_run(T* to, int64_t n, F&& f) {
  constexpr int L = Vec<T>::lanes;
  int64_t i = 0;
  for (; i + L <= n; i += L) {
    if constexpr (kStream)
      f(i, L).stream(to + i);
    else
      f(i, L).store(to + i);
  }
  if (i < n) f(i, int(n - i)).store_n(to + i, int(n - i));
}
template <class T, class F>
static RL_INLINE void write_run(bool stream, T* to, int64_t n, F&& f) {
  if (stream)
    write_run<true>(to, n, f);
  else
    write_run<false>(to, n, f);
}

// A run of `count` vectors, the last one of `rest` lanes (those in `there`), in registers all the way.
template <bool log, int count, class T>
static RL_INLINE void short_row(const T* x, T* y, int rest, Mask<T> there) {
  constexpr int L = Vec<T>::lanes;
  const Vec<T> lowest(-T(__builtin_inf()));
  Vec<T> v[count];
  unroll<count - 1>([&](auto k) RL_UNROLLED { v[k] = Vec<T>::load(x + k * L); });
  v[count - 1] = select<T>(there, Vec<T>::load_n(x + (count - 1) * L, rest), lowest);
  Vec<T> best = lowest;  // NaN never wins; it comes back through the sum of exponentials
  unroll<count>([&](auto k) RL_UNROLLED { best = max(v[k], best); });
  const Vec<T> m(reduce_max(best));
  Vec<T> e[count], sum = Vec<T>::zero();
  unroll<count>([&](auto k) RL_UNROLLED { e[k] = exp_nonpositive(v[k] - m); });
  e[count - 1] = select<T>(there, e[count - 1], Vec<T>::zero());
  unroll<count>([&](auto k) RL_UNROLLED { sum += e[k]; });
  const T total = reduce_add(sum);
  const Vec<T> last(log ? T(std::log(total)) : T(1) / total);
  unroll<count>([&](auto k) RL_UNROLLED {
    const Vec<T> r = log ? v[k] - m - last : e[k] * last;
    if (k < count - 1)
      r.store(y + k * L);
    else
      r.store_n(y + k * L, rest);
  });
}

template <bool log, class T>
static void short_rows(const T* x, T* y, int64_t outer, int64_t D) {
  constexpr int L = Vec<T>::lanes;
  const int count = int((D + L - 1) / L), rest = int(D - (count - 1) * L);
  const Mask<T> there = first_lanes<T>(rest);
  const auto rows = [&](auto vectors) RL_LAMBDA_INLINE {
    parallel_for(outer, kSimpleGrain / 4 / (D + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) short_row<log, int(vectors)>(x + o * D, y + o * D, rest, there);
    });
  };
  unroll<kShortVectors>([&](auto i) RL_UNROLLED {
    if (count == int(i) + 1) rows(Index<int(i) + 1>{});
  });
}

template <bool log, class T>
static void softmax(const T* x, T* y, int64_t outer, int64_t D, int64_t inner) {
  constexpr int L = Vec<T>::lanes;
  if (inner == 1 && D <= kShortVectors * L && outer * D * int64_t(sizeof(T)) < stream_bytes())
    return short_rows<log>(x, y, outer, D);
  constexpr int64_t kHeld = 32 << 10;  // bytes of exponentials held back
  const bool large = outer * D * inner * int64_t(sizeof(T)) >= stream_bytes() && x != y;
  over_runs<T>(
      outer, D, inner,
      [&](int64_t o) {
        const T* from = x + o * D;
        T* to = y + o * D;
        const T m = row_max(from, D);
        const bool stream = large && D * int64_t(sizeof(T)) <= kHeld && aligned(to, D);
        T* held = stream ? static_cast<T*>(scratch(0, size_t(D) * sizeof(T))) : to;
        if (!held) held = to;
        const T sum = row_exp_sum<!log>(from, held, D, m);
        const Vec<T> shift(m), last(log ? T(std::log(sum)) : T(1) / sum);
        write_run(stream && held != to, to, D, [&](int64_t i, int n) RL_LAMBDA_INLINE {
          return log ? load_up_to(from + i, n) - shift - last : load_up_to(held + i, n) * last;
        });
      },
      [&](int64_t o, int64_t first, int n) {
        const T* from = x + o * D * inner + first;
        T* to = y + o * D * inner + first;
        const int64_t held_bytes = D * kColumns * L * int64_t(sizeof(T));
        const bool stream = large && held_bytes <= kHeld && aligned(to, inner);
        T* held = stream ? static_cast<T*>(scratch(0, size_t(held_bytes))) : to;
        const int64_t stride = stream && held ? kColumns * L : inner;
        if (!held) held = to;
        const Columns<T> m = column_max(from, D, inner, n);
        const Columns<T> sum = column_exp_sum<!log>(from, held, D, inner, stride, n, m);
        const Columns<T> last =
            join<T>([](Vec<T> s) RL_UNROLLED { return log ? rl::RL_ISA::log(s) : Vec<T>(T(1)) / s; }, sum);
        for (int64_t d = 0; d < D; ++d) {
          const Columns<T> r = log ? join<T>([](Vec<T> a, Vec<T> b, Vec<T> c) RL_UNROLLED { return a - b - c; },
                                             Columns<T>::load(from + d * inner, n), m, last)
                                   : join<T>([](Vec<T> a, Vec<T> b) RL_UNROLLED { return a * b; },
                                             Columns<T>::load(held + d * stride, n), last);
          if (held != to)
            r.template store<true>(to + d * inner, n);
          else
            r.store(to + d * inner, n);
        }
      });
}

template <bool log, class T>
static void softmax_grad(const T* g, const T* y, T* grad_x, int64_t outer, int64_t D, int64_t inner) {
  constexpr int L = Vec<T>::lanes;
  const auto result = [](Vec<T> gv, Vec<T> yv, Vec<T> sum)
                          RL_LAMBDA_INLINE { return log ? gv - exp(yv) * sum : yv * (gv - sum); };
  const auto add = [](Vec<T> sum, Vec<T> gv, Vec<T> yv) RL_LAMBDA_INLINE { return log ? sum + gv : fma(gv, yv, sum); };
  const bool large = outer * D * inner * int64_t(sizeof(T)) >= stream_bytes() && grad_x != g && grad_x != y;
  over_runs<T>(
      outer, D, inner,
      [&](int64_t o) {
        const T* gr = g + o * D;
        const T* yr = y + o * D;
        T* to = grad_x + o * D;
        Vec<T> a = Vec<T>::zero(), b = Vec<T>::zero();
        int64_t i = 0;
        for (; i + 2 * L <= D; i += 2 * L) {
          a = add(a, Vec<T>::load(gr + i), Vec<T>::load(yr + i));
          b = add(b, Vec<T>::load(gr + i + L), Vec<T>::load(yr + i + L));
        }
        for (; i < D; i += L) {
          const int n = D - i < L ? int(D - i) : L;
          a = add(a, load_up_to(gr + i, n), load_up_to(yr + i, n));
        }
        const Vec<T> sum(reduce_add(a + b));
        write_run(large && aligned(to, D), to, D, [&](int64_t k, int n) RL_LAMBDA_INLINE {
          return result(load_up_to(gr + k, n), load_up_to(yr + k, n), sum);
        });
      },
      [&](int64_t o, int64_t first, int n) {
        const int64_t start = o * D * inner + first;
        const bool stream = large && aligned(grad_x + start, inner);
        Columns<T> sum(T(0));
        for (int64_t d = 0; d < D; ++d) {
          const int64_t at = start + d * inner;
          prefetch_next(g + at);
          prefetch_next(y + at);
          sum = join<T>([&](Vec<T> s, Vec<T> gv, Vec<T> yv) RL_UNROLLED { return add(s, gv, yv); }, sum,
                        Columns<T>::load(g + at, n), Columns<T>::load(y + at, n));
        }
        for (int64_t d = 0; d < D; ++d) {
          const int64_t at = start + d * inner;
          const Columns<T> r = join<T>([&](Vec<T> gv, Vec<T> yv, Vec<T> s) RL_UNROLLED { return result(gv, yv, s); },
                                       Columns<T>::load(g + at, n), Columns<T>::load(y + at, n), sum);
          if (stream)
            r.template store<true>(grad_x + at, n);
          else
            r.store(grad_x + at, n);
        }
      });
}

extern const SoftmaxKernels softmax_kernels_table = {
#define RL_TYPE(T) &softmax<false, T>, &softmax<true, T>, &softmax_grad<false, T>, &softmax_grad<true, T>
    RL_TYPE(float), RL_TYPE(double)
#undef RL_TYPE
};

}  // namespace rl::RL_ISA
