#pragma once
// The register-tiled micro-kernel: one tile of C, rows <= kTileRows by vectors <= kTileVectors, kept in registers while
// it runs over the depth:   acc[i][v] = sum_k  A(i, k) * B(k, v)      (v: a vector of columns)
//
// Contract
//   A    a policy that hands out the scalars A(i, k) for k = 0, 1, ...:
//          PanelA  value (i, k) at p[k * step + i]: a packed panel (step = its rows) or a transposed matrix as it lies
//          RowsA   value (i, k) at p[i * step + k]: a row-major matrix as it lies
//   B    a policy that hands out the address of row k for k = 0, 1, ...; vectors * lanes values are read there:
//          RowsB    p + k * step: a packed panel (step = Block<T>::nr) or a row-major matrix as it lies
//          StridedB like RowsB, for rows far apart: asks for each row some steps before it is used
//          CopyB    like StridedB, and writes what it reads to a packed panel, hidden behind the multiply-adds
//          OffsetB  base + offset[k]: rows anywhere, e.g. taps of an image
//          CopyOffsetB  like OffsetB, and writes to a packed panel as CopyB does; offset[k] must be readable some rows
//          on
//   Store  takes the finished accumulators:
//            template <int rows, int vectors>
//            void operator()(Vec<T> (&acc)[rows][vectors], const TileAt& at) const;
//            template <int rows, int vectors> void prefetch(const TileAt& at) const;   // called before the depth loop
//          at.cols (1 .. vectors * lanes) is how many columns are real; B must be readable for all of them, so pad it.
//   multiply_tile<rows, vectors>(depth, a, b, acc) is the loop itself, for callers that inline it;
//   tile_function<T, A, B, Store>(rows, vectors) is the table of its outlined versions.

#include "kernels/gemm/block.h"
#include "simd/unroll.h"

namespace rl::RL_ISA::gemm {

struct TileAt {
  int64_t row, col;
  int cols;
  bool first, last;  // this call holds the first / the last part of the depth
};

template <class T, int rows>
struct PanelA {
  const T* p;
  int64_t step;
  RL_INLINE PanelA(const T* start, int64_t step) : p(start), step(step) {}
  template <int i>
  RL_INLINE T at() const {
    return p[i];
  }
  RL_INLINE void advance() { p += step; }
};

// Three rows share a pointer (p, p + step, p + 2 step are one addressing mode each), so that 14 rows need 5 registers.
template <class T, int rows>
struct RowsA {
  const T* p[(rows + 2) / 3];
  int64_t step;
  RL_INLINE RowsA(const T* start, int64_t step) : step(step) {
    unroll<(rows + 2) / 3>([&](auto i) RL_UNROLLED { p[i] = start + 3 * i * step; });
  }
  template <int i>
  RL_INLINE T at() const {
    return p[i / 3][i % 3 * step];
  }
  RL_INLINE void advance() {
    unroll<(rows + 2) / 3>([&](auto i) RL_UNROLLED { ++p[i]; });
  }
};

template <class T>
struct RowsB {
  const T* p;
  int64_t step;
  RL_INLINE const T* next() {
    const T* row = p;
    p += step;
    return row;
  }
};

inline constexpr int64_t kPrefetchRows = 12;  // about one trip to the last-level cache, at one row per 8 to 14 cycles

template <class T>
struct StridedB {
  const T* p;
  int64_t step;
  RL_INLINE const T* next() {
    const T* row = p;
    p += step;
    __builtin_prefetch(row + kPrefetchRows * step);
    __builtin_prefetch(row + kPrefetchRows * step + Vec<T>::lanes);
    return row;
  }
};

template <class T>
struct CopyB {
  StridedB<T> from;
  T* to;
  RL_INLINE const T* next() { return from.next(); }
  template <int vectors>
  RL_INLINE void keep(const Vec<T> (&row)[vectors]) {
    unroll<vectors>([&](auto v) RL_UNROLLED { row[v].store(to + v * Vec<T>::lanes); });
    to += vectors * Vec<T>::lanes;
  }
};

template <class T>
struct OffsetB {
  const T* base;
  const int64_t* offset;
  RL_INLINE const T* next() { return base + *offset++; }
};

template <class T>
struct CopyOffsetB {
  const T* base;
  const int64_t* offset;  // readable for kPrefetchRows past the last
  T* to;
  RL_INLINE const T* next() {
    const T* ahead = base + offset[kPrefetchRows];
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + Vec<T>::lanes);
    return base + *offset++;
  }
  template <int vectors>
  RL_INLINE void keep(const Vec<T> (&row)[vectors]) {
    unroll<vectors>([&](auto v) RL_UNROLLED { row[v].store(to + v * Vec<T>::lanes); });
    to += vectors * Vec<T>::lanes;
  }
};

template <int rows, int vectors, class T, class A, class B>
RL_INLINE void multiply_tile(int64_t depth, A a, B b, Vec<T> (&acc)[rows][vectors]) {
  unroll<rows>([&](auto i) RL_UNROLLED { unroll<vectors>([&](auto v) RL_UNROLLED { acc[i][v] = Vec<T>::zero(); }); });
#pragma GCC unroll 2
  for (int64_t k = 0; k < depth; ++k) {
    const T* row = b.next();
    Vec<T> bv[vectors];
    unroll<vectors>([&](auto v) RL_UNROLLED { bv[v] = Vec<T>::load(row + v * Vec<T>::lanes); });
    if constexpr (requires { b.keep(bv); }) b.keep(bv);
    unroll<rows>([&](auto i) RL_UNROLLED {
      const Vec<T> av(a.template at<i>());
      unroll<vectors>([&](auto v) RL_UNROLLED { acc[i][v] = fma(av, bv[v], acc[i][v]); });
    });
    a.advance();
  }
}

template <class T, class B, class Store>
using TileFunction = void (*)(int64_t depth, const T* a, int64_t a_step, B b, const Store& store, const TileAt& at);

template <class T, template <class, int> class A, class B, class Store, int rows, int vectors>
static void run_tile(int64_t depth, const T* a, int64_t a_step, B b, const Store& store, const TileAt& at) {
  store.template prefetch<rows, vectors>(at);
  Vec<T> acc[rows][vectors];
  multiply_tile<rows, vectors, T>(depth, A<T, rows>(a, a_step), b, acc);
  store(acc, at);
}

// 1 <= rows <= kTileRows, 1 <= vectors <= kTileVectors.
template <class T, template <class, int> class A, class B, class Store>
RL_INLINE TileFunction<T, B, Store> tile_function(int64_t rows, int64_t vectors) {
#define RL_TILE(r)                                                   \
  {                                                                  \
    &run_tile<T, A, B, Store, r, 1>, &run_tile<T, A, B, Store, r, 2> \
  }
  static_assert(kTileVectors == 2);
  static constexpr TileFunction<T, B, Store> table[kTileRows][kTileVectors] = {
      RL_TILE(1), RL_TILE(2),  RL_TILE(3),  RL_TILE(4),
#if defined(RL_AVX2) || !defined(RL_X86)
      RL_TILE(5), RL_TILE(6),
#endif
#if defined(RL_AVX512) || !defined(RL_X86)
      RL_TILE(7), RL_TILE(8),
#endif
#if defined(RL_AVX512)
      RL_TILE(9), RL_TILE(10), RL_TILE(11), RL_TILE(12), RL_TILE(13), RL_TILE(14),
#endif
  };
#undef RL_TILE
  return table[rows - 1][vectors - 1];
}

}  // namespace rl::RL_ISA::gemm
