#include "kernels/order/order.h"
#include "runtime/allocator.h"
#include "runtime/thread_pool.h"

// Running sums and products. Along a contiguous axis four items are joined among themselves before they meet the total,
// so that each waits for a quarter of the additions; along another axis whole rows of totals are carried.

namespace rl {
namespace {

template <bool product, class W>
inline W join(W a, W b) {
  if constexpr (W(1) / 2 != 0)
    return product ? a * b : a + b;
  else
    return product ? W(uint64_t(a) * uint64_t(b)) : W(uint64_t(a) + uint64_t(b));
}

template <bool product, class T, class W, class O>
void running_row(const T* in, O* out, int64_t n) {
  W total = W(product ? 1 : 0);
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const W a = W(in[i]), b = W(in[i + 1]), c = W(in[i + 2]), d = W(in[i + 3]);
    const W ab = join<product>(a, b), cd = join<product>(c, d), abc = join<product>(ab, c), all = join<product>(ab, cd);
    out[i] = O(join<product>(total, a));
    out[i + 1] = O(join<product>(total, ab));
    out[i + 2] = O(join<product>(total, abc));
    total = join<product>(total, all);
    out[i + 3] = O(total);
  }
  for (; i < n; ++i) {
    total = join<product>(total, W(in[i]));
    out[i] = O(total);
  }
}

constexpr int64_t kColumns = 512;

template <bool product, class T, class W, class O>
void running_columns(const T* in, O* out, int64_t n, int64_t inner, int64_t columns) {
  W totals[kColumns];
  for (int64_t j = 0; j < columns; ++j) totals[j] = W(product ? 1 : 0);
  for (int64_t i = 0; i < n; ++i, in += inner, out += inner)
    for (int64_t j = 0; j < columns; ++j) {
      totals[j] = join<product>(totals[j], W(in[j]));
      out[j] = O(totals[j]);
    }
}

template <bool product, class T, class W, class O>
void running_typed(const T* in, O* out, int64_t outer, int64_t n, int64_t inner) {
  if (inner == 1) {
    parallel_for(outer, 1 + 8192 / (n + 1), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) running_row<product, T, W, O>(in + row * n, out + row * n, n);
    });
    return;
  }
  const int64_t blocks = (inner + kColumns - 1) / kColumns;
  parallel_for(outer * blocks, 1 + 8192 / (n * (inner < kColumns ? inner : kColumns) + 1),
               [&](int64_t begin, int64_t end) {
                 for (int64_t task = begin; task < end; ++task) {
                   const int64_t first = task % blocks * kColumns, start = task / blocks * n * inner + first;
                   const int64_t columns = inner - first < kColumns ? inner - first : kColumns;
                   running_columns<product, T, W, O>(in + start, out + start, n, inner, columns);
                 }
               });
}

template <bool product>
void running_of(int type, const void* in, void* out, int64_t outer, int64_t n, int64_t inner) {
  if (type == kOrderF32)
    running_typed<product, float, double, float>(static_cast<const float*>(in), static_cast<float*>(out), outer, n,
                                                 inner);
  else if (type == kOrderF64)
    running_typed<product, double, double, double>(static_cast<const double*>(in), static_cast<double*>(out), outer, n,
                                                   inner);
  else if (type == kOrderI32)
    running_typed<product, int32_t, int64_t, int64_t>(static_cast<const int32_t*>(in), static_cast<int64_t*>(out),
                                                      outer, n, inner);
  else
    running_typed<product, int64_t, int64_t, int64_t>(static_cast<const int64_t*>(in), static_cast<int64_t*>(out),
                                                      outer, n, inner);
}

}  // namespace

void running(int type, bool product, const void* in, void* out, int64_t outer, int64_t n, int64_t inner) {
  if (product)
    running_of<true>(type, in, out, outer, n, inner);
  else
    running_of<false>(type, in, out, outer, n, inner);
}

}  // namespace rl
