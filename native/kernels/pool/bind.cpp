#include "kernels/movement/layout.h"
#include "kernels/pool/pool.h"
#include "runtime/array_view.h"

namespace rl {
namespace {

// One to three ints into the trailing entries of v; the leading ones get `fill`.
bool spatial(PyObject* object, int nd, int64_t fill, int64_t low, int64_t* v, const char* op, const char* name) {
  for (int a = 0; a < 3 - nd; ++a) v[a] = fill;
  if (!as_ints(object, nd, v + 3 - nd, op, name)) return false;
  for (int a = 0; a < 3; ++a) {
    if (v[a] < low || v[a] > INT32_MAX) {
      PyErr_Format(PyExc_ValueError, "%s: %s must lie in %lld .. %d, got %R", op, name, (long long)low, INT32_MAX,
                   object);
      return false;
    }
  }
  return true;
}

// Splits an array's shape into planes and nd trailing sizes.
bool planes_of(PyArrayObject* x, int nd, int64_t* planes, int64_t* sizes, const char* op) {
  const int ndim = PyArray_NDIM(x);
  if (nd < 1 || nd > 3 || ndim < nd) {
    PyErr_Format(PyExc_ValueError,
                 "%s: expected 1 to 3 pooled axes and an array of at least as many, got %d axes of %d", op, nd, ndim);
    return false;
  }
  *planes = 1;
  for (int i = 0; i < ndim - nd; ++i) *planes *= PyArray_DIM(x, i);
  for (int a = 0; a < 3 - nd; ++a) sizes[a] = 1;
  for (int a = 0; a < nd; ++a) sizes[3 - nd + a] = PyArray_DIM(x, ndim - nd + a);
  return true;
}

// The whole geometry is checked here, so that kernels never leave their buffers.
bool check_geometry(const PoolGeometry& g, const char* op) {
  int64_t product = 8, taps = 1;
  for (int a = 0; a < 3; ++a) {
    const int64_t extent = (g.kernel[a] - 1) * g.dilation[a] + 1;
    const int64_t last = (g.out[a] - 1) * g.stride[a] - g.padding[a];  // where the last window starts
    if (g.in[a] < 1 || g.out[a] < 1 || last >= g.in[a]) {
      PyErr_Format(PyExc_ValueError,
                   "%s: axis of size %lld cannot have %lld windows (kernel %lld, stride %lld, padding %lld)", op,
                   (long long)g.in[a], (long long)g.out[a], (long long)g.kernel[a], (long long)g.stride[a],
                   (long long)g.padding[a]);
      return false;
    }
    if (__builtin_mul_overflow(taps, g.kernel[a], &taps) || taps > INT32_MAX || extent > INT32_MAX ||
        __builtin_mul_overflow(product, g.in[a] + 2 * g.padding[a] + extent, &product)) {
      PyErr_Format(PyExc_ValueError, "%s: window too large", op);
      return false;
    }
  }
  return true;
}

// `last`: in channels-last order.
PyArrayObject* pooled_like(PyArrayObject* x, int nd, const int64_t* sizes, int typenum, bool last = false) {
  npy_intp shape[NPY_MAXDIMS];
  const int ndim = PyArray_NDIM(x);
  for (int i = 0; i < ndim; ++i) shape[i] = i < ndim - nd ? PyArray_DIM(x, i) : npy_intp(sizes[3 - ndim + i]);
  return last ? new_channels_last(ndim, shape, typenum) : new_array(ndim, shape, typenum);
}

// Whether an array is images whose trailing `nd` axes are pooled and whose results are wanted in channels-last order.
bool wants_last(PyObject* object, int nd) {
  auto* a = reinterpret_cast<PyArrayObject*>(object);
  return PyArray_Check(object) && PyArray_NDIM(a) == nd + 2 && PyArray_ISALIGNED(a) && PyArray_ISNOTSWAPPED(a) &&
         suggests_channels_last(a);
}

// The kernels of that order take floats; what they do not take is done in the usual order and put in place afterwards.
bool has_last_kernel(PyObject* object) {
  const int type = PyArray_TYPE(reinterpret_cast<PyArrayObject*>(object));
  return type == NPY_FLOAT32 || type == NPY_FLOAT64;
}

PyObject* in_order(Ref& result, bool last) {
  return last ? reinterpret_cast<PyObject*>(channels_last(result.array())) : result.release();
}

PyArrayObject* typed(PyObject* object, const char* op, const char* name, bool last = false) {
  PyArrayObject* a = as_array(object, op, name);
  if (!a) return nullptr;
  const int type = PyArray_TYPE(a);
  if (type == NPY_FLOAT32 || type == NPY_FLOAT64 || type == NPY_INT64)
    return last ? channels_last(a) : contiguous(object, type, op, name);
  PyErr_Format(PyExc_TypeError, "%s: %s must have dtype float32, float64 or int64, got %S", op, name, PyArray_DESCR(a));
  return nullptr;
}

bool expect_args(Py_ssize_t nargs, Py_ssize_t expected, const char* op) {
  if (nargs == expected) return true;
  PyErr_Format(PyExc_TypeError, "%s: expected %zd arguments, got %zd", op, expected, nargs);
  return false;
}

// kernel, stride, padding, dilation from four consecutive arguments.
bool windows(PyObject* const* args, int nd, PoolGeometry* g, const char* op) {
  return spatial(args[0], nd, 1, 1, g->kernel, op, "kernel_size") &&
         spatial(args[1], nd, 1, 1, g->stride, op, "stride") && spatial(args[2], nd, 0, 0, g->padding, op, "padding") &&
         spatial(args[3], nd, 1, 1, g->dilation, op, "dilation");
}

int spatial_rank(PyObject* sequence) {
  return PyTuple_Check(sequence) ? int(PyTuple_GET_SIZE(sequence)) : -1;  // -1 is refused by planes_of
}

#define RL_BY_TYPE(array, call)  \
  switch (PyArray_TYPE(array)) { \
    case NPY_FLOAT32: {          \
      using T = float;           \
      call(f32);                 \
      break;                     \
    }                            \
    case NPY_FLOAT64: {          \
      using T = double;          \
      call(f64);                 \
      break;                     \
    }                            \
    default: {                   \
      using T = int64_t;         \
      call(i64);                 \
    }                            \
  }

#define RL_BY_FLOAT(array, call)            \
  if (PyArray_TYPE(array) == NPY_FLOAT32) { \
    using T = float;                        \
    call(f32);                              \
  } else {                                  \
    using T = double;                       \
    call(f64);                              \
  }

PyArrayObject* typed_taps(PyObject* object, const PoolGeometry& g, const char* op, bool last = false) {
  const int type = g.tap_bytes() == 1 ? NPY_UINT8 : NPY_INT32;
  PyArrayObject* a = as_array(object, op, "taps");
  if (a && last && PyArray_TYPE(a) == type) return channels_last(a);
  return contiguous(object, type, op, "taps");
}

// planes_of, where an image in channels-last order is one plane of vectors of its channels.
bool images_of(PyArrayObject* x, int nd, bool last, int64_t* planes, int64_t* sizes, const char* op) {
  if (!planes_of(x, nd, planes, sizes, op)) return false;
  if (last) *planes = PyArray_DIM(x, 0);
  return true;
}

PyObject* max_pool(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "max_pool";
  if (!expect_args(nargs, 6, op)) return nullptr;
  const int nd = spatial_rank(args[1]);
  const bool wanted = wants_last(args[0], nd), last = wanted && has_last_kernel(args[0]);
  Ref x(typed(args[0], op, "input", last));
  PoolGeometry g;
  if (!x || !images_of(x.array(), nd, last, &g.planes, g.in, op) || !windows(args + 1, nd, &g, op) ||
      !spatial(args[5], nd, 1, 1, g.out, op, "output_size") || !check_geometry(g, op))
    return nullptr;
  Ref y(pooled_like(x.array(), nd, g.out, PyArray_TYPE(x.array()), last));
  Ref taps(pooled_like(x.array(), nd, g.out, g.tap_bytes() == 1 ? NPY_UINT8 : NPY_INT32, last));
  if (!y || !taps) return nullptr;
  bool ok = true;
  {
    GilRelease nogil(PyArray_SIZE(y.array()) * g.num_taps());
#define RL_CALL(suffix) \
  pool_kernels().max_pool_last_##suffix(data<T>(x.array()), data<T>(y.array()), PyArray_DATA(taps.array()), channels, g)
    const int64_t channels = last ? PyArray_DIM(x.array(), 1) : 0;
    if (last) {
      RL_BY_FLOAT(x.array(), RL_CALL)
    } else {
#undef RL_CALL
#define RL_CALL(suffix) \
  ok = pool_kernels().max_pool_##suffix(data<T>(x.array()), data<T>(y.array()), PyArray_DATA(taps.array()), g)
      RL_BY_TYPE(x.array(), RL_CALL)
    }
#undef RL_CALL
  }
  if (!ok) return out_of_work_memory(op);
  if (wanted == last) return PyTuple_Pack(2, y.object, taps.object);
  Ref last_y(channels_last(y.array())), last_taps(channels_last(taps.array()));
  return last_y && last_taps ? PyTuple_Pack(2, last_y.object, last_taps.object) : nullptr;
}

PyObject* max_pool_grad(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "max_pool_grad";
  if (!expect_args(nargs, 7, op)) return nullptr;
  const int nd = spatial_rank(args[2]);
  const bool wanted = wants_last(args[1], nd), last = wanted && PyArray_Check(args[0]) && has_last_kernel(args[0]);
  Ref grad(typed(args[0], op, "grad", last));
  PoolGeometry g;
  if (!grad || !images_of(grad.array(), nd, last, &g.planes, g.out, op) || !windows(args + 2, nd, &g, op) ||
      !spatial(args[6], nd, 1, 1, g.in, op, "input_size") || !check_geometry(g, op))
    return nullptr;
  Ref taps(typed_taps(args[1], g, op, last));
  if (!taps) return nullptr;
  if (!PyArray_SAMESHAPE(taps.array(), grad.array()))
    return PyErr_Format(PyExc_ValueError, "%s: grad and taps differ in shape", op);
  Ref out(pooled_like(grad.array(), nd, g.in, PyArray_TYPE(grad.array()), last));
  if (!out) return nullptr;
  {
    GilRelease nogil(PyArray_SIZE(out.array()));
    const int64_t channels = last ? PyArray_DIM(out.array(), 1) : 0;
#define RL_CALL(suffix)                                                                                               \
  pool_kernels().max_pool_grad_last_##suffix(data<T>(grad.array()), PyArray_DATA(taps.array()), data<T>(out.array()), \
                                             channels, g)
    if (last) {
      RL_BY_FLOAT(grad.array(), RL_CALL)
    } else {
#undef RL_CALL
#define RL_CALL(suffix) \
  pool_kernels().max_pool_grad_##suffix(data<T>(grad.array()), PyArray_DATA(taps.array()), data<T>(out.array()), g)
      RL_BY_TYPE(grad.array(), RL_CALL)
    }
#undef RL_CALL
  }
  return in_order(out, wanted && !last);
}

PyObject* max_pool_take(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "max_pool_take";
  if (!expect_args(nargs, 6, op)) return nullptr;
  const int nd = spatial_rank(args[2]);
  Ref x(typed(args[0], op, "input"));
  PoolGeometry g;
  PyArrayObject* shape = as_array(args[1], op, "taps");
  int64_t planes;
  if (!x || !shape || !planes_of(x.array(), nd, &g.planes, g.in, op) || !planes_of(shape, nd, &planes, g.out, op) ||
      !windows(args + 2, nd, &g, op) || !check_geometry(g, op))
    return nullptr;
  Ref taps(typed_taps(args[1], g, op));
  if (!taps) return nullptr;
  if (planes != g.planes) return PyErr_Format(PyExc_ValueError, "%s: input and taps differ in planes", op);
  Ref out(pooled_like(x.array(), nd, g.out, PyArray_TYPE(x.array())));
  if (!out) return nullptr;
  {
    GilRelease nogil(g.planes * g.out_size());
#define RL_CALL(suffix) \
  pool_kernels().max_pool_take_##suffix(data<T>(x.array()), PyArray_DATA(taps.array()), data<T>(out.array()), g)
    RL_BY_TYPE(x.array(), RL_CALL)
#undef RL_CALL
  }
  return out.release();
}

PyObject* max_pool_indices(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "max_pool_indices";
  if (!expect_args(nargs, 6, op)) return nullptr;
  const int nd = spatial_rank(args[1]);
  PyArrayObject* shape = as_array(args[0], op, "taps");
  PoolGeometry g;
  if (!shape || !planes_of(shape, nd, &g.planes, g.out, op) || !windows(args + 1, nd, &g, op) ||
      !spatial(args[5], nd, 1, 1, g.in, op, "input_size") || !check_geometry(g, op))
    return nullptr;
  Ref taps(typed_taps(args[0], g, op));
  if (!taps) return nullptr;
  Ref out(pooled_like(shape, nd, g.out, NPY_INT64));
  if (!out) return nullptr;
  {
    GilRelease nogil(g.planes * g.out_size());
    pool_kernels().max_pool_indices(PyArray_DATA(taps.array()), data<int64_t>(out.array()), g);
  }
  return in_order(out, wants_last(args[0], nd));
}

// (array, kernel, stride, padding, other size, count_include_pad, divisor); `forward` says which size the array has.
PyObject* avg(PyObject* const* args, Py_ssize_t nargs, bool forward, const char* op) {
  if (!expect_args(nargs, 7, op)) return nullptr;
  const int nd = spatial_rank(args[1]);
  const bool wanted = wants_last(args[0], nd), last = wanted && has_last_kernel(args[0]);
  Ref x(typed(args[0], op, forward ? "input" : "grad", last));
  PoolGeometry g;
  int64_t* mine = forward ? g.in : g.out;
  int64_t* other = forward ? g.out : g.in;
  for (int64_t& d : g.dilation) d = 1;
  int64_t divisor;
  if (!x || !images_of(x.array(), nd, last, &g.planes, mine, op) ||
      !spatial(args[1], nd, 1, 1, g.kernel, op, "kernel_size") || !spatial(args[2], nd, 1, 1, g.stride, op, "stride") ||
      !spatial(args[3], nd, 0, 0, g.padding, op, "padding") ||
      !spatial(args[4], nd, 1, 1, other, op, forward ? "output_size" : "input_size") || !check_geometry(g, op) ||
      !as_int(args[6], &divisor, op, "divisor_override"))
    return nullptr;
  const int include = PyObject_IsTrue(args[5]);
  if (include < 0) return nullptr;
  Ref out(pooled_like(x.array(), nd, other, PyArray_TYPE(x.array()), last));
  if (!out) return nullptr;
  bool ok = true;
  {
    GilRelease nogil(PyArray_SIZE(x.array()) * g.num_taps());
    const int64_t channels = last ? PyArray_DIM(x.array(), 1) : 0;
#define RL_CALL(suffix)                                                                           \
  (forward ? pool_kernels().avg_pool_last_##suffix : pool_kernels().avg_pool_grad_last_##suffix)( \
      data<T>(x.array()), data<T>(out.array()), channels, g, include != 0, divisor)
    if (last) {
      RL_BY_FLOAT(x.array(), RL_CALL)
    } else {
#undef RL_CALL
#define RL_CALL(suffix)                                                                                   \
  if (forward)                                                                                            \
    pool_kernels().avg_pool_##suffix(data<T>(x.array()), data<T>(out.array()), g, include != 0, divisor); \
  else                                                                                                    \
    ok = pool_kernels().avg_pool_grad_##suffix(data<T>(x.array()), data<T>(out.array()), g, include != 0, divisor)
      RL_BY_TYPE(x.array(), RL_CALL)
    }
#undef RL_CALL
  }
  return ok ? in_order(out, wanted && !last) : out_of_work_memory(op);
}
PyObject* avg_pool(PyObject*, PyObject* const* args, Py_ssize_t nargs) { return avg(args, nargs, true, "avg_pool"); }
PyObject* avg_pool_grad(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return avg(args, nargs, false, "avg_pool_grad");
}

// Adaptive pooling may have empty outputs (output_size 0), never empty inputs.
bool adaptive_sizes(PyObject* const* args, Py_ssize_t nargs, bool forward, bool last, PyArrayObject* x, PoolGeometry* g,
                    int* nd, const char* op) {
  *nd = spatial_rank(args[1]);
  if (!images_of(x, *nd, last, &g->planes, forward ? g->in : g->out, op) ||
      !spatial(args[1], *nd, 1, forward ? 0 : 1, forward ? g->out : g->in, op, forward ? "output_size" : "input_size"))
    return false;
  for (int64_t size : g->in) {
    if (size >= 1 && size <= INT32_MAX) continue;
    PyErr_Format(PyExc_ValueError, "%s: input sizes must lie in 1 .. %d", op, INT32_MAX);
    return false;
  }
  return true;
}

PyObject* adaptive_avg(PyObject* const* args, Py_ssize_t nargs, bool forward, const char* op) {
  if (!expect_args(nargs, 2, op)) return nullptr;
  const bool wanted = wants_last(args[0], spatial_rank(args[1])), last = wanted && has_last_kernel(args[0]);
  Ref x(typed(args[0], op, forward ? "input" : "grad", last));
  PoolGeometry g;
  int nd;
  if (!x || !adaptive_sizes(args, nargs, forward, last, x.array(), &g, &nd, op)) return nullptr;
  Ref out(pooled_like(x.array(), nd, forward ? g.out : g.in, PyArray_TYPE(x.array()), last));
  if (!out) return nullptr;
  bool ok = true;
  {
    GilRelease nogil(PyArray_SIZE(x.array()) + PyArray_SIZE(out.array()));
    const int64_t channels = last ? PyArray_DIM(x.array(), 1) : 0;
#define RL_CALL(suffix)                                                                                             \
  (forward ? pool_kernels().adaptive_avg_pool_last_##suffix : pool_kernels().adaptive_avg_pool_grad_last_##suffix)( \
      data<T>(x.array()), data<T>(out.array()), channels, g)
    if (last) {
      RL_BY_FLOAT(x.array(), RL_CALL)
    } else {
#undef RL_CALL
#define RL_CALL(suffix)                                                                                        \
  ok = (forward ? pool_kernels().adaptive_avg_pool_##suffix : pool_kernels().adaptive_avg_pool_grad_##suffix)( \
      data<T>(x.array()), data<T>(out.array()), g)
      RL_BY_TYPE(x.array(), RL_CALL)
    }
#undef RL_CALL
  }
  return ok ? in_order(out, wanted && !last) : out_of_work_memory(op);
}
PyObject* adaptive_avg_pool(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return adaptive_avg(args, nargs, true, "adaptive_avg_pool");
}
PyObject* adaptive_avg_pool_grad(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return adaptive_avg(args, nargs, false, "adaptive_avg_pool_grad");
}

PyObject* adaptive_max_pool(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "adaptive_max_pool";
  if (!expect_args(nargs, 2, op)) return nullptr;
  Ref x(typed(args[0], op, "input"));
  PoolGeometry g;
  int nd;
  if (!x || !adaptive_sizes(args, nargs, true, false, x.array(), &g, &nd, op)) return nullptr;
  Ref y(pooled_like(x.array(), nd, g.out, PyArray_TYPE(x.array())));
  Ref indices(pooled_like(x.array(), nd, g.out, NPY_INT64));
  if (!y || !indices) return nullptr;
  {
    GilRelease nogil(g.planes * g.in_size());
#define RL_CALL(suffix) \
  pool_kernels().adaptive_max_pool_##suffix(data<T>(x.array()), data<T>(y.array()), data<int64_t>(indices.array()), g)
    RL_BY_TYPE(x.array(), RL_CALL)
#undef RL_CALL
  }
  if (!wants_last(args[0], nd)) return PyTuple_Pack(2, y.object, indices.object);
  Ref last_y(channels_last(y.array())), last_indices(channels_last(indices.array()));
  return last_y && last_indices ? PyTuple_Pack(2, last_y.object, last_indices.object) : nullptr;
}

// gather_planes(x, indices, nd) and scatter_planes(grad, indices, in_size): flat positions inside each plane.
PyObject* gather_planes(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "gather_planes";
  if (!expect_args(nargs, 3, op)) return nullptr;
  Ref x(typed(args[0], op, "input")), indices(x ? contiguous(args[1], NPY_INT64, op, "indices") : nullptr);
  int64_t nd;
  PoolGeometry g;
  int64_t planes;
  if (!indices || !as_int(args[2], &nd, op, "axes")) return nullptr;
  const int axes = nd >= 1 && nd <= 3 ? int(nd) : -1;
  if (!planes_of(x.array(), axes, &g.planes, g.in, op) || !planes_of(indices.array(), axes, &planes, g.out, op))
    return nullptr;
  if (planes != g.planes || PyArray_NDIM(x.array()) != PyArray_NDIM(indices.array()))
    return PyErr_Format(PyExc_ValueError, "%s: input and indices differ in planes", op);
  Ref out(pooled_like(x.array(), axes, g.out, PyArray_TYPE(x.array())));
  if (!out) return nullptr;
  {
    GilRelease nogil(g.planes * g.out_size());
#define RL_CALL(suffix)                                                                                           \
  pool_kernels().gather_planes_##suffix(data<T>(x.array()), data<int64_t>(indices.array()), data<T>(out.array()), \
                                        g.planes, g.in_size(), g.out_size())
    if (g.out_size() > 0) RL_BY_TYPE(x.array(), RL_CALL)
#undef RL_CALL
  }
  return out.release();
}

PyObject* scatter_planes(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  const char* op = "scatter_planes";
  if (!expect_args(nargs, 3, op)) return nullptr;
  Ref grad(typed(args[0], op, "grad")), indices(grad ? contiguous(args[1], NPY_INT64, op, "indices") : nullptr);
  PoolGeometry g;
  if (!indices) return nullptr;
  const int nd = spatial_rank(args[2]);
  if (!planes_of(grad.array(), nd, &g.planes, g.out, op) || !spatial(args[2], nd, 1, 0, g.in, op, "input_size"))
    return nullptr;
  if (!PyArray_SAMESHAPE(grad.array(), indices.array()))
    return PyErr_Format(PyExc_ValueError, "%s: grad and indices differ in shape", op);
  Ref out(pooled_like(grad.array(), nd, g.in, PyArray_TYPE(grad.array())));
  if (!out) return nullptr;
  {
    GilRelease nogil(g.planes * g.in_size());
#define RL_CALL(suffix)                                                                                               \
  pool_kernels().scatter_planes_##suffix(data<T>(grad.array()), data<int64_t>(indices.array()), data<T>(out.array()), \
                                         g.planes, g.in_size(), g.out_size())
    RL_BY_TYPE(grad.array(), RL_CALL)
#undef RL_CALL
  }
  return out.release();
}

}  // namespace

#define RL_METHOD(name, text) \
  {#name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(name)), METH_FASTCALL, text}
PyMethodDef pool_methods[] = {
    RL_METHOD(max_pool, "(x, kernel, stride, padding, dilation, out_size) -> (y, taps)"),
    RL_METHOD(max_pool_grad, "(grad, taps, kernel, stride, padding, dilation, in_size) -> grad_x"),
    RL_METHOD(max_pool_take, "(x, taps, kernel, stride, padding, dilation) -> y"),
    RL_METHOD(max_pool_indices, "(taps, kernel, stride, padding, dilation, in_size) -> int64 positions"),
    RL_METHOD(avg_pool, "(x, kernel, stride, padding, out_size, count_include_pad, divisor or 0) -> y"),
    RL_METHOD(avg_pool_grad, "(grad, kernel, stride, padding, in_size, count_include_pad, divisor or 0) -> grad_x"),
    RL_METHOD(adaptive_avg_pool, "(x, out_size) -> y"),
    RL_METHOD(adaptive_avg_pool_grad, "(grad, in_size) -> grad_x"),
    RL_METHOD(adaptive_max_pool, "(x, out_size) -> (y, int64 positions)"),
    RL_METHOD(gather_planes, "(x, positions, axes) -> values"),
    RL_METHOD(scatter_planes, "(grad, positions, in_size) -> grad_x"),
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
