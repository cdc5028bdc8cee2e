#pragma once
// The third algorithm for a Gather (gather.h): vectors run along the output channels.
//
//   acc[i][v] = sum over k of  source[position + i + offset[k]] * W[k][v]      i: neighbouring pixels of an output row
//
// A is the source as it lies, read value by value, so nothing is packed but the weights and rows may begin anywhere:
// one padded copy of the source serves all taps. The finished tile is transposed on its way to the output. It takes
// output channels to fill the vectors, and depth to repay the transpose.

#include "kernels/conv/gather.h"

namespace rl::RL_ISA {

// Without several taps a value would be read once for each panel only, from a line and a page of its own.
template <class T>
static bool channels_pay(int64_t rows, int64_t channels, int64_t taps, int64_t width) {
  constexpr int64_t nr = gemm::Block<T>::nr;
  const int64_t narrow = gemm::Even(width, gemm::kTileRows).size;
  return taps > 1 && channels * taps >= 256 && 8 * ceil_div(rows, nr) * nr <= 9 * rows &&
         8 * narrow >= 7 * gemm::kTileRows;
}

// out[group][depth block][panel][k][j] = A[panel * nr + j][k] of the view (pack_weight), zero past the last row.
template <class T>
static void pack_weight_channels(const WeightView<T>& view, int64_t groups, int64_t rows, int64_t channels,
                                 int64_t taps, int64_t block, T* out) {
  constexpr int64_t nr = gemm::Block<T>::nr;
  const int64_t depth = channels * taps, panels = ceil_div(rows, nr);
  const gemm::Even blocks(depth, block);
  parallel_for(groups * panels, max64(1, 16384 / max64(1, depth * nr)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i / panels, panel = i % panels, have = min64(nr, rows - panel * nr);
      const T* source = view.w + group * view.group_step + panel * nr * view.row_step;
      for (int64_t b = 0; b < blocks.count; ++b) {
        const int64_t first = blocks.begin(b), length = blocks.length(b);
        T* target = out + (group * depth + first) * panels * nr + panel * length * nr;
        if (view.channel_step == taps) {  // taps in order: depth runs along the row as it lies
          gemm::PackB<T>{source, 1, view.row_step}(target, first, length, 0, have);
          continue;
        }
        int64_t tap = first % taps;
        const T* channel = source + first / taps * view.channel_step;
        for (int64_t k = 0; k < length; ++k, target += nr) {
          const T* from = channel + view.tap_index[tap];
          for (int64_t j = 0; j < have; ++j) target[j] = from[j * view.row_step];
          for (int64_t j = have; j < nr; ++j) target[j] = T(0);
          if (++tap == taps) {
            tap = 0;
            channel += view.channel_step;
          }
        }
      }
    }
  });
}

// A policy (micro_kernel.h): value (i, k) at base[offset[k] + i].
template <class T, int rows>
struct OffsetA {
  const T* base;
  const int64_t* offset;  // readable one past the last
  const T* p;
  RL_INLINE OffsetA(const T* base, const int64_t* offset) : base(base), offset(offset), p(base + *offset) {}
  template <int i>
  RL_INLINE T at() const {
    return p[i];
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

template <class T, int vectors>
static void run_channels(int64_t pixels, int64_t depth, const T* base, const int64_t* offset, const T* b,
                         const StoreChannels<T>& store, const gemm::TileAt& at) {
  switch (pixels) {
#define RL_PIXELS(R)                                                                                                \
  case R:                                                                                                           \
    if constexpr (R <= gemm::kTileRows) {                                                                           \
      Vec<T> acc[R][vectors];                                                                                       \
      gemm::multiply_tile<R, vectors, T>(depth, OffsetA<T, R>(base, offset), gemm::RowsB<T>{b, gemm::Block<T>::nr}, \
                                         acc);                                                                      \
      store(acc, at);                                                                                               \
    }                                                                                                               \
    break;
    RL_PIXELS(3)
    RL_PIXELS(4)
    RL_PIXELS(5)
    RL_PIXELS(6)
    RL_PIXELS(7)
    RL_PIXELS(8)
    RL_PIXELS(12)
    RL_PIXELS(13)
    RL_PIXELS(14)
#undef RL_PIXELS
  }
}

template <class T>
static bool gather_channels(const Gather<T>& g, int64_t block) {
  constexpr int64_t nr = gemm::Block<T>::nr, lanes = Vec<T>::lanes;
  const int64_t depth = g.depth(), panels = ceil_div(g.rows, nr), threads = num_threads();
  const gemm::Even tiles(g.count[2], gemm::kTileRows), blocks(depth, block);
  Buffer offset_buffer((depth + 1) * int64_t(sizeof(int64_t)));
  if (!offset_buffer.pointer) return false;
  int64_t* const offset = offset_buffer.as<int64_t>();
  for (int64_t c = 0, k = 0; c < g.channels; ++c)
    for (int64_t tap = 0; tap < g.taps; ++tap, ++k) offset[k] = c * g.source_channel + g.offset[tap];
  offset[depth] = offset[depth - 1];
  // Tasks: output rows whose results stay in L2 while the depth blocks pass, as many tasks for each thread.
  const int64_t lines = g.images * g.count[0] * g.count[1];
  const int64_t line_bytes = g.rows * g.count[2] * int64_t(sizeof(T));
  int64_t count = ceil_div(lines * line_bytes, int64_t(1) << 18);
  if (threads > 1) count = max64(count, ceil_div(threads * 4, g.groups));
  count = min64(lines, ceil_div(count, threads) * threads);
  const gemm::Even parts = gemm::Even::of(lines, count);
  parallel_tasks(g.groups * parts.count, [&](int64_t task) {
    const int64_t group = task / parts.count, part = task % parts.count;
    for (int64_t b = 0; b < blocks.count; ++b) {
      const int64_t first = blocks.begin(b), length = blocks.length(b);
      const T* weights = g.a + (group * depth + first) * panels * nr;
      for (int64_t line = parts.begin(part), end = line + parts.length(part); line < end; ++line) {
        const int64_t y = line % g.count[1], z = line / g.count[1] % g.count[0], n = line / (g.count[1] * g.count[0]);
        const T* from = g.source + n * g.source_image + group * g.channels * g.source_channel + z * g.source_step[0] +
                        y * g.source_step[1];
        const StoreChannels<T> store{
            g.out + n * g.out_image + group * g.rows * g.out_channel + z * g.out_step[0] + y * g.out_step[1],
            g.out_channel, g.bias ? g.bias + group * g.rows : nullptr, g.relu};
        for (int64_t i = 0; i < tiles.count; ++i)
          for (int64_t j = 0; j < panels; ++j) {
            const int64_t x = tiles.begin(i), channels = min64(nr, g.rows - j * nr);
            const gemm::TileAt at{x, j * nr, int(channels), b == 0, b + 1 == blocks.count};
            const T* panel = weights + j * length * nr;
            if (channels > lanes) {
              run_channels<T, 2>(tiles.length(i), length, from + x, offset + first, panel, store, at);
            } else {
              run_channels<T, 1>(tiles.length(i), length, from + x, offset + first, panel, store, at);
            }
          }
      }
    }
  });
  return true;
}

}  // namespace rl::RL_ISA
