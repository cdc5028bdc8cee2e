#include "kernels/elementwise/map.h"
#include "simd/fused.h"
#include "simd/root.h"
#include "simd/trigonometry.h"

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

// Where |a / b| < 2^(mantissa - 1): trunc(a / b) from the rounded quotient, one too large where that was rounded up to
// an integer, and the exact remainder, which tells. Elsewhere, and for divisors that are zero, infinite or NaN, the C
// library's fmod.
template <class T>
struct Modulus {
  Vec<T> quotient, rest;
  bool usable;
  RL_INLINE Modulus(Vec<T> a, Vec<T> b) {
    using V = Vec<T>;
    const V ratio = a / b;
    const T bound = T(int64_t(1) << (Consts<T>::mantissa - 1));
    const Mask<T> fits = (rl::RL_ISA::abs(ratio) < V(bound)) & (rl::RL_ISA::abs(b) < V(T(__builtin_inf())));
    usable = !any(fits ^ Mask<T>(typename Lane<T>::Int(-1)));
    const V whole = rl::RL_ISA::trunc(ratio), left = fused(-whole, b, a);
    const Mask<T> beyond = (left < V::zero()) ^ (a < V::zero());
    const Mask<T> wrong = beyond & (left != V::zero());
    const V one = copysign(V(T(1)), ratio);
    quotient = select<T>(wrong, whole - one, whole);
    rest = copysign(select<T>(wrong, left + copysign(b, a), left), a);
  }
};
RL_INLINE float exact_mod(float a, float b) { return __builtin_fmodf(a, b); }
RL_INLINE double exact_mod(double a, double b) { return __builtin_fmod(a, b); }
RL_INLINE float floor_of(float a) { return __builtin_floorf(a); }
RL_INLINE double floor_of(double a) { return __builtin_floor(a); }

RL_FUNCTOR2(Fmod, const Modulus<T> m(a, b); if (__builtin_expect(m.usable, 1)) return m.rest;
            return each(a, b, [](T x, T y) { return exact_mod(x, y); });)
RL_FUNCTOR2(
    Remainder, const Modulus<T> m(a, b); if (__builtin_expect(m.usable, 1)) {
      const Mask<T> adjust = (m.rest != V::zero()) & ((b < V::zero()) ^ (m.rest < V::zero()));
      return select<T>(adjust, m.rest + b, m.rest);
    } return each(a, b, [](T x, T y) {
      const T r = exact_mod(x, y);
      return r != 0 && (y < 0) != (r < 0) ? r + y : r;
    });)
// The quotient of (a - remainder), brought to the nearest integer: floor(a / b) alone is one off where a / b rounds up.
RL_FUNCTOR2(
    FloorDivide, const Modulus<T> m(a, b); if (__builtin_expect(m.usable, 1)) {
      const Mask<T> adjust = (m.rest != V::zero()) & ((b < V::zero()) ^ (m.rest < V::zero()));
      const V q = select<T>(adjust, m.quotient - V(T(1)), m.quotient);
      return select<T>(q == V::zero(), copysign(V::zero(), a / b), q);
    } return each(a, b, [](T x, T y) {
      if (y == 0) return x / y;
      const T r = exact_mod(x, y);
      T q = (x - r) / y;
      if (r != 0 && (y < 0) != (r < 0)) q -= 1;
      if (q == 0) return T(x / y < 0 ? -T(0) : T(0));
      const T f = floor_of(q);
      return q - f > T(0.5) ? f + 1 : f;
    });)
RL_FUNCTOR2(Copysign, return rl::RL_ISA::copysign(a, b);)

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
RL_FUNCTOR1(Sqrt, return root(a);)
RL_FUNCTOR1(Rsqrt, return V(T(1)) / root(a);)
RL_FUNCTOR1(Reciprocal, return V(T(1)) / a;)
RL_FUNCTOR1(Floor, return copysign(rl::RL_ISA::floor(a), a);)
RL_FUNCTOR1(Ceil, return rl::RL_ISA::ceil(a);)
RL_FUNCTOR1(Trunc, return rl::RL_ISA::trunc(a);)
RL_FUNCTOR1(Frac, return a - rl::RL_ISA::trunc(a);)
RL_FUNCTOR1(Round, return rl::RL_ISA::round(a);)

template <class T>
struct Clamp {
  Vec<T> low, high;
  explicit RL_INLINE Clamp(const double* p) : low(bound(p[0])), high(bound(p[1])) {}
  static RL_INLINE T bound(double x) {  // of integers: within their range
    if constexpr (T(1) / 2 == 0) {
      constexpr T most = T((uint64_t(1) << (sizeof(T) * 8 - 1)) - 1);
      return x >= double(most) ? most : x < -double(most) ? -most - 1 : T(x);
    } else {
      return T(x);
    }
  }
  RL_INLINE auto operator()(Vec<T> a) const {
    // NaN stays (each comparison with it is false); a NaN bound makes every result NaN
    a = select<T>(a < low, low, select<T>(low == low, a, low));
    return select<T>(a > high, high, select<T>(high == high, a, high));
  }
};
template <class T>
struct NanToNum {
  Vec<T> nan, high, low;
  explicit RL_INLINE NanToNum(const double* p) : nan(T(p[0])), high(T(p[1])), low(T(p[2])) {}
  RL_INLINE auto operator()(Vec<T> a) const {
    const Vec<T> infinity = T(__builtin_inf());
    const Vec<T> r = select<T>(a == infinity, high, select<T>(a == -infinity, low, a));
    return select<T>(a == a, r, nan);
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
    RL_LONG(floor_divide, FloorDivide, 2)
    RL_LONG(remainder, Remainder, 2)
    RL_LONG(fmod, Fmod, 2)
    RL_FLOATS(copysign, Copysign, 2)
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
    RL_ALL(clamp, Clamp, 1)
    RL_FLOATS(nan_to_num, NanToNum, 1)
    RL_FLOATS(lerp, Lerp, 3)
    RL_FLOATS(addcmul, Addcmul, 3)
    RL_FLOATS(addcdiv, Addcdiv, 3)
  }
  return nullptr;
}

static MapFn find_map(int op, int type) {
  if (op <= kMap_addcdiv) return find_arithmetic(op, type);
  if (MapFn f = find_math(op, type)) return f;
  if (MapFn f = find_special(op, type)) return f;
  if (MapFn f = find_activation(op, type)) return f;
  return find_compare(op, type);
}

MapFn find_cast(int src, int dst);
MapFn find_narrow(int type);

extern const ElementwiseKernels elementwise_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/elementwise/elementwise.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
