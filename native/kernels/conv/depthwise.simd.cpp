#include "kernels/conv/depthwise.h"

#include "kernels/conv/source.h"
#include "simd/hold.h"
#include "simd/strided.h"
#include "simd/unroll.h"

// Planes with the pixels of a row in vector lanes. A band of a plane is copied into padded rows that stay in the
// first-level cache, split by stride phase along x, so that a tap is an unaligned load. Square kernels run down the
// rows: a padded row is loaded once and added to every output row that it reaches.

namespace rl::RL_ISA {

inline constexpr int64_t kMostStride = 8;  // along x

// One plane's geometry, y then x. Source cell i stands at i * spread + padding of the padded plane (padding may be
// negative), which is zero elsewhere.
struct PlaneShape {
  int64_t source[2], spread[2], padding[2], kernel[2], stride[2], dilation[2], out[2];
  // a padded row: `stride[1]` phases of `length` cells, of which first .. last come from the source
  int64_t length, pitch, band;  // band: output rows whose padded rows keep within 24 KB, four at least
  int64_t first[kMostStride], last[kMostStride];

  void plan(int64_t item_bytes, int64_t lanes);
  int64_t rows(int64_t out_rows) const { return (out_rows - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1; }
  // Where tap kx stands in a padded row, from the output's column on.
  int64_t tap_column(int64_t kx) const {
    const int64_t at = kx * dilation[1];
    return at % stride[1] * length + at / stride[1];
  }
};

static int64_t ceil_any(int64_t a, int64_t b) { return -floor_div(-a, b); }

void PlaneShape::plan(int64_t item_bytes, int64_t lanes) {
  length = out[1] + (kernel[1] - 1) * dilation[1] / stride[1] + lanes;
  pitch = length * stride[1];
  const int64_t fit = (24 << 10) / (pitch * item_bytes);
  const int64_t fit_out = (fit - (kernel[0] - 1) * dilation[0] - 1) / stride[0] + 1;
  band = min64(out[0], max64(4, fit_out / 4 * 4));
  for (int64_t f = 0; f < stride[1]; ++f) {
    if (stride[1] > 1) {
      first[f] = max64(0, ceil_any(padding[1] - f, stride[1]));
      last[f] = min64(length, ceil_any(source[1] + padding[1] - f, stride[1]));
    } else {  // in cells of the source
      first[f] = max64(0, ceil_any(-padding[1], spread[1]));
      last[f] = min64(source[1], ceil_any(length - 1 - padding[1], spread[1]));
    }
  }
}

// One source row into a padded row, whose borders are zero already.
template <class T>
static RL_INLINE void fill_row(const PlaneShape& p, const T* from, T* to) {
  constexpr int L = Vec<T>::lanes;
  const int64_t P = p.padding[1], S = p.stride[1], up = p.spread[1];
  if (S > 1) {
    for (int64_t f = 0; f < S; ++f, to += p.length)
      for (int64_t r = p.first[f]; r < p.last[f]; r += L) {
        const int n = int(min64(L, p.last[f] - r));
        const T* start = from + r * S + f - P;
        (S == 2 ? load_strided<2>(start, S, n) : load_strided<0>(start, S, n)).store_n(to + r, n);
      }
    return;
  }
  const int64_t first = p.first[0], last = p.last[0];
  if (up == 1) {
    int64_t j = first;
    for (; j + L <= last; j += L) Vec<T>::load(from + j).store(to + P + j);
    if (j < last) Vec<T>::load_n(from + j, int(last - j)).store_n(to + P + j, int(last - j));
  } else if (up == 2) {
    for (int64_t j = first; j < last; j += L) {
      const int n = int(min64(L, last - j));
      store_interleaved(to + P + 2 * j, Vec<T>::load_n(from + j, n), Vec<T>::zero(), n);
    }
  } else {
    for (int64_t j = first; j < last; ++j) to[P + j * up] = from[j];
  }
}

// Padded rows for output rows [y, y + count) of a plane.
template <class T>
static void fill_band(const PlaneShape& p, const T* plane, int64_t y, int64_t count, T* buffer) {
  const int64_t rows = p.rows(count), up = p.spread[0];
  int64_t at = y * p.stride[0] - p.padding[0];
  for (int64_t r = 0; r < rows; ++r, ++at, buffer += p.pitch) {
    const int64_t i = at < 0 || up == 1 ? at : at % up ? -1 : at / up;
    if (i < 0 || i >= p.source[0])
      std::memset(buffer, 0, size_t(p.pitch) * sizeof(T));
    else
      fill_row(p, plane + i * p.source[1], buffer);
  }
}

template <class T>
struct Store {
  Vec<T> bias;
  bool relu;
  RL_INLINE void operator()(Vec<T> v, T* to, int64_t n) const {
    if (relu) v = max(Vec<T>::zero(), v);
    if (n >= Vec<T>::lanes)
      v.store(to);
    else
      v.store_n(to, int(n));
  }
};

// kVectors vectors of columns of all output rows; K x K taps, undilated along y. acc[j] is output row y + j. Output row
// y is finished by the last kStride of its K padded rows, which begin the rows after it.
template <class T, int K, int kStride, int kVectors>
static void run_down(const PlaneShape& p, const T* buffer, int64_t count, const T* w, const Store<T>& store, T* out,
                     int64_t columns) {
  constexpr int L = Vec<T>::lanes, kRows = (K + kStride - 1) / kStride;
  const int64_t pitch = p.pitch, W = p.out[1];
  int64_t column[K];
  Vec<T> weight[K * K], acc[kRows][kVectors];
  unroll<K>([&](auto k) RL_UNROLLED { column[k] = p.tap_column(k); });
  unroll<K * K>([&](auto k) RL_UNROLLED { weight[k] = Vec<T>(w[k]); });
  unroll<kRows * kVectors>([&](auto i) RL_UNROLLED { acc[i / kVectors][i % kVectors] = store.bias; });
  const auto add_row = [&](const T* row, auto at) RL_UNROLLED {  // `at`: counted from output row y's first
    unroll<K>([&](auto kx) RL_UNROLLED {
      unroll<kVectors>([&](auto v) RL_UNROLLED {
        const Vec<T> x = hold(Vec<T>::load(row + column[kx] + v * L));
        unroll<kRows>([&](auto j) RL_UNROLLED {
          constexpr int ky = int(at) - int(j) * kStride;
          if constexpr (ky >= 0 && ky < K) acc[j][v] = fma(x, weight[ky * K + int(kx)], acc[j][v]);
        });
      });
    });
  };
  unroll<K - kStride>([&](auto r) RL_UNROLLED {
    add_row(buffer, r);
    buffer += pitch;
  });
  for (int64_t y = 0; y < count; ++y, out += W) {
    unroll<kStride>([&](auto r) RL_UNROLLED {
      add_row(buffer, Index<K - kStride + int(r)>{});
      buffer += pitch;
    });
    unroll<kVectors>([&](auto v) RL_UNROLLED {
      if (v * L < columns) store(acc[0][v], out + v * L, columns - v * L);
      unroll<kRows - 1>([&](auto j) RL_UNROLLED { acc[j][v] = acc[int(j) + 1][v]; });
      acc[kRows - 1][v] = store.bias;
    });
  }
}

template <class T, int K, int kStride>
static void square_band(const PlaneShape& p, const T* buffer, int64_t count, const T* w, const Store<T>& store,
                        T* out) {
  constexpr int L = Vec<T>::lanes, kMost = K <= 3 ? 4 : 2;
  const int64_t vectors = ceil_div(p.out[1], L), blocks = ceil_div(vectors, kMost);
  int64_t x = 0;
  for (int64_t b = 0; b < blocks; ++b) {  // of even sizes: a lone vector would wait for itself
    const int64_t size = vectors * (b + 1) / blocks - vectors * b / blocks, columns = p.out[1] - x;
    if (size == 1) run_down<T, K, kStride, 1>(p, buffer + x, count, w, store, out + x, columns);
    if (size == 2) run_down<T, K, kStride, 2>(p, buffer + x, count, w, store, out + x, min64(columns, 2 * L));
    if constexpr (kMost > 2) {
      if (size == 3) run_down<T, K, kStride, 3>(p, buffer + x, count, w, store, out + x, min64(columns, 3 * L));
      if (size == 4) run_down<T, K, kStride, 4>(p, buffer + x, count, w, store, out + x, min64(columns, 4 * L));
    }
    x += size * L;
  }
}

// Any kernel: four vectors of one row at a time.
template <class T>
static void any_band(const PlaneShape& p, const T* buffer, int64_t count, const T* w, const Store<T>& store, T* out) {
  constexpr int L = Vec<T>::lanes;
  const int64_t taps = p.kernel[0] * p.kernel[1], pitch = p.pitch, W = p.out[1];
  int64_t offset[128];
  for (int64_t t = 0; t < taps; ++t)
    offset[t] = t / p.kernel[1] * p.dilation[0] * pitch + p.tap_column(t % p.kernel[1]);
  for (int64_t y = 0; y < count; ++y) {
    const T* row = buffer + y * p.stride[0] * pitch;
    T* to = out + y * W;
    int64_t x = 0;
    for (; x + 3 * L < W; x += 4 * L) {
      Vec<T> acc[4] = {store.bias, store.bias, store.bias, store.bias};
      for (int64_t t = 0; t < taps; ++t) {
        const Vec<T> weight(w[t]);
        const T* from = row + offset[t] + x;
        unroll<4>([&](auto i) RL_UNROLLED { acc[i] = fma(Vec<T>::load(from + i * L), weight, acc[i]); });
      }
      unroll<4>([&](auto i) RL_UNROLLED { store(acc[i], to + x + i * L, W - x - i * L); });
    }
    for (; x < W; x += L) {
      Vec<T> acc = store.bias;
      for (int64_t t = 0; t < taps; ++t) acc = fma(Vec<T>::load(row + offset[t] + x), Vec<T>(w[t]), acc);
      store(acc, to + x, W - x);
    }
  }
}

// f(plane, first output row, output rows, padded rows) for the bands of all planes.
template <class T, class F>
static bool over_bands(const PlaneShape& p, const T* source, int64_t planes, F&& f) {
  const int64_t band = p.band, bands = ceil_div(p.out[0], band), pitch = p.pitch;
  const int64_t work = band * p.out[1] * p.kernel[0] * p.kernel[1];
  const size_t bytes = size_t(p.rows(band) * pitch + 4 * Vec<T>::lanes) * sizeof(T);
  bool ok = true;
  parallel_for(planes * bands, 65536 / (work + 1) + 1, [&](int64_t begin, int64_t end) {
    T* buffer = static_cast<T*>(scratch(0, bytes));
    if (!buffer) {
      __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
      return;
    }
    std::memset(buffer, 0, bytes);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t plane = i / bands, y = i % bands * band, count = min64(band, p.out[0] - y);
      fill_band(p, source + plane * p.source[0] * p.source[1], y, count, buffer);
      f(plane, y, count, buffer);
    }
  });
  return ok;
}

// w: one kernel of kernel[0] x kernel[1] per channel.
template <class T>
static bool correlate(const PlaneShape& p, const T* x, int64_t batch, int64_t channels, const T* w, const T* bias,
                      T* out, bool relu) {
  const int64_t taps = p.kernel[0] * p.kernel[1], K = p.kernel[0], S = p.stride[0];
  const bool square = K == p.kernel[1] && (p.dilation[0] == 1 || K == 1);
  return over_bands(p, x, batch * channels, [&](int64_t plane, int64_t y, int64_t count, const T* buffer) {
    const int64_t c = plane % channels;
    const Store<T> store{Vec<T>(bias ? bias[c] : T(0)), relu};
    T* to = out + (plane * p.out[0] + y) * p.out[1];
    const T* kernel = w + c * taps;
    if (square && K == 3 && S == 1) return square_band<T, 3, 1>(p, buffer, count, kernel, store, to);
    if (square && K == 3 && S == 2) return square_band<T, 3, 2>(p, buffer, count, kernel, store, to);
    if (square && K == 5 && S == 1) return square_band<T, 5, 1>(p, buffer, count, kernel, store, to);
    if (square && K == 7 && S == 1) return square_band<T, 7, 1>(p, buffer, count, kernel, store, to);
    any_band(p, buffer, count, kernel, store, to);
  });
}

template <class T>
static PlaneShape forward_plane(const ConvShape& s) {
  PlaneShape p;
  for (int i = 0; i < 2; ++i) {
    p.source[i] = s.input[i + 1];
    p.spread[i] = 1;
    p.padding[i] = s.padding[i + 1];
    p.kernel[i] = s.kernel[i + 1];
    p.stride[i] = s.output[i + 1] == 1 ? 1 : s.stride[i + 1];
    p.dilation[i] = s.dilation[i + 1];
    p.out[i] = s.output[i + 1];
  }
  p.plan(sizeof(T), Vec<T>::lanes);
  return p;
}

template <class T>
bool depthwise_forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* out, bool relu) {
  return correlate(forward_plane<T>(s), x, s.batch, s.groups, w, bias, out, relu);
}

template <class T>
bool depthwise_grad_input(const ConvShape& s, const T* grad, const T* w, const T* bias, T* gx) {
  PlaneShape p;
  for (int i = 0; i < 2; ++i) {
    p.source[i] = s.output[i + 1];
    p.spread[i] = s.stride[i + 1];
    p.kernel[i] = s.kernel[i + 1];
    p.dilation[i] = s.dilation[i + 1];
    p.padding[i] = (p.kernel[i] - 1) * p.dilation[i] - s.padding[i + 1];
    p.stride[i] = 1;
    p.out[i] = s.input[i + 1];
  }
  p.plan(sizeof(T), Vec<T>::lanes);
  const int64_t taps = p.kernel[0] * p.kernel[1];
  Buffer reversed(s.groups * taps * int64_t(sizeof(T)));
  if (!reversed.pointer) return false;
  T* r = reversed.as<T>();
  for (int64_t c = 0; c < s.groups; ++c)
    for (int64_t t = 0; t < taps; ++t) r[c * taps + t] = w[c * taps + taps - 1 - t];
  return correlate(p, grad, s.batch, s.groups, r, bias, gx, false);
}

// sums[ky][kx] += grad times the padded rows, kRows kernel rows from `ky` on.
template <class T, int K, int kRows>
static RL_INLINE void weight_rows(const PlaneShape& p, const T* buffer, const T* grad, int64_t count, int64_t ky,
                                  double* sums) {
  constexpr int L = Vec<T>::lanes;
  const int64_t pitch = p.pitch, W = p.out[1], whole = W / L * L;
  const int tail = int(W - whole);
  int64_t column[K];
  unroll<K>([&](auto k) RL_UNROLLED { column[k] = p.tap_column(k); });
  Vec<T> acc[kRows * K];
  unroll<kRows * K>([&](auto k) RL_UNROLLED { acc[k] = Vec<T>::zero(); });
  const int64_t down = p.dilation[0] * pitch;
  const T* row = buffer + ky * down;
  for (int64_t y = 0; y < count; ++y, row += p.stride[0] * pitch, grad += W) {
    for (int64_t x = 0; x < whole; x += L) {
      const Vec<T> g = Vec<T>::load(grad + x);
      unroll<kRows>([&](auto r) RL_UNROLLED {
        const T* from = row + r * down + x;
        unroll<K>([&](auto k) RL_UNROLLED { acc[r * K + k] = fma(g, Vec<T>::load(from + column[k]), acc[r * K + k]); });
      });
    }
    if (tail) {  // both masked: no value outside the sum meets an infinity
      const Vec<T> g = Vec<T>::load_n(grad + whole, tail);
      unroll<kRows * K>([&](auto k) RL_UNROLLED {
        acc[k] = fma(g, Vec<T>::load_n(row + k / K * down + column[k % K] + whole, tail), acc[k]);
      });
    }
  }
  unroll<kRows * K>([&](auto k) RL_UNROLLED { sums[ky * K + k] += double(reduce_add(acc[k])); });
}

template <class T, int K>
static bool grad_weight(const ConvShape& s, const T* grad, const T* x, T* gw) {
  const PlaneShape p = forward_plane<T>(s);
  const int64_t taps = p.kernel[0] * K, planes = s.groups * s.batch, pixels = p.out[0] * p.out[1];
  const int64_t band = p.band, bands = ceil_div(p.out[0], band);
  Buffer partial((planes * bands * taps + 1) * int64_t(sizeof(double)));  // of each band, added in their order
  if (!partial.pointer) return false;
  double* sums = partial.as<double>();
  const bool ok = over_bands(p, x, planes, [&](int64_t plane, int64_t y, int64_t count, const T* buffer) {
    double* to = sums + (plane * bands + y / band) * taps;
    for (int64_t t = 0; t < taps; ++t) to[t] = 0;
    const T* g = grad + plane * pixels + y * p.out[1];
    int64_t ky = 0;
    if constexpr (K == 3)
      for (; ky + 3 <= p.kernel[0]; ky += 3) weight_rows<T, K, 3>(p, buffer, g, count, ky, to);
    for (; ky < p.kernel[0]; ++ky) weight_rows<T, K, 1>(p, buffer, g, count, ky, to);
  });
  if (!ok) return false;
  for (int64_t c = 0; c < s.groups; ++c)
    for (int64_t t = 0; t < taps; ++t) {
      double total = 0;
      for (int64_t n = 0; n < s.batch; ++n)
        for (int64_t b = 0; b < bands; ++b) total += sums[((n * s.groups + c) * bands + b) * taps + t];
      gw[c * taps + t] = T(total);
    }
  return true;
}

template <class T>
bool depthwise_grad_weight(const ConvShape& s, const T* grad, const T* x, T* gw) {
  if (s.kernel[2] == 3) return grad_weight<T, 3>(s, grad, x, gw);
  if (s.kernel[2] == 5) return grad_weight<T, 5>(s, grad, x, gw);
  return grad_weight<T, 7>(s, grad, x, gw);
}

#define RL_INSTANTIATE(T)                                                                       \
  template bool depthwise_forward<T>(const ConvShape&, const T*, const T*, const T*, T*, bool); \
  template bool depthwise_grad_input<T>(const ConvShape&, const T*, const T*, const T*, T*);    \
  template bool depthwise_grad_weight<T>(const ConvShape&, const T*, const T*, T*);
RL_INSTANTIATE(float)
RL_INSTANTIATE(double)
#undef RL_INSTANTIATE

}  // namespace rl::RL_ISA
