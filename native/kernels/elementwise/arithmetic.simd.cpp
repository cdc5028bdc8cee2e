#include "kernels/elementwise/elementwise.h"
#include "runtime/thread_pool.h"
#include "simd/vec.h"

namespace rl::RL_ISA {

static void add_f32(const float* a, const float* b, float* out, int64_t n) {
  using V = Vec<float>;
  parallel_for(n, 32768, [=](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + V::lanes <= end; i += V::lanes) (V::load(a + i) + V::load(b + i)).store(out + i);
    const int rest = int(end - i);
    (V::load_n(a + i, rest) + V::load_n(b + i, rest)).store_n(out + i, rest);
  });
}

extern const ElementwiseKernels elementwise_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/elementwise/elementwise.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
