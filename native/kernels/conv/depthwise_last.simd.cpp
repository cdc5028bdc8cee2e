#include "kernels/conv/depthwise.h"
#include "kernels/conv/source.h"
#include "runtime/streaming.h"
#include "simd/unroll.h"

// Depthwise convolution of images whose channels lie next to each other (channels_last): channels in vector lanes,
// eight neighbouring outputs share the load of a weight, taps outside the image are left out.

namespace rl::RL_ISA {

// The taps t of one axis with 0 <= at + t * dilation < size.
struct Taps {
  int64_t begin, end;
  Taps(int64_t at, int64_t dilation, int64_t kernel, int64_t size)
      : begin(at >= 0 ? 0 : min64(kernel, ceil_div(-at, dilation))),
        end(max64(begin, at >= size ? 0 : min64(kernel, ceil_div(size - at, dilation)))) {}
};

template <class T>
struct LastRow {
  const ConvShape& s;
  const T* image;   // of the row
  const T* weight;  // [tap][channel], channels rounded up to whole vectors
  const T* bias;    // likewise
  int64_t channels, padded;
  bool relu, stream;

  // Outputs x .. x + count - 1 of row y, whose taps along x are the same.
  template <int count>
  RL_INLINE void run(int64_t x, int64_t at_y, const Taps& ky, const Taps& kx, T* out) const {
    constexpr int L = Vec<T>::lanes;
    const int64_t step = s.stride[2] * channels, at_x = x * s.stride[2] - s.padding[2];
    for (int64_t c = 0; c < channels; c += L) {
      const int n = int(min64(L, channels - c));
      Vec<T> acc[count];
      unroll<count>([&](auto p) RL_UNROLLED { acc[p] = Vec<T>::load(bias + c); });
      for (int64_t i = ky.begin; i < ky.end; ++i)
        for (int64_t j = kx.begin; j < kx.end; ++j) {
          const Vec<T> w = Vec<T>::load(weight + (i * s.kernel[2] + j) * padded + c);
          const T* from = image + ((at_y + i * s.dilation[1]) * s.input[2] + at_x + j * s.dilation[2]) * channels + c;
          if (n == L)
            unroll<count>([&](auto p) RL_UNROLLED { acc[p] = fma(Vec<T>::load(from + p * step), w, acc[p]); });
          else
            unroll<count>([&](auto p) RL_UNROLLED { acc[p] = fma(Vec<T>::load_n(from + p * step, n), w, acc[p]); });
        }
      unroll<count>([&](auto p) RL_UNROLLED {
        const Vec<T> v = relu ? max(Vec<T>::zero(), acc[p]) : acc[p];
        T* to = out + (x + p) * channels + c;
        if (stream)
          v.stream(to);
        else if (n == L)
          v.store(to);
        else
          v.store_n(to, n);
      });
    }
  }
};

template <class T>
static bool depthwise_last(const ConvShape& s, const T* x, const T* w, const T* bias, T* out, bool relu) {
  constexpr int64_t L = Vec<T>::lanes;
  const int64_t C = s.groups, padded = ceil_div(C, L) * L, taps = s.kernel[1] * s.kernel[2];
  const int64_t H = s.input[1], W = s.input[2], rows = s.output[1], columns = s.output[2];
  Buffer memory((taps + 1) * padded * int64_t(sizeof(T)));
  if (!memory.pointer) return false;
  T *const weight = memory.as<T>(), *const start = weight + taps * padded;
  for (int64_t c = 0; c < padded; ++c) {
    for (int64_t t = 0; t < taps; ++t) weight[t * padded + c] = c < C ? w[c * taps + t] : T(0);
    start[c] = bias && c < C ? bias[c] : T(0);
  }
  const bool stream = s.batch * rows * columns * C * int64_t(sizeof(T)) >= stream_bytes() && C % L == 0 &&
                      reinterpret_cast<uintptr_t>(out) % kVectorBytes == 0;
  // outputs [first, last) of a row have all their taps inside
  const int64_t first = min64(columns, ceil_div(s.padding[2], s.stride[2]));
  const int64_t room = W - 1 + s.padding[2] - (s.kernel[2] - 1) * s.dilation[2];
  const int64_t last = max64(first, room < 0 ? 0 : min64(columns, room / s.stride[2] + 1));
  parallel_for(s.batch * rows, kSimpleGrain / (columns * C * taps + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at_y = i % rows * s.stride[1] - s.padding[1];
      const Taps ky(at_y, s.dilation[1], s.kernel[1], H);
      const LastRow<T> row{s, x + i / rows * H * W * C, weight, start, C, padded, relu, stream};
      T* to = out + i * columns * C;
      const auto edge = [&](int64_t j) {
        row.template run<1>(j, at_y, ky, Taps(j * s.stride[2] - s.padding[2], s.dilation[2], s.kernel[2], W), to);
      };
      int64_t j = 0;
      for (; j < first; ++j) edge(j);
      const Taps all(0, 1, s.kernel[2], s.kernel[2]);
      for (; j + 8 <= last; j += 8) row.template run<8>(j, at_y, ky, all, to);
      for (; j + 2 <= last; j += 2) row.template run<2>(j, at_y, ky, all, to);
      for (; j < columns; ++j) edge(j);
    }
    if (stream) stream_fence();
  });
  return true;
}

bool depthwise_last_f32(const ConvShape& s, const float* x, const float* w, const float* bias, float* out, bool relu) {
  return depthwise_last(s, x, w, bias, out, relu);
}
bool depthwise_last_f64(const ConvShape& s, const double* x, const double* w, const double* bias, double* out,
                        bool relu) {
  return depthwise_last(s, x, w, bias, out, relu);
}

}  // namespace rl::RL_ISA
