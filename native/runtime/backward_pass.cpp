// The backward pass: walks the tape from the roots, newest node first, and adds up the gradients at the leaves.
//
// An edge is None, a leaf tensor, a node (its output 0) or (node, output). `targets` are the nodes and leaves that can
// be reached; each waits for one delivery per edge that leads to it (of a gradient, or of the news that there is none).
// A node is run when it has heard from all its consumers; of the nodes that are ready the newest goes first. Nothing
// here recurses, so a graph may be as deep as it likes, and all state is on the C stack, so threads do not meet.
//
// Invariant: a gradient has one reference, handed on from edge to edge, unless a backward rule returned it several
// times. That is what lets `claim` give it to the leaf without a copy.

#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "kernels/movement/copy.h"
#include "kernels/movement/layout.h"
#include "runtime/op_record.h"

namespace rl {

// ---- the gradient of a leaf ----

static bool is_own(PyObject* array) {
  if (!PyArray_CheckExact(array) || Py_REFCNT(array) != 1) return false;
  auto* a = reinterpret_cast<PyArrayObject*>(array);
  if (!PyArray_ISWRITEABLE(a) || !is_dense(a)) return false;
  PyObject* base = PyArray_BASE(a);
  if (!base) return true;
  auto* whole = reinterpret_cast<PyArrayObject*>(base);
  return PyArray_CheckExact(base) && Py_REFCNT(base) == 1 && !PyArray_BASE(whole) &&
         PyArray_SIZE(whole) == PyArray_SIZE(a);
}

// Whether a gradient lies in memory as the leaf wants it: with the strides of a dense leaf, else contiguous.
static bool lies_like(PyArrayObject* a, PyArrayObject* leaf) {
  if (PyArray_IS_C_CONTIGUOUS(a) && PyArray_IS_C_CONTIGUOUS(leaf)) return true;
  if (!PyArray_SAMESHAPE(a, leaf) || !is_dense(leaf)) return PyArray_IS_C_CONTIGUOUS(a);
  for (int d = 0; d < PyArray_NDIM(a); ++d)
    if (PyArray_DIM(a, d) > 1 &&
        PyArray_STRIDE(a, d) / PyArray_ITEMSIZE(a) != PyArray_STRIDE(leaf, d) / PyArray_ITEMSIZE(leaf))
      return false;
  return true;
}

// `array` itself when nobody else holds it or its memory and it lies like the leaf, else a copy that does. Takes over
// the reference.
static PyObject* claim(PyObject* array, PyObject* leaf) {
  PyObject* like = field(leaf, kArray);
  const bool arrays = PyArray_Check(array) && PyArray_Check(like);
  auto *a = reinterpret_cast<PyArrayObject*>(array), *wanted = reinterpret_cast<PyArrayObject*>(like);
  if (is_own(array) && (!arrays || lies_like(a, wanted))) return array;
  PyObject* copy = nullptr;
  if (arrays && PyArray_SAMESHAPE(a, wanted)) {
    Ref out(is_dense(wanted) ? new_as_laid_out(wanted, PyArray_TYPE(a)) : new_array_like(a));
    if (out && copy_into(out.array(), a)) copy = out.release();
  } else {
    copy = PyObject_CallMethod(helpers.engine, "clone", "O", array);
  }
  Py_DECREF(array);
  return copy;
}

static PyObject* call_add(PyObject* xp, PyObject* a, PyObject* b, PyObject* out) {
  static PyObject* name = PyUnicode_InternFromString("add");
  Ref add(PyObject_GetAttr(xp, name));
  if (!add) return nullptr;
  PyObject* arguments[] = {a, b, out};
  return PyObject_Vectorcall(add.object, arguments, out ? 3 : 2, nullptr);
}

static bool run_accumulate_hooks(PyObject* leaf) {
  static PyObject* name = PyUnicode_InternFromString("_post_accumulate_grad_hooks");
  Ref hooks(PyObject_GetAttr(leaf, name));
  if (!hooks) return false;
  if (hooks.object == Py_None) return true;
  Ref values(PyObject_CallMethod(hooks.object, "values", nullptr));
  Ref all(values ? PySequence_Tuple(values.object) : nullptr);
  if (!all) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(all.object); ++i) {
    Ref result(PyObject_CallOneArg(PyTuple_GET_ITEM(all.object, i), leaf));
    if (!result) return false;
  }
  return true;
}

// Held by the thread that reads a .grad, adds to it and writes it back: the addition may let go of the GIL. Taken once
// more by the same thread when what it frees meanwhile runs a pass of its own.
class AccumulateLock {
 public:
  AccumulateLock() {
    if (mutex().try_lock()) return;
    GilRelease nogil;
    mutex().lock();
  }
  ~AccumulateLock() { mutex().unlock(); }
  AccumulateLock(const AccumulateLock&) = delete;

 private:
  static std::recursive_mutex& mutex() {
    alignas(std::recursive_mutex) static unsigned char memory[sizeof(std::recursive_mutex)];
    static const auto made = [] {
      // the child of a fork has one thread, which may have forked while another held the mutex
      pthread_atfork(nullptr, nullptr, [] { new (memory) std::recursive_mutex; });
      return new (memory) std::recursive_mutex;
    }();
    (void)made;
    return *std::launder(reinterpret_cast<std::recursive_mutex*>(memory));
  }
};

// A recorded gradient as a leaf keeps it: a copy in the leaf's order in memory, so that writing to .grad leaves the
// graph's values alone. Takes over the reference.
static PyObject* copy_of_gradient(PyObject* gradient, PyObject* leaf) {
  Ref given(gradient);
  PyObject *array = field(gradient, kArray), *like = field(leaf, kArray);
  const bool arrays = PyArray_Check(array) && PyArray_Check(like);
  const bool recorded = field(gradient, kNode) != Py_None;
  if (!recorded &&
      (!arrays || lies_like(reinterpret_cast<PyArrayObject*>(array), reinterpret_cast<PyArrayObject*>(like))))
    return given.release();
  Ref op(PyObject_GetAttrString(helpers.primitives, arrays ? "copy_laid_out" : "clone"));
  if (!op) return nullptr;
  static PyObject* names = Py_BuildValue("(s)", "like");
  PyObject* arguments[] = {gradient, like};
  PyObject* copy = PyObject_Vectorcall(op.object, arguments, 1, arrays ? names : nullptr);
  if (copy && is_tensor(copy) && is_node(field(copy, kNode))) {
    static PyObject* name = PyUnicode_InternFromString("CopyBackwards");
    set_field(field(copy, kNode), kDisplayName, Py_NewRef(name));
  }
  return copy;
}

// leaf.grad = leaf.grad + value; takes over the reference to `value`.
static bool add_to_grad(PyObject* leaf, PyObject* value, bool create_graph) {
  Ref given(value);
  const AccumulateLock lock;
  Ref old(Py_NewRef(field(leaf, kGrad)));
  const bool first = !is_tensor(old.object);
  if (create_graph) {
    if (!is_tensor(given.object)) given.object = wrap_array(given.release());
    if (!given) return false;
    PyObject* sum = first ? copy_of_gradient(given.release(), leaf)
                          : call_add(helpers.primitives, old.object, given.object, nullptr);
    if (!sum) return false;
    set_field(leaf, kGrad, sum);
    return true;
  }
  if (is_tensor(given.object)) Py_SETREF(given.object, Py_NewRef(field(given.object, kArray)));
  if (first) {
    PyObject* array = claim(given.release(), leaf);
    PyObject* grad = array ? wrap_array(array) : nullptr;
    if (!grad) return false;
    set_field(leaf, kGrad, grad);
    return true;
  }
  Ref have(Py_NewRef(field(old.object, kArray)));
  Ref sum(call_add(helpers.engine, have.object, given.object, have.object));
  if (!sum) return false;
  return !version_of(old.object) || count_write(old.object);
}

static bool accumulate_grad(PyObject* leaf, PyObject* value, bool create_graph) {
  return add_to_grad(leaf, value, create_graph) && run_accumulate_hooks(leaf);
}

// ---- the walk ----

struct Target {
  PyObject* object;  // owned
  int64_t waiting;   // consumers that have not delivered yet
  PyObject* buffer;  // the gradient so far (owned; nullptr: none); a list of them for nodes with several outputs
  bool node, single;
  bool owned;     // the buffer was allocated here by adding: free to add into
  bool captured;  // its gradient was asked for
  bool wanted;    // on the way to what was asked for
};

struct Capture {
  int target;
  Py_ssize_t output, position;
};

struct Edge {
  PyObject* object;
  Py_ssize_t output;
};

static bool split(PyObject* edge, Edge* parts) {
  *parts = {edge, 0};
  if (!PyTuple_CheckExact(edge)) return true;
  if (PyTuple_GET_SIZE(edge) != 2) {
    PyErr_SetString(PyExc_TypeError, "an edge is None, a leaf, a node or (node, output)");
    return false;
  }
  *parts = {PyTuple_GET_ITEM(edge, 0), PyLong_AsSsize_t(PyTuple_GET_ITEM(edge, 1))};
  if (parts->output >= 0) return true;
  if (!PyErr_Occurred()) PyErr_Format(PyExc_RuntimeError, "a node has no output %zd", parts->output);
  return false;
}

class Pass {
 public:
  Pass(bool keep, bool create_graph, bool accumulate, PyObject* inputs)
      : keep_(keep),
        create_graph_(create_graph),
        accumulate_(accumulate),
        inputs_(inputs),
        restricted_(inputs != Py_None),
        xp_(create_graph ? helpers.primitives : helpers.engine),
        slots_(64, -1) {}
  ~Pass() {
    for (Target& target : targets_) {
      Py_XDECREF(target.buffer);
      Py_DECREF(target.object);
    }
    Py_XDECREF(found_);
  }
  Pass(const Pass&) = delete;

  PyObject* run(PyObject* roots, PyObject* grads) {
    const bool before = grad_enabled();
    set_grad_enabled(create_graph_);
    const bool ok = count(roots) && restrict_to_inputs() && walk(roots, grads);
    set_grad_enabled(before);
    return ok ? Py_NewRef(found_) : nullptr;
  }

 private:
  bool keep_, create_graph_, accumulate_;
  PyObject* inputs_;
  bool restricted_;
  PyObject* xp_;
  PyObject* found_ = nullptr;  // the captured gradients, by position in inputs
  std::vector<Target> targets_;
  std::vector<int> slots_;  // hash table, open addressing: positions in targets_, -1 empty
  std::vector<Capture> captures_;
  std::vector<std::pair<int64_t, int>> ready_;  // heap of (seq, target)

  size_t slot_of(PyObject* object) const {
    const size_t mask = slots_.size() - 1;
    size_t at = (reinterpret_cast<uintptr_t>(object) >> 4) * size_t(0x9E3779B97F4A7C15) >> 20 & mask;
    while (slots_[at] >= 0 && targets_[size_t(slots_[at])].object != object) at = (at + 1) & mask;
    return at;
  }

  int find(PyObject* object) const { return slots_[slot_of(object)]; }

  int find_or_raise(PyObject* object) const {
    const int at = find(object);
    if (at < 0) PyErr_SetString(PyExc_RuntimeError, "the graph was changed during the backward pass");
    return at;
  }

  bool add_target(size_t slot, PyObject* object) {
    const bool node = is_node(object);
    if (!node && !is_tensor(object)) {
      PyErr_Format(PyExc_TypeError, "an edge leads to %R", object);
      return false;
    }
    bool single = true;
    if (node) {
      const long outputs = PyLong_AsLong(field(object, kNumOutputs));
      if (outputs == -1 && PyErr_Occurred()) return false;
      single = outputs == 1;
    }
    slots_[slot] = int(targets_.size());
    targets_.push_back({Py_NewRef(object), 1, nullptr, node, single, false, false, false});
    if (targets_.size() * 2 > slots_.size()) {
      slots_.assign(slots_.size() * 2, -1);
      for (size_t i = 0; i < targets_.size(); ++i) slots_[slot_of(targets_[i].object)] = int(i);
    }
    return true;
  }

  // Finds all targets and how many deliveries each will get.
  bool count(PyObject* roots) {
    std::vector<int> stack;
    Ref edges(Py_NewRef(roots));
    while (true) {
      if (!PyTuple_Check(edges.object)) {
        PyErr_SetString(PyExc_TypeError, "node.next must be a tuple");
        return false;
      }
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(edges.object); ++i) {
        PyObject* edge = PyTuple_GET_ITEM(edges.object, i);
        if (edge == Py_None) continue;
        Edge parts;
        if (!split(edge, &parts)) return false;
        const size_t slot = slot_of(parts.object);
        if (slots_[slot] >= 0) {
          ++targets_[size_t(slots_[slot])].waiting;
          continue;
        }
        if (!add_target(slot, parts.object)) return false;
        if (targets_.back().node) stack.push_back(int(targets_.size()) - 1);
      }
      if (stack.empty()) return true;
      Py_SETREF(edges.object, Py_NewRef(field(targets_[size_t(stack.back())].object, kNext)));
      stack.pop_back();
    }
  }

  static int64_t seq_of(PyObject* node) { return PyLong_AsLongLong(field(node, kSeq)); }

  // With inputs given, only the nodes from which one of them can be reached are run.
  bool restrict_to_inputs() {
    found_ = PyList_New(0);
    if (!found_ || !restricted_) return found_ != nullptr;
    const Py_ssize_t input_count = PyTuple_GET_SIZE(inputs_);
    for (Py_ssize_t position = 0; position < input_count; ++position) {
      PyObject* input = PyTuple_GET_ITEM(inputs_, position);
      Ref edge(is_tensor(input) ? edge_of(input) : Py_NewRef(Py_None));
      if (!edge || PyList_Append(found_, Py_None) < 0) return false;
      if (edge.object == Py_None) {
        PyErr_SetString(PyExc_RuntimeError, "One of the differentiated Tensors does not require grad");
        return false;
      }
      Edge parts;
      if (!split(edge.object, &parts)) return false;
      const int target = find(parts.object);
      if (target < 0) continue;  // not used in the graph
      captures_.push_back({target, parts.output, position});
      targets_[size_t(target)].captured = targets_[size_t(target)].wanted = true;
    }
    std::vector<std::pair<int64_t, int>> nodes;
    for (size_t i = 0; i < targets_.size(); ++i)
      if (targets_[i].node) nodes.push_back({seq_of(targets_[i].object), int(i)});
    if (PyErr_Occurred()) return false;
    std::sort(nodes.begin(), nodes.end());  // inputs come before what uses them
    for (auto& [seq, at] : nodes)
      if (!targets_[size_t(at)].wanted) targets_[size_t(at)].wanted = leads_on(targets_[size_t(at)].object);
    return true;
  }

  // Whether the edge leads to something that was asked for.
  bool is_wanted(PyObject* edge) const {
    if (edge == Py_None || (PyTuple_CheckExact(edge) && PyTuple_GET_SIZE(edge) == 0)) return false;
    const int at = find(PyTuple_CheckExact(edge) ? PyTuple_GET_ITEM(edge, 0) : edge);
    return at >= 0 && targets_[size_t(at)].wanted;
  }

  // Whether something that was asked for lies strictly beyond the node.
  bool leads_on(PyObject* node) const {
    PyObject* edges = field(node, kNext);
    if (!PyTuple_Check(edges)) return false;  // a hook changed it: run_node says so
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(edges); ++i)
      if (is_wanted(PyTuple_GET_ITEM(edges, i))) return true;
    return false;
  }

  // For each edge of a node, whether its gradient is of any use; nullptr without an exception: all are.
  PyObject* wanted_edges(PyObject* node) const {
    PyObject* edges = field(node, kNext);
    if (!restricted_ || !PyTuple_Check(edges)) return nullptr;
    PyObject* flags = PyTuple_New(PyTuple_GET_SIZE(edges));
    for (Py_ssize_t i = 0; flags && i < PyTuple_GET_SIZE(edges); ++i)
      PyTuple_SET_ITEM(flags, i, PyBool_FromLong(is_wanted(PyTuple_GET_ITEM(edges, i))));
    return flags;
  }

  bool walk(PyObject* roots, PyObject* grads) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(roots); ++i) {
      if (i >= PyList_GET_SIZE(grads)) {  // a hook of an earlier root may have got hold of the list
        PyErr_SetString(PyExc_RuntimeError, "the list of gradients was changed during the backward pass");
        return false;
      }
      PyObject* value = Py_NewRef(PyList_GET_ITEM(grads, i));
      PyList_SetItem(grads, i, Py_NewRef(Py_None));
      if (!deliver(PyTuple_GET_ITEM(roots, i), value)) return false;
    }
    while (!ready_.empty()) {
      std::pop_heap(ready_.begin(), ready_.end());
      const int at = ready_.back().second;
      ready_.pop_back();
      if (!run_node(targets_[size_t(at)])) return false;
    }
    return true;
  }

  // Hands a gradient (None: there is none), whose reference it takes over, along an edge.
  bool deliver(PyObject* edge, PyObject* value) {
    Ref given(value);
    if (edge == Py_None) return true;
    Edge parts;
    if (!split(edge, &parts)) return false;
    const int at = find_or_raise(parts.object);
    if (at < 0) return false;
    Target& target = targets_[size_t(at)];
    if (given.object != Py_None && !add_to_buffer(target, parts.output, &given)) return false;
    if (--target.waiting > 0) return true;
    if (!target.node) return finish_leaf(target);
    const int64_t seq = seq_of(target.object);
    if (seq == -1 && PyErr_Occurred()) return false;
    ready_.push_back({seq, at});
    std::push_heap(ready_.begin(), ready_.end());
    return true;
  }

  bool add_to_buffer(Target& target, Py_ssize_t output, Ref* given) {
    if (!target.single) {
      if (!target.buffer) {
        const long outputs = PyLong_AsLong(field(target.object, kNumOutputs));
        if (outputs < 0) {
          if (!PyErr_Occurred()) PyErr_Format(PyExc_RuntimeError, "%R has %ld outputs", target.object, outputs);
          return false;
        }
        target.buffer = PyList_New(outputs);
        if (!target.buffer) return false;
        for (long i = 0; i < outputs; ++i) PyList_SET_ITEM(target.buffer, i, Py_NewRef(Py_None));
      }
      if (output >= PyList_GET_SIZE(target.buffer)) {
        PyErr_Format(PyExc_RuntimeError, "%R has no output %zd", target.object, output);
        return false;
      }
      PyObject* have = PyList_GET_ITEM(target.buffer, output);
      PyObject* sum = have == Py_None ? given->release() : call_add(xp_, have, given->object, nullptr);
      return sum && PyList_SetItem(target.buffer, output, sum) == 0;
    }
    if (!target.buffer) {
      target.buffer = given->release();
      return true;
    }
    const bool into = target.owned && PyArray_Check(given->object) && PyArray_Check(target.buffer) &&
                      PyArray_EquivTypes(PyArray_DESCR(given->array()),
                                         PyArray_DESCR(reinterpret_cast<PyArrayObject*>(target.buffer)));
    PyObject* sum = call_add(xp_, target.buffer, given->object, into ? target.buffer : nullptr);
    if (!sum) return false;
    Py_SETREF(target.buffer, sum);
    target.owned = !create_graph_;
    return true;
  }

  // All gradients of a leaf are in: run its hooks, then hand out or accumulate.
  bool finish_leaf(Target& target) {
    if (!target.buffer) return true;
    Ref value(std::exchange(target.buffer, nullptr));
    Ref hooks(Py_NewRef(field(target.object, kHooks)));
    const int hooked = hooks.object == Py_None ? 0 : PyObject_IsTrue(hooks.object);
    if (hooked < 0) return false;
    if (hooked) {
      PyObject* changed = PyObject_CallFunctionObjArgs(helpers.run_tensor_hooks, hooks.object, value.object,
                                                       create_graph_ ? Py_True : Py_False, nullptr);
      if (!changed) return false;
      Py_SETREF(value.object, changed);
    }
    if (target.captured && !accumulate_ && !capture(target, value.object, false)) return false;
    if ((restricted_ && !target.captured) || !accumulate_) return true;
    return accumulate_grad(target.object, value.release(), create_graph_);
  }

  // Puts the requested gradients of a target into `found_` (and, for a node, into .grad of the tensor asked for).
  bool capture(const Target& target, PyObject* value, bool accumulate) {
    for (const Capture& wish : captures_) {
      if (targets_[size_t(wish.target)].object != target.object) continue;
      PyObject* grad = value;
      if (!target.single) {
        if (!PyList_Check(value) || wish.output >= PyList_GET_SIZE(value)) continue;
        grad = PyList_GET_ITEM(value, wish.output);
      }
      if (grad == Py_None) continue;
      PyList_SetItem(found_, wish.position, Py_NewRef(grad));
      if (accumulate && !accumulate_grad(PyTuple_GET_ITEM(inputs_, wish.position), Py_NewRef(grad), create_graph_))
        return false;
    }
    return true;
  }

  bool deliver_nothing(PyObject* edges) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(edges); ++i)
      if (!deliver(PyTuple_GET_ITEM(edges, i), Py_NewRef(Py_None))) return false;
    return true;
  }

  // The tuple of a node's output gradients, zeros where an output was not used and the node wants zeros.
  PyObject* output_grads(const Target& target, PyObject* value) const {
    if (target.single) return PyTuple_Pack(1, value);
    PyObject* metas = field(target.object, kOutputMetas);
    if (metas == Py_None) return PySequence_Tuple(value);
    return PyObject_CallFunctionObjArgs(helpers.with_zeros, value, metas, create_graph_ ? Py_True : Py_False, nullptr);
  }

  // Whether the op's node holds inputs or results. A node that holds none, of a sum say, can be run again.
  static bool keeps_values(PyObject* node) {
    PyObject* ctx = field(node, kCtx);
    if (!PyTuple_Check(ctx) || PyTuple_GET_SIZE(ctx) != 6) return true;
    for (const int part : {0, 2}) {
      PyObject* values = PyTuple_GET_ITEM(ctx, part);
      if (!PyTuple_Check(values)) return true;
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); ++i)
        if (PyTuple_GET_ITEM(values, i) != Py_None) return true;
    }
    return false;
  }

  // The gradients of the node's inputs, as a tuple.
  PyObject* differentiate_node(const Target& target, PyObject* value) const {
    static PyObject *op_name = PyUnicode_InternFromString("op"), *run_name = PyUnicode_InternFromString("run");
    PyObject* node = target.object;
    PyObject* flag = create_graph_ ? Py_True : Py_False;
    Ref owner(PyObject_GetAttr(node, op_name));
    if (!owner) return nullptr;
    OpRecord* op = as_op(owner.object);
    const bool hooked = field(node, kPostHooks) != Py_None;
    Ref grads(op && target.single && !hooked ? nullptr : output_grads(target, value));
    if (PyErr_Occurred()) return nullptr;
    Ref results, wanted(op ? wanted_edges(node) : nullptr);
    if (PyErr_Occurred()) return nullptr;
    if (op)
      results.object = differentiate(op, node, target.single ? value : grads.object, create_graph_, wanted.object);
    else
      results.object = PyObject_CallMethodObjArgs(node, run_name, grads.object, flag, nullptr);
    if (results && hooked)
      Py_SETREF(results.object, PyObject_CallFunctionObjArgs(helpers.run_post_hooks, node, results.object, grads.object,
                                                             flag, nullptr));
    if (results && !PyTuple_CheckExact(results.object)) Py_SETREF(results.object, PySequence_Tuple(results.object));
    if (!results) return nullptr;
    if (helpers.anomaly != Py_None) {
      Ref searched(PyObject_CallFunctionObjArgs(helpers.anomaly, node, results.object, nullptr));
      if (!searched) return nullptr;
    }
    if (!keep_) {
      if (op) {
        if (keeps_values(node)) set_field(node, kCtx, Py_NewRef(Py_None));
      } else {
        Ref released(PyObject_CallMethod(node, "release", nullptr));
        if (!released) return nullptr;
      }
    }
    return results.release();
  }

  bool run_node(Target& target) {
    PyObject* node = target.object;
    Ref edges(Py_NewRef(field(node, kNext)));
    if (!PyTuple_Check(edges.object)) {
      PyErr_SetString(PyExc_RuntimeError, "the graph was changed during the backward pass");
      return false;
    }
    Ref value(std::exchange(target.buffer, nullptr));
    if (value) {
      if (field(node, kSpecial) == Py_True) {
        PyObject* seen = PyObject_CallFunctionObjArgs(helpers.observe, node, value.object,
                                                      create_graph_ ? Py_True : Py_False, nullptr);
        if (!seen) return false;
        Py_SETREF(value.object, seen);
      }
      if (target.captured && !capture(target, value.object, accumulate_)) return false;
    }
    if (!value || (restricted_ && !leads_on(node))) return deliver_nothing(edges.object);
    Ref results(differentiate_node(target, value.object));
    if (!results) return false;
    Py_CLEAR(value.object);
    const Py_ssize_t count = PyTuple_GET_SIZE(results.object);
    if (count < PyTuple_GET_SIZE(edges.object)) {
      PyErr_Format(PyExc_RuntimeError, "%R returned %zd gradients for %zd inputs", node, count,
                   PyTuple_GET_SIZE(edges.object));
      return false;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(edges.object); ++i) {
      PyObject* grad = Py_NewRef(PyTuple_GET_ITEM(results.object, i));
      // Nobody else sees a tuple of one reference: let go of the item, so that the gradient's only reference travels
      // on.
      if (Py_REFCNT(results.object) == 1) {
        Py_DECREF(grad);
        PyTuple_SET_ITEM(results.object, i, Py_NewRef(Py_None));
      }
      if (!deliver(PyTuple_GET_ITEM(edges.object, i), grad)) return false;
    }
    return true;
  }
};

// run_backward(edges, grads, keep, create_graph, inputs, accumulate) -> the gradients of inputs
//
// edges: tuple of where the roots' gradients go; grads: list of these (emptied); keep: do not free what was saved;
// inputs: None or a tuple of the tensors whose gradients are wanted; accumulate: into .grad.
static PyObject* run_backward(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 6 || !PyTuple_Check(args[0]) || !PyList_Check(args[1]) ||
      PyTuple_GET_SIZE(args[0]) != PyList_GET_SIZE(args[1]) || !(args[4] == Py_None || PyTuple_Check(args[4])) ||
      !helpers.engine)
    return PyErr_Format(PyExc_TypeError,
                        "run_backward: expected (edges, grads, keep, create_graph, inputs, accumulate)");
  int keep, create_graph, accumulate;
  if ((keep = PyObject_IsTrue(args[2])) < 0 || (create_graph = PyObject_IsTrue(args[3])) < 0 ||
      (accumulate = PyObject_IsTrue(args[5])) < 0)
    return nullptr;
  try {
    Pass pass(keep, create_graph, accumulate, args[4]);
    return pass.run(args[0], args[1]);
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

// one_like(array): ones of its shape and dtype, for arrays of one element: the gradient that a pass starts with
static PyObject* one_like(PyObject*, PyObject* object) {
  PyArrayObject* a = as_array(object, "one_like", "array");
  if (!a) return nullptr;
  const int type = PyArray_TYPE(a);
  if ((type != NPY_FLOAT32 && type != NPY_FLOAT64) || PyArray_SIZE(a) != 1) {
    if (!helpers.engine) return PyErr_Format(PyExc_TypeError, "one_like: no engine is registered");
    Ref ones(PyObject_GetAttrString(helpers.engine, "full")), shape(PyObject_GetAttrString(object, "shape"));
    Ref names(Py_BuildValue("(ss)", "value", "dtype")), one(PyLong_FromLong(1));
    if (!ones || !shape || !names || !one) return nullptr;
    PyObject* arguments[] = {shape.object, one.object, reinterpret_cast<PyObject*>(PyArray_DESCR(a))};
    return PyObject_Vectorcall(ones.object, arguments, 1, names.object);
  }
  PyArrayObject* out = new_array_like(a);
  if (!out) return nullptr;
  if (type == NPY_FLOAT32)
    *data<float>(out) = 1;
  else
    *data<double>(out) = 1;
  return reinterpret_cast<PyObject*>(out);
}

// accumulate_grad(leaf, value, create_graph): leaf.grad = leaf.grad + value
static PyObject* accumulate_grad_object(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 3 || !is_tensor(args[0]) || !helpers.engine)
    return PyErr_Format(PyExc_TypeError, "accumulate_grad: expected (leaf, value, create_graph)");
  const int create_graph = PyObject_IsTrue(args[2]);
  if (create_graph < 0 || !accumulate_grad(args[0], Py_NewRef(args[1]), create_graph)) return nullptr;
  Py_RETURN_NONE;
}

PyMethodDef backward_pass_methods[] = {
    {"run_backward", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(run_backward)), METH_FASTCALL,
     "Walk the tape from the roots."},
    {"one_like", one_like, METH_O, "Ones, for an array of one element."},
    {"accumulate_grad", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(accumulate_grad_object)),
     METH_FASTCALL, "Add to a tensor's .grad."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
