#include "kernels/pool/windows.h"

namespace rl::RL_ISA {

// Max pooling, one row of outputs at a time. For the windows that lie inside the row, 16 (or 8, 4) neighbouring outputs
// are one vector: every tap is one strided load, compared with the best so far; the vector of winning taps is kept as
// integers of the same width and stored narrow. Taps are visited in their order and replace only on `>` (or NaN), so
// the first maximum wins. Windows that overhang take the plain loop.

template <class T>
static RL_INLINE T lowest() {
  if constexpr (T(1) / 2 == 0) {
    return T(1) << (sizeof(T) * 8 - 1);
  } else {
    return -T(__builtin_inf());
  }
}

template <class T>
static RL_INLINE bool beats(T v, T best) {
  return v > best || v != v;
}

template <class T>
static RL_INLINE Mask<T> beats(Vec<T> v, Vec<T> best) {
  return (v > best) | (v != v);
}

// The input rows (kz, ky) that an output row sees: row r starts at x + offset[r] and its first tap is tap[r].
struct RowList {
  int64_t count;
  const int64_t* offset;
  const int64_t* tap;
};

// kw: kernel width when known at compile time, else 0; sw: stride 1 or 2, else 0.
template <class T, class Tap, int kw, int sw>
static RL_INLINE void max_row(const T* x, T* y, Tap* taps, const PoolGeometry& g, const RowList& rows,
                              TapRange inside) {
  const int64_t K = kw ? kw : g.kernel[2], S = g.stride[2], P = g.padding[2], D = g.dilation[2];
  const auto edge = [&](int64_t j) {
    const TapRange range = valid_taps(g, 2, j);
    const T* start = x + j * S - P;
    T best = lowest<T>();
    int64_t tap = rows.count > 0 && range.begin < range.end ? rows.tap[0] + range.begin : -1;
    for (int64_t r = 0; r < rows.count; ++r)
      for (int64_t k = range.begin; k < range.end; ++k) {
        const T v = start[rows.offset[r] + k * D];
        if (beats(v, best)) {
          best = v;
          tap = rows.tap[r] + k;
        }
      }
    y[j] = best;
    taps[j] = Tap(tap);
  };
  if (rows.count == 0) inside.end = inside.begin;  // the plain loop writes the lowest value
  for (int64_t j = 0; j < inside.begin; ++j) edge(j);
  using I = typename Lane<T>::Int;
  constexpr int L = Vec<T>::lanes;
  for (int64_t j = inside.begin; j < inside.end; j += L) {
    const int n = inside.end - j < L ? int(inside.end - j) : L;
    const T* start = x + j * S - P;
    Vec<T> best(lowest<T>());
    Vec<I> tap(I(rows.tap[0]));
    for (int64_t r = 0; r < rows.count; ++r) {
      const T* row = start + rows.offset[r];
      const I first = I(rows.tap[r]);
      if constexpr (kw != 0) {
#pragma GCC unroll 8
        for (int k = 0; k < kw; ++k) {
          const Vec<T> v = load_strided<sw>(row + k * D, S, n);
          const Mask<T> better = beats(v, best);
          best = select(better, v, best);
          tap = select(better, Vec<I>(I(first + k)), tap);
        }
      } else {
        for (int64_t k = 0; k < K; ++k) {
          const Vec<T> v = load_strided<sw>(row + k * D, S, n);
          const Mask<T> better = beats(v, best);
          best = select(better, v, best);
          tap = select(better, Vec<I>(I(first + k)), tap);
        }
      }
    }
    if (n == L) {
      best.store(y + j);
    } else {
      best.store_n(y + j, n);
    }
    store_narrow(taps + j, tap, n);
  }
  for (int64_t j = inside.end; j < g.out[2]; ++j) edge(j);
}

template <class T, class Tap, int kw, int sw>
static bool max_rows(const T* x, T* y, Tap* taps, const PoolGeometry& g) {
  const int64_t row_work = g.out[2] * g.num_taps();
  const TapRange inside = interior(g);
  bool ok = true;  // only ever cleared, atomically
  parallel_for(g.planes * g.out[0] * g.out[1], 2 * kSimpleGrain / (row_work + 1) + 1, [&](int64_t begin, int64_t end) {
    const int64_t num_rows = min(g.kernel[0], g.in[0]) * min(g.kernel[1], g.in[1]);  // rows inside, at most
    auto* offset = static_cast<int64_t*>(scratch(0, size_t(2 * num_rows) * sizeof(int64_t)));
    if (!offset) {
      __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
      return;
    }
    int64_t* tap = offset + num_rows;
    for (int64_t row = begin; row < end; ++row) {
      const int64_t h = row % g.out[1], z = row / g.out[1] % g.out[0], plane = row / (g.out[0] * g.out[1]);
      const TapRange depth = valid_taps(g, 0, z), height = valid_taps(g, 1, h);
      RowList rows{0, offset, tap};
      for (int64_t kz = depth.begin; kz < depth.end; ++kz)
        for (int64_t ky = height.begin; ky < height.end; ++ky) {
          const int64_t iz = z * g.stride[0] - g.padding[0] + kz * g.dilation[0];
          const int64_t iy = h * g.stride[1] - g.padding[1] + ky * g.dilation[1];
          offset[rows.count] = (iz * g.in[1] + iy) * g.in[2];
          tap[rows.count++] = (kz * g.kernel[1] + ky) * g.kernel[2];
        }
      max_row<T, Tap, kw, sw>(x + plane * g.in_size(), y + row * g.out[2], taps + row * g.out[2], g, rows, inside);
    }
  });
  return ok;
}

template <class T, class Tap>
static bool max_pool_typed(const T* x, T* y, Tap* taps, const PoolGeometry& g) {
  if (g.stride[2] == 2 && g.kernel[2] == 2) return max_rows<T, Tap, 2, 2>(x, y, taps, g);
  if (g.stride[2] == 2 && g.kernel[2] == 3) return max_rows<T, Tap, 3, 2>(x, y, taps, g);
  if (g.stride[2] == 2) return max_rows<T, Tap, 0, 2>(x, y, taps, g);
  if (g.stride[2] == 1) return max_rows<T, Tap, 0, 1>(x, y, taps, g);
  return max_rows<T, Tap, 0, 0>(x, y, taps, g);
}

template <class T>
bool max_pool(const T* x, T* y, void* taps, const PoolGeometry& g) {
  if (g.tap_bytes() == 1) return max_pool_typed(x, y, static_cast<uint8_t*>(taps), g);
  return max_pool_typed(x, y, static_cast<int32_t*>(taps), g);
}

// Position of output `o` of one plane, when its tap is 0, and what each tap adds to it.
struct TapOffsets {
  int64_t table[256];
  const PoolGeometry& g;

  RL_INLINE explicit TapOffsets(const PoolGeometry& geometry) : g(geometry) {
    for (int64_t t = 0; t < 256; ++t) table[t] = t < g.num_taps() ? of(t) : -g.in_size() * 8;
  }
  RL_INLINE int64_t of(int64_t tap) const {
    const int64_t kx = tap % g.kernel[2], ky = tap / g.kernel[2] % g.kernel[1], kz = tap / (g.kernel[2] * g.kernel[1]);
    return (kz * g.dilation[0] * g.in[1] + ky * g.dilation[1]) * g.in[2] + kx * g.dilation[2];
  }
  RL_INLINE int64_t row_base(int64_t z, int64_t h) const {
    return ((z * g.stride[0] - g.padding[0]) * g.in[1] + h * g.stride[1] - g.padding[1]) * g.in[2] - g.padding[2];
  }
};

// f(output index in the plane, position in the plane or -1) for every output of a plane.
template <class Tap, class F>
static RL_INLINE void for_winners(const Tap* taps, const TapOffsets& offsets, const PoolGeometry& g, F&& f) {
  const uint64_t in_size = uint64_t(g.in_size());
  int64_t o = 0;
  for (int64_t z = 0; z < g.out[0]; ++z)
    for (int64_t h = 0; h < g.out[1]; ++h) {
      int64_t base = offsets.row_base(z, h);
      for (int64_t j = 0; j < g.out[2]; ++j, ++o, base += g.stride[2]) {
        int64_t position;
        if constexpr (sizeof(Tap) == 1) {
          position = taps[o] == 255 ? -1 : base + offsets.table[taps[o]];
        } else {
          position = taps[o] < 0 || taps[o] >= g.num_taps() ? -1 : base + offsets.of(taps[o]);
        }
        f(o, uint64_t(position) < in_size ? position : -1);  // taps come from the caller: never trust them
      }
    }
}

template <class F>
static RL_INLINE void over_winners(const void* taps, const PoolGeometry& g, int64_t plane, const TapOffsets& offsets,
                                   F&& f) {
  if (g.tap_bytes() == 1) {
    for_winners(static_cast<const uint8_t*>(taps) + plane * g.out_size(), offsets, g, f);
  } else {
    for_winners(static_cast<const int32_t*>(taps) + plane * g.out_size(), offsets, g, f);
  }
}

// Rows of 2x2 windows that tile the plane: each pair of input rows is written once, without scattering.
template <class T>
static void grad_2x2(const T* grad_y, const uint8_t* taps, T* grad_x, const PoolGeometry& g) {
  using I = typename Lane<T>::Int;
  constexpr int L = Vec<T>::lanes;
  const int64_t W = g.in[2];
  for (int64_t h = 0; h < g.out[1]; ++h, grad_y += g.out[2], taps += g.out[2], grad_x += 2 * W) {
    for (int64_t j = 0; j < g.out[2]; j += L) {
      const int n = g.out[2] - j < L ? int(g.out[2] - j) : L;
      const Vec<T> grad = n == L ? Vec<T>::load(grad_y + j) : Vec<T>::load_n(grad_y + j, n);
      const Vec<I> tap = load_narrow<I>(taps + j, n);
      const auto part = [&](I t) { return select(tap == Vec<I>(t), grad, Vec<T>::zero()); };
      store_interleaved(grad_x + 2 * j, part(0), part(1), n);
      store_interleaved(grad_x + W + 2 * j, part(2), part(3), n);
    }
    for (int64_t i = 2 * g.out[2]; i < W; ++i) grad_x[i] = grad_x[W + i] = T(0);
  }
  if (g.in[1] > 2 * g.out[1]) std::memset(grad_x, 0, size_t((g.in[1] - 2 * g.out[1]) * W) * sizeof(T));
}

template <class T>
void max_pool_grad(const T* grad_y, const void* taps, T* grad_x, const PoolGeometry& g) {
  const auto is = [](const int64_t* v, int64_t z, int64_t y, int64_t x) { return v[0] == z && v[1] == y && v[2] == x; };
  const bool tiled = is(g.kernel, 1, 2, 2) && is(g.stride, 1, 2, 2) && is(g.padding, 0, 0, 0) && g.dilation[1] == 1 &&
                     g.dilation[2] == 1 && g.in[0] == 1 && 2 * g.out[1] <= g.in[1] && 2 * g.out[2] <= g.in[2];
  const TapOffsets offsets(g);
  over_planes(g, [&](int64_t plane) {
    const T* from = grad_y + plane * g.out_size();
    T* to = grad_x + plane * g.in_size();
    if (tiled) return grad_2x2(from, static_cast<const uint8_t*>(taps) + plane * g.out_size(), to, g);
    std::memset(to, 0, size_t(g.in_size()) * sizeof(T));
    over_winners(taps, g, plane, offsets, [&](int64_t o, int64_t position) {
      if (position >= 0) to[position] = plus(to[position], from[o]);
    });
  });
}

template <class T>
void max_pool_take(const T* x, const void* taps, T* y, const PoolGeometry& g) {
  const TapOffsets offsets(g);
  over_planes(g, [&](int64_t plane) {
    const T* from = x + plane * g.in_size();
    T* to = y + plane * g.out_size();
    over_winners(taps, g, plane, offsets,
                 [&](int64_t o, int64_t position) { to[o] = position >= 0 ? from[position] : T(0); });
  });
}

void max_pool_indices(const void* taps, int64_t* indices, const PoolGeometry& g) {
  const TapOffsets offsets(g);
  over_planes(g, [&](int64_t plane) {
    int64_t* to = indices + plane * g.out_size();
    over_winners(taps, g, plane, offsets, [&](int64_t o, int64_t position) { to[o] = position; });
  });
}

#define RL_INSTANTIATE(suffix, T)                                                 \
  template bool max_pool<T>(const T*, T*, void*, const PoolGeometry&);            \
  template void max_pool_grad<T>(const T*, const void*, T*, const PoolGeometry&); \
  template void max_pool_take<T>(const T*, const void*, T*, const PoolGeometry&);
RL_POOL_TYPES(RL_INSTANTIATE)
#undef RL_INSTANTIATE

}  // namespace rl::RL_ISA
