#include "kernels/pool/windows.h"

namespace rl::RL_ISA {

// Pooling of images in channels-last order: `planes` images of in[0] x in[1] x in[2] pixels of `channels` items.
// Vectors run along the channels, so every window of an image takes the same steps whether it overhangs or not.

template <class T>
static RL_INLINE Vec<T> load_items(const T* p, int n) {
  return n == Vec<T>::lanes ? Vec<T>::load(p) : Vec<T>::load_n(p, n);
}
template <class T>
static RL_INLINE void store_items(Vec<T> v, T* p, int n) {
  if (n == Vec<T>::lanes)
    v.store(p);
  else
    v.store_n(p, n);
}

// f(output row, image, z, h) over all rows of outputs.
template <class F>
static RL_INLINE void over_output_rows(const PoolGeometry& g, int64_t channels, int64_t work, F&& f) {
  const int64_t row_work = g.out[2] * channels * work;
  parallel_for(g.planes * g.out[0] * g.out[1], kSimpleGrain / (row_work + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      f(row, row / (g.out[0] * g.out[1]), row / g.out[1] % g.out[0], row % g.out[1]);
  });
}

// f(image, first channel, channels): images divided among the threads, and their channels where there are few images.
template <class T, class F>
static RL_INLINE void over_images(const PoolGeometry& g, int64_t channels, F&& f) {
  constexpr int64_t kPart = 4 * Vec<T>::lanes;
  const int64_t parts = g.planes >= 4 * num_threads() ? 1 : (channels + kPart - 1) / kPart;
  const int64_t part = parts == 1 ? channels : kPart;
  parallel_for(g.planes * parts, kSimpleGrain / (g.in_size() * part + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % parts * part;
      f(i / parts, first, channels - first < part ? channels - first : part);
    }
  });
}

template <class T, class Tap>
static void max_rows_last(const T* x, T* y, Tap* taps, int64_t channels, const PoolGeometry& g) {
  using I = typename Lane<T>::Int;
  constexpr int L = Vec<T>::lanes;
  over_output_rows(g, channels, g.num_taps(), [&](int64_t row, int64_t image, int64_t z, int64_t h) {
    const TapRange depth = valid_taps(g, 0, z), height = valid_taps(g, 1, h);
    const T* from = x + image * g.in_size() * channels;
    for (int64_t j = 0; j < g.out[2]; ++j) {
      const TapRange width = valid_taps(g, 2, j);
      const bool any = depth.begin < depth.end && height.begin < height.end && width.begin < width.end;
      const int64_t none = any ? (depth.begin * g.kernel[1] + height.begin) * g.kernel[2] + width.begin : -1;
      const int64_t at = (row * g.out[2] + j) * channels;
      const int64_t step = g.dilation[2] * channels;
      for (int64_t c = 0; c < channels; c += L) {
        const int n = channels - c < L ? int(channels - c) : L;
        Vec<T> best{-T(__builtin_inf())};
        Vec<I> tap{I(none)};
        for (int64_t kz = depth.begin; kz < depth.end; ++kz)
          for (int64_t ky = height.begin; ky < height.end; ++ky) {
            const int64_t iz = z * g.stride[0] - g.padding[0] + kz * g.dilation[0];
            const int64_t iy = h * g.stride[1] - g.padding[1] + ky * g.dilation[1];
            const int64_t ix = j * g.stride[2] - g.padding[2] + width.begin * g.dilation[2];
            const T* p = from + ((iz * g.in[1] + iy) * g.in[2] + ix) * channels + c;
            I k = I((kz * g.kernel[1] + ky) * g.kernel[2] + width.begin);
            for (int64_t kx = width.begin; kx < width.end; ++kx, p += step, ++k) {
              const Vec<T> v = load_items(p, n);
              const Mask<T> better = (v > best) | (v != v);
              best = select(better, v, best);
              tap = select(better, Vec<I>(k), tap);
            }
          }
        store_items(best, y + at + c, n);
        store_narrow(taps + at + c, tap, n);
      }
    }
  });
}

template <class T>
void max_pool_last(const T* x, T* y, void* taps, int64_t channels, const PoolGeometry& g) {
  if (g.tap_bytes() == 1) return max_rows_last(x, y, static_cast<uint8_t*>(taps), channels, g);
  max_rows_last(x, y, static_cast<int32_t*>(taps), channels, g);
}

template <class T>
static RL_INLINE void clear(T* image, int64_t pixels, int64_t channels, int64_t count) {
  if (count == channels) {
    std::memset(image, 0, size_t(pixels * channels) * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < pixels; ++i) std::memset(image + i * channels, 0, size_t(count) * sizeof(T));
}

// Every tap of a window adds the gradients of the channels that it won.
template <class T, class Tap>
static void max_grad_last(const T* grad_y, const Tap* taps, T* grad_x, int64_t channels, const PoolGeometry& g) {
  using I = typename Lane<T>::Int;
  constexpr int L = Vec<T>::lanes;
  over_images<T>(g, channels, [&](int64_t image, int64_t first, int64_t count) {
    T* to = grad_x + image * g.in_size() * channels + first;
    clear(to, g.in_size(), channels, count);
    int64_t at = image * g.out_size() * channels + first;
    for (int64_t z = 0; z < g.out[0]; ++z)
      for (int64_t h = 0; h < g.out[1]; ++h) {
        const TapRange depth = valid_taps(g, 0, z), height = valid_taps(g, 1, h);
        for (int64_t j = 0; j < g.out[2]; ++j, at += channels) {
          const TapRange width = valid_taps(g, 2, j);
          for (int64_t c = 0; c < count; c += L) {
            const int n = count - c < L ? int(count - c) : L;
            const Vec<T> grad = load_items(grad_y + at + c, n);
            const Vec<I> tap = load_narrow<I>(taps + at + c, n);
            for (int64_t kz = depth.begin; kz < depth.end; ++kz)
              for (int64_t ky = height.begin; ky < height.end; ++ky) {
                const int64_t iz = z * g.stride[0] - g.padding[0] + kz * g.dilation[0];
                const int64_t iy = h * g.stride[1] - g.padding[1] + ky * g.dilation[1];
                const int64_t ix = j * g.stride[2] - g.padding[2] + width.begin * g.dilation[2];
                T* p = to + ((iz * g.in[1] + iy) * g.in[2] + ix) * channels + c;
                I k = I((kz * g.kernel[1] + ky) * g.kernel[2] + width.begin);
                for (int64_t kx = width.begin; kx < width.end; ++kx, p += g.dilation[2] * channels, ++k)
                  store_items(load_items(p, n) + select(tap == Vec<I>(k), grad, Vec<T>::zero()), p, n);
              }
          }
        }
      }
  });
}

template <class T>
void max_pool_grad_last(const T* grad_y, const void* taps, T* grad_x, int64_t channels, const PoolGeometry& g) {
  if (g.tap_bytes() == 1) return max_grad_last(grad_y, static_cast<const uint8_t*>(taps), grad_x, channels, g);
  max_grad_last(grad_y, static_cast<const int32_t*>(taps), grad_x, channels, g);
}

// The cells of window j along an axis, and what a window's sum is divided by.
struct Windows {
  const PoolGeometry& g;
  bool adaptive;
  Divisor divisor;

  TapRange cells(int axis, int64_t j) const {
    if (adaptive) return adaptive_window(g, axis, j);
    const int64_t start = j * g.stride[axis] - g.padding[axis];
    const TapRange taps = valid_taps(g, axis, j);
    return {start + taps.begin, start + taps.end};
  }
  int64_t count(int64_t z, int64_t h, int64_t j, TapRange depth, TapRange height, TapRange width) const {
    if (adaptive) return (depth.end - depth.begin) * (height.end - height.begin) * (width.end - width.begin);
    return divisor.at(divisor.rows(z, h), j);
  }
};

template <class T>
static void avg_last(const T* x, T* y, int64_t channels, const PoolGeometry& g, const Windows& windows) {
  constexpr int L = Vec<T>::lanes;
  const int64_t work = windows.adaptive ? g.in_size() / (g.out_size() + 1) + 1 : g.num_taps();
  over_output_rows(g, channels, work, [&](int64_t row, int64_t image, int64_t z, int64_t h) {
    const TapRange depth = windows.cells(0, z), height = windows.cells(1, h);
    const T* from = x + image * g.in_size() * channels;
    for (int64_t j = 0; j < g.out[2]; ++j) {
      const TapRange width = windows.cells(2, j);
      const int64_t size = windows.count(z, h, j, depth, height, width);
      const Vec<T> count{T(size)};
      T* to = y + (row * g.out[2] + j) * channels;
      for (int64_t c = 0; c < channels; c += L) {
        const int n = channels - c < L ? int(channels - c) : L;
        Vec<T> sum = Vec<T>::zero();
        for (int64_t iz = depth.begin; iz < depth.end; ++iz)
          for (int64_t iy = height.begin; iy < height.end; ++iy) {
            const T* p = from + ((iz * g.in[1] + iy) * g.in[2] + width.begin) * channels + c;
            Vec<T> line = Vec<T>::zero();
            for (int64_t ix = width.begin; ix < width.end; ++ix, p += channels) line += load_items(p, n);
            sum += line;
          }
        store_items(size ? sum / count : Vec<T>::zero(), to + c, n);
      }
    }
  });
}

template <class T>
static void avg_grad_last(const T* grad_y, T* grad_x, int64_t channels, const PoolGeometry& g, const Windows& windows) {
  constexpr int L = Vec<T>::lanes;
  over_images<T>(g, channels, [&](int64_t image, int64_t first, int64_t count) {
    T* to = grad_x + image * g.in_size() * channels + first;
    clear(to, g.in_size(), channels, count);
    const T* from = grad_y + image * g.out_size() * channels + first;
    for (int64_t z = 0; z < g.out[0]; ++z)
      for (int64_t h = 0; h < g.out[1]; ++h) {
        const TapRange depth = windows.cells(0, z), height = windows.cells(1, h);
        for (int64_t j = 0; j < g.out[2]; ++j, from += channels) {
          const TapRange width = windows.cells(2, j);
          const int64_t size = windows.count(z, h, j, depth, height, width);
          if (!size) continue;
          for (int64_t c = 0; c < count; c += L) {
            const int n = count - c < L ? int(count - c) : L;
            const Vec<T> share = load_items(from + c, n) / Vec<T>(T(size));
            for (int64_t iz = depth.begin; iz < depth.end; ++iz)
              for (int64_t iy = height.begin; iy < height.end; ++iy) {
                T* p = to + ((iz * g.in[1] + iy) * g.in[2] + width.begin) * channels + c;
                for (int64_t ix = width.begin; ix < width.end; ++ix, p += channels)
                  store_items(load_items(p, n) + share, p, n);
              }
          }
        }
      }
  });
}

template <class T>
void avg_pool_last(const T* x, T* y, int64_t channels, const PoolGeometry& g, bool count_include_pad, int64_t divisor) {
  avg_last(x, y, channels, g, Windows{g, false, {g, count_include_pad, divisor}});
}
template <class T>
void avg_pool_grad_last(const T* grad_y, T* grad_x, int64_t channels, const PoolGeometry& g, bool count_include_pad,
                        int64_t divisor) {
  avg_grad_last(grad_y, grad_x, channels, g, Windows{g, false, {g, count_include_pad, divisor}});
}
template <class T>
void adaptive_avg_pool_last(const T* x, T* y, int64_t channels, const PoolGeometry& g) {
  avg_last(x, y, channels, g, Windows{g, true, {g, false, 0}});
}
template <class T>
void adaptive_avg_pool_grad_last(const T* grad_y, T* grad_x, int64_t channels, const PoolGeometry& g) {
  avg_grad_last(grad_y, grad_x, channels, g, Windows{g, true, {g, false, 0}});
}

#define RL_INSTANTIATE(T)                                                                         \
  template void max_pool_last<T>(const T*, T*, void*, int64_t, const PoolGeometry&);              \
  template void max_pool_grad_last<T>(const T*, const void*, T*, int64_t, const PoolGeometry&);   \
  template void avg_pool_last<T>(const T*, T*, int64_t, const PoolGeometry&, bool, int64_t);      \
  template void avg_pool_grad_last<T>(const T*, T*, int64_t, const PoolGeometry&, bool, int64_t); \
  template void adaptive_avg_pool_last<T>(const T*, T*, int64_t, const PoolGeometry&);            \
  template void adaptive_avg_pool_grad_last<T>(const T*, T*, int64_t, const PoolGeometry&);
RL_INSTANTIATE(float)
RL_INSTANTIATE(double)
#undef RL_INSTANTIATE

}  // namespace rl::RL_ISA
