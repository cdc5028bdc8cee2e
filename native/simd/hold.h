#pragma once
// hold(v): v, in a register. Compilers like to repeat a load as the memory operand of each instruction that uses it;
// where the load ports are the limit, load once and hold.

#include "simd/vec.h"

namespace rl::RL_ISA {

template <class T>
RL_INLINE Vec<T> hold(Vec<T> v) {
#if defined(RL_AVX512)
  asm("" : "+v"(v.v));
#elif defined(RL_X86)
  asm("" : "+x"(v.v));
#endif
  return v;
}

}  // namespace rl::RL_ISA
