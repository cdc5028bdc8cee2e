// What every layer does most: find a parameter or submodule by name, and call forward when there are no hooks. These
// are Module.__getattr__ and Module.__call__ (rushlight/nn/modules/module.py) for the common case, as type slots of the
// classes that override neither; everything else goes to the Python methods. Assigning either method to a class later
// makes Python put its own slots back.

#include <initializer_list>

#include "runtime/bindings.h"

namespace rl {

static PyObject *module_class, *general_getattr, *general_call, *global_hooks;
static PyObject *forward_name, *compiled_name, *getattr_name, *call_name, *getattribute_name;
static PyObject* table_names[3];  // _parameters, _modules, _buffers
static PyObject* hook_names[4];

static bool is_plain_dict(PyObject* object) {
  return object && (PyDict_CheckExact(object) || PyODict_CheckExact(object));
}

// type(self).name by plain lookup, then the instance's dict, then the three tables.
static PyObject* module_getattr(PyObject* self, PyObject* name) {
  if (_PyType_Lookup(Py_TYPE(self), name)) {  // methods, class attributes, properties
    PyObject* found = PyObject_GenericGetAttr(self, name);
    if (found || !PyErr_ExceptionMatches(PyExc_AttributeError)) return found;
    PyErr_Clear();
    PyObject* arguments[] = {self, name};
    return PyObject_Vectorcall(general_getattr, arguments, 2, nullptr);
  }
  PyObject* state = PyObject_GenericGetDict(self, nullptr);
  if (!state) return nullptr;
  PyObject* found = PyDict_GetItemWithError(state, name);
  for (int i = 0; !found && i < 3 && !PyErr_Occurred(); ++i) {
    PyObject* table = PyDict_GetItemWithError(state, table_names[i]);
    if (!table && PyErr_Occurred()) break;
    if (table && !is_plain_dict(table)) break;  // a mapping of the user's: Python asks it
    if (table) found = PyDict_GetItemWithError(table, name);
  }
  Py_XINCREF(found);
  Py_DECREF(state);
  if (found || PyErr_Occurred()) return found;
  PyObject* arguments[] = {self, name};
  return PyObject_Vectorcall(general_getattr, arguments, 2, nullptr);
}

// Whether the call is forward and nothing else; -1 on an error.
static int is_plain(PyObject* state) {
  if (PyDict_GET_SIZE(global_hooks)) return 0;
  for (PyObject* name : hook_names) {
    PyObject* hooks = PyDict_GetItemWithError(state, name);
    if (!hooks) return PyErr_Occurred() ? -1 : 0;
    if (!is_plain_dict(hooks) || PyDict_GET_SIZE(hooks)) return 0;
  }
  for (PyObject* name : {compiled_name, forward_name}) {
    const int own = PyDict_Contains(state, name);
    if (own) return own < 0 ? -1 : 0;
  }
  return 1;
}

static PyObject* module_call(PyObject* self, PyObject* args, PyObject* keywords) {
  constexpr Py_ssize_t kMost = 8;
  const Py_ssize_t count = PyTuple_GET_SIZE(args);
  int plain = 0;
  if (count <= kMost && !(keywords && PyDict_GET_SIZE(keywords))) {
    PyObject* state = PyObject_GenericGetDict(self, nullptr);
    if (!state) return nullptr;
    plain = is_plain(state);
    Py_DECREF(state);
    if (plain < 0) return nullptr;
  }
  PyObject* forward = plain ? _PyType_Lookup(Py_TYPE(self), forward_name) : nullptr;
  PyObject* room[kMost + 2] = {nullptr, self};
  if (forward && PyFunction_Check(forward)) {
    for (Py_ssize_t i = 0; i < count; ++i) room[2 + i] = PyTuple_GET_ITEM(args, i);
    Py_INCREF(forward);
    PyObject* result =
        PyObject_Vectorcall(forward, room + 1, size_t(count + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
    Py_DECREF(forward);
    return result;
  }
  PyObject* all = PyTuple_New(count + 1);
  if (!all) return nullptr;
  PyTuple_SET_ITEM(all, 0, Py_NewRef(self));
  for (Py_ssize_t i = 0; i < count; ++i) PyTuple_SET_ITEM(all, i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
  PyObject* result = PyObject_Call(general_call, all, keywords);
  Py_DECREF(all);
  return result;
}

// set_module_slots(cls): give a class the slots, where it inherits the methods they stand for.
static PyObject* set_module_slots(PyObject*, PyObject* object) {
  if (!module_class || !PyType_Check(object) ||
      !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(object), reinterpret_cast<PyTypeObject*>(module_class)))
    return PyErr_Format(PyExc_TypeError, "set_module_slots: expected a subclass of Module, got %R", object);
  auto* type = reinterpret_cast<PyTypeObject*>(object);
  auto* base = reinterpret_cast<PyObject*>(&PyBaseObject_Type);
  const bool own_lookup = _PyType_Lookup(type, getattribute_name) !=
                          _PyType_Lookup(reinterpret_cast<PyTypeObject*>(base), getattribute_name);
  if (!own_lookup && _PyType_Lookup(type, getattr_name) == general_getattr) type->tp_getattro = module_getattr;
  if (!own_lookup && _PyType_Lookup(type, call_name) == general_call) type->tp_call = module_call;
  PyType_Modified(type);
  Py_RETURN_NONE;
}

// set_module_class(Module, global_hooks): the class, and the dict that is empty while no hook is set for all modules
static PyObject* set_module_class(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2 || !PyType_Check(args[0]) || !PyDict_Check(args[1]))
    return PyErr_Format(PyExc_TypeError, "set_module_class: expected (Module, dict of global hooks)");
  static const char* const tables[] = {"_parameters", "_modules", "_buffers"};
  static const char* const hooks[] = {"_backward_hooks", "_backward_pre_hooks", "_forward_hooks", "_forward_pre_hooks"};
  for (int i = 0; i < 3; ++i) table_names[i] = PyUnicode_InternFromString(tables[i]);
  for (int i = 0; i < 4; ++i) hook_names[i] = PyUnicode_InternFromString(hooks[i]);
  forward_name = PyUnicode_InternFromString("forward");
  compiled_name = PyUnicode_InternFromString("_compiled_call_impl");
  getattr_name = PyUnicode_InternFromString("__getattr__");
  getattribute_name = PyUnicode_InternFromString("__getattribute__");
  call_name = PyUnicode_InternFromString("__call__");
  if (PyErr_Occurred()) return nullptr;
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  PyObject *lookup = _PyType_Lookup(type, getattr_name), *call = _PyType_Lookup(type, call_name);
  if (!lookup || !call) return PyErr_Format(PyExc_TypeError, "set_module_class: %R lacks its methods", args[0]);
  Py_XSETREF(module_class, Py_NewRef(args[0]));
  Py_XSETREF(general_getattr, Py_NewRef(lookup));
  Py_XSETREF(general_call, Py_NewRef(call));
  Py_XSETREF(global_hooks, Py_NewRef(args[1]));
  return set_module_slots(nullptr, args[0]);
}

PyMethodDef module_slots_methods[] = {
    {"set_module_class", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(set_module_class)), METH_FASTCALL,
     "The class Module and its global hooks."},
    {"set_module_slots", set_module_slots, METH_O, "Give a subclass of Module the native slots."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
