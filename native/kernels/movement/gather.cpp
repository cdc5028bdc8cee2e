#include "runtime/array_view.h"
#include "runtime/thread_pool.h"

// Elements picked along an axis by an array of indices, and the check of indices.

namespace rl {
namespace {

// Where rows of the last dimension begin, and how far their elements are apart, in bytes.
struct Picking {
  int ndim, axis;
  int64_t shape[NPY_MAXDIMS], strides[NPY_MAXDIMS];  // of the indices; of the source
  int64_t size;                                      // of the source along `axis`
  const char* source;
  const int64_t* index;
};

// Rows [begin, end) of the last dimension; false at an index out of range.
template <class Item>
bool pick_rows(const Picking& p, Item* out, int64_t begin, int64_t end) {
  const int last = p.ndim - 1;
  const int64_t n = p.shape[last], step = p.strides[p.axis];
  const int64_t along = p.axis == last ? 0 : p.strides[last];
  for (int64_t row = begin; row < end; ++row) {
    const char* base = p.source;
    int64_t rest = row;
    for (int d = last - 1; d >= 0; --d) {
      if (d != p.axis) base += rest % p.shape[d] * p.strides[d];
      rest /= p.shape[d];
    }
    for (int64_t j = 0; j < n; ++j) {
      int64_t i = p.index[row * n + j];
      if (i < 0) i += p.size;
      if (i < 0 || i >= p.size) return false;
      __builtin_memcpy(&out[row * n + j], base + j * along + i * step, sizeof(Item));
    }
  }
  return true;
}

template <class Item>
bool pick(const Picking& p, void* out, int64_t rows) {
  bool fine = true;
  parallel_for(rows, 1 + 16384 / p.shape[p.ndim - 1], [&](int64_t begin, int64_t end) {
    if (!pick_rows(p, static_cast<Item*>(out), begin, end)) __atomic_store_n(&fine, false, __ATOMIC_RELAXED);
  });
  return fine;
}

}  // namespace

// gather(a, indices, axis): out[i][j] = a[indices[i][j]][j] for axis 0; None where NumPy has to do it
static PyObject* gather(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 3) return PyErr_Format(PyExc_TypeError, "gather: expected (a, indices, axis)");
  PyArrayObject *a = as_array(args[0], "gather", "a"), *indices = a ? as_array(args[1], "gather", "indices") : nullptr;
  int64_t axis;
  if (!indices || !as_int(args[2], &axis, "gather", "axis")) return nullptr;
  Picking p;
  p.ndim = PyArray_NDIM(a);
  if (p.ndim == 0 || p.ndim != PyArray_NDIM(indices) || PyArray_TYPE(indices) != NPY_INT64 || !is_contiguous(indices) ||
      PyDataType_REFCHK(PyArray_DESCR(a)))
    Py_RETURN_NONE;
  if (axis < 0) axis += p.ndim;
  if (axis < 0 || axis >= p.ndim) return PyErr_Format(PyExc_ValueError, "gather: the array has no such axis");
  p.axis = int(axis);
  for (int d = 0; d < p.ndim; ++d) {
    p.shape[d] = PyArray_DIM(indices, d);
    p.strides[d] = PyArray_STRIDE(a, d);
    if (d != axis && p.shape[d] > PyArray_DIM(a, d)) Py_RETURN_NONE;
  }
  p.size = PyArray_DIM(a, p.axis);
  p.source = PyArray_BYTES(a);
  p.index = data<int64_t>(indices);
  const npy_intp item = PyArray_ITEMSIZE(a);
  if (item != 1 && item != 2 && item != 4 && item != 8) Py_RETURN_NONE;
  Ref out(new_array(p.ndim, PyArray_DIMS(indices), PyArray_TYPE(a)));
  const int64_t count = PyArray_SIZE(indices);
  if (!out || !count) return out.release();
  const int64_t rows = count / p.shape[p.ndim - 1];
  bool fine;
  {
    void* to = PyArray_DATA(out.array());
    GilRelease nogil(count);
    fine = item == 1   ? pick<uint8_t>(p, to, rows)
           : item == 2 ? pick<uint16_t>(p, to, rows)
           : item == 4 ? pick<uint32_t>(p, to, rows)
                       : pick<uint64_t>(p, to, rows);
  }
  if (!fine)
    return PyErr_Format(PyExc_IndexError, "gather: an index is out of bounds for size %lld", (long long)p.size);
  return out.release();
}

// first_outside(indices, least, size): None if all are in [least, size), else one that is not; indices: int64,
// C-contiguous; least <= 0 <= size
static PyObject* first_outside(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 3) return PyErr_Format(PyExc_TypeError, "first_outside: expected (indices, least, size)");
  PyArrayObject* a = as_array(args[0], "first_outside", "indices");
  int64_t least, size;
  if (!a || !as_int(args[1], &least, "first_outside", "least") || !as_int(args[2], &size, "first_outside", "size"))
    return nullptr;
  if (!is_contiguous(a) || PyArray_TYPE(a) != NPY_INT64)
    return PyErr_Format(PyExc_TypeError, "first_outside: expected a C-contiguous int64 array");
  const int64_t* index = data<int64_t>(a);
  const int64_t n = PyArray_SIZE(a);
  int64_t low = 0, high = 0;
  for (int64_t i = 0; i < n; ++i) {
    low = index[i] < low ? index[i] : low;
    high = index[i] > high ? index[i] : high;
  }
  if (!n || (low >= least && high < size)) Py_RETURN_NONE;
  return PyLong_FromLongLong(low < least ? low : high);
}

#define RL_FAST(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL

PyMethodDef gather_methods[] = {
    {"gather", RL_FAST(gather), "gather(a, indices, axis): elements by index, or None where there is no kernel."},
    {"first_outside", RL_FAST(first_outside), "first_outside(indices, least, size): an index out of range, or None."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
