#pragma once
// Elementwise kernels ("maps"): out[i] = f(in0[i], in1[i], in2[i]) over n items.
//
// A kernel sees runs: each input is either contiguous or one broadcast item (step 1 or 0), the output is contiguous.
// iterate.h turns arrays of any layout into such runs. `out` may be one of the inputs exactly; other overlaps are
// copied away by the caller. `stream` asks for non-temporal stores (large outputs that are not read soon);
// the caller follows them with stream_barrier().
// NaN and infinity follow IEEE 754 and PyTorch; nothing raises floating-point warnings.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {

struct Narrow;
struct MapArgs {
  const void* in[3];
  int64_t step[3];  // 0: in[k] is one item for the whole run; 1: contiguous
  void* out;
  int64_t n;
  const double* params;
  const Narrow* narrow;  // of a map on float16 or bfloat16
  bool stream;
};
using MapFn = void (*)(const MapArgs&);

// Type slots of the map tables; float16 and bfloat16 go through the float32 map.
enum MapType : int { kF32, kF64, kI32, kI64, kNumMapTypes, kF16 = kNumMapTypes, kBF16, kNumTypes };

struct Narrow {
  MapFn map;  // of float32
  int inputs;
  int as_is;  // bit k: input k is a float32 item or a condition, not of the narrow type
  bool to_bool;
};

// What casts convert between: name in kCast_..., type of the items.
#define RL_CAST_TYPES(X) \
  X(bool, bool)          \
  X(u8, uint8_t)         \
  X(i8, int8_t)          \
  X(u16, uint16_t)       \
  X(i16, int16_t)        \
  X(i32, int32_t)        \
  X(i64, int64_t)        \
  X(f16, Float16)        \
  X(bf16, BFloat16)      \
  X(f32, float)          \
  X(f64, double)
enum CastType : int {
#define RL_CAST(type, T) kCast_##type,
  RL_CAST_TYPES(RL_CAST)
#undef RL_CAST
};

enum MapOp : int {
#define RL_MAP(name, inputs, kind, p0, d0, p1, d1, p2, d2, doc) kMap_##name,
#include "kernels/elementwise/ops.inc"
#undef RL_MAP
  kNumMaps
};

// What a map takes and gives: T.. -> T; T.. -> bool; (bool, T, T) -> T.
enum class MapKind : int { same, to_bool, choose };

struct ElementwiseKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/elementwise/elementwise.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(ElementwiseKernels, elementwise_kernels)
}  // namespace rl
