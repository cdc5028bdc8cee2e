#include "kernels/elementwise/map.h"

// Conversions between float32 and float64, bool, int32 and int64: plain loops that the compiler vectorises. A float out
// of an integer's range gives an unspecified value, as in C and PyTorch.

namespace rl::RL_ISA {

template <class A, class O>
static void cast(const MapArgs& args) {
  const A* a = static_cast<const A*>(args.in[0]);
  O* out = static_cast<O*>(args.out);
  const int64_t step = args.step[0];
  if (step == 0) {
    const O value = O(*a);
    for (int64_t i = 0; i < args.n; ++i) out[i] = value;
  } else {
    for (int64_t i = 0; i < args.n; ++i) out[i] = O(a[i]);
  }
}

template <class A>
static MapFn cast_from(int dst) {
  if (dst == kF32) return &cast<A, float>;
  if (dst == kF64) return &cast<A, double>;
  if (dst == kI32) return &cast<A, int32_t>;
  if (dst == kI64) return &cast<A, int64_t>;
  return nullptr;
}

MapFn find_cast(int src, int dst) {
  if (src == kF32) return cast_from<float>(dst);
  if (src == kF64) return cast_from<double>(dst);
  if (src == kI32) return cast_from<int32_t>(dst);
  if (src == kI64) return cast_from<int64_t>(dst);
  if (src == kNumMapTypes) return cast_from<uint8_t>(dst);  // bool
  return nullptr;
}

}  // namespace rl::RL_ISA
