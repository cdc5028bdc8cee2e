#include "kernels/movement/layout.h"

#include "kernels/movement/copy.h"

namespace rl {

// The dimensions of channels_last, fastest first.
static const int* last_order(int ndim) {
  static const int orders[2][5] = {{1, 3, 2, 0, 0}, {1, 4, 3, 2, 0}};
  return orders[ndim - 4];
}

static bool dense_in(PyArrayObject* a, const int* order) {
  npy_intp step = PyArray_ITEMSIZE(a);
  for (int i = 0; i < PyArray_NDIM(a); ++i) {
    const npy_intp size = PyArray_DIM(a, order[i]);
    if (size == 1) continue;
    if (PyArray_STRIDE(a, order[i]) != step) return false;
    step *= size;
  }
  return true;
}

bool is_channels_last(PyArrayObject* a) {
  const int ndim = PyArray_NDIM(a);
  return (ndim == 4 || ndim == 5) && dense_in(a, last_order(ndim));
}

bool is_dense(PyArrayObject* a) {
  if (PyArray_IS_C_CONTIGUOUS(a)) return true;
  int order[NPY_MAXDIMS], count = 0;
  for (int d = 0; d < PyArray_NDIM(a); ++d) {
    if (PyArray_DIM(a, d) == 1) continue;
    int i = count++;
    for (; i > 0 && PyArray_STRIDE(a, order[i - 1]) > PyArray_STRIDE(a, d); --i) order[i] = order[i - 1];
    order[i] = d;
  }
  npy_intp step = PyArray_ITEMSIZE(a);
  for (int i = 0; i < count; ++i) {
    if (PyArray_STRIDE(a, order[i]) != step) return false;
    step *= PyArray_DIM(a, order[i]);
  }
  return true;
}

bool suggests_channels_last(PyArrayObject* a) {
  const int ndim = PyArray_NDIM(a);
  if ((ndim != 4 && ndim != 5) || PyArray_STRIDE(a, 1) == 0) return false;
  const int* order = last_order(ndim);
  npy_intp least = 0;
  for (int i = 0; i < ndim; ++i) {
    const npy_intp size = PyArray_DIM(a, order[i]), stride = PyArray_STRIDE(a, order[i]);
    if (size == 0 || stride < least || (i == ndim - 1 && least == PyArray_STRIDE(a, 1))) return false;
    least = size > 1 ? stride * size : stride;
  }
  return true;
}

// Contiguous in the order given, fastest dimension first.
static PyArrayObject* new_in_order(int ndim, const npy_intp* shape, int typenum, const int* order) {
  PyArrayObject* a = new_array(ndim, shape, typenum);
  if (!a) return nullptr;
  bool usual = true;
  for (int i = 0; i < ndim; ++i) usual &= order[i] == ndim - 1 - i;
  if (usual) return a;
  npy_intp step = PyArray_ITEMSIZE(a);
  for (int i = 0; i < ndim; ++i) {  // its own strides, and it owns its memory: the same bytes in another order
    PyArray_STRIDES(a)[order[i]] = step;
    step *= shape[order[i]];
  }
  PyArray_UpdateFlags(a, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS);
  return a;
}

// ValueError for other ranks.
static bool has_last_order(int ndim) {
  if (ndim == 4 || ndim == 5) return true;
  PyErr_Format(PyExc_ValueError, "expected 4 or 5 dimensions for channels-last order, got %d", ndim);
  return false;
}

PyArrayObject* new_channels_last(int ndim, const npy_intp* shape, int typenum) {
  if (!has_last_order(ndim)) return nullptr;
  return new_in_order(ndim, shape, typenum, last_order(ndim));
}

// Dimension numbers, fastest first, as the inputs' strides order them: the first input that tells two dimensions apart
// decides, a stride of 0 (a broadcast dimension) tells nothing, and of equal strides the larger dimension is slower.
// Where nobody decides, dimensions keep their usual order but may still be overtaken together.
static void memory_order(const npy_intp (*strides)[NPY_MAXDIMS], int count, int ndim, const npy_intp* shape,
                         int* order) {
  for (int i = 0; i < ndim; ++i) order[i] = ndim - 1 - i;
  for (int i = 1; i < ndim; ++i) {
    int moving = i;
    for (int j = i - 1; j >= 0; --j) {
      const int inner = order[j], outer = order[moving];
      int verdict = 0;
      for (int k = 0; k < count && !verdict; ++k) {
        const npy_intp a = strides[k][inner], b = strides[k][outer];
        if (a == 0 || b == 0) continue;
        verdict = a < b ? -1 : a > b || shape[inner] > shape[outer] ? 1 : 0;
      }
      if (verdict < 0) break;
      if (verdict > 0) {
        order[j] = outer;
        order[moving] = inner;
        moving = j;
      }
    }
  }
}

static npy_intp magnitude(npy_intp stride) { return stride < 0 ? -stride : stride; }

static bool same_strides(PyArrayObject* a, PyArrayObject* b) {
  for (int d = 0; d < PyArray_NDIM(a); ++d)
    if (PyArray_STRIDE(a, d) / PyArray_ITEMSIZE(a) != PyArray_STRIDE(b, d) / PyArray_ITEMSIZE(b)) return false;
  return true;
}

// A new array with the strides, in items, of the dense array `a`.
static PyArrayObject* new_with_strides(PyArrayObject* a, int typenum) {
  PyArrayObject* out = new_array(PyArray_NDIM(a), PyArray_DIMS(a), typenum);
  if (!out) return nullptr;
  const npy_intp from = PyArray_ITEMSIZE(a), to = PyArray_ITEMSIZE(out);
  bool same = true;
  for (int d = 0; d < PyArray_NDIM(a); ++d) same &= PyArray_STRIDE(a, d) / from == PyArray_STRIDE(out, d) / to;
  if (same || PyArray_SIZE(a) == 0) return out;
  for (int d = 0; d < PyArray_NDIM(a); ++d) PyArray_STRIDES(out)[d] = PyArray_STRIDE(a, d) / from * to;
  PyArray_UpdateFlags(out, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS);
  return out;
}

PyArrayObject* new_as_laid_out(PyArrayObject* a, int typenum) {
  if (is_dense(a)) return new_with_strides(a, typenum);
  npy_intp strides[1][NPY_MAXDIMS];
  int order[NPY_MAXDIMS];
  for (int d = 0; d < PyArray_NDIM(a); ++d) strides[0][d] = magnitude(PyArray_STRIDE(a, d));
  memory_order(strides, 1, PyArray_NDIM(a), PyArray_DIMS(a), order);
  return new_in_order(PyArray_NDIM(a), PyArray_DIMS(a), typenum, order);
}

PyArrayObject* new_elementwise(PyArrayObject* const* inputs, int count, int ndim, const npy_intp* shape, int typenum) {
  bool same_shape = true, usual = true, last = true, dense = true;
  PyArrayObject* first = nullptr;
  for (int k = 0; k < count; ++k) {
    PyArrayObject* a = inputs[k];
    same_shape &= a && PyArray_NDIM(a) == ndim && PyArray_CompareLists(PyArray_DIMS(a), shape, ndim);
    if (!same_shape) break;
    if (!first) first = a;
    usual &= bool(PyArray_IS_C_CONTIGUOUS(a));
    last = last && is_channels_last(a) && ndim == 4;
    dense = dense && (a == first || same_strides(a, first)) && is_dense(a);
  }
  if (same_shape && first) {
    if (usual) return new_array(ndim, shape, typenum);
    if (last) return new_channels_last(ndim, shape, typenum);
    if (dense) return new_with_strides(first, typenum);
  }
  npy_intp strides[8][NPY_MAXDIMS];
  int used = 0, order[NPY_MAXDIMS];
  for (int k = 0; k < count && used < 8; ++k) {
    PyArrayObject* a = inputs[k];
    if (!a || PyArray_NDIM(a) == 0) continue;
    const int offset = ndim - PyArray_NDIM(a);
    for (int d = 0; d < offset; ++d) strides[used][d] = 0;
    for (int d = 0; d < PyArray_NDIM(a); ++d)
      strides[used][d + offset] =
          PyArray_DIM(a, d) == 1 && shape[d + offset] != 1 ? 0 : magnitude(PyArray_STRIDE(a, d));
    ++used;
  }
  memory_order(strides, used, ndim, shape, order);
  return new_in_order(ndim, shape, typenum, order);
}

PyArrayObject* channels_last(PyArrayObject* a) {
  if (is_channels_last(a)) return reinterpret_cast<PyArrayObject*>(Py_NewRef(a));
  Ref out(new_channels_last(PyArray_NDIM(a), PyArray_DIMS(a), PyArray_TYPE(a)));
  if (!out || !copy_into(out.array(), a)) return nullptr;
  return reinterpret_cast<PyArrayObject*>(out.release());
}

// ---- for Python

static PyArrayObject* image_argument(PyObject* object, const char* op) {
  PyArrayObject* a = as_array(object, op, "array");
  if (!a || PyArray_NDIM(a) == 4 || PyArray_NDIM(a) == 5) return a;
  PyErr_Format(PyExc_RuntimeError, "%s: expected 4 or 5 dimensions, got %d", op, PyArray_NDIM(a));
  return nullptr;
}

// The type number of a dtype argument, -1 with an exception set.
static int typenum_of(PyObject* dtype) {
  PyArray_Descr* descr = nullptr;
  if (!PyArray_DescrConverter(dtype, &descr)) return -1;
  const int typenum = descr->type_num;
  Py_DECREF(descr);
  return typenum;
}

static PyObject* python_is_dense(PyObject*, PyObject* arg) {
  PyArrayObject* a = as_array(arg, "is_dense", "array");
  return a ? PyBool_FromLong(is_dense(a)) : nullptr;
}

static PyObject* python_is_channels_last(PyObject*, PyObject* arg) {
  PyArrayObject* a = as_array(arg, "is_channels_last", "array");
  return a ? PyBool_FromLong(is_channels_last(a)) : nullptr;
}

static PyObject* python_suggests_channels_last(PyObject*, PyObject* arg) {
  PyArrayObject* a = as_array(arg, "suggests_channels_last", "array");
  return a ? PyBool_FromLong(suggests_channels_last(a)) : nullptr;
}

static PyObject* python_channels_last(PyObject*, PyObject* arg) {
  PyArrayObject* a = image_argument(arg, "channels_last");
  return a ? reinterpret_cast<PyObject*>(channels_last(a)) : nullptr;
}

// empty_channels_last(shape, dtype)
static PyObject* python_empty_channels_last(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2 || !PyTuple_Check(args[0]) || (PyTuple_GET_SIZE(args[0]) != 4 && PyTuple_GET_SIZE(args[0]) != 5))
    return PyErr_Format(PyExc_TypeError, "empty_channels_last: expected (shape of 4 or 5 sizes, dtype)");
  const int ndim = int(PyTuple_GET_SIZE(args[0])), typenum = typenum_of(args[1]);
  int64_t sizes[5];
  if (typenum < 0 || !as_ints(args[0], ndim, sizes, "empty_channels_last", "shape")) return nullptr;
  npy_intp shape[5];
  for (int d = 0; d < ndim; ++d) shape[d] = sizes[d];
  return reinterpret_cast<PyObject*>(new_channels_last(ndim, shape, typenum));
}

// empty_as_laid_out(array, dtype)
static PyObject* python_empty_as_laid_out(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  PyArrayObject* a = nargs == 2 ? as_array(args[0], "empty_as_laid_out", "array") : nullptr;
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "empty_as_laid_out: expected (array, dtype)");
  const int typenum = a ? typenum_of(args[1]) : -1;
  return typenum < 0 ? nullptr : reinterpret_cast<PyObject*>(new_as_laid_out(a, typenum));
}

PyObject* laid_out(PyObject* result, PyObject* const* inputs, Py_ssize_t count) {
  auto* a = reinterpret_cast<PyArrayObject*>(result);
  PyArrayObject* arrays[8];
  bool usual = PyArray_IS_C_CONTIGUOUS(a);
  int used = 0;
  for (Py_ssize_t k = 0; k < count && used < 8; ++k) {
    arrays[used] = PyArray_Check(inputs[k]) ? reinterpret_cast<PyArrayObject*>(inputs[k]) : nullptr;
    if (arrays[used]) {
      if (PyArray_NDIM(arrays[used]) > PyArray_NDIM(a)) return result;
      usual = usual && PyArray_IS_C_CONTIGUOUS(arrays[used]) && PyArray_SAMESHAPE(arrays[used], a);
    }
    ++used;
  }
  if (usual || PyArray_SIZE(a) == 0) return result;
  Ref out(new_elementwise(arrays, used, PyArray_NDIM(a), PyArray_DIMS(a), PyArray_TYPE(a)));
  if (!out) {
    Py_DECREF(result);
    return nullptr;
  }
  if (same_strides(out.array(), a)) return result;
  const bool copied = copy_into(out.array(), a);
  Py_DECREF(result);
  return copied ? out.release() : nullptr;
}

// laid_out(result, inputs...): `result` in the memory order of an elementwise operation on the inputs.
static PyObject* python_laid_out(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs < 1) return PyErr_Format(PyExc_TypeError, "laid_out: expected (result, inputs...)");
  if (!as_array(args[0], "laid_out", "result")) return nullptr;
  return laid_out(Py_NewRef(args[0]), args + 1, nargs - 1);
}

#define FAST(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL
PyMethodDef layout_methods[] = {
    {"is_dense", python_is_dense, METH_O, "Whether some order of its dimensions makes an array contiguous."},
    {"is_channels_last", python_is_channels_last, METH_O, "Whether an array is contiguous in channels-last order."},
    {"suggests_channels_last", python_suggests_channels_last, METH_O,
     "Whether operations on an array give channels-last results."},
    {"channels_last", python_channels_last, METH_O, "The array itself or a copy in channels-last order."},
    {"empty_channels_last", FAST(python_empty_channels_last), "(shape, dtype): uninitialised."},
    {"empty_as_laid_out", FAST(python_empty_as_laid_out), "(array, dtype): uninitialised, dense, in its order."},
    {"laid_out", FAST(python_laid_out), "(result, inputs...): the result as an elementwise operation lays it out."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
