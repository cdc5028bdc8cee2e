#pragma once
// Depthwise convolutions over one or two axes (each group one channel in, one out) without a matrix product: 2 kH kW
// multiply-adds an output are few enough that memory decides. Included only by the convolution's own sources.

#include "kernels/conv/conv.h"

namespace rl::RL_ISA {

static inline bool is_depthwise(const ConvShape& s) {
  return s.in_channels == 1 && s.out_channels == 1 && s.kernel[0] == 1 && s.input[0] == 1 && s.padding[0] == 0 &&
         s.kernel[1] * s.kernel[2] <= 128 && s.kernel[1] * s.kernel[2] > 1 && s.stride[2] <= 8;
}

// The contracts of conv.inc; false when memory is short. The input's gradient is the convolution of the output's
// gradient, spread by the stride, with the reversed kernel.
template <class T>
bool depthwise_forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* out, bool relu);
template <class T>
bool depthwise_grad_input(const ConvShape& s, const T* grad, const T* w, const T* bias, T* gx);
// Kernels of 3, 5 or 7 taps along x.
template <class T>
bool depthwise_grad_weight(const ConvShape& s, const T* grad, const T* x, T* gw);

}  // namespace rl::RL_ISA
