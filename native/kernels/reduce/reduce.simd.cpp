#include "kernels/reduce/reduce.h"

#include "simd/transpose.h"
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

// All lanes of a vector as one number: sums and products in double, extrema handing NaN on.
template <class T, int kOp>
static RL_INLINE double across(Vec<T> a) {
  constexpr int L = Vec<T>::lanes;
  if constexpr (kOp == kSum || kOp == kSumSquares || kOp == kProd) {
    const auto join = [](auto x, auto y) RL_LAMBDA_INLINE {
      if constexpr (kOp == kProd)
        return x * y;
      else
        return x + y;
    };
    if constexpr (sizeof(T) == 4) {
      using Half = std::make_integer_sequence<int, L / 2>;
      using Wide = typename Vec<double>::Native;
      const Wide low = __builtin_convertvector(folding::low_half(a.v, Half{}), Wide);
      const Wide high = __builtin_convertvector(folding::high_half(a.v, Half{}), Wide);
      return folding::fold<double>(join(low, high), join);
    } else {
      return folding::fold<T>(a.v, join);
    }
  } else {
    return double(folding::fold<T>(a.v, [](auto x, auto y) RL_LAMBDA_INLINE {
      const auto better = kOp == kMax ? x > y : x < y;
      return better ? x : (x == x ? y : x);  // a NaN stays
    }));
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

// What a run of a multiple of the lanes leaves in the lanes; `tail` items more, masked.
template <class T, int kOp, int rows>
static RL_INLINE void run_lanes(const T* p, int64_t stride, int64_t whole, int tail, Mask<T> tail_mask, Vec<T>* a) {
  using V = Vec<T>;
  using S = Step<T, kOp>;
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) a[r] = S::start();
  for (int64_t i = 0; i < whole; i += V::lanes) {
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) a[r] = S::take(a[r], V::load(p + r * stride + i));
  }
  if (tail == 0) return;
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    const V x = V::load_n(p + r * stride + whole, tail);
    if constexpr (kOp == kSum || kOp == kSumSquares)
      a[r] = S::take(a[r], x);
    else
      a[r] = S::take(a[r], select<T>(tail_mask, x, S::start()));
  }
}

// Short runs: a vector of partial results for each of `lanes` rows, folded together as the halves of a transpose.
template <class T, int kOp>
static void rows(Finish finish, const T* p, int64_t stride, int64_t count, int64_t n, T* out, int64_t out_stride) {
  using V = Vec<T>;
  using S = Step<T, kOp>;
  using I = typename Lane<T>::Int;
  constexpr int L = V::lanes, group = L < 4 ? L : 4;
  int64_t r = 0;
  if (n <= 32 * L) {  // at most 32 steps per lane, as in `run`
    const int64_t whole = n / L * L;
    const int tail = int(n - whole);
    Vec<I> index;
    for (int i = 0; i < L; ++i) index.set(i, I(i));
    const Mask<T> tail_mask = index < Vec<I>(I(tail));
    for (; r + L <= count; r += L) {
      V a[L];
      for (int k = 0; k < L; k += group)
        run_lanes<T, kOp, group>(p + (r + k) * stride, stride, whole, tail, tail_mask, a + k);
      V result = reduce_rows(a, [](V x, V y) RL_LAMBDA_INLINE { return S::join(x, y); });
      if (finish == kDivide) result = result / V(T(n));
      if (finish == kRoot) result = sqrt(result);
      if (out_stride == 1) {
        result.store(out + r);
      } else {
        for (int k = 0; k < L; ++k) out[(r + k) * out_stride] = result[k];
      }
    }
  }
  for (; r < count; ++r) {
    Fold f = fold_start(kOp);
    run<T, kOp>(p + r * stride, n, &f);
    out[r * out_stride] = T(finished(f, finish, n));
  }
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
static void rows_op(int op, Finish finish, const T* p, int64_t stride, int64_t count, int64_t n, T* out,
                    int64_t out_stride) {
  switch (op) {
    case kSum:
      return rows<T, kSum>(finish, p, stride, count, n, out, out_stride);
    case kSumSquares:
      return rows<T, kSumSquares>(finish, p, stride, count, n, out, out_stride);
    case kProd:
      return rows<T, kProd>(finish, p, stride, count, n, out, out_stride);
    case kMax:
      return rows<T, kMax>(finish, p, stride, count, n, out, out_stride);
    default:
      return rows<T, kMin>(finish, p, stride, count, n, out, out_stride);
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
static void rows_f32(int op, Finish finish, const float* p, int64_t stride, int64_t count, int64_t n, float* out,
                     int64_t out_stride) {
  rows_op<float>(op, finish, p, stride, count, n, out, out_stride);
}
static void rows_f64(int op, Finish finish, const double* p, int64_t stride, int64_t count, int64_t n, double* out,
                     int64_t out_stride) {
  rows_op<double>(op, finish, p, stride, count, n, out, out_stride);
}
static int64_t arg_f32(int op, const float* p, int64_t n) { return arg_op<float>(op, p, n); }
static int64_t arg_f64(int op, const double* p, int64_t n) { return arg_op<double>(op, p, n); }

extern const ReduceKernels reduce_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/reduce/reduce.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
