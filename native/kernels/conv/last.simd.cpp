#include "kernels/conv/source.h"
#include "kernels/gemm/micro_kernel.h"

// Convolution of images in channels-last order, the gradient of its input (stride 1) and of its weight, as products
// that read the images as they lie: what a window needs of an image row is one run of numbers, channels of neighbouring
// pixels. Only weights are packed. Where there is padding, images are copied into padded ones first, some at a time.
//
//   out[pixel][row] = sum over k of  source[pixel * stride + offset(k)] * W[k][row]        k: (tap, channel)
//   gw[row][k]      = sum over pixels of  g[pixel][row] * source[pixel * stride + offset(k)]

namespace rl::RL_ISA {
namespace {

// One call, forward or turned (the gradient of the input is the convolution of g with the weight turned round).
struct LastConv {
  int64_t batch, groups, channels, rows;  // channels in and rows out, of one group
  int64_t size[3], padding[3];            // of the source
  int64_t count[3], kernel[3], stride[3], dilation[3];
  int64_t padded[3];  // sizes after padding

  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t source_step() const { return groups * channels; }  // between pixels
  int64_t pixels() const { return count[0] * count[1] * count[2]; }
  bool is_padded() const {
    return padding[0] || padding[1] || padding[2] || padded[0] > size[0] || padded[1] > size[1] || padded[2] > size[2];
  }
  // Items of one image that windows are read from; -1 where that is beyond reason.
  int64_t image_items() const {
    const __int128 items = __int128(extent(0)) * extent(1);
    if (items > (int64_t(1) << 46) || items * extent(2) > (int64_t(1) << 46)) return -1;
    const __int128 all = items * extent(2) * source_step();
    return all > (int64_t(1) << 46) ? -1 : int64_t(all);
  }
  int64_t extent(int axis) const { return is_padded() ? padded[axis] : size[axis]; }
  // Whether the taps of a window's row are one run.
  bool joint() const { return groups == 1 && (dilation[2] == 1 || kernel[2] == 1); }
};

LastConv forward_plan(const ConvShape& s) {
  LastConv p = {};
  p.batch = s.batch;
  p.groups = s.groups;
  p.channels = s.in_channels;
  p.rows = s.out_channels;
  for (int i = 0; i < 3; ++i) {
    p.size[i] = s.input[i];
    p.count[i] = s.output[i];
    p.kernel[i] = s.kernel[i];
    p.stride[i] = s.stride[i];
    p.dilation[i] = s.dilation[i];
    p.padding[i] = s.padding[i];
    p.padded[i] = (p.count[i] - 1) * p.stride[i] + (p.kernel[i] - 1) * p.dilation[i] + 1;
  }
  return p;
}

LastConv turned_plan(const ConvShape& s) {
  LastConv p = forward_plan(s);
  p.channels = s.out_channels;
  p.rows = s.in_channels;
  for (int i = 0; i < 3; ++i) {
    p.size[i] = s.output[i];
    p.count[i] = s.input[i];
    p.padding[i] = (s.kernel[i] - 1) * s.dilation[i] - s.padding[i];
    p.padded[i] = p.count[i] + (p.kernel[i] - 1) * p.dilation[i];
  }
  return p;
}

// Images [first, first + images) with their padding around them; negative padding leaves cells out.
template <class T>
void copy_padded(const LastConv& p, const T* source, int64_t first, int64_t images, T* out) {
  const int64_t step = p.source_step(), rows = p.padded[0] * p.padded[1], row_items = p.padded[2] * step;
  const int64_t left = max64(0, p.padding[2]), from = max64(0, -p.padding[2]);
  const int64_t items = max64(0, min64(p.padded[2] - left, p.size[2] - from)) * step;
  parallel_for(images * rows, max64(1, 16384 / (row_items + 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t z = i % rows / p.padded[1] - p.padding[0], y = i % p.padded[1] - p.padding[1];
      T* to = out + i * row_items;
      const bool inside = z >= 0 && z < p.size[0] && y >= 0 && y < p.size[1] && items > 0;
      const int64_t lead = inside ? left * step : row_items, length = inside ? items : 0;
      __builtin_memset(to, 0, size_t(lead) * sizeof(T));
      if (!inside) continue;
      const int64_t at = (((first + i / rows) * p.size[0] + z) * p.size[1] + y) * p.size[2] + from;
      __builtin_memcpy(to + lead, source + at * step, size_t(length) * sizeof(T));
      __builtin_memset(to + lead + length, 0, size_t(row_items - lead - length) * sizeof(T));
    }
  });
}

// Depth k runs over segments: `length` numbers that lie one after the other from `offset` on in the source, beginning
// with a channel of a tap. Blocks of segments are done one after the other, each while its weights are in the cache.
struct Segment {
  int64_t offset, length, tap, channel;
};

struct Segments {
  int64_t count = 0, blocks = 0, depth = 0;
  Segment* list = nullptr;
  int64_t* block = nullptr;  // first segment of every block, and one more
};

int64_t segments_needed(const LastConv& p, int64_t limit) {
  const int64_t runs = p.joint() ? p.kernel[0] * p.kernel[1] : p.taps();
  return runs * (ceil_div(p.joint() ? p.kernel[2] * p.channels : p.channels, limit) + 1);
}

Segments segments_of(const LastConv& p, int64_t limit, void* memory, int64_t needed) {
  Segments s;
  s.list = static_cast<Segment*>(memory);
  s.block = reinterpret_cast<int64_t*>(s.list + needed);
  const int64_t step = p.source_step(), along = p.joint() ? 1 : p.kernel[2];
  const int64_t run = p.joint() ? p.kernel[2] * p.channels : p.channels;
  const gemm::Even parts(run, limit);
  int64_t in_block = 0;
  for (int64_t tap = 0; tap < p.kernel[0] * p.kernel[1] * along; ++tap) {
    const int64_t z = tap / along / p.kernel[1], y = tap / along % p.kernel[1], x = tap % along;
    const int64_t row = z * p.dilation[0] * p.extent(1) + y * p.dilation[1];
    const int64_t offset = (row * p.extent(2) + x * p.dilation[2]) * step;
    const int64_t first = p.joint() ? tap * p.kernel[2] : tap;
    for (int64_t i = 0; i < parts.count; ++i) {
      const int64_t at = parts.begin(i), length = parts.length(i);
      if (s.count == 0 || in_block + length > limit) {
        s.block[s.blocks++] = s.count;
        in_block = 0;
      }
      s.list[s.count++] = {offset + at, length, first + at / p.channels, at % p.channels};
      in_block += length;
      s.depth += length;
    }
  }
  s.block[s.blocks] = s.count;
  return s;
}

template <class T>
struct WeightSteps {
  const T* w;
  int64_t group, row, channel;
  bool turned;
};

// out[group][segment][panel][k][nr], zero past the last row.
template <class T>
void pack_last(const LastConv& p, const Segments& s, const WeightSteps<T>& from, T* out) {
  constexpr int64_t nr = gemm::Block<T>::nr;
  const int64_t panels = ceil_div(p.rows, nr), taps = p.taps();
  parallel_for(p.groups * s.count, max64(1, 16384 / (s.depth / s.count * panels * nr + 1)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t group = i / s.count, index = i % s.count;
                   int64_t before = 0;
                   for (int64_t k = 0; k < index; ++k) before += s.list[k].length;
                   const Segment& segment = s.list[index];
                   for (int64_t panel = 0; panel < panels; ++panel) {
                     T* to = out + (group * s.depth + before) * panels * nr + panel * segment.length * nr;
                     const int64_t have = min64(nr, p.rows - panel * nr);
                     int64_t tap = segment.tap, channel = segment.channel;
                     for (int64_t k = 0; k < segment.length; ++k, to += nr) {
                       const T* w = from.w + group * from.group + panel * nr * from.row + channel * from.channel +
                                    (from.turned ? taps - 1 - tap : tap);
                       for (int64_t j = 0; j < have; ++j) to[j] = w[j * from.row];
                       for (int64_t j = have; j < nr; ++j) to[j] = T(0);
                       if (++channel == p.channels) {
                         channel = 0;
                         ++tap;
                       }
                     }
                   }
                 }
               });
}

// acc += A * B over one run of `depth`.
template <int rows, int vectors, class T, class A>
RL_INLINE void add_run(int64_t depth, A a, const T* b, int64_t b_step, Vec<T> (&acc)[rows][vectors]) {
#pragma GCC unroll 2
  for (int64_t k = 0; k < depth; ++k, b += b_step) {
    Vec<T> bv[vectors];
    unroll<vectors>([&](auto v) RL_UNROLLED { bv[v] = Vec<T>::load(b + v * Vec<T>::lanes); });
    unroll<rows>([&](auto i) RL_UNROLLED {
      const Vec<T> av(a.template at<i>());
      unroll<vectors>([&](auto v) RL_UNROLLED { acc[i][v] = fma(av, bv[v], acc[i][v]); });
    });
    a.advance();
  }
}

// A policy (micro_kernel.h): half of the rows are pixels of one line, half of the next.
template <class T, int half>
struct PairA {
  gemm::RowsA<T, half> one, two;
  template <int i>
  RL_INLINE T at() const {
    if constexpr (i < half) {
      return one.template at<i>();
    } else {
      return two.template at<i - half>();
    }
  }
  RL_INLINE void advance() {
    one.advance();
    two.advance();
  }
};

template <class T>
struct LastTile {
  const T *source, *next;  // of the tile's first pixel and group; of a pair's second line
  int64_t step;            // between its pixels
  const Segment* segments;
  int64_t num_segments;
  const T* weights;     // of the first segment and this panel
  int64_t panel_count;  // a segment's weights are panel_count * nr * length
  T* out;
  int64_t out_step, cols;
  const T* bias;
  bool first, last, relu;

  template <int rows, int vectors>
  RL_INLINE void run() const {
    multiply<rows, vectors>([&](int64_t offset) RL_UNROLLED { return gemm::RowsA<T, rows>(source + offset, step); });
  }
  template <int half, int vectors>
  RL_INLINE void run_pair() const {
    if constexpr (2 * half <= gemm::kTileRows)
      multiply<2 * half, vectors>([&](int64_t offset) RL_UNROLLED {
        return PairA<T, half>{gemm::RowsA<T, half>(source + offset, step), gemm::RowsA<T, half>(next + offset, step)};
      });
  }

  template <int rows, int vectors, class Pixels>
  RL_INLINE void multiply(Pixels&& pixels) const {
    constexpr int L = Vec<T>::lanes;
    constexpr int64_t nr = gemm::Block<T>::nr;
    Vec<T> acc[rows][vectors];
    unroll<rows>([&](auto i) RL_UNROLLED { unroll<vectors>([&](auto v) RL_UNROLLED { acc[i][v] = Vec<T>::zero(); }); });
    const T* b = weights;
    for (int64_t s = 0; s < num_segments; ++s) {
      // weights of the segments before: all panels of them; of this one: the panels before are `length` long too
      const int64_t length = segments[s].length;
      add_run<rows, vectors>(length, pixels(segments[s].offset), b + panel * length * nr, nr, acc);
      b += panel_count * length * nr;
    }
    unroll<rows>([&](auto i) RL_UNROLLED {
      unroll<vectors>([&](auto v) RL_UNROLLED {
        const int n = int(min64(L, cols - v * L));
        if (n > 0) {
          T* to = out + i * out_step + v * L;
          Vec<T> value = acc[i][v];
          if (!first) value += n == L ? Vec<T>::load(to) : Vec<T>::load_n(to, n);
          if (last && bias) value += n == L ? Vec<T>::load(bias + v * L) : Vec<T>::load_n(bias + v * L, n);
          if (last && relu) value = select<T>(value < Vec<T>::zero(), Vec<T>::zero(), value);
          if (n == L)
            value.store(to);
          else
            value.store_n(to, n);
        }
      });
    });
  }
  int64_t panel;
};

// run<rows, vectors>() for rows up to a tile's.
#define RL_LAST_ROWS(count, run, vectors) \
  switch (count) {                        \
    RL_LAST_CASE(run, vectors, 1)         \
    RL_LAST_CASE(run, vectors, 2)         \
    RL_LAST_CASE(run, vectors, 3)         \
    RL_LAST_CASE(run, vectors, 4)         \
    RL_LAST_CASE(run, vectors, 5)         \
    RL_LAST_CASE(run, vectors, 6)         \
    RL_LAST_CASE(run, vectors, 7)         \
    RL_LAST_CASE(run, vectors, 8)         \
    RL_LAST_CASE(run, vectors, 9)         \
    RL_LAST_CASE(run, vectors, 10)        \
    RL_LAST_CASE(run, vectors, 11)        \
    RL_LAST_CASE(run, vectors, 12)        \
    RL_LAST_CASE(run, vectors, 13)        \
    RL_LAST_CASE(run, vectors, 14)        \
  }
#define RL_LAST_CASE(run, vectors, R)                      \
  case R:                                                  \
    if constexpr (R <= gemm::kTileRows) run<R, vectors>(); \
    break;

template <class T, int vectors>
__attribute__((noinline)) void run_last_tile(int64_t rows, const LastTile<T>& tile) {
  RL_LAST_ROWS(rows, tile.template run, vectors)
}

// Two lines of `half` pixels each.
template <class T, int vectors>
__attribute__((noinline)) void run_last_pair(int64_t half, const LastTile<T>& tile) {
  RL_LAST_ROWS(half, tile.template run_pair, vectors)
}

// The product over `images` images from `source` on (padded ones, where the plan says so).
template <class T>
void multiply_last(const LastConv& plan, const Segments& s, const T* source, int64_t images, const T* weights,
                   const T* bias, T* out, bool relu) {
  constexpr int64_t nr = gemm::Block<T>::nr, lanes = Vec<T>::lanes;
  const int64_t step = plan.source_step(), out_step = plan.groups * plan.rows;
  const int64_t image = plan.extent(0) * plan.extent(1) * plan.extent(2) * step, panels = ceil_div(plan.rows, nr);
  int64_t count[3] = {plan.count[0], plan.count[1], plan.count[2]};
  const bool flat =
      plan.taps() == 1 && !plan.is_padded() && plan.stride[0] == 1 && plan.stride[1] == 1 && plan.stride[2] == 1;
  if (flat) {  // pixels of all rows and images one after the other
    count[2] *= count[0] * count[1] * images;
    count[0] = count[1] = images = 1;
  }
  const gemm::Even tiles(count[2], gemm::kTileRows);
  const int64_t lines = images * count[0] * count[1];
  const bool paired = tiles.count == 1 && 2 * count[2] <= gemm::kTileRows && lines > 1;  // narrow images: two lines
  const int64_t units = paired ? ceil_div(lines, 2) : lines * tiles.count, threads = num_threads();
  // parts whose results stay in the second-level cache while the blocks of the depth pass
  const int64_t unit_bytes = tiles.size * out_step * int64_t(sizeof(T));
  int64_t parts = ceil_div(units * unit_bytes, int64_t(1) << 18);
  if (threads > 1) parts = max64(parts, threads * 4);
  const gemm::Even work = gemm::Even::of(units, max64(1, min64(units, parts)));
  parallel_tasks(work.count * plan.groups, [&](int64_t task) {
    const int64_t group = task / work.count, part = task % work.count;
    const T* block_weights = weights + group * s.depth * panels * nr;
    for (int64_t b = 0; b < s.blocks; ++b) {
      LastTile<T> tile = {};
      tile.segments = s.list + s.block[b];
      tile.num_segments = s.block[b + 1] - s.block[b];
      tile.weights = block_weights;
      tile.panel_count = panels;
      tile.first = b == 0;
      tile.last = b + 1 == s.blocks;
      tile.relu = relu;
      tile.step = plan.stride[2] * step;
      tile.out_step = out_step;
      for (int64_t i = 0; i < tile.num_segments; ++i) block_weights += tile.segments[i].length * panels * nr;
      for (int64_t unit = work.begin(part), end = unit + work.length(part); unit < end; ++unit) {
        const int64_t line = paired ? 2 * unit : unit / tiles.count, i = paired ? 0 : unit % tiles.count;
        const int64_t x = tiles.begin(i);
        const auto start = [&](int64_t at) {
          const int64_t y = at % count[1], z = at / count[1] % count[0], n = at / (count[1] * count[0]);
          const int64_t row = z * plan.stride[0] * plan.extent(1) + y * plan.stride[1];
          return source + n * image + (row * plan.extent(2) + x * plan.stride[2]) * step + group * plan.channels;
        };
        const bool pair = paired && line + 1 < lines;
        tile.source = start(line);
        tile.next = pair ? start(line + 1) : nullptr;
        T* to = out + (line * count[2] + x) * out_step + group * plan.rows;
        for (int64_t j = 0; j < panels; ++j) {
          tile.panel = j;
          tile.out = to + j * nr;
          tile.cols = min64(nr, plan.rows - j * nr);
          tile.bias = bias ? bias + group * plan.rows + j * nr : nullptr;
          if (pair) {
            tile.cols > lanes ? run_last_pair<T, 2>(count[2], tile) : run_last_pair<T, 1>(count[2], tile);
          } else {
            tile.cols > lanes ? run_last_tile<T, 2>(tiles.length(i), tile) : run_last_tile<T, 1>(tiles.length(i), tile);
          }
        }
      }
    }
  });
}

// f(source of a chunk, its first image, images), padded where the plan says so.
template <class T, class F>
bool over_padded(const LastConv& p, const T* source, F&& f) {
  if (!p.is_padded()) {
    f(source, int64_t(0), p.batch);
    return true;
  }
  const int64_t items = p.image_items();
  if (items < 0) return false;
  const int64_t chunk = images_per_chunk(p.batch, max64(1, items) * int64_t(sizeof(T)));
  Buffer copy((chunk * items + 1) * int64_t(sizeof(T)));
  if (!copy.pointer) return false;
  for (int64_t first = 0; first < p.batch; first += chunk) {
    const int64_t images = min64(chunk, p.batch - first);
    copy_padded(p, source, first, images, copy.as<T>());
    f(static_cast<const T*>(copy.as<T>()), first, images);
  }
  return true;
}

template <class T>
bool run_last(const LastConv& p, const T* source, const WeightSteps<T>& w, const T* bias, T* out, bool relu) {
  constexpr int64_t nr = gemm::Block<T>::nr, limit = gemm::Block<T>::kc * 5 / 4;
  const int64_t needed = segments_needed(p, limit);
  Buffer lists(needed * int64_t(sizeof(Segment)) + (needed + 1) * 8);
  if (!lists.pointer) return false;
  const Segments s = segments_of(p, limit, lists.pointer, needed);
  Buffer weights((p.groups * s.depth * ceil_div(p.rows, nr) * nr + 1) * int64_t(sizeof(T)));
  if (!weights.pointer) return false;
  pack_last(p, s, w, weights.as<T>());
  const int64_t out_image = p.pixels() * p.groups * p.rows;
  return over_padded(p, source, [&](const T* from, int64_t first, int64_t images) {
    multiply_last(p, s, from, images, static_cast<const T*>(weights.as<T>()), bias, out + first * out_image, relu);
  });
}

template <class T>
bool conv_last(const ConvShape& s, const T* x, const T* w, const T* bias, T* out, bool relu) {
  const LastConv p = forward_plan(s);
  const int64_t row = s.in_channels * p.taps();
  return run_last<T>(p, x, {w, s.out_channels * row, row, p.taps(), false}, bias, out, relu);
}

template <class T>
bool conv_last_grad_input(const ConvShape& s, const T* g, const T* w, const T* bias, T* gx) {
  const LastConv p = turned_plan(s);
  const int64_t row = s.in_channels * p.taps();
  return run_last<T>(p, g, {w, s.out_channels * row, p.taps(), row, true}, bias, gx, false);
}

// ---- gradient of the weight ----

// A tile of sums over `depth` pixels, added to `out`: a packed panel of g times a packed panel of the source.
template <class T>
struct LastSum {
  const T *g, *source;
  int64_t depth;
  T* out;
  int64_t out_step, cols;

  template <int rows, int vectors>
  RL_INLINE void run() const {
    constexpr int L = Vec<T>::lanes;
    Vec<T> acc[rows][vectors];
    unroll<rows>([&](auto i) RL_UNROLLED { unroll<vectors>([&](auto v) RL_UNROLLED { acc[i][v] = Vec<T>::zero(); }); });
    add_run<rows, vectors>(depth, gemm::PanelA<T, rows>(g, rows), source, vectors * L, acc);
    unroll<rows>([&](auto i) RL_UNROLLED {
      unroll<vectors>([&](auto v) RL_UNROLLED {
        const int n = int(min64(L, cols - v * L));
        T* to = out + i * out_step + v * L;
        (acc[i][v] + Vec<T>::load_n(to, n)).store_n(to, n);
      });
    });
  }
};

template <class T, int vectors>
__attribute__((noinline)) void run_last_sum(int64_t rows, const LastSum<T>& sum) {
  RL_LAST_ROWS(rows, sum.template run, vectors)
}

// `depth` rows of `width` items, of which `have` are there, `step` apart: one after the other, zeros behind.
template <class T>
void pack_rows(const T* from, int64_t depth, int64_t step, int64_t have, int64_t width, T* to) {
  constexpr int L = Vec<T>::lanes;
  for (int64_t k = 0; k < depth; ++k, from += step)
    for (int64_t j = 0; j < width; j += L, to += L) {
      const int n = int(max64(0, min64(L, have - j)));
      (n == L ? Vec<T>::load(from + j) : n ? Vec<T>::load_n(from + j, n) : Vec<T>::zero()).store(to);
    }
}

template <class T>
bool conv_last_grad_weight(const ConvShape& s, const T* g, const T* x, T* gw) {
  constexpr int64_t nr = gemm::Block<T>::nr, lanes = Vec<T>::lanes, kPixels = 512;
  const LastConv p = forward_plan(s);
  const bool joint = p.joint();
  const int64_t along = joint ? 1 : p.kernel[2], run = joint ? p.kernel[2] * p.channels : p.channels;
  const int64_t tap_rows = p.kernel[0] * p.kernel[1] * along, step = p.source_step(), g_step = p.groups * p.rows;
  const gemm::Even row_tiles(p.rows, gemm::kTileRows);
  const int64_t panels = ceil_div(run, nr), line_pixels = p.count[2], image_lines = p.count[0] * p.count[1];
  const int64_t part_lines = max64(1, kPixels / line_pixels), part_pixels = part_lines * line_pixels;
  // sums[group][tap row][row][run], and the part's pixels of g, a panel for each tile of rows
  Buffer sum_memory((p.groups * tap_rows * p.rows * run + 1) * int64_t(sizeof(T)));
  Buffer g_memory((part_pixels * g_step + 1) * int64_t(sizeof(T)));
  if (!sum_memory.pointer || !g_memory.pointer) return false;
  T *const sums = sum_memory.as<T>(), *const g_panels = g_memory.as<T>();
  __builtin_memset(sums, 0, size_t(p.groups * tap_rows * p.rows * run) * sizeof(T));
  const int64_t packs = p.groups * tap_rows * panels;
  const int64_t splits = max64(1, min64(row_tiles.count, ceil_div(2 * num_threads(), packs)));
  bool ok = true;  // only ever cleared, atomically
  const auto add_part = [&](const T* source, int64_t first_image, int64_t line, int64_t lines) {
    const int64_t pixels = lines * line_pixels;
    const T* from = g + (first_image * image_lines + line) * line_pixels * g_step;
    parallel_for(pixels, max64(1, 16384 / g_step), [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k)
        for (int64_t i = 0; i < p.groups * row_tiles.count; ++i) {
          const int64_t tile = i % row_tiles.count, rows = row_tiles.length(tile);
          const int64_t at = i / row_tiles.count * p.rows + row_tiles.begin(tile);
          T* to = g_panels + at * pixels + k * rows;
          for (int64_t j = 0; j < rows; j += lanes) {
            const int n = int(min64(lanes, rows - j));
            Vec<T>::load_n(from + k * g_step + at + j, n).store_n(to + j, n);
          }
        }
    });
    parallel_tasks(packs * splits, [&](int64_t task) {
      const int64_t split = task % splits, panel = task / splits % panels;
      const int64_t tap = task / (splits * panels) % tap_rows, group = task / (splits * panels * tap_rows);
      const int64_t z = tap / along / p.kernel[1], y = tap / along % p.kernel[1], kx = tap % along;
      const int64_t row = z * p.dilation[0] * p.extent(1) + y * p.dilation[1];
      const int64_t cols = min64(nr, run - panel * nr), width = cols > lanes ? 2 * lanes : lanes;
      T* packed = static_cast<T*>(scratch(5, size_t(pixels * width) * sizeof(T)));
      if (!packed) {
        __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
        return;
      }
      const T* base = source + (row * p.extent(2) + kx * p.dilation[2]) * step + group * p.channels + panel * nr;
      for (int64_t i = 0; i < lines; ++i) {
        const int64_t at = line + i, line_y = at % p.count[1], line_z = at / p.count[1] % p.count[0];
        const int64_t plane = (at / image_lines * p.extent(0) + line_z * p.stride[0]) * p.extent(1);
        pack_rows(base + (plane + line_y * p.stride[1]) * p.extent(2) * step, line_pixels, p.stride[2] * step, cols,
                  width, packed + i * line_pixels * width);
      }
      for (int64_t tile = row_tiles.count * split / splits; tile < row_tiles.count * (split + 1) / splits; ++tile) {
        const int64_t first = row_tiles.begin(tile);
        const LastSum<T> sum{g_panels + (group * p.rows + first) * pixels,
                             packed,
                             pixels,
                             sums + ((group * tap_rows + tap) * p.rows + first) * run + panel * nr,
                             run,
                             cols};
        if (width > lanes) {
          run_last_sum<T, 2>(row_tiles.length(tile), sum);
        } else {
          run_last_sum<T, 1>(row_tiles.length(tile), sum);
        }
      }
    });
  };
  const bool done = over_padded(p, x, [&](const T* source, int64_t first, int64_t images) {
    const int64_t lines = images * image_lines;
    for (int64_t line = 0; line < lines; line += part_lines)
      add_part(source, first, line, min64(part_lines, lines - line));
  });
  if (!done || !ok) return false;
  const int64_t taps = p.taps(), per_row = joint ? p.kernel[2] : 1;
  parallel_for(p.groups * p.rows, max64(1, 16384 / (p.channels * taps + 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* to = gw + i * p.channels * taps;
      for (int64_t tap = 0; tap < taps; ++tap) {
        const T* from =
            sums + ((i / p.rows * tap_rows + tap / per_row) * p.rows + i % p.rows) * run + tap % per_row * p.channels;
        for (int64_t c = 0; c < p.channels; ++c) to[c * taps + tap] = from[c];
      }
    }
  });
  return true;
}

}  // namespace

bool conv_last_f32(const ConvShape& s, const float* x, const float* w, const float* bias, float* out, bool relu) {
  return conv_last(s, x, w, bias, out, relu);
}
bool conv_last_f64(const ConvShape& s, const double* x, const double* w, const double* bias, double* out, bool relu) {
  return conv_last(s, x, w, bias, out, relu);
}
bool conv_last_grad_input_f32(const ConvShape& s, const float* g, const float* w, const float* bias, float* gx) {
  return conv_last_grad_input(s, g, w, bias, gx);
}
bool conv_last_grad_input_f64(const ConvShape& s, const double* g, const double* w, const double* bias, double* gx) {
  return conv_last_grad_input(s, g, w, bias, gx);
}
bool conv_last_grad_weight_f32(const ConvShape& s, const float* g, const float* x, float* gw) {
  return conv_last_grad_weight(s, g, x, gw);
}
bool conv_last_grad_weight_f64(const ConvShape& s, const double* g, const double* x, double* gw) {
  return conv_last_grad_weight(s, g, x, gw);
}

}  // namespace rl::RL_ISA
