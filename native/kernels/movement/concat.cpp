#include <cstring>

#include "runtime/array_view.h"

// Small C-contiguous arrays of one type joined along an axis; large joins are NumPy's.

namespace rl {

constexpr npy_intp kMostJoined = 1 << 20;  // bytes

// concat(arrays, axis): the joined array; None where NumPy has to do it
static PyObject* concat(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2 || !(PyList_CheckExact(args[0]) || PyTuple_CheckExact(args[0])))
    return PyErr_Format(PyExc_TypeError, "concat: expected (list of arrays, axis)");
  int64_t axis;
  if (!as_int(args[1], &axis, "concat", "axis")) return nullptr;
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(args[0]);
  if (!count) Py_RETURN_NONE;
  npy_intp shape[NPY_MAXDIMS] = {}, bytes = 0;
  PyArrayObject* first = nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyArrayObject* a = as_array(PySequence_Fast_GET_ITEM(args[0], i), "concat", "arrays");
    if (!a) return nullptr;
    if (!first) {
      first = a;
      if (axis < 0) axis += PyArray_NDIM(a);
      if (axis < 0 || axis >= PyArray_NDIM(a)) Py_RETURN_NONE;
      for (int d = 0; d < PyArray_NDIM(a); ++d) shape[d] = PyArray_DIM(a, d);
      shape[axis] = 0;
    }
    if (!is_contiguous(a) || PyArray_TYPE(a) != PyArray_TYPE(first) || PyArray_NDIM(a) != PyArray_NDIM(first) ||
        PyDataType_REFCHK(PyArray_DESCR(a)))
      Py_RETURN_NONE;
    for (int d = 0; d < PyArray_NDIM(a); ++d)
      if (d != axis && PyArray_DIM(a, d) != shape[d]) Py_RETURN_NONE;
    shape[axis] += PyArray_DIM(a, int(axis));
    bytes += PyArray_NBYTES(a);
    if (bytes > kMostJoined) Py_RETURN_NONE;
  }
  Ref out(new_array(PyArray_NDIM(first), shape, PyArray_TYPE(first)));
  if (!out) return nullptr;
  npy_intp outer = 1, row = PyArray_ITEMSIZE(first);
  for (int d = 0; d < axis; ++d) outer *= shape[d];
  for (int d = int(axis) + 1; d < PyArray_NDIM(first); ++d) row *= shape[d];
  char* to = PyArray_BYTES(out.array());
  const npy_intp pitch = row * shape[axis];
  for (Py_ssize_t i = 0; i < count; ++i) {
    auto* a = reinterpret_cast<PyArrayObject*>(PySequence_Fast_GET_ITEM(args[0], i));
    const npy_intp run = row * PyArray_DIM(a, int(axis));
    if (run)
      for (npy_intp o = 0; o < outer; ++o) std::memcpy(to + o * pitch, PyArray_BYTES(a) + o * run, size_t(run));
    to += run;
  }
  return out.release();
}

PyMethodDef concat_methods[] = {{"concat", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(concat)),
                                 METH_FASTCALL, "concat(arrays, axis): joined, or None where there is no kernel."},
                                {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
