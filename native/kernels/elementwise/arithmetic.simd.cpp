#include "kernels/elementwise/map.h"

// Arithmetic maps. Integer types wrap; integer division is left to the engine's NumPy forms.

namespace rl::RL_ISA {

RL_FUNCTOR2(Add, return a + b;)
RL_FUNCTOR2(Sub, return a - b;)
RL_FUNCTOR2(Mul, return a * b;)
RL_FUNCTOR2(Div, return a / b;)
RL_FUNCTOR2(Maximum, return select<T>(a > b, a, select<T>(a == a, b, a));)
RL_FUNCTOR2(Minimum, return select<T>(a < b, a, select<T>(a == a, b, a));)
RL_FUNCTOR2(Fmax, return select<T>(b == b, select<T>(a < b, b, select<T>(a == a, a, b)), a);)
RL_FUNCTOR2(Fmin, return select<T>(b == b, select<T>(a > b, b, select<T>(a == a, a, b)), a);)

// fmod is exact by definition; only the C library's is.
RL_INLINE float exact_mod(float a, float b) { return __builtin_fmodf(a, b); }
RL_INLINE double exact_mod(double a, double b) { return __builtin_fmod(a, b); }
RL_INLINE float floor_of(float a) { return __builtin_floorf(a); }
RL_INLINE double floor_of(double a) { return __builtin_floor(a); }

RL_FUNCTOR2(Fmod, return each(a, b, [](T x, T y) { return exact_mod(x, y); });)
RL_FUNCTOR2(Remainder, return each(a, b, [](T x, T y) {
              const T m = exact_mod(x, y);
              return m != 0 && (y < 0) != (m < 0) ? m + y : m;
            });)
// The quotient of (a - remainder), brought to the nearest integer: floor(a / b) alone is one off where a / b rounds up.
RL_FUNCTOR2(FloorDivide, return each(a, b, [](T x, T y) {
              if (y == 0) return x / y;
              const T m = exact_mod(x, y);
              T q = (x - m) / y;
              if (m != 0 && (y < 0) != (m < 0)) q -= 1;
              if (q == 0) return T(x / y < 0 ? -T(0) : T(0));
              const T f = floor_of(q);
              return q - f > T(0.5) ? f + 1 : f;
            });)

template <class T>
struct AddScaled {
  Vec<T> alpha;
  explicit RL_INLINE AddScaled(const double* p) : alpha(T(p[0])) {}
  RL_INLINE auto operator()(Vec<T> a, Vec<T> b) const { return fma(alpha, b, a); }
};

RL_FUNCTOR1(Neg, return -a;)
RL_FUNCTOR1(Abs, if constexpr (T(1) / 2 != 0) return rl::RL_ISA::abs(a); else return select<T>(a < V::zero(), -a, a);)
RL_FUNCTOR1(Sign, return select<T>(a > V::zero(), V(T(1)), select<T>(a < V::zero(), V(T(-1)), V::zero()));)
RL_FUNCTOR1(Square, return a * a;)
RL_FUNCTOR1(Sqrt, return rl::RL_ISA::sqrt(a);)
RL_FUNCTOR1(Rsqrt, return V(T(1)) / rl::RL_ISA::sqrt(a);)
RL_FUNCTOR1(Reciprocal, return V(T(1)) / a;)
RL_FUNCTOR1(Floor, return copysign(rl::RL_ISA::floor(a), a);)
RL_FUNCTOR1(Ceil, return rl::RL_ISA::ceil(a);)
RL_FUNCTOR1(Trunc, return rl::RL_ISA::trunc(a);)
RL_FUNCTOR1(Frac, return a - rl::RL_ISA::trunc(a);)
RL_FUNCTOR1(Round, return rl::RL_ISA::round(a);)

template <class T>
struct Clamp {
  Vec<T> low, high;
  explicit RL_INLINE Clamp(const double* p) : low(T(p[0])), high(T(p[1])) {}
  RL_INLINE auto operator()(Vec<T> a) const {
    // NaN stays (each comparison with it is false); a NaN bound makes every result NaN
    a = select<T>(a < low, low, select<T>(low == low, a, low));
    return select<T>(a > high, high, select<T>(high == high, a, high));
  }
};
template <class T>
struct Lerp {
  explicit RL_INLINE Lerp(const double*) {}
  RL_INLINE auto operator()(Vec<T> a, Vec<T> b, Vec<T> weight) const {
    // from the nearer end, so that weight 1 gives b exactly
    const Vec<T> d = b - a;
    return select<T>(abs(weight) < Vec<T>(T(0.5)), fma(weight, d, a), b - d * (Vec<T>(T(1)) - weight));
  }
};
template <class T>
struct Addcmul {
  Vec<T> value;
  explicit RL_INLINE Addcmul(const double* p) : value(T(p[0])) {}
  RL_INLINE auto operator()(Vec<T> a, Vec<T> b, Vec<T> c) const { return fma(value * b, c, a); }
};
template <class T>
struct Addcdiv {
  Vec<T> value;
  explicit RL_INLINE Addcdiv(const double* p) : value(T(p[0])) {}
  RL_INLINE auto operator()(Vec<T> a, Vec<T> b, Vec<T> c) const { return a + value * b / c; }
};

#if defined(RL_AVX512)
RL_FUNCTOR1(SqrtByProducts, return sqrt_by_products(a);)
static MapFn find_sqrt_f32() {
  return sqrt_by_products_is_exact() ? &map<SqrtByProducts, 1, float> : &map<Sqrt, 1, float>;
}
#else
static MapFn find_sqrt_f32() { return &map<Sqrt, 1, float>; }
#endif

MapFn find_arithmetic(int op, int type) {
  if (op == kMap_sqrt && type == kF32) return find_sqrt_f32();
  switch (op) {
    RL_ALL(add, Add, 2)
    RL_ALL(sub, Sub, 2)
    RL_ALL(mul, Mul, 2)
    RL_FLOATS(div, Div, 2)
    RL_FLOATS(add_scaled, AddScaled, 2)
    RL_ALL(maximum, Maximum, 2)
    RL_ALL(minimum, Minimum, 2)
    RL_ALL(fmax, Fmax, 2)
    RL_ALL(fmin, Fmin, 2)
    RL_FLOATS(floor_divide, FloorDivide, 2)
    RL_FLOATS(remainder, Remainder, 2)
    RL_FLOATS(fmod, Fmod, 2)
    RL_ALL(neg, Neg, 1)
    RL_ALL(abs, Abs, 1)
    RL_ALL(sign, Sign, 1)
    RL_ALL(square, Square, 1)
    RL_FLOATS(sqrt, Sqrt, 1)
    RL_FLOATS(rsqrt, Rsqrt, 1)
    RL_FLOATS(reciprocal, Reciprocal, 1)
    RL_FLOATS(floor, Floor, 1)
    RL_FLOATS(ceil, Ceil, 1)
    RL_FLOATS(trunc, Trunc, 1)
    RL_FLOATS(frac, Frac, 1)
    RL_FLOATS(round, Round, 1)
    RL_FLOATS(clamp, Clamp, 1)
    RL_FLOATS(lerp, Lerp, 3)
    RL_FLOATS(addcmul, Addcmul, 3)
    RL_FLOATS(addcdiv, Addcdiv, 3)
  }
  return nullptr;
}

static MapFn find_map(int op, int type) {
  if (op <= kMap_addcdiv) return find_arithmetic(op, type);
  if (MapFn f = find_math(op, type)) return f;
  if (MapFn f = find_libm(op, type)) return f;
  if (MapFn f = find_activation(op, type)) return f;
  return find_compare(op, type);
}

MapFn find_cast(int src, int dst);

extern const ElementwiseKernels elementwise_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/elementwise/elementwise.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
