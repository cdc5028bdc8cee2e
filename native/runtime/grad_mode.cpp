// The grad mode of each thread: whether operations are recorded, and whether somebody looks at what is. `GradMode` is
// its Python face.

#include "runtime/bindings.h"
#include "runtime/records.h"

namespace rl {

static thread_local bool enabled = true;
static thread_local bool inference = false;
static thread_local bool watched = false;

bool grad_enabled() { return enabled; }
void set_grad_enabled(bool value) { enabled = value; }
bool recording_watched() { return watched; }

static int is_inference, is_watched;  // their addresses mark the attributes
static bool& flag_of(void* mark) { return mark == &is_inference ? inference : mark == &is_watched ? watched : enabled; }

static PyObject* get(PyObject*, void* mark) { return PyBool_FromLong(flag_of(mark)); }

static int set(PyObject*, PyObject* value, void* mark) {
  const int truth = value ? PyObject_IsTrue(value) : 0;
  if (truth < 0) return -1;
  flag_of(mark) = truth;
  return 0;
}

static PyGetSetDef attributes[] = {
    {"enabled", get, set, "Whether this thread records operations.", nullptr},
    {"inference", get, set, "Whether this thread is inside inference_mode.", &is_inference},
    {"watched", get, set, "Whether every node that this thread records is shown to the helper `recorded`.",
     &is_watched},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

static PyTypeObject type = {PyVarObject_HEAD_INIT(nullptr, 0) "rushlight._native.GradMode"};

bool add_grad_mode(PyObject* module) {
  type.tp_basicsize = sizeof(PyObject);
  type.tp_flags = Py_TPFLAGS_DEFAULT;
  type.tp_doc = "The grad mode of the current thread; all objects of this type are the same.";
  type.tp_new = PyType_GenericNew;
  type.tp_getset = attributes;
  return PyType_Ready(&type) == 0 && PyModule_AddObjectRef(module, "GradMode", reinterpret_cast<PyObject*>(&type)) == 0;
}

}  // namespace rl
