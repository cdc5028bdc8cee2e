#include "kernels/softmax/softmax.h"
#include "runtime/array_view.h"

namespace rl {
namespace {

struct Runs {
  int64_t outer = 1, D = 1, inner = 1;
};

// The array as contiguous (outer, D, inner) around axis args[last]; new reference or nullptr.
PyArrayObject* around_axis(PyObject* object, PyObject* axis_object, Runs* runs, const char* op, const char* name) {
  PyArrayObject* a = as_array(object, op, name);
  int64_t axis;
  if (!a || !as_int(axis_object, &axis, op, "axis")) return nullptr;
  const int ndim = PyArray_NDIM(a), type = PyArray_TYPE(a);
  if (axis < 0 || axis >= ndim) {
    PyErr_Format(PyExc_ValueError, "%s: axis %lld of %d", op, (long long)axis, ndim);
    return nullptr;
  }
  if (type != NPY_FLOAT32 && type != NPY_FLOAT64) {
    PyErr_Format(PyExc_TypeError, "%s: %s must have dtype float32 or float64, got %S", op, name, PyArray_DESCR(a));
    return nullptr;
  }
  for (int i = 0; i < ndim; ++i) (i < axis ? runs->outer : i == axis ? runs->D : runs->inner) *= PyArray_DIM(a, i);
  return contiguous(object, type, op, name);
}

template <bool log>
PyObject* forward(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = log ? "log_softmax" : "softmax";
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "%s: expected 2 arguments, got %zd", op, nargs);
  Runs r;
  Ref x(around_axis(args[0], args[1], &r, op, "input"));
  if (!x) return nullptr;
  Ref y(new_array_like(x.array()));
  if (!y) return nullptr;
  const auto& k = softmax_kernels();
  if (r.outer * r.D * r.inner > 0) {
    GilRelease nogil(r.outer * r.D * r.inner);
    if (PyArray_TYPE(x.array()) == NPY_FLOAT32) {
      (log ? k.log_softmax_f32 : k.softmax_f32)(data<float>(x.array()), data<float>(y.array()), r.outer, r.D, r.inner);
    } else {
      (log ? k.log_softmax_f64 : k.softmax_f64)(data<double>(x.array()), data<double>(y.array()), r.outer, r.D,
                                                r.inner);
    }
  }
  return y.release();
}

template <bool log>
PyObject* backward(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = log ? "log_softmax_grad" : "softmax_grad";
  if (nargs != 3) return PyErr_Format(PyExc_TypeError, "%s: expected 3 arguments, got %zd", op, nargs);
  Runs r;
  Ref y(around_axis(args[1], args[2], &r, op, "output"));
  if (!y) return nullptr;
  const int type = PyArray_TYPE(y.array());
  Ref g(contiguous(args[0], type, op, "grad"));
  if (!g) return nullptr;
  if (!PyArray_SAMESHAPE(g.array(), y.array()))
    return PyErr_Format(PyExc_ValueError, "%s: grad and output differ in shape", op);
  Ref out(new_array_like(y.array()));
  if (!out) return nullptr;
  const auto& k = softmax_kernels();
  if (r.outer * r.D * r.inner > 0) {
    GilRelease nogil(r.outer * r.D * r.inner);
    if (type == NPY_FLOAT32) {
      (log ? k.log_softmax_grad_f32 : k.softmax_grad_f32)(data<float>(g.array()), data<float>(y.array()),
                                                          data<float>(out.array()), r.outer, r.D, r.inner);
    } else {
      (log ? k.log_softmax_grad_f64 : k.softmax_grad_f64)(data<double>(g.array()), data<double>(y.array()),
                                                          data<double>(out.array()), r.outer, r.D, r.inner);
    }
  }
  return out.release();
}

}  // namespace

#define RL_METHOD(name, function, text) \
  {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)), METH_FASTCALL, text}
PyMethodDef softmax_methods[] = {RL_METHOD("softmax", forward<false>, "(x, axis) -> y"),
                                 RL_METHOD("log_softmax", forward<true>, "(x, axis) -> y"),
                                 RL_METHOD("softmax_grad", backward<false>, "(grad, y, axis) -> grad_x"),
                                 RL_METHOD("log_softmax_grad", backward<true>, "(grad, y, axis) -> grad_x"),
                                 {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
