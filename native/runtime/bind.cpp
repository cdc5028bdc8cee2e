#include "runtime/array_view.h"
#include "runtime/cpu_count.h"
#include "runtime/cpu_features.h"
#include "runtime/thread_pool.h"

#include <vector>

namespace rl {

static PyObject* get_isa(PyObject*, PyObject*) { return PyUnicode_FromString(isa_name(active_isa())); }

static PyObject* set_isa(PyObject*, PyObject* arg) {
  const char* text = PyUnicode_AsUTF8(arg);
  if (!text) return nullptr;
  Isa isa;
  if (!parse_isa(text, &isa) || !set_active_isa(isa)) {
    PyErr_Format(PyExc_ValueError,
                 "set_isa: expected one of baseline, avx2, avx512 (as far as this machine has them), got '%s'", text);
    return nullptr;
  }
  Py_RETURN_NONE;
}

static PyObject* available_isas(PyObject*, PyObject*) {
  PyObject* list = PyList_New(0);
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa > best_isa()) break;
    Ref name(PyUnicode_FromString(isa_name(isa)));
    if (!list || !name || PyList_Append(list, name.object) < 0) return nullptr;
  }
  return list;
}

static PyObject* get_num_threads(PyObject*, PyObject*) { return PyLong_FromLong(num_threads()); }
static PyObject* default_threads(PyObject*, PyObject*) { return PyLong_FromLong(default_num_threads()); }

static PyObject* set_threads(PyObject*, PyObject* arg) {
  int64_t count;
  if (!as_int(arg, &count, "set_num_threads", "count")) return nullptr;
  if (count < 1) return PyErr_Format(PyExc_ValueError, "set_num_threads: expected at least 1 thread, got %R", arg);
  set_num_threads(int(count < INT32_MAX ? count : INT32_MAX));
  Py_RETURN_NONE;
}

static PyObject* available_cores(PyObject*, PyObject*) { return PyLong_FromLong(affinity_cores()); }

static PyObject* cpu_quota(PyObject*, PyObject* arg) {
  const char* root = PyUnicode_AsUTF8(arg);
  return root ? PyFloat_FromDouble(cgroup_cores(root)) : nullptr;
}

// task_counts(tasks) -> list: how often each task of one parallel region ran, -1 if its own nested region went wrong
// (tests)
static PyObject* task_counts(PyObject*, PyObject* arg) {
  int64_t tasks;
  if (!as_int(arg, &tasks, "task_counts", "tasks")) return nullptr;
  if (tasks < 0 || tasks > (1 << 24)) return PyErr_Format(PyExc_ValueError, "task_counts: unexpected count %R", arg);
  std::vector<int> counts(size_t(tasks), 0), nested(size_t(tasks), 0);
  {
    GilRelease nogil;
    parallel_tasks(tasks, [&](int64_t task) {
      counts[size_t(task)] += 1;
      parallel_tasks(3, [&](int64_t) { __atomic_fetch_add(&nested[size_t(task)], 1, __ATOMIC_RELAXED); });
    });
  }
  Ref list(PyList_New(tasks));
  if (!list) return nullptr;
  for (int64_t i = 0; i < tasks; ++i) {
    PyObject* item = PyLong_FromLong(nested[size_t(i)] == 3 ? counts[size_t(i)] : -1);
    if (!item) return nullptr;
    PyList_SET_ITEM(list.object, i, item);
  }
  return list.release();
}

static PyObject* memory_stats_dict(PyObject*, PyObject*) {
  const MemoryStats s = memory_stats();
  return Py_BuildValue("{s:L,s:L,s:L,s:L,s:L,s:L,s:L}", "allocated_bytes", (long long)s.allocated_bytes,
                       "allocated_peak_bytes", (long long)s.allocated_peak_bytes, "reserved_bytes",
                       (long long)s.reserved_bytes, "reserved_peak_bytes", (long long)s.reserved_peak_bytes,
                       "num_allocations", (long long)s.num_allocations, "num_cache_hits", (long long)s.num_cache_hits,
                       "cap_bytes", (long long)s.cap_bytes);
}

static PyObject* reset_peak(PyObject*, PyObject*) {
  reset_peak_memory_stats();
  Py_RETURN_NONE;
}

static PyObject* empty_memory_cache(PyObject*, PyObject*) {
  {
    GilRelease nogil;
    empty_cache();
  }
  Py_RETURN_NONE;
}

static PyObject* set_cap(PyObject*, PyObject* arg) {
  int64_t bytes;
  if (!as_int(arg, &bytes, "set_memory_cap", "bytes")) return nullptr;
  if (bytes < 0) return PyErr_Format(PyExc_ValueError, "set_memory_cap: expected bytes >= 0, got %R", arg);
  set_memory_cap(size_t(bytes));
  Py_RETURN_NONE;
}

static PyObject* build_info(PyObject*, PyObject*) {
#if defined(__clang__)
  const char* compiler = "Clang " __clang_version__;
#else
  const char* compiler = "GCC " __VERSION__;
#endif
#if defined(__SANITIZE_ADDRESS__)
  const char* sanitizer = "address,undefined";
#elif defined(__SANITIZE_THREAD__)
  const char* sanitizer = "thread";
#else
  const char* sanitizer = "";
#endif
  return Py_BuildValue("{s:s,s:l,s:s,s:s,s:s}", "compiler", compiler, "cxx_standard", long(__cplusplus), "cxx_flags",
                       RL_CXX_FLAGS, "instruction_sets", RL_ISA_NAMES, "sanitizer", sanitizer);
}

static PyArrayObject* empty_array(PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2 || !PyTuple_Check(args[0])) {
    PyErr_SetString(PyExc_TypeError, "empty: expected (shape tuple, type number)");
    return nullptr;
  }
  const int ndim = int(PyTuple_GET_SIZE(args[0]));
  if (ndim > NPY_MAXDIMS) {
    PyErr_Format(PyExc_ValueError, "empty: at most %d dimensions, got %d", NPY_MAXDIMS, ndim);
    return nullptr;
  }
  int64_t shape[NPY_MAXDIMS], typenum;
  if (!as_ints(args[0], ndim, shape, "empty", "shape") || !as_int(args[1], &typenum, "empty", "dtype")) return nullptr;
  npy_intp dims[NPY_MAXDIMS];
  for (int i = 0; i < ndim; ++i) dims[i] = shape[i];
  return new_array(ndim, dims, int(typenum));
}

// empty(shape tuple, dtype number) -> uninitialised array from the caching allocator
static PyObject* empty(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return reinterpret_cast<PyObject*>(empty_array(args, nargs));
}
// zeros(shape tuple, dtype number)
static PyObject* zeros(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  PyArrayObject* a = empty_array(args, nargs);
  if (a && PyArray_NBYTES(a)) {
    GilRelease nogil(PyArray_SIZE(a));
    __builtin_memset(PyArray_DATA(a), 0, size_t(PyArray_NBYTES(a)));
  }
  return reinterpret_cast<PyObject*>(a);
}

PyMethodDef runtime_methods[] = {
    {"get_isa", get_isa, METH_NOARGS, "The instruction set in use."},
    {"set_isa", set_isa, METH_O, "Switch the instruction set (tests)."},
    {"available_isas", available_isas, METH_NOARGS, "Instruction sets this machine can run, narrowest first."},
    {"empty", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(empty)), METH_FASTCALL,
     "Uninitialised array."},
    {"zeros", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(zeros)), METH_FASTCALL, "Array of zeros."},
    {"get_num_threads", get_num_threads, METH_NOARGS, "Threads a parallel region may use, the caller included."},
    {"set_num_threads", set_threads, METH_O, "Set it; at least 1."},
    {"default_num_threads", default_threads, METH_NOARGS, "What it is unless set, worked out afresh."},
    {"available_cores", available_cores, METH_NOARGS, "Physical cores in this thread's affinity mask."},
    {"cpu_quota", cpu_quota, METH_O,
     "cpu_quota(root): the cgroup's limit in cores, 0.0 if none. root '' is the system."},
    {"memory_stats", memory_stats_dict, METH_NOARGS, "Counters of the array allocator."},
    {"reset_peak_memory_stats", reset_peak, METH_NOARGS, "Start the peaks again from what is in use."},
    {"empty_cache", empty_memory_cache, METH_NOARGS, "Give memory that no array uses back to the system."},
    {"set_memory_cap", set_cap, METH_O, "Most bytes to hold, 0 for no limit."},
    {"build_info", build_info, METH_NOARGS, "What this module was built with."},
    {"task_counts", task_counts, METH_O, "How often each task of a parallel region ran: all 1 (tests)."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
