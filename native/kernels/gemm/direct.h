#pragma once
// Products that are too small, or too thin, for packing everything to pay: the micro-kernel on operands as they lie.
//
// Each operand is used in place where its layout allows and little else would reuse the packed copy, else packed whole
// (no depth blocks) into scratch. Columns past the last whole vector always come from a zero-padded packed panel.

#include "kernels/gemm/epilogue.h"
#include "kernels/gemm/macro_kernel.h"
#include "kernels/gemm/pack.h"

namespace rl::RL_ISA::gemm {

inline constexpr int64_t kSmallWork = 144 * 144 * 144;  // multiply-adds up to which packing A and B is not repaid

// Columns [col, col + cols) of C from one B panel (cols <= vectors * lanes), all rows.
template <class T, template <class, int> class A, int vectors>
RL_INLINE void direct_panel(const Gemm<T>& g, const T* a, int64_t a_panel, int64_t a_step, const Even& panels,
                            int64_t p0, int64_t p1, const T* b, int64_t b_step, int64_t col, int64_t cols,
                            const Epilogue<T>& store) {
  // a_panel: how far apart rows of A lie; a packed panel has its own step, its number of rows (a_step == 0).
  for (int64_t p = p0; p < p1; ++p) {
    const int64_t row = panels.begin(p), rows = panels.length(p);
    const auto tile = tile_function<T, A, StridedB<T>, Epilogue<T>>(rows, vectors);
    tile(g.k, a + row * a_panel, a_step ? a_step : rows, StridedB<T>{b, b_step}, store,
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

template <class T>
static bool direct_product(const Gemm<T>& g) {
  using V = Vec<T>;
  constexpr int64_t lanes = V::lanes, mr = Block<T>::mr, nr = Block<T>::nr;
  const Even panels(g.m, mr);
  const Epilogue<T> store(g);

  // A: in place if few B panels read it, else packed.
  const T* a = g.a;
  int64_t a_panel = g.a_row, a_step = g.a_col;
  bool by_rows = false;
  if (g.a_row != 1 || g.m == 1) {
    if (g.n <= 4 * nr && g.a_col == 1 && g.m > 1) {
      by_rows = true;
      a_step = g.a_row;
    } else if (g.m == 1) {
      a_panel = 0;
    } else {
      T* packed = static_cast<T*>(scratch(kScratchA, size_t(g.m * g.k) * sizeof(T)));
      if (!packed) return false;
      const PackA<T> pack{g.a, g.a_row, g.a_col};
      for (int64_t p = 0; p < panels.count; ++p)
        pack(packed + panels.begin(p) * g.k, panels.begin(p), int(panels.length(p)), 0, g.k);
      a = packed;
      a_panel = g.k;
      a_step = 0;
    }
  }

  // B: in place up to the last whole vector, or packed whole.
  const bool in_place = g.b_col == 1;
  const int64_t whole = in_place ? g.n / lanes * lanes : 0;  // columns read in place
  const int64_t rest = g.n - whole;
  T* packed_b = nullptr;
  if (rest) {
    packed_b = static_cast<T*>(scratch(kScratchB, size_t((rest + nr - 1) / nr * nr * g.k) * sizeof(T)));
    if (!packed_b) return false;
    PackB<T>{g.b, g.b_row, g.b_col}(packed_b, 0, g.k, whole, rest);
  }

  auto run = [&](int64_t p0, int64_t p1, int64_t j0, int64_t j1) {  // panels of A, panels of B
    for (int64_t j = j0; j < j1; ++j) {
      int64_t col = j * nr;
      const int64_t end = col + nr < g.n ? col + nr : g.n;
      while (col < end) {
        const T* b = nullptr;
        int64_t b_step = nr, cols = end - col;
        if (col < whole) {  // in place: two vectors, or one before the packed rest
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
        col += cols;
      }
    }
  };
  const int64_t b_panels = (g.n + nr - 1) / nr;
  const int64_t threads = double(g.m) * double(g.n) * double(g.k) < kSerialWork ? 1 : num_threads();
  if (threads == 1) {
    run(0, panels.count, 0, b_panels);
  } else if (b_panels >= 2 * threads) {
    parallel_for(b_panels, 1, [&](int64_t begin, int64_t end) { run(0, panels.count, begin, end); });
  } else {
    parallel_for(panels.count, 1, [&](int64_t begin, int64_t end) { run(begin, end, 0, b_panels); });
  }
  return true;
}

}  // namespace rl::RL_ISA::gemm
