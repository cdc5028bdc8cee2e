#include "runtime/array_view.h"

#include <cstdio>

#include "kernels/movement/copy.h"

namespace rl {

int bfloat16_typenum = -1;

static void* numpy_malloc(void*, size_t bytes) { return allocate(bytes); }
static void* numpy_calloc(void*, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
  void* pointer = allocate(bytes);
  if (pointer) __builtin_memset(pointer, 0, bytes);
  return pointer;
}
static void* numpy_realloc(void*, void* pointer, size_t bytes);
static void numpy_free(void*, void* pointer, size_t) { deallocate(pointer); }

static PyDataMem_Handler handler = {"rushlight", 1, {nullptr, numpy_malloc, numpy_calloc, numpy_realloc, numpy_free}};

static void* numpy_realloc(void*, void* pointer, size_t bytes) {
  void* grown = allocate(bytes);
  if (!grown) return nullptr;
  if (pointer) {
    const size_t old = allocation_size(pointer);
    __builtin_memcpy(grown, pointer, old < bytes ? old : bytes);
    deallocate(pointer);
  }
  return grown;
}

static PyObject* handler_capsule() {
  static PyObject* capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
  return capsule;
}

PyObject* out_of_memory_error = nullptr;

PyObject* out_of_memory(size_t bytes) {
  const MemoryStats stats = memory_stats();
  char limit[64] = "the machine has no more memory to give";
  if (stats.cap_bytes) std::snprintf(limit, sizeof limit, "the cap is %lld bytes", (long long)stats.cap_bytes);
  return PyErr_Format(out_of_memory_error,
                      "can't allocate memory: you tried to allocate %zu bytes; %lld bytes are in use and %s. Free "
                      "tensors, use smaller ones, or call rushlight.memory.empty_cache()",
                      bytes, (long long)stats.allocated_bytes, limit);
}

PyObject* out_of_work_memory(const char* op) {
  return PyErr_Format(out_of_memory_error,
                      "%s: can't allocate memory for intermediate results; %lld bytes are in use. Free tensors, use "
                      "smaller ones, or call rushlight.memory.empty_cache()",
                      op, (long long)memory_stats().allocated_bytes);
}

PyArrayObject* new_array(int ndim, const npy_intp* shape, int typenum) {
  PyArray_Descr* descr = PyArray_DescrFromType(typenum);
  if (!descr) return nullptr;
  if (PyDataType_REFCHK(descr) || PyDataType_ELSIZE(descr) == 0) {
    // Memory that is not initialised holds no Python objects; the item size of strings is not known from the type.
    PyErr_Format(PyExc_TypeError, "expected a dtype of numbers, got %S", descr);
    Py_DECREF(descr);
    return nullptr;
  }
  int64_t bytes = PyDataType_ELSIZE(descr);
  for (int i = 0; i < ndim; ++i) {
    if (shape[i] < 0 || __builtin_mul_overflow(bytes, int64_t(shape[i]), &bytes)) {
      Py_DECREF(descr);
      Ref sizes(PyArray_IntTupleFromIntp(ndim, shape));
      PyErr_Format(PyExc_RuntimeError,
                   shape[i] < 0 ? "Trying to create tensor with negative dimension: %S"
                                : "Storage size calculation overflowed with sizes=%S",
                   sizes.object);
      return nullptr;
    }
  }
  void* memory = allocate(size_t(bytes));
  if (!memory) {
    Py_DECREF(descr);
    out_of_memory(size_t(bytes));
    return nullptr;
  }
  PyObject* object =
      PyArray_NewFromDescr(&PyArray_Type, descr, ndim, shape, nullptr, memory, NPY_ARRAY_CARRAY, nullptr);
  if (!object) {
    deallocate(memory);
    return nullptr;
  }
  // Hand the memory to the array: NumPy gives it back through mem_handler, so `.base` stays None as for its own arrays.
  auto* fields = reinterpret_cast<PyArrayObject_fields*>(object);
  fields->mem_handler = Py_NewRef(handler_capsule());
  PyArray_ENABLEFLAGS(reinterpret_cast<PyArrayObject*>(object), NPY_ARRAY_OWNDATA);
  return reinterpret_cast<PyArrayObject*>(object);
}

PyArrayObject* as_array(PyObject* object, const char* op, const char* name) {
  if (PyArray_Check(object)) return reinterpret_cast<PyArrayObject*>(object);
  PyErr_Format(PyExc_TypeError, "%s: %s must be an array, got %s", op, name, Py_TYPE(object)->tp_name);
  return nullptr;
}

PyArrayObject* contiguous(PyObject* object, int typenum, const char* op, const char* name) {
  PyArrayObject* a = as_array(object, op, name);
  if (!a) return nullptr;
  if (PyArray_TYPE(a) != typenum) {
    PyArray_Descr* expected = PyArray_DescrFromType(typenum);
    PyErr_Format(PyExc_TypeError, "%s: %s must have dtype %S, got %S", op, name, expected, PyArray_DESCR(a));
    Py_XDECREF(expected);
    return nullptr;
  }
  if (PyArray_ISCARRAY_RO(a)) return reinterpret_cast<PyArrayObject*>(Py_NewRef(object));
  Ref copy(new_array(PyArray_NDIM(a), PyArray_DIMS(a), typenum));
  if (!copy || !copy_into(copy.array(), a)) return nullptr;
  return reinterpret_cast<PyArrayObject*>(copy.release());
}

bool as_int(PyObject* object, int64_t* value, const char* op, const char* name) {
  const long long result = PyLong_AsLongLong(object);
  if (result == -1 && PyErr_Occurred()) {
    PyErr_Format(PyExc_TypeError, "%s: %s must be an int, got %R", op, name, object);
    return false;
  }
  *value = result;
  return true;
}

bool as_double(PyObject* object, double* value, const char* op, const char* name) {
  *value = PyFloat_AsDouble(object);
  if (*value == -1.0 && PyErr_Occurred()) {
    PyErr_Format(PyExc_TypeError, "%s: %s must be a number, got %R", op, name, object);
    return false;
  }
  return true;
}

bool as_ints(PyObject* object, int count, int64_t* values, const char* op, const char* name) {
  Ref sequence(PySequence_Tuple(object));  // of our own: an item's __index__ may change a list
  if (!sequence) return false;
  if (PyTuple_GET_SIZE(sequence.object) != count) {
    PyErr_Format(PyExc_ValueError, "%s: %s must have %d items, got %R", op, name, count, object);
    return false;
  }
  for (int i = 0; i < count; ++i)
    if (!as_int(PyTuple_GET_ITEM(sequence.object, i), &values[i], op, name)) return false;
  return true;
}

}  // namespace rl
