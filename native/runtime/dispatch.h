#pragma once
// A kernel family is a struct of function pointers, filled once per instruction set. The family's `<family>.inc` lists
// the kernels once, as RL_KERNEL(return type, name, (arguments)); from it come the struct, the tables and the dispatch.
//
//   // <family>.h
//   struct PoolKernels {
//   #define RL_KERNEL(ret, name, args) ret(*name) args;
//   #include "kernels/pool/pool.inc"
//   #undef RL_KERNEL
//   };
//   RL_DECLARE_FAMILY(PoolKernels, pool_kernels)      // rl::pool_kernels() is the active table
//
//   // one <family>.simd.cpp defines the table from functions in namespace rl::RL_ISA
//   namespace rl::RL_ISA {
//   extern const PoolKernels pool_kernels_table = {
//   #define RL_KERNEL(ret, name, args) &name,
//   #include "kernels/pool/pool.inc"
//   #undef RL_KERNEL
//   };
//   }

#include "runtime/cpu_features.h"

// Declares `name##_table` in the namespace of every instruction set that is compiled (RL_HAS_<namespace>), and name().
#if defined(RL_HAS_v4)
#define RL_TABLE_V4(Type, name)   \
  namespace v4 {                  \
  extern const Type name##_table; \
  }
#define RL_CHOOSE_V4(name) \
  if (isa == Isa::avx512) return v4::name##_table;
#else
#define RL_TABLE_V4(Type, name)
#define RL_CHOOSE_V4(name)
#endif
#if defined(RL_HAS_v3)
#define RL_TABLE_V3(Type, name)   \
  namespace v3 {                  \
  extern const Type name##_table; \
  }
#define RL_CHOOSE_V3(name) \
  if (isa == Isa::avx2) return v3::name##_table;
#else
#define RL_TABLE_V3(Type, name)
#define RL_CHOOSE_V3(name)
#endif

#if defined(RL_X86)
#define RL_DECLARE_FAMILY(Type, name) \
  namespace v2 {                      \
  extern const Type name##_table;     \
  }                                   \
  RL_TABLE_V3(Type, name)             \
  RL_TABLE_V4(Type, name)             \
  static inline const Type& name() {  \
    const Isa isa = active_isa();     \
    RL_CHOOSE_V4(name)                \
    RL_CHOOSE_V3(name)                \
    (void)isa;                        \
    return v2::name##_table;          \
  }
#else
#define RL_DECLARE_FAMILY(Type, name) \
  namespace neon {                    \
  extern const Type name##_table;     \
  }                                   \
  static inline const Type& name() { return neon::name##_table; }
#endif
