#pragma once
// Which instruction set this translation unit is compiled for. RL_ISA is the namespace name (v2, v3, v4, neon).

#if defined(RL_ISA_v4)
#define RL_VECTOR_BYTES 64
#define RL_AVX512 1
#define RL_AVX2 1
#elif defined(RL_ISA_v3)
#define RL_VECTOR_BYTES 32
#define RL_AVX2 1
#else
#define RL_VECTOR_BYTES 16
#endif

#if defined(RL_X86)
#include <immintrin.h>
#endif
