#include "kernels/elementwise/map.h"

// Comparisons and tests (one bool byte per item), and where.

namespace rl::RL_ISA {

RL_FUNCTOR2(Eq, return a == b;)
RL_FUNCTOR2(Ne, return a != b;)
RL_FUNCTOR2(Lt, return a < b;)
RL_FUNCTOR2(Le, return a <= b;)
RL_FUNCTOR2(Gt, return a > b;)
RL_FUNCTOR2(Ge, return a >= b;)
RL_FUNCTOR1(Isnan, return a != a;)
RL_FUNCTOR1(Isinf, return rl::RL_ISA::abs(a) == V(T(__builtin_inf()));)
RL_FUNCTOR1(Isfinite, return rl::RL_ISA::abs(a) < V(T(__builtin_inf()));)

template <class T>
struct Where {
  RL_INLINE Vec<T> operator()(Mask<T> condition, Vec<T> a, Vec<T> b) const { return select<T>(condition, a, b); }
};
template <class T>
static void where(const MapArgs& args) {
  if (args.stream)
    map_run<3, true, T, uint8_t, T>(args, Where<T>{});
  else
    map_run<3, false, T, uint8_t, T>(args, Where<T>{});
}

#define RL_COMPARE_ROW(name, F)                           \
  case kMap_##name:                                       \
    if (type == kF32) return &map_to_bool<F, 2, float>;   \
    if (type == kF64) return &map_to_bool<F, 2, double>;  \
    if (type == kI32) return &map_to_bool<F, 2, int32_t>; \
    if (type == kI64) return &map_to_bool<F, 2, int64_t>; \
    return nullptr;
#define RL_TEST_ROW(name, F)                             \
  case kMap_##name:                                      \
    if (type == kF32) return &map_to_bool<F, 1, float>;  \
    if (type == kF64) return &map_to_bool<F, 1, double>; \
    return nullptr;

MapFn find_compare(int op, int type) {
  switch (op) {
    RL_COMPARE_ROW(eq, Eq)
    RL_COMPARE_ROW(ne, Ne)
    RL_COMPARE_ROW(lt, Lt)
    RL_COMPARE_ROW(le, Le)
    RL_COMPARE_ROW(gt, Gt)
    RL_COMPARE_ROW(ge, Ge)
    RL_TEST_ROW(isnan, Isnan)
    RL_TEST_ROW(isinf, Isinf)
    RL_TEST_ROW(isfinite, Isfinite)
    case kMap_where:
      if (type == kF32) return &where<float>;
      if (type == kF64) return &where<double>;
      if (type == kI32) return &where<int32_t>;
      if (type == kI64) return &where<int64_t>;
      return nullptr;
  }
  return nullptr;
}

}  // namespace rl::RL_ISA
