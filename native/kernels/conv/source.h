#pragma once
// Where a convolution reads: every (channel, tap) is a row of numbers that starts at a fixed offset and runs along the
// output positions. Where padding or a stride along x stands in the way, the images are first copied into padded rows,
// split by stride phase (position = q * stride + phase), so that all later code reads plain contiguous runs. Along x
// the copy may hold one row per tap instead, each just as long as an output row: then whole planes are one run.
//
//   value(q, tap) = plane[position(q) + tap_offset[tap]],   position(q) = z * step[0] + y * step[1] + x
//
// The copy is made for a few images at a time and costs about one pass over them; there is no im2col buffer.

#include "kernels/conv/conv.h"
#include "runtime/allocator.h"
#include "runtime/thread_pool.h"
#include "simd/strided.h"

namespace rl::RL_ISA {

static RL_INLINE int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static RL_INLINE int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }
static constexpr RL_INLINE int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }  // b > 0, a >= 0
static RL_INLINE int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// Memory of one call; freed on scope exit.
struct Buffer {
  void* pointer = nullptr;
  explicit Buffer(int64_t bytes) : pointer(allocate(size_t(bytes))) {}
  ~Buffer() { deallocate(pointer); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  template <class T>
  T* as() const {
    return static_cast<T*>(pointer);
  }
};

// One axis of the copied source: `phases` rows of `length` cells; cell r of phase f holds source index
// r * stride + residue(f) - padding, zero outside [0, size). With `per_tap` a phase is a tap and its row starts at the
// tap's own shift.
struct SourceAxis {
  int64_t size, length, phases, stride, padding, dilation;
  bool per_tap;
  int64_t index(int64_t phase, int64_t cell) const {
    return cell * stride + (per_tap ? phase * dilation : (phase * dilation) % stride) - padding;
  }
};

// A row per tap costs a copy each: it pays where the copies are few.
static inline bool rows_per_tap(int64_t taps) { return taps > 1 && taps <= 3; }

struct SourceLayout {
  SourceAxis axis[3];
  bool copied;      // false: the rows of the array itself serve
  int64_t plane;    // cells of one channel
  int64_t step[3];  // of position() along z, y, x; the last is 1 but for Rows::whole
};

static inline int64_t gcd64(int64_t a, int64_t b) {
  while (b) {
    const int64_t r = a % b;
    a = b;
    b = r;
  }
  return a;
}

// How the copy meets strides, and whether it pays that an image's positions are one run:
//   phases   rows split by stride phase
//   one_run  the same, but a copy per tap along x where those are few
//   whole    rows as they are, only padded: positions are a stride apart, also along x
enum class Rows { phases, one_run, whole };

// The layout from which a forward convolution of shape s reads x, and offset[t] of each tap t (kD * kH * kW of them).
static inline SourceLayout forward_layout(const ConvShape& s, int64_t* offset, Rows rows) {
  SourceLayout layout;
  layout.copied = false;
  for (int i = 0; i < 3; ++i) {
    SourceAxis& a = layout.axis[i];
    a.size = s.input[i];
    a.padding = s.padding[i];
    a.dilation = s.dilation[i];
    a.stride = s.output[i] == 1 ? 1 : s.stride[i];
    a.per_tap = rows == Rows::one_run && i == 2 && rows_per_tap(s.kernel[2]);
    if (a.per_tap) layout.copied = true;
    if (a.padding || (i == 2 && a.stride != 1 && rows != Rows::whole)) layout.copied = true;
  }
  int64_t step[3] = {1, 1, 1};  // from one position's cell to the next one's
  for (int i = 0; i < 3; ++i) {
    if (layout.copied && rows != Rows::whole) continue;
    step[i] = layout.axis[i].stride;
    layout.axis[i].stride = 1;
  }
  for (int i = 0; i < 3; ++i) {
    SourceAxis& a = layout.axis[i];
    if (a.per_tap) {
      a.phases = s.kernel[i];
      a.length = s.output[i];
    } else if (layout.copied) {
      a.phases = min64(s.kernel[i], a.stride / gcd64(a.dilation, a.stride));
      a.length = (s.output[i] - 1) * step[i] + 1 + ((s.kernel[i] - 1) * a.dilation) / a.stride;
    } else {
      a.phases = 1;
      a.length = a.size;
    }
  }
  const SourceAxis *z = &layout.axis[0], *y = &layout.axis[1], *x = &layout.axis[2];
  const int64_t block = z->length * y->length * x->length;
  layout.plane = block * z->phases * y->phases * x->phases;
  const int64_t pitch[3] = {y->length * x->length, x->length, 1};
  for (int i = 0; i < 3; ++i) layout.step[i] = pitch[i] * step[i];
  for (int64_t tz = 0, t = 0; tz < s.kernel[0]; ++tz)
    for (int64_t ty = 0; ty < s.kernel[1]; ++ty)
      for (int64_t tx = 0; tx < s.kernel[2]; ++tx, ++t) {
        const int64_t tap[3] = {tz, ty, tx};
        int64_t phase = 0;
        offset[t] = 0;
        for (int i = 0; i < 3; ++i) {
          const SourceAxis& a = layout.axis[i];
          phase = phase * a.phases + tap[i] % a.phases;
          if (!a.per_tap) offset[t] += pitch[i] * (tap[i] * a.dilation / a.stride);
        }
        offset[t] += phase * block;
      }
  return layout;
}

// out[i] = row[i * stride] for i in [begin, end), zero for the other i in [0, length). Only those values are read.
template <class T>
static RL_INLINE void copy_row(const T* row, int64_t stride, T* out, int64_t begin, int64_t end, int64_t length) {
  constexpr int64_t lanes = Vec<T>::lanes;
  if (stride <= 2) {
    for (int64_t i = begin; i < end; i += lanes) {
      const int n = int(min64(end - i, lanes));
      const Vec<T> value = stride == 1 ? load_strided<1>(row + i, 1, n) : load_strided<2>(row + 2 * i, 2, n);
      n == lanes ? value.store(out + i) : value.store_n(out + i, n);
    }
  } else {
    for (int64_t i = begin; i < end; ++i) out[i] = row[i * stride];
  }
  for (int64_t i = 0; i < begin; ++i) out[i] = T(0);
  for (int64_t i = end; i < length; ++i) out[i] = T(0);
}

// The same in whole vectors, for stride 1 or 2: reads row[0 .. stride * width), writes out[0 .. width), width being
// length rounded up to vectors.
template <class T>
static RL_INLINE void copy_row_roomy(const T* row, int64_t stride, T* out, int64_t begin, int64_t end, int64_t length) {
  constexpr int64_t lanes = Vec<T>::lanes;
  if (stride == 1) {
    for (int64_t i = 0; i < length; i += lanes) Vec<T>::load(row + i).store(out + i);
  } else {
    for (int64_t i = 0; i < length; i += lanes) load_strided<2>(row + 2 * i, 2, int(lanes)).store(out + i);
  }
  for (int64_t i = 0; i < begin; ++i) out[i] = T(0);
  for (int64_t i = end; i < length; ++i) out[i] = T(0);
}

// One phase of one plane where output rows are as long as the source's and one apart (ay.stride 1): the source itself,
// moved by `first`, -ax.size < first < ax.size, and then zero where that is beyond the rows' ends.
template <class T>
static void copy_moved(const SourceAxis& ay, const SourceAxis& ax, const T* source, T* out, int64_t first) {
  using V = Vec<T>;
  const int64_t width = ax.size, top = min64(ay.length, max64(0, ay.padding));
  const int64_t bottom = max64(top, min64(ay.length, ay.padding + ay.size));
  const int64_t move = first - ay.padding * width;  // out[i] = source[i + move]
  const int64_t begin = max64(top * width, -move), end = min64(bottom * width, ay.size * width - move);
  for (int64_t i = 0; i < top * width; ++i) out[i] = T(0);
  int64_t i = begin;
  for (; i + V::lanes <= end; i += V::lanes) V::load(source + i + move).store(out + i);
  if (i < end) V::load_n(source + i + move, int(end - i)).store_n(out + i, int(end - i));
  for (int64_t x = 0; x < -first; ++x)
    for (int64_t y = top; y < bottom; ++y) out[y * width + x] = T(0);
  for (int64_t x = width - max64(0, first); x < width; ++x)
    for (int64_t y = top; y < bottom; ++y) out[y * width + x] = T(0);
  for (i = bottom * width; i < ay.length * width; ++i) out[i] = T(0);
}

// One channel into its padded, phase-split form.
template <class T>
static void copy_plane(const SourceLayout& layout, const T* source, T* out) {
  const SourceAxis &az = layout.axis[0], &ay = layout.axis[1], &ax = layout.axis[2];
  const int64_t length = ax.length, width = ceil_div(length, Vec<T>::lanes) * Vec<T>::lanes;
  const T* const out_end = out + az.phases * ay.phases * ax.phases * az.length * ay.length * length;
  const int64_t cells = az.size * ay.size * ax.size;
  for (int64_t fz = 0; fz < az.phases; ++fz)
    for (int64_t fy = 0; fy < ay.phases; ++fy)
      for (int64_t fx = 0; fx < ax.phases; ++fx) {
        const int64_t first = ax.index(fx, 0);
        if (ax.per_tap && ax.stride == 1 && length == ax.size && ay.stride == 1 && az.size == 1 && az.length == 1 &&
            az.padding == 0 && -length < first && first < length) {
          copy_moved(ay, ax, source, out, first);
          out += ay.length * length;
          continue;
        }
        // cells [begin, end) of a row hold source cells
        const int64_t begin = first >= 0 ? 0 : min64(ceil_div(-first, ax.stride), length);
        const int64_t end =
            first >= ax.size ? begin : max64(begin, min64(ceil_div(ax.size - first, ax.stride), length));
        for (int64_t z = 0; z < az.length; ++z) {
          const int64_t iz = az.index(fz, z);
          int64_t iy = ay.index(fy, 0);
          for (int64_t y = 0; y < ay.length; ++y, out += length, iy += ay.stride) {
            if (begin == end || iz < 0 || iz >= az.size || iy < 0 || iy >= ay.size) {
              for (int64_t i = 0; i < length; ++i) out[i] = T(0);
              continue;
            }
            const int64_t at = (iz * ay.size + iy) * ax.size + first;
            // What a row writes too much, the next one overwrites.
            if (ax.stride <= 2 && at >= 0 && at + ax.stride * width <= cells && width <= out_end - out) {
              copy_row_roomy(source + at, ax.stride, out, begin, end, length);
            } else {
              copy_row(source + at, ax.stride, out, begin, end, length);
            }
          }
        }
      }
}

// Channels of one image, to `plane` values each. Rows of the next channels begin in other pages, where the hardware
// does not look ahead.
template <class T>
static void copy_channels(const SourceLayout& layout, const T* source, int64_t channels, T* out, int64_t plane) {
  const SourceAxis &z = layout.axis[0], &y = layout.axis[1], &x = layout.axis[2];
  const int64_t size = z.size * y.size * x.size;
  const int64_t top = max64(0, -y.padding), bottom = min64(y.size, top + y.length * y.stride);
  for (int64_t c = 0; c < channels; ++c) {
    if (c + 2 < channels && z.size == 1)
      for (int64_t i = top * x.size; i < bottom * x.size; i += 64 / int64_t(sizeof(T)))
        __builtin_prefetch(source + (c + 2) * size + i);
    copy_plane(layout, source + c * size, out + c * plane);
  }
}

// `planes` consecutive channels; both sides are contiguous over channels and images.
template <class T>
static void copy_planes(const SourceLayout& layout, const T* source, T* out, int64_t planes) {
  const int64_t from = layout.axis[0].size * layout.axis[1].size * layout.axis[2].size;
  parallel_for(planes, max64(1, 16384 / max64(1, layout.plane)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) copy_plane(layout, source + i * from, out + i * layout.plane);
  });
}

// Images whose copy is made at once: enough to keep every thread busy, few enough to stay near the cores.
inline constexpr int64_t kChunkBytes = int64_t(4) << 20;

static inline int64_t images_per_chunk(int64_t batch, int64_t image_bytes) {
  return min64(batch, max64(num_threads(), kChunkBytes / max64(1, image_bytes)));
}

}  // namespace rl::RL_ISA
