#pragma once
// Convolutions with few channels over many small images: a vector holds one cell of as many images as it has lanes.
//
// The source is turned into [cell][channel][image] for a block of images. A run of taps along x is then one run of
// memory, taps that lie in the padding are left out instead of multiplied by zero, and no lane is wasted at the end of
// a row. Outputs are turned back into [image][channel][cell] band by band.
//
// For two axes without dilation. The gradient of the input is the same with the taps and the channels turned round.

#include "kernels/conv/source.h"
#include "simd/transpose.h"
#include "simd/unroll.h"

namespace rl::RL_ISA {

template <class T>
inline constexpr int64_t kImageBlock = 2 * Vec<T>::lanes;
#if defined(RL_AVX512)
inline constexpr int kImageRows = 12;  // of a register tile, two vectors wide
#else
inline constexpr int kImageRows = 6;
#endif
inline constexpr int64_t kImageBand = 64;  // outputs turned back at once

template <class T>
struct ImageConv {
  const T* source;  // (batch, channels, height, width)
  T* out;           // (batch, rows, out_height, out_width)
  const T* a;       // packed by pack_taps
  const T* bias;    // one per row, or null
  bool relu;
  int64_t batch, channels, rows, size[2], out_size[2], kernel[2], stride[2], padding[2];

  int64_t cells() const { return size[0] * size[1]; }
  int64_t outputs() const { return out_size[0] * out_size[1]; }
  int64_t block_size() const { return cells() * channels * kImageBlock<T>; }
};

// out[k * step + j] = source[j][k] for k < depth; lanes from `rows` on are zero.
template <class T>
static void lanes_from_images(const T* source, int64_t source_step, int rows, int64_t depth, T* out, int64_t step) {
  using V = Vec<T>;
  for (int64_t k = 0; k < depth; k += V::lanes) {
    const int have = int(min64(V::lanes, depth - k));
    V block[V::lanes];
    unroll<V::lanes>([&](auto j) RL_UNROLLED {
      const T* from = source + int64_t(j) * source_step + k;
      block[j] = j >= rows ? V::zero() : have == V::lanes ? V::load(from) : V::load_n(from, have);
    });
    transpose(block);
    unroll<V::lanes>([&](auto i) RL_UNROLLED {
      if (i < have) block[i].store(out + (k + i) * step);
    });
  }
}

// out[j * out_step + k] = source[k * step + j] for j < rows, k < depth
template <class T>
static void images_from_lanes(const T* source, int64_t step, int rows, int64_t depth, T* out, int64_t out_step) {
  using V = Vec<T>;
  for (int64_t k = 0; k < depth; k += V::lanes) {
    const int have = int(min64(V::lanes, depth - k));
    V block[V::lanes];
    unroll<V::lanes>([&](auto i) RL_UNROLLED { block[i] = i < have ? V::load(source + (k + i) * step) : V::zero(); });
    transpose(block);
    unroll<V::lanes>([&](auto j) RL_UNROLLED {
      if (j >= rows) return;
      T* to = out + int64_t(j) * out_step + k;
      if (have == V::lanes)
        block[j].store(to);
      else
        block[j].store_n(to, have);
    });
  }
}

// The taps of one output along an axis: [first, last), reading cells from `cell` on.
struct TapRange {
  int64_t first, last, cell;
  TapRange(int64_t out, int64_t stride, int64_t padding, int64_t kernel, int64_t size) {
    const int64_t start = out * stride - padding;
    first = max64(0, -start);
    last = min64(kernel, size - start);
    cell = start + first;
  }
};

// `rows` channels of one output, for a block of images.
template <class T, int rows>
static void image_tile(const ImageConv<T>& g, const T* source, const T* a, int64_t oy, const TapRange& x, int64_t row,
                       T* out, int64_t out_step) {
  using V = Vec<T>;
  constexpr int64_t block = kImageBlock<T>;
  V acc[rows][2];
  unroll<rows>([&](auto i) RL_UNROLLED { acc[i][0] = acc[i][1] = V(g.bias ? g.bias[row + i] : T(0)); });
  const TapRange y(oy, g.stride[0], g.padding[0], g.kernel[0], g.size[0]);
  const int64_t depth = (x.last - x.first) * g.channels;
  for (int64_t ky = y.first; ky < y.last; ++ky) {
    const T* b = source + ((y.cell + ky - y.first) * g.size[1] + x.cell) * g.channels * block;
    const T* w = a + (ky * g.kernel[1] + x.first) * g.channels * rows;
    for (int64_t k = 0; k < depth; ++k, b += block, w += rows) {
      const V b0 = V::load(b), b1 = V::load(b + V::lanes);
      unroll<rows>([&](auto i) RL_UNROLLED {
        const V value(w[i]);
        acc[i][0] = fma(value, b0, acc[i][0]);
        acc[i][1] = fma(value, b1, acc[i][1]);
      });
    }
  }
  unroll<rows>([&](auto i) RL_UNROLLED {
    unroll<2>([&](auto v) RL_UNROLLED {
      V value = acc[i][v];
      if (g.relu) value = select<T>(value < V::zero(), V::zero(), value);
      value.store(out + i * out_step + v * V::lanes);
    });
  });
}

template <class T>
static void image_rows(const ImageConv<T>& g, int rows, const T* source, const T* a, int64_t oy, const TapRange& x,
                       int64_t row, T* out, int64_t out_step) {
  switch (rows) {
#define RL_ROWS(R)                                                                            \
  case R:                                                                                     \
    if constexpr (R <= kImageRows) image_tile<T, R>(g, source, a, oy, x, row, out, out_step); \
    break;
    RL_ROWS(1)
    RL_ROWS(2)
    RL_ROWS(3)
    RL_ROWS(4)
    RL_ROWS(5)
    RL_ROWS(6)
    RL_ROWS(7)
    RL_ROWS(8)
    RL_ROWS(9)
    RL_ROWS(10)
    RL_ROWS(11)
    RL_ROWS(12)
#undef RL_ROWS
  }
}

// Panels of at most kImageRows rows, each [ky][kx][channel][row] of w[row * row_step + channel * channel_step + tap],
// taps in reverse order if `turned`.
template <class T>
static void pack_taps(const ImageConv<T>& g, const T* w, int64_t row_step, int64_t channel_step, bool turned, T* out) {
  const gemm::Even panels(g.rows, kImageRows);
  const int64_t taps = g.kernel[0] * g.kernel[1];
  for (int64_t p = 0; p < panels.count; ++p)
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t c = 0; c < g.channels; ++c)
        for (int64_t r = 0; r < panels.length(p); ++r)
          *out++ = w[(panels.begin(p) + r) * row_step + c * channel_step + (turned ? taps - 1 - t : t)];
}

template <class T>
static bool image_conv(const ImageConv<T>& g) {
  using V = Vec<T>;
  constexpr int64_t block = kImageBlock<T>;
  const int64_t blocks = ceil_div(g.batch, block), cells = g.cells(), outputs = g.outputs();
  Buffer turned(blocks * g.block_size() * int64_t(sizeof(T)));
  if (!turned.pointer) return false;
  T* const lanes = turned.as<T>();
  parallel_for(blocks * g.channels, max64(1, kSimpleGrain / max64(1, cells * block)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / g.channels, c = i % g.channels;
      for (int64_t v = 0; v < block; v += V::lanes) {
        const int64_t image = b * block + v;
        const int have = int(max64(0, min64(V::lanes, g.batch - image)));
        lanes_from_images(g.source + (min64(image, g.batch - 1) * g.channels + c) * cells, g.channels * cells, have,
                          cells, lanes + b * g.block_size() + c * block + v, g.channels * block);
      }
    }
  });
  const gemm::Even panels(g.rows, kImageRows);
  const int64_t bands = ceil_div(outputs, kImageBand), depth = g.channels * g.kernel[0] * g.kernel[1];
  const int64_t work = depth * g.rows * block * kImageBand;
  bool failed = false;  // only ever set, atomically
  parallel_for(blocks * bands, max64(1, kProductGrain / max64(1, work)), [&](int64_t begin, int64_t end) {
    T* const band = static_cast<T*>(scratch(3, size_t(g.rows * kImageBand * block) * sizeof(T)));
    if (!band) {
      __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
      return;
    }
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / bands, first = i % bands * kImageBand, last = min64(outputs, first + kImageBand);
      const T* source = lanes + b * g.block_size();
      for (int64_t p = 0; p < panels.count; ++p) {
        const int64_t row = panels.begin(p);
        for (int64_t q = first; q < last; ++q) {
          const int64_t oy = q / g.out_size[1], ox = q % g.out_size[1];
          const TapRange x(ox, g.stride[1], g.padding[1], g.kernel[1], g.size[1]);
          image_rows(g, int(panels.length(p)), source, g.a + row * depth, oy, x, row,
                     band + (row * kImageBand + q - first) * block, kImageBand * block);
        }
      }
      for (int64_t v = 0; v < block; v += V::lanes) {
        const int64_t image = b * block + v;
        const int have = int(min64(V::lanes, g.batch - image));
        for (int64_t r = 0; have > 0 && r < g.rows; ++r)
          images_from_lanes(band + r * kImageBand * block + v, block, have, last - first,
                            g.out + (image * g.rows + r) * outputs + first, g.rows * outputs);
      }
    }
  });
  return !__atomic_load_n(&failed, __ATOMIC_RELAXED);
}

// Whether a convolution from `channels` to `rows` channels is taken here: many images, so little work for a cell that
// the other algorithms spend their time on edges and remainders, and a block that stays in L2.
template <class T>
static bool image_conv_pays(const ConvShape& s, int64_t channels, int64_t rows, const int64_t* size) {
  constexpr int64_t block = kImageBlock<T>;
  const int64_t taps = s.kernel[1] * s.kernel[2], used = ceil_div(s.batch, block) * block;
  return s.groups == 1 && s.kernel[0] == 1 && s.input[0] == 1 && s.output[0] == 1 && s.padding[0] == 0 &&
         s.dilation[1] == 1 && s.dilation[2] == 1 && taps > 1 && 4 * s.batch >= 3 * used && channels <= 16 &&
         rows <= 32 && size[1] * size[2] * channels * block * int64_t(sizeof(T)) <= (int64_t(1) << 19);
}

}  // namespace rl::RL_ISA
