#include "kernels/loss/loss.h"
#include "runtime/array_view.h"

namespace rl {
namespace {

enum Reduction : int64_t { none = 0, mean = 1, sum = 2 };

bool expect_args(Py_ssize_t nargs, Py_ssize_t expected, const char* op) {
  if (nargs == expected) return true;
  PyErr_Format(PyExc_TypeError, "%s: expected %zd arguments, got %zd", op, expected, nargs);
  return false;
}

PyArrayObject* floating(PyObject* object, const char* op, const char* name) {
  PyArrayObject* a = as_array(object, op, name);
  if (!a) return nullptr;
  const int type = PyArray_TYPE(a);
  if (type == NPY_FLOAT32 || type == NPY_FLOAT64) return contiguous(object, type, op, name);
  PyErr_Format(PyExc_TypeError, "%s: %s must have dtype float32 or float64, got %S", op, name, PyArray_DESCR(a));
  return nullptr;
}

bool as_reduction(PyObject* object, int64_t* value, const char* op) {
  if (!as_int(object, value, op, "reduction")) return false;
  if (*value >= 0 && *value <= 2) return true;
  PyErr_Format(PyExc_ValueError, "%s: reduction must be 0 (none), 1 (mean) or 2 (sum), got %lld", op,
               (long long)*value);
  return false;
}

PyArrayObject* scalar(double value, int type) {
  PyArrayObject* a = new_array(0, nullptr, type);
  if (!a) return nullptr;
  if (type == NPY_FLOAT32) {
    *data<float>(a) = float(value);
  } else {
    *data<double>(a) = value;
  }
  return a;
}

// What class losses have in common: x (N, C, ...), target (N, ...), weight (C) or None.
struct ClassArguments {
  Ref target, weight;
  ClassShape shape{1, 1, 1};
  int type = 0;
  int64_t samples = 0, ignore = 0;

  // x gives shape and type; its data may be unused.
  bool parse(PyArrayObject* x, PyObject* target_object, PyObject* weight_object, PyObject* ignore_object,
             const char* op) {
    type = PyArray_TYPE(x);
    const int ndim = PyArray_NDIM(x);
    if (ndim < 2) {
      PyErr_Format(PyExc_ValueError, "%s: expected (N, C, ...), got %d dimensions", op, ndim);
      return false;
    }
    shape = {PyArray_DIM(x, 0), PyArray_DIM(x, 1), 1};
    target.object = reinterpret_cast<PyObject*>(contiguous(target_object, NPY_INT64, op, "target"));
    if (!target || !as_int(ignore_object, &ignore, op, "ignore_index")) return false;
    bool same = PyArray_NDIM(target.array()) == ndim - 1 && PyArray_DIM(target.array(), 0) == shape.N;
    for (int i = 2; i < ndim; ++i) {
      shape.L *= PyArray_DIM(x, i);
      same = same && PyArray_DIM(target.array(), i - 1) == PyArray_DIM(x, i);
    }
    if (!same) {
      PyErr_Format(PyExc_ValueError, "%s: target's shape is not the input's without its class axis", op);
      return false;
    }
    samples = shape.N * shape.L;
    if (weight_object != Py_None) {
      weight.object = reinterpret_cast<PyObject*>(contiguous(weight_object, type, op, "weight"));
      if (!weight) return false;
      if (PyArray_SIZE(weight.array()) != shape.C) {
        PyErr_Format(PyExc_ValueError, "%s: weight must have %lld items", op, (long long)shape.C);
        return false;
      }
    }
    const int64_t bad = loss_kernels().check_targets(data<int64_t>(target.array()), samples, shape.C, ignore);
    if (bad < 0) return true;
    PyErr_Format(PyExc_IndexError, "Target %lld is out of bounds.", (long long)data<int64_t>(target.array())[bad]);
    return false;
  }
  template <class T>
  const T* weights() const {
    return weight ? data<T>(weight.array()) : nullptr;
  }
  const int64_t* targets() const { return data<int64_t>(target.array()); }
};

// Losses of the samples -> (result, weight that a mean divided by), both arrays.
template <class T, class Sum, class Weight>
PyObject* reduced(Ref& loss, int64_t reduction, int64_t samples, int type, Sum&& sum_of, Weight&& weight_of,
                  PyObject* extra) {
  double total = 0, count = 1;
  if (reduction != Reduction::none) {
    GilRelease nogil(samples);
    total = sum_of(data<T>(loss.array()), samples);
    if (reduction == Reduction::mean) count = weight_of();
  }
  Ref weight(scalar(count, type));
  if (!weight) return nullptr;
  if (reduction == Reduction::none)
    return extra ? PyTuple_Pack(3, loss.object, weight.object, extra) : PyTuple_Pack(2, loss.object, weight.object);
  Ref result(scalar(total / count, type));
  if (!result) return nullptr;
  return extra ? PyTuple_Pack(3, result.object, weight.object, extra) : PyTuple_Pack(2, result.object, weight.object);
}

// (x, target, weight, ignore_index, smoothing, reduction) -> (loss, total weight, lse)
PyObject* cross_entropy(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "cross_entropy";
  if (!expect_args(nargs, 6, op)) return nullptr;
  Ref x(floating(args[0], op, "input"));
  ClassArguments a;
  double smoothing;
  int64_t reduction;
  if (!x || !as_double(args[4], &smoothing, op, "label_smoothing") || !as_reduction(args[5], &reduction, op) ||
      !a.parse(x.array(), args[1], args[2], args[3], op))
    return nullptr;
  Ref loss(new_array(PyArray_NDIM(a.target.array()), PyArray_DIMS(a.target.array()), a.type));
  Ref lse(new_array(PyArray_NDIM(a.target.array()), PyArray_DIMS(a.target.array()), a.type));
  if (!loss || !lse) return nullptr;
  const auto& k = loss_kernels();
  if (a.type == NPY_FLOAT32) {
    {
      GilRelease nogil(a.samples * a.shape.C);
      k.cross_entropy_f32(data<float>(x.array()), a.targets(), a.weights<float>(), a.shape, a.ignore, smoothing,
                          data<float>(loss.array()), data<float>(lse.array()));
    }
    return reduced<float>(
        loss, reduction, a.samples, a.type, k.block_sum_f32,
        [&] { return k.target_weight_f32(a.targets(), a.weights<float>(), a.samples, a.ignore); }, lse.object);
  }
  {
    GilRelease nogil(a.samples * a.shape.C);
    k.cross_entropy_f64(data<double>(x.array()), a.targets(), a.weights<double>(), a.shape, a.ignore, smoothing,
                        data<double>(loss.array()), data<double>(lse.array()));
  }
  return reduced<double>(
      loss, reduction, a.samples, a.type, k.block_sum_f64,
      [&] { return k.target_weight_f64(a.targets(), a.weights<double>(), a.samples, a.ignore); }, lse.object);
}

// (x, target, weight, ignore_index, reduction) -> (loss, total weight)
PyObject* nll_loss(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "nll_loss";
  if (!expect_args(nargs, 5, op)) return nullptr;
  Ref x(floating(args[0], op, "input"));
  ClassArguments a;
  int64_t reduction;
  if (!x || !as_reduction(args[4], &reduction, op) || !a.parse(x.array(), args[1], args[2], args[3], op))
    return nullptr;
  Ref loss(new_array(PyArray_NDIM(a.target.array()), PyArray_DIMS(a.target.array()), a.type));
  if (!loss) return nullptr;
  const auto& k = loss_kernels();
  if (a.type == NPY_FLOAT32) {
    k.nll_loss_f32(data<float>(x.array()), a.targets(), a.weights<float>(), a.shape, a.ignore,
                   data<float>(loss.array()));
    return reduced<float>(
        loss, reduction, a.samples, a.type, k.block_sum_f32,
        [&] { return k.target_weight_f32(a.targets(), a.weights<float>(), a.samples, a.ignore); }, nullptr);
  }
  k.nll_loss_f64(data<double>(x.array()), a.targets(), a.weights<double>(), a.shape, a.ignore,
                 data<double>(loss.array()));
  return reduced<double>(
      loss, reduction, a.samples, a.type, k.block_sum_f64,
      [&] { return k.target_weight_f64(a.targets(), a.weights<double>(), a.samples, a.ignore); }, nullptr);
}

double item(PyArrayObject* a) { return PyArray_TYPE(a) == NPY_FLOAT32 ? *data<float>(a) : *data<double>(a); }

// The incoming gradient: one per sample, or one for all, which a mean divides by its total weight (a 0-d array).
struct OuterGradient {
  Ref grad;
  bool each = false;
  double scale = 1;

  bool parse(PyObject* grad_object, PyObject* total_weight, int64_t samples, int type, const char* op) {
    grad.object = reinterpret_cast<PyObject*>(contiguous(grad_object, type, op, "grad"));
    if (!grad) return false;
    const int64_t size = PyArray_SIZE(grad.array());
    each = PyArray_NDIM(grad.array()) > 0;
    if (each ? size != samples : size != 1) {
      PyErr_Format(PyExc_ValueError, "%s: grad has %lld items for %lld samples", op, (long long)size,
                   (long long)samples);
      return false;
    }
    if (total_weight == Py_None) return true;
    Ref total(contiguous(total_weight, type, op, "total weight"));
    if (!total) return false;
    if (PyArray_SIZE(total.array()) != 1) {
      PyErr_Format(PyExc_ValueError, "%s: total weight must be one number", op);
      return false;
    }
    scale = 1 / item(total.array());
    return true;
  }
};

// (grad, x, target, weight, lse, total_weight or None, ignore_index, smoothing) -> grad_x
PyObject* cross_entropy_grad(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "cross_entropy_grad";
  if (!expect_args(nargs, 8, op)) return nullptr;
  Ref x(floating(args[1], op, "input"));
  ClassArguments a;
  OuterGradient outer;
  double smoothing;
  if (!x || !as_double(args[7], &smoothing, op, "label_smoothing") ||
      !a.parse(x.array(), args[2], args[3], args[6], op) || !outer.parse(args[0], args[5], a.samples, a.type, op))
    return nullptr;
  Ref lse(contiguous(args[4], a.type, op, "lse"));
  if (!lse) return nullptr;
  if (PyArray_SIZE(lse.array()) != a.samples)
    return PyErr_Format(PyExc_ValueError, "%s: lse needs one item per sample", op);
  Ref out(new_array_like(x.array()));
  if (!out) return nullptr;
  {
    GilRelease nogil(a.samples * a.shape.C);
    if (a.type == NPY_FLOAT32) {
      loss_kernels().cross_entropy_grad_f32(
          data<float>(outer.grad.array()), outer.each, outer.scale, data<float>(x.array()), a.targets(),
          a.weights<float>(), data<float>(lse.array()), a.shape, a.ignore, smoothing, data<float>(out.array()));
    } else {
      loss_kernels().cross_entropy_grad_f64(
          data<double>(outer.grad.array()), outer.each, outer.scale, data<double>(x.array()), a.targets(),
          a.weights<double>(), data<double>(lse.array()), a.shape, a.ignore, smoothing, data<double>(out.array()));
    }
  }
  return out.release();
}

// (grad, x, target, weight, total_weight or None, ignore_index) -> grad_x; only x's shape is read
PyObject* nll_loss_grad(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "nll_loss_grad";
  if (!expect_args(nargs, 6, op)) return nullptr;
  Ref x(floating(args[1], op, "input"));
  ClassArguments a;
  OuterGradient outer;
  if (!x || !a.parse(x.array(), args[2], args[3], args[5], op) || !outer.parse(args[0], args[4], a.samples, a.type, op))
    return nullptr;
  Ref out(new_array_like(x.array()));
  if (!out) return nullptr;
  {
    GilRelease nogil(a.samples * a.shape.C);
    if (a.type == NPY_FLOAT32) {
      loss_kernels().nll_loss_grad_f32(data<float>(outer.grad.array()), outer.each, outer.scale, a.targets(),
                                       a.weights<float>(), a.shape, a.ignore, data<float>(out.array()));
    } else {
      loss_kernels().nll_loss_grad_f64(data<double>(outer.grad.array()), outer.each, outer.scale, a.targets(),
                                       a.weights<double>(), a.shape, a.ignore, data<double>(out.array()));
    }
  }
  return out.release();
}

struct PairArguments {
  Ref x, y;
  PairLoss kind = PairLoss::mse;
  double parameter = 0;
  int type = 0;
  int64_t size = 0;

  bool parse(PyObject* x_object, PyObject* y_object, PyObject* kind_object, PyObject* parameter_object,
             const char* op) {
    x.object = reinterpret_cast<PyObject*>(floating(x_object, op, "input"));
    if (!x) return false;
    type = PyArray_TYPE(x.array());
    size = PyArray_SIZE(x.array());
    y.object = reinterpret_cast<PyObject*>(contiguous(y_object, type, op, "target"));
    int64_t number;
    if (!y || !as_int(kind_object, &number, op, "kind") || !as_double(parameter_object, &parameter, op, "parameter"))
      return false;
    if (!PyArray_SAMESHAPE(x.array(), y.array())) {
      PyErr_Format(PyExc_ValueError, "%s: input and target differ in shape", op);
      return false;
    }
    if (number < 0 || number >= int64_t(PairLoss::num_kinds)) {
      PyErr_Format(PyExc_ValueError, "%s: unknown kind %lld", op, (long long)number);
      return false;
    }
    kind = PairLoss(number);
    return true;
  }
};

// (x, y, kind, parameter, reduction) -> loss
PyObject* pair_loss(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "pair_loss";
  if (!expect_args(nargs, 5, op)) return nullptr;
  PairArguments a;
  int64_t reduction;
  if (!as_reduction(args[4], &reduction, op) || !a.parse(args[0], args[1], args[2], args[3], op)) return nullptr;
  const auto& k = loss_kernels();
  const bool single = a.type == NPY_FLOAT32;
  if (reduction == Reduction::none) {
    Ref out(new_array_like(a.x.array()));
    if (!out) return nullptr;
    GilRelease nogil(a.size);
    if (single) {
      k.pair_loss_f32(a.kind, a.parameter, data<float>(a.x.array()), data<float>(a.y.array()), data<float>(out.array()),
                      a.size);
    } else {
      k.pair_loss_f64(a.kind, a.parameter, data<double>(a.x.array()), data<double>(a.y.array()),
                      data<double>(out.array()), a.size);
    }
    return out.release();
  }
  double total;
  {
    GilRelease nogil(a.size);
    total =
        single ? k.pair_loss_sum_f32(a.kind, a.parameter, data<float>(a.x.array()), data<float>(a.y.array()), a.size)
               : k.pair_loss_sum_f64(a.kind, a.parameter, data<double>(a.x.array()), data<double>(a.y.array()), a.size);
  }
  return reinterpret_cast<PyObject*>(scalar(reduction == Reduction::mean ? total / double(a.size) : total, a.type));
}

// (grad, x, y, kind, parameter, scale) -> grad_x
PyObject* pair_loss_grad(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "pair_loss_grad";
  if (!expect_args(nargs, 6, op)) return nullptr;
  PairArguments a;
  OuterGradient outer;
  if (!a.parse(args[1], args[2], args[3], args[4], op) || !outer.parse(args[0], Py_None, a.size, a.type, op) ||
      !as_double(args[5], &outer.scale, op, "scale"))
    return nullptr;
  Ref out(new_array_like(a.x.array()));
  if (!out) return nullptr;
  const auto& k = loss_kernels();
  GilRelease nogil(a.size);
  if (a.size > 0) {
    if (a.type == NPY_FLOAT32) {
      k.pair_loss_grad_f32(a.kind, a.parameter, data<float>(outer.grad.array()), outer.each, outer.scale,
                           data<float>(a.x.array()), data<float>(a.y.array()), data<float>(out.array()), a.size);
    } else {
      k.pair_loss_grad_f64(a.kind, a.parameter, data<double>(outer.grad.array()), outer.each, outer.scale,
                           data<double>(a.x.array()), data<double>(a.y.array()), data<double>(out.array()), a.size);
    }
  }
  return out.release();
}

}  // namespace

#define RL_METHOD(name, text) \
  {#name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(name)), METH_FASTCALL, text}
PyMethodDef loss_methods[] = {
    RL_METHOD(cross_entropy, "(x, target, weight, ignore_index, smoothing, reduction) -> (loss, total weight, lse)"),
    RL_METHOD(cross_entropy_grad, "(grad, x, target, weight, lse, total weight, ignore_index, smoothing) -> grad_x"),
    RL_METHOD(nll_loss, "(x, target, weight, ignore_index, reduction) -> (loss, total weight)"),
    RL_METHOD(nll_loss_grad, "(grad, x, target, weight, total weight, ignore_index) -> grad_x"),
    RL_METHOD(pair_loss, "(x, y, kind, parameter, reduction) -> loss"),
    RL_METHOD(pair_loss_grad, "(grad, x, y, kind, parameter, scale) -> grad_x"),
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
