// TensorRecord and NodeRecord: the fields that every tensor and every tape node has, as C slots with defaults. The
// Python classes Tensor and Node derive from them; creating one costs an allocation instead of a dozen attribute
// writes, and reading a field that was never set costs no search through the class.

#include "runtime/records.h"

#include "runtime/array_view.h"
// structmember.h needs Python.h first
#include <structmember.h>

#include <cstddef>

#include "runtime/bindings.h"

namespace rl {

struct Field {
  const char* name;
  PyObject* initial;  // borrowed, immortal for our purposes
};

template <int N>
struct RecordClass {
  static Field defaults[N];
  static PyMemberDef members[N + 1];
  static PyTypeObject type;

  static void fill(Record<N>* self) {
    for (int i = 0; i < N; ++i) self->fields[i] = Py_NewRef(defaults[i].initial);
  }
  static PyObject* create(PyTypeObject* cls, PyObject*, PyObject*) {
    PyObject* self = cls->tp_alloc(cls, 0);
    if (self) fill(reinterpret_cast<Record<N>*>(self));
    return self;
  }
  static int traverse(PyObject* self, visitproc visit, void* arg) {
    for (PyObject* field : reinterpret_cast<Record<N>*>(self)->fields) Py_VISIT(field);
    return 0;
  }
  static int clear(PyObject* self) {
    for (PyObject*& field : reinterpret_cast<Record<N>*>(self)->fields) Py_CLEAR(field);
    return 0;
  }
  static void dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    // A long chain of nodes would recurse as deep as it is long: past a limit CPython finishes the rest later.
    Py_TRASHCAN_BEGIN(self, dealloc) clear(self);
    Py_TYPE(self)->tp_free(self);
    Py_TRASHCAN_END
  }
  static bool ready(PyObject* module, const char* name) {
    for (int i = 0; i < N; ++i) {
      if (!defaults[i].initial) defaults[i].initial = Py_None;
      members[i] = {defaults[i].name, T_OBJECT, Py_ssize_t(offsetof(Record<N>, fields) + i * sizeof(PyObject*)), 0,
                    nullptr};
    }
    type.tp_basicsize = sizeof(Record<N>);
    type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
    type.tp_new = create;
    type.tp_traverse = traverse;
    type.tp_clear = clear;
    type.tp_dealloc = dealloc;
    type.tp_members = members;
    return PyType_Ready(&type) == 0 && PyModule_AddObjectRef(module, name, reinterpret_cast<PyObject*>(&type)) == 0;
  }
};

using TensorRecord = RecordClass<kTensorFields>;
using NodeRecord = RecordClass<kNodeFields>;

template <>
Field TensorRecord::defaults[kTensorFields] = {{"_array", nullptr}, {"_node", nullptr}, {"_nr", nullptr},
                                               {"_rg", nullptr},    {"_grad", nullptr}, {"_view", nullptr},
                                               {"_seen", nullptr},  {"_cell", nullptr}, {"_hooks", nullptr}};
template <>
PyMemberDef TensorRecord::members[kTensorFields + 1] = {};
template <>
PyTypeObject TensorRecord::type = {PyVarObject_HEAD_INIT(nullptr, 0) "rushlight._native.TensorRecord"};

template <>
Field NodeRecord::defaults[kNodeFields] = {
    {"seq", nullptr},          {"next", nullptr},         {"ctx", nullptr},          {"extra_shapes", nullptr},
    {"num_outputs", nullptr},  {"output_metas", nullptr}, {"pre_hooks", nullptr},    {"post_hooks", nullptr},
    {"tensor_hooks", nullptr}, {"retained", nullptr},     {"display_name", nullptr}, {"special", nullptr}};
template <>
PyMemberDef NodeRecord::members[kNodeFields + 1] = {};
template <>
PyTypeObject NodeRecord::type = {PyVarObject_HEAD_INIT(nullptr, 0) "rushlight._native.NodeRecord"};

static PyTypeObject* tensor_class = nullptr;

bool is_tensor(PyObject* object) { return PyObject_TypeCheck(object, &TensorRecord::type); }
bool is_node(PyObject* object) { return PyObject_TypeCheck(object, &NodeRecord::type); }
PyTypeObject* node_record_type() { return &NodeRecord::type; }

PyObject* wrap_array(PyObject* array) {
  PyObject* self = nullptr;
  if (tensor_class)
    self = tensor_class->tp_alloc(tensor_class, 0);
  else
    PyErr_SetString(PyExc_RuntimeError, "wrap: Tensor is not defined yet");
  if (!self) {
    Py_DECREF(array);
    return nullptr;
  }
  auto* record = reinterpret_cast<Record<kTensorFields>*>(self);
  TensorRecord::fill(record);
  Py_SETREF(record->fields[kArray], array);
  return self;
}

PyTypeObject* result_class(PyObject* tensor) {
  static PyTypeObject* plain = nullptr;  // the class last found to have plain results (owned)
  PyTypeObject* cls = Py_TYPE(tensor);
  if (cls == tensor_class || cls == plain) return nullptr;
  static PyObject* name = PyUnicode_InternFromString("_results_are_plain");
  if (_PyType_Lookup(cls, name) != Py_True) return cls;
  Py_INCREF(cls);
  Py_XSETREF(plain, cls);
  return nullptr;
}

bool count_write(PyObject* tensor) {
  PyObject* version = version_of(tensor);
  Ref one(PyLong_FromLong(1));
  if (!one) return false;
  if (version) {
    PyObject* next = PyNumber_Add(version, one.object);
    return next && PyList_SetItem(field(tensor, kCell), 0, next) == 0;
  }
  PyObject* cell = PyList_New(1);
  if (!cell) return false;
  PyList_SET_ITEM(cell, 0, one.release());
  set_field(tensor, kCell, cell);
  return true;
}

bool set_class(PyObject* tensor, PyTypeObject* cls) {
  return PyObject_SetAttrString(tensor, "__class__", reinterpret_cast<PyObject*>(cls)) == 0;
}

// wrap(array): a new Tensor on it
static PyObject* wrap(PyObject*, PyObject* array) { return wrap_array(Py_NewRef(array)); }

PyObject* new_node(PyTypeObject* cls) {
  PyObject* self = cls->tp_alloc(cls, 0);
  if (self) NodeRecord::fill(reinterpret_cast<Record<kNodeFields>*>(self));
  return self;
}

int64_t next_seq() {
  static int64_t seq = 0;
  return seq++;
}
static PyObject* take_seq(PyObject*, PyObject*) { return PyLong_FromLongLong(next_seq()); }

PyObject* edge_of(PyObject* tensor) {
  PyObject* node = field(tensor, kNode);
  if (node == Py_None) return Py_NewRef(is_wanted_leaf(tensor) ? tensor : Py_None);
  PyObject* nr = field(tensor, kNr);
  const int first = PyObject_Not(nr);
  if (first < 0) return nullptr;
  return first ? Py_NewRef(node) : PyTuple_Pack(2, node, nr);
}
static PyObject* edge_of_object(PyObject*, PyObject* tensor) {
  if (!is_tensor(tensor)) return PyErr_Format(PyExc_TypeError, "edge_of: expected a tensor, got %R", tensor);
  return edge_of(tensor);
}

// shape_of(tensor): its shape as a Size, a subclass of tuple
static PyTypeObject* size_class = nullptr;
static PyObject* shape_of(PyObject*, PyObject* tensor) {
  if (!is_tensor(tensor) || !PyArray_Check(field(tensor, kArray)) || !size_class)
    return PyErr_Format(PyExc_TypeError, "shape_of: expected a tensor, got %R", tensor);
  auto* a = reinterpret_cast<PyArrayObject*>(field(tensor, kArray));
  PyObject* shape = size_class->tp_alloc(size_class, PyArray_NDIM(a));
  for (int d = 0; shape && d < PyArray_NDIM(a); ++d) {
    PyObject* size = PyLong_FromLongLong(PyArray_DIM(a, d));
    if (!size) Py_CLEAR(shape);
    if (shape) PyTuple_SET_ITEM(shape, d, size);
  }
  return shape;
}
static PyObject* set_size_class(PyObject*, PyObject* cls) {
  if (!PyType_Check(cls) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(cls), &PyTuple_Type))
    return PyErr_Format(PyExc_TypeError, "set_size_class: expected a subclass of tuple, got %R", cls);
  PyObject* old = reinterpret_cast<PyObject*>(size_class);
  size_class = reinterpret_cast<PyTypeObject*>(Py_NewRef(cls));
  Py_XDECREF(old);
  Py_RETURN_NONE;
}

static PyObject* set_tensor_class(PyObject*, PyObject* cls) {
  if (!PyType_Check(cls) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(cls), &TensorRecord::type)) {
    PyErr_SetString(PyExc_TypeError, "set_tensor_class: expected a subclass of TensorRecord");
    return nullptr;
  }
  PyObject* old = reinterpret_cast<PyObject*>(tensor_class);
  tensor_class = reinterpret_cast<PyTypeObject*>(Py_NewRef(cls));
  Py_XDECREF(old);
  Py_RETURN_NONE;
}

bool add_records(PyObject* module) {
  TensorRecord::type.tp_as_number = tensor_number_methods();
  TensorRecord::defaults[kNr].initial = PyLong_FromLong(0);
  TensorRecord::defaults[kRequiresGrad].initial = Py_False;
  NodeRecord::defaults[kNumOutputs].initial = PyLong_FromLong(1);
  return TensorRecord::ready(module, "TensorRecord") && NodeRecord::ready(module, "NodeRecord") &&
         add_grad_mode(module) && add_op_record(module) && add_shortcuts(module) && add_checked_call(module);
}

PyMethodDef records_methods[] = {{"wrap", wrap, METH_O, "A new Tensor on an array."},
                                 {"next_seq", take_seq, METH_NOARGS, "The number of the next node."},
                                 {"edge_of", edge_of_object, METH_O, "Where the gradient of a tensor goes, or None."},
                                 {"shape_of", shape_of, METH_O, "The shape of a tensor, as a Size."},
                                 {"set_size_class", set_size_class, METH_O, "The class that shape_of makes."},
                                 {"set_tensor_class", set_tensor_class, METH_O, "The class that wrap makes."},
                                 {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
