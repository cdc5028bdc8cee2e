// CheckedFunction: a public function whose arguments are looked at before it runs. A mask per parameter says which
// kinds of values may pass at once; anything else is handed to a Python function, which raises TypeError or returns the
// arguments as they should be (see rushlight/arguments.py). The function itself need not check types any more.

#include <cstddef>

#include "runtime/array_view.h"
#include "runtime/bindings.h"
#include "runtime/records.h"

// structmember.h needs Python.h first
#include <structmember.h>

namespace rl {

// Bits of a mask; rushlight/arguments.py has the same list.
enum Kind : uint32_t {
  kTensor = 1,
  kNone = 2,
  kBool = 4,
  kInt = 8,  // that fits into 64 bits
  kFloat = 16,
  kComplex = 32,
  kText = 64,
  kInts = 128,     // a tuple or list of them
  kTensors = 256,  // a tuple or list of tensors
  kDtype = 512,
  kAnything = 1024
};
constexpr int kMaxParameters = 24;

static PyTypeObject* dtype_class = nullptr;

struct CheckedFunction {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject *function, *prepare, *dict, *weak_references;
  PyObject* names;   // of the parameters: interned strings; nullptr until the first call
  PyObject* refuse;  // refuse(self, args, kwargs): (args, kwargs, finish) to go on with, or an exception
  uint32_t masks[kMaxParameters];
  int count, positional, least;  // with fewer than `least` positional arguments: the slow way
  uint32_t rest;                 // mask of the values of *args
  uint32_t refused_types;        // a bit per NumPy type number, the last one for all the others
};

static bool is_sequence_of(PyObject* value, uint32_t mask) {
  const bool is_tuple = PyTuple_Check(value);
  const Py_ssize_t n = is_tuple ? PyTuple_GET_SIZE(value) : PyList_GET_SIZE(value);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = is_tuple ? PyTuple_GET_ITEM(value, i) : PyList_GET_ITEM(value, i);
    if (mask & kInts && PyLong_CheckExact(item)) {
      int overflow;
      PyLong_AsLongLongAndOverflow(item, &overflow);
      if (!overflow) continue;
    }
    if (mask & kTensors && is_tensor(item)) continue;
    return false;
  }
  return true;
}

static bool has_type(PyObject* tensor, uint32_t types) {
  PyObject* array = field(tensor, kArray);
  const int number = PyArray_Check(array) ? PyArray_TYPE(reinterpret_cast<PyArrayObject*>(array)) : 31;
  return types >> (number >= 0 && number < 31 ? number : 31) & 1;
}

static bool passes(PyObject* value, uint32_t mask, uint32_t refused_types) {
  if (is_tensor(value)) return mask & (kTensor | kAnything) && !(refused_types && has_type(value, refused_types));
  if (mask & kAnything) return true;
  if (value == Py_None) return mask & kNone;
  if (PyLong_CheckExact(value)) {
    if (!(mask & kInt)) return false;
    int overflow;
    PyLong_AsLongLongAndOverflow(value, &overflow);
    return !overflow;
  }
  if (PyFloat_CheckExact(value)) return mask & kFloat;
  if (PyBool_Check(value)) return mask & kBool;
  if (PyTuple_Check(value) || PyList_Check(value)) return mask & (kInts | kTensors) && is_sequence_of(value, mask);
  if (PyUnicode_CheckExact(value)) return mask & kText;
  if (PyComplex_CheckExact(value)) return mask & kComplex;
  return Py_TYPE(value) == dtype_class && mask & kDtype;
}

static uint32_t mask_of_keyword(CheckedFunction* self, PyObject* name) {
  for (int i = 0; i < self->count; ++i)
    if (PyTuple_GET_ITEM(self->names, i) == name) return self->masks[i];
  return 0;  // unknown, or not interned: the slow way
}

// Takes (names, masks, positional, least, rest, refused types, refuse) from prepare(self).
static bool prepare(CheckedFunction* self) {
  Ref plan(PyObject_CallOneArg(self->prepare, reinterpret_cast<PyObject*>(self)));
  if (!plan) return false;
  PyObject *names, *masks, *refuse;
  int positional, least;
  unsigned int rest, refused_types;
  if (!PyTuple_Check(plan.object)) {
    PyErr_Format(PyExc_TypeError, "prepare: expected a tuple, got %R", plan.object);
    return false;
  }
  if (!PyArg_ParseTuple(plan.object, "O!O!iiIIO", &PyTuple_Type, &names, &PyTuple_Type, &masks, &positional, &least,
                        &rest, &refused_types, &refuse))
    return false;
  const Py_ssize_t count = PyTuple_GET_SIZE(names);
  if (count > kMaxParameters || PyTuple_GET_SIZE(masks) != count || positional < 0 || positional > count) {
    PyErr_Format(PyExc_ValueError, "%R has more than %d parameters", self->function, kMaxParameters);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) {
    self->masks[i] = uint32_t(PyLong_AsUnsignedLong(PyTuple_GET_ITEM(masks, i)));
    if (PyErr_Occurred()) return false;
  }
  self->count = int(count);
  self->positional = positional;
  self->least = least;
  self->rest = rest;
  self->refused_types = refused_types;
  Py_XSETREF(self->refuse, Py_NewRef(refuse));
  Py_XSETREF(self->names, Py_NewRef(names));
  return true;
}

static PyObject* call_slowly(CheckedFunction* self, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  Ref positional(PyTuple_New(nargs)), named(PyDict_New());
  if (!positional || !named) return nullptr;
  for (Py_ssize_t i = 0; i < nargs; ++i) PyTuple_SET_ITEM(positional.object, i, Py_NewRef(args[i]));
  const Py_ssize_t n = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  for (Py_ssize_t i = 0; i < n; ++i)
    if (PyDict_SetItem(named.object, PyTuple_GET_ITEM(keywords, i), args[nargs + i]) < 0) return nullptr;
  PyObject* arguments[] = {reinterpret_cast<PyObject*>(self), positional.object, named.object};
  Ref fit(PyObject_Vectorcall(self->refuse, arguments, 3, nullptr));
  if (!fit) return nullptr;
  if (!PyTuple_Check(fit.object) || PyTuple_GET_SIZE(fit.object) != 3 ||
      !PyTuple_Check(PyTuple_GET_ITEM(fit.object, 0)) || !PyDict_Check(PyTuple_GET_ITEM(fit.object, 1)))
    return PyErr_Format(PyExc_TypeError, "refuse: expected (args, kwargs, finish), got %R", fit.object);
  Ref result(PyObject_Call(self->function, PyTuple_GET_ITEM(fit.object, 0), PyTuple_GET_ITEM(fit.object, 1)));
  PyObject* finish = PyTuple_GET_ITEM(fit.object, 2);
  if (!result || finish == Py_None) return result.release();
  return PyObject_CallOneArg(finish, result.object);
}

static PyObject* call(PyObject* object, PyObject* const* args, size_t nargsf, PyObject* keywords) {
  auto* self = reinterpret_cast<CheckedFunction*>(object);
  const Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
  if (!self->names && !prepare(self)) return nullptr;
  if (nargs < self->least) return call_slowly(self, args, nargs, keywords);
  for (Py_ssize_t i = 0; i < nargs; ++i)
    if (!passes(args[i], i < self->positional ? self->masks[i] : self->rest, self->refused_types))
      return call_slowly(self, args, nargs, keywords);
  const Py_ssize_t n = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  for (Py_ssize_t i = 0; i < n; ++i)
    if (!passes(args[nargs + i], mask_of_keyword(self, PyTuple_GET_ITEM(keywords, i)), self->refused_types))
      return call_slowly(self, args, nargs, keywords);
  return PyObject_Vectorcall(self->function, args, nargsf, keywords);
}

// CheckedFunction(function, prepare)
static PyObject* create(PyTypeObject* cls, PyObject* args, PyObject* kwargs) {
  PyObject *function, *prepare;
  if (kwargs && PyDict_GET_SIZE(kwargs)) return PyErr_Format(PyExc_TypeError, "CheckedFunction takes no keywords");
  if (!PyArg_ParseTuple(args, "OO", &function, &prepare)) return nullptr;
  if (!PyCallable_Check(function) || !PyCallable_Check(prepare))
    return PyErr_Format(PyExc_TypeError, "CheckedFunction: expected two callables");
  PyObject* object = cls->tp_alloc(cls, 0);
  if (!object) return nullptr;
  auto* self = reinterpret_cast<CheckedFunction*>(object);
  self->vectorcall = call;
  self->function = Py_NewRef(function);
  self->prepare = Py_NewRef(prepare);
  return object;
}

static int traverse(PyObject* object, visitproc visit, void* arg) {
  auto* self = reinterpret_cast<CheckedFunction*>(object);
  Py_VISIT(self->function);
  Py_VISIT(self->prepare);
  Py_VISIT(self->dict);
  Py_VISIT(self->refuse);
  return 0;
}

static int clear(PyObject* object) {
  auto* self = reinterpret_cast<CheckedFunction*>(object);
  Py_CLEAR(self->dict);
  return 0;
}

static void dealloc(PyObject* object) {
  auto* self = reinterpret_cast<CheckedFunction*>(object);
  PyObject_GC_UnTrack(object);
  if (self->weak_references) PyObject_ClearWeakRefs(object);
  clear(object);
  Py_XDECREF(self->function);
  Py_XDECREF(self->prepare);
  Py_XDECREF(self->refuse);
  Py_XDECREF(self->names);
  Py_TYPE(object)->tp_free(object);
}

// A method of the instance it is looked up on, as a function is.
static PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
  return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

static PyObject* name_of(PyObject* self) { return PyObject_GetAttrString(self, "__qualname__"); }

static PyObject* repr(PyObject* self) {
  Ref name(name_of(self));
  return name ? PyUnicode_FromFormat("<function %S>", name.object) : nullptr;
}

// By name, in its module.
static PyObject* reduce(PyObject* self, PyObject*) { return name_of(self); }

static PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, "Pickled by name."},
                                {nullptr, nullptr, 0, nullptr}};

static PyMemberDef members[] = {
    {"__wrapped__", T_OBJECT, Py_ssize_t(offsetof(CheckedFunction, function)), READONLY, "The function behind it."},
    {nullptr, 0, 0, 0, nullptr}};

static PyGetSetDef attributes[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
                                   {nullptr, nullptr, nullptr, nullptr, nullptr}};

static PyTypeObject checked_type = {PyVarObject_HEAD_INIT(nullptr, 0) "rushlight._native.CheckedFunction"};

bool add_checked_call(PyObject* module) {
  checked_type.tp_basicsize = sizeof(CheckedFunction);
  checked_type.tp_flags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  checked_type.tp_doc = "A function whose arguments are checked before it is called.";
  checked_type.tp_new = create;
  checked_type.tp_dealloc = dealloc;
  checked_type.tp_traverse = traverse;
  checked_type.tp_clear = clear;
  checked_type.tp_call = PyVectorcall_Call;
  checked_type.tp_vectorcall_offset = offsetof(CheckedFunction, vectorcall);
  checked_type.tp_descr_get = bind;
  checked_type.tp_dictoffset = offsetof(CheckedFunction, dict);
  checked_type.tp_weaklistoffset = offsetof(CheckedFunction, weak_references);
  checked_type.tp_repr = repr;
  checked_type.tp_methods = methods;
  checked_type.tp_members = members;
  checked_type.tp_getset = attributes;
  return PyType_Ready(&checked_type) == 0 &&
         PyModule_AddObjectRef(module, "CheckedFunction", reinterpret_cast<PyObject*>(&checked_type)) == 0;
}

static PyObject* set_dtype_class(PyObject*, PyObject* cls) {
  if (!PyType_Check(cls)) return PyErr_Format(PyExc_TypeError, "set_dtype_class: expected a class, got %R", cls);
  PyObject* old = reinterpret_cast<PyObject*>(dtype_class);
  dtype_class = reinterpret_cast<PyTypeObject*>(Py_NewRef(cls));
  Py_XDECREF(old);
  Py_RETURN_NONE;
}

PyMethodDef checked_call_methods[] = {
    {"set_dtype_class", set_dtype_class, METH_O, "The class of dtypes, for the checks of arguments."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
