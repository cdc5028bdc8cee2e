#pragma once
// Every family's method table; module.cpp joins them into rushlight._native.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define RL_METHODS(X) \
  X(runtime)          \
  X(records)          \
  X(operators)        \
  X(op_call)          \
  X(checked_call)     \
  X(module_slots)     \
  X(op_backward)      \
  X(backward_pass)    \
  X(elementwise)      \
  X(reduce)           \
  X(optimizer)        \
  X(gemm)             \
  X(conv)             \
  X(random)           \
  X(pool)             \
  X(norm)             \
  X(softmax)          \
  X(loss)             \
  X(movement)

namespace rl {
#define RL_DECLARE_METHODS(name) extern PyMethodDef name##_methods[];
RL_METHODS(RL_DECLARE_METHODS)
#undef RL_DECLARE_METHODS

bool add_records(PyObject* module);  // TensorRecord, NodeRecord and the four below
bool add_grad_mode(PyObject* module);
bool add_op_record(PyObject* module);
bool add_checked_call(PyObject* module);
bool add_shortcuts(PyObject* module);
PyNumberMethods* tensor_number_methods();
}  // namespace rl
