#include "runtime/array_view.h"
#include "runtime/bindings.h"
#include "runtime/cpu_features.h"
#include "runtime/thread_pool.h"

namespace rl {

static PyObject* get_isa(PyObject*, PyObject*) { return PyUnicode_FromString(isa_name(active_isa())); }

static PyObject* set_isa(PyObject*, PyObject* arg) {
  const char* text = PyUnicode_AsUTF8(arg);
  if (!text) return nullptr;
  Isa isa;
  if (!parse_isa(text, &isa) || !set_active_isa(isa)) {
    PyErr_Format(PyExc_ValueError, "set_isa: expected one of %S, got '%s'", "baseline, avx2, avx512 (as far as this machine has them)", text);
    return nullptr;
  }
  Py_RETURN_NONE;
}

static PyObject* available_isas(PyObject*, PyObject*) {
  PyObject* list = PyList_New(0);
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa > best_isa()) break;
    Ref name(PyUnicode_FromString(isa_name(isa)));
    if (!list || !name || PyList_Append(list, name.object) < 0) return nullptr;
  }
  return list;
}

// empty(shape tuple, dtype number) -> uninitialised array from the caching allocator
static PyObject* empty(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2 || !PyTuple_Check(args[0])) {
    PyErr_SetString(PyExc_TypeError, "empty: expected (shape tuple, type number)");
    return nullptr;
  }
  const int ndim = int(PyTuple_GET_SIZE(args[0]));
  if (ndim > NPY_MAXDIMS) {
    PyErr_Format(PyExc_ValueError, "empty: at most %d dimensions, got %d", NPY_MAXDIMS, ndim);
    return nullptr;
  }
  int64_t shape[NPY_MAXDIMS], typenum;
  if (!as_ints(args[0], ndim, shape, "empty", "shape") || !as_int(args[1], &typenum, "empty", "dtype")) return nullptr;
  npy_intp dims[NPY_MAXDIMS];
  for (int i = 0; i < ndim; ++i) dims[i] = shape[i];
  return reinterpret_cast<PyObject*>(new_array(ndim, dims, int(typenum)));
}

PyMethodDef runtime_methods[] = {
    {"get_isa", get_isa, METH_NOARGS, "The instruction set in use."},
    {"set_isa", set_isa, METH_O, "Switch the instruction set (tests)."},
    {"available_isas", available_isas, METH_NOARGS, "Instruction sets this machine can run, narrowest first."},
    {"empty", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(empty)), METH_FASTCALL, "Uninitialised array."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
