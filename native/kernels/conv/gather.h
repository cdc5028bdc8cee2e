#pragma once
// The product behind the forward convolution and each stride phase of the input's gradient:
//
//   out[m, q] = sum over (channel, tap) of A[m, (channel, tap)] * source[channel, position(q) + offset[tap]]
//
// as a matrix product whose B is never built. Two algorithms here, a third in channels.h:
//   packed  B panels are packed from the source, column p of a chunk being pixel p % Q of image p / Q, so that small
//           images share panels; blocked over depth and columns like any product.
//   rows    B's rows are the source's rows as they lie (OffsetB): columns are positions in the padded plane, and those
//           that are no output are computed and dropped. Nothing is packed, which pays when few output channels share
//           the work of packing.

#include "kernels/conv/source.h"
#include "kernels/gemm/micro_kernel.h"
#include "kernels/gemm/pack.h"
#include "runtime/streaming.h"

namespace rl::RL_ISA {

template <class T>
struct Gather {
  const T* source;      // first image of the chunk
  const T* source_end;  // nothing is read from here on (packed)
  int64_t images, groups, rows, channels, taps;
  int64_t source_channel, source_image;  // strides; a group is `channels` channels
  int64_t source_step[3], count[3];      // position(q) = sum of q[i] * source_step[i], q[i] < count[i]
  const int64_t* offset;                 // of each tap
  T* out;
  int64_t out_channel, out_image, out_step[3];  // strides; a group is `rows` channels
  const T* a;                                   // packed by pack_weight: of group g at g * rows * depth()
  const T* bias;                                // one per row of every group, or null
  bool relu;

  int64_t depth() const { return channels * taps; }
  int64_t pixels() const { return count[0] * count[1] * count[2]; }
};

// `len` columns from column `col` of a panel on: source position and place in `out` of the first.
struct Run {
  int col, len;
  int64_t source, out;
};

// Writes a finished tile to where its runs belong: adds to what earlier depth blocks left, then bias and relu.
template <class T>
struct StoreRuns {
  using V = Vec<T>;
  T* out;  // row 0 of the group
  int64_t out_channel, step;
  const Run* runs;
  int num_runs;
  const T* bias;
  bool relu;
  bool stream;  // rows begin with a cache line, results are complete and go past the caches

  RL_INLINE V finish(V value, const gemm::TileAt& at, T b) const {
    if (!at.last) return value;
    if (bias) value = value + V(b);
    if (relu) value = select<T>(value < V::zero(), V::zero(), value);
    return value;
  }

  RL_INLINE void row_run(const T* tile, T* target, int len, const gemm::TileAt& at, T b) const {
    int i = 0;
    for (; i + V::lanes <= len; i += V::lanes) {
      V value = V::load(tile + i);
      if (!at.first) value += V::load(target + i);
      finish(value, at, b).store(target + i);
    }
    if (i < len) {
      V value = V::load(tile + i);
      if (!at.first) value += V::load_n(target + i, len - i);
      finish(value, at, b).store_n(target + i, len - i);
    }
  }

  // The lines that a tile of one run goes to, asked for while it is computed.
  RL_INLINE void prefetch(int64_t row, int rows) const {
    if (num_runs != 1 || step != 1 || stream) return;
    T* target = out + row * out_channel + runs[0].out;
    for (int i = 0; i < rows; ++i, target += out_channel)
      for (int j = 0; j < runs[0].len; j += V::lanes) __builtin_prefetch(target + j, 1);
  }

  template <bool past_caches, int rows, int vectors>
  RL_INLINE void whole_lines(Vec<T> (&acc)[rows][vectors], const gemm::TileAt& at) const {
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      T* target = out + (at.row + i) * out_channel + runs[0].out;
      const T b = bias ? bias[at.row + i] : T(0);
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) {
        V value = acc[i][v];
        if (!past_caches && !at.first) value += V::load(target + v * V::lanes);
        value = finish(value, at, b);
        past_caches ? value.stream(target + v * V::lanes) : value.store(target + v * V::lanes);
      }
    }
  }

  template <int rows, int vectors>
  RL_INLINE void operator()(Vec<T> (&acc)[rows][vectors], const gemm::TileAt& at) const {
    constexpr int width = vectors * V::lanes;
    if (num_runs == 1 && step == 1 && runs[0].len == width) {
      if (stream && uintptr_t(out + runs[0].out) % 64 == 0) {
        whole_lines<true>(acc, at);
      } else {
        whole_lines<false>(acc, at);
      }
      return;
    }
    alignas(64) T tile[rows * width + V::lanes];
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) acc[i][v].store(tile + i * width + v * V::lanes);
    scatter(tile, rows, width, at);
  }

  __attribute__((noinline)) void scatter(const T* tile, int rows, int width, const gemm::TileAt& at) const {
    for (int i = 0; i < rows; ++i) {
      T* row = out + (at.row + i) * out_channel;
      const T b = bias ? bias[at.row + i] : T(0);
      for (int r = 0; r < num_runs; ++r) {
        const Run& run = runs[r];
        const T* from = tile + i * width + run.col;
        T* target = row + run.out;
        if (step == 1) {
          row_run(from, target, run.len, at, b);
          continue;
        }
        for (int j = 0; j < run.len; ++j) {
          T value = from[j];
          if (!at.first) value += target[j * step];
          if (at.last) {
            if (bias) value += b;
            if (relu && value < T(0)) value = T(0);
          }
          target[j * step] = value;
        }
      }
    }
  }
};

template <class T, int vectors, class B>
static inline void run_rows(int rows, int64_t depth, const T* a, B b, const StoreRuns<T>& store,
                            const gemm::TileAt& at) {
  switch (rows) {
#define RL_ROWS(R)                                                                                           \
  case R:                                                                                                    \
    if constexpr (R <= gemm::kTileRows && (R == 1 || R * vectors <= gemm::kTileRows * gemm::kTileVectors)) { \
      Vec<T> acc[R][vectors];                                                                                \
      gemm::multiply_tile<R, vectors, T>(depth, gemm::PanelA<T, R>(a, R), b, acc);                           \
      store(acc, at);                                                                                        \
    }                                                                                                        \
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
    RL_ROWS(13)
    RL_ROWS(14)
#undef RL_ROWS
  }
}

// Axes that lie contiguously in both source and output become one: fewer and longer runs.
template <class T>
static void merge_axes(Gather<T>& g) {
  for (int pass = 0; pass < 2; ++pass) {
    const bool contiguous =
        g.count[2] * g.source_step[2] == g.source_step[1] && g.count[2] * g.out_step[2] == g.out_step[1];
    if (g.count[1] != 1 && !contiguous) return;
    g.count[2] *= g.count[1];
    g.count[1] = g.count[0];
    const int64_t whole = g.source_step[0] * g.count[0];
    g.source_step[1] = g.source_step[0];
    g.out_step[1] = g.out_step[0];
    g.source_step[0] = whole;
    g.count[0] = 1;
  }
}

// Columns [p, p + len) of a chunk, as runs. At most `len` of them.
template <class T>
static int packed_runs(const Gather<T>& g, int64_t p, int len, Run* runs) {
  const int64_t pixels = g.pixels();
  int64_t n = p / pixels, rest = p % pixels;
  int64_t z = rest / (g.count[1] * g.count[2]);
  rest %= g.count[1] * g.count[2];
  int64_t y = rest / g.count[2], x = rest % g.count[2];
  int count = 0;
  for (int col = 0; col < len;) {
    const int take = int(min64(g.count[2] - x, len - col));
    runs[count++] = {col, take, n * g.source_image + z * g.source_step[0] + y * g.source_step[1] + x,
                     n * g.out_image + z * g.out_step[0] + y * g.out_step[1] + x * g.out_step[2]};
    col += take;
    x = 0;
    if (++y == g.count[1]) {
      y = 0;
      if (++z == g.count[0]) {
        z = 0;
        ++n;
      }
    }
  }
  return count;
}

// The outputs among the positions [p, p + len) of one image's padded plane.
template <class T>
static int position_runs(const Gather<T>& g, int64_t p, int len, Run* runs) {
  int count = 0;
  for (int64_t at = p; at < p + len;) {
    const int64_t z = at / g.source_step[0], in_plane = at % g.source_step[0];
    const int64_t y = in_plane / g.source_step[1], x = in_plane % g.source_step[1];
    if (z >= g.count[0]) break;
    if (y >= g.count[1]) {
      at += g.source_step[0] - in_plane;
    } else if (x >= g.count[2]) {
      at += g.source_step[1] - x;
    } else {
      const int64_t take = min64(g.count[2] - x, p + len - at);
      runs[count++] = {int(at - p), int(take), 0, z * g.out_step[0] + y * g.out_step[1] + x * g.out_step[2]};
      at += take;
    }
  }
  return count;
}

// out[(k - first) * nr + j] = source value of column j and depth k, for k in [first, last).
template <class T>
static void pack_panel(const Gather<T>& g, const T* source, const Run* runs, int num_runs, int64_t first, int64_t last,
                       T* out) {
  using V = Vec<T>;
  constexpr int nr = gemm::Block<T>::nr;
  int64_t tap = first % g.taps;
  const T* channel = source + first / g.taps * g.source_channel;
  const int cols = runs[num_runs - 1].col + runs[num_runs - 1].len;
  const bool whole = num_runs == 1 && cols == nr;
  for (int64_t k = first; k < last; ++k, out += nr) {
    const T* base = channel + g.offset[tap];
    if (whole) {
#pragma GCC unroll 4
      for (int j = 0; j < nr; j += V::lanes) V::load(base + runs[0].source + j).store(out + j);
    } else {
      if (cols < nr)
        for (int j = 0; j < nr; j += V::lanes) V::zero().store(out + j);
      for (int r = 0; r < num_runs; ++r) {
        const T* from = base + runs[r].source;
        T* to = out + runs[r].col;
        int len = runs[r].len;
        // Whole vectors: what is written too much is overwritten by the next run or row.
        if (cols == nr && from + len + V::lanes <= g.source_end) {
          for (int j = 0; j < len; j += V::lanes) V::load(from + j).store(to + j);
        } else {
          for (; len >= V::lanes; len -= V::lanes, from += V::lanes, to += V::lanes) V::load(from).store(to);
          V::load_n(from, len).store_n(to, len);
        }
      }
    }
    if (++tap == g.taps) {
      tap = 0;
      channel += g.source_channel;
    }
  }
}

// Depth block and widest column block of the packed algorithm: B's block takes about gemm's share of L2. Deeper than
// gemm's own block, so that 64 channels of 3x3 taps are one.
template <class T>
inline constexpr int64_t kPackedDepth = gemm::Block<T>::kc * 5 / 4;
template <class T>
inline constexpr int64_t kPackedColumns = ceil_div(gemm::kBlockBytes / 8 * 7 / int64_t(sizeof(T)), kPackedDepth<T>);

// How rows of A are dealt to panels. The rows algorithm takes narrow panels as they come.
static inline gemm::Even row_panels(int64_t rows) { return gemm::Even(rows, gemm::kTileRows); }

// A[m, (channel, tap)] = w[m * row_step + channel * channel_step + tap_index[tap]], packed per group, depth block,
// panel.
template <class T>
struct WeightView {
  const T* w;
  int64_t group_step, row_step, channel_step;
  const int64_t* tap_index;
};

// A Gather complete except for source, a, images, source_channel and source_image, and its weights.
enum class Algorithm { packed, rows };
template <class T>
struct Part {
  Gather<T> plan;
  WeightView<T> weight;
  Algorithm algorithm;  // where it is not channels.h
};

template <class T>
static void pack_weight(const WeightView<T>& view, int64_t groups, int64_t rows, int64_t channels, int64_t taps,
                        int64_t block, T* out) {
  const gemm::Even panels = row_panels(rows), blocks(channels * taps, block);
  const int64_t depth = channels * taps;
  parallel_for(groups * panels.count, max64(1, 16384 / max64(1, depth * gemm::kTileRows)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t group = i / panels.count, panel = i % panels.count;
                   const int64_t row = panels.begin(panel), height = panels.length(panel);
                   const T* source = view.w + group * view.group_step + row * view.row_step;
                   for (int64_t b = 0; b < blocks.count; ++b) {
                     const int64_t first = blocks.begin(b), length = blocks.length(b);
                     T* target = out + group * rows * depth + rows * first + row * length;
                     if (view.channel_step == taps) {  // taps in order: depth runs along the row as it lies
                       gemm::PackA<T>{source, view.row_step, 1}(target, 0, int(height), first, length);
                       continue;
                     }
                     int64_t tap = first % taps;
                     const T* channel = source + first / taps * view.channel_step;
                     for (int64_t k = 0; k < length; ++k, target += height) {
                       const T* from = channel + view.tap_index[tap];
                       for (int64_t r = 0; r < height; ++r) target[r] = from[r * view.row_step];
                       if (++tap == taps) {
                         tap = 0;
                         channel += view.channel_step;
                       }
                     }
                   }
                 }
               });
}

// Rows of B packed for all panels of a block before the next rows. A panel has room for one row more: whole vectors may
// be written past its end.
inline constexpr int64_t kPackRows = 16;
inline constexpr int64_t kFetchable = int64_t(16) << 20;  // bytes of a source that the last-level cache may hold

template <class T>
static bool gather_packed(const Gather<T>& g, int64_t block) {
  constexpr int nr = gemm::Block<T>::nr;
  const int64_t columns = g.images * g.pixels(), depth = g.depth(), threads = num_threads();
  const gemm::Even panels = row_panels(g.rows), blocks(depth, block);
  const int64_t col_panels = ceil_div(columns, nr);
  // Column blocks no wider than L2 allows, three tasks for a thread, as many for each; but a block of fewer than
  // kFewest panels would not repay reading A, so then rows are split.
  constexpr int64_t kFewest = 3;
  int64_t block_count = ceil_div(col_panels, max64(1, kPackedColumns<T> / nr)), splits = 1;
  if (threads > 1) {
    const int64_t most = max64(1, col_panels / kFewest);
    block_count = max64(block_count, min64(most, ceil_div(threads * 3, g.groups)));
    const int64_t even = ceil_div(block_count, threads) * threads;
    if (even <= most) block_count = even;
    if (block_count * g.groups < threads) splits = min64(panels.count, ceil_div(threads, block_count * g.groups));
  }
  const gemm::Even col_blocks = gemm::Even::of(col_panels, block_count);
  // Where each row of B lies. If all rows begin with a cache line, the first tile of a panel that is one run reads the
  // source itself and packs as it goes; otherwise each row would take part of one line more, and packing apart is
  // faster. So it is for sources in main memory, which want long runs.
  Buffer offset_buffer((depth + gemm::kPrefetchRows) * int64_t(sizeof(int64_t)));
  if (!offset_buffer.pointer) return false;
  int64_t* const offset = offset_buffer.as<int64_t>();
  for (int64_t c = 0, k = 0; c < g.channels; ++c)
    for (int64_t tap = 0; tap < g.taps; ++tap, ++k) offset[k] = c * g.source_channel + g.offset[tap];
  for (int64_t k = depth; k < depth + gemm::kPrefetchRows; ++k) offset[k] = depth ? offset[depth - 1] : 0;
  int64_t starts = g.source_channel | g.source_image;
  for (int64_t tap = 0; tap < g.taps; ++tap) starts |= g.offset[tap];
  const bool whole_lines = g.images * g.source_image * int64_t(sizeof(T)) <= kFetchable &&
                           (uintptr_t(g.source) | uintptr_t(starts * int64_t(sizeof(T)))) % 64 == 0;
  const bool stream = blocks.count == 1 && g.images * g.out_image * int64_t(sizeof(T)) >= stream_bytes() &&
                      g.out_channel * int64_t(sizeof(T)) % 64 == 0;
  bool ok = true;  // only ever cleared, atomically
  parallel_tasks(g.groups * col_blocks.count * splits, [&](int64_t task) {
    const int64_t split = task % splits, rest = task / splits;
    const int64_t cb = rest % col_blocks.count, group = rest / col_blocks.count;
    const int64_t first_panel = panels.count * split / splits, last_panel = panels.count * (split + 1) / splits;
    const int64_t first_col = col_blocks.begin(cb), num_cols = col_blocks.length(cb);
    const int64_t deepest = blocks.count ? blocks.length(0) : 0;
    T* packed = static_cast<T*>(scratch(3, size_t(num_cols * nr * (deepest + 1) * sizeof(T))));
    Run* runs = static_cast<Run*>(scratch(4, size_t(num_cols * nr) * sizeof(Run)));
    int* num_runs = static_cast<int*>(scratch(5, size_t(num_cols) * sizeof(int)));
    if (!packed || !runs || !num_runs) {
      __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
      return;
    }
    for (int64_t j = 0; j < num_cols; ++j) {
      const int64_t p = (first_col + j) * nr;
      num_runs[j] = packed_runs(g, p, int(min64(nr, columns - p)), runs + j * nr);
    }
    const T* source = g.source + group * g.channels * g.source_channel;
    auto one_run = [&](int64_t j) { return whole_lines && num_runs[j] == 1 && runs[j * nr].len == nr; };
    for (int64_t b = 0; b < max64(1, blocks.count); ++b) {
      const int64_t first = blocks.count ? blocks.begin(b) : 0, length = blocks.count ? blocks.length(b) : 0;
      if (length)
        for (int64_t k = 0; k < length; k += kPackRows)
          for (int64_t j = 0; j < num_cols; ++j)
            if (!one_run(j))
              pack_panel(g, source, runs + j * nr, num_runs[j], first + k, first + min64(length, k + kPackRows),
                         packed + (j * (length + 1) + k) * nr);
      const T* a = g.a + group * g.rows * depth + g.rows * first;
      StoreRuns<T> store{g.out + group * g.rows * g.out_channel,     g.out_channel, g.out_step[2], nullptr, 0,
                         g.bias ? g.bias + group * g.rows : nullptr, g.relu,        stream};
      for (int64_t i = first_panel; i < last_panel; ++i)
        for (int64_t j = 0; j < num_cols; ++j) {
          store.runs = runs + j * nr;
          store.num_runs = num_runs[j];
          const gemm::TileAt at{panels.begin(i), 0, nr, b == 0, b + 1 >= blocks.count};
          const T* a_panel = a + panels.begin(i) * length;
          T* panel = packed + j * nr * (length + 1);
          store.prefetch(at.row, int(panels.length(i)));
          if (i == first_panel && one_run(j)) {
            const gemm::CopyOffsetB<T> copy{source + runs[j * nr].source, offset + first, panel};
            run_rows<T, gemm::kTileVectors>(int(panels.length(i)), length, a_panel, copy, store, at);
          } else {
            run_rows<T, gemm::kTileVectors>(int(panels.length(i)), length, a_panel, gemm::RowsB<T>{panel, nr}, store,
                                            at);
          }
        }
    }
    if (stream) stream_barrier();
  });
  return ok;
}

// The rows algorithm reads whole tiles of positions, at most this many values past the last channel.
template <class T>
inline constexpr int64_t kRowSlack = 8 * Vec<T>::lanes;

static RL_INLINE int64_t span(const int64_t* count, const int64_t* step) {
  return (count[0] - 1) * step[0] + (count[1] - 1) * step[1] + count[2];
}

// Vectors of a tile, as many as the registers hold next to `rows` rows and as waste least of the last tile.
template <class T>
static int tile_vectors(int64_t rows, int64_t positions) {
  if (rows == 1) return 8;
  int best = 2;
  int64_t least = INT64_MAX;
  for (int vectors = 4; vectors >= 2; --vectors) {
    if (rows * vectors > gemm::kTileRows * gemm::kTileVectors) continue;
    const int64_t width = vectors * Vec<T>::lanes, total = ceil_div(positions, width) * width;
    if (total < least) {
      least = total;
      best = vectors;
    }
  }
  return best;
}

// Rows of output that one copy of the source serves: about this many bytes, which stay in L2.
inline constexpr int64_t kBandBytes = 3 << 18;

// A band of output rows of one image and group after the other: its source rows copied by the task that needs them
// (where they lie contiguously as they should, only so that nothing is read past the array's end), then all tiles.
// `source` is the array itself, first image of g.images.
template <class T, int vectors>
static bool gather_rows_tiles(const Gather<T>& all, const SourceLayout& layout, const T* source, const T* source_end) {
  constexpr int lanes = Vec<T>::lanes, width = vectors * lanes;
  const gemm::Even panels = row_panels(all.rows);
  const int64_t depth = all.depth(), threads = num_threads(), units = all.images * all.groups;
  const int64_t size = layout.axis[0].size * layout.axis[1].size * layout.axis[2].size;
  Gather<T> g = all;
  SourceLayout part = layout;
  int64_t height = all.count[1];
  const int64_t old_block = layout.axis[0].length * layout.axis[1].length * layout.axis[2].length;
  int64_t block = old_block;
  if (layout.copied && layout.axis[0].length == 1 && height > 1) {
    const int64_t extra = layout.axis[1].length - height;
    const int64_t row = all.channels * all.source_channel / layout.axis[1].length * int64_t(sizeof(T));
    int64_t bands = ceil_div(height, max64(4, kBandBytes / max64(1, row) - extra));
    if (units * bands < threads * 2) bands = max64(1, min64(height / 4, ceil_div(threads * 2, units)));
    height = ceil_div(height, bands);
    part.axis[1].length = height + extra;
    block = part.axis[1].length * part.axis[2].length;
    g.source_channel = all.source_channel / old_block * block;
    g.source_step[0] = block;
  }
  const int64_t bands = ceil_div(all.count[1], height), cells = g.channels * g.source_channel;
  Gather<T> band = g;
  band.count[1] = height;
  merge_axes(band);
  const int64_t positions = span(band.count, band.source_step), tiles = ceil_div(positions, width);
  // The runs of every tile of a whole band, and the offset of every depth from a group's first channel.
  const int64_t most_runs = tiles * 2 + g.count[0] * height + 1;
  Buffer run_buffer(most_runs * int64_t(sizeof(Run))), first_buffer((tiles + 1) * 8), offset_buffer((depth + 1) * 8);
  if (!run_buffer.pointer || !first_buffer.pointer || !offset_buffer.pointer) return false;
  int64_t* offset = offset_buffer.as<int64_t>();
  for (int64_t k = 0; k < depth; ++k) {
    const int64_t at = g.offset[k % g.taps];
    offset[k] = k / g.taps * g.source_channel + (block == old_block ? at : at / old_block * block + at % old_block);
  }
  Run* runs = run_buffer.as<Run>();
  int64_t* first_run = first_buffer.as<int64_t>();
  first_run[0] = 0;
  for (int64_t tile = 0; tile < tiles; ++tile)
    first_run[tile + 1] =
        first_run[tile] +
        position_runs(band, tile * width, int(min64(width, positions - tile * width)), runs + first_run[tile]);
  const int64_t splits = layout.copied || units >= threads * 2 ? 1 : min64(tiles, ceil_div(threads * 2, units));
  const int64_t work = ceil_div(depth * g.rows * tiles * width, splits);
  bool ok = true;  // only ever cleared, atomically
  parallel_for(units * bands * splits, max64(1, (int64_t(1) << 18) / max64(1, work)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t unit = i / (bands * splits), row = i / splits % bands * height, split = i % splits;
      const int64_t image = unit / g.groups, group = unit % g.groups;
      const int64_t rows_left = all.count[1] - row;
      const T* from = source + unit * g.channels * size;
      if (layout.copied || from + cells + kRowSlack<T> > source_end) {
        T* copy = static_cast<T*>(scratch(3, size_t((cells + kRowSlack<T>)*int64_t(sizeof(T)))));
        if (!copy) {
          __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
          return;
        }
        if (layout.copied) {
          SourceLayout here = part;
          here.axis[1].padding -= row * here.axis[1].stride;
          copy_channels(here, from, g.channels, copy, g.source_channel);
        } else {
          __builtin_memcpy(copy, from, size_t(cells) * sizeof(T));
        }
        __builtin_memset(copy + cells, 0, size_t(kRowSlack<T>) * sizeof(T));
        from = copy;
      }
      StoreRuns<T> store{g.out + image * g.out_image + group * g.rows * g.out_channel + row * g.out_step[1],
                         g.out_channel,
                         g.out_step[2],
                         nullptr,
                         0,
                         g.bias ? g.bias + group * g.rows : nullptr,
                         g.relu,
                         false};
      const T* a = g.a + group * g.rows * depth;
      Gather<T> last = g;  // a band of fewer rows ends earlier
      last.count[1] = min64(height, rows_left);
      merge_axes(last);
      const int64_t end_position = span(last.count, last.source_step);
      for (int64_t tile = tiles * split / splits; tile < tiles * (split + 1) / splits; ++tile) {
        const int64_t left = min64(width, end_position - tile * width);
        if (left <= 0) break;
        Run own[width];
        store.runs = runs + first_run[tile];
        store.num_runs = int(first_run[tile + 1] - first_run[tile]);
        if (rows_left < height) {
          store.num_runs = position_runs(last, tile * width, int(left), own);
          store.runs = own;
        }
        if (!store.num_runs) continue;
        const gemm::OffsetB<T> b{from + tile * width, offset};
        for (int64_t panel = 0; panel < panels.count; ++panel) {
          const gemm::TileAt at{panels.begin(panel), 0, width, true, true};
          const int rows = int(panels.length(panel));
          const T* a_panel = a + panels.begin(panel) * depth;
          if (vectors > 1 && left <= lanes) {
            run_rows<T, 1>(rows, depth, a_panel, b, store, at);
          } else if (vectors > 2 && left <= 2 * lanes) {
            run_rows<T, 2>(rows, depth, a_panel, b, store, at);
          } else {
            run_rows<T, vectors>(rows, depth, a_panel, b, store, at);
          }
        }
      }
    }
  });
  return ok;
}

template <class T>
static bool gather_rows(const Gather<T>& g, const SourceLayout& layout, const T* source, const T* source_end) {
  switch (tile_vectors<T>(row_panels(g.rows).length(0), span(g.count, g.source_step))) {
    case 8:
      return gather_rows_tiles<T, 8>(g, layout, source, source_end);
    case 4:
      return gather_rows_tiles<T, 4>(g, layout, source, source_end);
    case 3:
      return gather_rows_tiles<T, 3>(g, layout, source, source_end);
    default:
      return gather_rows_tiles<T, 2>(g, layout, source, source_end);
  }
}

}  // namespace rl::RL_ISA
