#include <algorithm>
#include <cmath>

#include "kernels/elementwise/elementwise.h"
#include "kernels/elementwise/iterate.h"
#include "kernels/movement/copy.h"
#include "kernels/movement/layout.h"
#include "runtime/array_view.h"
#include "runtime/streaming.h"

// Every map as a Python function: inputs positional (arrays, or Python numbers taken at the arrays' dtype), `out` third
// or by name, parameters by name. What has no kernel (other dtypes, mixed dtypes) goes to the engine's NumPy function
// of that name, registered by set_elementwise_fallbacks.

namespace rl {

struct MapInfo {
  const char* name;
  int inputs;
  MapKind kind;
  const char* param_names[3];
  double defaults[3];
};

static const MapInfo kMapInfo[] = {
#define RL_MAP(name, inputs, kind, p0, d0, p1, d1, p2, d2, doc) \
  {#name, inputs, MapKind::kind, {p0, p1, p2}, {d0, d1, d2}},
#include "kernels/elementwise/ops.inc"
#undef RL_MAP
};

static PyObject* fallbacks[kNumMaps];
static PyObject* cast_fallback;  // (out, a): out[...] = a

static int map_type(int typenum) {
  switch (typenum) {
    case NPY_FLOAT32:
      return kF32;
    case NPY_FLOAT64:
      return kF64;
    case NPY_INT32:
      return kI32;
    case NPY_INT64:
      return kI64;
    case NPY_LONGLONG:
      return kI64;
    case NPY_FLOAT16:
      return kF16;
    default:
      return typenum == bfloat16_typenum && typenum >= 0 ? int(kBF16) : -1;
  }
}

// A NumPy type number as a CastType; -1 where there are no kernels.
static int cast_type(int typenum) {
  switch (typenum) {
    case NPY_BOOL:
      return kCast_bool;
    case NPY_UINT8:
      return kCast_u8;
    case NPY_INT8:
      return kCast_i8;
    case NPY_UINT16:
      return kCast_u16;
    case NPY_INT16:
      return kCast_i16;
  }
  static const int of_map_type[kNumTypes] = {kCast_f32, kCast_f64, kCast_i32, kCast_i64, kCast_f16, kCast_bf16};
  const int type = map_type(typenum);
  return type < 0 ? -1 : of_map_type[type];
}

// kF16 and kBF16: the map of float32.
static MapFn find(int op, int type) {
  if (type >= kNumMapTypes) type = kF32;
  static MapFn cache[3][kNumMaps][kNumMapTypes];
  MapFn& f = cache[int(active_isa())][op][type];
  if (!f) f = elementwise_kernels().find_map(op, type);
  return f;
}

// A Python number among narrow operands is a float32.
union Item {
  float f32;
  double f64;
  int32_t i32;
  int64_t i64;
};

// A Python number at the type; false where it does not fit or is no plain number (the fallback decides).
static bool to_item(PyObject* object, int type, Item* item) {
  if (PyFloat_Check(object)) {
    const double value = PyFloat_AS_DOUBLE(object);
    if (type == kF32 || type >= kNumMapTypes)
      item->f32 = float(value);
    else if (type == kF64)
      item->f64 = value;
    else
      return false;
    return true;
  }
  if (!PyLong_Check(object)) return false;
  if (type == kF32 || type == kF64 || type >= kNumMapTypes) {
    const double value = PyLong_AsDouble(object);
    if (value == -1.0 && PyErr_Occurred()) {
      PyErr_Clear();
      return false;
    }
    if (type == kF64)
      item->f64 = value;
    else
      item->f32 = float(value);
    return true;
  }
  int overflow;
  const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow || (type == kI32 && (value < INT32_MIN || value > INT32_MAX))) return false;
  if (type == kI32)
    item->i32 = int32_t(value);
  else
    item->i64 = value;
  return true;
}

// The float16 or bfloat16 value nearest to x, halves to even.
static float rounded(float x, int type) {
  const int digits = type == kF16 ? 11 : 8, least = type == kF16 ? -24 : -133;  // least: 2^least is the smallest number
  const double limit = type == kF16 ? 65504.0 : std::ldexp(255.0, 120);
  if (!std::isfinite(x) || x == 0) return x;
  int exponent;
  std::frexp(x, &exponent);
  const double unit = std::ldexp(1.0, std::max(exponent - digits, least)), result = std::nearbyint(x / unit) * unit;
  return float(std::fabs(result) > limit ? std::copysign(INFINITY, result) : result);
}

static bool names_out(PyObject* kwnames) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kwnames); ++i)
    if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, i), "out") == 0) return true;
  return false;
}

static PyObject* fall_back(int op, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  if (!fallbacks[op])
    return PyErr_Format(PyExc_TypeError, "%s: no kernel takes these arguments (arrays of one float dtype expected)",
                        kMapInfo[op].name);
  PyObject* result = PyObject_Vectorcall(fallbacks[op], args, size_t(nargs), kwnames);
  const bool has_out = nargs > kMapInfo[op].inputs || (kwnames && names_out(kwnames));
  if (!result || has_out || !PyArray_Check(result)) return result;
  return laid_out(result, args, nargs);  // NumPy's order of dimensions is another where inputs disagree
}

static const int item_bytes[kNumTypes] = {4, 8, 4, 8, 4, 4};  // of an Item

static bool usable(PyArrayObject* a) { return PyArray_ISALIGNED(a) && PyArray_ISNOTSWAPPED(a); }

// All layouts: broadcast, order, run. `arrays[k]` nullptr: items[k].
static PyObject* run_general(int op, MapFn f, PyArrayObject** arrays, const Item* items, int type, int typenum,
                             PyArrayObject* out, const MapArgs& how) {
  const MapInfo& info = kMapInfo[op];
  npy_intp shape[NPY_MAXDIMS];
  Iteration it;
  it.inputs = info.inputs;
  if (!broadcast_shapes(arrays, info.inputs, info.name, &it.ndim, shape)) return nullptr;
  for (int d = 0; d < it.ndim; ++d) it.shape[d] = shape[d];
  if (out && (PyArray_NDIM(out) != it.ndim || !PyArray_CompareLists(PyArray_DIMS(out), shape, it.ndim))) {
    Ref wanted(PyArray_IntTupleFromIntp(it.ndim, shape)),
        got(PyArray_IntTupleFromIntp(PyArray_NDIM(out), PyArray_DIMS(out)));
    return PyErr_Format(PyExc_ValueError, "%s: the result has shape %R, but out has %R", info.name, wanted.object,
                        got.object);
  }
  Ref copies[3];
  for (int k = 0; k < info.inputs; ++k) {
    if (!arrays[k]) {
      set_scalar(&it, k, &items[k], item_bytes[type]);
      continue;
    }
    PyArrayObject* a = arrays[k];
    if (out && partial_overlap(out, a)) {
      copies[k].object = reinterpret_cast<PyObject*>(new_array_like(a));
      if (!copies[k] || !copy_into(copies[k].array(), a)) return nullptr;
      a = copies[k].array();
    }
    set_operand(&it, k, a);
  }
  Ref result(out ? reinterpret_cast<PyArrayObject*>(Py_NewRef(out))
                 : new_elementwise(arrays, info.inputs, it.ndim, shape, typenum));
  if (!result) return nullptr;
  set_operand(&it, info.inputs, result.array());
  order_and_merge(&it);
  MapArgs each = how;
  each.stream = !out && info.kind != MapKind::to_bool && !how.narrow && it.size * item_bytes[type] >= stream_bytes();
  {
    GilRelease nogil(it.size);
    run_map(it, f, each);
  }
  return result.release();
}

static bool read_params(const MapInfo& info, PyObject* const* values, PyObject* kwnames, double* params,
                        PyObject** out) {
  const Py_ssize_t count = PyTuple_GET_SIZE(kwnames);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* name = PyTuple_GET_ITEM(kwnames, i);
    if (PyUnicode_CompareWithASCIIString(name, "out") == 0) {
      *out = values[i];
      continue;
    }
    int p = 0;
    while (p < 3 && !(info.param_names[p] && PyUnicode_CompareWithASCIIString(name, info.param_names[p]) == 0)) ++p;
    if (p == 3) {
      PyErr_Format(PyExc_TypeError, "%s: unexpected argument %R", info.name, name);
      return false;
    }
    if (values[i] != Py_None && !as_double(values[i], &params[p], info.name, info.param_names[p])) return false;
  }
  return true;
}

static PyObject* call(int op, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  const MapInfo& info = kMapInfo[op];
  if (nargs != info.inputs && nargs != info.inputs + 1)
    return PyErr_Format(PyExc_TypeError, "%s: expected %d inputs (and out), got %zd arguments", info.name, info.inputs,
                        nargs);
  PyObject* out_object = nargs > info.inputs ? args[info.inputs] : Py_None;
  double params[3] = {info.defaults[0], info.defaults[1], info.defaults[2]};
  if (kwnames && !read_params(info, args + nargs, kwnames, params, &out_object)) return nullptr;

  PyArrayObject* arrays[3] = {};
  Item items[3];
  int typenum = -1, type = -1;
  bool same_shape = true;  // every array C-contiguous and of one shape
  PyArrayObject* like = nullptr;
  for (int k = 0; k < info.inputs; ++k) {
    if (!PyArray_Check(args[k])) continue;
    auto* a = arrays[k] = reinterpret_cast<PyArrayObject*>(args[k]);
    if (!usable(a)) return fall_back(op, args, nargs, kwnames);
    if (info.kind == MapKind::choose && k == 0) {
      if (PyArray_TYPE(a) != NPY_BOOL) return fall_back(op, args, nargs, kwnames);
    } else if (typenum < 0) {
      typenum = PyArray_TYPE(a);
    } else if (typenum != PyArray_TYPE(a)) {
      return fall_back(op, args, nargs, kwnames);
    }
    same_shape &= PyArray_IS_C_CONTIGUOUS(a) && (!like || PyArray_SAMESHAPE(like, a));
    like = a;
  }
  type = map_type(typenum);
  MapFn f = type >= 0 ? find(op, type) : nullptr;
  if (!f) return fall_back(op, args, nargs, kwnames);
  for (int k = 0; k < info.inputs; ++k) {
    if (arrays[k]) continue;
    if ((info.kind == MapKind::choose && k == 0) || !to_item(args[k], type, &items[k]))
      return fall_back(op, args, nargs, kwnames);
    // PyTorch multiplies and divides by the float32 number, and takes it at the operands' type everywhere else.
    const bool wide = op == kMap_mul || op == kMap_div || op == kMap_floor_divide;
    if (type >= kNumMapTypes && !wide) items[k].f32 = rounded(items[k].f32, type);
  }

  const int out_typenum = info.kind == MapKind::to_bool ? int(NPY_BOOL) : typenum;
  PyArrayObject* out = nullptr;
  if (out_object != Py_None) {
    if (!(out = as_array(out_object, info.name, "out"))) return nullptr;
    if (!PyArray_ISWRITEABLE(out)) return PyErr_Format(PyExc_ValueError, "%s: out is read-only", info.name);
    if (PyArray_TYPE(out) != out_typenum || !usable(out)) return fall_back(op, args, nargs, kwnames);
    same_shape &= PyArray_IS_C_CONTIGUOUS(out) && PyArray_SAMESHAPE(out, like);
    for (int k = 0; k < info.inputs && same_shape; ++k) same_shape = !arrays[k] || !partial_overlap(out, arrays[k]);
  }
  MapArgs run{};
  run.params = params;
  Narrow narrow{f, info.inputs, info.kind == MapKind::choose ? 1 : 0, info.kind == MapKind::to_bool};
  if (type >= kNumMapTypes) {
    for (int k = 0; k < info.inputs; ++k) narrow.as_is |= arrays[k] ? 0 : 1 << k;
    f = elementwise_kernels().find_narrow(type);
    run.narrow = &narrow;
  }
  if (!same_shape) return run_general(op, f, arrays, items, type, out_typenum, out, run);

  // One flat run over everything.
  PyArrayObject* result = out;
  if (result)
    Py_INCREF(result);
  else if (!(result = new_array(PyArray_NDIM(like), PyArray_DIMS(like), out_typenum)))
    return nullptr;
  run.out = PyArray_DATA(result);
  run.n = PyArray_SIZE(like);
  for (int k = 0; k < info.inputs; ++k) {
    run.in[k] = arrays[k] ? PyArray_DATA(arrays[k]) : &items[k];
    run.step[k] = arrays[k] ? 1 : 0;
  }
  if (run.n <= 8192) {
    f(run);
  } else {
    Iteration it;
    it.inputs = info.inputs;
    it.ndim = 1;
    it.size = it.shape[0] = run.n;
    for (int k = 0; k <= info.inputs; ++k) {
      const bool is_out = k == info.inputs;
      PyArrayObject* a = is_out ? result : arrays[k];
      Operand& o = it.operands[k];
      o.data = a ? PyArray_BYTES(a) : reinterpret_cast<char*>(&items[k]);
      o.item_bytes = a ? int(PyArray_ITEMSIZE(a)) : 0;
      o.strides[0] = o.item_bytes;
    }
    run.stream = !out && info.kind != MapKind::to_bool && !run.narrow &&
                 run.n * int64_t(PyArray_ITEMSIZE(result)) >= stream_bytes();
    GilRelease nogil;
    run_map(it, f, run);
  }
  return reinterpret_cast<PyObject*>(result);
}

#define RL_MAP(name, inputs, kind, p0, d0, p1, d1, p2, d2, doc)                                        \
  static PyObject* map_##name(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) { \
    return call(kMap_##name, args, nargs, kwnames);                                                    \
  }
#include "kernels/elementwise/ops.inc"
#undef RL_MAP

static PyObject* set_elementwise_fallbacks(PyObject*, PyObject* table) {
  if (!PyDict_Check(table))
    return PyErr_Format(PyExc_TypeError, "set_elementwise_fallbacks: expected a dict of functions");
  for (int op = 0; op < kNumMaps; ++op) {
    PyObject* function = PyDict_GetItemString(table, kMapInfo[op].name);
    if (!function)
      return PyErr_Format(PyExc_KeyError, "set_elementwise_fallbacks: no function for '%s'", kMapInfo[op].name);
    Py_INCREF(function);
    Py_XSETREF(fallbacks[op], function);
  }
  PyObject* function = PyDict_GetItemString(table, "cast");
  if (!function) return PyErr_Format(PyExc_KeyError, "set_elementwise_fallbacks: no function for 'cast'");
  Py_INCREF(function);
  Py_XSETREF(cast_fallback, function);
  Py_RETURN_NONE;
}

// cast(a, dtype=...), positionally or by name: a new array of that dtype, laid out like `a` (dense permutations kept).
static PyObject* cast(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  const Py_ssize_t total = nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
  if (nargs < 1 || total != 2 ||
      (nargs == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "dtype") != 0))
    return PyErr_Format(PyExc_TypeError, "cast: expected (array, dtype)");
  PyArrayObject* a = as_array(args[0], "cast", "a");
  PyArray_Descr* descr = nullptr;
  if (!cast_fallback) return PyErr_Format(PyExc_RuntimeError, "cast: no NumPy forms are registered");
  if (!a || !PyArray_DescrConverter(args[1], &descr)) return nullptr;
  Ref holder(reinterpret_cast<PyObject*>(descr));
  Iteration it;
  it.inputs = 1;
  it.ndim = PyArray_NDIM(a);
  for (int d = 0; d < it.ndim; ++d) it.shape[d] = PyArray_DIM(a, d);
  set_operand(&it, 0, a);
  Ref out(new_as_laid_out(a, descr->type_num));
  if (!out) return nullptr;
  const int src = cast_type(PyArray_TYPE(a)), dst = cast_type(descr->type_num);
  MapFn f = src >= 0 && dst >= 0 && usable(a) ? elementwise_kernels().find_cast(src, dst) : nullptr;
  if (!f) {
    Ref done(PyObject_CallFunctionObjArgs(cast_fallback, out.object, args[0], nullptr));
    return done ? out.release() : nullptr;
  }
  set_operand(&it, 1, out.array());
  order_and_merge(&it);
  {
    GilRelease nogil(it.size);
    run_map(it, f, MapArgs{});
  }
  return out.release();
}

// set_bfloat16(dtype): NumPy has no bfloat16 of its own; the package that brings one numbers it as it comes.
static PyObject* set_bfloat16(PyObject*, PyObject* dtype) {
  if (!PyArray_DescrCheck(dtype) || PyDataType_ELSIZE(reinterpret_cast<PyArray_Descr*>(dtype)) != 2)
    return PyErr_Format(PyExc_TypeError, "set_bfloat16: expected a dtype of two bytes");
  bfloat16_typenum = reinterpret_cast<PyArray_Descr*>(dtype)->type_num;
  Py_RETURN_NONE;
}

#define RL_METHOD_KEYWORDS(f) \
  reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL | METH_KEYWORDS

PyMethodDef elementwise_methods[] = {
#define RL_MAP(name, inputs, kind, p0, d0, p1, d1, p2, d2, doc) {#name, RL_METHOD_KEYWORDS(map_##name), doc},
#include "kernels/elementwise/ops.inc"
#undef RL_MAP
    {"set_elementwise_fallbacks", set_elementwise_fallbacks, METH_O,
     "Register the NumPy form of every map: {name: function}."},
    {"set_bfloat16", set_bfloat16, METH_O, "The dtype of bfloat16 arrays."},
    {"cast", RL_METHOD_KEYWORDS(cast), "cast(a, dtype): a copy of another dtype."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
