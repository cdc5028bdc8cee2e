#include "kernels/loss/loss.h"
#include "kernels/softmax/rows.h"

namespace rl::RL_ISA {

template <class T>
static RL_INLINE T weight_of(const T* weight, int64_t c) {
  return weight ? weight[c] : T(1);
}

// sum of w_c and of w_c * x_c over one run.
template <class T>
static RL_INLINE T weighted_sum(const T* weight, const T* x, int64_t C, int64_t stride) {
  T sum = T(0);
  for (int64_t c = 0; c < C; ++c) sum += weight_of(weight, c) * x[c * stride];
  return sum;
}
template <class T>
static RL_INLINE T weight_sum(const T* weight, int64_t C) {
  if (!weight) return T(C);
  T sum = T(0);
  for (int64_t c = 0; c < C; ++c) sum += weight[c];
  return sum;
}

template <class T>
void cross_entropy(const T* x, const int64_t* target, const T* weight, ClassShape s, int64_t ignore, double smoothing,
                   T* loss, T* lse) {
  const T all = weight_sum(weight, s.C), mix = T(smoothing / double(s.C)), keep = T(1 - smoothing);
  const auto finish = [&](int64_t i, const T* from, int64_t stride, T log_sum, T m) {
    const int64_t t = target[i];
    lse[i] = m + log_sum;
    if (t == ignore) {
      loss[i] = T(0);
      return;
    }
    // (m - x_t) + log_sum rather than lse - x_t: no rounding of a large m
    T value = keep * weight_of(weight, t) * ((m - from[t * stride]) + log_sum);
    if (smoothing != 0) value += mix * (all * lse[i] - weighted_sum(weight, from, s.C, stride));
    loss[i] = value;
  };
  over_runs<T>(
      s.N, s.C, s.L,
      [&](int64_t n) {
        const T* from = x + n * s.C;
        const T m = row_max(from, s.C);
        finish(n, from, 1, std::log(row_exp_sum<false>(from, static_cast<T*>(nullptr), s.C, m)), m);
      },
      [&](int64_t n, int64_t first, int lanes) {
        constexpr int W = kColumns * Vec<T>::lanes;
        const T* from = x + n * s.C * s.L + first;
        T* const unused = nullptr;
        const Columns<T> m = column_max(from, s.C, s.L, lanes);
        const Columns<T> sum = column_exp_sum<false>(from, unused, s.C, s.L, 0, lanes, m);
        T maxima[W], logs[W];
        m.store(maxima, W);
        join<T>([](Vec<T> v) RL_UNROLLED { return log(v); }, sum).store(logs, W);
        for (int k = 0; k < lanes; ++k) finish(n * s.L + first + k, from + k, s.L, logs[k], maxima[k]);
      });
}

// With a = g w_t (1 - smoothing), b = g smoothing / C:   grad_c = p_c (a + b sum w) - [c == t] a - b w_c
template <class T>
void cross_entropy_grad(const T* g, bool each, double scale, const T* x, const int64_t* target, const T* weight,
                        const T* lse, ClassShape s, int64_t ignore, double smoothing, T* grad_x) {
  constexpr int L = Vec<T>::lanes;
  const double all = double(weight_sum(weight, s.C)), mix = smoothing / double(s.C);
  const auto outer_grad = [&](int64_t i) { return target[i] == ignore ? 0.0 : double(g[each ? i : 0]) * scale; };
  const auto chosen = [&](int64_t i, double outer) {
    return target[i] == ignore ? 0.0 : outer * (1 - smoothing) * double(weight_of(weight, target[i]));
  };
  over_runs<T>(
      s.N, s.C, s.L,
      [&](int64_t n) {
        const T* from = x + n * s.C;
        T* to = grad_x + n * s.C;
        if (target[n] == ignore) {
          std::memset(to, 0, size_t(s.C) * sizeof(T));
          return;
        }
        const double outer = outer_grad(n), a = chosen(n, outer), b = outer * mix;
        const Vec<T> share{T(a + b * all)}, spread{T(b)}, shift(lse[n]);
        for (int64_t c = 0; c < s.C; c += L) {
          const int k = s.C - c < L ? int(s.C - c) : L;
          Vec<T> v = exp_nonpositive(load_up_to(from + c, k) - shift) * share;
          if (smoothing != 0) v = v - (weight ? spread * load_up_to(weight + c, k) : spread);
          store_up_to(to + c, v, k);
        }
        to[target[n]] -= T(a);
      },
      [&](int64_t n, int64_t first, int lanes) {
        constexpr int W = kColumns * L;
        T share[W] = {}, spread[W] = {}, shift[W] = {}, minus[W];
        bool ignored = false;
        for (int k = 0; k < lanes; ++k) {
          const int64_t i = n * s.L + first + k;
          const double outer = outer_grad(i), a = chosen(i, outer);
          share[k] = T(a + outer * mix * all);
          spread[k] = T(outer * mix);
          shift[k] = lse[i];
          minus[k] = T(a);
          ignored |= target[i] == ignore;
        }
        const auto shares = Columns<T>::load(share, W), shifts = Columns<T>::load(shift, W);
        T* to = grad_x + n * s.C * s.L + first;
        for (int64_t c = 0; c < s.C; ++c) {
          const T* from = x + (n * s.C + c) * s.L + first;
          prefetch_next(from);
          Columns<T> v = join<T>([](Vec<T> a, Vec<T> b, Vec<T> d) RL_UNROLLED { return exp_nonpositive(a - b) * d; },
                                 Columns<T>::load(from, lanes), shifts, shares);
          if (smoothing != 0) {
            const Vec<T> w(weight_of(weight, c));
            v = join<T>([&](Vec<T> a, Vec<T> b) RL_UNROLLED { return a - b * w; }, v, Columns<T>::load(spread, W));
          }
          v.store(to + c * s.L, lanes);
        }
        if (ignored) {  // nothing, not even NaN, comes from those
          for (int k = 0; k < lanes; ++k)
            if (target[n * s.L + first + k] == ignore)
              for (int64_t c = 0; c < s.C; ++c) to[c * s.L + k] = T(0);
        }
        for (int k = 0; k < lanes; ++k) {
          const int64_t i = n * s.L + first + k;
          if (target[i] != ignore) to[target[i] * s.L + k] -= minus[k];
        }
      });
}

template <class T>
void nll_loss(const T* x, const int64_t* target, const T* weight, ClassShape s, int64_t ignore, T* loss) {
  parallel_for(s.N * s.L, kSimpleGrain / 2, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t t = target[i], n = i / s.L;
      loss[i] = t == ignore ? T(0) : -weight_of(weight, t) * x[(n * s.C + t) * s.L + i % s.L];
    }
  });
}

template <class T>
void nll_loss_grad(const T* g, bool each, double scale, const int64_t* target, const T* weight, ClassShape s,
                   int64_t ignore, T* grad_x) {
  parallel_for(s.N, kSimpleGrain / 2 / (s.C * s.L + 1) + 1, [&](int64_t begin, int64_t end) {
    std::memset(grad_x + begin * s.C * s.L, 0, size_t((end - begin) * s.C * s.L) * sizeof(T));
    for (int64_t i = begin * s.L; i < end * s.L; ++i) {
      const int64_t t = target[i];
      if (t != ignore)
        grad_x[(i / s.L * s.C + t) * s.L + i % s.L] =
            T(-double(g[each ? i : 0]) * scale * double(weight_of(weight, t)));
    }
  });
}

template <class T>
double target_weight(const int64_t* target, const T* weight, int64_t n, int64_t ignore) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i)
    if (target[i] != ignore) sum += double(weight_of(weight, target[i]));
  return sum;
}

int64_t check_targets(const int64_t* target, int64_t n, int64_t C, int64_t ignore) {
  for (int64_t i = 0; i < n; ++i)
    if (uint64_t(target[i]) >= uint64_t(C) && target[i] != ignore) return i;
  return -1;
}

#define RL_INSTANTIATE(T)                                                                                    \
  template void cross_entropy<T>(const T*, const int64_t*, const T*, ClassShape, int64_t, double, T*, T*);   \
  template void cross_entropy_grad<T>(const T*, bool, double, const T*, const int64_t*, const T*, const T*,  \
                                      ClassShape, int64_t, double, T*);                                      \
  template void nll_loss<T>(const T*, const int64_t*, const T*, ClassShape, int64_t, T*);                    \
  template void nll_loss_grad<T>(const T*, bool, double, const int64_t*, const T*, ClassShape, int64_t, T*); \
  template double target_weight<T>(const int64_t*, const T*, int64_t, int64_t);
RL_INSTANTIATE(float)
RL_INSTANTIATE(double)
#undef RL_INSTANTIATE

}  // namespace rl::RL_ISA
