#include "kernels/conv/conv.h"
#include "kernels/movement/layout.h"
#include "runtime/array_view.h"

namespace rl {

// The geometry of one call from the shapes of its arrays; every size and stride is checked here, so that the kernels
// can trust them.
static bool conv_shape(const char* op, int rank, const npy_intp* input, const npy_intp* weight, const npy_intp* output,
                       PyObject* stride, PyObject* padding, PyObject* dilation, PyObject* groups, ConvShape* s) {
  int64_t values[3][3];
  if (!as_ints(stride, rank, values[0], op, "stride") || !as_ints(padding, rank, values[1], op, "padding") ||
      !as_ints(dilation, rank, values[2], op, "dilation") || !as_int(groups, &s->groups, op, "groups"))
    return false;
  s->batch = input[0];
  s->in_channels = weight[1];
  s->out_channels = s->groups > 0 ? weight[0] / s->groups : 0;
  if (s->groups < 1 || weight[0] % s->groups || input[1] != s->groups * weight[1]) {
    PyErr_Format(PyExc_ValueError, "%s: input channels %zd and weight (%zd, %zd, ...) do not fit groups=%lld", op,
                 input[1], weight[0], weight[1], (long long)s->groups);
    return false;
  }
  for (int i = 0; i < 3; ++i) {
    const int from = i - (3 - rank);
    s->input[i] = from < 0 ? 1 : input[2 + from];
    s->kernel[i] = from < 0 ? 1 : weight[2 + from];
    s->stride[i] = from < 0 ? 1 : values[0][from];
    s->padding[i] = from < 0 ? 0 : values[1][from];
    s->dilation[i] = from < 0 ? 1 : values[2][from];
    const int64_t limit = int64_t(1) << 40;
    if (s->kernel[i] < 1 || s->stride[i] < 1 || s->padding[i] < 0 || s->dilation[i] < 1 || s->stride[i] > limit ||
        s->padding[i] > limit || s->dilation[i] > limit) {
      PyErr_Format(PyExc_ValueError, "%s: kernel, stride and dilation must be positive and padding not negative", op);
      return false;
    }
    const __int128 reach = __int128(s->dilation[i]) * (s->kernel[i] - 1) + 1;
    const __int128 room = __int128(s->input[i]) + 2 * s->padding[i] - reach;
    if (room < 0) {
      PyErr_Format(PyExc_ValueError, "%s: kernel of size %lld does not fit the padded input of size %lld", op,
                   (long long)reach, (long long)(s->input[i] + 2 * s->padding[i]));
      return false;
    }
    s->output[i] = int64_t(room / s->stride[i]) + 1;
    // A transposed convolution's output_padding leaves room for windows that were never there: fewer are fine.
    if (output && from >= 0) {
      if (output[2 + from] > s->output[i]) {
        PyErr_Format(PyExc_ValueError, "%s: expected an output gradient of at most size %lld along axis %d, got %zd",
                     op, (long long)s->output[i], 2 + from, output[2 + from]);
        return false;
      }
      s->output[i] = output[2 + from];
    }
  }
  if (output && (output[0] != s->batch || output[1] != weight[0])) {
    PyErr_Format(PyExc_ValueError, "%s: expected an output gradient (%lld, %zd, ...), got (%zd, %zd, ...)", op,
                 (long long)s->batch, weight[0], output[0], output[1]);
    return false;
  }
  return true;
}

static bool same_rank(const char* op, PyArrayObject* a, PyArrayObject* b) {
  const int ndim = PyArray_NDIM(a);
  if (ndim >= 3 && ndim <= 5 && (!b || PyArray_NDIM(b) == ndim)) return true;
  PyErr_Format(PyExc_ValueError, "%s: expected arrays of the same rank, 3 to 5, got %d and %d", op, ndim,
               b ? PyArray_NDIM(b) : ndim);
  return false;
}

template <class T>
static const T* optional_data(const Ref& ref) {
  return ref ? data<T>(ref.array()) : nullptr;
}

static PyObject* finish(const char* op, bool ok, Ref& out) { return ok ? out.release() : out_of_work_memory(op); }

// ---- channels-last order: results have it where an operand does (layout.h)

static bool wants_last(PyObject* object) {
  auto* a = reinterpret_cast<PyArrayObject*>(object);
  return PyArray_Check(object) && PyArray_ISALIGNED(a) && PyArray_ISNOTSWAPPED(a) && suggests_channels_last(a);
}

// The result in that order, which a kernel of the usual order made.
static PyObject* finish_last(const char* op, bool ok, Ref& out) {
  return ok ? reinterpret_cast<PyObject*>(channels_last(out.array())) : out_of_work_memory(op);
}

// Whether the kernels for that order fill their vectors; else images are brought into the usual order and back.
static bool has_last_kernel(const ConvShape& s, bool weight) {
  if (s.batch == 0 || s.in_channels == 0 || s.out_channels == 0) return false;
  for (int i = 0; i < 3; ++i)
    if (s.input[i] == 0 || s.output[i] == 0) return false;
  if (s.groups > 1) return s.in_channels >= 16 && s.out_channels >= 16;
  return !weight || s.in_channels * s.kernel[2] >= 8;
}

// What all three take: two arrays of one dtype, an optional bias of `channels`, contiguous. `last`: a result in
// channels-last order is wanted (never of volumes in double precision, where PyTorch does not give one).
struct Operands {
  Ref a, b, bias;
  int type = 0;
  bool ok = false, last = false;

  Operands(const char* op, PyObject* first, PyObject* second, PyObject* third)
      : last(wants_last(first) || wants_last(second)) {
    PyArrayObject* array = as_array(first, op, "first array");
    if (!array) return;
    type = PyArray_TYPE(array);
    if (type != NPY_FLOAT32 && type != NPY_FLOAT64) {
      PyErr_Format(PyExc_TypeError, "%s: expected float32 or float64, got %S", op, PyArray_DESCR(array));
      return;
    }
    array = as_array(second, op, "second array");
    if (!array) return;
    if (PyArray_TYPE(array) != type) {
      PyErr_Format(PyExc_TypeError, "%s: expected both arrays in one dtype, got %S and %S", op,
                   PyArray_DESCR(reinterpret_cast<PyArrayObject*>(first)), PyArray_DESCR(array));
      return;
    }
    a.object = Py_NewRef(first);
    b.object = Py_NewRef(second);
    if (third != Py_None) {
      bias.object = reinterpret_cast<PyObject*>(contiguous(third, type, op, "bias"));
      if (!bias) return;
    }
    ok = same_rank(op, a.array(), b.array());
    last = last && ok && (PyArray_NDIM(a.array()) == 4 || (PyArray_NDIM(a.array()) == 5 && type == NPY_FLOAT32));
  }

  // Both arrays in the order that the kernel to be called reads, the second of gradients and images only.
  bool arrange(const char* op, bool last_kernel, bool second_too) {
    return arrange_one(op, a, last_kernel) && arrange_one(op, b, last_kernel && second_too);
  }

  bool arrange_one(const char* op, Ref& ref, bool last_kernel) const {
    PyArrayObject* array = last_kernel ? channels_last(ref.array()) : contiguous(ref.object, type, op, "array");
    if (!array) return false;
    Py_SETREF(ref.object, reinterpret_cast<PyObject*>(array));
    return true;
  }

  bool bias_fits(const char* op, npy_intp channels) const {
    if (!bias || (PyArray_NDIM(bias.array()) == 1 && PyArray_DIM(bias.array(), 0) == channels)) return true;
    PyErr_Format(PyExc_ValueError, "%s: expected a bias of shape (%zd,)", op, channels);
    return false;
  }
};

// conv of a channels_last image where every group is one channel, in the same layout. *taken stays false, without an
// exception, where the arguments are anything else.
static PyObject* depthwise_channels_last(PyObject* const* args, bool* taken) {
  const char* op = "conv";
  *taken = false;
  if (!PyArray_Check(args[0]) || !PyArray_Check(args[1])) return nullptr;
  auto *x = reinterpret_cast<PyArrayObject*>(args[0]), *weight = reinterpret_cast<PyArrayObject*>(args[1]);
  const int type = PyArray_TYPE(x);
  if ((type != NPY_FLOAT32 && type != NPY_FLOAT64) || PyArray_NDIM(x) != 4 || !wants_last(args[0]) ||
      PyArray_SIZE(x) == 0 || PyArray_NDIM(weight) != 4 || PyArray_DIM(weight, 1) != 1 ||
      PyArray_DIM(weight, 0) != PyArray_DIM(x, 1))
    return nullptr;
  const long groups = PyLong_Check(args[6]) ? PyLong_AsLong(args[6]) : -1;
  if (groups == -1 && PyErr_Occurred()) PyErr_Clear();
  if (groups != PyArray_DIM(x, 1)) return nullptr;
  *taken = true;
  Ref w(contiguous(args[1], type, op, "second array")), bias;
  if (!w) return nullptr;
  if (args[2] != Py_None) {
    bias.object = reinterpret_cast<PyObject*>(contiguous(args[2], type, op, "bias"));
    if (!bias) return nullptr;
  }
  ConvShape s;
  if (!conv_shape(op, 2, PyArray_DIMS(x), PyArray_DIMS(weight), nullptr, args[3], args[4], args[5], args[6], &s))
    return nullptr;
  if (bias && (PyArray_NDIM(bias.array()) != 1 || PyArray_DIM(bias.array(), 0) != groups))
    return PyErr_Format(PyExc_ValueError, "%s: expected a bias of shape (%ld,)", op, groups);
  const int relu = PyObject_IsTrue(args[7]);
  if (relu < 0) return nullptr;
  const npy_intp shape[4] = {PyArray_DIM(x, 0), npy_intp(groups), npy_intp(s.output[1]), npy_intp(s.output[2])};
  Ref image(channels_last(x)), out(new_channels_last(4, shape, type));
  if (!image || !out) return nullptr;
  bool ok;
  {
    GilRelease nogil;
    ok = type == NPY_FLOAT32
             ? conv_kernels().depthwise_last_f32(s, data<float>(image.array()), data<float>(w.array()),
                                                 optional_data<float>(bias), data<float>(out.array()), relu)
             : conv_kernels().depthwise_last_f64(s, data<double>(image.array()), data<double>(w.array()),
                                                 optional_data<double>(bias), data<double>(out.array()), relu);
  }
  return finish(op, ok, out);
}

// conv(x, w, bias or None, stride, padding, dilation, groups, relu)
static PyObject* conv(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "conv";
  if (nargs != 8) return PyErr_Format(PyExc_TypeError, "%s: expected 8 arguments, got %zd", op, nargs);
  bool taken;
  PyObject* done = depthwise_channels_last(args, &taken);
  if (taken) return done;
  Operands in(op, args[0], args[1], args[2]);
  if (!in.ok) return nullptr;
  const int rank = PyArray_NDIM(in.a.array()) - 2;
  ConvShape s;
  if (!conv_shape(op, rank, PyArray_DIMS(in.a.array()), PyArray_DIMS(in.b.array()), nullptr, args[3], args[4], args[5],
                  args[6], &s) ||
      !in.bias_fits(op, PyArray_DIM(in.b.array(), 0)))
    return nullptr;
  const bool last = in.last && has_last_kernel(s, false);
  if (!in.arrange(op, last, false)) return nullptr;
  PyArrayObject *x = in.a.array(), *w = in.b.array();
  const int relu = PyObject_IsTrue(args[7]);
  if (relu < 0) return nullptr;
  npy_intp shape[5] = {PyArray_DIM(x, 0), PyArray_DIM(w, 0)};
  for (int i = 0; i < rank; ++i) shape[2 + i] = s.output[3 - rank + i];
  Ref out(last ? new_channels_last(rank + 2, shape, in.type) : new_array(rank + 2, shape, in.type));
  if (!out) return nullptr;
  bool ok;
  {
    GilRelease nogil;
    const ConvKernels& k = conv_kernels();
    ok =
        in.type == NPY_FLOAT32
            ? (last ? k.conv_last_f32 : k.forward_f32)(s, data<float>(x), data<float>(w), optional_data<float>(in.bias),
                                                       data<float>(out.array()), relu)
            : (last ? k.conv_last_f64 : k.forward_f64)(s, data<double>(x), data<double>(w),
                                                       optional_data<double>(in.bias), data<double>(out.array()), relu);
  }
  return in.last && !last ? finish_last(op, ok, out) : finish(op, ok, out);
}

static bool full_shape(PyObject* sequence, int ndim, npy_intp* shape, const char* op, const char* name) {
  int64_t values[5];
  if (!as_ints(sequence, ndim, values, op, name)) return false;
  for (int i = 0; i < ndim; ++i) {
    if (values[i] < 0) {
      PyErr_Format(PyExc_ValueError, "%s: %s must not be negative, got %R", op, name, sequence);
      return false;
    }
    shape[i] = values[i];
  }
  return true;
}

// conv_grad_input(g, w, bias or None, input_shape, stride, padding, dilation, groups)
static PyObject* conv_grad_input(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "conv_grad_input";
  if (nargs != 8) return PyErr_Format(PyExc_TypeError, "%s: expected 8 arguments, got %zd", op, nargs);
  Operands in(op, args[0], args[1], args[2]);
  if (!in.ok) return nullptr;
  const int ndim = PyArray_NDIM(in.a.array());
  npy_intp shape[5];
  ConvShape s;
  if (!full_shape(args[3], ndim, shape, op, "input_shape") ||
      !conv_shape(op, ndim - 2, shape, PyArray_DIMS(in.b.array()), PyArray_DIMS(in.a.array()), args[4], args[5],
                  args[6], args[7], &s) ||
      !in.bias_fits(op, shape[1]))
    return nullptr;
  const bool last = in.last && has_last_kernel(s, false) && s.stride[0] == 1 && s.stride[1] == 1 && s.stride[2] == 1;
  if (!in.arrange(op, last, false)) return nullptr;
  PyArrayObject *g = in.a.array(), *w = in.b.array();
  Ref out(last ? new_channels_last(ndim, shape, in.type) : new_array(ndim, shape, in.type));
  if (!out) return nullptr;
  bool ok;
  {
    GilRelease nogil;
    const ConvKernels& k = conv_kernels();
    ok = in.type == NPY_FLOAT32
             ? (last ? k.conv_last_grad_input_f32 : k.grad_input_f32)(
                   s, data<float>(g), data<float>(w), optional_data<float>(in.bias), data<float>(out.array()))
             : (last ? k.conv_last_grad_input_f64 : k.grad_input_f64)(
                   s, data<double>(g), data<double>(w), optional_data<double>(in.bias), data<double>(out.array()));
  }
  return in.last && !last ? finish_last(op, ok, out) : finish(op, ok, out);
}

// conv_grad_weight(g, x, weight_shape, stride, padding, dilation, groups)
static PyObject* conv_grad_weight(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "conv_grad_weight";
  if (nargs != 7) return PyErr_Format(PyExc_TypeError, "%s: expected 7 arguments, got %zd", op, nargs);
  Operands in(op, args[0], args[1], Py_None);
  if (!in.ok) return nullptr;
  const int ndim = PyArray_NDIM(in.a.array());
  npy_intp shape[5];
  ConvShape s;
  if (!full_shape(args[2], ndim, shape, op, "weight_shape") ||
      !conv_shape(op, ndim - 2, PyArray_DIMS(in.b.array()), shape, PyArray_DIMS(in.a.array()), args[3], args[4],
                  args[5], args[6], &s))
    return nullptr;
  const bool last = in.last && has_last_kernel(s, true);
  if (!in.arrange(op, last, true)) return nullptr;
  PyArrayObject *g = in.a.array(), *x = in.b.array();
  Ref out(new_array(ndim, shape, in.type));
  if (!out) return nullptr;
  bool ok;
  {
    GilRelease nogil;
    const ConvKernels& k = conv_kernels();
    ok = in.type == NPY_FLOAT32 ? (last ? k.conv_last_grad_weight_f32 : k.grad_weight_f32)(
                                      s, data<float>(g), data<float>(x), data<float>(out.array()))
                                : (last ? k.conv_last_grad_weight_f64 : k.grad_weight_f64)(
                                      s, data<double>(g), data<double>(x), data<double>(out.array()));
  }
  return finish(op, ok, out);
}

template <class F>
static PyCFunction fastcall(F* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef conv_methods[] = {
    {"conv", fastcall(conv), METH_FASTCALL, "Convolution; see kernels/conv/conv.h."},
    {"conv_grad_input", fastcall(conv_grad_input), METH_FASTCALL, "Gradient of the convolution's input."},
    {"conv_grad_weight", fastcall(conv_grad_weight), METH_FASTCALL, "Gradient of the convolution's weight."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
