#include "kernels/order/order.h"
#include "runtime/array_view.h"

namespace rl {

static int order_type(PyArrayObject* a) {
  switch (PyArray_TYPE(a)) {
    case NPY_FLOAT32:
      return kOrderF32;
    case NPY_FLOAT64:
      return kOrderF64;
    case NPY_INT32:
      return kOrderI32;
    case NPY_INT64:
    case NPY_LONGLONG:
      return kOrderI64;
  }
  return -1;
}

// A C-contiguous array of at least one dimension of a type that has kernels; its type in *type.
static PyArrayObject* order_input(PyObject* object, const char* op, int* type) {
  PyArrayObject* a = as_array(object, op, "a");
  if (!a) return nullptr;
  *type = order_type(a);
  if (*type < 0 || !is_contiguous(a) || PyArray_NDIM(a) == 0) {
    PyErr_Format(PyExc_TypeError,
                 "%s: expected a C-contiguous float32, float64, int32 or int64 array of at least one dimension", op);
    return nullptr;
  }
  return a;
}

static bool row_length(PyArrayObject* a, const char* op, int64_t* rows, int64_t* n) {
  *n = PyArray_DIM(a, PyArray_NDIM(a) - 1);
  *rows = *n ? PyArray_SIZE(a) / *n : 0;
  if (*n < INT64_C(1) << 32) return true;
  PyErr_Format(PyExc_ValueError, "%s: rows of 2^32 and more items are not supported", op);
  return false;
}

// sort_last(a, descending): (values, indices)
static PyObject* sort_last(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "sort_last: expected (a, descending)");
  int type;
  int64_t rows, n;
  PyArrayObject* a = order_input(args[0], "sort_last", &type);
  if (!a) return nullptr;
  const int descending = PyObject_IsTrue(args[1]);
  if (descending < 0 || !row_length(a, "sort_last", &rows, &n)) return nullptr;
  Ref values(new_array_like(a)), indices(new_array(PyArray_NDIM(a), PyArray_DIMS(a), NPY_INT64));
  if (!values || !indices) return nullptr;
  bool done;
  {
    GilRelease nogil(PyArray_SIZE(a));
    done = sort_rows(type, PyArray_DATA(a), PyArray_DATA(values.array()), data<int64_t>(indices.array()), rows, n,
                     descending);
  }
  if (!done) return out_of_work_memory("sort");
  return PyTuple_Pack(2, values.object, indices.object);
}

// topk_last(a, k, largest): (values, indices), in order
static PyObject* topk_last(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 3) return PyErr_Format(PyExc_TypeError, "topk_last: expected (a, k, largest)");
  int type;
  int64_t rows, n, k;
  PyArrayObject* a = order_input(args[0], "topk_last", &type);
  if (!a) return nullptr;
  const int largest = PyObject_IsTrue(args[2]);
  if (largest < 0 || !as_int(args[1], &k, "topk_last", "k") || !row_length(a, "topk_last", &rows, &n)) return nullptr;
  if (k < 1 || k > n || k > kMostKept)
    return PyErr_Format(PyExc_ValueError, "topk_last: k must be 1 to %lld and no more than the %lld items of a row",
                        static_cast<long long>(kMostKept), static_cast<long long>(n));
  npy_intp shape[NPY_MAXDIMS];
  for (int d = 0; d < PyArray_NDIM(a); ++d) shape[d] = PyArray_DIM(a, d);
  shape[PyArray_NDIM(a) - 1] = k;
  Ref values(new_array(PyArray_NDIM(a), shape, PyArray_TYPE(a))), indices(new_array(PyArray_NDIM(a), shape, NPY_INT64));
  if (!values || !indices) return nullptr;
  {
    GilRelease nogil(PyArray_SIZE(a));
    first_of_rows(type, PyArray_DATA(a), PyArray_DATA(values.array()), data<int64_t>(indices.array()), rows, n, k,
                  largest);
  }
  return PyTuple_Pack(2, values.object, indices.object);
}

static PyObject* running_along(PyObject* const* args, Py_ssize_t nargs, const char* op, bool product) {
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "%s: expected (a, axis)", op);
  int type;
  int64_t axis;
  PyArrayObject* a = order_input(args[0], op, &type);
  if (!a || !as_int(args[1], &axis, op, "axis")) return nullptr;
  const int ndim = PyArray_NDIM(a);
  if (axis < 0) axis += ndim;
  if (axis < 0 || axis >= ndim) return PyErr_Format(PyExc_ValueError, "%s: the array has no such axis", op);
  int64_t outer = 1, inner = 1;
  for (int d = 0; d < axis; ++d) outer *= PyArray_DIM(a, d);
  for (int d = int(axis) + 1; d < ndim; ++d) inner *= PyArray_DIM(a, d);
  Ref out(new_array(ndim, PyArray_DIMS(a), type >= kOrderI32 ? int(NPY_INT64) : PyArray_TYPE(a)));
  if (!out) return nullptr;
  if (PyArray_SIZE(a)) {
    GilRelease nogil(PyArray_SIZE(a));
    running(type, product, PyArray_DATA(a), PyArray_DATA(out.array()), outer, PyArray_DIM(a, axis), inner);
  }
  return out.release();
}
static PyObject* cumsum(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return running_along(args, nargs, "cumsum", false);
}
static PyObject* cumprod(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return running_along(args, nargs, "cumprod", true);
}

#define RL_FAST(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL

PyMethodDef order_methods[] = {
    {"sort_last", RL_FAST(sort_last), "sort_last(a, descending): values and indices along the last axis; stable."},
    {"topk_last", RL_FAST(topk_last), "topk_last(a, k, largest): the first k of the sorted last axis."},
    {"cumsum", RL_FAST(cumsum), "cumsum(a, axis): running sums; of integers as int64."},
    {"cumprod", RL_FAST(cumprod), "cumprod(a, axis): running products; of integers as int64."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
