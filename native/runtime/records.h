#pragma once
// TensorRecord and NodeRecord: the fields of every tensor and every tape node as C slots, for the native parts of
// autograd. The Python classes Tensor and Node derive from them. All functions need the GIL.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstdint>

namespace rl {

template <int N>
struct Record {
  PyObject_HEAD PyObject* fields[N];  // nullptr (a deleted attribute) reads as None
};

enum TensorField { kArray, kNode, kNr, kRequiresGrad, kGrad, kView, kSeen, kCell, kHooks, kTensorFields };
enum NodeField {
  kSeq,
  kNext,
  kCtx,
  kExtraShapes,
  kNumOutputs,
  kOutputMetas,
  kPreHooks,
  kPostHooks,
  kTensorHooks,
  kRetained,
  kDisplayName,
  kSpecial,
  kNodeFields
};

bool is_tensor(PyObject* object);
bool is_node(PyObject* object);

// A field, borrowed.
static inline PyObject* field(PyObject* record, TensorField which) {
  PyObject* value = reinterpret_cast<Record<kTensorFields>*>(record)->fields[which];
  return value ? value : Py_None;
}
static inline PyObject* field(PyObject* record, NodeField which) {
  PyObject* value = reinterpret_cast<Record<kNodeFields>*>(record)->fields[which];
  return value ? value : Py_None;
}

// Sets a field to `value`, whose reference it takes over.
static inline void set_field(PyObject* record, TensorField which, PyObject* value) {
  Py_XSETREF(reinterpret_cast<Record<kTensorFields>*>(record)->fields[which], value);
}
static inline void set_field(PyObject* record, NodeField which, PyObject* value) {
  Py_XSETREF(reinterpret_cast<Record<kNodeFields>*>(record)->fields[which], value);
}

// A new Tensor on `array` (its reference is taken over, also on failure); nullptr with an exception set.
PyObject* wrap_array(PyObject* array);
// The subclass of Tensor that results of operations on `tensor` get as well (borrowed); nullptr if they are plain
// tensors, as they are for Tensor itself and for classes that say so with _results_are_plain (Parameter).
PyTypeObject* result_class(PyObject* tensor);
bool set_class(PyObject* tensor, PyTypeObject* cls);
// A new node of a class derived from NodeRecord, with default fields.
PyObject* new_node(PyTypeObject* cls);
PyTypeObject* node_record_type();

// Whether a tensor is a leaf that requires grad (the field holds False, True or None).
static inline bool is_wanted_leaf(PyObject* tensor) {
  PyObject* flag = field(tensor, kRequiresGrad);
  return flag != Py_False && flag != Py_None;
}
// Whether an operation on the tensor may have to be recorded; a view may have gained a history through its base.
static inline bool may_need_grad(PyObject* tensor) {
  return field(tensor, kNode) != Py_None || is_wanted_leaf(tensor) || field(tensor, kView) != Py_None;
}

// The version of a tensor's memory as a Python int, borrowed; nullptr if it was never shared (version 0).
static inline PyObject* version_of(PyObject* tensor) {
  PyObject* cell = field(tensor, kCell);
  return PyList_CheckExact(cell) && PyList_GET_SIZE(cell) == 1 ? PyList_GET_ITEM(cell, 0) : nullptr;
}

// Counts a modification of the tensor's memory; false with an exception set on failure.
bool count_write(PyObject* tensor);

// Numbers nodes in the order of their creation, so that a node's inputs have smaller numbers.
int64_t next_seq();

// Whether this thread records operations.
bool grad_enabled();
void set_grad_enabled(bool enabled);
bool recording_watched();  // whether each new node is shown to helpers.recorded

// Where the gradient of a tensor goes: a node, (node, output), the leaf itself or None. New reference.
PyObject* edge_of(PyObject* tensor);

// What the native parts of autograd call back: the engine, the ops on Tensors and the rare cases in Python.
// set_autograd_helpers(namespace) fills it from attributes of these names.
#define RL_AUTOGRAD_HELPERS(X) \
  X(engine)                    \
  X(primitives)                \
  X(raise_freed)               \
  X(check_versions)            \
  X(check_outputs)             \
  X(outputs_as_tensors)        \
  X(run_tensor_hooks)          \
  X(run_post_hooks)            \
  X(observe)                   \
  X(with_zeros)                \
  X(anomaly)                   \
  X(recorded)                  \
  X(unpacked)
struct AutogradHelpers {
#define RL_DECLARE_HELPER(name) PyObject* name;
  RL_AUTOGRAD_HELPERS(RL_DECLARE_HELPER)
#undef RL_DECLARE_HELPER
};
extern AutogradHelpers helpers;  // all nullptr until set_autograd_helpers

}  // namespace rl
