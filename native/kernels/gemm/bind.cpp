#include <cstring>
#include <ctime>

#include "kernels/gemm/gemm.h"
#include "runtime/array_view.h"
#include "runtime/thread_pool.h"

namespace rl {

static double seconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

// measure_peak(dtype: "float32" | "float64", threads) -> FLOP/s of multiply-adds in registers, best of several runs.
// Takes about a millisecond, no longer: cores that lower their clock for wide multiply-adds on data from memory raise
// it again after a few milliseconds of this loop, which needs no data, to a clock that no product ever runs at. So it
// gives the peak at the clock of whatever ran just before; alternate it with that.
static PyObject* measure_peak(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  int64_t threads;
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "measure_peak: expected 2 arguments, got %zd", nargs);
  const char* dtype = PyUnicode_AsUTF8(args[0]);
  if (!dtype || !as_int(args[1], &threads, "measure_peak", "threads")) return nullptr;
  const bool wide = std::strcmp(dtype, "float64") == 0;
  if ((!wide && std::strcmp(dtype, "float32") != 0) || threads < 1)
    return PyErr_Format(PyExc_ValueError, "measure_peak: expected ('float32' or 'float64', threads >= 1), got %R, %R",
                        args[0], args[1]);
  const auto run = wide ? gemm_kernels().peak_f64 : gemm_kernels().peak_f32;
  const int before = num_threads();
  set_num_threads(int(threads < INT32_MAX ? threads : INT32_MAX));
  double best = 0;
  {
    GilRelease nogil;
    for (int repeat = 0; repeat < 8; ++repeat) {
      double done[256] = {};
      const int64_t tasks = threads * 4 < 256 ? threads * 4 : 256;
      const double start = seconds();
      parallel_tasks(tasks, [&](int64_t task) { done[task] = run(5000); });
      const double time = seconds() - start;
      double total = 0;
      for (double d : done) total += d;
      if (total / time > best) best = total / time;
    }
  }
  set_num_threads(before);
  return PyFloat_FromDouble(best);
}

// measure_bandwidth(threads) -> bytes/s of out = a + b over arrays far larger than the caches, best of several runs
static PyObject* measure_bandwidth(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  int64_t threads;
  if (nargs != 1) return PyErr_Format(PyExc_TypeError, "measure_bandwidth: expected 1 argument, got %zd", nargs);
  if (!as_int(args[0], &threads, "measure_bandwidth", "threads")) return nullptr;
  if (threads < 1) return PyErr_Format(PyExc_ValueError, "measure_bandwidth: threads must be at least 1");
  const int64_t n = int64_t(1) << 24;
  float* memory = static_cast<float*>(allocate(size_t(3 * n) * sizeof(float)));
  if (!memory) return out_of_work_memory("measure_bandwidth");
  const int before = num_threads();
  set_num_threads(int(threads < INT32_MAX ? threads : INT32_MAX));
  double best = 0;
  {
    GilRelease nogil;
    for (int64_t i = 0; i < 3 * n; ++i) memory[i] = 1;
    for (int repeat = 0; repeat < 7; ++repeat) {
      const double start = seconds();
      parallel_for(n / 16, 4096, [&](int64_t begin, int64_t end) {
        gemm_kernels().triad(memory + 16 * begin, memory + n + 16 * begin, memory + 2 * n + 16 * begin,
                             16 * (end - begin));
      });
      const double rate = 3.0 * double(n) * sizeof(float) / (seconds() - start);
      if (rate > best) best = rate;
    }
  }
  set_num_threads(before);
  deallocate(memory);
  return PyFloat_FromDouble(best);
}

// ---- operands ----

static PyObject* numpy_matmul() {
  static PyObject* function = nullptr;
  if (!function) {
    Ref module(PyImport_ImportModule("numpy"));
    if (module) function = PyObject_GetAttrString(module.object, "matmul");
  }
  return function;
}

// The array itself (new reference) if its last two dimensions can be read in place, else a contiguous copy.
static PyArrayObject* readable(PyArrayObject* a) {
  const int ndim = PyArray_NDIM(a);
  const int64_t item = PyArray_ITEMSIZE(a);
  bool ok = PyArray_ISALIGNED(a) && PyArray_ISNOTSWAPPED(a);
  for (int i = 0; ok && i < ndim; ++i) ok = PyArray_STRIDE(a, i) % item == 0;
  if (ok && ndim == 1) return reinterpret_cast<PyArrayObject*>(Py_NewRef(reinterpret_cast<PyObject*>(a)));
  if (ok) {
    const int64_t row = PyArray_STRIDE(a, ndim - 2), col = PyArray_STRIDE(a, ndim - 1);
    const bool one_row = PyArray_DIM(a, ndim - 2) == 1, one_col = PyArray_DIM(a, ndim - 1) == 1;
    if (row == item || col == item || one_row || one_col)
      return reinterpret_cast<PyArrayObject*>(Py_NewRef(reinterpret_cast<PyObject*>(a)));
  }
  PyArrayObject* copy = new_array(ndim, PyArray_DIMS(a), PyArray_TYPE(a));
  if (copy && PyArray_CopyInto(copy, a) < 0) {
    Py_DECREF(copy);
    return nullptr;
  }
  return copy;
}

// Row and column strides of the last two dimensions; a dimension of size 1 may claim any stride.
static void matrix_strides(PyArrayObject* a, int64_t* row, int64_t* col) {
  const int ndim = PyArray_NDIM(a);
  const int64_t item = PyArray_ITEMSIZE(a);
  *row = PyArray_STRIDE(a, ndim - 2) / item;
  *col = PyArray_STRIDE(a, ndim - 1) / item;
  if (*row == 1 || *col == 1) return;
  if (PyArray_DIM(a, ndim - 1) == 1)
    *col = 1;
  else
    *row = 1;  // one row
}

template <class T>
static bool run(const Gemm<T>& g);
template <>
bool run(const Gemm<float>& g) {
  return gemm_kernels().gemm_f32(g);
}
template <>
bool run(const Gemm<double>& g) {
  return gemm_kernels().gemm_f64(g);
}

static int64_t flops(int64_t batch, int64_t m, int64_t n, int64_t k) {
  const double work = double(batch) * double(m) * double(n) * double(k);
  return work > 1e15 ? INT64_MAX : int64_t(work);
}

// a and b of dtype T, at least 1-D; out nullptr or a fresh/valid C-contiguous array of the result's shape.
template <class T>
static PyObject* matmul_typed(PyArrayObject* a_in, PyArrayObject* b_in, PyObject* out_object, int typenum) {
  Ref a_ref(readable(a_in)), b_ref(readable(b_in));
  if (!a_ref || !b_ref) return nullptr;
  PyArrayObject *a = a_ref.array(), *b = b_ref.array();
  const int a_nd = PyArray_NDIM(a), b_nd = PyArray_NDIM(b);
  Gemm<T> g{};
  g.alpha = 1;
  g.a = data<T>(a);
  g.b = data<T>(b);
  int64_t bk;
  if (a_nd == 1) {
    g.m = 1;
    g.k = PyArray_DIM(a, 0);
    g.a_row = 1;
    g.a_col = PyArray_STRIDE(a, 0) / int64_t(sizeof(T));
    if (g.k == 1) g.a_col = 1;
  } else {
    g.m = PyArray_DIM(a, a_nd - 2);
    g.k = PyArray_DIM(a, a_nd - 1);
    matrix_strides(a, &g.a_row, &g.a_col);
  }
  if (b_nd == 1) {
    g.n = 1;
    bk = PyArray_DIM(b, 0);
    g.b_col = 1;
    g.b_row = PyArray_STRIDE(b, 0) / int64_t(sizeof(T));
  } else {
    bk = PyArray_DIM(b, b_nd - 2);
    g.n = PyArray_DIM(b, b_nd - 1);
    matrix_strides(b, &g.b_row, &g.b_col);
  }
  if (g.k != bk) {
    Ref a_shape(PyObject_GetAttrString(a_ref.object, "shape")), b_shape(PyObject_GetAttrString(b_ref.object, "shape"));
    return PyErr_Format(PyExc_ValueError, "matmul: inner sizes differ: %S and %S", a_shape.object, b_shape.object);
  }
  // batch shape, broadcast
  const int a_batch = a_nd > 2 ? a_nd - 2 : 0, b_batch = b_nd > 2 ? b_nd - 2 : 0;
  const int batch_nd = a_batch > b_batch ? a_batch : b_batch;
  npy_intp shape[NPY_MAXDIMS];
  int64_t a_step[NPY_MAXDIMS], b_step[NPY_MAXDIMS], batch = 1;
  for (int i = 0; i < batch_nd; ++i) {
    const int ai = i - (batch_nd - a_batch), bi = i - (batch_nd - b_batch);
    const int64_t as = ai >= 0 ? PyArray_DIM(a, ai) : 1, bs = bi >= 0 ? PyArray_DIM(b, bi) : 1;
    if (as != bs && as != 1 && bs != 1) {
      Ref a_shape(PyObject_GetAttrString(a_ref.object, "shape")),
          b_shape(PyObject_GetAttrString(b_ref.object, "shape"));
      return PyErr_Format(PyExc_ValueError, "matmul: batch shapes of %S and %S do not broadcast", a_shape.object,
                          b_shape.object);
    }
    shape[i] = as == 1 ? bs : as;
    a_step[i] = as == 1 ? 0 : PyArray_STRIDE(a, ai) / int64_t(sizeof(T));
    b_step[i] = bs == 1 ? 0 : PyArray_STRIDE(b, bi) / int64_t(sizeof(T));
    if (__builtin_mul_overflow(batch, int64_t(shape[i]), &batch)) return out_of_work_memory("matmul");
  }
  int nd = batch_nd;
  if (a_nd > 1) shape[nd++] = g.m;
  if (b_nd > 1) shape[nd++] = g.n;

  Ref out;
  if (out_object) {
    PyArrayObject* given = as_array(out_object, "matmul", "out");
    if (!given) return nullptr;
    bool same = PyArray_NDIM(given) == nd && PyArray_TYPE(given) == typenum && PyArray_ISCARRAY(given);
    for (int i = 0; same && i < nd; ++i) same = PyArray_DIM(given, i) == shape[i];
    if (!same)
      return PyErr_Format(PyExc_ValueError, "matmul: out must be C-contiguous, of the result's shape and dtype");
    out.object = Py_NewRef(out_object);
  } else {
    out.object = reinterpret_cast<PyObject*>(new_array(nd, shape, typenum));
    if (!out) return nullptr;
  }
  g.c = data<T>(out.array());
  g.c_row = g.n;

  // A batch of row-major A over one B is one tall product.
  if (batch_nd && b_batch == 0 && a_nd > 2 && g.a_col == 1 && PyArray_IS_C_CONTIGUOUS(a)) {
    g.m *= batch;
    g.a_row = g.k;
    batch = 1;
  } else if (batch_nd) {
    g.batch = batch;
  }
  bool ok = true;
  if (batch == 0) return out.release();
  if (g.batch <= 1 && (batch_nd == 0 || batch == 1)) {
    g.batch = 1;
    GilRelease nogil(flops(1, g.m, g.n, g.k) / 4);
    ok = run(g);
  } else {
    int64_t* at = static_cast<int64_t*>(allocate(size_t(batch) * 3 * sizeof(int64_t)));
    if (!at) return out_of_work_memory("matmul");
    int64_t index[NPY_MAXDIMS] = {}, a_at = 0, b_at = 0;
    for (int64_t i = 0; i < batch; ++i) {
      at[i] = a_at;
      at[batch + i] = b_at;
      at[2 * batch + i] = i * g.m * g.n;
      for (int d = batch_nd - 1; d >= 0; --d) {
        a_at += a_step[d];
        b_at += b_step[d];
        if (++index[d] < shape[d]) break;
        a_at -= a_step[d] * shape[d];
        b_at -= b_step[d] * shape[d];
        index[d] = 0;
      }
    }
    g.a_at = at;
    g.b_at = at + batch;
    g.c_at = at + 2 * batch;
    {
      GilRelease nogil(flops(batch, g.m, g.n, g.k) / 4);
      ok = run(g);
    }
    deallocate(at);
  }
  return ok ? out.release() : out_of_work_memory("matmul");
}

// What the engine does for dtypes without a kernel.
static PyObject *other_matmul, *other_linear;

// set_gemm_fallbacks(matmul, linear)
static PyObject* set_gemm_fallbacks(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "set_gemm_fallbacks: expected (matmul, linear)");
  Py_XSETREF(other_matmul, Py_NewRef(args[0]));
  Py_XSETREF(other_linear, Py_NewRef(args[1]));
  Py_RETURN_NONE;
}

// matmul(a, b, out=None): NumPy's rules for 1-D, 2-D and batched operands. float32 and float64 here, the rest NumPy.
static PyObject* matmul(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2 && nargs != 3)
    return PyErr_Format(PyExc_TypeError, "matmul: expected 2 or 3 arguments, got %zd", nargs);
  PyArrayObject* a = as_array(args[0], "matmul", "a");
  PyArrayObject* b = as_array(args[1], "matmul", "b");
  if (!a || !b) return nullptr;
  PyObject* out = nargs == 3 && args[2] != Py_None ? args[2] : nullptr;
  const int type = PyArray_TYPE(a);
  if (type == PyArray_TYPE(b) && PyArray_NDIM(a) > 0 && PyArray_NDIM(b) > 0) {
    if (type == NPY_FLOAT32) return matmul_typed<float>(a, b, out, type);
    if (type == NPY_FLOAT64) return matmul_typed<double>(a, b, out, type);
  }
  if (!out && other_matmul) return PyObject_CallFunctionObjArgs(other_matmul, args[0], args[1], nullptr);
  PyObject* function = numpy_matmul();
  if (!function) return nullptr;
  if (!out) return PyObject_CallFunctionObjArgs(function, args[0], args[1], nullptr);
  return PyObject_CallFunctionObjArgs(function, args[0], args[1], out, nullptr);
}

// ---- linear and addmm: one call with the bias fused ----

static bool same_type(PyArrayObject* a, int type, const char* op, const char* name) {
  if (PyArray_TYPE(a) == type) return true;
  PyErr_Format(PyExc_TypeError, "%s: %s must have the dtype of the first argument, got %S", op, name, PyArray_DESCR(a));
  return false;
}

template <class T>
static PyObject* linear_typed(PyArrayObject* x_in, PyArrayObject* w_in, PyArrayObject* bias_in,
                              GemmActivation activation, int type) {
  const int nd = PyArray_NDIM(x_in);
  const bool folded = nd != 2 && !PyArray_ISCARRAY_RO(x_in);  // leading dimensions become one: needs contiguous memory
  Ref x_ref(folded ? contiguous(reinterpret_cast<PyObject*>(x_in), type, "linear", "input") : readable(x_in));
  Ref w_ref(readable(w_in));
  if (!x_ref || !w_ref) return nullptr;
  Ref bias_ref;
  if (bias_in) {
    bias_ref.object =
        reinterpret_cast<PyObject*>(contiguous(reinterpret_cast<PyObject*>(bias_in), type, "linear", "bias"));
    if (!bias_ref) return nullptr;
  }
  PyArrayObject *x = x_ref.array(), *w = w_ref.array();
  Gemm<T> g{};
  g.k = PyArray_DIM(x, nd - 1);
  g.n = PyArray_DIM(w, 0);
  if (PyArray_DIM(w, 1) != g.k || (bias_in && (PyArray_NDIM(bias_in) != 1 || PyArray_DIM(bias_in, 0) != g.n)))
    return PyErr_Format(PyExc_ValueError, "linear: weight must be (out, %lld) and bias (out,)", (long long)g.k);
  npy_intp shape[NPY_MAXDIMS];
  g.m = 1;
  for (int i = 0; i + 1 < nd; ++i) g.m *= shape[i] = PyArray_DIM(x, i);
  shape[nd - 1] = g.n;
  if (nd == 2) {
    matrix_strides(x, &g.a_row, &g.a_col);
  } else {
    g.a_row = g.k;
    g.a_col = 1;
  }
  matrix_strides(w, &g.b_col, &g.b_row);
  g.a = data<T>(x);
  g.b = data<T>(w);
  if (bias_in) {
    g.bias = data<T>(bias_ref.array());
    g.bias_col = 1;
  }
  g.alpha = 1;
  g.activation = activation;
  Ref out(new_array(nd, shape, type));
  if (!out) return nullptr;
  g.c = data<T>(out.array());
  g.c_row = g.n;
  bool ok;
  {
    GilRelease nogil(flops(1, g.m, g.n, g.k) / 4);
    ok = run(g);
  }
  return ok ? out.release() : out_of_work_memory("linear");
}

// activation=None or "relu"
static bool activation_argument(PyObject* names, PyObject* value, int64_t* activation) {
  const bool known =
      PyTuple_GET_SIZE(names) == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "activation") == 0 &&
      (value == Py_None || (PyUnicode_Check(value) && PyUnicode_CompareWithASCIIString(value, "relu") == 0));
  if (!known) PyErr_SetString(PyExc_TypeError, "linear: expected activation=None or 'relu'");
  *activation = value != Py_None;
  return known;
}

// linear(input (..., in), weight (out, in), bias (out,) or None, activation 0 none / 1 relu): float32 or float64.
// linear(input, weight, bias, *, activation=None): other dtypes too.
static PyObject* linear(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
  const bool named = names && PyTuple_GET_SIZE(names);
  if (nargs != 3 && (nargs != 4 || named))
    return PyErr_Format(PyExc_TypeError, "linear: expected 4 arguments, got %zd", nargs);
  PyArrayObject* x = as_array(args[0], "linear", "input");
  PyArrayObject* w = x ? as_array(args[1], "linear", "weight") : nullptr;
  PyArrayObject* bias = nullptr;
  if (!w || (args[2] != Py_None && !(bias = as_array(args[2], "linear", "bias")))) return nullptr;
  int64_t activation = 0;
  if (named && !activation_argument(names, args[3], &activation)) return nullptr;
  if (nargs == 3 && PyArray_TYPE(x) != NPY_FLOAT32 && PyArray_TYPE(x) != NPY_FLOAT64 && other_linear) {
    PyObject* arguments[] = {args[0], args[1], args[2], activation ? Py_True : Py_False};
    return PyObject_Vectorcall(other_linear, arguments, 4, nullptr);
  }
  if (nargs == 4 && !as_int(args[3], &activation, "linear", "activation")) return nullptr;
  if (activation < 0 || activation > 1) return PyErr_Format(PyExc_ValueError, "linear: activation must be 0 or 1");
  const int type = PyArray_TYPE(x);
  if (!same_type(w, type, "linear", "weight") || (bias && !same_type(bias, type, "linear", "bias"))) return nullptr;
  if (PyArray_NDIM(x) < 1 || PyArray_NDIM(w) != 2)
    return PyErr_Format(PyExc_ValueError, "linear: input must have at least 1 dimension and weight 2");
  if (type == NPY_FLOAT32) return linear_typed<float>(x, w, bias, GemmActivation(activation), type);
  if (type == NPY_FLOAT64) return linear_typed<double>(x, w, bias, GemmActivation(activation), type);
  return PyErr_Format(PyExc_TypeError, "linear: expected float32 or float64, got %S", PyArray_DESCR(x));
}

template <class T>
static PyObject* addmm_typed(PyArrayObject* input_in, PyArrayObject* a_in, PyArrayObject* b_in, double alpha,
                             int type) {
  Ref a_ref(readable(a_in)), b_ref(readable(b_in)), input_ref(readable(input_in));
  if (!a_ref || !b_ref || !input_ref) return nullptr;
  PyArrayObject *a = a_ref.array(), *b = b_ref.array();
  Gemm<T> g{};
  g.m = PyArray_DIM(a, 0);
  g.k = PyArray_DIM(a, 1);
  g.n = PyArray_DIM(b, 1);
  if (PyArray_DIM(b, 0) != g.k) return PyErr_Format(PyExc_ValueError, "addmm: inner sizes differ");
  const int nd = PyArray_NDIM(input_in);
  const int64_t rows = nd == 2 ? PyArray_DIM(input_in, 0) : 1, cols = PyArray_DIM(input_in, nd - 1);
  if ((rows != 1 && rows != g.m) || (cols != 1 && cols != g.n))
    return PyErr_Format(PyExc_ValueError, "addmm: input does not broadcast to the product");
  const int64_t item = int64_t(sizeof(T));
  int64_t row_step = nd == 2 && rows > 1 ? PyArray_STRIDE(input_ref.array(), 0) / item : 0;
  int64_t col_step = cols > 1 ? PyArray_STRIDE(input_ref.array(), nd - 1) / item : 0;
  Ref dense;
  if (col_step > 1 || col_step < 0) {
    dense.object = reinterpret_cast<PyObject*>(new_array(nd, PyArray_DIMS(input_in), type));
    if (!dense || PyArray_CopyInto(dense.array(), input_in) < 0) return nullptr;
    row_step = rows > 1 ? cols : 0;
    col_step = 1;
  }
  g.bias = dense ? data<T>(dense.array()) : data<T>(input_ref.array());
  g.bias_row = row_step;
  g.bias_col = col_step;
  matrix_strides(a, &g.a_row, &g.a_col);
  matrix_strides(b, &g.b_row, &g.b_col);
  g.a = data<T>(a);
  g.b = data<T>(b);
  g.alpha = T(alpha);
  const npy_intp shape[2] = {g.m, g.n};
  Ref out(new_array(2, shape, type));
  if (!out) return nullptr;
  g.c = data<T>(out.array());
  g.c_row = g.n;
  bool ok;
  {
    GilRelease nogil(flops(1, g.m, g.n, g.k) / 4);
    ok = run(g);
  }
  return ok ? out.release() : out_of_work_memory("addmm");
}

// addmm(input, a (m, k), b (k, n), alpha) = alpha a b + input; input 1-D or 2-D, broadcast. float32 or float64
static PyObject* addmm(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 4) return PyErr_Format(PyExc_TypeError, "addmm: expected 4 arguments, got %zd", nargs);
  PyArrayObject* input = as_array(args[0], "addmm", "input");
  PyArrayObject* a = input ? as_array(args[1], "addmm", "a") : nullptr;
  PyArrayObject* b = a ? as_array(args[2], "addmm", "b") : nullptr;
  double alpha;
  if (!b || !as_double(args[3], &alpha, "addmm", "alpha")) return nullptr;
  const int type = PyArray_TYPE(input), nd = PyArray_NDIM(input);
  if (!same_type(a, type, "addmm", "a") || !same_type(b, type, "addmm", "b")) return nullptr;
  if (nd < 1 || nd > 2 || PyArray_NDIM(a) != 2 || PyArray_NDIM(b) != 2)
    return PyErr_Format(PyExc_ValueError, "addmm: expected an input of 1 or 2 dimensions and two matrices");
  if (type == NPY_FLOAT32) return addmm_typed<float>(input, a, b, alpha, type);
  if (type == NPY_FLOAT64) return addmm_typed<double>(input, a, b, alpha, type);
  return PyErr_Format(PyExc_TypeError, "addmm: expected float32 or float64, got %S", PyArray_DESCR(input));
}

#define RL_METHOD(name, text) \
  {#name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(name)), METH_FASTCALL, text}
PyMethodDef gemm_methods[] = {RL_METHOD(matmul, "matmul(a, b, out=None)"),
                              {"linear", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(linear)),
                               METH_FASTCALL | METH_KEYWORDS, "linear(input, weight, bias or None, activation)"},
                              RL_METHOD(set_gemm_fallbacks, "Register what other dtypes go to."),
                              RL_METHOD(addmm, "addmm(input, a, b, alpha)"),
                              RL_METHOD(measure_peak, "measure_peak(dtype name, threads) -> FLOP/s"),
                              RL_METHOD(measure_bandwidth, "measure_bandwidth(threads) -> bytes/s"),
                              {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
