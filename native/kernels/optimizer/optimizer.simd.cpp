#include "kernels/optimizer/optimizer.h"

#include "simd/vec.h"

namespace rl::RL_ISA {

// body(load, store, i): called once per whole vector and once for the tail.
template <class T, class F>
static RL_INLINE void over(int64_t n, F f) {
  constexpr int L = Vec<T>::lanes;
  int64_t i = 0;
  for (; i + L <= n; i += L)
    f([i](const T* p) RL_LAMBDA_INLINE { return Vec<T>::load(p + i); },
      [i](T* p, Vec<T> x) RL_LAMBDA_INLINE { x.store(p + i); });
  if (i < n) {
    const int rest = int(n - i);
    f([i, rest](const T* p) RL_LAMBDA_INLINE { return Vec<T>::load_n(p + i, rest); },
      [i, rest](T* p, Vec<T> x) RL_LAMBDA_INLINE { x.store_n(p + i, rest); });
  }
}

template <class T>
static void sgd(const SgdStep& s, T* param, const T* grad, T* buffer, int64_t n) {
  using V = Vec<T>;
  const V lr(T(s.lr)), momentum(T(s.momentum)), keep(T(1 - s.dampening)), decay(T(s.weight_decay));
  over<T>(n, [&](auto load, auto store) RL_LAMBDA_INLINE {
    const V p = load(param);
    V g = load(grad);
    if (s.maximize) g = -g;
    if (s.weight_decay != 0) g = fma(decay, p, g);
    if (buffer) {
      const V b = s.first ? g : fma(keep, g, momentum * load(buffer));
      store(buffer, b);
      g = s.nesterov ? fma(momentum, b, g) : b;
    }
    store(param, p - lr * g);
  });
}

template <class T>
static void adam(const AdamStep& s, T* param, const T* grad, T* m, T* v, T* largest, int64_t n) {
  using V = Vec<T>;
  const V step(T(s.lr_over_correction)), inverse_root(T(s.inverse_root_correction)), eps(T(s.eps));
  const V beta2(T(s.beta2)), toward1(T(1 - s.beta1)), toward2(T(1 - s.beta2)), decay(T(s.weight_decay));
  const V shrink(T(1 - s.lr_weight_decay));
  over<T>(n, [&](auto load, auto store) RL_LAMBDA_INLINE {
    V p = load(param), g = load(grad);
    if (s.maximize) g = -g;
    if (s.decoupled)
      p = p * shrink;
    else if (s.weight_decay != 0)
      g = fma(decay, p, g);
    V first = load(m);
    first = fma(toward1, g - first, first);
    store(m, first);
    V second = fma(toward2 * g, g, beta2 * load(v));
    store(v, second);
    if (largest) {
      const V old = load(largest);
      second = select<T>(old > second, old, select<T>(old == old, second, old));  // NaN stays
      store(largest, second);
    }
    store(param, p - step * first / fma(sqrt(second), inverse_root, eps));
  });
}

static void sgd_f32(const SgdStep& s, float* p, const float* g, float* b, int64_t n) { sgd<float>(s, p, g, b, n); }
static void sgd_f64(const SgdStep& s, double* p, const double* g, double* b, int64_t n) { sgd<double>(s, p, g, b, n); }
static void adam_f32(const AdamStep& s, float* p, const float* g, float* m, float* v, float* largest, int64_t n) {
  adam<float>(s, p, g, m, v, largest, n);
}
static void adam_f64(const AdamStep& s, double* p, const double* g, double* m, double* v, double* largest, int64_t n) {
  adam<double>(s, p, g, m, v, largest, n);
}

extern const OptimizerKernels optimizer_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/optimizer/optimizer.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
