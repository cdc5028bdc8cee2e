#include "kernels/reduce/reduce.h"

#include "simd/vec.h"

namespace rl::RL_ISA {

// combine(a, x): one step of a reduction in lanes; item(x): what an item contributes.
template <class T, int kOp>
struct Step {
  using V = Vec<T>;
  static RL_INLINE V start() {
    if constexpr (kOp == kProd) return V(T(1));
    if constexpr (kOp == kMax) return V(T(-__builtin_inf()));
    if constexpr (kOp == kMin) return V(T(__builtin_inf()));
    return V::zero();
  }
  static RL_INLINE V take(V a, V x) {
    if constexpr (kOp == kProd) return a * x;
    if constexpr (kOp == kMax) return select<T>(a > x, a, select<T>(a == a, x, a));  // a NaN in a or x stays
    if constexpr (kOp == kMin) return select<T>(a < x, a, select<T>(a == a, x, a));
    if constexpr (kOp == kSumSquares) return fma(x, x, a);
    return a + x;
  }
  static RL_INLINE V join(V a, V b) {
    if constexpr (kOp == kSumSquares) return a + b;
    return take(a, b);
  }
  static RL_INLINE double item(T x) {
    if constexpr (kOp == kSumSquares) return double(x) * double(x);
    return double(x);
  }
};

// All lanes of a vector as one number: four chains, so that the additions need not wait for each other.
template <class T, int kOp>
static RL_INLINE double across(Vec<T> a) {
  constexpr int L = Vec<T>::lanes;
  alignas(64) T lanes[L];
  a.store(lanes);
  if constexpr (kOp == kSum || kOp == kSumSquares) {
    double part[4] = {0, 0, 0, 0};
    for (int i = 0; i < L; ++i) part[i % 4] += double(lanes[i]);
    return (part[0] + part[2]) + (part[1] + part[3]);
  } else if constexpr (kOp == kProd) {
    double product = 1;
    for (int i = 0; i < L; ++i) product *= double(lanes[i]);
    return product;
  } else {
    T best = lanes[0];
    for (int i = 1; i < L; ++i) {
      const bool better = kOp == kMax ? lanes[i] > best : lanes[i] < best;
      best = (better & (best == best)) | (lanes[i] != lanes[i]) ? lanes[i] : best;  // a NaN stays
    }
    return double(best);
  }
}

template <class T, int kOp>
static void run(const T* p, int64_t n, Fold* fold) {
  using V = Vec<T>;
  using S = Step<T, kOp>;
  constexpr int L = V::lanes;
  constexpr int64_t kBlock = 32 * 8 * L;  // 32 additions per lane and block
  Fold f = *fold;
  while (n >= 8 * L) {
    const int64_t block = n < kBlock ? n / (8 * L) * (8 * L) : kBlock;
    V a[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) a[k] = S::start();
    for (int64_t i = 0; i < block; i += 8 * L) {
#pragma GCC unroll 8
      for (int k = 0; k < 8; ++k) a[k] = S::take(a[k], V::load(p + i + k * L));
    }
    const V low = S::join(S::join(a[0], a[1]), S::join(a[2], a[3]));
    const V high = S::join(S::join(a[4], a[5]), S::join(a[6], a[7]));
    fold_in(kOp, &f, across<T, kOp>(S::join(low, high)));
    p += block;
    n -= block;
  }
  if (n >= L) {  // fewer than eight vectors
    V a = S::start();
    for (; n >= L; n -= L, p += L) a = S::take(a, V::load(p));
    fold_in(kOp, &f, across<T, kOp>(a));
  }
  for (int64_t i = 0; i < n; ++i) fold_in(kOp, &f, S::item(p[i]));
  *fold = f;
}

template <class T, int kOp>
static void columns(const T* p, int64_t stride, int64_t rows, int count, Fold* folds) {
  using V = Vec<T>;
  using S = Step<T, kOp>;
  constexpr int L = V::lanes;
  constexpr int64_t kRows = 64;  // rows per block: additions per lane before a total goes to double
  alignas(64) T lanes[kReduceColumns];
  for (int64_t first = 0; first < rows; first += kRows) {
    const int64_t last = first + kRows < rows ? first + kRows : rows;
    int c = 0;
    for (; c + 4 * L <= count; c += 4 * L) {
      V a[4] = {S::start(), S::start(), S::start(), S::start()};
      for (int64_t r = first; r < last; ++r) {
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) a[k] = S::take(a[k], V::load(p + r * stride + c + k * L));
      }
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) a[k].store(lanes + c + k * L);
    }
    for (; c < count; c += L) {
      const int some = count - c < L ? count - c : L;
      V a = S::start();
      for (int64_t r = first; r < last; ++r) a = S::take(a, V::load_n(p + r * stride + c, some));
      a.store_n(lanes + c, some);
    }
    for (int i = 0; i < count; ++i) fold_in(kOp, &folds[i], double(lanes[i]));
  }
}

template <class T>
static void run_op(int op, const T* p, int64_t n, Fold* fold) {
  switch (op) {
    case kSum:
      return run<T, kSum>(p, n, fold);
    case kSumSquares:
      return run<T, kSumSquares>(p, n, fold);
    case kProd:
      return run<T, kProd>(p, n, fold);
    case kMax:
      return run<T, kMax>(p, n, fold);
    default:
      return run<T, kMin>(p, n, fold);
  }
}
template <class T>
static void columns_op(int op, const T* p, int64_t stride, int64_t rows, int count, Fold* folds) {
  switch (op) {
    case kSum:
      return columns<T, kSum>(p, stride, rows, count, folds);
    case kSumSquares:
      return columns<T, kSumSquares>(p, stride, rows, count, folds);
    case kProd:
      return columns<T, kProd>(p, stride, rows, count, folds);
    case kMax:
      return columns<T, kMax>(p, stride, rows, count, folds);
    default:
      return columns<T, kMin>(p, stride, rows, count, folds);
  }
}

template <class T>
static int64_t arg_op(int op, const T* p, int64_t n) {
  Fold f = fold_start(op);
  run_op<T>(op, p, n, &f);
  const T best = T(f.value);
  if (best != best) {
    for (int64_t i = 0; i < n; ++i)
      if (p[i] != p[i]) return i;
  } else {
    for (int64_t i = 0; i < n; ++i)
      if (p[i] == best) return i;
  }
  return 0;
}

static void run_f32(int op, const float* p, int64_t n, Fold* f) { run_op<float>(op, p, n, f); }
static void run_f64(int op, const double* p, int64_t n, Fold* f) { run_op<double>(op, p, n, f); }
static void columns_f32(int op, const float* p, int64_t stride, int64_t rows, int count, Fold* f) {
  columns_op<float>(op, p, stride, rows, count, f);
}
static void columns_f64(int op, const double* p, int64_t stride, int64_t rows, int count, Fold* f) {
  columns_op<double>(op, p, stride, rows, count, f);
}
static int64_t arg_f32(int op, const float* p, int64_t n) { return arg_op<float>(op, p, n); }
static int64_t arg_f64(int op, const double* p, int64_t n) { return arg_op<double>(op, p, n); }

extern const ReduceKernels reduce_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/reduce/reduce.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
