// In-place calls that leave no history: add_, mul_, zero_, fill_, copy_, x[i] = v, ... on operands that fit as they
// are. What may have to be recorded or is forbidden (leaves, views of tensors with a history), other types, shapes that
// do not fit and all errors are the Python function's.

#include <cfloat>
#include <cmath>
#include <cstring>

#include "runtime/bindings.h"
#include "runtime/records.h"
#include "runtime/shortcut.h"

namespace rl {

// Whether nothing done with the tensor is recorded: nobody records, or neither the tensor nor, for a plain view, its
// base has a history or requires grad.
static bool is_quiet(PyObject* tensor) {
  if (!grad_enabled()) return true;
  if (field(tensor, kNode) != Py_None || is_wanted_leaf(tensor)) return false;
  PyObject* view = field(tensor, kView);
  if (view == Py_None) return true;
  if (!PyTuple_Check(view) || PyTuple_GET_SIZE(view) != 3 || PyTuple_GET_ITEM(view, 2) != Py_None) return false;
  PyObject* base = PyTuple_GET_ITEM(view, 0);
  return is_tensor(base) && !may_need_grad(base);
}

static bool writes_quietly(PyObject* self) { return PyArray_ISWRITEABLE(array_of(self)) && is_quiet(self); }
static bool reads_quietly(PyObject* tensor) { return PyArray_Check(field(tensor, kArray)) && is_quiet(tensor); }

static PyObject* written(PyObject* self) { return count_write(self) ? Py_NewRef(self) : nullptr; }

static bool is_float(int typenum) { return typenum == NPY_FLOAT32 || typenum == NPY_FLOAT64; }
static bool is_int(int typenum) { return typenum == NPY_INT32 || typenum == NPY_INT64; }

// A plain number that an array of this type holds (floats: rounded).
static bool number_fits(PyObject* value, int typenum) {
  if (PyFloat_CheckExact(value)) {
    const double x = PyFloat_AS_DOUBLE(value);
    return typenum == NPY_FLOAT64 || (typenum == NPY_FLOAT32 && (!std::isfinite(x) || std::fabs(x) <= FLT_MAX));
  }
  int64_t x;
  if (!plain_int(value, &x)) return PyBool_Check(value) && typenum == NPY_BOOL;
  return is_float(typenum) || typenum == NPY_INT64 || (typenum == NPY_INT32 && x >= INT32_MIN && x <= INT32_MAX);
}

// Whether `b` broadcasts to the shape of `a`.
static bool broadcasts_to(PyArrayObject* b, PyArrayObject* a) {
  const int lead = PyArray_NDIM(a) - PyArray_NDIM(b);
  if (lead < 0) return false;
  for (int d = 0; d < PyArray_NDIM(b); ++d)
    if (PyArray_DIM(b, d) != 1 && PyArray_DIM(b, d) != PyArray_DIM(a, d + lead)) return false;
  return true;
}

static PyObject* call_kernel(PyObject* kernel, PyObject* const* arguments, size_t count, PyObject* self, bool* mine) {
  Ref done(PyObject_Vectorcall(kernel, arguments, count, nullptr));
  if (done) return written(self);
  PyErr_Clear();
  return not_mine(mine);
}

static PyObject* inplace_binary(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool ints,
                                bool* mine) {
  PyArrayObject* a = array_of(self);
  const int type = PyArray_TYPE(a);
  PyObject* kernel = as_op(f->op[0])->kernel;
  if (nargs != 1 || !kernel || !PyArray_IS_C_CONTIGUOUS(a) || !writes_quietly(self)) return not_mine(mine);
  PyObject* other = args[0];
  if (is_tensor(other)) {
    PyArrayObject* b = array_of(other);
    if (!reads_quietly(other) || PyArray_TYPE(b) != type || !broadcasts_to(b, a)) return not_mine(mine);
    other = reinterpret_cast<PyObject*>(b);
  } else if (!number_fits(other, type)) {
    return not_mine(mine);
  }
  if (!is_float(type) && !(ints && is_int(type))) return not_mine(mine);
  Ref array(Py_NewRef(reinterpret_cast<PyObject*>(a))), operand(Py_NewRef(other));
  PyObject* arguments[] = {array.object, operand.object, array.object};
  return call_kernel(kernel, arguments, 3, self, mine);
}

// x.add_(y), x += y
PyObject* inplace_binary_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  return inplace_binary(f, self, args, nargs, true, mine);
}
PyObject* inplace_division_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  return inplace_binary(f, self, args, nargs, false, mine);  // what ints give does not fit
}

// x.exp_()
PyObject* inplace_unary_call(Shortcut* f, PyObject* self, PyObject* const*, Py_ssize_t nargs, bool* mine) {
  PyArrayObject* a = array_of(self);
  PyObject* kernel = as_op(f->op[0])->kernel;
  if (nargs || !kernel || !is_float(PyArray_TYPE(a)) || !PyArray_IS_C_CONTIGUOUS(a) || !writes_quietly(self))
    return not_mine(mine);
  Ref array(Py_NewRef(reinterpret_cast<PyObject*>(a)));
  PyObject* arguments[] = {array.object, array.object};
  return call_kernel(kernel, arguments, 2, self, mine);
}

// x.fill_(0.5)
PyObject* fill_call(Shortcut*, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  PyArrayObject* a = array_of(self);
  if (nargs != 1 || !number_fits(args[0], PyArray_TYPE(a)) || !writes_quietly(self)) return not_mine(mine);
  if (PyArray_FillWithScalar(a, args[0]) < 0) {
    PyErr_Clear();
    return not_mine(mine);
  }
  return written(self);
}

PyObject* zero_call(Shortcut*, PyObject* self, PyObject* const*, Py_ssize_t nargs, bool* mine) {
  PyArrayObject* a = array_of(self);
  if (nargs || !PyArray_IS_C_CONTIGUOUS(a) || PyArray_TYPE(a) == NPY_OBJECT || !writes_quietly(self))
    return not_mine(mine);
  std::memset(PyArray_DATA(a), 0, size_t(PyArray_NBYTES(a)));
  return written(self);
}

// x.copy_(y) of one type and shape, small (large ones are the kernel's, with its threads and stores past the caches)
PyObject* copy_call(Shortcut*, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  constexpr npy_intp most = 1 << 16;
  PyArrayObject* a = array_of(self);
  if (nargs != 1 || !is_tensor(args[0]) || !reads_quietly(args[0]) || !writes_quietly(self)) return not_mine(mine);
  PyArrayObject* b = array_of(args[0]);
  const npy_intp bytes = PyArray_NBYTES(a);
  const char *to = PyArray_BYTES(a), *from = PyArray_BYTES(b);
  if (a == b || PyArray_TYPE(a) != PyArray_TYPE(b) || !PyArray_SAMESHAPE(a, b) || bytes > most ||
      !PyArray_IS_C_CONTIGUOUS(a) || !PyArray_IS_C_CONTIGUOUS(b) || (from < to + bytes && to < from + bytes))
    return not_mine(mine);
  std::memcpy(PyArray_DATA(a), from, size_t(bytes));
  return written(self);
}

// A key that NumPy reads as PyTorch does: ints, slices, None, `...`; a mask of leading dimensions with a number.
static PyObject* numpy_key(PyObject* key, PyArrayObject* a, bool number) {
  int skipped;
  if (is_tensor(key)) {
    if (!number || !PyArray_Check(field(key, kArray))) return nullptr;
    PyArrayObject* mask = array_of(key);
    if (PyArray_TYPE(mask) != NPY_BOOL || PyArray_NDIM(mask) == 0 || PyArray_NDIM(mask) > PyArray_NDIM(a))
      return nullptr;
    for (int d = 0; d < PyArray_NDIM(mask); ++d)
      if (PyArray_DIM(mask, d) != PyArray_DIM(a, d)) return nullptr;
    return reinterpret_cast<PyObject*>(mask);
  }
  if (PyTuple_CheckExact(key)) return basic_key_fits(key, a, &skipped) ? key : nullptr;
  if (PyArray_NDIM(a) == 0) return nullptr;
  const int64_t size = PyArray_DIM(a, 0);
  int64_t index;
  Py_ssize_t start, stop;
  if (plain_int(key, &index)) return index >= -size && index < size ? key : nullptr;
  return plain_slice(key, size, &start, &stop) ? key : nullptr;
}

// x[key] = value
PyObject* setitem_call(Shortcut*, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  PyArrayObject* a = array_of(self);
  if (nargs != 2 || !writes_quietly(self)) return not_mine(mine);
  PyObject *key = args[0], *value = args[1];
  const bool number = !is_tensor(value);
  if (number ? !number_fits(value, PyArray_TYPE(a)) : !reads_quietly(value)) return not_mine(mine);
  if (!number) {
    value = field(value, kArray);
    if (PyArray_TYPE(reinterpret_cast<PyArrayObject*>(value)) != PyArray_TYPE(a)) return not_mine(mine);
  }
  for (int d = 0; d < PyArray_NDIM(a); ++d)
    if (PyArray_STRIDE(a, d) == 0 && PyArray_DIM(a, d) > 1) return not_mine(mine);  // expanded
  key = numpy_key(key, a, number);
  if (!key) return not_mine(mine);
  Ref array(Py_NewRef(reinterpret_cast<PyObject*>(a))), held(Py_NewRef(value)), place(Py_NewRef(key));
  if (PyObject_SetItem(array.object, place.object, held.object) < 0) {
    PyErr_Clear();
    return not_mine(mine);
  }
  if (!count_write(self)) return nullptr;
  Py_RETURN_NONE;
}

}  // namespace rl
