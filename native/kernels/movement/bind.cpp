// Views: new headers over the same memory, every bound checked; and copies between layouts (copy.cpp).

#include "kernels/movement/copy.h"
#include "runtime/array_view.h"

namespace rl {

static PyObject* make_view(PyArrayObject* a, int ndim, const npy_intp* shape, const npy_intp* strides, char* start) {
  PyArray_Descr* descr = PyArray_DESCR(a);
  Py_INCREF(descr);
  const int flags = PyArray_FLAGS(a) & NPY_ARRAY_WRITEABLE;
  PyObject* view = PyArray_NewFromDescr(&PyArray_Type, descr, ndim, shape, strides, start, flags, nullptr);
  if (!view) return nullptr;
  Py_INCREF(a);
  if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(view), reinterpret_cast<PyObject*>(a)) < 0) {
    Py_DECREF(view);
    return nullptr;
  }
  return view;
}

// The array at the end of the chain of bases: its memory is what all views share.
static PyArrayObject* root_of(PyArrayObject* a) {
  while (PyObject* base = PyArray_BASE(a)) {
    if (!PyArray_Check(base)) break;
    a = reinterpret_cast<PyArrayObject*>(base);
  }
  return a;
}

// Lowest and one past the highest byte that an array's elements occupy.
static void extent(PyArrayObject* a, char** low, char** high) {
  *low = *high = PyArray_BYTES(a);
  if (PyArray_SIZE(a) == 0) return;
  for (int i = 0; i < PyArray_NDIM(a); ++i) {
    const npy_intp reach = (PyArray_DIM(a, i) - 1) * PyArray_STRIDE(a, i);
    (reach < 0 ? *low : *high) += reach;
  }
  *high += PyArray_ITEMSIZE(a);
}

static bool shape_argument(PyObject* object, int* ndim, int64_t* values, const char* op, const char* name) {
  if (!PyTuple_Check(object)) {
    PyErr_Format(PyExc_TypeError, "%s: %s must be a tuple of ints, got %s", op, name, Py_TYPE(object)->tp_name);
    return false;
  }
  *ndim = int(PyTuple_GET_SIZE(object));
  if (*ndim > NPY_MAXDIMS) {
    PyErr_Format(PyExc_RuntimeError, "%s: at most %d dimensions, got %d", op, NPY_MAXDIMS, *ndim);
    return false;
  }
  return as_ints(object, *ndim, values, op, name);
}

// as_strided(array, shape, strides, offset): strides in elements; offset in elements from the start of the shared
// memory.
static PyObject* as_strided(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 4) return PyErr_Format(PyExc_TypeError, "as_strided: expected (array, shape, strides, offset)");
  PyArrayObject* a = as_array(args[0], "as_strided", "array");
  int ndim, stride_count;
  int64_t shape[NPY_MAXDIMS], strides[NPY_MAXDIMS], offset;
  if (!a || !shape_argument(args[1], &ndim, shape, "as_strided", "size") ||
      !shape_argument(args[2], &stride_count, strides, "as_strided", "stride") ||
      !as_int(args[3], &offset, "as_strided", "storage_offset"))
    return nullptr;
  if (ndim != stride_count)
    return PyErr_Format(PyExc_RuntimeError, "mismatch in length of strides and shape: %d and %d", stride_count, ndim);
  PyArrayObject* root = root_of(a);
  char *low, *high;
  extent(root, &low, &high);
  const int64_t item = PyArray_ITEMSIZE(a);
  int64_t last = offset;
  bool empty = false, overflow = offset < 0;
  npy_intp dims[NPY_MAXDIMS], steps[NPY_MAXDIMS];
  for (int i = 0; i < ndim; ++i) {
    if (shape[i] < 0 || strides[i] < 0)
      return PyErr_Format(PyExc_RuntimeError,
                          "as_strided: negative sizes and strides are not supported, got size %R, stride %R", args[1],
                          args[2]);
    dims[i] = shape[i];
    overflow |= __builtin_mul_overflow(strides[i], item, &steps[i]);
    int64_t reach = 0;
    if (shape[i] == 0) empty = true;
    if (shape[i] > 0) overflow |= __builtin_mul_overflow(shape[i] - 1, strides[i], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  int64_t end = 0;
  overflow |= __builtin_add_overflow(last, int64_t(1), &end) || __builtin_mul_overflow(end, item, &end);
  if (!empty && (overflow || end > high - low))
    return PyErr_Format(
        PyExc_RuntimeError,
        "setStorage: sizes %R, strides %R, storage offset %lld, and itemsize %lld are out of bounds for storage "
        "of size %lld",
        args[1], args[2], (long long)offset, (long long)item, (long long)(high - low));
  return make_view(a, ndim, dims, steps, empty ? low : low + offset * item);
}

// storage_offset(array): distance in elements from the start of the shared memory.
static PyObject* storage_offset(PyObject*, PyObject* arg) {
  PyArrayObject* a = as_array(arg, "storage_offset", "array");
  if (!a) return nullptr;
  char *low, *high;
  extent(root_of(a), &low, &high);
  const int64_t item = PyArray_ITEMSIZE(a);
  return PyLong_FromLongLong(item ? (PyArray_BYTES(a) - low) / item : 0);
}

// (array, value by position or by this name): the value, borrowed; else TypeError
static PyObject* one_argument(const char* op, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords,
                              const char* name) {
  const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  if (nargs + named == 2 && nargs >= 1 &&
      (!named || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), name) == 0))
    return args[1];
  PyErr_Format(PyExc_TypeError, "%s: expected (array, %s)", op, name);
  return nullptr;
}

// expand(array, shape): size-1 dimensions repeated, new ones in front, by zero strides.
static PyObject* expand(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  PyObject* const shape_given = one_argument("expand", args, nargs, keywords, "shape");
  if (!shape_given) return nullptr;
  PyArrayObject* a = as_array(args[0], "expand", "array");
  int ndim;
  int64_t shape[NPY_MAXDIMS];
  if (!a || !shape_argument(shape_given, &ndim, shape, "expand", "shape")) return nullptr;
  const int lead = ndim - PyArray_NDIM(a);
  if (lead < 0) return PyErr_Format(PyExc_RuntimeError, "expand: %R has fewer dimensions than the array", shape_given);
  npy_intp dims[NPY_MAXDIMS], steps[NPY_MAXDIMS];
  for (int i = 0; i < ndim; ++i) {
    dims[i] = shape[i];
    steps[i] = 0;
    if (shape[i] < 0) return PyErr_Format(PyExc_RuntimeError, "expand: negative size in %R", shape_given);
    if (i < lead) continue;
    const npy_intp size = PyArray_DIM(a, i - lead);
    if (size == shape[i])
      steps[i] = PyArray_STRIDE(a, i - lead);
    else if (size != 1)
      return PyErr_Format(PyExc_RuntimeError, "expand: size %zd at dimension %d does not expand to %lld",
                          (Py_ssize_t)size, i, (long long)shape[i]);
  }
  return make_view(a, ndim, dims, steps, PyArray_BYTES(a));
}

// permute(array, axes): axes a permutation of the dimensions, none negative.
static PyObject* permute(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  PyObject* const axes_given = one_argument("permute", args, nargs, keywords, "axes");
  if (!axes_given) return nullptr;
  PyArrayObject* a = as_array(args[0], "permute", "array");
  int ndim;
  int64_t axes[NPY_MAXDIMS];
  if (!a || !shape_argument(axes_given, &ndim, axes, "permute", "axes")) return nullptr;
  uint64_t seen = 0;
  npy_intp dims[NPY_MAXDIMS], steps[NPY_MAXDIMS];
  bool valid = ndim == PyArray_NDIM(a);
  for (int i = 0; valid && i < ndim; ++i) {
    valid = axes[i] >= 0 && axes[i] < ndim && !(seen >> axes[i] & 1);
    if (!valid) break;
    seen |= uint64_t(1) << axes[i];
    dims[i] = PyArray_DIM(a, int(axes[i]));
    steps[i] = PyArray_STRIDE(a, int(axes[i]));
  }
  if (!valid) return PyErr_Format(PyExc_RuntimeError, "permute: %R is no permutation of the dimensions", axes_given);
  return make_view(a, ndim, dims, steps, PyArray_BYTES(a));
}

// The same elements under another shape without a copy, or None where the strides forbid it.
static PyObject* try_view(PyObject* array, PyObject* given) {
  PyArrayObject* a = as_array(array, "view", "array");
  int ndim;
  int64_t shape[NPY_MAXDIMS];
  if (!a || !shape_argument(given, &ndim, shape, "view", "shape")) return nullptr;
  int64_t count = 1;
  for (int i = 0; i < ndim; ++i)
    if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count))
      return PyErr_Format(PyExc_RuntimeError, "view: invalid shape %R", given);
  const int64_t size = PyArray_SIZE(a), item = PyArray_ITEMSIZE(a);
  if (count != size)
    return PyErr_Format(PyExc_RuntimeError, "shape '%R' is invalid for input of size %lld", given, (long long)size);
  npy_intp dims[NPY_MAXDIMS], steps[NPY_MAXDIMS];
  for (int i = 0; i < ndim; ++i) dims[i] = shape[i];
  if (size == 0) {
    int64_t step = item;
    for (int i = ndim - 1; i >= 0; --i) {
      steps[i] = step;
      step *= dims[i] > 1 ? dims[i] : 1;
    }
    return make_view(a, ndim, dims, steps, PyArray_BYTES(a));
  }
  // Walk runs of old dimensions that lie densely behind each other; each must be filled by whole new dimensions.
  int target = ndim - 1;
  const int old_ndim = PyArray_NDIM(a);
  int64_t run = 1, filled = 1;
  npy_intp inner = old_ndim ? PyArray_STRIDE(a, old_ndim - 1) : item;
  for (int i = old_ndim - 1; i >= 0; --i) {
    run *= PyArray_DIM(a, i);
    const bool ends = i == 0 || (PyArray_DIM(a, i - 1) != 1 && PyArray_STRIDE(a, i - 1) != run * inner);
    if (!ends) continue;
    while (target >= 0 && (filled < run || dims[target] == 1)) {
      steps[target] = filled * inner;
      filled *= dims[target];
      --target;
    }
    if (filled != run) Py_RETURN_NONE;
    if (i > 0) {
      inner = PyArray_STRIDE(a, i - 1);
      run = filled = 1;
    }
  }
  for (; target >= 0; --target) steps[target] = inner;  // leading ones
  return make_view(a, ndim, dims, steps, PyArray_BYTES(a));
}

// view_or_none(array, shape)
static PyObject* view_or_none(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  PyObject* shape = one_argument("view_or_none", args, nargs, keywords, "shape");
  return shape ? try_view(args[0], shape) : nullptr;
}

// view(array, shape): RuntimeError where the strides forbid it.
static PyObject* view(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  PyObject* shape = one_argument("view", args, nargs, keywords, "shape");
  PyObject* result = shape ? try_view(args[0], shape) : nullptr;
  if (result != Py_None) return result;
  Py_DECREF(result);
  return PyErr_Format(PyExc_RuntimeError,
                      "view size is not compatible with input tensor's size and stride (at least one dimension spans "
                      "across two contiguous subspaces). Use .reshape(...) instead.");
}

// t(array): a matrix transposed.
static PyObject* t(PyObject*, PyObject* array) {
  PyArrayObject* a = as_array(array, "t", "array");
  if (!a) return nullptr;
  if (PyArray_NDIM(a) != 2)
    return PyErr_Format(PyExc_RuntimeError, "t: expected a matrix, got %d dimensions", PyArray_NDIM(a));
  const npy_intp dims[] = {PyArray_DIM(a, 1), PyArray_DIM(a, 0)};
  const npy_intp steps[] = {PyArray_STRIDE(a, 1), PyArray_STRIDE(a, 0)};
  return make_view(a, 2, dims, steps, PyArray_BYTES(a));
}

// unsqueeze(array, axis): a new axis of size 1 before `axis`.
static PyObject* unsqueeze(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  PyObject* given = one_argument("unsqueeze", args, nargs, keywords, "axis");
  int64_t axis;
  if (!given || !as_int(given, &axis, "unsqueeze", "axis")) return nullptr;
  PyArrayObject* a = as_array(args[0], "unsqueeze", "array");
  if (!a) return nullptr;
  const int ndim = PyArray_NDIM(a);
  if (axis < 0 || axis > ndim)
    return PyErr_Format(PyExc_IndexError, "unsqueeze: axis %lld of %d dimensions", (long long)axis, ndim + 1);
  if (ndim == NPY_MAXDIMS) return PyErr_Format(PyExc_RuntimeError, "unsqueeze: at most %d dimensions", NPY_MAXDIMS);
  npy_intp dims[NPY_MAXDIMS], steps[NPY_MAXDIMS];
  for (int i = 0; i <= ndim; ++i) {
    const int from = i < axis ? i : i - 1;
    dims[i] = i == axis ? 1 : PyArray_DIM(a, from);
    steps[i] = i == axis ? 0 : PyArray_STRIDE(a, from);
  }
  // Of the new axis any stride would do; the one of a contiguous array keeps its numbers plain.
  if (axis == ndim)
    steps[axis] = PyArray_ITEMSIZE(a);
  else if (__builtin_mul_overflow(dims[axis + 1], steps[axis + 1], &steps[axis]))
    steps[axis] = 0;  // an empty array
  return make_view(a, ndim + 1, dims, steps, PyArray_BYTES(a));
}

#define FAST(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL

// (array, n ints by position or by these names) -> true; else TypeError
static bool int_arguments(const char* op, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords, int n,
                          const char* const* names, int64_t* values) {
  const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  if (nargs + named != n + 1 || nargs < 1) {
    PyErr_Format(PyExc_TypeError, "%s: expected an array and %d ints", op, n);
    return false;
  }
  uint64_t seen = 0;
  for (Py_ssize_t i = 1; i < nargs + named; ++i) {
    int at = int(i) - 1;
    if (i >= nargs) {
      PyObject* name = PyTuple_GET_ITEM(keywords, i - nargs);
      for (at = 0; at < n && PyUnicode_CompareWithASCIIString(name, names[at]) != 0;) ++at;
    }
    if (at >= n || (seen >> at & 1)) {
      PyErr_Format(PyExc_TypeError, "%s: unexpected argument", op);
      return false;
    }
    seen |= uint64_t(1) << at;
    if (!as_int(args[i], &values[at], op, names[at])) return false;
  }
  return true;
}

static bool valid_axis(PyArrayObject* a, int64_t axis, const char* op) {
  if (axis >= 0 && axis < PyArray_NDIM(a)) return true;
  PyErr_Format(PyExc_IndexError, "%s: axis %lld of %d dimensions", op, (long long)axis, PyArray_NDIM(a));
  return false;
}

// select(array, axis, index): one index along an axis, which disappears.
static PyObject* select(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  static const char* const names[] = {"axis", "index"};
  int64_t values[2];
  if (!int_arguments("select", args, nargs, keywords, 2, names, values)) return nullptr;
  PyArrayObject* a = as_array(args[0], "select", "array");
  if (!a || !valid_axis(a, values[0], "select")) return nullptr;
  const int axis = int(values[0]), ndim = PyArray_NDIM(a);
  const int64_t size = PyArray_DIM(a, axis);
  int64_t index = values[1];
  if (index < -size || index >= size)
    return PyErr_Format(PyExc_IndexError, "select: index %lld is out of bounds for axis %d with size %lld",
                        (long long)index, axis, (long long)size);
  if (index < 0) index += size;
  npy_intp dims[NPY_MAXDIMS], steps[NPY_MAXDIMS];
  for (int i = 0, k = 0; i < ndim; ++i) {
    if (i == axis) continue;
    dims[k] = PyArray_DIM(a, i);
    steps[k++] = PyArray_STRIDE(a, i);
  }
  return make_view(a, ndim - 1, dims, steps, PyArray_BYTES(a) + index * PyArray_STRIDE(a, axis));
}

// slice(array, axis, start, stop, step): as Python slices, step not 0.
static PyObject* slice(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  static const char* const names[] = {"axis", "start", "stop", "step"};
  int64_t values[4];
  if (!int_arguments("slice", args, nargs, keywords, 4, names, values)) return nullptr;
  PyArrayObject* a = as_array(args[0], "slice", "array");
  if (!a || !valid_axis(a, values[0], "slice")) return nullptr;
  const int axis = int(values[0]);
  Py_ssize_t start = values[1], stop = values[2];
  const int64_t step = values[3];
  if (step == 0 || step < -PY_SSIZE_T_MAX) return PyErr_Format(PyExc_ValueError, "slice: step must not be 0");
  const Py_ssize_t count = PySlice_AdjustIndices(PyArray_DIM(a, axis), &start, &stop, step);
  npy_intp dims[NPY_MAXDIMS], steps[NPY_MAXDIMS];
  for (int i = 0; i < PyArray_NDIM(a); ++i) {
    dims[i] = PyArray_DIM(a, i);
    steps[i] = PyArray_STRIDE(a, i);
  }
  dims[axis] = count;
  if (count > 1) steps[axis] *= step;  // with two elements the product spans no more than the array
  return make_view(a, PyArray_NDIM(a), dims, steps,
                   count ? PyArray_BYTES(a) + start * PyArray_STRIDE(a, axis) : PyArray_BYTES(a));
}

#define FAST_KEYWORDS(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL | METH_KEYWORDS
PyMethodDef movement_methods[] = {{"as_strided", FAST(as_strided), "View with given shape, strides and offset."},
                                  {"storage_offset", storage_offset, METH_O, "Elements before the view's first."},
                                  {"expand", FAST_KEYWORDS(expand), "Broadcast view."},
                                  {"permute", FAST_KEYWORDS(permute), "Reordered dimensions."},
                                  {"view", FAST_KEYWORDS(view), "Reshaped view."},
                                  {"view_or_none", FAST_KEYWORDS(view_or_none), "Reshaped view, or None."},
                                  {"t", t, METH_O, "A matrix transposed."},
                                  {"unsqueeze", FAST_KEYWORDS(unsqueeze), "View with a new axis of size 1."},
                                  {"select", FAST_KEYWORDS(select), "View of one index along an axis."},
                                  {"slice", FAST_KEYWORDS(slice), "View of start:stop:step along an axis."},
                                  {"copy", FAST(copy_array), "copy(target, source): target[...] = source."},
                                  {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
