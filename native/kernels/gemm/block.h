#pragma once
// Sizes of the blocked matrix product, one table per instruction set. See macro_kernel.h for the loops they belong to.

#include "simd/vec.h"

namespace rl::RL_ISA::gemm {

// The register tile: kTileRows x kTileVectors accumulators, next to kTileVectors of B and one of A.
#if defined(RL_AVX512)
inline constexpr int kTileRows = 14, kTileVectors = 2;  // 28 + 2 + 1 of 32 registers
inline constexpr int64_t kBlockBytes = 1 << 20;         // packed B block: stays in L2
inline constexpr int64_t kDepthBytes = 2048;            // bytes of one row of a packed A panel's depth
#elif defined(RL_AVX2)
inline constexpr int kTileRows = 6, kTileVectors = 2;  // 12 + 2 + 1 of 16
inline constexpr int64_t kBlockBytes = 1 << 18;
inline constexpr int64_t kDepthBytes = 1024;
#elif defined(RL_X86)
inline constexpr int kTileRows = 4, kTileVectors = 2;  // 8 + 2 + 1 + a product (no fma) of 16
inline constexpr int64_t kBlockBytes = 1 << 18;
inline constexpr int64_t kDepthBytes = 1024;
#else
inline constexpr int kTileRows = 8, kTileVectors = 2;  // 16 + 2 + 1 of 32
inline constexpr int64_t kBlockBytes = 1 << 18;
inline constexpr int64_t kDepthBytes = 1024;
#endif

template <class T>
struct Block {
  static constexpr int lanes = Vec<T>::lanes;
  static constexpr int mr = kTileRows;                             // rows of a register tile, at most
  static constexpr int nr = kTileVectors * lanes;                  // columns of a register tile, width of a B panel
  static constexpr int64_t kc = kDepthBytes / int64_t(sizeof(T));  // depth of a block, at most
  static constexpr int64_t nc = kBlockBytes / (kc * int64_t(sizeof(T))) / nr * nr;  // columns of a B block, at most
};

// `total` items in `count` runs that differ by at most one; the `extra` runs with one more are spread evenly, so that
// neighbouring runs taken together are even too. The first is as long as any.
struct Even {
  int64_t count, size, extra;
  static Even of(int64_t total, int64_t count) {
    Even runs(0, 1);
    runs.count = count;
    runs.size = total / count;
    runs.extra = total % count;
    return runs;
  }
  Even(int64_t total, int64_t largest) {
    count = total > 0 ? (total + largest - 1) / largest : 0;
    size = count ? total / count : 0;
    extra = count ? total % count : 0;
  }
  int64_t begin(int64_t i) const { return extra ? i * size + (i * extra + count - 1) / count : i * size; }
  int64_t length(int64_t i) const { return begin(i + 1) - begin(i); }
};

}  // namespace rl::RL_ISA::gemm
