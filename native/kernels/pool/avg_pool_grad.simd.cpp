#include "kernels/pool/windows.h"
#include "simd/quotient.h"

namespace rl::RL_ISA {

// The gradient of an average gathers: with share[w] = grad_y[w] / size of window w,
//
//   grad_x[i] = sum of share[w] over the windows w that cover cell i
//
// first over the two leading axes, which adds whole rows of shares, then along the row. There cell x lies in windows
// (x + padding) / stride - t, t = 0, 1, ..., so all cells of one remainder x % stride take the same number of
// neighbouring items: vectors of them, written interleaved.

// a / b of items: exact counts below.
template <class T>
static RL_INLINE Vec<T> divide(Vec<T> a, Vec<T> b) {
  if constexpr (T(1) / 2 != 0) {
    return quotient(a, b);
  } else {
    for (int i = 0; i < Vec<T>::lanes; ++i) a.set(i, over(T(a[i]), T(b[i])));
    return a;
  }
}

// The windows of one axis that cover cell i, for i that only grows.
struct Covering {
  int64_t kernel, stride, padding, out;
  TapRange windows;
  Covering(const PoolGeometry& g, int axis, int64_t i)
      : kernel(g.kernel[axis]), stride(g.stride[axis]), padding(g.padding[axis]), out(g.out[axis]) {
    start(i);
  }
  void start(int64_t i) {
    windows.begin = clamp(ceil_div(i + padding - kernel + 1, stride), 0, out);
    windows.end = clamp((i + padding) / stride + 1, windows.begin, out);
  }
  bool advance(int64_t i) {  // to cell i, the one after the last; whether the windows changed
    const TapRange before = windows;
    while (windows.begin < out && windows.begin * stride - padding + kernel <= i) ++windows.begin;
    if (windows.end < windows.begin) windows.end = windows.begin;
    while (windows.end < out && windows.end * stride - padding <= i) ++windows.end;
    return windows.begin != before.begin || windows.end != before.end;
  }
};

// Writes rows of grad_x from rows of sums that are zero outside [0, out).
template <class T>
struct Spread {
  static constexpr int L = Vec<T>::lanes;
  struct Remainder {
    int64_t first, taps;  // cell e + stride m lies in windows first + m - t, t < taps
  };
  const PoolGeometry& g;
  Remainder even, odd;
  explicit Spread(const PoolGeometry& geometry) : g(geometry), even(remainder(0)), odd(remainder(1)) {}

  Remainder remainder(int64_t e) const {
    const int64_t S = g.stride[2], phase = (e + g.padding[2]) % S;
    return {(e + g.padding[2]) / S, g.kernel[2] > phase ? (g.kernel[2] - phase - 1) / S + 1 : 0};
  }
  static RL_INLINE Vec<T> lanes_at(const T* sums, const Remainder& r, int64_t m) {
    Vec<T> v = r.taps ? Vec<T>::load(sums + r.first + m) : Vec<T>::zero();
    for (int64_t t = 1; t < r.taps; ++t) v += Vec<T>::load(sums + r.first + m - t);
    return v;
  }
  RL_INLINE void row(const T* sums, T* to) const {
    const int64_t S = g.stride[2], W = g.in[2];
    if (S == 1) {
      for (int64_t x = 0; x < W; x += L) lanes_at(sums, even, x).store_n(to + x, int(min(L, W - x)));
    } else if (S == 2) {
      const int64_t pairs = W / 2;
      for (int64_t m = 0; m < pairs; m += L)
        store_interleaved(to + 2 * m, lanes_at(sums, even, m), lanes_at(sums, odd, m), int(min(L, pairs - m)));
      if (W % 2) to[W - 1] = lanes_at(sums, even, pairs)[0];
    } else {
      T tmp[L];
      for (int64_t e = 0; e < min(S, W); ++e) {
        const Remainder r = remainder(e);
        const int64_t count = (W - 1 - e) / S + 1;
        for (int64_t m = 0; m < count; m += L) {
          lanes_at(sums, r, m).store(tmp);
          const int64_t n = min(L, count - m);
          for (int64_t k = 0; k < n; ++k) to[(m + k) * S + e] = tmp[k];
        }
      }
    }
  }
};

template <class T>
static RL_INLINE void copy_row(const T* from, T* to, int64_t n) {
  constexpr int L = Vec<T>::lanes;
  int64_t i = 0;
  for (; i + L <= n; i += L) Vec<T>::load(from + i).store(to + i);
  if (i < n) Vec<T>::load_n(from + i, int(n - i)).store_n(to + i, int(n - i));
}

template <class T>
bool avg_pool_grad(const T* grad_y, T* grad_x, const PoolGeometry& given, bool count_include_pad, int64_t divisor) {
  PoolGeometry g = given;  // whose windows end with the input: what of a window lies beyond only counts
  for (int a = 0; a < 3; ++a) g.kernel[a] = min(g.kernel[a], g.in[a] + g.padding[a]);
  constexpr int L = Vec<T>::lanes;
  constexpr int64_t kSlots = 16;
  const int64_t J = g.out[2], W = g.in[2], left = (g.kernel[2] - 1) / g.stride[2] + 1;
  const int64_t reach = ceil_div(W, g.stride[2]) + (g.stride[2] - 1 + g.padding[2]) / g.stride[2];
  const int64_t width = left + (reach > J ? reach : J) + 2 * L;
  // rows of shares are kept while the windows of a row need them: slot (z % depths, h % heights)
  const int64_t depths = ceil_div(g.kernel[0], g.stride[0]), heights = ceil_div(g.kernel[1], g.stride[1]);
  const bool keep = depths <= kSlots && heights <= kSlots && depths * heights <= kSlots;
  const int64_t slots = keep ? depths * heights : 1;
  const Divisor count{given, count_include_pad, divisor};
  const Spread<T> spread(g);
  bool ok = true;  // only ever cleared, atomically
  parallel_for(g.planes * g.in[0] * g.in[1], kSimpleGrain / 2 / (W + 1) + 1, [&](int64_t row, int64_t end) {
    const size_t items = size_t((slots + 2) * width + g.out[1]) * sizeof(T);
    T* const memory = static_cast<T*>(scratch(0, items));
    if (!memory) {
      __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
      return;
    }
    std::memset(memory, 0, items);
    T *const sizes = memory, *const sum = memory + width + left, *const shares = memory + 2 * width + left;
    T* const heights_of = memory + (slots + 2) * width;  // cells of window (z, h, j) = those of z, of h and of j
    for (int64_t j = 0; j < width; ++j) {
      const int64_t n = j < J ? count.at(1, j) : 1;
      sizes[j] = n ? T(n) : T(1);
    }
    for (int64_t h = 0; h < g.out[1]; ++h) {
      const int64_t n = divisor ? 1 : count.extent(1, h);
      heights_of[h] = n ? T(n) : T(1);
    }
    int64_t held[kSlots];
    for (int64_t& h : held) h = -1;

    const auto share = [&](int64_t plane, int64_t z, int64_t h, T depth_of) -> const T* {
      const int64_t slot = keep ? z % depths * heights + h % heights : 0, id = (plane * g.out[0] + z) * g.out[1] + h;
      T* to = shares + slot * width;
      if (held[slot] == id) return to;
      held[slot] = id;
      const Vec<T> size(T(depth_of * heights_of[h]));
      const T* from = grad_y + id * J;
      for (int64_t j = 0; j < J; j += L) {
        const int n = int(min(L, J - j));
        divide(Vec<T>::load_n(from + j, n), size * Vec<T>::load(sizes + j)).store_n(to + j, n);
      }
      return to;
    };
    int64_t volume = row / g.in[1], iy = row % g.in[1];  // volume: a plane's slice
    for (; row < end; ++volume, iy = 0) {
      const int64_t plane = volume / g.in[0];
      const TapRange depth = Covering(g, 0, volume % g.in[0]).windows;
      Covering height(g, 1, iy);
      bool changed = true;
      for (; iy < g.in[1] && row < end; changed = height.advance(++iy), ++row) {
        T* to = grad_x + row * W;
        if (!changed) {
          copy_row(to - W, to, W);
          continue;
        }
        const TapRange& h_range = height.windows;
        const int64_t windows = (depth.end - depth.begin) * (h_range.end - h_range.begin);
        const T* sums = nullptr;
        for (int64_t z = depth.begin; z < depth.end; ++z) {
          const int64_t deep = divisor ? 1 : count.extent(0, z);
          for (int64_t h = h_range.begin; h < h_range.end; ++h) {
            const T* one = share(plane, z, h, T(deep ? deep : 1));
            if (windows == 1) {
              sums = one;
              continue;
            }
            for (int64_t j = 0; j < J; j += L) {  // whole vectors: what follows a row of shares is zero
              const Vec<T> v = Vec<T>::load(one + j);
              (sums ? Vec<T>::load(sum + j) + v : v).store(sum + j);
            }
            sums = sum;
          }
        }
        if (sums)
          spread.row(sums, to);
        else
          std::memset(to, 0, size_t(W) * sizeof(T));
      }
    }
  });
  return ok;
}

#define RL_TYPE(suffix, T) template bool avg_pool_grad<T>(const T*, T*, const PoolGeometry&, bool, int64_t);
RL_POOL_TYPES(RL_TYPE)
#undef RL_TYPE

}  // namespace rl::RL_ISA
