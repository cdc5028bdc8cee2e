#pragma once
// The blocked matrix product around the micro-kernel, with packers and store as policies:
//
//   bool multiply<T>(M, N, K, pack_a, pack_b, store)
//
//   for each slab of depth x rows (A packed once, shared by all threads)
//     tasks, from an atomic counter: row groups x column blocks
//       for each depth block of the slab
//         pack B (depth block x column block) into this thread's buffer: lives in L2
//         for each A panel of the group (lives in L1), for each B panel: one register tile, then store
//
// Contract
//   pack_a(out, row, rows, k, depth)   writes out[kk * rows + i] = A(row + i, k + kk); rows <= kTileRows. Called once
//   per
//                                      value of A, from any thread.
//   pack_b(out, k, depth, col, cols)   writes B(k + kk, col + j) to out[panel * depth * nr + kk * nr + j % nr], panel =
//                                      j / nr, nr = Block<T>::nr; columns past `cols` in the last panel must be written
//                                      as zeros (finite, at least). col is a multiple of nr, depth <= Block<T>::kc,
//                                      cols <= Block<T>::nc; out is 64-byte aligned. May be called more than once for
//                                      the same block (by tasks of other rows), from any thread.
//   store(acc, at)                     see micro_kernel.h: tile (at.row, at.col), at.cols real columns. Called for each
//   tile
//                                      once per depth block, in order of depth, at.first and at.last marking the ends:
//                                      with !at.first, add to what the previous call left in C. With K <= kc every call
//                                      is both. Different tiles come from different threads.
//   K = 0 calls nothing: the caller fills C.
//   Returns false if the packing buffers could not be allocated (C is then undefined).
// Uses scratch slots 0 (A, of the calling thread) and 1 (B, of each thread); a policy may use others. May be called
// inside a parallel task: it then runs in place.

#include "kernels/gemm/micro_kernel.h"
#include "runtime/allocator.h"
#include "runtime/thread_pool.h"

namespace rl::RL_ISA::gemm {

inline constexpr int kScratchA = 0, kScratchB = 1;
inline constexpr int64_t kSerialWork = 200000;  // multiply-adds below which threads do not pay

// One row group times one packed B block: A panels outside, B panels inside. `a` points at panel 0 of the slab's depth
// block.
template <class T, class Store>
RL_INLINE void multiply_block(const Even& panels, int64_t panel_begin, int64_t panel_end, int64_t row0, const T* a,
                              const T* b, int64_t depth, int64_t col, int64_t cols, const Store& store, bool first,
                              bool last) {
  constexpr int64_t nr = Block<T>::nr, lanes = Vec<T>::lanes;
  for (int64_t p = panel_begin; p < panel_end; ++p) {
    const int64_t rows = panels.length(p), row = panels.begin(p);
    const auto whole = tile_function<T, PanelA, RowsB<T>, Store>(rows, kTileVectors);
    for (int64_t j = 0; j < cols; j += nr) {
      const int64_t left = cols - j < nr ? cols - j : nr;
      const auto tile = left > lanes ? whole : tile_function<T, PanelA, RowsB<T>, Store>(rows, 1);
      tile(depth, a + row * depth, rows, RowsB<T>{b + j * depth, nr}, store,
           TileAt{row0 + row, col + j, int(left), first, last});
    }
  }
}

template <class T, class PackA, class PackB, class Store>
static bool multiply(int64_t M, int64_t N, int64_t K, const PackA& pack_a, const PackB& pack_b, const Store& store) {
  using Sizes = Block<T>;
  constexpr int64_t nr = Sizes::nr;
  if (M <= 0 || N <= 0 || K <= 0) return true;
  const int64_t threads = double(M) * double(N) * double(K) < kSerialWork ? 1 : num_threads();

  // Column blocks: as wide as L2 allows, but enough of them for every thread; then row groups, if that was not enough.
  const int64_t b_panels = (N + nr - 1) / nr;
  int64_t widest = Sizes::nc / nr;
  if (threads > 1) {
    const int64_t wanted = (b_panels + 2 * threads - 1) / (2 * threads);
    const int64_t narrowest = (128 + nr - 1) / nr;
    const int64_t bounded = wanted > narrowest ? wanted : narrowest;
    widest = bounded < widest ? bounded : widest;
  }
  const Even columns(b_panels, widest);  // in panels

  // Slabs: as much of A as the shared buffer holds, the whole depth first.
  const Even depths(K, Sizes::kc);
  int64_t slab_depths = Sizes::packed_a / (Sizes::kc * 16 * Sizes::mr);
  slab_depths = slab_depths < 1 ? 1 : slab_depths > depths.count ? depths.count : slab_depths;
  const int64_t slab_k = slab_depths * (depths.size + 1);
  int64_t slab_rows = Sizes::packed_a / slab_k / Sizes::mr * Sizes::mr;
  if (slab_rows < Sizes::mr) slab_rows = Sizes::mr;
  const Even slabs(M, slab_rows);

  bool failed = false;  // only ever set, atomically
  T* const packed_a =
      static_cast<T*>(scratch(kScratchA, size_t((slabs.size + 1) * (slab_k < K ? slab_k : K)) * sizeof(T)));
  if (!packed_a) return false;

  for (int64_t slab = 0; slab < slabs.count; ++slab) {
    const int64_t row0 = slabs.begin(slab), rows = slabs.length(slab);
    const Even panels(rows, Sizes::mr);
    int64_t group = panels.count;  // panels of a row group
    if (threads > 1 && columns.count < 3 * threads) {
      const int64_t groups = (3 * threads + columns.count - 1) / columns.count;
      group = (panels.count + groups - 1) / groups;
      if (group < 4) group = 4;
    }
    const int64_t groups = (panels.count + group - 1) / group;

    for (int64_t d0 = 0; d0 < depths.count; d0 += slab_depths) {
      const int64_t d1 = d0 + slab_depths < depths.count ? d0 + slab_depths : depths.count;
      const int64_t k0 = depths.begin(d0);

      // A of this slab: panel p of depth block d at ((begin(d) - k0) * rows + row(p) * depth(d)).
      auto pack_panels = [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p)
          for (int64_t d = d0; d < d1; ++d) {
            const int64_t k = depths.begin(d), depth = depths.length(d);
            pack_a(packed_a + (k - k0) * rows + panels.begin(p) * depth, row0 + panels.begin(p), int(panels.length(p)),
                   k, depth);
          }
      };
      const int64_t slab_values = rows * (depths.begin(d1 - 1) + depths.length(d1 - 1) - k0);
      if (threads == 1 || slab_values < 32768) {
        pack_panels(0, panels.count);
      } else {
        parallel_for(panels.count, 1 + 8192 * panels.count / slab_values, pack_panels);
      }

      auto run_task = [&](int64_t task) {
        const int64_t block = task / groups, p0 = task % groups * group;
        const int64_t p1 = p0 + group < panels.count ? p0 + group : panels.count;
        const int64_t col = columns.begin(block) * nr;
        const int64_t cols = (N - col < columns.length(block) * nr) ? N - col : columns.length(block) * nr;
        T* const packed_b =
            static_cast<T*>(scratch(kScratchB, size_t((depths.size + 1) * columns.length(block) * nr) * sizeof(T)));
        if (!packed_b) {
          __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
          return;
        }
        for (int64_t d = d0; d < d1; ++d) {
          const int64_t k = depths.begin(d), depth = depths.length(d);
          pack_b(packed_b, k, depth, col, cols);
          multiply_block<T>(panels, p0, p1, row0, packed_a + (k - k0) * rows, packed_b, depth, col, cols, store, d == 0,
                            d + 1 == depths.count);
        }
      };
      const int64_t tasks = groups * columns.count;
      if (threads == 1) {
        for (int64_t task = 0; task < tasks; ++task) run_task(task);
      } else {
        parallel_tasks(tasks, run_task);
      }
      if (__atomic_load_n(&failed, __ATOMIC_RELAXED)) return false;
    }
  }
  return true;
}

}  // namespace rl::RL_ISA::gemm
