#include "kernels/elementwise/iterate.h"

#include <cstring>

#include "kernels/movement/movement.h"
#include "runtime/streaming.h"
#include "runtime/thread_pool.h"

namespace rl {

bool broadcast_shapes(PyArrayObject* const* arrays, int count, const char* op, int* ndim, npy_intp* shape) {
  int rank = 0;
  for (int k = 0; k < count; ++k)
    if (arrays[k] && PyArray_NDIM(arrays[k]) > rank) rank = PyArray_NDIM(arrays[k]);
  for (int d = 0; d < rank; ++d) shape[d] = 1;
  for (int k = 0; k < count; ++k) {
    if (!arrays[k]) continue;
    const int offset = rank - PyArray_NDIM(arrays[k]);
    for (int d = 0; d < PyArray_NDIM(arrays[k]); ++d) {
      const npy_intp n = PyArray_DIM(arrays[k], d);
      npy_intp& s = shape[d + offset];
      if (n == s || n == 1) continue;
      if (s != 1) {
        Ref wanted(PyArray_IntTupleFromIntp(rank, shape)),
            got(PyArray_IntTupleFromIntp(PyArray_NDIM(arrays[k]), PyArray_DIMS(arrays[k])));
        PyErr_Format(PyExc_ValueError, "%s: shapes %R and %R cannot be broadcast together", op, wanted.object,
                     got.object);
        return false;
      }
      s = n;
    }
  }
  *ndim = rank;
  return true;
}

void set_operand(Iteration* it, int k, PyArrayObject* array) {
  Operand& o = it->operands[k];
  o.data = PyArray_BYTES(array);
  o.item_bytes = int(PyArray_ITEMSIZE(array));
  const int offset = it->ndim - PyArray_NDIM(array);
  for (int d = 0; d < offset; ++d) o.strides[d] = 0;
  for (int d = 0; d < PyArray_NDIM(array); ++d)
    o.strides[d + offset] = PyArray_DIM(array, d) == 1 ? 0 : PyArray_STRIDE(array, d);
}

void set_scalar(Iteration* it, int k, const void* item, int item_bytes) {
  Operand& o = it->operands[k];
  o.data = static_cast<char*>(const_cast<void*>(item));
  o.item_bytes = item_bytes;
  for (int d = 0; d < it->ndim; ++d) o.strides[d] = 0;
}

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

void order_and_merge(Iteration* it) {
  const int count = it->inputs + 1;
  int order[NPY_MAXDIMS];
  // The output's layout first: writes should run along memory.
  Iteration& t = *it;
  for (int d = 0; d < t.ndim; ++d) order[d] = t.ndim - 1 - d;
  for (int i = 1; i < t.ndim; ++i)
    for (int j = i; j > 0; --j) {
      int verdict = 0;
      for (int q = 0; q < count && !verdict; ++q) {
        const int k = q == 0 ? count - 1 : q - 1;
        const int64_t inner = magnitude(t.operands[k].strides[order[j - 1]]),
                      outer = magnitude(t.operands[k].strides[order[j]]);
        if (inner == 0 || outer == 0 || inner == outer) continue;
        verdict = outer < inner ? 1 : -1;
      }
      if (verdict != 1) break;
      const int s = order[j];
      order[j] = order[j - 1];
      order[j - 1] = s;
    }
  int64_t shape[NPY_MAXDIMS], strides[4][NPY_MAXDIMS];
  int ndim = 0;
  t.size = 1;
  for (int i = 0; i < t.ndim; ++i) {
    const int d = order[i];
    t.size *= t.shape[d];
    if (t.shape[d] == 1) continue;
    bool merge = ndim > 0;
    for (int k = 0; k < count && merge; ++k) merge = t.operands[k].strides[d] == strides[k][ndim - 1] * shape[ndim - 1];
    if (merge) {
      shape[ndim - 1] *= t.shape[d];
    } else {
      shape[ndim] = t.shape[d];
      for (int k = 0; k < count; ++k) strides[k][ndim] = t.operands[k].strides[d];
      ++ndim;
    }
  }
  if (ndim == 0) {
    ndim = 1;
    shape[0] = t.size;
    for (int k = 0; k < count; ++k) strides[k][0] = t.operands[k].item_bytes;
  }
  t.ndim = ndim;
  for (int d = 0; d < ndim; ++d) {
    t.shape[d] = shape[d];
    for (int k = 0; k < count; ++k) t.operands[k].strides[d] = strides[k][d];
  }
}

template <class T>
static void copy_items(char* dst, int64_t ds, const char* src, int64_t ss, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    T item;
    std::memcpy(&item, src + i * ss, sizeof(T));
    std::memcpy(dst + i * ds, &item, sizeof(T));
  }
}

void copy_strided(char* dst, int64_t ds, const char* src, int64_t ss, int64_t n, int item_bytes) {
  if (ds == item_bytes && ss == item_bytes) {
    std::memcpy(dst, src, size_t(n * item_bytes));
    return;
  }
  switch (item_bytes) {
    case 1:
      return copy_items<uint8_t>(dst, ds, src, ss, n);
    case 2:
      return copy_items<uint16_t>(dst, ds, src, ss, n);
    case 4:
      return copy_items<uint32_t>(dst, ds, src, ss, n);
    case 8:
      return copy_items<uint64_t>(dst, ds, src, ss, n);
    case 16: {
      copy_items<uint64_t>(dst, ds, src, ss, n);
      return copy_items<uint64_t>(dst + 8, ds, src + 8, ss, n);
    }
    default:
      for (int64_t i = 0; i < n; ++i) std::memcpy(dst + i * ds, src + i * ss, size_t(item_bytes));
  }
}

static constexpr int kBlock = 512;       // items per gathered run
static constexpr int kShortRun = 16;     // rows shorter than this are joined through the buffers
static constexpr int kMaxItemBytes = 8;  // of the types that have kernels

// A run of up to kBlock items at flat index `begin`, for an operand whose items do not follow each other.
static void move_block(const Iteration& it, const Operand& o, int64_t begin, int64_t n, char* buffer, bool to_operand) {
  int64_t index[NPY_MAXDIMS];
  char* p = o.data;
  for (int d = 0; d < it.ndim; ++d) {
    index[d] = begin % it.shape[d];
    begin /= it.shape[d];
    p += index[d] * o.strides[d];
  }
  while (n > 0) {
    int64_t run = it.shape[0] - index[0];
    if (run > n) run = n;
    if (to_operand)
      copy_strided(p, o.strides[0], buffer, o.item_bytes, run, o.item_bytes);
    else
      copy_strided(buffer, o.item_bytes, p, o.strides[0], run, o.item_bytes);
    buffer += run * o.item_bytes;
    n -= run;
    if (n == 0) break;
    p -= index[0] * o.strides[0];
    index[0] = 0;
    for (int d = 1; d < it.ndim; ++d) {
      p += o.strides[d];
      if (++index[d] < it.shape[d]) break;
      p -= it.shape[d] * o.strides[d];
      index[d] = 0;
    }
  }
}

// Items [begin, end) through buffers for the operands that are not laid out in iteration order.
static void run_buffered(const Iteration& it, MapFn f, const MapArgs& how, int64_t begin, int64_t end) {
  alignas(64) char buffers[4][kBlock * kMaxItemBytes];
  bool linear[4], constant[4];
  for (int k = 0; k <= it.inputs; ++k) {
    const Operand& o = it.operands[k];
    int64_t step = o.item_bytes;
    linear[k] = constant[k] = true;
    for (int d = 0; d < it.ndim; ++d) {
      linear[k] &= o.strides[d] == step;
      constant[k] &= o.strides[d] == 0;
      step *= it.shape[d];
    }
  }
  for (int64_t i = begin; i < end; i += kBlock) {
    MapArgs args = how;
    args.stream = false;
    args.n = end - i < kBlock ? end - i : kBlock;
    for (int k = 0; k < it.inputs; ++k) {
      const Operand& o = it.operands[k];
      args.step[k] = constant[k] ? 0 : 1;
      if (constant[k]) {
        args.in[k] = o.data;
      } else if (linear[k]) {
        args.in[k] = o.data + i * o.item_bytes;
      } else {
        move_block(it, o, i, args.n, buffers[k], false);
        args.in[k] = buffers[k];
      }
    }
    const Operand& o = it.operands[it.inputs];
    args.out = linear[it.inputs] ? o.data + i * o.item_bytes : buffers[it.inputs];
    f(args);
    if (!linear[it.inputs]) move_block(it, o, i, args.n, buffers[it.inputs], true);
  }
}

// Items [begin, end) row by row: along dimension 0 every operand is contiguous or constant.
static void run_rows(const Iteration& it, MapFn f, const MapArgs& how, int64_t begin, int64_t end) {
  const int count = it.inputs + 1;
  int64_t index[NPY_MAXDIMS];
  char* p[4];
  for (int k = 0; k < count; ++k) p[k] = it.operands[k].data;
  int64_t flat = begin;
  for (int d = 0; d < it.ndim; ++d) {
    index[d] = flat % it.shape[d];
    flat /= it.shape[d];
    for (int k = 0; k < count; ++k) p[k] += index[d] * it.operands[k].strides[d];
  }
  MapArgs args = how;
  for (int k = 0; k < it.inputs; ++k) args.step[k] = it.operands[k].strides[0] ? 1 : 0;
  for (int64_t left = end - begin;;) {
    args.n = it.shape[0] - index[0];
    if (args.n > left) args.n = left;
    for (int k = 0; k < it.inputs; ++k) args.in[k] = p[k];
    args.out = p[it.inputs];
    f(args);
    left -= args.n;
    if (left <= 0) return;
    for (int k = 0; k < count; ++k) p[k] -= index[0] * it.operands[k].strides[0];
    index[0] = 0;
    for (int d = 1; d < it.ndim; ++d) {
      for (int k = 0; k < count; ++k) p[k] += it.operands[k].strides[d];
      if (++index[d] < it.shape[d]) break;
      for (int k = 0; k < count; ++k) p[k] -= it.shape[d] * it.operands[k].strides[d];
      index[d] = 0;
    }
  }
}

static constexpr int kTileRows = 32, kTileColumns = 128;  // two lines of a row, which machines fetch in pairs

// Whether each operand runs along dimension 0 (or is constant there) except inputs that run along dimension 1.
static bool find_transposed(const Iteration& it, bool* transposed) {
  if (it.ndim < 2 || it.shape[0] < kShortRun || it.shape[1] < 4) return false;
  bool some = false;
  for (int k = 0; k <= it.inputs; ++k) {
    const Operand& o = it.operands[k];
    const bool along = o.strides[0] == o.item_bytes || (o.strides[0] == 0 && k < it.inputs);
    transposed[k] = !along && k < it.inputs && o.strides[1] == o.item_bytes && (o.item_bytes == 4 || o.item_bytes == 8);
    if (!along && !transposed[k]) return false;
    some |= transposed[k];
  }
  return some;
}

// Tiles [begin, end) of kTileRows rows: transposed inputs go through a buffer, a tile at a time.
static void run_tiles(const Iteration& it, MapFn f, const MapArgs& how, const bool* transposed, int64_t begin,
                      int64_t end) {
  alignas(64) char buffers[3][kTileRows * kTileColumns * kMaxItemBytes];
  const int64_t row_tiles = (it.shape[1] + kTileRows - 1) / kTileRows;
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t outer = tile / row_tiles;
    const int64_t first = tile % row_tiles * kTileRows;
    const int64_t rows = it.shape[1] - first < kTileRows ? it.shape[1] - first : kTileRows;
    char* p[4];
    for (int k = 0; k <= it.inputs; ++k) p[k] = it.operands[k].data + first * it.operands[k].strides[1];
    for (int d = 2; d < it.ndim; ++d) {
      const int64_t i = outer % it.shape[d];
      outer /= it.shape[d];
      for (int k = 0; k <= it.inputs; ++k) p[k] += i * it.operands[k].strides[d];
    }
    for (int64_t column = 0; column < it.shape[0]; column += kTileColumns) {
      MapArgs args = how;
      args.n = it.shape[0] - column < kTileColumns ? it.shape[0] - column : kTileColumns;
      for (int k = 0; k < it.inputs; ++k) {
        const Operand& o = it.operands[k];
        args.step[k] = o.strides[0] ? 1 : 0;
        if (!transposed[k]) continue;
        (o.item_bytes == 4 ? movement_kernels().transpose4 : movement_kernels().transpose8)(
            p[k] + column * o.strides[0], o.strides[0], buffers[k], kTileColumns * o.item_bytes, rows, args.n, false);
      }
      for (int64_t r = 0; r < rows; ++r) {
        for (int k = 0; k < it.inputs; ++k) {
          const Operand& o = it.operands[k];
          args.in[k] = transposed[k] ? buffers[k] + r * kTileColumns * o.item_bytes
                                     : p[k] + r * o.strides[1] + column * o.strides[0];
        }
        const Operand& o = it.operands[it.inputs];
        args.out = p[it.inputs] + r * o.strides[1] + column * o.strides[0];
        f(args);
      }
    }
  }
}

void run_map(const Iteration& it, MapFn f, const MapArgs& how) {
  if (it.size == 0) return;
  bool direct = it.ndim == 1 || it.shape[0] >= kShortRun;
  for (int k = 0; k <= it.inputs; ++k) {
    const int64_t s = it.operands[k].strides[0];
    direct &= s == it.operands[k].item_bytes || (s == 0 && k < it.inputs) || it.size == 1;
  }
  bool transposed[4];
  if (!direct && find_transposed(it, transposed)) {
    const int64_t row_tiles = (it.shape[1] + kTileRows - 1) / kTileRows;
    const int64_t tiles = it.size / (it.shape[0] * it.shape[1]) * row_tiles;
    parallel_for(tiles, kSimpleGrain / (kTileRows * it.shape[0]) + 1, [&](int64_t begin, int64_t end) {
      run_tiles(it, f, how, transposed, begin, end);
      if (how.stream) stream_barrier();
    });
    return;
  }
  parallel_for(it.size, kSimpleGrain, [&](int64_t begin, int64_t end) {
    if (direct)
      run_rows(it, f, how, begin, end);
    else
      run_buffered(it, f, how, begin, end);
    if (how.stream) stream_barrier();
  });
}

static void extent(PyArrayObject* a, char** low, char** high) {
  *low = *high = PyArray_BYTES(a);
  for (int d = 0; d < PyArray_NDIM(a); ++d) {
    const int64_t reach = (PyArray_DIM(a, d) - 1) * PyArray_STRIDE(a, d);
    (reach < 0 ? *low : *high) += reach;
  }
  *high += PyArray_ITEMSIZE(a);
}

bool partial_overlap(PyArrayObject* out, PyArrayObject* in) {
  if (PyArray_SIZE(out) == 0 || PyArray_SIZE(in) == 0) return false;
  char *out_low, *out_high, *in_low, *in_high;
  extent(out, &out_low, &out_high);
  extent(in, &in_low, &in_high);
  if (out_high <= in_low || in_high <= out_low) return false;
  if (PyArray_BYTES(out) != PyArray_BYTES(in) || !PyArray_SAMESHAPE(out, in) ||
      PyArray_ITEMSIZE(out) != PyArray_ITEMSIZE(in))
    return true;
  for (int d = 0; d < PyArray_NDIM(out); ++d)
    if (PyArray_DIM(out, d) > 1 && PyArray_STRIDE(out, d) != PyArray_STRIDE(in, d)) return true;
  return false;
}

}  // namespace rl
