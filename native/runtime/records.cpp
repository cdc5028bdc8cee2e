// TensorRecord and NodeRecord: the fields that every tensor and every tape node has, as C slots with defaults. The
// Python classes Tensor and Node derive from them; creating one costs an allocation instead of a dozen attribute
// writes, and reading a field that was never set costs no search through the class.

#include "runtime/array_view.h"
// structmember.h needs Python.h first
#include <structmember.h>

#include <cstddef>

#include "runtime/bindings.h"

namespace rl {

template <int N>
struct Record {
  PyObject_HEAD PyObject* fields[N];
};

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
      members[i] = {defaults[i].name, T_OBJECT_EX, Py_ssize_t(offsetof(Record<N>, fields) + i * sizeof(PyObject*)), 0,
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

constexpr int kTensorFields = 9, kNodeFields = 12;
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

// wrap(array): a new Tensor on it
static PyObject* wrap(PyObject*, PyObject* array) {
  if (!tensor_class) {
    PyErr_SetString(PyExc_RuntimeError, "wrap: Tensor is not defined yet");
    return nullptr;
  }
  PyObject* self = tensor_class->tp_alloc(tensor_class, 0);
  if (!self) return nullptr;
  auto* record = reinterpret_cast<Record<kTensorFields>*>(self);
  TensorRecord::fill(record);
  Py_SETREF(record->fields[0], Py_NewRef(array));
  return self;
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

// The arithmetic operators. Tensors that record nothing go straight to the kernel; everything else (gradients, other
// dtypes, errors) to the Python function of the same operation.
enum Operator { kAdd, kSubtract, kMultiply, kTrueDivide, kMatrixMultiply, kOperators };
static const char* const operator_names[kOperators] = {"add", "sub", "mul", "div", "matmul"};
static PyObject* kernels[kOperators];
static PyObject* generals[kOperators];

static bool is_record(PyObject* object) { return PyObject_TypeCheck(object, &TensorRecord::type); }

// The float array of a tensor whose use needs no recording, else nullptr. Borrowed.
static PyObject* plain_float(PyObject* object, int* typenum) {
  auto* record = reinterpret_cast<Record<kTensorFields>*>(object);
  PyObject** field = record->fields;
  if (field[1] != Py_None || field[3] != Py_False || field[5] != Py_None || !PyArray_Check(field[0])) return nullptr;
  *typenum = PyArray_TYPE(reinterpret_cast<PyArrayObject*>(field[0]));
  return *typenum == NPY_FLOAT32 || *typenum == NPY_FLOAT64 ? field[0] : nullptr;
}

template <int op>
static PyObject* binary_operator(PyObject* a, PyObject* b) {
  int left_type = -1, right_type = -1;
  PyObject *x = nullptr, *y = nullptr;
  if (is_record(a))
    x = plain_float(a, &left_type);
  else if (PyFloat_CheckExact(a))
    x = a;
  if (is_record(b))
    y = plain_float(b, &right_type);
  else if (PyFloat_CheckExact(b))
    y = b;
  const bool numbers = left_type < 0 || right_type < 0;
  if (x && y && (numbers ? op <= kMultiply || (op == kTrueDivide && left_type >= 0) : left_type == right_type)) {
    PyObject* arguments[] = {x, y};
    PyObject* result = PyObject_Vectorcall(kernels[op], arguments, 2, nullptr);
    if (result) {
      PyObject* tensor = wrap(nullptr, result);
      Py_DECREF(result);
      return tensor;
    }
    PyErr_Clear();  // shapes that do not fit: the general function says so in PyTorch's words
  }
  if (!generals[op]) Py_RETURN_NOTIMPLEMENTED;
  PyObject* arguments[] = {a, b};
  return PyObject_Vectorcall(generals[op], arguments, 2, nullptr);
}

static PyNumberMethods number_methods = {};

// set_operators({name: (kernel, general function)})
static PyObject* set_operators(PyObject*, PyObject* table) {
  for (int op = 0; op < kOperators; ++op) {
    PyObject* pair = PyDict_Check(table) ? PyDict_GetItemString(table, operator_names[op]) : nullptr;
    if (!pair || !PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2)
      return PyErr_Format(PyExc_TypeError, "set_operators: expected a dict with a pair for '%s'", operator_names[op]);
    Py_XSETREF(kernels[op], Py_NewRef(PyTuple_GET_ITEM(pair, 0)));
    Py_XSETREF(generals[op], Py_NewRef(PyTuple_GET_ITEM(pair, 1)));
  }
  Py_RETURN_NONE;
}

bool add_records(PyObject* module) {
  number_methods.nb_add = binary_operator<kAdd>;
  number_methods.nb_subtract = binary_operator<kSubtract>;
  number_methods.nb_multiply = binary_operator<kMultiply>;
  number_methods.nb_true_divide = binary_operator<kTrueDivide>;
  number_methods.nb_matrix_multiply = binary_operator<kMatrixMultiply>;
  TensorRecord::type.tp_as_number = &number_methods;
  TensorRecord::defaults[2].initial = PyLong_FromLong(0);
  TensorRecord::defaults[3].initial = Py_False;
  NodeRecord::defaults[4].initial = PyLong_FromLong(1);
  return TensorRecord::ready(module, "TensorRecord") && NodeRecord::ready(module, "NodeRecord");
}

PyMethodDef records_methods[] = {{"wrap", wrap, METH_O, "A new Tensor on an array."},
                                 {"set_operators", set_operators, METH_O, "What + - * / @ call."},
                                 {"set_tensor_class", set_tensor_class, METH_O, "The class that wrap makes."},
                                 {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
