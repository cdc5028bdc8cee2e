// The commonest calls of cheap functions, without Python in between: view, reshape, flatten, transpose, permute, T,
// squeeze, unsqueeze, expand, size and x[...] with plain ints (and slices), linear on matrices, cat, writes in place. A
// Shortcut stands for a Python function of the same arguments and hands it every call that is not one of these, errors
// included; it binds as a method as functions do.

#include "runtime/shortcut.h"

#include <cfloat>
#include <cmath>
#include <cstddef>

#include "runtime/bindings.h"

namespace rl {

static PyObject *shape_names, *axes_names, *axis_names, *select_names, *slice_names,
    *concat_names;  // tuples of keywords

static PyObject* call_op(PyObject* op, PyObject* tensor, PyObject* names, PyObject* value) {
  if (!value) return nullptr;
  PyObject* arguments[] = {tensor, value};
  return PyObject_Vectorcall(op, arguments, 1, names);
}

// f(2, 3) or f((2, 3)): the ints, at most NPY_MAXDIMS; false if it is anything else.
static bool plain_ints(PyObject* const* args, Py_ssize_t nargs, int64_t* values, int* count) {
  if (nargs == 1 && (PyTuple_Check(args[0]) || PyList_CheckExact(args[0]))) {
    nargs = PySequence_Fast_GET_SIZE(args[0]);
    args = PySequence_Fast_ITEMS(args[0]);
  }
  if (nargs > NPY_MAXDIMS) return false;
  for (Py_ssize_t i = 0; i < nargs; ++i)
    if (!plain_int(args[i], &values[i])) return false;
  *count = int(nargs);
  return true;
}

static PyObject* tuple_of(const int64_t* values, int count) {
  PyObject* tuple = PyTuple_New(count);
  for (int i = 0; tuple && i < count; ++i) {
    PyObject* value = PyLong_FromLongLong(values[i]);
    if (!value) Py_CLEAR(tuple);
    if (tuple) PyTuple_SET_ITEM(tuple, i, value);
  }
  return tuple;
}

// Fills in a -1; false unless the sizes then multiply to `size`.
static bool resolve(int64_t* shape, int ndim, int64_t size) {
  int64_t known = 1;
  int unknown = -1;
  for (int i = 0; i < ndim; ++i) {
    if (shape[i] == -1 && unknown < 0)
      unknown = i;
    else if (shape[i] < 0 || __builtin_mul_overflow(known, shape[i], &known))
      return false;
  }
  if (unknown < 0) return known == size;
  if (known == 0 || size % known) return false;
  shape[unknown] = size / known;
  return true;
}

static PyObject* view_as(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool always_fits,
                         bool* mine) {
  auto* a = reinterpret_cast<PyArrayObject*>(field(self, kArray));
  int64_t shape[NPY_MAXDIMS];
  int ndim;
  if (!nargs || !always_fits || !plain_ints(args, nargs, shape, &ndim) || !resolve(shape, ndim, PyArray_SIZE(a)))
    return not_mine(mine);
  Ref sizes(tuple_of(shape, ndim));
  return call_op(f->op[0], self, shape_names, sizes.object);
}

static PyObject* view_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  return view_as(f, self, args, nargs, true, mine);
}
static PyObject* reshape_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  return view_as(f, self, args, nargs, PyArray_IS_C_CONTIGUOUS(array_of(self)), mine);
}

// flatten(): all dimensions of a contiguous tensor
static PyObject* flatten_call(Shortcut* f, PyObject* self, PyObject* const*, Py_ssize_t nargs, bool* mine) {
  auto* a = reinterpret_cast<PyArrayObject*>(field(self, kArray));
  if (nargs || PyArray_NDIM(a) == 0 || !PyArray_IS_C_CONTIGUOUS(a)) return not_mine(mine);
  if (PyArray_NDIM(a) == 1) return Py_NewRef(self);
  const int64_t size = PyArray_SIZE(a);
  Ref sizes(tuple_of(&size, 1));
  return call_op(f->op[0], self, shape_names, sizes.object);
}

// A dimension counted from the front; false outside [-ndim, ndim).
static bool wrap(int64_t* dim, int ndim) {
  if (*dim < 0) *dim += ndim;
  return *dim >= 0 && *dim < ndim;
}

static PyObject* transpose_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  const int ndim = PyArray_NDIM(reinterpret_cast<PyArrayObject*>(field(self, kArray)));
  int64_t a, b, axes[NPY_MAXDIMS];
  if (nargs != 2 || !plain_int(args[0], &a) || !plain_int(args[1], &b) || !wrap(&a, ndim) || !wrap(&b, ndim))
    return not_mine(mine);
  for (int i = 0; i < ndim; ++i) axes[i] = i == a ? b : i == b ? a : i;
  Ref order(tuple_of(axes, ndim));
  return call_op(f->op[0], self, axes_names, order.object);
}

static PyObject* permute_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  const int ndim = PyArray_NDIM(reinterpret_cast<PyArrayObject*>(field(self, kArray)));
  int64_t axes[NPY_MAXDIMS];
  int count;
  bool seen[NPY_MAXDIMS] = {};
  if (!nargs || !plain_ints(args, nargs, axes, &count) || count != ndim) return not_mine(mine);
  for (int i = 0; i < ndim; ++i) {
    if (!wrap(&axes[i], ndim) || seen[axes[i]]) return not_mine(mine);
    seen[axes[i]] = true;
  }
  Ref order(tuple_of(axes, ndim));
  return call_op(f->op[0], self, axes_names, order.object);
}

static PyObject* unsqueeze_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  const int ndim = PyArray_NDIM(reinterpret_cast<PyArrayObject*>(field(self, kArray)));
  int64_t dim;
  if (nargs != 1 || !plain_int(args[0], &dim) || !wrap(&dim, ndim + 1)) return not_mine(mine);
  Ref axis(PyLong_FromLongLong(dim));
  return call_op(f->op[0], self, axis_names, axis.object);
}

bool plain_slice(PyObject* object, int64_t size, Py_ssize_t* start, Py_ssize_t* stop) {
  if (!PySlice_Check(object)) return false;
  auto* s = reinterpret_cast<PySliceObject*>(object);
  if (s->step != Py_None || (s->start != Py_None && !PyLong_CheckExact(s->start)) ||
      (s->stop != Py_None && !PyLong_CheckExact(s->stop)))
    return false;
  Py_ssize_t step;
  if (PySlice_Unpack(object, start, stop, &step) < 0) {
    PyErr_Clear();
    return false;
  }
  PySlice_AdjustIndices(size, start, stop, step);
  if (*stop < *start) *stop = *start;
  return true;
}

static PyObject* call_select(Shortcut* f, PyObject* tensor, int axis, PyObject* index) {
  Ref at(PyLong_FromLong(axis));
  PyObject* arguments[] = {tensor, at.object, index};
  return at ? PyObject_Vectorcall(f->op[0], arguments, 1, select_names) : nullptr;
}

static PyObject* call_slice(Shortcut* f, PyObject* tensor, int axis, Py_ssize_t start, Py_ssize_t stop) {
  Ref at(PyLong_FromLong(axis)), first(PyLong_FromSsize_t(start)), last(PyLong_FromSsize_t(stop)),
      one(PyLong_FromLong(1));
  if (!at || !first || !last || !one) return nullptr;
  PyObject* arguments[] = {tensor, at.object, first.object, last.object, one.object};
  return PyObject_Vectorcall(f->op[1], arguments, 1, slice_names);
}

static PyObject* call_unsqueeze(Shortcut* f, PyObject* tensor, int axis) {
  Ref at(PyLong_FromLong(axis));
  return call_op(f->op[2], tensor, axis_names, at.object);
}

bool basic_key_fits(PyObject* key, PyArrayObject* a, int* skipped) {
  const Py_ssize_t count = PyTuple_GET_SIZE(key);
  const int ndim = PyArray_NDIM(a);
  int used = 0, added = 0, ellipses = 0;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PyTuple_GET_ITEM(key, i);
    if (item == Py_None)
      ++added;
    else if (item == Py_Ellipsis)
      ++ellipses;
    else
      ++used;
  }
  if (ellipses > 1 || used > ndim || ndim + added > NPY_MAXDIMS) return false;
  *skipped = ndim - used;
  for (Py_ssize_t i = 0, dim = 0; i < count; ++i) {
    PyObject* item = PyTuple_GET_ITEM(key, i);
    if (item == Py_None) continue;
    if (item == Py_Ellipsis) {
      dim += *skipped;
      continue;
    }
    const int64_t size = PyArray_DIM(a, int(dim++));
    int64_t index;
    Py_ssize_t start, stop;
    if (plain_int(item, &index) ? index < -size || index >= size : !plain_slice(item, size, &start, &stop))
      return false;
  }
  return true;
}

static PyObject* tuple_item(Shortcut* f, PyObject* self, PyObject* key, bool* mine) {
  auto* a = reinterpret_cast<PyArrayObject*>(field(self, kArray));
  int skipped;
  if (!basic_key_fits(key, a, &skipped)) return not_mine(mine);
  Ref view(Py_NewRef(self));
  for (Py_ssize_t i = 0, axis = 0, dim = 0; i < PyTuple_GET_SIZE(key); ++i) {
    PyObject* item = PyTuple_GET_ITEM(key, i);
    if (item == Py_Ellipsis) {
      axis += skipped;
      dim += skipped;
      continue;
    }
    PyObject* next = nullptr;
    if (item == Py_None) {
      next = call_unsqueeze(f, view.object, int(axis++));
    } else if (PyLong_CheckExact(item)) {
      next = call_select(f, view.object, int(axis), item);
      ++dim;
    } else {
      const int64_t size = PyArray_DIM(a, int(dim++));
      Py_ssize_t start, stop;
      if (!plain_slice(item, size, &start, &stop)) return not_mine(mine);
      const bool whole = start == 0 && stop == size;
      next = whole ? Py_NewRef(view.object) : call_slice(f, view.object, int(axis), start, stop);
      ++axis;
    }
    if (!next) return nullptr;
    Py_SETREF(view.object, next);
  }
  return view.object == self ? not_mine(mine) : view.release();
}

static PyObject* getitem_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  auto* a = reinterpret_cast<PyArrayObject*>(field(self, kArray));
  if (nargs != 1) return not_mine(mine);
  PyObject* key = args[0];
  if (PyTuple_CheckExact(key)) return tuple_item(f, self, key, mine);
  if (key == Py_None) return call_unsqueeze(f, self, 0);
  if (PyArray_NDIM(a) == 0) return not_mine(mine);
  const int64_t size = PyArray_DIM(a, 0);
  int64_t index;
  if (plain_int(key, &index)) {
    if (index < -size || index >= size) return not_mine(mine);
    return call_select(f, self, 0, key);
  }
  Py_ssize_t start, stop;
  return plain_slice(key, size, &start, &stop) ? call_slice(f, self, 0, start, stop) : not_mine(mine);
}

// A tensor's array, a matrix or vector (`ndim`) of floats of one type; null for anything else.
static PyArrayObject* float_array(PyObject* object, int ndim, int typenum) {
  if (!is_tensor(object) || !PyArray_Check(field(object, kArray))) return nullptr;
  auto* a = reinterpret_cast<PyArrayObject*>(field(object, kArray));
  const int type = PyArray_TYPE(a);
  const bool right = typenum >= 0 ? type == typenum : type == NPY_FLOAT32 || type == NPY_FLOAT64;
  return right && PyArray_NDIM(a) == ndim ? a : nullptr;
}

// linear(input (n, in), weight (out, in), bias (out,) or None)
static PyObject* linear_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  PyArrayObject* x = float_array(self, 2, -1);
  if (!x || nargs < 1 || nargs > 2) return not_mine(mine);
  PyArrayObject* w = float_array(args[0], 2, PyArray_TYPE(x));
  if (!w || PyArray_DIM(w, 1) != PyArray_DIM(x, 1)) return not_mine(mine);
  PyObject* bias = nargs == 2 ? args[1] : Py_None;
  if (bias != Py_None) {
    PyArrayObject* b = float_array(bias, 1, PyArray_TYPE(x));
    if (!b || PyArray_DIM(b, 0) != PyArray_DIM(w, 0)) return not_mine(mine);
  }
  PyObject* arguments[] = {self, args[0], bias};
  return PyObject_Vectorcall(f->op[bias == Py_None], arguments, 3, nullptr);
}

// All dimensions reversed; a number of dimensions other than 2 is deprecated in PyTorch, and Python's business.
static PyObject* transposed_call(Shortcut* f, PyObject* self, PyObject* const*, Py_ssize_t nargs, bool* mine) {
  if (nargs || PyArray_NDIM(array_of(self)) != 2) return not_mine(mine);
  const int64_t axes[] = {1, 0};
  Ref order(tuple_of(axes, 2));
  return call_op(f->op[0], self, axes_names, order.object);
}

// squeeze(dim) of a dimension of size 1
static PyObject* squeeze_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  PyArrayObject* a = array_of(self);
  int64_t dim;
  if (nargs != 1 || !plain_int(args[0], &dim) || !wrap(&dim, PyArray_NDIM(a))) return not_mine(mine);
  const int64_t count = PyArray_DIM(a, int(dim)) == 1;
  Ref axes(tuple_of(&dim, int(count)));
  return call_op(f->op[0], self, axes_names, axes.object);
}

// expand(2, -1, 4): -1 keeps a size
static PyObject* expand_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  PyArrayObject* a = array_of(self);
  int64_t shape[NPY_MAXDIMS];
  int ndim;
  if (!nargs || !plain_ints(args, nargs, shape, &ndim) || ndim < PyArray_NDIM(a)) return not_mine(mine);
  for (int d = 0; d < ndim; ++d) {
    const int from = d - (ndim - PyArray_NDIM(a));
    if (from >= 0 && shape[d] == -1) shape[d] = PyArray_DIM(a, from);
    if (shape[d] < 0 || (from >= 0 && PyArray_DIM(a, from) != 1 && PyArray_DIM(a, from) != shape[d]))
      return not_mine(mine);
  }
  Ref sizes(tuple_of(shape, ndim));
  return call_op(f->op[0], self, shape_names, sizes.object);
}

// size(dim)
static PyObject* size_call(Shortcut*, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  PyArrayObject* a = array_of(self);
  int64_t dim;
  if (nargs != 1 || !plain_int(args[0], &dim) || !wrap(&dim, PyArray_NDIM(a))) return not_mine(mine);
  return PyLong_FromLongLong(PyArray_DIM(a, int(dim)));
}

// cat([x, y, ...], dim) of tensors of one type whose other sizes agree. The first argument is no tensor.
static PyObject* cat_call(Shortcut* f, PyObject* list, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  if (!PyList_CheckExact(list) && !PyTuple_CheckExact(list)) return not_mine(mine);
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(list);
  int64_t axis = 0;
  if (!count || nargs > 1 || (nargs == 1 && !plain_int(args[0], &axis))) return not_mine(mine);
  PyArrayObject* first = nullptr;
  Ref sizes(PyTuple_New(count)), tensors(PyTuple_New(count));
  if (!sizes || !tensors) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* x = PySequence_Fast_GET_ITEM(list, i);
    if (!is_tensor(x) || !PyArray_Check(field(x, kArray))) return not_mine(mine);
    PyArrayObject* a = array_of(x);
    if (!first) {
      first = a;
      if (!PyArray_NDIM(a) || !wrap(&axis, PyArray_NDIM(a))) return not_mine(mine);
    }
    if (PyArray_TYPE(a) != PyArray_TYPE(first) || PyArray_NDIM(a) != PyArray_NDIM(first)) return not_mine(mine);
    for (int d = 0; d < PyArray_NDIM(a); ++d)
      if (d != axis && PyArray_DIM(a, d) != PyArray_DIM(first, d)) return not_mine(mine);
    if (PyArray_NDIM(a) == 1 && !PyArray_DIM(a, 0)) return not_mine(mine);  // left out
    PyTuple_SET_ITEM(sizes.object, i, PyLong_FromLongLong(PyArray_DIM(a, int(axis))));
    PyTuple_SET_ITEM(tensors.object, i, Py_NewRef(x));
  }
  Ref at(PyLong_FromLongLong(axis));
  if (!at) return nullptr;
  PyObject* arguments[] = {tensors.object, at.object, sizes.object};
  return as_op(f->op[0])->vectorcall(f->op[0], arguments, 1, concat_names);
}

// f(x, y) of float tensors of one type, or a number; comparisons of integers too
static PyObject* binary(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool ints, bool* mine) {
  const int type = PyArray_TYPE(array_of(self));
  const bool floats = type == NPY_FLOAT32 || type == NPY_FLOAT64;
  if (nargs != 1 || !(floats || (ints && (type == NPY_INT64 || type == NPY_INT32)))) return not_mine(mine);
  PyObject* other = args[0];
  int64_t number;
  if (is_tensor(other) ? !PyArray_Check(field(other, kArray)) || PyArray_TYPE(array_of(other)) != type
                       : !(floats && PyFloat_CheckExact(other)) && !plain_int(other, &number))
    return not_mine(mine);
  if (type == NPY_FLOAT32 && PyFloat_CheckExact(other)) {
    const double value = PyFloat_AS_DOUBLE(other);
    if (std::isfinite(value) && std::fabs(value) > FLT_MAX) return not_mine(mine);
  }
  const bool right = !is_tensor(other) || broadcast_together(array_of(self), array_of(other));
  PyObject* arguments[] = {self, other};
  PyObject* result = PyObject_Vectorcall(f->op[0], arguments, 2, nullptr);
  if (result || right) return result;
  PyErr_Clear();  // shapes that do not fit: the function says so in PyTorch's words
  return not_mine(mine);
}
static PyObject* binary_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  return binary(f, self, args, nargs, false, mine);
}
static PyObject* comparison_call(Shortcut* f, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine) {
  return binary(f, self, args, nargs, true, mine);
}

struct KindInfo {
  const char* name;
  int ops;
  Handler handler;
  bool list;  // the first argument is a list of tensors
};
static const KindInfo kinds[] = {
    {"view", 1, view_call, false},
    {"reshape", 1, reshape_call, false},
    {"flatten", 1, flatten_call, false},
    {"transpose", 1, transpose_call, false},
    {"permute", 1, permute_call, false},
    {"unsqueeze", 1, unsqueeze_call, false},
    {"getitem", 3, getitem_call, false},  // select, slice, unsqueeze
    {"linear", 2, linear_call, false},    // with bias, without
    {"transposed", 1, transposed_call, false},
    {"squeeze", 1, squeeze_call, false},
    {"expand", 1, expand_call, false},
    {"size", 0, size_call, false},
    {"cat", 1, cat_call, true},
    {"binary", 1, binary_call, false},
    {"comparison", 1, comparison_call, false},
    {"inplace_binary", 1, inplace_binary_call, false},
    {"inplace_division", 1, inplace_division_call, false},
    {"inplace_unary", 1, inplace_unary_call, false},
    {"fill", 0, fill_call, false},
    {"zero", 0, zero_call, false},
    {"copy", 0, copy_call, false},
    {"setitem", 0, setitem_call, false},
};
constexpr int kKinds = int(sizeof(kinds) / sizeof(kinds[0]));

static PyObject* call(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* keywords) {
  auto* f = reinterpret_cast<Shortcut*>(self);
  const Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
  const KindInfo& kind = kinds[f->kind];
  if (nargs >= 1 && !(keywords && PyTuple_GET_SIZE(keywords)) &&
      (kind.list || (is_tensor(args[0]) && PyArray_Check(field(args[0], kArray))))) {
    bool mine = true;
    Ref first(Py_NewRef(args[0]));
    PyObject* result = kind.handler(f, first.object, args + 1, nargs - 1, &mine);
    if (mine) return result;
  }
  return PyObject_Vectorcall(f->function, args, nargsf, keywords);
}

// ---- the type ----

static PyObject* create(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  const char* name;
  PyObject *function, *op[3] = {};
  static const char* const names[] = {"kind", "function", "op", "op2", "op3", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "sO|OOO:Shortcut", const_cast<char**>(names), &name, &function,
                                   &op[0], &op[1], &op[2]))
    return nullptr;
  int kind = 0;
  while (kind < kKinds && PyOS_stricmp(name, kinds[kind].name) != 0) ++kind;
  if (kind == kKinds) return PyErr_Format(PyExc_ValueError, "Shortcut: no such kind: %s", name);
  for (int i = 0; i < kinds[kind].ops; ++i)
    if (!op[i] || !as_op(op[i])) return PyErr_Format(PyExc_TypeError, "Shortcut: '%s' needs its ops", name);
  auto* self = reinterpret_cast<Shortcut*>(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  self->vectorcall = call;
  self->function = Py_NewRef(function);
  for (int i = 0; i < 3; ++i) self->op[i] = Py_XNewRef(op[i]);
  self->kind = kind;
  return reinterpret_cast<PyObject*>(self);
}

static int traverse(PyObject* object, visitproc visit, void* arg) {
  auto* self = reinterpret_cast<Shortcut*>(object);
  Py_VISIT(self->dict);
  Py_VISIT(self->function);
  for (PyObject* op : self->op) Py_VISIT(op);
  return 0;
}

static int clear(PyObject* object) {
  auto* self = reinterpret_cast<Shortcut*>(object);
  Py_CLEAR(self->dict);
  return 0;
}

static void dealloc(PyObject* object) {
  PyObject_GC_UnTrack(object);
  auto* self = reinterpret_cast<Shortcut*>(object);
  if (self->weak_references) PyObject_ClearWeakRefs(object);
  Py_XDECREF(self->dict);
  Py_XDECREF(self->function);
  for (PyObject* op : self->op) Py_XDECREF(op);
  Py_TYPE(object)->tp_free(object);
}

static PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
  return !instance || instance == Py_None ? Py_NewRef(self) : PyMethod_New(self, instance);
}

static PyObject* repr(PyObject* self) { return PyObject_Repr(reinterpret_cast<Shortcut*>(self)->function); }

// Pickled by name, as functions are.
static PyObject* reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

// around(function): the same shortcut for another function, e.g. one that checks its arguments
static PyObject* around(PyObject* object, PyObject* function) {
  auto* self = reinterpret_cast<Shortcut*>(object);
  if (!PyCallable_Check(function))
    return PyErr_Format(PyExc_TypeError, "around: expected a callable, got %R", function);
  auto* other = reinterpret_cast<Shortcut*>(Py_TYPE(object)->tp_alloc(Py_TYPE(object), 0));
  if (!other) return nullptr;
  other->vectorcall = self->vectorcall;
  other->function = Py_NewRef(function);
  for (int i = 0; i < 3; ++i) other->op[i] = Py_XNewRef(self->op[i]);
  other->kind = self->kind;
  return reinterpret_cast<PyObject*>(other);
}

static PyMethodDef shortcut_methods[] = {{"around", around, METH_O, "The same shortcut for another function."},
                                         {"__reduce__", reduce, METH_NOARGS, nullptr},
                                         {nullptr, nullptr, 0, nullptr}};
static PyGetSetDef attributes[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
                                   {nullptr, nullptr, nullptr, nullptr, nullptr}};
static PyTypeObject shortcut_type = {PyVarObject_HEAD_INIT(nullptr, 0) "rushlight._native.Shortcut"};

bool add_shortcuts(PyObject* module) {
  shape_names = Py_BuildValue("(s)", "shape");
  axes_names = Py_BuildValue("(s)", "axes");
  axis_names = Py_BuildValue("(s)", "axis");
  select_names = Py_BuildValue("(ss)", "axis", "index");
  slice_names = Py_BuildValue("(ssss)", "axis", "start", "stop", "step");
  concat_names = Py_BuildValue("(ss)", "axis", "sizes");
  PyTypeObject& type = shortcut_type;
  type.tp_basicsize = sizeof(Shortcut);
  type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  type.tp_new = create;
  type.tp_traverse = traverse;
  type.tp_clear = clear;
  type.tp_dealloc = dealloc;
  type.tp_call = PyVectorcall_Call;
  type.tp_vectorcall_offset = offsetof(Shortcut, vectorcall);
  type.tp_weaklistoffset = offsetof(Shortcut, weak_references);
  type.tp_dictoffset = offsetof(Shortcut, dict);
  type.tp_descr_get = bind;
  type.tp_repr = repr;
  type.tp_methods = shortcut_methods;
  type.tp_getset = attributes;
  type.tp_getattro = PyObject_GenericGetAttr;
  type.tp_setattro = PyObject_GenericSetAttr;
  return shape_names && axes_names && axis_names && select_names && slice_names && concat_names &&
         PyType_Ready(&type) == 0 && PyModule_AddObjectRef(module, "Shortcut", reinterpret_cast<PyObject*>(&type)) == 0;
}

}  // namespace rl
