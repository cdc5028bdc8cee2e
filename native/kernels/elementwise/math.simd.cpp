#include "kernels/elementwise/map.h"
#include "simd/inverse.h"
#include "simd/power.h"
#include "simd/probability.h"

// Exponentials, logarithms, trigonometric and special functions.

namespace rl::RL_ISA {

RL_FUNCTOR1(Exp, return rl::RL_ISA::exp(a);)
RL_FUNCTOR1(Exp2, return rl::RL_ISA::exp2(a);)
RL_FUNCTOR1(Expm1, return rl::RL_ISA::expm1(a);)
RL_FUNCTOR1(Log, return rl::RL_ISA::log(a);)
RL_FUNCTOR1(Log2, return rl::RL_ISA::log2(a);)
RL_FUNCTOR1(Log10, return rl::RL_ISA::log10(a);)
RL_FUNCTOR1(Log1p, return rl::RL_ISA::log1p(a);)
RL_FUNCTOR1(Tanh, return rl::RL_ISA::tanh(a);)
RL_FUNCTOR1(Sigmoid, return rl::RL_ISA::sigmoid(a);)
RL_FUNCTOR1(Erf, return rl::RL_ISA::erf(a);)
RL_FUNCTOR1(Erfc, return rl::RL_ISA::erfc(a);)
RL_FUNCTOR1(Sin, return rl::RL_ISA::sin(a);)
RL_FUNCTOR1(Cos, return rl::RL_ISA::cos(a);)
RL_FUNCTOR2(Pow, return rl::RL_ISA::pow(a, b);)

MapFn find_math(int op, int type) {
  switch (op) {
    RL_FLOATS(exp, Exp, 1)
    RL_FLOATS(exp2, Exp2, 1)
    RL_LONG(expm1, Expm1, 1)
    RL_FLOATS(log, Log, 1)
    RL_FLOATS(log2, Log2, 1)
    RL_FLOATS(log10, Log10, 1)
    RL_LONG(log1p, Log1p, 1)
    RL_FLOATS(tanh, Tanh, 1)
    RL_FLOATS(sigmoid, Sigmoid, 1)
    RL_FLOATS(erf, Erf, 1)
    RL_LONG(erfc, Erfc, 1)
    RL_LONG(pow, Pow, 2)
    RL_FLOATS(sin, Sin, 1)
    RL_FLOATS(cos, Cos, 1)
  }
  return nullptr;
}

// log(e^a + e^b) from the larger; equal infinities are their own sum
RL_FUNCTOR2(Logaddexp, const V high = select<T>(a > b, a, b), low = select<T>(a > b, b, a),
            infinity = T(__builtin_inf());
            const V r = high + log1p(exp(low - high));
            return select<T>((a == b) & (rl::RL_ISA::abs(a) == infinity), a, r);)
// sqrt(a^2 + b^2), scaled where a square would leave the range; an infinity wins over NaN
RL_INLINE Vec<double> hypotenuse(Vec<double> a, Vec<double> b) {
  using V = Vec<double>;
  const V infinity = __builtin_inf(), x = abs(a), y = abs(b), high = max(x, y);
  const Mask<double> huge = high > V(0x1p500), tiny = high < V(0x1p-450);
  const V factor = select<double>(huge, V(0x1p-600), select<double>(tiny, V(0x1p600), V(1.0)));
  const V back = select<double>(huge, V(0x1p600), select<double>(tiny, V(0x1p-600), V(1.0)));
  const V p = x * factor, q = y * factor;
  const V r = rl::RL_ISA::sqrt(fma(p, p, q * q)) * back;
  return select<double>((x == infinity) | (y == infinity), infinity, r);
}
RL_INLINE Vec<float> hypotenuse(Vec<float> a, Vec<float> b) {
  const WidePair x = widen(a), y = widen(b);
  const auto root = [](Vec<double> p, Vec<double> q) RL_LAMBDA_INLINE { return rl::RL_ISA::sqrt(fma(p, p, q * q)); };
  const Vec<float> infinity = __builtin_inff();
  return select<float>((rl::RL_ISA::abs(a) == infinity) | (rl::RL_ISA::abs(b) == infinity), infinity,
                       narrow(root(x.low, y.low), root(x.high, y.high)));
}
RL_FUNCTOR2(Hypot, return hypotenuse(a, b);)
RL_FUNCTOR1(Logit, return log(a / (V(T(1)) - a));)

RL_FUNCTOR1(Tan, return rl::RL_ISA::tan(a);)
RL_FUNCTOR1(Asin, return rl::RL_ISA::asin(a);)
RL_FUNCTOR1(Acos, return rl::RL_ISA::acos(a);)
RL_FUNCTOR1(Atan, return rl::RL_ISA::atan(a);)
RL_FUNCTOR2(Atan2, return rl::RL_ISA::atan2(a, b);)
RL_FUNCTOR1(Sinh, return rl::RL_ISA::sinh(a);)
RL_FUNCTOR1(Cosh, return rl::RL_ISA::cosh(a);)
RL_FUNCTOR1(Asinh, return rl::RL_ISA::asinh(a);)
RL_FUNCTOR1(Acosh, return rl::RL_ISA::acosh(a);)
RL_FUNCTOR1(Atanh, return rl::RL_ISA::atanh(a);)
RL_FUNCTOR1(Lgamma, return log_gamma(a);)
RL_FUNCTOR1(Digamma, return digamma(a);)
RL_FUNCTOR1(Erfinv, return erfinv(a);)

MapFn find_special(int op, int type) {
  switch (op) {
    RL_LONG(tan, Tan, 1)
    RL_LONG(asin, Asin, 1)
    RL_LONG(acos, Acos, 1)
    RL_LONG(atan, Atan, 1)
    RL_LONG(atan2, Atan2, 2)
    RL_LONG(sinh, Sinh, 1)
    RL_LONG(cosh, Cosh, 1)
    RL_LONG(asinh, Asinh, 1)
    RL_LONG(acosh, Acosh, 1)
    RL_LONG(atanh, Atanh, 1)
    RL_LONG(lgamma, Lgamma, 1)
    RL_LONG(digamma, Digamma, 1)
    RL_LONG(erfinv, Erfinv, 1)
    RL_LONG(logaddexp, Logaddexp, 2)
    RL_LONG(hypot, Hypot, 2)
    RL_LONG(logit, Logit, 1)
  }
  return nullptr;
}

}  // namespace rl::RL_ISA
