#include "kernels/elementwise/map.h"
#include "simd/trigonometry.h"

// Activations and their gradients. g is the gradient of the output, x the input, y the output.

namespace rl::RL_ISA {

RL_FUNCTOR1(Relu, return rl::RL_ISA::max(V::zero(), a);)  // NaN and -0 stay
// at a NaN the gradient passes, as in PyTorch (whose test is y <= 0)
RL_FUNCTOR2(ReluGrad, return select<T>(b <= V::zero(), V::zero(), a);)
RL_FUNCTOR2(SigmoidGrad, return a * b * (V(T(1)) - b);)
RL_FUNCTOR2(TanhGrad, return a * (V(T(1)) - b * b);)
RL_FUNCTOR1(Silu, return a * sigmoid(a);)
RL_FUNCTOR2(SiluGrad, const V s = sigmoid(b); return a * s * (V(T(1)) + b * (V(T(1)) - s));)

// gelu(x) = x P(x), P the normal distribution's cumulative probability (1 + erf(x / sqrt 2)) / 2; P' = e^(-x^2/2) /
// sqrt(2 pi)
template <class T>
RL_INLINE Vec<T> normal_cdf(Vec<T> x) {
  const Vec<T> half(T(0.5));
  return fma(half, erf(x * Vec<T>(T(0.70710678118654752440))), half);
}
RL_FUNCTOR1(Gelu, return a * normal_cdf(a);)
RL_FUNCTOR2(GeluGrad, const V density = exp(V(T(-0.5)) * b * b) * V(T(0.39894228040143267794));
            return a * (normal_cdf(b) + b * density);)

// x (1 + tanh u) / 2, u = k (x + c x^3), k = sqrt(2 / pi), c = 0.044715
template <class T>
struct GeluTanhTerms {
  Vec<T> t, slope;  // tanh u, du/dx
  explicit RL_INLINE GeluTanhTerms(Vec<T> x) {
    const Vec<T> k(T(0.79788456080286535588)), c(T(0.044715)), square = x * x;
    t = tanh(k * x * (Vec<T>(T(1)) + c * square));
    slope = k * (Vec<T>(T(1)) + Vec<T>(T(3)) * c * square);
  }
};
RL_FUNCTOR1(GeluTanh, return V(T(0.5)) * a * (V(T(1)) + GeluTanhTerms<T>(a).t);)
RL_FUNCTOR2(GeluTanhGrad, const GeluTanhTerms<T> u(b); const V one(T(1)), half(T(0.5));
            return a * (half * (one + u.t) + half * b * (one - u.t * u.t) * u.slope);)

template <class T>
struct LeakyRelu {
  Vec<T> slope;
  explicit RL_INLINE LeakyRelu(const double* p) : slope(T(p[0])) {}
  RL_INLINE auto operator()(Vec<T> x) const { return select<T>(x > Vec<T>::zero(), x, x * slope); }
  RL_INLINE auto operator()(Vec<T> g, Vec<T> x) const { return select<T>(x > Vec<T>::zero(), g, g * slope); }
};
template <class T>
struct Elu {
  Vec<T> alpha, scale, input_scale;
  explicit RL_INLINE Elu(const double* p) : alpha(T(p[0] * p[1])), scale(T(p[1])), input_scale(T(p[2])) {}
  RL_INLINE auto operator()(Vec<T> x) const {
    const Mask<T> positive = x > Vec<T>::zero();
    if (!any(positive ^ Mask<T>(typename Lane<T>::Int(-1)))) return scale * x;
    return select<T>(positive, scale * x, alpha * expm1(x * input_scale));
  }
  RL_INLINE auto operator()(Vec<T> g, Vec<T> x) const {
    return g * select<T>(x > Vec<T>::zero(), scale, alpha * input_scale * exp(x * input_scale));
  }
};
template <class T>
struct Softplus {
  Vec<T> beta, threshold;
  explicit RL_INLINE Softplus(const double* p) : beta(T(p[0])), threshold(T(p[1])) {}
  RL_INLINE auto operator()(Vec<T> x) const {
    const Vec<T> z = x * beta;
    return select<T>(z > threshold, x, log1p(exp(z)) / beta);
  }
  RL_INLINE auto operator()(Vec<T> g, Vec<T> x) const {
    const Vec<T> z = x * beta;
    return select<T>(z > threshold, g, g * sigmoid(z));
  }
};
RL_FUNCTOR1(LogSigmoid, return rl::RL_ISA::min(V::zero(), a) - log1p(exp(-rl::RL_ISA::abs(a)));)
RL_FUNCTOR2(LogSigmoidGrad, return a * sigmoid(-b);)

template <class T>
struct ClampGrad {
  Vec<T> low, high;
  explicit RL_INLINE ClampGrad(const double* p) : low(T(p[0])), high(T(p[1])) {}
  RL_INLINE auto operator()(Vec<T> g, Vec<T> x) const { return select<T>((x >= low) & (x <= high), g, Vec<T>::zero()); }
};
template <class T>
struct HardtanhGrad {
  Vec<T> low, high;
  explicit RL_INLINE HardtanhGrad(const double* p) : low(T(p[0])), high(T(p[1])) {}
  RL_INLINE auto operator()(Vec<T> g, Vec<T> x) const { return select<T>((x <= low) | (x >= high), Vec<T>::zero(), g); }
};

template <class T>
RL_INLINE Vec<T> hard_gate(Vec<T> x) {  // min(max(x + 3, 0), 6), NaN stays
  return min(Vec<T>(T(6)), max(Vec<T>::zero(), x + Vec<T>(T(3))));
}
RL_FUNCTOR1(Hardsigmoid, return hard_gate(a) / V(T(6));)
RL_FUNCTOR2(HardsigmoidGrad, return select<T>((b > V(T(-3))) & (b < V(T(3))), a / V(T(6)), V::zero());)
RL_FUNCTOR1(Hardswish, return a * hard_gate(a) / V(T(6));)
RL_FUNCTOR2(HardswishGrad,
            return select<T>(b <= V(T(-3)), V::zero(), select<T>(b < V(T(3)), a*(b / V(T(3)) + V(T(0.5))), a));)

// tanh(log(1 + e)) = (e^2 + 2 e) / (e^2 + 2 e + 2) with e = e^x; beyond x = 20 it is 1 to every bit of a double
template <class T>
RL_INLINE Vec<T> mish_gate(Vec<T> x) {
  const Vec<T> e = exp(min(Vec<T>(T(20)), x)), two(T(2));
  const Vec<T> p = e * (e + two);
  return quotient(p, p + two);
}
RL_FUNCTOR1(Mish, return a * mish_gate(a);)
RL_FUNCTOR2(MishGrad, const V t = mish_gate(b); return a * (t + b * (V(T(1)) - t * t) * sigmoid(b));)

template <class T>
struct Threshold {
  Vec<T> threshold, value;
  explicit RL_INLINE Threshold(const double* p) : threshold(T(p[0])), value(T(p[1])) {}
  RL_INLINE auto operator()(Vec<T> x) const { return select<T>(x <= threshold, value, x); }
};
template <class T>
struct ThresholdGrad {
  Vec<T> threshold;
  explicit RL_INLINE ThresholdGrad(const double* p) : threshold(T(p[0])) {}
  RL_INLINE auto operator()(Vec<T> g, Vec<T> x) const { return select<T>(x <= threshold, Vec<T>::zero(), g); }
};

MapFn find_activation(int op, int type) {
  switch (op) {
    RL_ALL(relu, Relu, 1)
    RL_FLOATS(relu_grad, ReluGrad, 2)
    RL_FLOATS(sigmoid_grad, SigmoidGrad, 2)
    RL_FLOATS(tanh_grad, TanhGrad, 2)
    RL_FLOATS(silu, Silu, 1)
    RL_FLOATS(silu_grad, SiluGrad, 2)
    RL_FLOATS(gelu, Gelu, 1)
    RL_FLOATS(gelu_grad, GeluGrad, 2)
    RL_FLOATS(gelu_tanh, GeluTanh, 1)
    RL_FLOATS(gelu_tanh_grad, GeluTanhGrad, 2)
    RL_FLOATS(leaky_relu, LeakyRelu, 1)
    RL_FLOATS(leaky_relu_grad, LeakyRelu, 2)
    RL_FLOATS(elu, Elu, 1)
    RL_FLOATS(elu_grad, Elu, 2)
    RL_FLOATS(softplus, Softplus, 1)
    RL_FLOATS(softplus_grad, Softplus, 2)
    RL_FLOATS(log_sigmoid, LogSigmoid, 1)
    RL_FLOATS(log_sigmoid_grad, LogSigmoidGrad, 2)
    RL_FLOATS(clamp_grad, ClampGrad, 2)
    RL_FLOATS(hardtanh_grad, HardtanhGrad, 2)
    RL_FLOATS(hardsigmoid, Hardsigmoid, 1)
    RL_FLOATS(hardsigmoid_grad, HardsigmoidGrad, 2)
    RL_FLOATS(hardswish, Hardswish, 1)
    RL_FLOATS(hardswish_grad, HardswishGrad, 2)
    RL_FLOATS(mish, Mish, 1)
    RL_FLOATS(mish_grad, MishGrad, 2)
    RL_FLOATS(threshold, Threshold, 1)
    RL_FLOATS(threshold_grad, ThresholdGrad, 2)
  }
  return nullptr;
}

}  // namespace rl::RL_ISA
