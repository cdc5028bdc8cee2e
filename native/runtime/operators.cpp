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
                                   {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
