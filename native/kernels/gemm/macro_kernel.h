#pragma once
// The blocked matrix product around the micro-kernel, with packers and store as policies:
//
//   bool multiply<T>(M, N, K, pack_a, pack_b, store)
//
//   tasks, from an atomic counter: column blocks x row groups
//     for each depth block
//       for each A panel of the group: pack it (it lives in L1 until the next)
//         for each B panel of the block: one register tile, then store
//           (the first A panel also packs B, as its tiles read it: the packed block lives in L2)
//
// Everything packed belongs to one thread, so there is nothing to wait for between the tasks.
//
// Contract
//   pack_a(out, row, rows, k, depth)   writes out[kk * rows + i] = A(row + i, k + kk); rows <= kTileRows.
//   pack_b(out, k, depth, col, cols)   writes B(k + kk, col + j) to out[kk * nr + j], nr = Block<T>::nr, cols <= nr;
//                                      columns past `cols` must be written as zeros (finite, at least). col is a
//                                      multiple of nr, depth <= Block<T>::kc; out is 64-byte aligned.
//   pack_b.copies(), .copy(out, k, col)  if copies(): a B policy (micro_kernel.h) that yields the rows of a whole panel
//                                      and writes it to `out` as pack_b would.
//                                      Packers are called from any thread, and more than once for the same values.
//   store(acc, at)                     see micro_kernel.h: tile (at.row, at.col), at.cols real columns. Called for each
//                                      tile once per depth block, in order of depth, at.first and at.last marking the
//                                      ends: with !at.first, add to what the previous call left in C. With K <= kc
//                                      every call is both. Different tiles come from different threads.
//   K = 0 calls nothing: the caller fills C.
//   Returns false if the packing buffers could not be allocated (C is then undefined).
// Uses scratch slots 0 (A) and 1 (B) of each thread; a policy may use others. May be called inside a parallel task: it
// then runs in place.

#include "kernels/gemm/micro_kernel.h"
#include "runtime/allocator.h"
#include "runtime/thread_pool.h"

namespace rl::RL_ISA::gemm {

inline constexpr int kScratchA = 0, kScratchB = 1;
inline constexpr int64_t kSerialWork = 200000;  // multiply-adds below which threads do not pay

template <class T, class PackA, class PackB, class Store>
static bool multiply(int64_t M, int64_t N, int64_t K, const PackA& pack_a, const PackB& pack_b, const Store& store) {
  using Sizes = Block<T>;
  constexpr int64_t nr = Sizes::nr, lanes = Vec<T>::lanes;
  if (M <= 0 || N <= 0 || K <= 0) return true;
  const int64_t threads = double(M) * double(N) * double(K) < kSerialWork ? 1 : num_threads();
  const int64_t wanted = threads == 1 ? 1 : 3 * threads;  // tasks: enough to even out threads that are held up

  // Row groups keep a packed B block busy for at least kGroup panels of A; column blocks are as wide as L2 allows, and
  // narrower only if there are not enough rows for every thread.
  constexpr int64_t kGroup = 4, kNarrowest = 8;
  const Even panels(M, Sizes::mr), depths(K, Sizes::kc);
  const int64_t b_panels = (N + nr - 1) / nr;
  const int64_t most_groups = panels.count < kGroup ? 1 : panels.count / kGroup;
  const int64_t blocks = (wanted + most_groups - 1) / most_groups;  // at least
  int64_t widest = (b_panels + blocks - 1) / blocks;
  if (widest < kNarrowest) widest = kNarrowest;
  if (widest > Sizes::nc / nr) widest = Sizes::nc / nr;
  const Even columns(b_panels, widest);  // in panels
  int64_t groups = (wanted + columns.count - 1) / columns.count;
  if (groups > most_groups) groups = most_groups;
  const Even rows(panels.count, (panels.count + groups - 1) / groups);  // in panels

  bool failed = false;  // only ever set, atomically
  auto run_task = [&](int64_t task) {
    const int64_t block = task / rows.count, group = task % rows.count;
    const int64_t p0 = rows.begin(group), p1 = p0 + rows.length(group);
    const int64_t col = columns.begin(block) * nr;
    const int64_t cols = N - col < columns.length(block) * nr ? N - col : columns.length(block) * nr;
    const int64_t deepest = depths.length(0);
    T* const packed_a = static_cast<T*>(scratch(kScratchA, size_t(Sizes::mr * deepest) * sizeof(T)));
    T* const packed_b = static_cast<T*>(scratch(kScratchB, size_t(deepest * columns.length(0) * nr) * sizeof(T)));
    if (!packed_a || !packed_b) {
      __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
      return;
    }
    for (int64_t d = 0; d < depths.count; ++d) {
      const int64_t k = depths.begin(d), depth = depths.length(d);
      for (int64_t p = p0; p < p1; ++p) {
        const int64_t row = panels.begin(p), height = panels.length(p);
        pack_a(packed_a, row, int(height), k, depth);
        const auto whole = tile_function<T, PanelA, RowsB<T>, Store>(height, kTileVectors);
        for (int64_t j = 0; j < cols; j += nr) {
          const int64_t left = cols - j < nr ? cols - j : nr;
          const TileAt at{row, col + j, int(left), d == 0, d + 1 == depths.count};
          T* const b = packed_b + j * depth;
          if (p == p0) {
            if (left == nr && pack_b.copies()) {
              tile_function<T, PanelA, CopyB<T>, Store>(height, kTileVectors)(depth, packed_a, height,
                                                                              pack_b.copy(b, k, col + j), store, at);
              continue;
            }
            pack_b(b, k, depth, col + j, left);
          }
          const auto tile = left > lanes ? whole : tile_function<T, PanelA, RowsB<T>, Store>(height, 1);
          tile(depth, packed_a, height, RowsB<T>{b, nr}, store, at);
        }
      }
    }
  };
  const int64_t tasks = rows.count * columns.count;
  if (threads == 1) {
    for (int64_t task = 0; task < tasks; ++task) run_task(task);
  } else {
    parallel_tasks(tasks, run_task);
  }
  return !__atomic_load_n(&failed, __ATOMIC_RELAXED);
}

}  // namespace rl::RL_ISA::gemm
