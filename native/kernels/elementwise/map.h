#pragma once
// The loop that every map shares, over Vec<T>: four vectors at a time, then one, then a masked tail. A broadcast input
// is spread over a small buffer that the loop reads again and again, so one loop serves every mix of broadcast inputs.

#include "kernels/elementwise/elementwise.h"
#include "simd/math.h"
#include "simd/vec.h"

namespace rl::RL_ISA {

// Loads lanes of T from items of A: T itself, or bool bytes as a mask.
template <class T, class A>
struct Items {
  static RL_INLINE Vec<T> load(const T* p) { return Vec<T>::load(p); }
  static RL_INLINE Vec<T> load_n(const T* p, int n) { return Vec<T>::load_n(p, n); }
};
template <class T>
struct Items<T, uint8_t> {
  static RL_INLINE Mask<T> load(const uint8_t* p) { return load_mask<T>(p); }
  static RL_INLINE Mask<T> load_n(const uint8_t* p, int n) {
    uint8_t tmp[Vec<T>::lanes] = {};
    for (int i = 0; i < n; ++i) tmp[i] = p[i];
    return load_mask<T>(tmp);
  }
};

template <bool kStream, class T>
RL_INLINE void put(Vec<T> r, T* p) {
  if constexpr (kStream)
    r.stream(p);
  else
    r.store(p);
}
template <bool kStream, class I>
RL_INLINE void put(Vec<I> r, uint8_t* p) {
  store_mask(r, p);
}
template <class T>
RL_INLINE void put_n(Vec<T> r, T* p, int n) {
  r.store_n(p, n);
}
template <class I>
RL_INLINE void put_n(Vec<I> r, uint8_t* p, int n) {
  uint8_t tmp[Vec<I>::lanes];
  store_mask(r, tmp);
  for (int i = 0; i < n; ++i) p[i] = tmp[i];
}

template <class A>
static RL_INLINE const A* spread(const A* p, int64_t step, A* buffer, int count) {
  if (step) return p;
  const A item = *p;
  for (int i = 0; i < count; ++i) buffer[i] = item;
  return buffer;
}

template <class T>
inline constexpr int64_t kAhead = 2048 / int64_t(sizeof(T));
RL_INLINE void prefetch(const void* p) { __builtin_prefetch(p); }

// f(lanes of in0, in1, in2) -> lanes of O. A: item type of in0.
template <int kInputs, bool kStream, class T, class A, class O, class F>
static RL_INLINE void map_run(const MapArgs& args, const F& f) {
  constexpr int L = Vec<T>::lanes, B = 4 * L;
  alignas(64) A fill_a[B];
  alignas(64) T fill_b[B], fill_c[B];
  const A* a = static_cast<const A*>(args.in[0]);
  const T* b = static_cast<const T*>(args.in[1]);
  const T* c = static_cast<const T*>(args.in[2]);
  O* out = static_cast<O*>(args.out);
  const int64_t sa = args.step[0], sb = kInputs > 1 ? args.step[1] : 0, sc = kInputs > 2 ? args.step[2] : 0;
  a = spread(a, sa, fill_a, B);
  if constexpr (kInputs > 1) b = spread(b, sb, fill_b, B);
  if constexpr (kInputs > 2) c = spread(c, sc, fill_c, B);
  const auto whole = [&](int k) RL_LAMBDA_INLINE {
    if constexpr (kInputs == 1)
      return f(Items<T, A>::load(a + k));
    else if constexpr (kInputs == 2)
      return f(Items<T, A>::load(a + k), Vec<T>::load(b + k));
    else
      return f(Items<T, A>::load(a + k), Vec<T>::load(b + k), Vec<T>::load(c + k));
  };
  const auto some = [&](int n) RL_LAMBDA_INLINE {
    if constexpr (kInputs == 1)
      put_n(f(Items<T, A>::load_n(a, n)), out, n);
    else if constexpr (kInputs == 2)
      put_n(f(Items<T, A>::load_n(a, n), Vec<T>::load_n(b, n)), out, n);
    else
      put_n(f(Items<T, A>::load_n(a, n), Vec<T>::load_n(b, n), Vec<T>::load_n(c, n)), out, n);
  };
  const auto advance = [&](int64_t k) RL_LAMBDA_INLINE {
    a += sa * k;
    if constexpr (kInputs > 1) b += sb * k;
    if constexpr (kInputs > 2) c += sc * k;
    out += k;
  };
  int64_t n = args.n;
  if constexpr (kStream) {  // streaming stores need an aligned output
    int64_t head = int64_t((-reinterpret_cast<uintptr_t>(out)) & (kVectorBytes - 1)) / int64_t(sizeof(O));
    if (head > n) head = n;
    if (head) {
      some(int(head));
      advance(head);
      n -= head;
    }
  }
  for (; n >= B; n -= B) {
    if constexpr (kStream) {  // longer computations than the machine looks ahead would wait for memory otherwise
#pragma GCC unroll 4
      for (int k = 0; k < B; k += L) {
        prefetch(a + sa * (k + kAhead<T>));
        if constexpr (kInputs > 1) prefetch(b + sb * (k + kAhead<T>));
        if constexpr (kInputs > 2) prefetch(c + sc * (k + kAhead<T>));
      }
    }
#pragma GCC unroll 4
    for (int k = 0; k < B; k += L) put<kStream>(whole(k), out + k);
    advance(B);
  }
  for (; n >= L; n -= L) {
    put<kStream>(whole(0), out);
    advance(L);
  }
  if (n) some(int(n));
}

// Wraps a functor F<T> (constructed from the parameters) as a MapFn.
template <template <class> class F, int kInputs, class T>
static void map(const MapArgs& args) {
  const F<T> f(args.params);
  if (args.stream)
    map_run<kInputs, true, T, T, T>(args, f);
  else
    map_run<kInputs, false, T, T, T>(args, f);
}
template <template <class> class F, int kInputs, class T>
static void map_to_bool(const MapArgs& args) {
  map_run<kInputs, false, T, T, uint8_t>(args, F<T>(args.params));
}

// For long computations, which the machine overlaps by itself: one vector at a time, one copy of the code.
template <template <class> class F, int kInputs, class T>
static void map_long(const MapArgs& args) {
  constexpr int L = Vec<T>::lanes;
  const F<T> f(args.params);
  alignas(64) T fill_a[L], fill_b[L];
  const T* a = spread(static_cast<const T*>(args.in[0]), args.step[0], fill_a, L);
  const T* b = kInputs > 1 ? spread(static_cast<const T*>(args.in[1]), args.step[1], fill_b, L) : nullptr;
  T* out = static_cast<T*>(args.out);
  for (int64_t i = 0; i < args.n; i += L) {
    const int n = int(args.n - i < L ? args.n - i : L);
    const auto load = [&](const T* p, int64_t step) RL_LAMBDA_INLINE {
      return __builtin_expect(n == L, 1) ? Vec<T>::load(p + step * i) : Vec<T>::load_n(p + step * i, n);
    };
    Vec<T> r;
    if constexpr (kInputs == 1)
      r = f(load(a, args.step[0]));
    else
      r = f(load(a, args.step[0]), load(b, args.step[1]));
    if (__builtin_expect(n == L, 1))
      r.store(out + i);
    else
      r.store_n(out + i, n);
  }
}

// f(x), f(x, y) lane by lane for what has no vector form.
template <class T, class F>
RL_INLINE Vec<T> each(Vec<T> a, F f) {
  alignas(64) T tmp[Vec<T>::lanes];
  a.store(tmp);
  for (int i = 0; i < Vec<T>::lanes; ++i) tmp[i] = f(tmp[i]);
  return Vec<T>::load(tmp);
}
template <class T, class F>
RL_INLINE Vec<T> each(Vec<T> a, Vec<T> b, F f) {
  alignas(64) T x[Vec<T>::lanes], y[Vec<T>::lanes];
  a.store(x);
  b.store(y);
  for (int i = 0; i < Vec<T>::lanes; ++i) x[i] = f(x[i], y[i]);
  return Vec<T>::load(x);
}

#define RL_FUNCTOR1(Name, ...)                           \
  template <class T>                                     \
  struct Name {                                          \
    using V = Vec<T>;                                    \
    explicit RL_INLINE Name(const double*) {}            \
    RL_INLINE auto operator()(V a) const { __VA_ARGS__ } \
  };
#define RL_FUNCTOR2(Name, ...)                                \
  template <class T>                                          \
  struct Name {                                               \
    using V = Vec<T>;                                         \
    explicit RL_INLINE Name(const double*) {}                 \
    RL_INLINE auto operator()(V a, V b) const { __VA_ARGS__ } \
  };

// table rows: floats only, or all four types
#define RL_FLOATS(name, F, inputs)                    \
  case kMap_##name:                                   \
    if (type == kF32) return &map<F, inputs, float>;  \
    if (type == kF64) return &map<F, inputs, double>; \
    return nullptr;
#define RL_LONG(name, F, inputs)                           \
  case kMap_##name:                                        \
    if (type == kF32) return &map_long<F, inputs, float>;  \
    if (type == kF64) return &map_long<F, inputs, double>; \
    return nullptr;
#define RL_ALL(name, F, inputs)                        \
  case kMap_##name:                                    \
    if (type == kF32) return &map<F, inputs, float>;   \
    if (type == kF64) return &map<F, inputs, double>;  \
    if (type == kI32) return &map<F, inputs, int32_t>; \
    if (type == kI64) return &map<F, inputs, int64_t>; \
    return nullptr;

MapFn find_arithmetic(int op, int type);
MapFn find_math(int op, int type);
MapFn find_special(int op, int type);
MapFn find_activation(int op, int type);
MapFn find_compare(int op, int type);

}  // namespace rl::RL_ISA
