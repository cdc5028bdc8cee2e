#include "kernels/softmax/softmax.h"

#include "kernels/softmax/rows.h"

namespace rl::RL_ISA {

template <bool log, class T>
static void softmax(const T* x, T* y, int64_t outer, int64_t D, int64_t inner) {
  constexpr int L = Vec<T>::lanes;
  over_runs<T>(
      outer, D, inner,
      [&](int64_t o) {
        const T* from = x + o * D;
        T* to = y + o * D;
        const T m = row_max(from, D), sum = row_exp_sum<!log>(from, to, D, m);
        const Vec<T> shift(m), last(log ? T(std::log(sum)) : T(1) / sum);
        for (int64_t i = 0; i < D; i += L) {
          const int n = D - i < L ? int(D - i) : L;
          store_up_to(to + i, log ? load_up_to(from + i, n) - shift - last : load_up_to(to + i, n) * last, n);
        }
      },
      [&](int64_t o, int64_t first, int n) {
        const T* from = x + o * D * inner + first;
        T* to = y + o * D * inner + first;
        const Vec<T> m = column_max(from, D, inner, n), sum = column_exp_sum<!log>(from, to, D, inner, n, m);
        const Vec<T> last = log ? lane_log(sum, n) : Vec<T>(T(1)) / sum;
        for (int64_t d = 0; d < D; ++d)
          store_up_to(to + d * inner,
                      log ? load_up_to(from + d * inner, n) - m - last : load_up_to(to + d * inner, n) * last, n);
      });
}

template <bool log, class T>
static void softmax_grad(const T* g, const T* y, T* grad_x, int64_t outer, int64_t D, int64_t inner) {
  constexpr int L = Vec<T>::lanes;
  const auto result = [](Vec<T> gv, Vec<T> yv, Vec<T> sum) { return log ? gv - exp(yv) * sum : yv * (gv - sum); };
  over_runs<T>(
      outer, D, inner,
      [&](int64_t o) {
        const T* gr = g + o * D;
        const T* yr = y + o * D;
        Vec<T> a = Vec<T>::zero();
        for (int64_t i = 0; i < D; i += L) {
          const int n = D - i < L ? int(D - i) : L;
          const Vec<T> gv = load_up_to(gr + i, n);
          a = log ? a + gv : fma(gv, load_up_to(yr + i, n), a);
        }
        const Vec<T> sum(reduce_add(a));
        for (int64_t i = 0; i < D; i += L) {
          const int n = D - i < L ? int(D - i) : L;
          store_up_to(grad_x + o * D + i, result(load_up_to(gr + i, n), load_up_to(yr + i, n), sum), n);
        }
      },
      [&](int64_t o, int64_t first, int n) {
        const int64_t start = o * D * inner + first;
        Vec<T> sum = Vec<T>::zero();
        for (int64_t d = 0; d < D; ++d) {
          const Vec<T> gv = load_up_to(g + start + d * inner, n);
          sum = log ? sum + gv : fma(gv, load_up_to(y + start + d * inner, n), sum);
        }
        for (int64_t d = 0; d < D; ++d) {
          const int64_t at = start + d * inner;
          store_up_to(grad_x + at, result(load_up_to(g + at, n), load_up_to(y + at, n), sum), n);
        }
      });
}

extern const SoftmaxKernels softmax_kernels_table = {
#define RL_TYPE(T) &softmax<false, T>, &softmax<true, T>, &softmax_grad<false, T>, &softmax_grad<true, T>
    RL_TYPE(float), RL_TYPE(double)
#undef RL_TYPE
};

}  // namespace rl::RL_ISA
