#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace rl {
// copy(target, source): target[...] = source for arrays of one dtype, source broadcast; any layouts.
PyObject* copy_array(PyObject* module, PyObject* const* args, Py_ssize_t nargs);
}  // namespace rl
