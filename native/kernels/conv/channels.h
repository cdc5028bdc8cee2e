#pragma once
// The third algorithm for a Gather (gather.h): vectors run along the output channels.
//
//   acc[i][v] = sum over k of  source[position + i * step + offset[k]] * W[k][v]    i: neighbouring pixels of a row
//
// A is the source as it lies, read value by value, so nothing is packed but the weights, rows may begin anywhere and
// every second value may be skipped: one padded copy of the source serves all taps. The finished tile is transposed on
// its way to the output. It takes output channels to fill the vectors, and depth to repay the transpose.
//
// A task is a block of pixels (whole images, or a band of rows of one) and some panels of output channels. Depth is the
// outermost loop, then panels: a task copies the channels of a depth block, which stay in L2 next to the block's
// results, and packs each panel's weights just before all pixels use them. Weights are thus read once for each block of
// pixels, and the source once.

#include "kernels/conv/gather.h"

namespace rl::RL_ISA {

// Without several taps a value would be read once for each panel only, from a line and a page of its own.
template <class T>
static bool channels_pay(int64_t rows, int64_t channels, int64_t taps) {
  constexpr int64_t nr = gemm::Block<T>::nr;
  return taps > 1 && channels * taps >= 256 && 8 * ceil_div(rows, nr) * nr <= 9 * rows;
}

// Whether rows of this many pixels fill tiles to at least `part` of 12.
static inline bool tiles_fill(int64_t width, int64_t part) {
  return 12 * gemm::Even(width, gemm::kTileRows).size >= part * gemm::kTileRows;
}

// Weights of `count` channels from `first` on and the panel of `have` rows from `row` on, for one part after the other:
// out[(c * taps + t) * nr + j] = A[row + j][(first + c, t)] of the part's view. `turned`: room for all_taps * nr
// values.
template <class T>
static void pack_panel_weights(const Part<T>* parts, int num_parts, int64_t all_taps, int64_t group, int64_t row,
                               int64_t have, int64_t first, int64_t count, T* out, T* turned) {
  constexpr int64_t nr = gemm::Block<T>::nr;
  const WeightView<T>& view = parts[0].weight;  // of all parts but for tap_index
  const int64_t taps = parts[0].plan.taps;
  const T* source = view.w + group * view.group_step + row * view.row_step + first * view.channel_step;
  if (num_parts == 1 && view.channel_step == taps) {  // depth runs along the row as it lies
    gemm::pack_transposed(out, nr, source, view.row_step, int(have), int(nr), count * taps);
    return;
  }
  for (int64_t c = 0; c < count; ++c, source += view.channel_step) {
    if (num_parts == 1 && taps == all_taps) {
      gemm::pack_transposed(out + c * taps * nr, nr, source, view.row_step, int(have), int(nr), taps);
      continue;
    }
    gemm::pack_transposed(turned, nr, source, view.row_step, int(have), int(nr), all_taps);
    T* target = out;
    for (int p = 0; p < num_parts; ++p) {
      const int64_t part_taps = parts[p].plan.taps;
      for (int64_t t = 0; t < part_taps; ++t)
        __builtin_memcpy(target + (c * part_taps + t) * nr, turned + parts[p].weight.tap_index[t] * nr, nr * sizeof(T));
      target += count * part_taps * nr;
    }
  }
}

// A policy (micro_kernel.h): value (i, k) at base[offset[k] + i * step].
template <class T, int rows, int step>
struct OffsetA {
  const T* base;
  const int64_t* offset;  // readable one past the last
  const T* p;
  RL_INLINE OffsetA(const T* base, const int64_t* offset) : base(base), offset(offset), p(base + *offset) {}
  template <int i>
  RL_INLINE T at() const {
    return p[i * step];
  }
  RL_INLINE void advance() { p = base + *++offset; }
};

// Where tiles of an image and group go: pixels at.row.. of channels at.col .. at.col + at.cols.
template <class T>
struct StoreChannels {
  using V = Vec<T>;
  T* out;
  int64_t out_channel;
  const T* bias;
  bool relu;

  // The lines a tile goes to, asked for while it is computed.
  RL_INLINE void prefetch(const gemm::TileAt& at, int64_t pixels) const {
    const T* target = out + at.col * out_channel + at.row;
    for (int c = 0; c < at.cols; ++c, target += out_channel) {
      __builtin_prefetch(target, 1);
      __builtin_prefetch(target + pixels - 1, 1);
    }
  }

  template <int rows, int vectors>
  RL_INLINE void operator()(Vec<T> (&acc)[rows][vectors], const gemm::TileAt& at) const {
    constexpr int lanes = V::lanes, blocks = (rows + lanes - 1) / lanes;
    unroll<vectors>([&](auto v) RL_UNROLLED {
      unroll<blocks>([&](auto b) RL_UNROLLED {
        constexpr int first = b * lanes, pixels = rows - first < lanes ? rows - first : lanes;
        V block[lanes];
        unroll<lanes>([&](auto i) RL_UNROLLED {
          if constexpr (i < pixels) {
            block[i] = acc[first + i][v];
          } else {
            block[i] = V::zero();
          }
        });
        transpose(block);
        const int channels = int(min64(lanes, at.cols - v * lanes));
        T* target = out + (at.col + v * lanes) * out_channel + at.row + first;
        const T* from = bias ? bias + at.col + v * lanes : nullptr;
        unroll<lanes>([&](auto c) RL_UNROLLED {
          if (c < channels) {
            V value = block[c];
            if (!at.first) value += load<pixels>(target + c * out_channel);
            if (at.last && from) value += V(from[c]);
            if (at.last && relu) value = select<T>(value < V::zero(), V::zero(), value);
            store<pixels>(value, target + c * out_channel);
          }
        });
      });
    });
  }

 private:
  template <int n>
  static RL_INLINE V load(const T* p) {
    if constexpr (n == V::lanes) return V::load(p);
    return V::load_n(p, n);
  }
  template <int n>
  static RL_INLINE void store(V value, T* p) {
    if constexpr (n == V::lanes) {
      value.store(p);
    } else {
      value.store_n(p, n);
    }
  }
};

template <class T, int vectors, int step>
static void run_channels(int64_t pixels, int64_t depth, const T* base, const int64_t* offset, const T* b,
                         const StoreChannels<T>& store, const gemm::TileAt& at) {
  store.prefetch(at, pixels);
  switch (pixels) {
#define RL_PIXELS(R)                                                                            \
  case R:                                                                                       \
    if constexpr (R <= gemm::kTileRows) {                                                       \
      Vec<T> acc[R][vectors];                                                                   \
      const OffsetA<T, R, step> a(base, offset);                                                \
      gemm::multiply_tile<R, vectors, T>(depth, a, gemm::RowsB<T>{b, gemm::Block<T>::nr}, acc); \
      store(acc, at);                                                                           \
    }                                                                                           \
    break;
    RL_PIXELS(1)
    RL_PIXELS(2)
    RL_PIXELS(3)
    RL_PIXELS(4)
    RL_PIXELS(5)
    RL_PIXELS(6)
    RL_PIXELS(7)
    RL_PIXELS(8)
    RL_PIXELS(9)
    RL_PIXELS(10)
    RL_PIXELS(11)
    RL_PIXELS(12)
    RL_PIXELS(13)
    RL_PIXELS(14)
#undef RL_PIXELS
  }
}

// All pixels of a plan (a task's share of a part, `images` of them from `from` on) for one panel and depth block.
template <class T, int step>
static void channels_panel(const Gather<T>& g, int64_t depth, const int64_t* offset, const T* weights, int64_t panel,
                           bool first, bool last) {
  constexpr int64_t nr = gemm::Block<T>::nr, lanes = Vec<T>::lanes;
  const gemm::Even tiles(g.count[2], gemm::kTileRows);
  const int channels = int(min64(nr, g.rows - panel * nr));
  for (int64_t n = 0; n < g.images; ++n)
    for (int64_t z = 0; z < g.count[0]; ++z)
      for (int64_t y = 0; y < g.count[1]; ++y) {
        const T* from = g.source + n * g.source_image + z * g.source_step[0] + y * g.source_step[1];
        const StoreChannels<T> store{g.out + n * g.out_image + z * g.out_step[0] + y * g.out_step[1], g.out_channel,
                                     g.bias, g.relu};
        for (int64_t i = 0; i < tiles.count; ++i) {
          const int64_t x = tiles.begin(i);
          const gemm::TileAt at{x, panel * nr, channels, first, last};
          if (channels > lanes) {
            run_channels<T, 2, step>(tiles.length(i), depth, from + x * step, offset, weights, store, at);
          } else {
            run_channels<T, 1, step>(tiles.length(i), depth, from + x * step, offset, weights, store, at);
          }
        }
      }
}

// Rows of the parts, each in a plane of its own at `planes`, to where they belong: neighbours along x in pairs.
template <class T>
static void interleave_parts(const Gather<T>* plans, int num_parts, const T* planes) {
  for (int p = 0; p < num_parts; ++p) {
    const Gather<T>& a = plans[p];
    const int64_t step = a.out_step[2], a_plane = a.pixels();
    const Gather<T>& b = plans[p + 1 < num_parts ? p + 1 : p];
    const bool pair =
        step == 2 && (b.out == a.out + 1 || a.out == b.out + 1) && a.count[0] == b.count[0] && a.count[1] == b.count[1];
    for (int64_t row = 0; row < a.count[0] * a.count[1]; ++row) {
      const int64_t at = row / a.count[1] * a.out_step[0] + row % a.count[1] * a.out_step[1];
      const T* from = planes + row * a.count[2];
      if (!pair) {
        for (int64_t x = 0; x < a.count[2]; ++x) a.out[at + x * step] = from[x];
        continue;
      }
      const T* other = planes + a_plane + row * b.count[2];
      const bool swap = b.out < a.out;
      const T *even = swap ? other : from, *odd = swap ? from : other;
      const int64_t evens = swap ? b.count[2] : a.count[2], odds = swap ? a.count[2] : b.count[2];
      T* out = (swap ? b.out : a.out) + at;
      int64_t x = 0;
      for (; x < odds; x += Vec<T>::lanes) {
        const int n = int(min64(Vec<T>::lanes, odds - x));
        store_interleaved(out + 2 * x, Vec<T>::load_n(even + x, n), Vec<T>::load_n(odd + x, n), n);
      }
      for (x = odds; x < evens; ++x) out[2 * x] = even[x];
    }
    planes += a_plane;
    if (pair) {
      planes += b.pixels();
      ++p;
    }
  }
}

// What stays near a core while depth passes: results and copied source of a task. A task of at least kFewPixels repays
// packing the weights for itself.
inline constexpr int64_t kNearBytes = gemm::kBlockBytes * 3 / 2, kFewPixels = 512;

// parts: all of one product, over the same source. source_step[2] is 1 or 2. With `interleave` they lie out_step[2] > 1
// apart along x, and tasks gather them from planes of their own.
template <class T>
static bool gather_channels(const SourceLayout& layout, const T* source, int64_t batch, const Part<T>* parts,
                            int num_parts, int64_t all_taps, bool interleave) {
  constexpr int64_t nr = gemm::Block<T>::nr;
  const Gather<T>& g = parts[0].plan;
  const int64_t groups = g.groups, panels = ceil_div(g.rows, nr), threads = num_threads();
  const int64_t size = layout.axis[0].size * layout.axis[1].size * layout.axis[2].size;
  int64_t taps = 0, most_taps = 0, pixels = 0, tallest = 0, lowest = INT64_MAX;
  int axis = 2;  // of the bands
  for (int p = 0; p < num_parts; ++p)
    if (parts[p].plan.count[0] * parts[p].plan.count[1] > 1) axis = 1;
  for (int p = 0; p < num_parts; ++p) {
    const Gather<T>& part = parts[p].plan;
    taps += part.taps;
    most_taps = max64(most_taps, part.taps);
    pixels += part.pixels();
    tallest = max64(tallest, part.count[axis]);
    lowest = min64(lowest, part.count[axis]);
  }
  const gemm::Even blocks(g.channels, max64(1, kPackedDepth<T> / most_taps));

  // Blocks of pixels: whole images, or bands of one.
  const int64_t old_plane = layout.copied ? layout.plane : size;
  const int64_t near = (blocks.length(0) * old_plane + g.rows * pixels) * int64_t(sizeof(T));
  const bool bands_fit = !layout.copied || (layout.axis[0].length == 1 && (axis == 1 || layout.axis[1].length == 1));
  int64_t units = ceil_div(batch * near, kNearBytes), splits = 1;
  if (units < batch) units = ceil_div(batch, max64(1, kNearBytes / near));
  if (threads > 1) {
    const int64_t few = batch * pixels / kFewPixels;
    const int64_t more = ceil_div(max64(units, min64(ceil_div(threads * 4, groups), few)), threads) * threads;
    if (more <= few && (bands_fit || more <= batch)) {
      units = more;
    } else if (panels % threads == 0) {
      splits = threads;
    } else {
      splits = panels;
      units = max64(units, threads);
    }
  }
  const int64_t bands_wanted = bands_fit ? min64(tallest, ceil_div(units, batch)) : 1;
  const gemm::Even bands = gemm::Even::of(tallest, max64(1, bands_wanted));
  const gemm::Even images = gemm::Even::of(batch, bands.count > 1 ? batch : min64(units, batch));
  units = bands.count * images.count;

  // The copy of a band, and where in it each depth of a block lies.
  SourceLayout band = layout;
  int64_t plane = old_plane;
  const int64_t pitch = axis == 1 ? layout.axis[2].length : 1, cells = g.source_step[axis] / pitch;
  if (layout.copied && bands.count > 1) {
    SourceAxis& a = band.axis[axis];
    a.length = a.per_tap ? bands.length(0) : a.length - (lowest - bands.length(0)) * cells;
    plane = old_plane / layout.axis[axis].length * a.length;
  }
  const int64_t old_block = layout.axis[0].length * layout.axis[1].length * layout.axis[2].length;
  const int64_t block = band.axis[0].length * band.axis[1].length * band.axis[2].length;
  const int64_t channel = layout.copied ? plane : size, deepest = blocks.length(0);
  Buffer offset_buffer((deepest * taps + num_parts) * int64_t(sizeof(int64_t)));
  if (!offset_buffer.pointer) return false;
  int64_t* offset = offset_buffer.as<int64_t>();
  for (int p = 0; p < num_parts; ++p) {
    const Gather<T>& part = parts[p].plan;
    for (int64_t c = 0; c < deepest; ++c)
      for (int64_t t = 0; t < part.taps; ++t) {
        const int64_t at = part.offset[t];
        *offset++ = c * channel + (block == old_block ? at : at / old_block * block + at % old_block);
      }
    *offset++ = 0;
  }

  bool ok = true;  // only ever cleared, atomically
  parallel_tasks(groups * splits * units, [&](int64_t task) {
    const int64_t unit = task % units, split = task / units % splits, group = task / (units * splits);
    const int64_t row = bands.begin(unit % bands.count), height = bands.length(unit % bands.count);
    const int64_t image = images.begin(unit / bands.count), num_images = images.length(unit / bands.count);
    const int64_t first_panel = panels * split / splits, last_panel = panels * (split + 1) / splits;
    const int64_t first_row = first_panel * nr, num_rows = min64(g.rows, last_panel * nr) - first_row;
    // This task's share of every part: rows and results.
    int64_t part_planes = 0;
    T* weights = static_cast<T*>(scratch(4, size_t((deepest * taps + all_taps) * nr) * sizeof(T)));
    Gather<T>* plans = static_cast<Gather<T>*>(scratch(6, size_t(2 * num_parts) * sizeof(Gather<T>)));
    T* copy = layout.copied ? static_cast<T*>(scratch(3, size_t(num_images * deepest * plane) * sizeof(T))) : nullptr;
    bool have = weights && plans && (copy || !layout.copied);
    for (int p = 0; have && p < num_parts; ++p) {
      Gather<T>& mine = plans[p] = parts[p].plan;
      mine.count[axis] = max64(0, min64(height, mine.count[axis] - row));
      mine.images = num_images;
      mine.out +=
          image * mine.out_image + (group * mine.rows + first_row) * mine.out_channel + row * mine.out_step[axis];
      mine.rows = num_rows;
      mine.bias = mine.bias ? mine.bias + group * g.rows + first_row : nullptr;
      part_planes += mine.pixels();
    }
    T* results = nullptr;
    if (have && interleave) {
      results = static_cast<T*>(scratch(5, size_t(num_images * num_rows * part_planes) * sizeof(T)));
      have = results != nullptr;
    }
    if (!have) {
      __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
      return;
    }
    SourceLayout here = band;
    here.axis[axis].padding -= row * cells * here.axis[axis].stride;
    Gather<T>* tiles = plans + num_parts;
    for (int64_t b = 0; b < blocks.count; ++b) {
      const int64_t first = blocks.begin(b), count = blocks.length(b);
      const T* from = source + ((image * groups + group) * g.channels + first) * size;
      if (layout.copied)
        for (int64_t n = 0; n < num_images; ++n)
          copy_channels(here, from + n * groups * g.channels * size, count, copy + n * count * plane, plane);
      T* planes = results;
      for (int p = 0; p < num_parts; ++p) {
        Gather<T>& part = tiles[p] = plans[p];
        part.source = layout.copied ? copy : from + row * part.source_step[axis];
        part.source_image = layout.copied ? count * plane : groups * g.channels * size;
        if (interleave) {
          part.out = planes;
          planes += part.pixels();
          part.out_channel = part_planes;
          part.out_image = num_rows * part_planes;
          part.out_step[0] = part.count[1] * part.count[2];
          part.out_step[1] = part.count[2];
          part.out_step[2] = 1;
        }
        merge_axes(part);
      }
      for (int64_t panel = 0; panel < last_panel - first_panel; ++panel) {
        pack_panel_weights(parts, num_parts, all_taps, group, first_row + panel * nr, min64(nr, num_rows - panel * nr),
                           first, count, weights, weights + deepest * taps * nr);
        const T* w = weights;
        const int64_t* at = offset_buffer.as<int64_t>();
        for (int p = 0; p < num_parts; ++p) {
          const Gather<T>& part = tiles[p];
          const int64_t depth = count * part.taps;
          const bool is_first = b == 0, is_last = b + 1 == blocks.count;
          if (part.source_step[2] == 1) {
            channels_panel<T, 1>(part, depth, at, w, panel, is_first, is_last);
          } else {
            channels_panel<T, 2>(part, depth, at, w, panel, is_first, is_last);
          }
          w += depth * nr;
          at += deepest * part.taps + 1;
        }
      }
    }
    if (interleave)
      for (int64_t n = 0; n < num_images; ++n)
        for (int64_t m = 0; m < num_rows; ++m, results += part_planes) {
          for (int p = 0; p < num_parts; ++p) {
            tiles[p] = plans[p];
            tiles[p].out += n * plans[p].out_image + m * plans[p].out_channel;
          }
          interleave_parts(tiles, num_parts, results);
        }
  });
  return ok;
}

}  // namespace rl::RL_ISA
