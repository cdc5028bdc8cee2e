#pragma once
// Shortcut: a Python function some of whose calls are done natively (shortcuts.cpp); the kinds of calls known.

#include "runtime/array_view.h"
#include "runtime/op_record.h"

namespace rl {

struct Shortcut {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject *dict, *weak_references, *function, *op[3];
  int kind;
};

// A call f(self, *args) without keywords; self is a tensor on an array. With *mine = false (see not_mine) the Python
// function gets the call.
using Handler = PyObject* (*)(Shortcut*, PyObject* self, PyObject* const* args, Py_ssize_t nargs, bool* mine);

// Writing in place (inplace_calls.cpp).
PyObject* inplace_binary_call(Shortcut*, PyObject*, PyObject* const*, Py_ssize_t, bool*);
PyObject* inplace_division_call(Shortcut*, PyObject*, PyObject* const*, Py_ssize_t, bool*);
PyObject* inplace_unary_call(Shortcut*, PyObject*, PyObject* const*, Py_ssize_t, bool*);
PyObject* fill_call(Shortcut*, PyObject*, PyObject* const*, Py_ssize_t, bool*);
PyObject* zero_call(Shortcut*, PyObject*, PyObject* const*, Py_ssize_t, bool*);
PyObject* copy_call(Shortcut*, PyObject*, PyObject* const*, Py_ssize_t, bool*);
PyObject* setitem_call(Shortcut*, PyObject*, PyObject* const*, Py_ssize_t, bool*);

// The call is for the Python function; no exception is set.
static inline PyObject* not_mine(bool* mine) {
  *mine = false;
  return nullptr;
}

// An exact int that fits; false otherwise, without an exception.
static inline bool plain_int(PyObject* object, int64_t* value) {
  if (!PyLong_CheckExact(object)) return false;
  int overflow;
  *value = PyLong_AsLongLongAndOverflow(object, &overflow);
  return !overflow;
}

// Whether a key of plain ints and slices, None and at most one `...` fits the shape of `a`; *skipped: the dimensions
// that `...` stands for.
bool basic_key_fits(PyObject* key, PyArrayObject* a, int* skipped);
// start:stop with ints or nothing, step 1; false if it is anything else.
bool plain_slice(PyObject* object, int64_t size, Py_ssize_t* start, Py_ssize_t* stop);

static inline PyArrayObject* array_of(PyObject* tensor) {
  return reinterpret_cast<PyArrayObject*>(field(tensor, kArray));
}

}  // namespace rl
