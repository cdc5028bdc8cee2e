#include "simd/transpose.h"

#include "kernels/movement/movement.h"

namespace rl::RL_ISA {

template <class T, bool kStream>
static void transpose_items(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t m, int64_t n) {
  constexpr int L = Vec<T>::lanes, kLine = 64 / int(sizeof(T)), kWidth = L > kLine ? L : kLine;
  constexpr int64_t kStrip = 128;
  const auto from = [&](int64_t i, int64_t j) { return reinterpret_cast<const T*>(src + j * src_stride) + i; };
  const auto to = [&](int64_t i, int64_t j) { return reinterpret_cast<T*>(dst + i * dst_stride) + j; };
  const auto items = [&](int64_t i0, int64_t i1, int64_t j0, int64_t j1) {
    for (int64_t j = j0; j < j1; ++j)
      for (int64_t i = i0; i < i1; ++i) std::memcpy(to(i, j), from(i, j), sizeof(T));
  };
  const int64_t whole_m = m / L * L, whole_n = n / L * L;
  for (int64_t strip = 0; strip < whole_n; strip += kStrip) {
    const int64_t strip_end = strip + kStrip < whole_n ? strip + kStrip : whole_n;
    for (int64_t block = 0; block < whole_m; block += kWidth) {
      const int64_t block_end = block + kWidth < whole_m ? block + kWidth : whole_m;
      for (int64_t j = strip; j < strip_end; j += L)
        for (int64_t i = block; i < block_end; i += L) {
          Vec<T> rows[L];
          if (i == block) unroll<L>([&](auto k) RL_UNROLLED { __builtin_prefetch(from(i, j + k + kStrip)); });
          unroll<L>([&](auto k) RL_UNROLLED { rows[k] = Vec<T>::load(from(i, j + k)); });
          transpose(rows);
          unroll<L>([&](auto k) RL_UNROLLED {
            if constexpr (kStream)
              rows[k].stream(to(i + k, j));
            else
              rows[k].store(to(i + k, j));
          });
        }
    }
    items(whole_m, m, strip, strip_end);
  }
  items(0, m, whole_n, n);
}

// Streaming stores need aligned vectors.
template <class T>
static void transpose_rows(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t m, int64_t n,
                           bool stream) {
  if (stream && (reinterpret_cast<uintptr_t>(dst) | uintptr_t(dst_stride)) % kVectorBytes == 0)
    transpose_items<T, true>(src, src_stride, dst, dst_stride, m, n);
  else
    transpose_items<T, false>(src, src_stride, dst, dst_stride, m, n);
}

static void transpose4(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t m, int64_t n,
                       bool stream) {
  transpose_rows<float>(src, src_stride, dst, dst_stride, m, n, stream);
}
static void transpose8(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t m, int64_t n,
                       bool stream) {
  transpose_rows<double>(src, src_stride, dst, dst_stride, m, n, stream);
}

extern const MovementKernels movement_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/movement/movement.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
