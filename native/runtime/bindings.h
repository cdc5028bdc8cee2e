#pragma once
// What module.cpp calls of the parts of rushlight._native besides their method tables.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace rl {
bool add_records(PyObject* module);  // TensorRecord, NodeRecord and the four below
bool add_grad_mode(PyObject* module);
bool add_op_record(PyObject* module);
bool add_checked_call(PyObject* module);
bool add_shortcuts(PyObject* module);
PyNumberMethods* tensor_number_methods();
}  // namespace rl
