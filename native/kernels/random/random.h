#pragma once
// PyTorch's CPU generator: mt19937 (Matsumoto & Nishimura 1998), and its way from 32-bit words to distributions, bit
// for bit.
//
// A draw of 32 bits is one word; a draw of 64 bits is two, the first one in the high half. A float uniform is the low
// 24 bits of a word over 2^24, a double uniform the low 53 bits of a 64-bit draw over 2^53. Which products are fused
// into an FMA is part of the contract (PyTorch's AVX2 build fuses them); the family is compiled with -ffp-contract=off
// and says fused() where one is meant, so every instruction set gives the same numbers.

#include <cstdint>

#include "runtime/dispatch.h"

namespace rl {

inline constexpr int kWords = 624;

// Kernels on plain buffers; "words" are tempered outputs of the generator.
struct RandomKernels {
#define RL_KERNEL(ret, name, args) ret(*name) args;
#include "kernels/random/random.inc"
#undef RL_KERNEL
};
RL_DECLARE_FAMILY(RandomKernels, random_kernels)

}  // namespace rl
