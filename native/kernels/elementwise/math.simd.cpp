#include "kernels/elementwise/map.h"
#include "simd/trigonometry.h"

// Exponentials, logarithms and what is built from them, vectorised; the rest through the C library, lane by lane.

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
    RL_FLOATS(expm1, Expm1, 1)
    RL_FLOATS(log, Log, 1)
    RL_FLOATS(log2, Log2, 1)
    RL_FLOATS(log10, Log10, 1)
    RL_FLOATS(log1p, Log1p, 1)
    RL_FLOATS(tanh, Tanh, 1)
    RL_FLOATS(sigmoid, Sigmoid, 1)
    RL_FLOATS(erf, Erf, 1)
    RL_FLOATS(erfc, Erfc, 1)
    RL_FLOATS(pow, Pow, 2)
    RL_FLOATS(sin, Sin, 1)
    RL_FLOATS(cos, Cos, 1)
  }
  return nullptr;
}

#define RL_LIBM1(Name, function)                                                  \
  RL_INLINE float libm_##function(float x) { return __builtin_##function##f(x); } \
  RL_INLINE double libm_##function(double x) { return __builtin_##function(x); }  \
  RL_FUNCTOR1(Name, return each(a, [](T x) { return libm_##function(x); });)
#define RL_LIBM2(Name, function)                                                              \
  RL_INLINE float libm_##function(float x, float y) { return __builtin_##function##f(x, y); } \
  RL_INLINE double libm_##function(double x, double y) { return __builtin_##function(x, y); } \
  RL_FUNCTOR2(Name, return each(a, b, [](T x, T y) { return libm_##function(x, y); });)

RL_LIBM1(Tan, tan)
RL_LIBM1(Asin, asin)
RL_LIBM1(Acos, acos)
RL_LIBM1(Atan, atan)
RL_LIBM2(Atan2, atan2)
RL_LIBM1(Sinh, sinh)
RL_LIBM1(Cosh, cosh)
RL_LIBM1(Asinh, asinh)
RL_LIBM1(Acosh, acosh)
RL_LIBM1(Atanh, atanh)
// lgamma writes the global signgam; the re-entrant form does not
RL_INLINE float log_gamma(float x) {
  int sign;
  return ::lgammaf_r(x, &sign);
}
RL_INLINE double log_gamma(double x) {
  int sign;
  return ::lgamma_r(x, &sign);
}
RL_FUNCTOR1(Lgamma, return each(a, [](T x) { return log_gamma(x); });)

MapFn find_libm(int op, int type) {
  switch (op) {
    RL_FLOATS(tan, Tan, 1)
    RL_FLOATS(asin, Asin, 1)
    RL_FLOATS(acos, Acos, 1)
    RL_FLOATS(atan, Atan, 1)
    RL_FLOATS(atan2, Atan2, 2)
    RL_FLOATS(sinh, Sinh, 1)
    RL_FLOATS(cosh, Cosh, 1)
    RL_FLOATS(asinh, Asinh, 1)
    RL_FLOATS(acosh, Acosh, 1)
    RL_FLOATS(atanh, Atanh, 1)
    RL_FLOATS(lgamma, Lgamma, 1)
  }
  return nullptr;
}

}  // namespace rl::RL_ISA
