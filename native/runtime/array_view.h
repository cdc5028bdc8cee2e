#pragma once
// What bindings share: the NumPy C API, argument checks, new arrays from our allocator, the GIL.
// Include this (not numpy's headers) in every bind.cpp; only module.cpp imports the API table.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifndef RL_IMPORT_NUMPY
#define NO_IMPORT_ARRAY
#endif
#define PY_ARRAY_UNIQUE_SYMBOL rushlight_numpy_api
#include <numpy/arrayobject.h>

#include <cstdint>

#include "runtime/allocator.h"

namespace rl {

extern int bfloat16_typenum;  // of NumPy arrays; -1 until it is known

// rushlight.OutOfMemoryError, a RuntimeError (as PyTorch's) and a MemoryError; made by module.cpp's init.
extern PyObject* out_of_memory_error;
// Sets it for a request of `bytes` and returns nullptr: `return out_of_memory(bytes);` when allocate or scratch fails.
PyObject* out_of_memory(size_t bytes);
// The same for a kernel that found no room for its intermediate results.
PyObject* out_of_work_memory(const char* op);

// A new C-contiguous array whose memory comes from rl::allocate and goes back to it; nullptr with an exception set.
// Uninitialised. typenum: NPY_FLOAT32, ..., any type of fixed size that holds no Python objects.
PyArrayObject* new_array(int ndim, const npy_intp* shape, int typenum);

static inline PyArrayObject* new_array_like(PyArrayObject* a) {
  return new_array(PyArray_NDIM(a), PyArray_DIMS(a), PyArray_TYPE(a));
}

// `object` as an array, or nullptr with TypeError "<op>: <name> must be an array, got <type>". Borrowed.
PyArrayObject* as_array(PyObject* object, const char* op, const char* name);

// A C-contiguous, aligned, native-order array of `typenum`: the same object (new reference) or a copy.
// nullptr with TypeError when the dtype differs.
PyArrayObject* contiguous(PyObject* object, int typenum, const char* op, const char* name);

// int64 / double argument with range check; false with an exception set.
bool as_int(PyObject* object, int64_t* value, const char* op, const char* name);
bool as_double(PyObject* object, double* value, const char* op, const char* name);
// A sequence of exactly `count` ints into `values`.
bool as_ints(PyObject* object, int count, int64_t* values, const char* op, const char* name);

// Whether the shapes broadcast.
static inline bool broadcast_together(PyArrayObject* a, PyArrayObject* b) {
  for (int i = PyArray_NDIM(a) - 1, j = PyArray_NDIM(b) - 1; i >= 0 && j >= 0; --i, --j) {
    const npy_intp m = PyArray_DIM(a, i), n = PyArray_DIM(b, j);
    if (m != n && m != 1 && n != 1) return false;
  }
  return true;
}

static inline bool is_contiguous(PyArrayObject* a) { return PyArray_ISCARRAY_RO(a); }

template <class T>
static inline T* data(PyArrayObject* a) {
  return static_cast<T*>(PyArray_DATA(a));
}

// Releases the GIL for the enclosing scope when the work is worth it (`items` elements or so).
struct GilRelease {
  PyThreadState* state;
  explicit GilRelease(int64_t items = INT64_MAX) : state(items >= 8192 ? PyEval_SaveThread() : nullptr) {}
  // May unwind: a daemon thread that asks for the GIL while the interpreter exits is ended right here.
  ~GilRelease() noexcept(false) {
    if (state) PyEval_RestoreThread(state);
  }
  GilRelease(const GilRelease&) = delete;
};

// Owns one reference.
struct Ref {
  PyObject* object;
  explicit Ref(PyObject* o = nullptr) : object(o) {}
  explicit Ref(PyArrayObject* a) : object(reinterpret_cast<PyObject*>(a)) {}
  ~Ref() { Py_XDECREF(object); }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  PyArrayObject* array() const { return reinterpret_cast<PyArrayObject*>(object); }
  PyObject* release() {
    PyObject* o = object;
    object = nullptr;
    return o;
  }
  explicit operator bool() const { return object != nullptr; }
};

}  // namespace rl
