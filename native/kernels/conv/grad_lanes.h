#pragma once
// The gradient of a weight whose output channels fill the lanes of vectors and whose taps along x lie side by side:
//
//   gw[.., (c, t)] = sum over images and outputs q of grad[n, .., q] * source[n, c, q + offset[t]]
//
// grad is turned so that the channels of one output are a vector; the source's numbers are broadcast from where they
// lie. A tile keeps all taps of some kernel rows in registers over every image: nothing of the source is packed, and
// rows of outputs need not fill vectors. Included by grad_weight.simd.cpp, whose WeightGrad it takes.

namespace rl::RL_ISA {

inline constexpr int kLaneTaps[2] = {4, 7};  // narrowest and widest kernel
#if defined(RL_AVX512)
inline constexpr int kLaneSums = 28;
#else
inline constexpr int kLaneSums = 12;
#endif

// Whether out_channels fill vectors and the taps of each kernel row (`width` of them) are neighbours in the source.
template <class T>
static bool lanes_pay(const WeightGrad<T>& g, int64_t width) {
  constexpr int64_t lanes = Vec<T>::lanes;
  if (g.groups != 1 || width < kLaneTaps[0] || width > kLaneTaps[1]) return false;
  if (4 * g.rows < 3 * ceil_div(g.rows, lanes) * lanes || g.rows > 4 * lanes) return false;
  for (int64_t t = 0; t < g.taps; ++t)
    if (g.offset[t] != g.offset[t / width * width] + t % width) return false;
  return true;
}

// Numbers of turned gradients for each image.
template <class T>
static int64_t turned_size(const WeightGrad<T>& g) {
  return ceil_div(g.rows, Vec<T>::lanes) * Vec<T>::lanes * g.pixels();
}

// Kernel rows [first, first + count) of block `block` of output channels.
template <class T, int width>
static void lane_tile(const WeightGrad<T>& g, const T* turned, int64_t block, int64_t first, int64_t count) {
  using V = Vec<T>;
  constexpr int rows = kLaneSums / width;
  const int64_t kernel_rows = g.taps / width;
  int64_t start[rows];  // those past the end repeat the last one
  for (int i = 0; i < rows; ++i) {
    const int64_t row = first + min64(i, count - 1);
    start[i] = row / kernel_rows * g.source_channel + g.offset[row % kernel_rows * width];
  }
  V sums[rows][width];
  unroll<rows>([&](auto i) RL_UNROLLED { unroll<width>([&](auto k) RL_UNROLLED { sums[i][k] = V::zero(); }); });
  const T* b = turned + block * g.images * g.pixels() * V::lanes;
  for (int64_t n = 0; n < g.images; ++n)
    for (int64_t z = 0; z < g.count[0]; ++z)
      for (int64_t y = 0; y < g.count[1]; ++y) {
        const T* from = g.source + n * g.source_image + z * g.source_step[0] + y * g.source_step[1];
        const T* p[rows];
        unroll<rows>([&](auto i) RL_UNROLLED { p[i] = from + start[i]; });
        for (int64_t x = 0; x < g.count[2]; ++x, b += V::lanes) {
          const V value = V::load(b);
          unroll<rows>([&](auto i) RL_UNROLLED {
            unroll<width>([&](auto k) RL_UNROLLED { sums[i][k] = fma(V(p[i][k]), value, sums[i][k]); });
            ++p[i];
          });
        }
      }
  const int have = int(min64(V::lanes, g.rows - block * V::lanes));
  unroll<rows>([&](auto i) RL_UNROLLED {
    if (i < count)
      unroll<width>([&](auto k) RL_UNROLLED {
        T one[V::lanes];
        sums[i][k].store(one);
        T* out = g.out + block * V::lanes * g.columns() + (first + i) * width + k;
        for (int j = 0; j < have; ++j, out += g.columns()) *out = g.first ? one[j] : *out + one[j];
      });
  });
}

template <class T, int width>
static void grad_weight_lanes(const WeightGrad<T>& g, T* turned) {
  using V = Vec<T>;
  constexpr int rows = kLaneSums / width;
  const int64_t blocks = ceil_div(g.rows, V::lanes), pixels = g.pixels();
  parallel_for(blocks * g.images, max64(1, kSimpleGrain / (pixels * V::lanes)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / g.images, n = i % g.images;
      const int have = int(min64(V::lanes, g.rows - block * V::lanes));
      const T* source[V::lanes];
      for (int j = 0; j < have; ++j) source[j] = g.grad + n * g.grad_image + (block * V::lanes + j) * g.grad_channel;
      transpose_piece<T>(source, have, pixels, turned + i * pixels * V::lanes, V::lanes, nullptr);
    }
  });
  const gemm::Even tiles(g.channels * (g.taps / width), rows);
  const int64_t work = g.images * pixels * kLaneSums * V::lanes;
  parallel_for(blocks * tiles.count, kProductGrain / max64(1, work) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      lane_tile<T, width>(g, turned, i / tiles.count, tiles.begin(i % tiles.count), tiles.length(i % tiles.count));
  });
}

template <class T>
static void grad_weight_lanes(const WeightGrad<T>& g, T* turned, int64_t width) {
  if (width == 4) grad_weight_lanes<T, 4>(g, turned);
  if (width == 5) grad_weight_lanes<T, 5>(g, turned);
  if (width == 6) grad_weight_lanes<T, 6>(g, turned);
  if (width == 7) grad_weight_lanes<T, 7>(g, turned);
}

}  // namespace rl::RL_ISA
