#include "kernels/random/generator.h"
#include "runtime/array_view.h"

namespace rl {

static const char kCapsule[] = "rushlight.Generator";

static Generator* as_generator(PyObject* object) {
  return static_cast<Generator*>(PyCapsule_GetPointer(object, kCapsule));
}

// Locks a generator and lets go of the GIL for long work. A holder of the lock never waits for the GIL.
struct Draw {
  GilRelease nogil;
  std::shared_lock<std::shared_mutex> gate;
  std::lock_guard<std::mutex> lock;
  Draw(Generator& generator, int64_t items) : nogil(items), gate(fork_gate()), lock(generator.mutex) {}
};

// args[index] as a writeable C-contiguous array of one of the given types; nullptr with TypeError.
static PyArrayObject* as_output(PyObject* object, const char* op, std::initializer_list<int> types) {
  PyArrayObject* out = as_array(object, op, "out");
  if (!out) return nullptr;
  for (int type : types)
    if (PyArray_TYPE(out) == type && PyArray_ISCARRAY(out)) return out;
  PyErr_Format(PyExc_TypeError, "%s: out must be a writeable contiguous array of a supported dtype, got %S", op,
               PyArray_DESCR(out));
  return nullptr;
}

static bool expect(const char* op, Py_ssize_t got, Py_ssize_t expected) {
  if (got == expected) return true;
  PyErr_Format(PyExc_TypeError, "%s: expected %zd arguments, got %zd", op, expected, got);
  return false;
}

static PyObject* done() { Py_RETURN_NONE; }

static bool as_uint64(PyObject* object, uint64_t* value) {
  *value = PyLong_AsUnsignedLongLongMask(object);
  return !(*value == ~0ull && PyErr_Occurred());
}

static PyObject* random_new(PyObject*, PyObject* seed) {
  uint64_t value;
  if (!as_uint64(seed, &value)) return nullptr;
  return PyCapsule_New(new Generator(value), kCapsule, [](PyObject* capsule) { delete as_generator(capsule); });
}

static PyObject* random_seed(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  uint64_t value;
  if (!expect("random_seed", nargs, 2)) return nullptr;
  Generator* generator = as_generator(args[0]);
  if (!generator || !as_uint64(args[1], &value)) return nullptr;
  Draw draw(*generator, 0);
  generator->manual_seed(value);
  return done();
}

static PyObject* random_initial_seed(PyObject*, PyObject* capsule) {
  Generator* generator = as_generator(capsule);
  return generator ? PyLong_FromUnsignedLongLong(generator->initial_seed()) : nullptr;
}

static PyObject* random_get_state(PyObject*, PyObject* capsule) {
  Generator* generator = as_generator(capsule);
  if (!generator) return nullptr;
  const npy_intp bytes = Generator::kStateBytes;
  PyArrayObject* out = new_array(1, &bytes, NPY_UINT8);
  if (!out) return nullptr;
  Draw draw(*generator, 0);
  generator->get_state(data<uint8_t>(out));
  return reinterpret_cast<PyObject*>(out);
}

static PyObject* random_set_state(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (!expect("random_set_state", nargs, 2)) return nullptr;
  Generator* generator = as_generator(args[0]);
  if (!generator) return nullptr;
  Ref bytes(reinterpret_cast<PyObject*>(contiguous(args[1], NPY_UINT8, "set_state", "new_state")));
  if (!bytes) return nullptr;
  if (PyArray_SIZE(bytes.array()) != Generator::kStateBytes)
    return PyErr_Format(PyExc_RuntimeError, "set_state: expected %lld bytes, got %lld",
                        (long long)Generator::kStateBytes, (long long)PyArray_SIZE(bytes.array()));
  const char* wrong;
  {
    Draw draw(*generator, 0);
    wrong = generator->set_state(data<uint8_t>(bytes.array()));
  }
  return wrong ? PyErr_Format(PyExc_RuntimeError, "set_state: %s", wrong) : done();
}

// The fills: (generator, out, parameters ...). A fill with two doubles:
template <class F>
static PyObject* fill2(const char* op, PyObject* const* args, Py_ssize_t nargs, std::initializer_list<int> types,
                       F&& f) {
  double a, b;
  if (!expect(op, nargs, 4)) return nullptr;
  Generator* generator = as_generator(args[0]);
  PyArrayObject* out = generator ? as_output(args[1], op, types) : nullptr;
  if (!out || !as_double(args[2], &a, op, "first parameter") || !as_double(args[3], &b, op, "second parameter"))
    return nullptr;
  const int64_t n = PyArray_SIZE(out);
  Draw draw(*generator, n);
  f(*generator, out, n, a, b);
  return done();
}

static PyObject* random_uniform(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return fill2("uniform_", args, nargs, {NPY_FLOAT32, NPY_FLOAT64},
               [](Generator& g, PyArrayObject* out, int64_t n, double low, double high) {
                 if (PyArray_TYPE(out) == NPY_FLOAT32)
                   fill_uniform(g, data<float>(out), n, float(low), float(high));
                 else
                   fill_uniform(g, data<double>(out), n, low, high);
               });
}

static PyObject* random_normal_blocks(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs == 4 && PyArray_Check(args[1]) && PyArray_SIZE(reinterpret_cast<PyArrayObject*>(args[1])) < 16)
    return PyErr_Format(PyExc_ValueError, "normal_: blocks need 16 items or more");
  return fill2("normal_", args, nargs, {NPY_FLOAT32, NPY_FLOAT64},
               [](Generator& g, PyArrayObject* out, int64_t n, double mean, double std) {
                 if (PyArray_TYPE(out) == NPY_FLOAT32)
                   fill_normal_blocks(g, data<float>(out), n, float(mean), float(std));
                 else
                   fill_normal_blocks(g, data<double>(out), n, mean, std);
               });
}

#define RL_FILL_F64(name, function)                                                    \
  static PyObject* name(PyObject*, PyObject* const* args, Py_ssize_t nargs) {          \
    return fill2(#name, args, nargs, {NPY_FLOAT64},                                    \
                 [](Generator& g, PyArrayObject* out, int64_t n, double a, double b) { \
                   function(g, data<double>(out), n, a, b);                            \
                 });                                                                   \
  }
RL_FILL_F64(random_normal_pairs, fill_normal_pairs)
RL_FILL_F64(random_log_normal, fill_log_normal)
RL_FILL_F64(random_cauchy, fill_cauchy)
#undef RL_FILL_F64

// (generator, out, p, one)
static PyObject* random_bernoulli(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs == 4) {
    double p, one;
    if (!as_double(args[2], &p, "bernoulli_", "p") || !as_double(args[3], &one, "bernoulli_", "value")) return nullptr;
    if (!(p >= 0 && p <= 1) || !(one >= 0 && one <= 1e308))
      return PyErr_Format(PyExc_ValueError, "bernoulli_: expected p in [0, 1] and a finite value, got %R and %R",
                          args[2], args[3]);
    if (one > 255 && PyArray_Check(args[1]) && PyArray_TYPE(reinterpret_cast<PyArrayObject*>(args[1])) == NPY_UINT8)
      return PyErr_Format(PyExc_ValueError, "bernoulli_: %R does not fit into uint8", args[3]);
  }
  return fill2("bernoulli_", args, nargs, {NPY_FLOAT32, NPY_FLOAT64, NPY_UINT8},
               [](Generator& g, PyArrayObject* out, int64_t n, double p, double one) {
                 switch (PyArray_TYPE(out)) {
                   case NPY_FLOAT32:
                     return fill_bernoulli<float>(g, data<float>(out), n, p, float(one));
                   case NPY_FLOAT64:
                     return fill_bernoulli<double>(g, data<double>(out), n, p, one);
                   default:
                     return fill_bernoulli<uint8_t>(g, data<uint8_t>(out), n, p, uint8_t(one));
                 }
               });
}

// (generator, out, parameter): one double
template <class F>
static PyObject* fill1(const char* op, PyObject* const* args, Py_ssize_t nargs, F&& f) {
  double a;
  if (!expect(op, nargs, 3)) return nullptr;
  Generator* generator = as_generator(args[0]);
  PyArrayObject* out = generator ? as_output(args[1], op, {NPY_FLOAT64}) : nullptr;
  if (!out || !as_double(args[2], &a, op, "parameter")) return nullptr;
  const int64_t n = PyArray_SIZE(out);
  Draw draw(*generator, n);
  f(*generator, data<double>(out), n, a);
  return done();
}
static PyObject* random_exponential(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return fill1("exponential_", args, nargs, fill_exponential);
}
static PyObject* random_geometric(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return fill1("geometric_", args, nargs, fill_geometric);
}

// (generator, out int64, range (0: all 64 bits), base)
static PyObject* random_integers(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  uint64_t range, base;
  if (!expect("random_", nargs, 4)) return nullptr;
  Generator* generator = as_generator(args[0]);
  PyArrayObject* out = generator ? as_output(args[1], "random_", {NPY_INT64}) : nullptr;
  if (!out || !as_uint64(args[2], &range) || !as_uint64(args[3], &base)) return nullptr;
  const int64_t n = PyArray_SIZE(out);
  Draw draw(*generator, n);
  fill_integers(*generator, data<int64_t>(out), n, range, int64_t(base));
  return done();
}

// (generator, out int64, modulus, 64-bit draws?)
static PyObject* random_bits(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  uint64_t modulus;
  if (!expect("random_", nargs, 4)) return nullptr;
  Generator* generator = as_generator(args[0]);
  PyArrayObject* out = generator ? as_output(args[1], "random_", {NPY_INT64}) : nullptr;
  if (!out || !as_uint64(args[2], &modulus)) return nullptr;
  const int wide = PyObject_IsTrue(args[3]);
  if (wide < 0) return nullptr;
  if (modulus == 0) return PyErr_Format(PyExc_ValueError, "random_: modulus must be positive");
  const int64_t n = PyArray_SIZE(out);
  Draw draw(*generator, n);
  fill_bits(*generator, data<int64_t>(out), n, modulus, wide != 0);
  return done();
}

// (generator, out int64)
static PyObject* random_permutation(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (!expect("randperm", nargs, 2)) return nullptr;
  Generator* generator = as_generator(args[0]);
  PyArrayObject* out = generator ? as_output(args[1], "randperm", {NPY_INT64}) : nullptr;
  if (!out) return nullptr;
  const int64_t n = PyArray_SIZE(out);
  Draw draw(*generator, n);
  fill_permutation(*generator, data<int64_t>(out), n);
  return done();
}

// A contiguous input of out's size; nullptr with an exception set.
static PyArrayObject* as_input(PyObject* object, const char* op, const char* name, int64_t size) {
  PyArrayObject* in = as_array(object, op, name);
  if (!in) return nullptr;
  if (!is_contiguous(in) || PyArray_SIZE(in) != size ||
      (PyArray_TYPE(in) != NPY_FLOAT32 && PyArray_TYPE(in) != NPY_FLOAT64)) {
    PyErr_Format(PyExc_ValueError, "%s: %s must be a contiguous float32 or float64 array of %lld items", op, name,
                 (long long)size);
    return nullptr;
  }
  return in;
}

// (generator, out uint8, p float32 or float64)
static PyObject* random_bernoulli_each(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (!expect("bernoulli", nargs, 3)) return nullptr;
  Generator* generator = as_generator(args[0]);
  PyArrayObject* out = generator ? as_output(args[1], "bernoulli", {NPY_UINT8}) : nullptr;
  PyArrayObject* p = out ? as_input(args[2], "bernoulli", "p", PyArray_SIZE(out)) : nullptr;
  if (!p) return nullptr;
  const int64_t n = PyArray_SIZE(out);
  Draw draw(*generator, n);
  if (PyArray_TYPE(p) == NPY_FLOAT32)
    fill_bernoulli_each(*generator, data<uint8_t>(out), data<float>(p), n);
  else
    fill_bernoulli_each(*generator, data<uint8_t>(out), data<double>(p), n);
  return done();
}

// (generator, out float64, rate float64)
static PyObject* random_poisson(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (!expect("poisson", nargs, 3)) return nullptr;
  Generator* generator = as_generator(args[0]);
  PyArrayObject* out = generator ? as_output(args[1], "poisson", {NPY_FLOAT64}) : nullptr;
  PyArrayObject* rate = out ? as_input(args[2], "poisson", "rate", PyArray_SIZE(out)) : nullptr;
  if (!rate) return nullptr;
  if (PyArray_TYPE(rate) != NPY_FLOAT64) return PyErr_Format(PyExc_TypeError, "poisson: rate must be float64");
  const int64_t n = PyArray_SIZE(out);
  for (int64_t i = 0; i < n; ++i)
    if (!(data<double>(rate)[i] >= 0)) return PyErr_Format(PyExc_RuntimeError, "poisson: expected rates >= 0");
  Draw draw(*generator, n * 8);
  fill_poisson(*generator, data<double>(out), data<double>(rate), n);
  return done();
}

// (generator, out int64 (rows, samples), cumulative float64 (rows, categories))
static PyObject* random_categorical(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (!expect("multinomial", nargs, 3)) return nullptr;
  Generator* generator = as_generator(args[0]);
  PyArrayObject* out = generator ? as_output(args[1], "multinomial", {NPY_INT64}) : nullptr;
  PyArrayObject* cumulative = out ? as_array(args[2], "multinomial", "cumulative") : nullptr;
  if (!cumulative) return nullptr;
  if (PyArray_NDIM(out) != 2 || PyArray_NDIM(cumulative) != 2 || PyArray_TYPE(cumulative) != NPY_FLOAT64 ||
      !is_contiguous(cumulative) || PyArray_DIM(out, 0) != PyArray_DIM(cumulative, 0) || PyArray_DIM(cumulative, 1) < 1)
    return PyErr_Format(PyExc_ValueError,
                        "multinomial: expected (rows, samples) and contiguous float64 (rows, categories)");
  const int64_t rows = PyArray_DIM(out, 0), samples = PyArray_DIM(out, 1);
  Draw draw(*generator, rows * samples * 8);
  fill_categorical(*generator, data<int64_t>(out), data<double>(cumulative), rows, PyArray_DIM(cumulative, 1), samples);
  return done();
}

#define RL_FASTCALL(name, doc) \
  {#name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(name)), METH_FASTCALL, doc}

PyMethodDef random_methods[] = {
    {"random_new", random_new, METH_O, "A generator seeded with the low 64 bits of an int."},
    {"random_initial_seed", random_initial_seed, METH_O, "The seed last set."},
    {"random_get_state", random_get_state, METH_O, "The state as uint8 (5056,)."},
    RL_FASTCALL(random_seed, "(generator, seed)"),
    RL_FASTCALL(random_set_state, "(generator, state uint8 (5056,))"),
    RL_FASTCALL(random_uniform, "(generator, out, low, high)"),
    RL_FASTCALL(random_normal_blocks, "(generator, out, mean, std): 16 items or more"),
    RL_FASTCALL(random_normal_pairs, "(generator, out float64, mean, std)"),
    RL_FASTCALL(random_log_normal, "(generator, out float64, mean, std)"),
    RL_FASTCALL(random_cauchy, "(generator, out float64, median, sigma)"),
    RL_FASTCALL(random_exponential, "(generator, out float64, rate)"),
    RL_FASTCALL(random_geometric, "(generator, out float64, p)"),
    RL_FASTCALL(random_bernoulli, "(generator, out, p, one): `one` with probability p, else 0"),
    RL_FASTCALL(random_bernoulli_each, "(generator, out uint8, p)"),
    RL_FASTCALL(random_integers, "(generator, out int64, range, base)"),
    RL_FASTCALL(random_bits, "(generator, out int64, modulus, wide)"),
    RL_FASTCALL(random_permutation, "(generator, out int64)"),
    RL_FASTCALL(random_poisson, "(generator, out float64, rate float64)"),
    RL_FASTCALL(random_categorical, "(generator, out int64, cumulative float64)"),
    {nullptr, nullptr, 0, nullptr}};
#undef RL_FASTCALL

}  // namespace rl
