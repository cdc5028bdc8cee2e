#include "kernels/movement/copy.h"

#include <cstring>

#include "kernels/elementwise/iterate.h"
#include "kernels/movement/movement.h"
#include "runtime/array_view.h"
#include "runtime/streaming.h"
#include "runtime/thread_pool.h"

// Copies between arrays of any layout: runs where both sides are contiguous along the target's fastest dimension, tiles
// where the source is contiguous along another one, else item by item. What may overlap, and items that are not plain
// bytes of 1 to 16, are NumPy's.

namespace rl {
namespace {

constexpr int64_t kGrain = 32768;  // items a task copies at least

// Byte offsets of both sides at position `index` of the dimensions that are in `dims`.
void offsets_at(const Iteration& it, const int* dims, int count, int64_t index, int64_t* src, int64_t* dst) {
  *src = *dst = 0;
  for (int k = 0; k < count; ++k) {
    const int d = dims[k];
    const int64_t i = index % it.shape[d];
    index /= it.shape[d];
    *src += i * it.operands[0].strides[d];
    *dst += i * it.operands[1].strides[d];
  }
}

void copy_rows(const Iteration& it) {
  const Operand &src = it.operands[0], &dst = it.operands[1];
  const int64_t n = it.shape[0], item = dst.item_bytes;
  if (it.ndim == 1) {
    parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
      copy_strided(dst.data + begin * dst.strides[0], dst.strides[0], src.data + begin * src.strides[0], src.strides[0],
                   end - begin, int(item));
    });
    return;
  }
  int outer[NPY_MAXDIMS];
  for (int d = 2; d < it.ndim; ++d) outer[d - 2] = d;
  parallel_for(it.size / n, kGrain / n + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end;) {  // runs of rows along dimension 1
      int64_t s, t;
      offsets_at(it, outer, it.ndim - 2, row / it.shape[1], &s, &t);
      int64_t i = row % it.shape[1];
      const int64_t last = it.shape[1] - i < end - row ? it.shape[1] : i + end - row;
      row += last - i;
      for (; i < last; ++i)
        copy_strided(dst.data + t + i * dst.strides[1], dst.strides[0], src.data + s + i * src.strides[1],
                     src.strides[0], n, int(item));
    }
  });
}

// The target runs along dimension 0, the source along dimension `across`.
void copy_tiles(const Iteration& it, int across) {
  const Operand &src = it.operands[0], &dst = it.operands[1];
  const int64_t n = it.shape[0], m = it.shape[across];
  int outer[NPY_MAXDIMS], count = 0;
  int64_t outer_size = 1;
  for (int d = 1; d < it.ndim; ++d)
    if (d != across) {
      outer[count++] = d;
      outer_size *= it.shape[d];
    }
  constexpr int64_t kBlock = 64;
  const int64_t blocks = (m + kBlock - 1) / kBlock;
  const bool stream = it.size * dst.item_bytes >= stream_bytes();
  const auto transpose = dst.item_bytes == 4 ? movement_kernels().transpose4 : movement_kernels().transpose8;
  parallel_for(outer_size * blocks, kGrain / (kBlock * n) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      int64_t s, t;
      offsets_at(it, outer, count, task / blocks, &s, &t);
      const int64_t first = task % blocks * kBlock;
      transpose(src.data + s + first * src.strides[across], src.strides[0], dst.data + t + first * dst.strides[across],
                dst.strides[across], m - first < kBlock ? m - first : kBlock, n, stream);
    }
    if (stream) stream_barrier();
  });
}

void copy_items(const Iteration& it) {
  const Operand &src = it.operands[0], &dst = it.operands[1];
  const int64_t item = dst.item_bytes;
  if ((item == 4 || item == 8) && dst.strides[0] == item && src.strides[0] != item && it.shape[0] >= 4)
    for (int d = 1; d < it.ndim; ++d)
      if (src.strides[d] == item && it.shape[d] >= 4) return copy_tiles(it, d);
  copy_rows(it);
}

}  // namespace

bool copy_into(PyArrayObject* dst, PyArrayObject* src) {
  const npy_intp item = PyArray_ITEMSIZE(dst);
  const int type = PyArray_TYPE(dst);
  const bool plain = type == PyArray_TYPE(src) && (PyTypeNum_ISNUMBER(type) || PyTypeNum_ISBOOL(type)) && item <= 16 &&
                     PyArray_ISNOTSWAPPED(dst) && PyArray_ISNOTSWAPPED(src);
  Iteration it;
  it.inputs = 1;
  npy_intp shape[NPY_MAXDIMS];
  PyArrayObject* both[2] = {dst, src};
  if (!broadcast_shapes(both, 2, "copy", &it.ndim, shape)) return false;
  const bool fits = it.ndim == PyArray_NDIM(dst) && PyArray_CompareLists(shape, PyArray_DIMS(dst), it.ndim);
  if (!plain || !fits || partial_overlap(dst, src)) return PyArray_CopyInto(dst, src) >= 0;
  for (int d = 0; d < it.ndim; ++d) it.shape[d] = shape[d];
  set_operand(&it, 0, src);
  set_operand(&it, 1, dst);
  order_and_merge(&it);
  if (it.size) {
    GilRelease nogil(it.size);
    copy_items(it);
  }
  return true;
}

PyObject* copy_array(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "copy: expected (target, source), got %zd arguments", nargs);
  PyArrayObject *dst = as_array(args[0], "copy", "target"), *src = dst ? as_array(args[1], "copy", "source") : nullptr;
  if (!src || PyArray_FailUnlessWriteable(dst, "copy: target") < 0) return nullptr;
  if (!copy_into(dst, src)) return nullptr;
  Py_RETURN_NONE;
}

}  // namespace rl
