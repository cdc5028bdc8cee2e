#include "kernels/elementwise/map.h"
#include "simd/half.h"

// Conversions between bool, the integers of up to 64 bits, float16, bfloat16, float32 and float64: plain loops that the
// compiler vectorises; float16 and bfloat16 go through float32, a block at a time. A float out of an integer's range
// gives an unspecified value, as in C and PyTorch; the narrow integers take the low bits of its int32.

namespace rl::RL_ISA {

template <class O, class A>
RL_INLINE O converted(A a) {
  if constexpr (A(1) / 2 != 0 && sizeof(O) < 4)
    return O(int32_t(a));
  else
    return O(a);
}

template <class A, class O>
static RL_INLINE void convert_run(const A* a, O* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = converted<O>(a[i]);
}
template <class A>
static RL_INLINE void convert_run(const A* a, bool* out, int64_t n) {
  uint8_t* bytes = reinterpret_cast<uint8_t*>(out);
  for (int64_t i = 0; i < n; ++i) bytes[i] = a[i] != 0;
}

template <class T>
constexpr bool is_narrow = false;
template <>
constexpr bool is_narrow<Float16> = true;
template <>
constexpr bool is_narrow<BFloat16> = true;

template <class T>
constexpr bool is_float = false;
template <>
constexpr bool is_float<float> = true;

template <class A, class O>
static void cast_run(const A* a, O* out, int64_t n) {
  if constexpr (!is_narrow<A> && !is_narrow<O>) {
    convert_run(a, out, n);
  } else if constexpr (is_float<O>) {
    widen_run(a, out, n);
  } else if constexpr (is_float<A>) {
    narrow_run(a, out, n);
  } else {
    constexpr int64_t kBlock = 512;
    alignas(64) float wide[kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
      const int64_t count = n - i < kBlock ? n - i : kBlock;
      if constexpr (is_narrow<A>)
        widen_run(a + i, wide, count);
      else
        convert_run(a + i, wide, count);
      if constexpr (is_narrow<O>)
        narrow_run(wide, out + i, count);
      else
        convert_run(wide, out + i, count);
    }
  }
}

template <class A, class O>
static void cast(const MapArgs& args) {
  const A* a = static_cast<const A*>(args.in[0]);
  O* out = static_cast<O*>(args.out);
  if (args.step[0]) {
    cast_run(a, out, args.n);
  } else {
    O value;
    cast_run(a, &value, 1);
    for (int64_t i = 0; i < args.n; ++i) out[i] = value;
  }
}

template <class A>
static MapFn cast_from(int dst) {
  switch (dst) {
#define RL_CAST(type, T) \
  case kCast_##type:     \
    return &cast<A, T>;
    RL_CAST_TYPES(RL_CAST)
#undef RL_CAST
  }
  return nullptr;
}

// A bool byte is read as a number, whatever it holds.
template <class T>
struct Source {
  using Type = T;
};
template <>
struct Source<bool> {
  using Type = uint8_t;
};

MapFn find_cast(int src, int dst) {
  switch (src) {
#define RL_CAST(type, T) \
  case kCast_##type:     \
    return cast_from<Source<T>::Type>(dst);
    RL_CAST_TYPES(RL_CAST)
#undef RL_CAST
  }
  return nullptr;
}

// A map of float32 on float16 or bfloat16 items, a block at a time.
template <class H>
static void map_narrow(const MapArgs& args) {
  constexpr int64_t kBlock = 512;
  alignas(64) float wide[3][kBlock], result[kBlock];
  const Narrow& narrow = *args.narrow;
  MapArgs part{};
  part.params = args.params;
  const H* in[3];
  for (int k = 0; k < narrow.inputs; ++k) {
    in[k] = static_cast<const H*>(args.in[k]);
    part.step[k] = args.step[k];
    part.in[k] = wide[k];
    if (narrow.as_is >> k & 1)
      part.in[k] = args.in[k];
    else if (!args.step[k])
      widen_run(in[k], wide[k], 1);
  }
  for (int64_t i = 0; i < args.n; i += kBlock) {
    part.n = args.n - i < kBlock ? args.n - i : kBlock;
    for (int k = 0; k < narrow.inputs; ++k)
      if (args.step[k] && narrow.as_is >> k & 1)
        part.in[k] = static_cast<const char*>(args.in[k]) + i;  // a condition: bytes
      else if (args.step[k])
        widen_run(in[k] + i, wide[k], part.n);
    part.out = result;
    if (narrow.to_bool) part.out = static_cast<char*>(args.out) + i;
    narrow.map(part);
    if (!narrow.to_bool) narrow_run(result, static_cast<H*>(args.out) + i, part.n);
  }
}

MapFn find_narrow(int type) { return type == kF16 ? &map_narrow<Float16> : &map_narrow<BFloat16>; }

}  // namespace rl::RL_ISA
