#include "kernels/loss/loss.h"
#include "kernels/softmax/rows.h"
#include "runtime/allocator.h"

namespace rl::RL_ISA {

// One loss kind: value and derivative by d = x - y. NaN passes through both.
struct Mse {
  template <class T>
  static RL_INLINE Vec<T> value(Vec<T> d, Vec<T>) {
    return d * d;
  }
  template <class T>
  static RL_INLINE Vec<T> slope(Vec<T> d, Vec<T>) {
    return d + d;
  }
};
template <class T>
static RL_INLINE Vec<T> sign(Vec<T> d) {
  const Vec<T> one(T(1)), zero = Vec<T>::zero();
  return select(d > zero, one, select(d < zero, -one, d));  // keeps 0 and NaN
}
struct L1 {
  template <class T>
  static RL_INLINE Vec<T> value(Vec<T> d, Vec<T>) {
    return abs(d);
  }
  template <class T>
  static RL_INLINE Vec<T> slope(Vec<T> d, Vec<T>) {
    return sign(d);
  }
};
struct SmoothL1 {  // d^2 / (2 beta) below beta, |d| - beta / 2 from there on
  template <class T>
  static RL_INLINE Vec<T> value(Vec<T> d, Vec<T> beta) {
    const Vec<T> a = abs(d), half(T(0.5));
    return select(a < beta, half * a * a / beta, a - half * beta);
  }
  template <class T>
  static RL_INLINE Vec<T> slope(Vec<T> d, Vec<T> beta) {
    return select(abs(d) < beta, d / beta, sign(d));
  }
};
struct Huber {  // d^2 / 2 up to delta, delta (|d| - delta / 2) beyond
  template <class T>
  static RL_INLINE Vec<T> value(Vec<T> d, Vec<T> delta) {
    const Vec<T> a = abs(d), half(T(0.5));
    return select(a <= delta, half * a * a, delta * (a - half * delta));
  }
  template <class T>
  static RL_INLINE Vec<T> slope(Vec<T> d, Vec<T> delta) {
    return select(abs(d) <= delta, d, delta * sign(d));
  }
};

template <class F>
static RL_INLINE auto with_kind(PairLoss kind, F&& f) {
  switch (kind) {
    case PairLoss::l1:
      return f(L1());
    case PairLoss::smooth_l1:
      return f(SmoothL1());
    case PairLoss::huber:
      return f(Huber());
    default:
      return f(Mse());
  }
}

inline constexpr int64_t kSumBlock = 8192;

// Sum of block(begin, end) over blocks of kSumBlock items, added in their order.
template <class F>
static RL_INLINE double ordered_sum(int64_t n, F&& block) {
  const int64_t blocks = (n + kSumBlock - 1) / kSumBlock;
  if (blocks <= 1) return n > 0 ? block(int64_t(0), n) : 0.0;
  double small[64];
  double* parts = blocks <= 64 ? small : static_cast<double*>(allocate(size_t(blocks) * sizeof(double)));
  double total = 0;
  if (!parts) {  // no memory: one block after the other
    for (int64_t b = 0; b < blocks; ++b) total += block(b * kSumBlock, b + 1 < blocks ? (b + 1) * kSumBlock : n);
    return total;
  }
  parallel_for(blocks, 4, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) parts[b] = block(b * kSumBlock, b + 1 < blocks ? (b + 1) * kSumBlock : n);
  });
  for (int64_t b = 0; b < blocks; ++b) total += parts[b];
  if (parts != small) deallocate(parts);
  return total;
}

template <class T>
static double block_sum(const T* x, int64_t n) {
  constexpr int L = Vec<T>::lanes;
  return ordered_sum(n, [&](int64_t begin, int64_t end) {
    Vec<T> a = Vec<T>::zero(), b = Vec<T>::zero();
    int64_t i = begin;
    for (; i + 2 * L <= end; i += 2 * L) {
      a += Vec<T>::load(x + i);
      b += Vec<T>::load(x + i + L);
    }
    double rest = 0;
    for (; i < end; ++i) rest += double(x[i]);
    return double(reduce_add(a + b)) + rest;
  });
}

template <class T>
static void pair_loss(PairLoss kind, double parameter, const T* x, const T* y, T* loss, int64_t n) {
  constexpr int L = Vec<T>::lanes;
  const Vec<T> p{T(parameter)};
  with_kind(kind, [&](auto loss_kind) {
    parallel_for(n, kSimpleGrain / 2, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i += L) {
        const int k = end - i < L ? int(end - i) : L;
        store_up_to(loss + i, loss_kind.value(load_up_to(x + i, k) - load_up_to(y + i, k), p), k);
      }
    });
  });
}

template <class T>
static double pair_loss_sum(PairLoss kind, double parameter, const T* x, const T* y, int64_t n) {
  constexpr int L = Vec<T>::lanes;
  const Vec<T> p{T(parameter)};
  return with_kind(kind, [&](auto loss_kind) {
    return ordered_sum(n, [&](int64_t begin, int64_t end) {
      Vec<T> a = Vec<T>::zero(), b = Vec<T>::zero();
      int64_t i = begin;
      for (; i + 2 * L <= end; i += 2 * L) {
        a += loss_kind.value(Vec<T>::load(x + i) - Vec<T>::load(y + i), p);
        b += loss_kind.value(Vec<T>::load(x + i + L) - Vec<T>::load(y + i + L), p);
      }
      double rest = 0;
      for (; i < end; i += L) {
        const int k = end - i < L ? int(end - i) : L;
        const Vec<T> v = loss_kind.value(load_up_to(x + i, k) - load_up_to(y + i, k), p);
        for (int j = 0; j < k; ++j) rest += double(v[j]);
      }
      return double(reduce_add(a + b)) + rest;
    });
  });
}

template <class T>
static void pair_loss_grad(PairLoss kind, double parameter, const T* g, bool each, double scale, const T* x, const T* y,
                           T* grad_x, int64_t n) {
  constexpr int L = Vec<T>::lanes;
  const Vec<T> p{T(parameter)}, factor{T(each ? scale : double(g[0]) * scale)};
  with_kind(kind, [&](auto loss_kind) {
    parallel_for(n, kSimpleGrain / 2, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i += L) {
        const int k = end - i < L ? int(end - i) : L;
        Vec<T> v = loss_kind.slope(load_up_to(x + i, k) - load_up_to(y + i, k), p) * factor;
        if (each) v *= load_up_to(g + i, k);
        store_up_to(grad_x + i, v, k);
      }
    });
  });
}

template <class T>
void cross_entropy(const T*, const int64_t*, const T*, ClassShape, int64_t, double, T*, T*);
template <class T>
void cross_entropy_grad(const T*, bool, double, const T*, const int64_t*, const T*, const T*, ClassShape, int64_t,
                        double, T*);
template <class T>
void nll_loss(const T*, const int64_t*, const T*, ClassShape, int64_t, T*);
template <class T>
void nll_loss_grad(const T*, bool, double, const int64_t*, const T*, ClassShape, int64_t, T*);
template <class T>
double target_weight(const int64_t*, const T*, int64_t, int64_t);
int64_t check_targets(const int64_t*, int64_t, int64_t, int64_t);

extern const LossKernels loss_kernels_table = {
#define RL_TYPE(T)                                                                                              \
  &cross_entropy<T>, &cross_entropy_grad<T>, &nll_loss<T>, &nll_loss_grad<T>, &target_weight<T>, &block_sum<T>, \
      &pair_loss<T>, &pair_loss_sum<T>, &pair_loss_grad<T>
    RL_TYPE(float), RL_TYPE(double),
#undef RL_TYPE
    &check_targets};

}  // namespace rl::RL_ISA
