#include "kernels/elementwise/elementwise.h"
#include "runtime/array_view.h"
#include "runtime/bindings.h"

namespace rl {

static PyObject* add(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "add: expected 2 arguments, got %zd", nargs);
  if (PyArray_Check(args[0]) && PyArray_Check(args[1])) {
    auto* a = reinterpret_cast<PyArrayObject*>(args[0]);
    auto* b = reinterpret_cast<PyArrayObject*>(args[1]);
    if (PyArray_TYPE(a) == NPY_FLOAT32 && PyArray_TYPE(b) == NPY_FLOAT32 && is_contiguous(a) && is_contiguous(b) &&
        PyArray_SAMESHAPE(a, b)) {
      PyArrayObject* out = new_array_like(a);
      if (!out) return nullptr;
      const int64_t n = PyArray_SIZE(a);
      GilRelease nogil(n);
      elementwise_kernels().add_f32(data<float>(a), data<float>(b), data<float>(out), n);
      return reinterpret_cast<PyObject*>(out);
    }
  }
  return PyErr_Format(PyExc_TypeError, "add: not yet");
}

PyMethodDef elementwise_methods[] = {
    {"add", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(add)), METH_FASTCALL, "a + b"},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
