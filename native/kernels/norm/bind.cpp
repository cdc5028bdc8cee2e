#include "kernels/movement/layout.h"
#include "kernels/norm/norm.h"
#include "runtime/array_view.h"

namespace rl {
namespace {

bool usable(PyArrayObject* a) { return PyArray_ISALIGNED(a) && PyArray_ISNOTSWAPPED(a); }

PyArrayObject* floating(PyObject* object, const char* op, const char* name, bool last = false) {
  PyArrayObject* a = as_array(object, op, name);
  if (!a) return nullptr;
  const int type = PyArray_TYPE(a);
  if (type == NPY_FLOAT32 || type == NPY_FLOAT64)
    return last && usable(a) ? channels_last(a) : contiguous(object, type, op, name);
  PyErr_Format(PyExc_TypeError, "%s: %s must have dtype float32 or float64, got %S", op, name, PyArray_DESCR(a));
  return nullptr;
}

// An argument of `count` items and x's type, or None (when allowed). `ok` turns false with an exception set.
struct Vector {
  Ref ref;
  bool ok;
  Vector(PyObject* object, int type, int64_t count, bool optional, const char* op, const char* name) : ok(true) {
    if (optional && object == Py_None) return;
    ref.object = reinterpret_cast<PyObject*>(contiguous(object, type, op, name));
    ok = check(count, op, name);
  }
  bool check(int64_t count, const char* op, const char* name) const {
    if (!ref) return false;
    if (PyArray_SIZE(ref.array()) == count) return true;
    PyErr_Format(PyExc_ValueError, "%s: %s must have %lld items, got %zd", op, name, (long long)count,
                 (Py_ssize_t)PyArray_SIZE(ref.array()));
    return false;
  }
  template <class T>
  T* get() const {
    return ref ? data<T>(ref.array()) : nullptr;
  }
};

// Writable in place: contiguous, of x's type, not a copy.
bool writable(PyObject* object, int type, int64_t count, const char* op, const char* name) {
  if (object == Py_None) return true;
  PyArrayObject* a = as_array(object, op, name);
  if (!a) return false;
  if (PyArray_TYPE(a) == type && PyArray_ISCARRAY(a) && PyArray_SIZE(a) == count) return true;
  PyErr_Format(PyExc_ValueError, "%s: %s must be a writable contiguous array of %lld items of the input's dtype", op,
               name, (long long)count);
  return false;
}
template <class T>
T* writable_data(PyObject* object) {
  return object == Py_None ? nullptr : data<T>(reinterpret_cast<PyArrayObject*>(object));
}

struct ChannelShape {
  int64_t N, C, L;
};
// Images in channels-last order are to the kernels a matrix of channels.
struct Images {
  bool last;
  Ref x;
  Images(PyObject* object, const char* op, const char* name)
      : last(suggests_last(object)), x(floating(object, op, name, last)) {}
  PyArrayObject* array() const { return x.array(); }
  explicit operator bool() const { return bool(x); }
  PyArrayObject* new_like() const {
    PyArrayObject* a = x.array();
    return last ? new_channels_last(PyArray_NDIM(a), PyArray_DIMS(a), PyArray_TYPE(a)) : new_array_like(a);
  }

 private:
  static bool suggests_last(PyObject* object) {
    auto* a = reinterpret_cast<PyArrayObject*>(object);
    return PyArray_Check(object) && usable(a) && suggests_channels_last(a);
  }
};

bool channels_of(const Images& images, ChannelShape* s, const char* op) {
  PyArrayObject* x = images.array();
  const int ndim = PyArray_NDIM(x);
  if (ndim < 2) {
    PyErr_Format(PyExc_ValueError, "%s: expected at least 2 dimensions, got %d", op, ndim);
    return false;
  }
  s->N = PyArray_DIM(x, 0);
  s->C = PyArray_DIM(x, 1);
  s->L = 1;
  for (int i = 2; i < ndim; ++i) s->L *= PyArray_DIM(x, i);
  if (images.last) {
    s->N *= s->L;
    s->L = 1;
  }
  return true;
}

PyArrayObject* new_vector(int64_t count, int type) {
  npy_intp shape[1] = {npy_intp(count)};
  return new_array(1, shape, type);
}

bool expect_args(Py_ssize_t nargs, Py_ssize_t expected, const char* op) {
  if (nargs == expected) return true;
  PyErr_Format(PyExc_TypeError, "%s: expected %zd arguments, got %zd", op, expected, nargs);
  return false;
}

#define RL_BY_FLOAT(array, call)            \
  if (PyArray_TYPE(array) == NPY_FLOAT32) { \
    using T = float;                        \
    call(f32);                              \
  } else {                                  \
    using T = double;                       \
    call(f64);                              \
  }

PyObject* batch_norm_train(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "batch_norm_train";
  if (!expect_args(nargs, 7, op)) return nullptr;
  Images x(args[0], op, "input");
  ChannelShape s;
  double eps, momentum;
  if (!x || !channels_of(x, &s, op) || !as_double(args[3], &eps, op, "eps") ||
      !as_double(args[6], &momentum, op, "momentum"))
    return nullptr;
  const int type = PyArray_TYPE(x.array());
  Vector weight(args[1], type, s.C, true, op, "weight");
  if (!weight.ok) return nullptr;
  Vector bias(args[2], type, s.C, true, op, "bias");
  if (!bias.ok || !writable(args[4], type, s.C, op, "running_mean") || !writable(args[5], type, s.C, op, "running_var"))
    return nullptr;
  Ref y(x.new_like()), mean(new_vector(s.C, type)), rstd(new_vector(s.C, type));
  if (!y || !mean || !rstd) return nullptr;
  {
    GilRelease nogil(PyArray_SIZE(x.array()));
#define RL_CALL(suffix)                                                                                            \
  norm_kernels().batch_norm_train_##suffix(data<T>(x.array()), weight.get<T>(), bias.get<T>(), s.N, s.C, s.L, eps, \
                                           data<T>(y.array()), data<T>(mean.array()), data<T>(rstd.array()),       \
                                           writable_data<T>(args[4]), writable_data<T>(args[5]), momentum)
    RL_BY_FLOAT(x.array(), RL_CALL)
#undef RL_CALL
  }
  return PyTuple_Pack(3, y.object, mean.object, rstd.object);
}

PyObject* batch_stats(PyObject*, PyObject* arg) {
  const char* op = "batch_stats";
  Images x(arg, op, "input");
  ChannelShape s;
  if (!x || !channels_of(x, &s, op)) return nullptr;
  const int type = PyArray_TYPE(x.array());
  Ref mean(new_vector(s.C, type)), var(new_vector(s.C, type));
  if (!mean || !var) return nullptr;
  {
    GilRelease nogil(PyArray_SIZE(x.array()));
#define RL_CALL(suffix) \
  norm_kernels().batch_stats_##suffix(data<T>(x.array()), s.N, s.C, s.L, data<T>(mean.array()), data<T>(var.array()))
    RL_BY_FLOAT(x.array(), RL_CALL)
#undef RL_CALL
  }
  return PyTuple_Pack(2, mean.object, var.object);
}

PyObject* batch_norm_apply(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "batch_norm_apply";
  if (!expect_args(nargs, 5, op)) return nullptr;
  Images x(args[0], op, "input");
  ChannelShape s;
  if (!x || !channels_of(x, &s, op)) return nullptr;
  const int type = PyArray_TYPE(x.array());
  Vector mean(args[1], type, s.C, false, op, "mean");
  if (!mean.ok) return nullptr;
  Vector rstd(args[2], type, s.C, false, op, "rstd");
  if (!rstd.ok) return nullptr;
  Vector weight(args[3], type, s.C, true, op, "weight");
  if (!weight.ok) return nullptr;
  Vector bias(args[4], type, s.C, true, op, "bias");
  if (!bias.ok) return nullptr;
  Ref y(x.new_like());
  if (!y) return nullptr;
  {
    GilRelease nogil(PyArray_SIZE(x.array()));
#define RL_CALL(suffix)                                                                                       \
  norm_kernels().batch_norm_apply_##suffix(data<T>(x.array()), mean.get<T>(), rstd.get<T>(), weight.get<T>(), \
                                           bias.get<T>(), s.N, s.C, s.L, data<T>(y.array()))
    RL_BY_FLOAT(x.array(), RL_CALL)
#undef RL_CALL
  }
  return y.release();
}

PyObject* none_or(Ref& ref) { return ref ? ref.object : Py_None; }

// (grad, x, mean, rstd, weight, batch, need_x, need_weight, need_bias) -> three arrays or None
PyObject* batch_norm_grad(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "batch_norm_grad";
  if (!expect_args(nargs, 9, op)) return nullptr;
  Images x(args[1], op, "input");
  ChannelShape s;
  if (!x || !channels_of(x, &s, op)) return nullptr;
  const int type = PyArray_TYPE(x.array());
  Ref grad(floating(args[0], op, "grad", x.last));
  if (!grad) return nullptr;
  if (PyArray_TYPE(grad.array()) != type || !PyArray_SAMESHAPE(grad.array(), x.array()))
    return PyErr_Format(PyExc_ValueError, "%s: grad must have the input's dtype and shape", op);
  Vector mean(args[2], type, s.C, false, op, "mean");
  if (!mean.ok) return nullptr;
  Vector rstd(args[3], type, s.C, false, op, "rstd");
  if (!rstd.ok) return nullptr;
  Vector weight(args[4], type, s.C, true, op, "weight");
  if (!weight.ok) return nullptr;
  int flags[4];
  for (int i = 0; i < 4; ++i)
    if ((flags[i] = PyObject_IsTrue(args[5 + i])) < 0) return nullptr;
  Ref grad_x(flags[1] ? x.new_like() : nullptr), grad_weight(flags[2] ? new_vector(s.C, type) : nullptr),
      grad_bias(flags[3] ? new_vector(s.C, type) : nullptr);
  if (PyErr_Occurred()) return nullptr;
  {
    GilRelease nogil(PyArray_SIZE(x.array()));
#define RL_CALL(suffix)                                                                                                \
  norm_kernels().batch_norm_grad_##suffix(                                                                             \
      data<T>(grad.array()), data<T>(x.array()), mean.get<T>(), rstd.get<T>(), weight.get<T>(), s.N, s.C, s.L,         \
      flags[0] != 0, grad_x ? data<T>(grad_x.array()) : nullptr, grad_weight ? data<T>(grad_weight.array()) : nullptr, \
      grad_bias ? data<T>(grad_bias.array()) : nullptr)
    RL_BY_FLOAT(x.array(), RL_CALL)
#undef RL_CALL
  }
  return PyTuple_Pack(3, none_or(grad_x), none_or(grad_weight), none_or(grad_bias));
}

// Rows and row length when the last `axes` axes are normalised.
bool rows_of(PyArrayObject* x, int64_t axes, int64_t* R, int64_t* D, const char* op) {
  const int ndim = PyArray_NDIM(x);
  if (axes < 1 || axes > ndim) {
    PyErr_Format(PyExc_ValueError, "%s: cannot normalise the last %lld axes of %d", op, (long long)axes, ndim);
    return false;
  }
  *R = *D = 1;
  for (int i = 0; i < ndim; ++i) (i < ndim - axes ? *R : *D) *= PyArray_DIM(x, i);
  return true;
}

// (x, weight, bias, axes, eps) -> y, mean, rstd
PyObject* layer_norm(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "layer_norm";
  if (!expect_args(nargs, 5, op)) return nullptr;
  Ref x(floating(args[0], op, "input"));
  int64_t axes, R, D;
  double eps;
  if (!x || !as_int(args[3], &axes, op, "axes") || !as_double(args[4], &eps, op, "eps") ||
      !rows_of(x.array(), axes, &R, &D, op))
    return nullptr;
  const int type = PyArray_TYPE(x.array());
  Vector weight(args[1], type, D, true, op, "weight");
  if (!weight.ok) return nullptr;
  Vector bias(args[2], type, D, true, op, "bias");
  if (!bias.ok) return nullptr;
  Ref y(new_array_like(x.array())), mean(new_vector(R, type)), rstd(new_vector(R, type));
  if (!y || !mean || !rstd) return nullptr;
  {
    GilRelease nogil(R * D);
#define RL_CALL(suffix)                                                                             \
  norm_kernels().layer_norm_##suffix(data<T>(x.array()), weight.get<T>(), bias.get<T>(), R, D, eps, \
                                     data<T>(y.array()), data<T>(mean.array()), data<T>(rstd.array()))
    RL_BY_FLOAT(x.array(), RL_CALL)
#undef RL_CALL
  }
  return PyTuple_Pack(3, y.object, mean.object, rstd.object);
}

// (grad, x, mean, rstd, weight, axes, need_x, need_weight, need_bias) -> three arrays or None; affine gradients are
// flat
PyObject* layer_norm_grad(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "layer_norm_grad";
  if (!expect_args(nargs, 9, op)) return nullptr;
  Ref x(floating(args[1], op, "input"));
  int64_t axes, R, D;
  if (!x || !as_int(args[5], &axes, op, "axes") || !rows_of(x.array(), axes, &R, &D, op)) return nullptr;
  const int type = PyArray_TYPE(x.array());
  Vector grad(args[0], type, R * D, false, op, "grad");
  if (!grad.ok) return nullptr;
  Vector mean(args[2], type, R, false, op, "mean");
  if (!mean.ok) return nullptr;
  Vector rstd(args[3], type, R, false, op, "rstd");
  if (!rstd.ok) return nullptr;
  Vector weight(args[4], type, D, true, op, "weight");
  if (!weight.ok) return nullptr;
  int need[3];
  for (int i = 0; i < 3; ++i)
    if ((need[i] = PyObject_IsTrue(args[6 + i])) < 0) return nullptr;
  Ref grad_x(need[0] ? new_array_like(x.array()) : nullptr), grad_weight(need[1] ? new_vector(D, type) : nullptr),
      grad_bias(need[2] ? new_vector(D, type) : nullptr);
  if (PyErr_Occurred()) return nullptr;
  {
    GilRelease nogil(R * D);
#define RL_CALL(suffix)                                                                                      \
  norm_kernels().layer_norm_grad_##suffix(grad.get<T>(), data<T>(x.array()), mean.get<T>(), rstd.get<T>(),   \
                                          weight.get<T>(), R, D, grad_x ? data<T>(grad_x.array()) : nullptr, \
                                          grad_weight ? data<T>(grad_weight.array()) : nullptr,              \
                                          grad_bias ? data<T>(grad_bias.array()) : nullptr)
    RL_BY_FLOAT(x.array(), RL_CALL)
#undef RL_CALL
  }
  return PyTuple_Pack(3, none_or(grad_x), none_or(grad_weight), none_or(grad_bias));
}

}  // namespace

#define RL_METHOD(name, text) \
  {#name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(name)), METH_FASTCALL, text}
PyMethodDef norm_methods[] = {
    RL_METHOD(batch_norm_train, "(x, weight, bias, eps, running_mean, running_var, momentum) -> (y, mean, rstd)"),
    RL_METHOD(batch_norm_apply, "(x, mean, rstd, weight, bias) -> y"),
    RL_METHOD(batch_norm_grad, "(grad, x, mean, rstd, weight, batch, need_x, need_weight, need_bias) -> gradients"),
    {"batch_stats", batch_stats, METH_O, "x -> (mean, biased variance) per channel"},
    RL_METHOD(layer_norm, "(x, weight, bias, axes, eps) -> (y, mean, rstd)"),
    RL_METHOD(layer_norm_grad, "(grad, x, mean, rstd, weight, axes, need_x, need_weight, need_bias) -> gradients"),
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
