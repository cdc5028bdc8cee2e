#pragma once
// Products that are too small, or too thin, for packing everything to pay: the micro-kernel on operands as they lie.
//
// Each operand is used in place where its layout allows and little else would reuse the packed copy, else packed whole
// (no depth blocks) into scratch. Columns past the last whole vector always come from a zero-padded packed panel.

#include "kernels/gemm/epilogue.h"
#include "kernels/gemm/macro_kernel.h"
#include "kernels/gemm/pack.h"

namespace rl::RL_ISA::gemm {

inline constexpr int64_t kPacked = INT64_MIN;           // no step between values: strides of A may be zero or negative
inline constexpr int64_t kSmallWork = 144 * 144 * 144;  // multiply-adds up to which packing A and B is not repaid

// Columns [col, col + cols) of C from one B panel (cols <= vectors * lanes), all rows.
template <class T, template <class, int> class A, int vectors>
RL_INLINE void direct_panel(const Gemm<T>& g, const T* a, int64_t a_panel, int64_t a_step, const Even& panels,
                            int64_t p0, int64_t p1, const T* b, int64_t b_step, int64_t col, int64_t cols,
                            const Epilogue<T>& store) {
  // a_panel: how far apart rows of A lie; a packed panel has its own step, its number of rows (a_step == kPacked).
  for (int64_t p = p0; p < p1; ++p) {
    const int64_t row = panels.begin(p), rows = panels.length(p);
    const auto tile = tile_function<T, A, StridedB<T>, Epilogue<T>>(rows, vectors);
    tile(g.k, a + row * a_panel, a_step == kPacked ? rows : a_step, StridedB<T>{b, b_step}, store,
         TileAt{row, col, int(cols), true, true});
  }
}

// Whether direct_product would use B in place, or pack all of it.
template <class T>
RL_INLINE bool direct_pays(const Gemm<T>& g) {
  constexpr int64_t mr = Block<T>::mr, nr = Block<T>::nr;
  const double work = double(g.m) * double(g.n) * double(g.k);
  if (work <= kSmallWork) return true;
  if (g.k * nr * int64_t(sizeof(T)) > (int64_t(1) << 20)) return false;  // a panel must stay in L2
  if (g.b_col == 1 && g.m <= 3 * mr) return true;
  return g.n <= 2 * nr && (g.a_row == 1 || g.a_col == 1);
}

// The part of C that panels [p0, p1) of A and panels [j0, j1) of B make. Packs for itself what cannot be used in place.
template <class T>
static bool direct_part(const Gemm<T>& g, const Even& panels, int64_t p0, int64_t p1, int64_t j0, int64_t j1) {
  constexpr int64_t lanes = Vec<T>::lanes, nr = Block<T>::nr;
  const Epilogue<T> store(g);

  // A: in place if few B panels read it, else packed.
  const T* a = g.a;
  int64_t a_panel = g.a_row, a_step = g.a_col;
  bool by_rows = false;
  if (g.a_row != 1 || g.m == 1) {
    if (j1 - j0 <= 4 && g.a_col == 1 && g.m > 1) {
      by_rows = true;
      a_step = g.a_row;
    } else if (g.m == 1) {
      a_panel = 0;
    } else {
      const int64_t row0 = panels.begin(p0), row1 = panels.begin(p1);
      T* packed = static_cast<T*>(scratch(kScratchA, size_t((row1 - row0) * g.k) * sizeof(T)));
      if (!packed) return false;
      const PackA<T> pack{g.a, g.a_row, g.a_col};
      for (int64_t p = p0; p < p1; ++p)
        pack(packed + (panels.begin(p) - row0) * g.k, panels.begin(p), int(panels.length(p)), 0, g.k);
      a = packed - row0 * g.k;
      a_panel = g.k;
      a_step = kPacked;
    }
  }

  // B: in place up to the last whole vector, or packed.
  const int64_t from = j0 * nr, to = j1 * nr < g.n ? j1 * nr : g.n;
  const int64_t whole = g.b_col == 1 ? from + (to - from) / lanes * lanes : from;  // columns up to here are in place
  T* packed_b = nullptr;
  if (whole < to) {
    packed_b = static_cast<T*>(scratch(kScratchB, size_t((to - whole + nr - 1) / nr * nr * g.k) * sizeof(T)));
    if (!packed_b) return false;
    PackB<T>{g.b, g.b_row, g.b_col}(packed_b, 0, g.k, whole, to - whole);
  }

  for (int64_t panel = from; panel < to; panel += nr) {
    const int64_t end = panel + nr < to ? panel + nr : to;
    for (int64_t col = panel, cols; col < end; col += cols) {
      const T* b = nullptr;
      int64_t b_step = nr;
      cols = end - col;
      if (col < whole) {  // two vectors, or one before the packed rest
        b = g.b + col;
        b_step = g.b_row;
        cols = whole - col < cols ? whole - col : cols;
      } else {
        b = packed_b + (col - whole) * g.k;
      }
      if (by_rows) {
        if (cols > lanes)
          direct_panel<T, RowsA, 2>(g, a, a_panel, a_step, panels, p0, p1, b, b_step, col, cols, store);
        else
          direct_panel<T, RowsA, 1>(g, a, a_panel, a_step, panels, p0, p1, b, b_step, col, cols, store);
      } else {
        if (cols > lanes)
          direct_panel<T, PanelA, 2>(g, a, a_panel, a_step, panels, p0, p1, b, b_step, col, cols, store);
        else
          direct_panel<T, PanelA, 1>(g, a, a_panel, a_step, panels, p0, p1, b, b_step, col, cols, store);
      }
    }
  }
  return true;
}

template <class T>
static bool direct_product(const Gemm<T>& g) {
  const int64_t threads = double(g.m) * double(g.n) * double(g.k) < kSerialWork ? 1 : num_threads();
  const Even b_panels((g.n + Block<T>::nr - 1) / Block<T>::nr, 1);
  // Every task packs for itself, so there are no more tasks than threads, cut along the side where less is packed
  // twice. With nothing to pack: along the longer side, rows if equal, as tasks that share rows of C share cache lines.
  const bool pack_a = g.a_row != 1 && g.m > 1 && b_panels.count > 4 * threads, pack_b = g.b_col != 1;
  const bool enough_rows = g.m > (threads - 1) * Block<T>::mr, longer = pack_b ? pack_a && g.m > g.n : g.m >= g.n;
  const bool by_rows = threads > 1 && enough_rows && (longer || b_panels.count < threads);
  const Even panels = Cut<T>::cut_rows(g.m, by_rows ? threads : 1);
  if (threads == 1) return direct_part(g, panels, 0, panels.count, 0, b_panels.count);

  const int64_t side = by_rows ? panels.count : b_panels.count;
  const Even tasks = Even::of(side, threads < side ? threads : side);
  bool failed = false;  // only ever set, atomically
  parallel_tasks(tasks.count, [&](int64_t task) {
    const int64_t begin = tasks.begin(task), end = begin + tasks.length(task);
    const bool ok = by_rows ? direct_part(g, panels, begin, end, 0, b_panels.count)
                            : direct_part(g, panels, 0, panels.count, begin, end);
    if (!ok) __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
  });
  return !__atomic_load_n(&failed, __ATOMIC_RELAXED);
}

}  // namespace rl::RL_ISA::gemm
