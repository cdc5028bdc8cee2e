// The gradient of the weight: gw[o, (c, t)] = sum over images and output positions q of
// grad[n, o, q] * x[n, c, q * stride - padding + t * dilation], as one of
//
//   packed  a matrix product of depth N * Q: A is grad, B the source's rows, both transposed as they are packed
//   rows    the transpose of that for every tap, where an image's pixels are one run: A is the source's rows as they
//           are, only B, grad, is packed
//   dots    for few channels: a block of dot products in registers, both operands read along x as they lie
//   lanes   for wide kernels with 16 output channels or so: one vector of them for each output (grad_lanes.h)
//
// Both read x as forward does (source.h). Columns past the end of a row are masked in both operands, so that no value
// that is not part of the sum meets an infinity.

#include "kernels/conv/depthwise.h"
#include "kernels/conv/gather.h"
#include "kernels/gemm/pack.h"
#include "simd/unroll.h"

namespace rl::RL_ISA {

template <class T>
struct WeightGrad {
  const T* grad;  // first image of the chunk
  const T* source;
  const T* source_end;  // whole vectors may be read up to here
  int64_t images, groups, rows, channels, taps;
  int64_t source_channel, source_image, grad_channel, grad_image;
  int64_t source_step[3], grad_step[3], count[3];
  const int64_t* offset;
  T* out;
  bool first;  // of the chunks: store, later ones add

  int64_t columns() const { return channels * taps; }
  int64_t pixels() const { return count[0] * count[1] * count[2]; }
};

template <class T>
static void merge_axes(WeightGrad<T>& g) {
  for (int pass = 0; pass < 2; ++pass) {
    const bool contiguous = g.count[2] == g.source_step[1];
    if (g.count[1] != 1 && !contiguous) return;
    g.count[2] *= g.count[1];
    g.count[1] = g.count[0];
    g.source_step[1] = g.source_step[0];
    g.grad_step[1] = g.grad_step[0];
    g.count[0] = 1;
  }
}

// f(image, z, y, x, len) for the row pieces of the pixels [begin, end) of the chunk, in order.
template <class T, class F>
static RL_INLINE void row_pieces(const WeightGrad<T>& g, int64_t begin, int64_t end, F&& f) {
  const int64_t pixels = g.pixels();
  int64_t n = begin / pixels, rest = begin % pixels;
  int64_t z = rest / (g.count[1] * g.count[2]);
  rest %= g.count[1] * g.count[2];
  int64_t y = rest / g.count[2], x = rest % g.count[2];
  while (begin < end) {
    const int64_t take = min64(g.count[2] - x, end - begin);
    f(n, z, y, x, take);
    begin += take;
    x = 0;
    if (++y == g.count[1]) {
      y = 0;
      if (++z == g.count[0]) {
        z = 0;
        ++n;
      }
    }
  }
}

// out[k * step + j] = source[j][k], j < rows <= lanes, k < depth: transposes of row pieces that start anywhere.
template <class T>
static RL_INLINE void transpose_piece(const T* const* source, int rows, int64_t depth, T* out, int64_t step,
                                      const T* end) {
  using V = Vec<T>;
  for (int64_t k = 0; k < depth; k += V::lanes) {
    const int have = int(min64(V::lanes, depth - k));
    V block[V::lanes];
    if (have == V::lanes) {
#pragma GCC unroll 16
      for (int j = 0; j < V::lanes; ++j) block[j] = j < rows ? V::load(source[j] + k) : V::zero();
    } else {
#pragma GCC unroll 16
      for (int j = 0; j < V::lanes; ++j) block[j] = j < rows ? V::load_n(source[j] + k, have) : V::zero();
    }
    transpose(block);
    if (have == V::lanes) {
#pragma GCC unroll 16
      for (int i = 0; i < V::lanes; ++i) block[i].store(out + (k + i) * step);
    } else {
      for (int i = 0; i < have; ++i) block[i].store(out + (k + i) * step);
    }
  }
}

inline constexpr int64_t kGradDepth = 384;    // pixels of a depth block
inline constexpr int64_t kGradColumns = 256;  // columns of B packed at once

template <class T>
struct StoreGrad {
  using V = Vec<T>;
  T* out;
  int64_t step;
  template <int rows, int vectors>
  RL_INLINE void prefetch(const gemm::TileAt& at) const {
    for (int i = 0; i < rows; ++i)
      for (int v = 0; v < vectors; ++v) __builtin_prefetch(out + (at.row + i) * step + at.col + v * V::lanes, 1);
  }
  template <int rows, int vectors>
  RL_INLINE void operator()(Vec<T> (&acc)[rows][vectors], const gemm::TileAt& at) const {
    for (int i = 0; i < rows; ++i) {
      T* target = out + (at.row + i) * step + at.col;
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) {
        const int n = int(max64(0, min64(V::lanes, at.cols - v * V::lanes)));
        V value = acc[i][v];
        if (!at.first) value += V::load_n(target + v * V::lanes, n);
        value.store_n(target + v * V::lanes, n);
      }
    }
  }
};

template <class T>
static bool grad_weight_packed(const WeightGrad<T>& g) {
  constexpr int nr = gemm::Block<T>::nr, lanes = Vec<T>::lanes;
  const int64_t columns = g.columns(), depth = g.images * g.pixels();
  const int64_t threads = num_threads();
  const gemm::Even blocks(depth, kGradDepth);
  // Tasks: as few column blocks as keep the threads busy (each packs its rows of grad anew), then blocks of rows.
  const int64_t col_panels = ceil_div(columns, nr);
  const int64_t wanted = ceil_div(threads, g.groups);
  const int64_t col_splits = min64(col_panels, wanted);
  const int64_t row_splits = min64(ceil_div(g.rows, gemm::kTileRows), ceil_div(wanted, col_splits));
  bool ok = true;  // only ever cleared, atomically
  parallel_tasks(g.groups * col_splits * row_splits, [&](int64_t task) {
    const int64_t group = task / (col_splits * row_splits), cs = task / row_splits % col_splits, rs = task % row_splits;
    const int64_t first_panel = col_panels * cs / col_splits, last_panel = col_panels * (cs + 1) / col_splits;
    const int64_t first_row = g.rows * rs / row_splits, num_rows = g.rows * (rs + 1) / row_splits - first_row;
    const gemm::Even panels(num_rows, gemm::kTileRows);
    const int64_t a_step = lanes * ceil_div(gemm::kTileRows, lanes);
    const int64_t deepest = blocks.length(0);
    T* packed_b = static_cast<T*>(scratch(3, size_t(kGradColumns * deepest * int64_t(sizeof(T)))));
    T* packed_a = static_cast<T*>(scratch(4, size_t(panels.count * a_step * deepest * int64_t(sizeof(T)))));
    if (!packed_a || !packed_b) {
      __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
      return;
    }
    const StoreGrad<T> store{g.out + (group * g.rows + first_row) * columns, columns};
    for (int64_t b = 0; b < blocks.count; ++b) {
      const int64_t first = blocks.begin(b), length = blocks.length(b);
      for (int64_t i = 0; i < panels.count; ++i) {
        T* target = packed_a + i * a_step * length;
        const int64_t row = first_row + panels.begin(i);
        const int height = int(panels.length(i));
        row_pieces(g, first, first + length, [&](int64_t n, int64_t z, int64_t y, int64_t x, int64_t take) {
          const T* from = g.grad + n * g.grad_image + (group * g.rows + row) * g.grad_channel + z * g.grad_step[0] +
                          y * g.grad_step[1] + x;
          for (int r = 0; r < height; r += lanes) {
            const T* source[lanes];
            const int have = height - r < lanes ? height - r : lanes;
            for (int j = 0; j < have; ++j) source[j] = from + (r + j) * g.grad_channel;
            transpose_piece<T>(source, have, take, target + r, a_step, nullptr);
          }
          target += take * a_step;
        });
      }
      for (int64_t j0 = first_panel; j0 < last_panel; j0 += kGradColumns / nr) {
        const int64_t j1 = min64(last_panel, j0 + kGradColumns / nr);
        for (int64_t j = j0; j < j1; ++j)
          for (int v = 0; v < gemm::kTileVectors; ++v) {
            const int64_t col = j * nr + v * lanes;
            const int have = int(max64(0, min64(lanes, columns - col)));
            const T* start[lanes];
            for (int i = 0; i < have; ++i)
              start[i] = g.source + (group * g.channels + (col + i) / g.taps) * g.source_channel +
                         g.offset[(col + i) % g.taps];
            T* target = packed_b + (j - j0) * nr * length + v * lanes;
            row_pieces(g, first, first + length, [&](int64_t n, int64_t z, int64_t y, int64_t x, int64_t take) {
              const int64_t at = n * g.source_image + z * g.source_step[0] + y * g.source_step[1] + x;
              const T* source[lanes];
              for (int i = 0; i < have; ++i) source[i] = start[i] + at;
              transpose_piece<T>(source, have, take, target, nr, nullptr);
              target += take * nr;
            });
          }
        for (int64_t i = 0; i < panels.count; ++i)
          for (int64_t j = j0; j < j1; ++j) {
            const gemm::TileAt at{panels.begin(i), j * nr, int(min64(nr, columns - j * nr)), g.first && b == 0, false};
            const auto tile = gemm::tile_function<T, gemm::PanelA, gemm::RowsB<T>, StoreGrad<T>>(panels.length(i),
                                                                                                 gemm::kTileVectors);
            tile(length, packed_a + i * a_step * length, a_step, {packed_b + (j - j0) * nr * length, nr}, store, at);
          }
      }
    }
  });
  return ok;
}

// Rows of A that begin a multiple of this many bytes apart would share a few sets of the first cache.
inline constexpr int64_t kAliasing = 1024;

template <class T>
static bool rows_pay(const WeightGrad<T>& g) {
  return g.count[0] == 1 && g.count[1] == 1 && g.pixels() >= kGradDepth && g.channels >= gemm::kTileRows / 2 &&
         2 * g.rows > gemm::Block<T>::nr && g.source_channel * int64_t(sizeof(T)) % kAliasing != 0;
}

// sums[group][tap][c][o] (rows of `padded` values) += the chunk's part of the gradient; the first chunk stores.
template <class T>
static bool grad_weight_rows(const WeightGrad<T>& g, T* sums, int64_t padded) {
  constexpr int nr = gemm::Block<T>::nr, lanes = Vec<T>::lanes;
  const int64_t pixels = g.pixels(), threads = num_threads();
  const gemm::Even blocks(pixels, 2 * kGradDepth), panels(g.channels, gemm::kTileRows);
  // Tasks: rows of grad first, as each is then packed once; then (tap, panel of channels).
  const int64_t row_panels = ceil_div(g.rows, nr), tiles = g.taps * panels.count;
  const int64_t row_splits = min64(row_panels, ceil_div(threads, g.groups));
  const int64_t tile_splits = min64(tiles, ceil_div(threads, g.groups * row_splits));
  bool ok = true;
  parallel_tasks(g.groups * row_splits * tile_splits, [&](int64_t task) {
    const int64_t group = task / (row_splits * tile_splits), rs = task / tile_splits % row_splits;
    const int64_t first_tile = tiles * (task % tile_splits) / tile_splits;
    const int64_t last_tile = tiles * (task % tile_splits + 1) / tile_splits;
    const int64_t first_panel = row_panels * rs / row_splits, last_panel = row_panels * (rs + 1) / row_splits;
    T* const packed =
        static_cast<T*>(scratch(3, size_t((last_panel - first_panel) * nr * blocks.length(0)) * sizeof(T)));
    if (!packed) {
      __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
      return;
    }
    for (int64_t n = 0; n < g.images; ++n)
      for (int64_t b = 0; b < blocks.count; ++b) {
        const int64_t first = blocks.begin(b), length = blocks.length(b);
        for (int64_t j = first_panel; j < last_panel; ++j)
          for (int v = 0; v < gemm::kTileVectors; ++v) {
            const int64_t row = j * nr + v * lanes;
            const int have = int(max64(0, min64(lanes, g.rows - row)));
            const T* from = g.grad + n * g.grad_image + (group * g.rows + row) * g.grad_channel + first;
            const T* source[lanes];
            for (int i = 0; i < have; ++i) source[i] = from + i * g.grad_channel;
            transpose_piece<T>(source, have, length, packed + (j - first_panel) * nr * length + v * lanes, nr, nullptr);
          }
        const T* image = g.source + n * g.source_image + group * g.channels * g.source_channel + first;
        for (int64_t i = first_tile; i < last_tile; ++i) {
          const int64_t tap = i / panels.count, panel = i % panels.count, c = panels.begin(panel);
          const StoreGrad<T> store{sums + (group * g.taps + tap) * g.channels * padded, padded};
          const auto tile = gemm::tile_function<T, gemm::RowsA, gemm::RowsB<T>, StoreGrad<T>>(panels.length(panel),
                                                                                              gemm::kTileVectors);
          for (int64_t j = first_panel; j < last_panel; ++j)
            tile(length, image + c * g.source_channel + g.offset[tap], g.source_channel,
                 {packed + (j - first_panel) * nr * length, nr}, store,
                 gemm::TileAt{c, j * nr, nr, g.first && n == 0 && b == 0, false});
        }
      }
  });
  return ok;
}

// gw[o][c][tap] of every group from the finished sums.
template <class T>
static void unpack_sums(const WeightGrad<T>& g, const T* sums, int64_t padded) {
  parallel_for(g.groups * g.rows, max64(1, 16384 / g.columns()), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* from = sums + row / g.rows * g.taps * g.channels * padded + row % g.rows;
      T* out = g.out + row * g.columns();
      for (int64_t c = 0; c < g.channels; ++c)
        for (int64_t tap = 0; tap < g.taps; ++tap) *out++ = from[(tap * g.channels + c) * padded];
    }
  });
}

// The dot products of `rows` rows of grad with `cols` rows of the source, over every image.
template <class T, int rows, int cols>
static void dot_block(const WeightGrad<T>& g, const T* grad, const T* const* start, T (&sums)[rows][cols]) {
  using V = Vec<T>;
  V acc[rows][cols];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < cols; ++j) acc[i][j] = V::zero();
  const int64_t whole = g.count[2] / V::lanes * V::lanes;
  const int tail = int(g.count[2] - whole);
  for (int64_t n = 0; n < g.images; ++n)
    for (int64_t z = 0; z < g.count[0]; ++z)
      for (int64_t y = 0; y < g.count[1]; ++y) {
        const T* from = grad + n * g.grad_image + z * g.grad_step[0] + y * g.grad_step[1];
        const int64_t at = n * g.source_image + z * g.source_step[0] + y * g.source_step[1];
        for (int64_t x = 0; x < whole; x += V::lanes) {
          V b[cols];
#pragma GCC unroll 8
          for (int j = 0; j < cols; ++j) b[j] = V::load(start[j] + at + x);
#pragma GCC unroll 8
          for (int i = 0; i < rows; ++i) {
            const V a = V::load(from + i * g.grad_channel + x);
#pragma GCC unroll 8
            for (int j = 0; j < cols; ++j) acc[i][j] = fma(a, b[j], acc[i][j]);
          }
        }
        if (tail) {
          V b[cols];
#pragma GCC unroll 8
          for (int j = 0; j < cols; ++j) b[j] = V::load_n(start[j] + at + whole, tail);
#pragma GCC unroll 8
          for (int i = 0; i < rows; ++i) {
            const V a = V::load_n(from + i * g.grad_channel + whole, tail);
#pragma GCC unroll 8
            for (int j = 0; j < cols; ++j) acc[i][j] = fma(a, b[j], acc[i][j]);
          }
        }
      }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < cols; ++j) sums[i][j] = reduce_add(acc[i][j]);
}

#if defined(RL_AVX512)
inline constexpr int kDotRows = 6, kDotColumns = 4;
#else
inline constexpr int kDotRows = 3, kDotColumns = 3;
#endif

template <class T, int rows>
static void dot_rows(const WeightGrad<T>& g, int64_t group, int64_t row, int64_t begin, int64_t end) {
  const T* grad = g.grad + (group * g.rows + row) * g.grad_channel;
  for (int64_t col = begin; col < end; col += kDotColumns) {
    const T* start[kDotColumns];
    for (int j = 0; j < kDotColumns; ++j) {
      const int64_t c = min64(col + j, end - 1);
      start[j] = g.source + (group * g.channels + c / g.taps) * g.source_channel + g.offset[c % g.taps];
    }
    T sums[rows][kDotColumns];
    dot_block<T, rows, kDotColumns>(g, grad, start, sums);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < kDotColumns && col + j < end; ++j) {
        T* out = g.out + (group * g.rows + row + i) * g.columns() + col + j;
        *out = g.first ? sums[i][j] : *out + sums[i][j];
      }
  }
}

// Images are taken a few at a time, so that one group's rows of both operands stay in L2 while every block passes over
// them.
template <class T>
static void grad_weight_dots(const WeightGrad<T>& all) {
  const gemm::Even row_blocks(all.rows, kDotRows);
  const int64_t col_blocks = ceil_div(all.columns(), kDotColumns);
  const int64_t blocks = row_blocks.count * col_blocks;
  const int64_t image_bytes = (all.channels * all.source_channel + all.rows * all.grad_channel) * int64_t(sizeof(T));
  const int64_t near = max64(1, (int64_t(1) << 19) / max64(1, image_bytes));
  const int64_t per_block = all.images * all.pixels() * kDotColumns * kDotRows;
  const int64_t wanted = max64(1, min64(num_threads() * 4, all.groups * blocks * per_block >> 17));
  const int64_t splits = min64(blocks, ceil_div(wanted, all.groups));
  parallel_for(all.groups * splits, ceil_div(all.groups * splits, wanted), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t group = task / splits, split = task % splits;
      WeightGrad<T> g = all;
      for (int64_t image = 0; image < all.images; image += near) {
        g.images = min64(near, all.images - image);
        g.grad = all.grad + image * all.grad_image;
        g.source = all.source + image * all.source_image;
        g.first = all.first && image == 0;
        for (int64_t i = blocks * split / splits; i < blocks * (split + 1) / splits; ++i) {
          const int64_t col = i % col_blocks * kDotColumns, block = i / col_blocks;
          const int64_t last = min64(g.columns(), col + kDotColumns), row = row_blocks.begin(block);
          switch (row_blocks.length(block)) {
            case 1:
              dot_rows<T, 1>(g, group, row, col, last);
              break;
            case 2:
              dot_rows<T, 2>(g, group, row, col, last);
              break;
            case 3:
              dot_rows<T, 3>(g, group, row, col, last);
              break;
#if defined(RL_AVX512)
            case 4:
              dot_rows<T, 4>(g, group, row, col, last);
              break;
            case 5:
              dot_rows<T, 5>(g, group, row, col, last);
              break;
            case 6:
              dot_rows<T, 6>(g, group, row, col, last);
              break;
#endif
          }
        }
      }
    }
  });
}

}  // namespace rl::RL_ISA

#include "kernels/conv/grad_lanes.h"

namespace rl::RL_ISA {

template <class T>
static bool grad_weight(const ConvShape& s, const T* grad, const T* x, T* gw) {
  const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  const int64_t size = s.groups * s.out_channels * s.in_channels * taps;
  const int64_t pixels = s.output[0] * s.output[1] * s.output[2];
  if (s.batch * pixels * size == 0) {
    for (int64_t i = 0; i < size; ++i) gw[i] = T(0);
    return true;
  }
  if (is_depthwise(s) && (s.kernel[2] == 3 || s.kernel[2] == 5 || s.kernel[2] == 7))
    return depthwise_grad_weight(s, grad, x, gw);
  Buffer table(taps * int64_t(sizeof(int64_t)));
  if (!table.pointer) return false;
  const SourceLayout layout = forward_layout(s, table.as<int64_t>(), Rows::one_run);
  const int64_t source_plane = s.input[0] * s.input[1] * s.input[2], all = s.groups * s.in_channels;
  WeightGrad<T> g = {};
  g.groups = s.groups;
  g.rows = s.out_channels;
  g.channels = s.in_channels;
  g.taps = taps;
  g.source_channel = layout.copied ? layout.plane : source_plane;
  g.source_image = all * g.source_channel;
  g.grad_channel = pixels;
  g.grad_image = s.groups * s.out_channels * pixels;
  for (int i = 0; i < 3; ++i) {
    g.count[i] = s.output[i];
    g.source_step[i] = layout.step[i];
  }
  g.grad_step[0] = s.output[1] * s.output[2];
  g.grad_step[1] = s.output[2];
  g.grad_step[2] = 1;
  g.offset = table.as<int64_t>();
  g.out = gw;
  merge_axes(g);
  int64_t chunk = layout.copied ? images_per_chunk(s.batch, g.source_image * int64_t(sizeof(T))) : s.batch;
  const bool in_lanes = lanes_pay(g, s.kernel[2]);
  if (in_lanes) chunk = min64(chunk, max64(1, (int64_t(1) << 20) / (turned_size(g) * int64_t(sizeof(T)))));
  Buffer turned(in_lanes ? chunk * turned_size(g) * int64_t(sizeof(T)) : 0);
  if (!turned.pointer) return false;
  Buffer copy(layout.copied ? chunk * g.source_image * int64_t(sizeof(T)) : 0);
  if (!copy.pointer) return false;
  // Dots waste the lanes past the end of a row, packing costs as much as some 16 rows of products.
  const double filled = double(g.count[2]) / double(ceil_div(g.count[2], Vec<T>::lanes) * Vec<T>::lanes);
  const bool dots = s.out_channels < 12 || (s.out_channels < 24 && filled > 0.75);
  const bool by_rows = !dots && !in_lanes && rows_pay(g);
  const int64_t padded = ceil_div(g.rows, gemm::Block<T>::nr) * gemm::Block<T>::nr;
  Buffer sums(by_rows ? g.groups * g.columns() * padded * int64_t(sizeof(T)) : 0);
  if (!sums.pointer) return false;
  for (int64_t image = 0; image < s.batch; image += chunk) {
    g.images = min64(chunk, s.batch - image);
    g.grad = grad + image * g.grad_image;
    g.source = x + image * all * source_plane;
    g.first = image == 0;
    if (layout.copied) {
      copy_planes(layout, g.source, copy.as<T>(), g.images * all);
      g.source = copy.as<T>();
    }
    if (in_lanes) {
      grad_weight_lanes(g, turned.as<T>(), s.kernel[2]);
    } else if (dots) {
      grad_weight_dots(g);
    } else if (!(by_rows ? grad_weight_rows(g, sums.as<T>(), padded) : grad_weight_packed(g))) {
      return false;
    }
  }
  if (by_rows) unpack_sums(g, sums.as<T>(), padded);
  return true;
}

bool grad_weight_f32(const ConvShape& s, const float* g, const float* x, float* gw) { return grad_weight(s, g, x, gw); }
bool grad_weight_f64(const ConvShape& s, const double* g, const double* x, double* gw) {
  return grad_weight(s, g, x, gw);
}

}  // namespace rl::RL_ISA
