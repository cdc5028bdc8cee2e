#pragma once
// The blocked matrix product around the micro-kernel, with packers and store as policies:
//
//   bool multiply<T>(M, N, K, pack_a, pack_b, store)
//
//   for each depth block
//     tasks, from an atomic counter: column blocks x row groups
//       for each A panel of the group: pack it (it lives in L1 until the next)
//         for each B panel of the block: one register tile, then store
//           (a thread's first A panel of a column block also packs B, as its tiles read it: the packed block lives in
//           the thread's L2 for the tasks to come)
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
inline constexpr int64_t kSerialWork = kProductGrain;  // multiply-adds below which threads do not pay

inline constexpr int64_t kGroup = 4;      // A panels that repay a packed B block
inline constexpr int64_t kNarrowest = 8;  // B panels of a column block

// How C is cut: rows into panels, panels into groups, columns (in panels of nr) into blocks. A task is a group of a
// block.
template <class T>
struct Cut {
  Even panels, groups, blocks;

  // `threads` that do not divide the panels would leave some idle at the end, so the panels are made a little lower.
  static Even cut_rows(int64_t M, int64_t threads) {
    const Even whole(M, Block<T>::mr);
    const int64_t count = (whole.count + threads - 1) / threads * threads;
    return whole.count > threads && 3 * M >= 2 * count * Block<T>::mr ? Even::of(M, count) : whole;
  }

  Cut(int64_t M, int64_t N, int64_t threads, bool b_copies) : panels(cut_rows(M, threads)), groups(1, 1), blocks(1, 1) {
    constexpr int64_t nr = Block<T>::nr, most = Block<T>::nc / nr;
    const int64_t b_panels = (N + nr - 1) / nr;
    if (threads == 1) {
      groups = Even::of(panels.count, 1);
      blocks = Even(b_panels, most);
      return;
    }
    const int64_t wanted = 4 * threads;  // tasks, to even out threads that are held up
    int64_t widest = most;
    if (panels.count < kGroup * threads) {  // too few rows for a thread to repay its B block: cut columns too
      const int64_t count = wanted * kGroup / (panels.count < kGroup ? kGroup : panels.count);
      widest = (b_panels + count - 1) / count;
      if (widest < kNarrowest) widest = kNarrowest;
      if (widest > most) widest = most;
    }
    blocks = Even(b_panels, widest);
    // Each thread packs the whole of what the cut does not divide. A panel of B that is not copied while it is used
    // costs about twice a panel of A.
    if (M < (b_copies ? N : 2 * N) && blocks.count % threads != 0) {
      const int64_t count = (blocks.count + threads - 1) / threads * threads;
      if (b_panels >= count * kNarrowest / 2) blocks = Even::of(b_panels, count);
    }
    int64_t count = (wanted + blocks.count - 1) / blocks.count;
    if (blocks.count % threads != 0) count = (count + threads - 1) / threads * threads;
    groups = Even::of(panels.count, count < panels.count ? count : panels.count);
  }
};

template <class T, class PackA, class PackB, class Store>
static bool multiply(int64_t M, int64_t N, int64_t K, const PackA& pack_a, const PackB& pack_b, const Store& store) {
  using Sizes = Block<T>;
  constexpr int64_t nr = Sizes::nr, lanes = Vec<T>::lanes;
  if (M <= 0 || N <= 0 || K <= 0) return true;
  const int64_t threads = double(M) * double(N) * double(K) < kSerialWork ? 1 : num_threads();
  const Cut<T> cut(M, N, threads, pack_b.copies());
  const Even &panels = cut.panels, depths(K, Sizes::kc);

  // What the scratch of a thread holds: the B block of this pass over the columns, if the numbers agree.
  static int64_t passes = 0;
  static thread_local int64_t packed_pass = 0, packed_block = 0;

  bool failed = false;  // only ever set, atomically
  for (int64_t d = 0; d < depths.count; ++d) {
    const int64_t pass = __atomic_add_fetch(&passes, 1, __ATOMIC_RELAXED);
    const int64_t k = depths.begin(d), depth = depths.length(d);
    auto run_task = [&](int64_t task) {
      const int64_t block = task / cut.groups.count, group = task % cut.groups.count;
      const int64_t p0 = cut.groups.begin(group), p1 = p0 + cut.groups.length(group);
      const int64_t col = cut.blocks.begin(block) * nr;
      const int64_t cols = N - col < cut.blocks.length(block) * nr ? N - col : cut.blocks.length(block) * nr;
      T* const packed_a = static_cast<T*>(scratch(kScratchA, size_t(Sizes::mr * depth) * sizeof(T)));
      T* const packed_b = static_cast<T*>(scratch(kScratchB, size_t(depth * cut.blocks.length(0) * nr) * sizeof(T)));
      if (!packed_a || !packed_b) {
        __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
        return;
      }
      bool packing = packed_pass != pass || packed_block != block;
      for (int64_t p = p0; p < p1; ++p) {
        const int64_t row = panels.begin(p), height = panels.length(p);
        pack_a(packed_a, row, int(height), k, depth);
        const auto whole = tile_function<T, PanelA, RowsB<T>, Store>(height, kTileVectors);
        for (int64_t j = 0; j < cols; j += nr) {
          const int64_t left = cols - j < nr ? cols - j : nr;
          const TileAt at{row, col + j, int(left), d == 0, d + 1 == depths.count};
          T* const b = packed_b + j * depth;
          if (packing) {
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
        packing = false;
      }
      packed_pass = pass;
      packed_block = block;
    };
    const int64_t tasks = cut.groups.count * cut.blocks.count;
    if (threads == 1) {
      for (int64_t task = 0; task < tasks; ++task) run_task(task);
    } else {
      parallel_tasks(tasks, run_task);
    }
    if (__atomic_load_n(&failed, __ATOMIC_RELAXED)) return false;
  }
  return true;
}

}  // namespace rl::RL_ISA::gemm
