#include <cmath>
#include <cstring>

#include "kernels/optimizer/optimizer.h"
#include "runtime/array_view.h"
#include "runtime/thread_pool.h"

// Whole optimizer steps: lists of arrays, one call. Arrays that are not plain float32 or float64 memory in one common
// layout (other dtypes, strided views) are updated through contiguous copies.

namespace rl {
namespace {

constexpr int kMaxParts = 5;       // param, grad and up to three pieces of state
constexpr int64_t kPiece = 32768;  // items per task

// One parameter with its gradient and state, as flat memory of one type.
struct Item {
  char* part[kMaxParts];
  int64_t n;
  int type;
};

bool dense_alike(PyArrayObject* a, PyArrayObject* like) {
  if (PyArray_TYPE(a) != PyArray_TYPE(like) || !PyArray_SAMESHAPE(a, like) || !PyArray_ISALIGNED(a) ||
      !PyArray_ISNOTSWAPPED(a))
    return false;
  if (PyArray_IS_C_CONTIGUOUS(a) && PyArray_IS_C_CONTIGUOUS(like)) return true;
  return PyArray_IS_F_CONTIGUOUS(a) && PyArray_IS_F_CONTIGUOUS(like);
}

// Owns the temporary copies and writes them back.
struct Items {
  Item* items = nullptr;
  Py_ssize_t count = 0;
  Ref copies;  // list of (target, copy) pairs

  ~Items() { PyMem_Free(items); }

  // lists[k] is a tuple of arrays or nullptr (that state is not kept); state lists[k][i] None is an error.
  bool read(const Ref* lists, int parts, const char* op) {
    count = PyTuple_GET_SIZE(lists[0].object);
    items = static_cast<Item*>(PyMem_Calloc(size_t(count ? count : 1), sizeof(Item)));
    copies.object = PyList_New(0);
    if (!items || !copies) return PyErr_NoMemory(), false;
    for (int k = 1; k < parts; ++k)
      if (lists[k] && PyTuple_GET_SIZE(lists[k].object) != count)
        return PyErr_Format(PyExc_ValueError, "%s: lists of different lengths", op), false;
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyArrayObject* arrays[kMaxParts] = {};
      PyArrayObject* param = nullptr;
      bool plain = true;
      for (int k = 0; k < parts; ++k) {
        if (!lists[k]) continue;
        arrays[k] = as_array(PyTuple_GET_ITEM(lists[k].object, i), op, "every item");
        if (!arrays[k]) return false;
        if (k == 0) param = arrays[0];
        if (k != 1 && !PyArray_ISWRITEABLE(arrays[k]))
          return PyErr_Format(PyExc_ValueError, "%s: a parameter or its state is read-only", op), false;
        if (!PyArray_SAMESHAPE(arrays[k], param)) {
          PyErr_Format(PyExc_ValueError, "%s: parameter %zd, its gradient and its state differ in shape", op, i);
          return false;
        }
        plain &= dense_alike(arrays[k], param);
      }
      Item& item = items[i];
      const int type = PyArray_TYPE(param);
      const bool is_complex = type == NPY_COMPLEX64 || type == NPY_COMPLEX128;  // stepped as pairs of reals
      const bool is_double = type == NPY_FLOAT64 || type == NPY_COMPLEX128;
      plain &= type == NPY_FLOAT32 || type == NPY_FLOAT64 || is_complex;
      item.type = is_double ? NPY_FLOAT64 : NPY_FLOAT32;
      item.n = PyArray_SIZE(param) * (is_complex ? 2 : 1);
      const int copy_type = !is_complex ? item.type : is_double ? NPY_COMPLEX128 : NPY_COMPLEX64;
      for (int k = 0; k < parts; ++k) {
        if (!arrays[k]) continue;
        if (plain) {
          item.part[k] = PyArray_BYTES(arrays[k]);
          continue;
        }
        Ref copy(new_array(PyArray_NDIM(param), PyArray_DIMS(param), copy_type));
        if (!copy || PyArray_CopyInto(copy.array(), arrays[k]) < 0) return false;
        Ref pair(PyTuple_Pack(2, k == 1 ? Py_None : reinterpret_cast<PyObject*>(arrays[k]), copy.object));
        if (!pair || PyList_Append(copies.object, pair.object) < 0) return false;
        item.part[k] = PyArray_BYTES(copy.array());
      }
    }
    return true;
  }

  bool write_back() {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(copies.object); ++i) {
      PyObject* pair = PyList_GET_ITEM(copies.object, i);
      PyObject* target = PyTuple_GET_ITEM(pair, 0);
      if (target == Py_None) continue;
      if (PyArray_CopyInto(reinterpret_cast<PyArrayObject*>(target),
                           reinterpret_cast<PyArrayObject*>(PyTuple_GET_ITEM(pair, 1))) < 0)
        return false;
    }
    return true;
  }

  // f(item index, first, count) over pieces of all items, in parallel when there is enough to do.
  template <class F>
  void run(F&& f) const {
    int64_t pieces = 0, total = 0;
    for (Py_ssize_t i = 0; i < count; ++i) {
      pieces += (items[i].n + kPiece - 1) / kPiece;
      total += items[i].n;
    }
    if (total <= kPiece) {
      for (Py_ssize_t i = 0; i < count; ++i) f(i, int64_t(0), items[i].n);
      return;
    }
    GilRelease nogil;
    // contiguous groups of pieces per task: many small parameters share one
    const int64_t tasks = pieces < 4 * num_threads() ? pieces : 4 * num_threads();
    parallel_tasks(tasks, [&](int64_t task) {
      const int64_t begin = pieces * task / tasks, end = pieces * (task + 1) / tasks;
      int64_t piece = 0;
      for (Py_ssize_t i = 0; i < count && piece < end; ++i) {
        const int64_t mine = (items[i].n + kPiece - 1) / kPiece;
        const int64_t from = begin > piece ? begin - piece : 0, to = end - piece < mine ? end - piece : mine;
        if (from < to) {
          const int64_t first = from * kPiece, last = to * kPiece < items[i].n ? to * kPiece : items[i].n;
          f(i, first, last - first);
        }
        piece += mine;
      }
    });
  }
};

template <class T>
T* at(const Item& item, int part, int64_t first) {
  return item.part[part] ? reinterpret_cast<T*>(item.part[part]) + first : nullptr;
}

// The lists as tuples: another thread, or reading an item, may change a list meanwhile. None stays nullptr.
bool lists_of(PyObject* const* args, int count, Ref* lists, const char* op) {
  for (int k = 0; k < count; ++k) {
    if (args[k] == Py_None && k >= 2) continue;
    if (!PyList_Check(args[k])) return PyErr_Format(PyExc_TypeError, "%s: expected lists of arrays", op), false;
    lists[k].object = PyList_AsTuple(args[k]);
    if (!lists[k]) return false;
  }
  return true;
}

bool as_flag(PyObject* object, bool* value) {
  const int truth = PyObject_IsTrue(object);
  *value = truth > 0;
  return truth >= 0;
}

// sgd_step(params, grads, buffers, first, lr, momentum, dampening, weight_decay, nesterov, maximize)
// buffers: list of arrays or None; first: None, or a list of bools: which buffers are new.
PyObject* sgd_step(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 10) return PyErr_Format(PyExc_TypeError, "sgd_step: expected 10 arguments, got %zd", nargs);
  Ref lists[3], first;
  SgdStep s{};
  if (!lists_of(args, 3, lists, "sgd_step")) return nullptr;
  if (!as_double(args[4], &s.lr, "sgd_step", "lr") || !as_double(args[5], &s.momentum, "sgd_step", "momentum") ||
      !as_double(args[6], &s.dampening, "sgd_step", "dampening") ||
      !as_double(args[7], &s.weight_decay, "sgd_step", "weight_decay") || !as_flag(args[8], &s.nesterov) ||
      !as_flag(args[9], &s.maximize))
    return nullptr;
  if (lists[2]) {
    first.object = PyList_Check(args[3]) ? PyList_AsTuple(args[3]) : nullptr;
    if (PyErr_Occurred()) return nullptr;
    if (!first || PyTuple_GET_SIZE(first.object) != PyTuple_GET_SIZE(lists[0].object))
      return PyErr_Format(PyExc_TypeError, "sgd_step: first must be a list as long as params");
  }
  Items items;
  if (!items.read(lists, 3, "sgd_step")) return nullptr;
  SgdStep fresh = s;
  fresh.first = true;
  // which buffers are new, readable without the GIL
  Ref flags(PyBytes_FromStringAndSize(nullptr, items.count));
  if (!flags) return nullptr;
  char* is_first = PyBytes_AS_STRING(flags.object);
  for (Py_ssize_t i = 0; i < items.count; ++i) is_first[i] = first && PyTuple_GET_ITEM(first.object, i) == Py_True;
  items.run([&](Py_ssize_t i, int64_t from, int64_t n) {
    const Item& item = items.items[i];
    const SgdStep& step = is_first[i] ? fresh : s;
    if (item.type == NPY_FLOAT32)
      optimizer_kernels().sgd_f32(step, at<float>(item, 0, from), at<float>(item, 1, from), at<float>(item, 2, from),
                                  n);
    else
      optimizer_kernels().sgd_f64(step, at<double>(item, 0, from), at<double>(item, 1, from), at<double>(item, 2, from),
                                  n);
  });
  if (!items.write_back()) return nullptr;
  Py_RETURN_NONE;
}

// adam_step(params, grads, m, v, largest or None, steps, lr, beta1, beta2, eps, weight_decay, decoupled, maximize)
// steps: list of 0-d float32 (or float64) arrays, counted up by one here.
PyObject* adam_step(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 13) return PyErr_Format(PyExc_TypeError, "adam_step: expected 13 arguments, got %zd", nargs);
  Ref lists[5];
  double lr, beta1, beta2, eps, weight_decay;
  if (!lists_of(args, 5, lists, "adam_step")) return nullptr;
  if (!lists[2] || !lists[3]) return PyErr_Format(PyExc_TypeError, "adam_step: expected lists of moments");
  if (!as_double(args[6], &lr, "adam_step", "lr") || !as_double(args[7], &beta1, "adam_step", "beta1") ||
      !as_double(args[8], &beta2, "adam_step", "beta2") || !as_double(args[9], &eps, "adam_step", "eps") ||
      !as_double(args[10], &weight_decay, "adam_step", "weight_decay"))
    return nullptr;
  bool decoupled, maximize;
  if (!as_flag(args[11], &decoupled) || !as_flag(args[12], &maximize)) return nullptr;
  Ref steps(PyList_Check(args[5]) ? PyList_AsTuple(args[5]) : nullptr);
  if (PyErr_Occurred()) return nullptr;
  if (!steps || PyTuple_GET_SIZE(steps.object) != PyTuple_GET_SIZE(lists[0].object))
    return PyErr_Format(PyExc_TypeError, "adam_step: steps must be a list as long as params");
  Items items;
  if (!items.read(lists, 5, "adam_step")) return nullptr;
  Ref memory(PyBytes_FromStringAndSize(nullptr, Py_ssize_t(sizeof(AdamStep)) * (items.count + 1)));
  if (!memory) return nullptr;
  auto* plans = reinterpret_cast<AdamStep*>(
      (reinterpret_cast<uintptr_t>(PyBytes_AS_STRING(memory.object)) + alignof(AdamStep) - 1) / alignof(AdamStep) *
      alignof(AdamStep));
  double last_count = -1, correction1 = 1, inverse_root = 1;
  for (int check = 1; check >= 0; --check) {  // first look at all of them, then change
    for (Py_ssize_t i = 0; i < items.count; ++i) {
      PyArrayObject* step = as_array(PyTuple_GET_ITEM(steps.object, i), "adam_step", "every step");
      if (!step) return nullptr;
      const int type = PyArray_TYPE(step);
      if (PyArray_SIZE(step) != 1 || (type != NPY_FLOAT32 && type != NPY_FLOAT64) || !PyArray_ISBEHAVED(step))
        return PyErr_Format(PyExc_TypeError, "adam_step: every step must be one float");
      if (check) continue;
      const double count = type == NPY_FLOAT32 ? double(*data<float>(step) += 1) : (*data<double>(step) += 1);
      if (count != last_count) {
        last_count = count;
        correction1 = 1 - std::pow(beta1, count);
        inverse_root = 1 / std::sqrt(1 - std::pow(beta2, count));
      }
      plans[i] = {lr / correction1, inverse_root, lr * weight_decay, beta1, beta2, eps,
                  weight_decay,     decoupled,    maximize};
    }
  }
  items.run([&](Py_ssize_t i, int64_t from, int64_t n) {
    const Item& item = items.items[i];
    if (item.type == NPY_FLOAT32)
      optimizer_kernels().adam_f32(plans[i], at<float>(item, 0, from), at<float>(item, 1, from),
                                   at<float>(item, 2, from), at<float>(item, 3, from), at<float>(item, 4, from), n);
    else
      optimizer_kernels().adam_f64(plans[i], at<double>(item, 0, from), at<double>(item, 1, from),
                                   at<double>(item, 2, from), at<double>(item, 3, from), at<double>(item, 4, from), n);
  });
  if (!items.write_back()) return nullptr;
  Py_RETURN_NONE;
}

}  // namespace

#define RL_FAST(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL

PyMethodDef optimizer_methods[] = {
    {"sgd_step", RL_FAST(sgd_step),
     "sgd_step(params, grads, buffers, first, lr, momentum, dampening, weight_decay, nesterov, maximize)"},
    {"adam_step", RL_FAST(adam_step),
     "adam_step(params, grads, m, v, largest, steps, lr, beta1, beta2, eps, weight_decay, decoupled, maximize)"},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
