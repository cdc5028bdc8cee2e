// Python's + - * / @ on tensors. Float operands that fit as they are go straight to the kernel, or to the op when a
// gradient may be wanted; everything else (other dtypes, errors) to the Python function of the same operation.

#include "runtime/array_view.h"
#include "runtime/bindings.h"
#include "runtime/records.h"

namespace rl {

enum Operator { kAdd, kSubtract, kMultiply, kTrueDivide, kMatrixMultiply, kOperators };
static const char* const operator_names[kOperators] = {"add", "sub", "mul", "div", "matmul"};
static PyObject* kernels[kOperators];
static PyObject* ops[kOperators];
static PyObject* generals[kOperators];

// The float array of a tensor, else nullptr. Borrowed. Notes in *recording that using the tensor may record, or gives a
// subclass, which is the op's business as well.
static PyObject* float_array(PyObject* tensor, int* typenum, bool* recording) {
  PyObject* array = field(tensor, kArray);
  if (!PyArray_Check(array)) return nullptr;
  *typenum = PyArray_TYPE(reinterpret_cast<PyArrayObject*>(array));
  if (*typenum != NPY_FLOAT32 && *typenum != NPY_FLOAT64) return nullptr;
  *recording |= may_need_grad(tensor) || result_class(tensor);
  return array;
}

static bool is_matrix(PyObject* array) { return PyArray_NDIM(reinterpret_cast<PyArrayObject*>(array)) == 2; }

// Whether the shapes of two arrays (for products: matrices) go together.
static bool shapes_fit(int op, PyObject* x, PyObject* y) {
  auto *a = reinterpret_cast<PyArrayObject*>(x), *b = reinterpret_cast<PyArrayObject*>(y);
  return op == kMatrixMultiply ? PyArray_DIM(a, 1) == PyArray_DIM(b, 0) : broadcast_together(a, b);
}

template <int op>
static PyObject* binary_operator(PyObject* a, PyObject* b) {
  int left_type = -1, right_type = -1;
  bool recording = false;
  PyObject *x = nullptr, *y = nullptr;
  if (is_tensor(a))
    x = float_array(a, &left_type, &recording);
  else if (PyFloat_CheckExact(a))
    x = a;
  if (is_tensor(b))
    y = float_array(b, &right_type, &recording);
  else if (PyFloat_CheckExact(b))
    y = b;
  const bool numbers = left_type < 0 || right_type < 0;
  bool fits = x && y && (numbers ? op <= kMultiply || (op == kTrueDivide && left_type >= 0) : left_type == right_type);
  if (op == kMatrixMultiply && fits && recording) fits = is_matrix(x) && is_matrix(y);  // other ranks: other ops
  if (fits && kernels[op]) {
    PyObject* result;
    if (recording) {
      const bool right = numbers || shapes_fit(op, x, y);
      PyObject* arguments[] = {a, b};
      result = PyObject_Vectorcall(ops[op], arguments, 2, nullptr);
      if (result || right) return result;  // an error is a hook's
    } else {
      Ref hold_x(Py_NewRef(x)), hold_y(Py_NewRef(y));  // the kernel may let go of the GIL
      PyObject* arguments[] = {x, y};
      result = PyObject_Vectorcall(kernels[op], arguments, 2, nullptr);
      if (result) return wrap_array(result);
    }
    PyErr_Clear();  // shapes that do not fit: the general function says so in PyTorch's words
  }
  if (!generals[op]) Py_RETURN_NOTIMPLEMENTED;
  PyObject* arguments[] = {a, b};
  return PyObject_Vectorcall(generals[op], arguments, 2, nullptr);
}

PyNumberMethods* tensor_number_methods() {
  static PyNumberMethods methods = {};
  methods.nb_add = binary_operator<kAdd>;
  methods.nb_subtract = binary_operator<kSubtract>;
  methods.nb_multiply = binary_operator<kMultiply>;
  methods.nb_true_divide = binary_operator<kTrueDivide>;
  methods.nb_matrix_multiply = binary_operator<kMatrixMultiply>;
  return &methods;
}

// Whether a and b are contiguous and lie apart, or are the same array.
static bool apart(PyArrayObject* a, PyArrayObject* b) {
  if (a == b) return true;
  if (!PyArray_ISCARRAY_RO(b) || !PyArray_SAMESHAPE(a, b)) return false;
  const auto x = reinterpret_cast<uintptr_t>(PyArray_DATA(a)), y = reinterpret_cast<uintptr_t>(PyArray_DATA(b));
  return x + size_t(PyArray_NBYTES(a)) <= y || y + size_t(PyArray_NBYTES(b)) <= x;
}

static bool may_record(PyObject* tensor) { return grad_enabled() && may_need_grad(tensor); }

// update(operator, a, b): a OP= b where that is no more than one call of the kernel: contiguous floats of one type and
// shape, or a Python number, and nothing to record or to refuse. False if it is more; then nothing was done.
static PyObject* update(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  int64_t op;
  if (nargs != 3 || !as_int(args[0], &op, "update", "operator")) {
    if (nargs != 3) PyErr_Format(PyExc_TypeError, "update: expected 3 arguments, got %zd", nargs);
    return nullptr;
  }
  if (op < 0 || op >= kMatrixMultiply || !kernels[op])
    return PyErr_Format(PyExc_ValueError, "update: there is no operator %lld", (long long)op);
  PyObject *a = args[1], *b = args[2];
  int left_type = -1, right_type = -1;
  bool unused = false;
  PyObject* x = is_tensor(a) && !may_record(a) ? float_array(a, &left_type, &unused) : nullptr;
  if (!x || !PyArray_ISCARRAY(reinterpret_cast<PyArrayObject*>(x))) Py_RETURN_FALSE;
  Ref y;  // held, like x: the kernel may let go of the GIL
  if (PyFloat_CheckExact(b)) {
    y.object = Py_NewRef(b);
  } else if (PyLong_CheckExact(b)) {
    int beyond;
    const long value = PyLong_AsLongAndOverflow(b, &beyond);
    if (beyond || value < -(1L << 53) || value > 1L << 53) Py_RETURN_FALSE;
    y.object = PyFloat_FromDouble(double(value));
    if (!y) return nullptr;
  } else if (is_tensor(b) && !may_record(b)) {
    PyObject* array = float_array(b, &right_type, &unused);
    if (array && left_type == right_type &&
        apart(reinterpret_cast<PyArrayObject*>(x), reinterpret_cast<PyArrayObject*>(array)))
      y.object = Py_NewRef(array);
  }
  if (!y) Py_RETURN_FALSE;
  Ref hold_x(Py_NewRef(x));
  PyObject* arguments[] = {x, y.object, x};
  Ref result(PyObject_Vectorcall(kernels[op], arguments, 3, nullptr));
  if (!result || !count_write(a)) return nullptr;
  Py_RETURN_TRUE;
}

// set_operators({name: (kernel, op, general function)})
static PyObject* set_operators(PyObject*, PyObject* table) {
  for (int op = 0; op < kOperators; ++op) {
    PyObject* entry = PyDict_Check(table) ? PyDict_GetItemString(table, operator_names[op]) : nullptr;
    if (!entry || !PyTuple_Check(entry) || PyTuple_GET_SIZE(entry) != 3)
      return PyErr_Format(PyExc_TypeError, "set_operators: expected a dict with a triple for '%s'", operator_names[op]);
    Py_XSETREF(kernels[op], Py_NewRef(PyTuple_GET_ITEM(entry, 0)));
    Py_XSETREF(ops[op], Py_NewRef(PyTuple_GET_ITEM(entry, 1)));
    Py_XSETREF(generals[op], Py_NewRef(PyTuple_GET_ITEM(entry, 2)));
  }
  Py_RETURN_NONE;
}

PyMethodDef operators_methods[] = {{"set_operators", set_operators, METH_O, "What + - * / @ call."},
                                   {"update", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(update)),
                                    METH_FASTCALL, "a OP= b where that is one call of the kernel."},
                                   {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
