#define RL_IMPORT_NUMPY
#include "runtime/array_view.h"
// the tables that CMakeLists.txt found
#include "method_tables.h"
#include "runtime/bindings.h"

namespace rl {
#define RL_DECLARE_METHODS(name) extern PyMethodDef name##_methods[];
RL_METHODS(RL_DECLARE_METHODS)
#undef RL_DECLARE_METHODS
}  // namespace rl

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", "rushlight's native kernels.", -1, nullptr};

PyMODINIT_FUNC PyInit__native() {
  import_array();
  PyObject* module = PyModule_Create(&definition);
  if (!module) return nullptr;
#define RL_ADD_METHODS(name) \
  if (PyModule_AddFunctions(module, rl::name##_methods) < 0) return nullptr;
  RL_METHODS(RL_ADD_METHODS)
#undef RL_ADD_METHODS
  rl::Ref bases(PyTuple_Pack(2, PyExc_RuntimeError, PyExc_MemoryError));
  if (!bases) return nullptr;
  rl::out_of_memory_error = PyErr_NewExceptionWithDoc(
      "rushlight.OutOfMemoryError",
      "No memory for a tensor: the machine's is used up, or the cap set by the program is reached.", bases.object,
      nullptr);
  if (PyModule_AddObjectRef(module, "OutOfMemoryError", rl::out_of_memory_error) < 0) return nullptr;
  if (!rl::add_records(module)) return nullptr;
  return module;
}
