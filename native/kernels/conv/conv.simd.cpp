// The forward convolution and the gradient of its input, both as a Gather (gather.h, channels.h).

#include "kernels/conv/channels.h"
#include "kernels/conv/depthwise.h"
#include "kernels/conv/images.h"

namespace rl::RL_ISA {

bool depthwise_last_f32(const ConvShape& s, const float* x, const float* w, const float* bias, float* out, bool relu);
bool depthwise_last_f64(const ConvShape& s, const double* x, const double* w, const double* bias, double* out,
                        bool relu);
bool conv_last_f32(const ConvShape& s, const float* x, const float* w, const float* bias, float* out, bool relu);
bool conv_last_grad_input_f32(const ConvShape& s, const float* g, const float* w, const float* bias, float* gx);
bool conv_last_grad_weight_f32(const ConvShape& s, const float* g, const float* x, float* gw);
bool conv_last_f64(const ConvShape& s, const double* x, const double* w, const double* bias, double* out, bool relu);
bool conv_last_grad_input_f64(const ConvShape& s, const double* g, const double* w, const double* bias, double* gx);
bool conv_last_grad_weight_f64(const ConvShape& s, const double* g, const double* x, double* gw);
bool grad_weight_f32(const ConvShape& s, const float* g, const float* x, float* gw);
bool grad_weight_f64(const ConvShape& s, const double* g, const double* x, double* gw);

// All compute the same products; they differ in what they waste. Where channels_pay, that is taken; the layout of the
// source already depends on it. Of the other two, costs are in units of one output row of a panel: packing a panel
// costs about as much as five rows and two more for every run in it; the rows algorithm computes the columns between
// the rows too, and reads B from farther away the deeper it is.
template <class T>
static Algorithm choose_algorithm(const Gather<T>& g, bool copied) {
  const int64_t unit_bytes = g.channels * g.source_channel * int64_t(sizeof(T));
  if (g.rows == 0 || unit_bytes > (int64_t(copied ? 4 : 1) << 20)) return Algorithm::packed;
  constexpr int64_t nr = gemm::Block<T>::nr;
  const double runs = 1.0 + double(nr) / double(g.count[2]);
  const double packed = double(g.rows) + 5.0 + 2.0 * (runs < nr ? runs : nr);
  const int64_t positions = span(g.count, g.source_step);
  const int64_t width = tile_vectors<T>(row_panels(g.rows).length(0), positions) * Vec<T>::lanes;
  const double far = g.rows <= (copied ? 64 : 32) ? 1.0 : 1.1;
  const double rows = far * double(g.rows) * double(ceil_div(positions, width) * width) / double(g.pixels());
  return rows < packed ? Algorithm::rows : Algorithm::packed;
}

// The parts of one convolution over all images: weights packed once, then chunk by chunk the copy of the source (where
// `layout` asks for one and a packed part reads it) and the products.
//
// With a stride along x the parts of the input gradient interleave in memory. Then (`phases`) each part first goes to
// a plane of its own, next to the other parts' of the same channel, and the rows are interleaved at the end of a chunk.
template <class T>
static bool run_parts(const SourceLayout& layout, const T* source, int64_t batch, int64_t channels_all, Part<T>* parts,
                      int num_parts, bool phases) {
  const int64_t source_plane = layout.axis[0].size * layout.axis[1].size * layout.axis[2].size;
  const int64_t plane = layout.copied ? layout.plane : source_plane;
  int64_t weight_size = 0, phase_plane = 0, outputs = 0;
  bool copied = false;
  for (int i = 0; i < num_parts; ++i) {
    Gather<T>& g = parts[i].plan;
    g.source_channel = plane;
    g.source_image = channels_all * plane;
    parts[i].algorithm = choose_algorithm(g, layout.copied);
    copied |= layout.copied && parts[i].algorithm != Algorithm::rows;
    weight_size += g.groups * g.rows * g.depth();
    phase_plane += g.pixels();
    outputs = g.groups * g.rows;
  }
  const int64_t image_bytes =
      int64_t(sizeof(T)) * ((copied ? channels_all * plane : 0) + (phases ? outputs * phase_plane : 0));
  const int64_t chunk = image_bytes ? images_per_chunk(batch, image_bytes) : batch;
  Buffer weights((weight_size + 1) * int64_t(sizeof(T)));
  Buffer copy(copied ? (chunk * channels_all * plane + kRowSlack<T>)*int64_t(sizeof(T)) : 0);
  Buffer phase_buffer(phases ? chunk * outputs * phase_plane * int64_t(sizeof(T)) : 0);
  if (!weights.pointer || !copy.pointer || !phase_buffer.pointer) return false;

  T* a = weights.as<T>();
  for (int i = 0; i < num_parts; ++i) {
    Gather<T>& g = parts[i].plan;
    const int64_t depth = g.depth();
    g.a = a;
    const bool rows = parts[i].algorithm == Algorithm::rows;
    pack_weight(parts[i].weight, g.groups, g.rows, g.channels, g.taps, rows ? max64(1, depth) : kPackedDepth<T>, a);
    a += g.groups * g.rows * depth;
  }
  for (int64_t image = 0; image < batch; image += chunk) {
    const int64_t images = min64(chunk, batch - image);
    const T* from = source + image * channels_all * source_plane;
    const T* end = source + batch * channels_all * source_plane;
    if (copied) copy_planes(layout, from, copy.as<T>(), images * channels_all);
    T* phase_out = phase_buffer.as<T>();
    for (int i = 0; i < num_parts; ++i) {
      Gather<T> g = parts[i].plan;
      g.images = images;
      if (phases) {
        g.out = phase_out;
        phase_out += g.pixels();
        g.out_channel = phase_plane;
        g.out_image = outputs * phase_plane;
        g.out_step[0] = g.count[1] * g.count[2];
        g.out_step[1] = g.count[2];
        g.out_step[2] = 1;
      } else {
        g.out += image * g.out_image;
      }
      if (parts[i].algorithm == Algorithm::rows) {
        if (!gather_rows(g, layout, from, end)) return false;
      } else {
        g.source = copied ? copy.as<T>() : from;
        g.source_end = copied ? g.source + images * channels_all * plane + kRowSlack<T> : end;
        merge_axes(g);
        if (!gather_packed(g, kPackedDepth<T>)) return false;
      }
    }
    if (phases)
      parallel_for(images * outputs, max64(1, 16384 / max64(1, phase_plane)), [&](int64_t begin, int64_t last) {
        for (int64_t i = begin; i < last; ++i) {
          const T* row = phase_buffer.as<T>() + i * phase_plane;
          for (int p = 0; p < num_parts; ++p) {
            const Gather<T>& g = parts[p].plan;
            T* out = g.out + image * g.out_image + i * g.out_channel;
            const int64_t step = g.out_step[2];
            for (int64_t z = 0; z < g.count[0]; ++z)
              for (int64_t y = 0; y < g.count[1]; ++y, row += g.count[2]) {
                T* target = out + z * g.out_step[0] + y * g.out_step[1];
                for (int64_t x = 0; x < g.count[2]; ++x) target[x * step] = row[x];
              }
          }
        }
      });
  }
  return true;
}

static inline int64_t volume(const int64_t* size) { return size[0] * size[1] * size[2]; }

// The forward convolution by images.h, or (turned) the gradient of its input.
template <class T>
static bool run_images(const ConvShape& s, const T* source, const T* w, const T* bias, T* out, bool relu, bool turned) {
  ImageConv<T> g = {};
  g.source = source;
  g.out = out;
  g.bias = bias;
  g.relu = relu;
  g.batch = s.batch;
  g.channels = turned ? s.out_channels : s.in_channels;
  g.rows = turned ? s.in_channels : s.out_channels;
  for (int i = 0; i < 2; ++i) {
    g.size[i] = (turned ? s.output : s.input)[i + 1];
    g.out_size[i] = (turned ? s.input : s.output)[i + 1];
    g.kernel[i] = s.kernel[i + 1];
    g.stride[i] = s.stride[i + 1];
    g.padding[i] = turned ? s.kernel[i + 1] - 1 - s.padding[i + 1] : s.padding[i + 1];
  }
  const int64_t taps = volume(s.kernel), per_row = s.in_channels * taps;
  Buffer packed(g.rows * g.channels * taps * int64_t(sizeof(T)));
  if (!packed.pointer) return false;
  pack_taps(g, w, turned ? taps : per_row, turned ? per_row : taps, turned, packed.as<T>());
  g.a = packed.as<T>();
  return image_conv(g);
}

// How channels.h wants the source of a product with `rows` rows, or Rows::phases where it does not pay. `along`: taps
// of one part along x, 0 where a copy for each would not serve all parts.
template <class T>
static Rows channels_rows(const ConvShape& s, int64_t rows, int64_t channels, const int64_t* count, int64_t along) {
  if (!channels_pay<T>(rows, channels, volume(s.kernel))) return Rows::phases;
  const bool few = s.stride[0] <= 2 && s.stride[1] <= 2 && s.stride[2] <= 2;
  if (tiles_fill(count[2], count[2] > gemm::kTileRows ? 8 : 10) && few) return Rows::whole;
  if (rows_per_tap(along) && tiles_fill(count[1] * count[2], 10)) return Rows::one_run;
  return tiles_fill(count[2], 9) && few ? Rows::whole : Rows::phases;
}

template <class T>
static bool forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* out, bool relu) {
  const int64_t taps = volume(s.kernel);
  if (s.batch * s.groups * s.out_channels * volume(s.output) == 0) return true;
  if (is_depthwise(s)) return depthwise_forward(s, x, w, bias, out, relu);
  if (s.in_channels > 0 && image_conv_pays<T>(s, s.in_channels, s.out_channels, s.input))
    return run_images(s, x, w, bias, out, relu, false);
  Buffer tables(2 * taps * int64_t(sizeof(int64_t)));
  if (!tables.pointer) return false;
  int64_t *offset = tables.as<int64_t>(), *index = offset + taps;
  for (int64_t t = 0; t < taps; ++t) index[t] = t;
  const Rows rows = channels_rows<T>(s, s.out_channels, s.in_channels, s.output, s.kernel[2]);
  const bool by_channels = rows != Rows::phases;
  const SourceLayout layout = forward_layout(s, offset, by_channels ? rows : Rows::one_run);
  Part<T> part = {};
  Gather<T>& g = part.plan;
  g.groups = s.groups;
  g.rows = s.out_channels;
  g.channels = s.in_channels;
  g.taps = taps;
  g.offset = offset;
  for (int i = 0; i < 3; ++i) {
    g.source_step[i] = layout.step[i];
    g.count[i] = s.output[i];
  }
  g.out = out;
  g.out_channel = volume(s.output);
  g.out_image = s.groups * s.out_channels * g.out_channel;
  g.out_step[0] = s.output[1] * s.output[2];
  g.out_step[1] = s.output[2];
  g.out_step[2] = 1;
  g.bias = bias;
  g.relu = relu;
  const int64_t depth = s.in_channels * taps;
  part.weight = {w, s.out_channels * depth, depth, taps, index};
  if (by_channels) return gather_channels(layout, x, s.batch, &part, 1, taps, false);
  return run_parts(layout, x, s.batch, s.groups * s.in_channels, &part, 1, false);
}

// Input positions i with (i + padding) % stride == phase along one axis: i = (first + j) * stride + phase - padding for
// j < count. The taps that reach them are every `tap_step`-th from `tap_first` on; tap i of these comes from output
// first + j - reach(i). A phase is named by its first tap, so that phases out of every tap's reach do not appear.
struct PhaseAxis {
  int64_t phase, first, count;
  int64_t tap_first, tap_step, taps;
  int64_t stride, dilation;
  int64_t reach(int64_t i) const { return ((tap_first + i * tap_step) * dilation - phase) / stride; }
};

static int64_t phases_in_reach(const ConvShape& s, int axis) {
  return min64(s.kernel[axis], s.stride[axis] / gcd64(s.dilation[axis], s.stride[axis]));
}

static PhaseAxis phase_axis(const ConvShape& s, int axis, int64_t first_tap) {
  PhaseAxis a;
  a.stride = s.stride[axis];
  a.dilation = s.dilation[axis];
  a.phase = first_tap * a.dilation % a.stride;
  const int64_t p = s.padding[axis];
  a.first = p > a.phase ? ceil_div(p - a.phase, a.stride) : 0;
  a.count = max64(0, floor_div(s.input[axis] - 1 + p - a.phase, a.stride) - a.first + 1);
  a.tap_first = first_tap;
  a.tap_step = a.stride / gcd64(a.dilation, a.stride);
  a.taps = (s.kernel[axis] - 1 - first_tap) / a.tap_step + 1;
  return a;
}

// out[plane, :] = bias[plane % channels], or zero.
template <class T>
static void fill_planes(T* out, int64_t planes, int64_t channels, int64_t size, const T* bias) {
  parallel_for(planes, max64(1, 65536 / max64(1, size)), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T value = bias ? bias[i % channels] : T(0);
      for (int64_t j = 0; j < size; ++j) out[i * size + j] = value;
    }
  });
}

template <class T>
static bool grad_input(const ConvShape& s, const T* grad, const T* w, const T* bias, T* gx) {
  const int64_t taps = volume(s.kernel);
  if (s.batch * s.groups * s.in_channels * volume(s.input) == 0) return true;
  if (is_depthwise(s)) return depthwise_grad_input(s, grad, w, bias, gx);
  if (s.out_channels > 0 && s.stride[1] == 1 && s.stride[2] == 1 && volume(s.output) > 0 &&
      image_conv_pays<T>(s, s.out_channels, s.in_channels, s.output))
    return run_images(s, grad, w, bias, gx, false, true);
  const int64_t phases[3] = {phases_in_reach(s, 0), phases_in_reach(s, 1), phases_in_reach(s, 2)};
  if (volume(phases) != volume(s.stride) || s.out_channels == 0)
    fill_planes(gx, s.batch * s.groups * s.in_channels, s.groups * s.in_channels, volume(s.input), bias);
  if (s.out_channels == 0) return true;

  // The outputs low .. high along each axis that any phase reads: one copy of the gradient serves all phases.
  SourceLayout layout = {};
  int64_t low[3];
  for (int i = 0; i < 3; ++i) {
    bool any = false;
    int64_t high = 0;
    low[i] = 0;
    for (int64_t phase = 0; phase < phases[i]; ++phase) {
      const PhaseAxis a = phase_axis(s, i, phase);
      if (!a.count) continue;
      const int64_t l = a.first - a.reach(a.taps - 1), h = a.first + a.count - 1 - a.reach(0);
      low[i] = any ? min64(low[i], l) : l;
      high = any ? max64(high, h) : h;
      any = true;
    }
    if (low[i] < 0 || high >= s.output[i]) layout.copied = true;
    layout.axis[i] = {s.output[i], high - low[i] + 1, 1, 1, -low[i], 1, false};
  }
  // Distances along x between what the taps read, and how many planes a copy for each takes. Rows of one stride phase
  // apart in y are no run, unless every part goes to a plane of its own.
  const int64_t counts[3] = {phase_axis(s, 0, 0).count, phase_axis(s, 1, 0).count, phase_axis(s, 2, 0).count};
  const int64_t apart = s.stride[2] == 1 ? s.dilation[2] : 1;
  int64_t planes = counts[2] > 0 ? (layout.axis[2].length - counts[2]) / apart + 1 : 0;
  for (int64_t phase = 1; phase < phases[2]; ++phase)
    if (phase_axis(s, 2, phase).count != counts[2]) planes = 0;  // rows of several lengths
  const bool runs = s.stride[2] > 1 || s.stride[1] == 1;
  const Rows rows = channels_rows<T>(s, s.in_channels, s.out_channels, counts, runs ? planes : 0);
  const bool by_channels = rows != Rows::phases;
  const bool per_tap = rows_per_tap(planes) && (by_channels ? rows == Rows::one_run : s.stride[2] == 1);
  if (per_tap) {
    layout.copied = true;
    layout.axis[2] = {s.output[2], counts[2], planes, 1, -low[2], apart, true};
  }
  if (!layout.copied)
    for (int i = 0; i < 3; ++i) {
      low[i] = 0;
      layout.axis[i].length = s.output[i];
    }
  const int64_t pitch[3] = {layout.axis[1].length * layout.axis[2].length, layout.axis[2].length, 1};
  const int64_t block = layout.axis[0].length * pitch[0];
  layout.plane = block * layout.axis[2].phases;

  Buffer tables(2 * taps * int64_t(sizeof(int64_t))), part_buffer(volume(phases) * int64_t(sizeof(Part<T>)));
  if (!tables.pointer || !part_buffer.pointer) return false;
  int64_t *offset = tables.as<int64_t>(), *index = offset + taps;
  Part<T>* parts = part_buffer.as<Part<T>>();
  int num_parts = 0;
  const int64_t in_pitch[3] = {s.input[1] * s.input[2], s.input[2], 1};
  for (int64_t flat = 0; flat < volume(phases); ++flat) {
    const int64_t phase[3] = {flat / (phases[1] * phases[2]), flat / phases[2] % phases[1], flat % phases[2]};
    PhaseAxis axis[3];
    Part<T> part = {};
    Gather<T>& g = part.plan;
    g.taps = 1;
    g.out = gx;
    for (int i = 0; i < 3; ++i) {
      axis[i] = phase_axis(s, i, phase[i]);
      g.taps *= axis[i].taps;
      g.count[i] = axis[i].count;
      g.source_step[i] = pitch[i];
      g.out_step[i] = s.stride[i] * in_pitch[i];
      g.out += (axis[i].first * s.stride[i] + axis[i].phase - s.padding[i]) * in_pitch[i];
    }
    if (g.pixels() == 0) continue;
    g.groups = s.groups;
    g.rows = s.in_channels;
    g.channels = s.out_channels;
    g.offset = offset;
    g.out_channel = volume(s.input);
    g.out_image = s.groups * s.in_channels * g.out_channel;
    g.bias = bias;
    part.weight = {w, s.out_channels * s.in_channels * taps, taps, s.in_channels * taps, index};
    for (int64_t z = 0; z < axis[0].taps; ++z)
      for (int64_t y = 0; y < axis[1].taps; ++y)
        for (int64_t x = 0; x < axis[2].taps; ++x, ++offset, ++index) {
          const int64_t tap[3] = {z, y, x};
          *offset = *index = 0;
          for (int i = 0; i < 3; ++i) {
            const int64_t shift = axis[i].first - axis[i].reach(tap[i]) - low[i];
            *offset += i == 2 && per_tap ? shift / apart * block : shift * pitch[i];
            *index = *index * s.kernel[i] + axis[i].tap_first + tap[i] * axis[i].tap_step;
          }
        }
    parts[num_parts++] = part;
  }
  if (num_parts == 0) return true;
  if (by_channels) return gather_channels(layout, grad, s.batch, parts, num_parts, taps, s.stride[2] > 1);
  return run_parts(layout, grad, s.batch, s.groups * s.out_channels, parts, num_parts, s.stride[2] > 1);
}

static bool forward_f32(const ConvShape& s, const float* x, const float* w, const float* bias, float* out, bool relu) {
  return forward(s, x, w, bias, out, relu);
}
static bool forward_f64(const ConvShape& s, const double* x, const double* w, const double* bias, double* out,
                        bool relu) {
  return forward(s, x, w, bias, out, relu);
}
static bool grad_input_f32(const ConvShape& s, const float* g, const float* w, const float* bias, float* gx) {
  return grad_input(s, g, w, bias, gx);
}
static bool grad_input_f64(const ConvShape& s, const double* g, const double* w, const double* bias, double* gx) {
  return grad_input(s, g, w, bias, gx);
}

extern const ConvKernels conv_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/conv/conv.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
