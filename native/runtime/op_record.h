#pragma once
// OpRecord: what the native call and the backward pass know about an op; the Python class Op derives from it.

#include "runtime/array_view.h"
#include "runtime/records.h"

namespace rl {

constexpr int kMaxInputs = 16;  // of ops with a fixed number of inputs

struct OpRecord {
  PyObject_HEAD vectorcallfunc vectorcall;
  // Owned; ops live as long as the process. nullptr where the op has none.
  PyObject *check, *forward, *kernel, *backward;
  PyTypeObject* node_types[3];  // by operands: (tensor, number), (tensor, tensor), (number, tensor); or all the same
  int inputs;                   // -1: a list of tensors
  int outputs, aux;
  int saves_other;       // -1: none
  int save_count;        // -1: all inputs
  int save[kMaxInputs];  // which inputs backward needs
  int shape_count;       // inputs whose shapes it needs
  int save_shape[kMaxInputs];
  uint64_t non_differentiable;  // bit per output
  bool save_output, broadcast, view, by_operands;
};

OpRecord* as_op(PyObject* object);  // nullptr if it is none; no exception

// The gradients of a node's inputs (a tuple) from those of its output(s), `grads`: an array or a tuple of them.
// `wanted`: a flag per edge, whether its gradient is of use; without it those of all edges are.
PyObject* differentiate(OpRecord* op, PyObject* node, PyObject* grads, bool create_graph, PyObject* wanted = nullptr);

}  // namespace rl
