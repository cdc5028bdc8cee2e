#include <cmath>

#include "kernels/reduce/reduce.h"
#include "runtime/array_view.h"
#include "runtime/thread_pool.h"

// sum, mean, prod, amax, amin, norm2 over any axes of float32 and float64 arrays. Dimensions are put in memory order
// and merged; then either the innermost one is reduced (runs) or kept (columns), and the rest is two nests of counters.
// Other dtypes go to the engine's NumPy functions (set_reduce_fallbacks).

namespace rl {
namespace {

struct Dim {
  int64_t size, stride, out_stride;  // in items
  bool reduced;
};

// Mixed-radix counter over a list of dimensions, giving offsets into the input and the output.
struct Nest {
  int count = 0;
  Dim dims[NPY_MAXDIMS];  // outermost first
  int64_t size = 1;
  void add(const Dim& d) {
    dims[count++] = d;
    size *= d.size;
  }
  void offsets(int64_t index, int64_t* in, int64_t* out) const {
    *in = *out = 0;
    for (int d = count - 1; d >= 0; --d) {
      const int64_t i = index % dims[d].size;
      index /= dims[d].size;
      *in += i * dims[d].stride;
      *out += i * dims[d].out_stride;
    }
  }
};

struct Work {
  int op;
  Finish finish;
  Nest kept, reduced;  // without the innermost dimension
  Dim inner;
  int64_t reduced_count;
};

template <class T>
T finished(const Work& w, const Fold& f) {
  return T(finished(f, w.finish, w.reduced_count));
}

void run_items(int op, const float* p, int64_t n, Fold* f) { reduce_kernels().run_f32(op, p, n, f); }
void run_items(int op, const double* p, int64_t n, Fold* f) { reduce_kernels().run_f64(op, p, n, f); }
void run_columns(int op, const float* p, int64_t stride, int64_t rows, int count, Fold* f) {
  reduce_kernels().columns_f32(op, p, stride, rows, count, f);
}
void run_columns(int op, const double* p, int64_t stride, int64_t rows, int count, Fold* f) {
  reduce_kernels().columns_f64(op, p, stride, rows, count, f);
}

void run_rows(const Work& w, const float* p, int64_t stride, int64_t rows, float* out, int64_t out_stride) {
  reduce_kernels().rows_f32(w.op, w.finish, p, stride, rows, w.inner.size, out, out_stride);
}
void run_rows(const Work& w, const double* p, int64_t stride, int64_t rows, double* out, int64_t out_stride) {
  reduce_kernels().rows_f64(w.op, w.finish, p, stride, rows, w.inner.size, out, out_stride);
}

void join(int op, Fold* into, const Fold& from) {
  if (op == kSumSquares) op = kSum;
  fold_in(op, into, from.value);
  if (op == kSum) into->error += from.error;
}

constexpr int64_t kGrain = kSimpleGrain;
constexpr int64_t kRun = 2 * kGrain;  // contiguous numbers are read twice as fast as an operation's operands

template <class T>
void reduce_runs(const Work& w, const T* p, T* out) {
  const int64_t outputs = w.kept.size, per_output = w.reduced.size * w.inner.size;
  if (outputs == 1 && w.reduced.size == 1 && per_output >= 2 * kRun) {  // one long run: split it
    constexpr int64_t kMost = 64;
    Fold parts[kMost];
    const int64_t count = per_output / kRun < kMost ? per_output / kRun : kMost;
    const int64_t size = (per_output + count - 1) / count;
    parallel_tasks(count, [&](int64_t k) {
      parts[k] = fold_start(w.op);
      const int64_t begin = k * size < per_output ? k * size : per_output;
      const int64_t end = begin + size < per_output ? begin + size : per_output;
      if (end > begin) run_items(w.op, p + begin, end - begin, &parts[k]);
    });
    Fold f = fold_start(w.op);
    for (int64_t k = 0; k < count; ++k) join(w.op, &f, parts[k]);
    *out = finished<T>(w, f);
    return;
  }
  parallel_for(outputs, per_output ? (kGrain + per_output - 1) / per_output : kGrain, [&](int64_t begin, int64_t end) {
    if (w.reduced.size == 1) {  // each output is one run
      const Dim rows = w.kept.count ? w.kept.dims[w.kept.count - 1] : Dim{1, 0, 0, false};
      for (int64_t i = begin; i < end;) {
        int64_t in_offset, out_offset;
        w.kept.offsets(i, &in_offset, &out_offset);
        const int64_t row_end = (i / rows.size + 1) * rows.size, count = (row_end < end ? row_end : end) - i;
        run_rows(w, p + in_offset, rows.stride, count, out + out_offset, rows.out_stride);
        i += count;
      }
      return;
    }
    for (int64_t i = begin; i < end; ++i) {
      int64_t in_offset, out_offset, unused, inner_offset;
      w.kept.offsets(i, &in_offset, &out_offset);
      Fold f = fold_start(w.op);
      for (int64_t r = 0; r < w.reduced.size; ++r) {
        w.reduced.offsets(r, &inner_offset, &unused);
        run_items(w.op, p + in_offset + inner_offset, w.inner.size, &f);
      }
      out[out_offset] = finished<T>(w, f);
    }
  });
}

template <class T>
void reduce_columns(const Work& w, const T* p, T* out) {
  const int64_t blocks = (w.inner.size + kReduceColumns - 1) / kReduceColumns;
  const int64_t tasks = w.kept.size * blocks;
  // rows: the innermost reduced dimension; `outer`: the reduced dimensions around it
  Nest outer = w.reduced;
  Dim rows{1, 0, 0, true};
  if (outer.count) {
    rows = outer.dims[--outer.count];
    outer.size = 1;
    for (int d = 0; d < outer.count; ++d) outer.size *= outer.dims[d].size;
  }
  const auto block = [&](int64_t task, int64_t row_begin, int64_t row_end, Fold* folds, int* count,
                         int64_t* out_offset) {
    int64_t in_offset, unused, outer_offset;
    w.kept.offsets(task / blocks, &in_offset, out_offset);
    const int64_t first = task % blocks * kReduceColumns;
    *count = int(w.inner.size - first < kReduceColumns ? w.inner.size - first : kReduceColumns);
    *out_offset += first * w.inner.out_stride;
    for (int c = 0; c < *count; ++c) folds[c] = fold_start(w.op);
    for (int64_t r = 0; r < outer.size; ++r) {
      outer.offsets(r, &outer_offset, &unused);
      run_columns(w.op, p + in_offset + outer_offset + first + row_begin * rows.stride, rows.stride,
                  row_end - row_begin, *count, folds);
    }
  };
  const int64_t parts = 16;
  if (tasks < num_threads() && rows.size * w.inner.size > 2 * kGrain &&
      rows.size >= parts * 64) {  // few columns, many rows
    const int64_t size = (rows.size + parts - 1) / parts;
    for (int64_t task = 0; task < tasks; ++task) {
      Fold folds[parts][kReduceColumns];
      int count[parts];
      int64_t out_offset[parts];
      parallel_tasks(parts, [&](int64_t k) {
        const int64_t end = (k + 1) * size < rows.size ? (k + 1) * size : rows.size;
        block(task, k * size < end ? k * size : end, end, folds[k], &count[k], &out_offset[k]);
      });
      for (int c = 0; c < count[0]; ++c) {
        for (int k = 1; k < parts; ++k) join(w.op, &folds[0][c], folds[k][c]);
        out[out_offset[0] + c * w.inner.out_stride] = finished<T>(w, folds[0][c]);
      }
    }
    return;
  }
  const int64_t per_task = outer.size * rows.size * kReduceColumns;
  parallel_for(tasks, per_task ? (kGrain + per_task - 1) / per_task : kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      Fold folds[kReduceColumns];
      int count;
      int64_t out_offset;
      block(task, 0, rows.size, folds, &count, &out_offset);
      for (int c = 0; c < count; ++c) out[out_offset + c * w.inner.out_stride] = finished<T>(w, folds[c]);
    }
  });
}

template <class T>
void reduce(const Work& w, const T* p, T* out) {
  if (w.inner.reduced)
    reduce_runs(w, p, out);
  else
    reduce_columns(w, p, out);
}

// Which axes to reduce; false with an exception set. None: all.
bool read_axes(PyObject* axes, int ndim, bool* reduced, const char* op) {
  for (int d = 0; d < ndim; ++d) reduced[d] = axes == Py_None;
  if (axes == Py_None) return true;
  const bool single = PyLong_Check(axes);
  Ref items(single ? PyTuple_Pack(1, axes) : PySequence_Tuple(axes));
  if (!items) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items.object); ++i) {
    int64_t axis;
    if (!as_int(PyTuple_GET_ITEM(items.object, i), &axis, op, "axes")) return false;
    if (axis < 0) axis += ndim;
    if (axis < 0 || axis >= ndim || reduced[axis]) {
      PyErr_Format(PyExc_ValueError, "%s: axes %R do not name distinct axes of an array of %d dimensions", op, axes,
                   ndim);
      return false;
    }
    reduced[axis] = true;
  }
  return true;
}

enum Reduction : int { kSumOf, kMeanOf, kProdOf, kMaxOf, kMinOf, kNormOf, kNumReductions };
const char* const kNames[] = {"sum", "mean", "prod", "amax", "amin", "norm2"};
const int kOps[] = {kSum, kSum, kProd, kMax, kMin, kSumSquares};
const Finish kFinishes[] = {kPlain, kDivide, kPlain, kPlain, kPlain, kRoot};
PyObject* reduce_fallbacks[kNumReductions];

// Memory order (largest stride first), then neighbours merged. Returns the number of dimensions.
int arrange(PyArrayObject* a, const bool* reduced, const int64_t* out_strides, Dim* dims, int64_t* shift) {
  int count = 0;
  *shift = 0;
  const int64_t item = PyArray_ITEMSIZE(a);
  for (int d = 0; d < PyArray_NDIM(a); ++d) {
    Dim dim{PyArray_DIM(a, d), PyArray_STRIDE(a, d) / item, reduced[d] ? 0 : out_strides[d], reduced[d]};
    if (dim.size == 1) continue;
    if (dim.stride < 0 && dim.reduced) {  // the order of a reduced dimension does not matter
      *shift += (dim.size - 1) * dim.stride;
      dim.stride = -dim.stride;
    }
    int i = count++;
    const auto length = [](int64_t s) { return s < 0 ? -s : s; };
    for (; i > 0 && length(dims[i - 1].stride) < length(dim.stride); --i) dims[i] = dims[i - 1];
    dims[i] = dim;
  }
  int merged = 0;
  for (int i = 0; i < count; ++i) {
    if (merged > 0) {
      Dim& last = dims[merged - 1];
      if (last.reduced == dims[i].reduced && last.stride == dims[i].stride * dims[i].size &&
          (last.reduced || last.out_stride == dims[i].out_stride * dims[i].size)) {
        last = {last.size * dims[i].size, dims[i].stride, dims[i].out_stride, last.reduced};
        continue;
      }
    }
    dims[merged++] = dims[i];
  }
  return merged;
}

PyObject* call(int which, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  const char* name = kNames[which];
  PyObject* axes = nargs > 1 ? args[1] : Py_None;
  PyObject* keep = nargs > 2 ? args[2] : Py_False;
  const Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t i = 0; i < named; ++i) {
    PyObject* key = PyTuple_GET_ITEM(kwnames, i);
    if (PyUnicode_CompareWithASCIIString(key, "axes") == 0)
      axes = args[nargs + i];
    else if (PyUnicode_CompareWithASCIIString(key, "keepdims") == 0)
      keep = args[nargs + i];
    else
      return PyErr_Format(PyExc_TypeError, "%s: unexpected argument %R", name, key);
  }
  if (nargs < 1 || nargs > 3) return PyErr_Format(PyExc_TypeError, "%s: expected (array, axes, keepdims)", name);
  PyArrayObject* a = as_array(args[0], name, "a");
  if (!a) return nullptr;
  const int type = PyArray_TYPE(a);
  const int64_t size = PyArray_SIZE(a);
  if ((type != NPY_FLOAT32 && type != NPY_FLOAT64) || !PyArray_ISALIGNED(a) || !PyArray_ISNOTSWAPPED(a) || size == 0) {
    if (!reduce_fallbacks[which]) return PyErr_Format(PyExc_TypeError, "%s: expected a non-empty float array", name);
    return PyObject_CallFunctionObjArgs(reduce_fallbacks[which], args[0], axes, keep, nullptr);
  }
  const int keepdims = PyObject_IsTrue(keep);
  if (keepdims < 0) return nullptr;
  const int ndim = PyArray_NDIM(a);
  bool reduced[NPY_MAXDIMS];
  if (!read_axes(axes, ndim, reduced, name)) return nullptr;
  npy_intp out_shape[NPY_MAXDIMS];
  int out_ndim = 0;
  int64_t outputs = 1;
  for (int d = 0; d < ndim; ++d) {
    if (!reduced[d]) outputs *= PyArray_DIM(a, d);
    if (!reduced[d] || keepdims) out_shape[out_ndim++] = reduced[d] ? 1 : PyArray_DIM(a, d);
  }
  Ref out(new_array(out_ndim, out_shape, type));
  if (!out) return nullptr;

  Work w;
  w.op = kOps[which];
  w.finish = kFinishes[which];
  w.reduced_count = size / outputs;
  if (outputs == 1 && PyArray_IS_C_CONTIGUOUS(a)) {
    w.inner = {size, 1, 0, true};
    GilRelease nogil(size);
    if (type == NPY_FLOAT32)
      reduce(w, data<float>(a), data<float>(out.array()));
    else
      reduce(w, data<double>(a), data<double>(out.array()));
  } else {
    int64_t out_strides[NPY_MAXDIMS], step = 1;
    for (int d = ndim - 1; d >= 0; --d) {
      out_strides[d] = step;
      if (!reduced[d]) step *= PyArray_DIM(a, d);
    }
    Dim dims[NPY_MAXDIMS];
    int64_t shift;
    int count = arrange(a, reduced, out_strides, dims, &shift);
    Ref copy;
    if (count && dims[count - 1].stride != 1) {  // no dimension with neighbouring items: gather them first
      copy.object = reinterpret_cast<PyObject*>(new_array_like(a));
      if (!copy || PyArray_CopyInto(copy.array(), a) < 0) return nullptr;
      a = copy.array();
      count = arrange(a, reduced, out_strides, dims, &shift);
    }
    w.inner = count ? dims[count - 1] : Dim{1, 1, 0, true};
    for (int d = 0; d + 1 < count; ++d) (dims[d].reduced ? w.reduced : w.kept).add(dims[d]);
    GilRelease nogil(size);
    if (type == NPY_FLOAT32)
      reduce(w, data<float>(a) + shift, data<float>(out.array()));
    else
      reduce(w, data<double>(a) + shift, data<double>(out.array()));
  }
  return out.release();
}

#define RL_REDUCTION(name, which)                                                         \
  PyObject* name(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) { \
    return call(which, args, nargs, kwnames);                                             \
  }
RL_REDUCTION(sum, kSumOf)
RL_REDUCTION(mean, kMeanOf)
RL_REDUCTION(prod, kProdOf)
RL_REDUCTION(amax, kMaxOf)
RL_REDUCTION(amin, kMinOf)
RL_REDUCTION(norm2, kNormOf)

// (a): indices along the last axis of a C-contiguous array whose last axis is not empty.
PyObject* arg_reduce(PyObject* object, int op, const char* name) {
  PyArrayObject* a = as_array(object, name, "a");
  if (!a) return nullptr;
  const int type = PyArray_TYPE(a), ndim = PyArray_NDIM(a);
  if ((type != NPY_FLOAT32 && type != NPY_FLOAT64) || ndim < 1 || !is_contiguous(a) || PyArray_DIM(a, ndim - 1) == 0)
    return PyErr_Format(PyExc_TypeError, "%s: expected a contiguous float array with a last axis to search", name);
  Ref out(new_array(ndim - 1, PyArray_DIMS(a), NPY_INT64));
  if (!out) return nullptr;
  const int64_t n = PyArray_DIM(a, ndim - 1), rows = PyArray_SIZE(a) / n;
  int64_t* indices = data<int64_t>(out.array());
  {
    GilRelease nogil(rows * n);
    parallel_for(rows, (kGrain + n - 1) / n, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        indices[r] = type == NPY_FLOAT32 ? reduce_kernels().arg_f32(op, data<float>(a) + r * n, n)
                                         : reduce_kernels().arg_f64(op, data<double>(a) + r * n, n);
    });
  }
  return out.release();
}
PyObject* argmax_last(PyObject*, PyObject* a) { return arg_reduce(a, kMax, "argmax_last"); }
PyObject* argmin_last(PyObject*, PyObject* a) { return arg_reduce(a, kMin, "argmin_last"); }

PyObject* set_reduce_fallbacks(PyObject*, PyObject* table) {
  if (!PyDict_Check(table)) return PyErr_Format(PyExc_TypeError, "set_reduce_fallbacks: expected a dict of functions");
  for (int k = 0; k < kNumReductions; ++k) {
    PyObject* function = PyDict_GetItemString(table, kNames[k]);
    if (!function) return PyErr_Format(PyExc_KeyError, "set_reduce_fallbacks: no function for '%s'", kNames[k]);
    Py_INCREF(function);
    Py_XSETREF(reduce_fallbacks[k], function);
  }
  Py_RETURN_NONE;
}

}  // namespace

#define RL_KEYWORDS(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL | METH_KEYWORDS

PyMethodDef reduce_methods[] = {
    {"sum", RL_KEYWORDS(sum), "sum(a, axes, keepdims)"},
    {"mean", RL_KEYWORDS(mean), "mean(a, axes, keepdims)"},
    {"prod", RL_KEYWORDS(prod), "prod(a, axes, keepdims)"},
    {"amax", RL_KEYWORDS(amax), "amax(a, axes, keepdims): NaN wins"},
    {"amin", RL_KEYWORDS(amin), "amin(a, axes, keepdims): NaN wins"},
    {"norm2", RL_KEYWORDS(norm2), "norm2(a, axes, keepdims): square root of the sum of squares"},
    {"argmax_last", argmax_last, METH_O, "Index of the first largest item along the last axis; the first NaN wins."},
    {"argmin_last", argmin_last, METH_O, "Index of the first smallest item along the last axis; the first NaN wins."},
    {"set_reduce_fallbacks", set_reduce_fallbacks, METH_O, "Register the NumPy form of every reduction."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
