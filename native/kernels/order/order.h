#pragma once
// Along the last axis of C-contiguous rows: sorting, the k first in order, running sums and products.
//
// Numbers are compared as unsigned keys of the same order: -0 equals 0, NaN is the largest. Sorting is stable: equal
// items keep their order, ascending and descending.

#include <cstdint>

namespace rl {

enum OrderType : int { kOrderF32, kOrderF64, kOrderI32, kOrderI64 };

// values, indices (either may be nullptr) of `rows` rows of n < 2^32 items; false without memory.
bool sort_rows(int type, const void* in, void* values, int64_t* indices, int64_t rows, int64_t n, bool descending);

// The first k (1 .. kMostKept, k <= n) of the sorted rows.
inline constexpr int64_t kMostKept = 64;
void first_of_rows(int type, const void* in, void* values, int64_t* indices, int64_t rows, int64_t n, int64_t k,
                   bool largest);

// out[o][i][j] = in[o][0][j] + ... + in[o][i][j], or the product; floats accumulate in double, integers in int64,
// wrapping. out: float32, float64, or int64 for both integer types.
void running(int type, bool product, const void* in, void* out, int64_t outer, int64_t n, int64_t inner);

}  // namespace rl
