#pragma once
#include "runtime/array_view.h"

namespace rl {
// target[...] = source for arrays of one dtype, source broadcast; any layouts. False with an exception set.
bool copy_into(PyArrayObject* target, PyArrayObject* source);

// copy(target, source) for Python.
PyObject* copy_array(PyObject* module, PyObject* const* args, Py_ssize_t nargs);
}  // namespace rl
