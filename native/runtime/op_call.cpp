// Calling an op: run its forward on the arrays of its tensors, wrap the results and, when a gradient may be wanted,
// leave a node on the tape with what backward needs.
//
// node.ctx = (saved inputs, their versions or None, saved outputs and aux arrays, (version cell, version) of each saved
// output or None, attributes, saved shapes), and a seventh item when hooks hold the saved values (autograd/saved.py).
// See autograd/op.py for the attributes of an op.

#include <cstddef>

#include "runtime/bindings.h"
#include "runtime/op_record.h"

namespace rl {

static PyTypeObject op_type = {PyVarObject_HEAD_INIT(nullptr, 0) "rushlight._native.OpRecord"};
static PyObject *no_attributes, *no_grad_view, *several_views;  // {}, "no_grad", "several"
static PyObject* refresh_name;

OpRecord* as_op(PyObject* object) {
  return PyObject_TypeCheck(object, &op_type) ? reinterpret_cast<OpRecord*>(object) : nullptr;
}

// ---- views ----

// Notes that `out` is a view that `op` made of `source` (output `index` of several, or -1).
static bool become_view(PyObject* out, PyObject* source, OpRecord* op, PyObject* attributes, Py_ssize_t index) {
  if (!is_tensor(source)) {
    PyErr_SetString(PyExc_TypeError, "a view op needs a tensor");
    return false;
  }
  if (!version_of(source)) {
    PyObject* cell = PyList_New(1);
    if (!cell) return false;
    PyList_SET_ITEM(cell, 0, PyLong_FromLong(0));
    set_field(source, kCell, cell);
  }
  set_field(out, kCell, Py_NewRef(field(source, kCell)));
  set_field(out, kSeen, Py_NewRef(version_of(source)));
  PyObject* kind = !grad_enabled() ? no_grad_view : index >= 0 ? several_views : Py_None;
  PyObject* self = reinterpret_cast<PyObject*>(op);
  Ref step(index < 0 ? PyTuple_Pack(2, self, attributes) : Py_BuildValue("(OOn)", self, attributes, index));
  if (!step) return false;
  Ref chain(PyTuple_Pack(1, step.object));
  if (!chain) return false;
  PyObject* base = source;
  PyObject* outer = field(source, kView);
  if (outer != Py_None) {
    if (!PyTuple_Check(outer) || PyTuple_GET_SIZE(outer) != 3) {
      PyErr_SetString(PyExc_TypeError, "_view must be (base, chain, kind)");
      return false;
    }
    base = PyTuple_GET_ITEM(outer, 0);
    PyObject* longer = PySequence_Concat(PyTuple_GET_ITEM(outer, 1), chain.object);
    if (!longer) return false;
    Py_SETREF(chain.object, longer);
    if (kind == Py_None) kind = PyTuple_GET_ITEM(outer, 2);
  }
  PyObject* view = PyTuple_Pack(3, base, chain.object, kind);
  if (!view) return false;
  set_field(out, kView, view);
  return true;
}

// For a view whose shared memory was written to since: reads its node anew from the base (Tensor._refresh).
static bool refresh(PyObject* tensor) {
  PyObject *now = version_of(tensor), *seen = field(tensor, kSeen);
  if (!now || now == seen) return true;
  Ref result(PyObject_CallMethodNoArgs(tensor, refresh_name));
  return bool(result);
}

// ---- recording ----

static PyObject* shape_tuple(PyObject* tensor) {
  if (!is_tensor(tensor)) Py_RETURN_NONE;
  PyObject* array = field(tensor, kArray);
  if (!PyArray_Check(array)) return PyObject_GetAttrString(array, "shape");
  auto* a = reinterpret_cast<PyArrayObject*>(array);
  return PyArray_IntTupleFromIntp(PyArray_NDIM(a), PyArray_DIMS(a));
}

static bool same_shape(PyObject* tensor, PyObject* other) {
  PyObject *x = field(tensor, kArray), *y = field(other, kArray);
  return PyArray_Check(x) && PyArray_Check(y) &&
         PyArray_SAMESHAPE(reinterpret_cast<PyArrayObject*>(x), reinterpret_cast<PyArrayObject*>(y));
}

static PyTypeObject* node_type(OpRecord* op, PyObject* const* tensors, Py_ssize_t count) {
  if (!op->by_operands || count < 2) return op->node_types[0];
  return op->node_types[!is_tensor(tensors[1]) ? 0 : is_tensor(tensors[0]) ? 1 : 2];
}

// The saved inputs and their versions. Of two factors each is kept only if the other needs a gradient.
static bool save_inputs(OpRecord* op, PyObject* edges, PyObject* const* tensors, Py_ssize_t count, Ref* kept,
                        Ref* versions) {
  const Py_ssize_t kept_count = op->save_count < 0 ? count : op->save_count;
  kept->object = PyTuple_New(kept_count);
  if (!*kept) return false;
  bool any_version = false;
  for (Py_ssize_t k = 0; k < kept_count; ++k) {
    const Py_ssize_t i = op->save_count < 0 ? k : op->save[k];
    PyObject* value = i < count ? tensors[i] : Py_None;
    const Py_ssize_t other = op->saves_other < 0        ? -1
                             : i == op->saves_other     ? i + 1
                             : i - 1 == op->saves_other ? i - 1
                                                        : -1;
    if (other >= 0 && other < count && PyTuple_GET_ITEM(edges, other) == Py_None) value = Py_None;
    PyTuple_SET_ITEM(kept->object, k, Py_NewRef(value));
    any_version |= is_tensor(value) && version_of(value);
  }
  if (!any_version) {
    versions->object = Py_NewRef(Py_None);
    return true;
  }
  versions->object = PyTuple_New(kept_count);
  if (!*versions) return false;
  for (Py_ssize_t k = 0; k < kept_count; ++k) {
    PyObject* value = PyTuple_GET_ITEM(kept->object, k);
    PyObject* version = is_tensor(value) ? version_of(value) : nullptr;
    PyTuple_SET_ITEM(versions->object, k, version ? Py_NewRef(version) : PyLong_FromLong(0));
  }
  return true;
}

// The saved output arrays followed by the aux arrays, and (cell, version) per output.
static bool save_outputs(OpRecord* op, PyObject* const* outs, Py_ssize_t out_count, PyObject* const* aux,
                         Py_ssize_t aux_count, Ref* saved, Ref* cells) {
  const Py_ssize_t kept = op->save_output ? out_count : 0;
  saved->object = PyTuple_New(kept + aux_count);
  if (!*saved) return false;
  for (Py_ssize_t i = 0; i < aux_count; ++i) PyTuple_SET_ITEM(saved->object, kept + i, Py_NewRef(aux[i]));
  if (!op->save_output) {
    cells->object = Py_NewRef(Py_None);
    return true;
  }
  cells->object = PyTuple_New(kept);
  if (!*cells) return false;
  for (Py_ssize_t i = 0; i < kept; ++i) {
    PyTuple_SET_ITEM(saved->object, i, Py_NewRef(field(outs[i], kArray)));
    if (!version_of(outs[i])) {
      PyObject* cell = PyList_New(1);
      if (!cell) return false;
      PyList_SET_ITEM(cell, 0, PyLong_FromLong(0));
      set_field(outs[i], kCell, cell);
    }
    PyObject* pair = PyTuple_Pack(2, field(outs[i], kCell), version_of(outs[i]));
    if (!pair) return false;
    PyTuple_SET_ITEM(cells->object, i, pair);
  }
  return true;
}

// Keeps in the node what backward needs. `edges` is node.next.
static bool save_into(OpRecord* op, PyObject* node, PyObject* edges, PyObject* const* tensors, Py_ssize_t count,
                      PyObject* const* outs, Py_ssize_t out_count, PyObject* const* aux, Py_ssize_t aux_count,
                      PyObject* attributes) {
  Ref kept, versions, saved, cells;
  if (!save_inputs(op, edges, tensors, count, &kept, &versions)) return false;
  if (!save_outputs(op, outs, out_count, aux, aux_count, &saved, &cells)) return false;
  Ref shapes(PyTuple_New(op->shape_count));
  if (!shapes) return false;
  for (int k = 0; k < op->shape_count; ++k) {
    const int i = op->save_shape[k];
    PyObject* shape = i < count ? shape_tuple(tensors[i]) : Py_NewRef(Py_None);
    if (!shape) return false;
    PyTuple_SET_ITEM(shapes.object, k, shape);
  }
  bool broadcast = false;
  if (op->broadcast && out_count > 0)
    for (Py_ssize_t i = 0; i < count; ++i) broadcast |= is_tensor(tensors[i]) && !same_shape(tensors[i], outs[0]);
  if (broadcast) {
    Ref all(PyTuple_New(count));
    if (!all) return false;
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* shape = shape_tuple(tensors[i]);
      if (!shape) return false;
      PyTuple_SET_ITEM(all.object, i, shape);
    }
    set_field(node, kExtraShapes, all.release());
  }
  PyObject* ctx = PyTuple_Pack(6, kept.object, versions.object, saved.object, cells.object, attributes, shapes.object);
  if (!ctx) return false;
  set_field(node, kCtx, ctx);
  if (!recording_watched()) return true;
  Ref shown(PyObject_CallOneArg(helpers.recorded, node));
  return bool(shown);
}

// (shape, engine dtype) of each output, for the zeros of unused ones; and which of them lead to the node.
static bool claim_outputs(OpRecord* op, PyObject* node, PyObject* const* outs, Py_ssize_t count) {
  if (count == 1) {
    set_field(outs[0], kNode, Py_NewRef(node));
    return true;
  }
  Ref metas(PyTuple_New(count));
  if (!metas) return false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    Ref shape(shape_tuple(outs[i])), dtype(PyObject_GetAttrString(field(outs[i], kArray), "dtype"));
    PyObject* meta = shape && dtype ? PyTuple_Pack(2, shape.object, dtype.object) : nullptr;
    if (!meta) return false;
    PyTuple_SET_ITEM(metas.object, i, meta);
  }
  set_field(node, kNumOutputs, PyLong_FromSsize_t(count));
  set_field(node, kOutputMetas, metas.release());
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (i < 64 && op->non_differentiable >> i & 1) continue;
    Ref yes(PyObject_CallMethod(outs[i], "_is_differentiable", nullptr));
    if (!yes) return false;
    if (yes.object != Py_True) continue;
    set_field(outs[i], kNode, Py_NewRef(node));
    set_field(outs[i], kNr, PyLong_FromSsize_t(i));
  }
  return true;
}

// Makes a new node the producer of `outs`, unless no input needs a gradient after all.
static bool record(OpRecord* op, PyObject* const* tensors, Py_ssize_t count, PyObject* const* outs,
                   Py_ssize_t out_count, PyObject* const* aux, Py_ssize_t aux_count, PyObject* attributes) {
  Ref edges(PyTuple_New(count));
  if (!edges) return false;
  bool wanted = false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* edge = Py_None;
    if (is_tensor(tensors[i])) {
      if (field(tensors[i], kView) != Py_None && !refresh(tensors[i])) return false;
      edge = edge_of(tensors[i]);
      if (!edge) return false;
    } else {
      Py_INCREF(edge);
    }
    wanted |= edge != Py_None;
    PyTuple_SET_ITEM(edges.object, i, edge);
  }
  if (!wanted) return true;
  Ref node(new_node(node_type(op, tensors, count)));
  if (!node) return false;
  set_field(node.object, kSeq, PyLong_FromLongLong(next_seq()));
  set_field(node.object, kNext, Py_NewRef(edges.object));
  if (helpers.anomaly != Py_None) {
    Ref noted(PyObject_CallFunctionObjArgs(helpers.anomaly, node.object, Py_None, nullptr));
    if (!noted) return false;
  }
  return save_into(op, node.object, edges.object, tensors, count, outs, out_count, aux, aux_count, attributes) &&
         claim_outputs(op, node.object, outs, out_count);
}

// ---- the call ----

// One call: its tensors, and the arguments of forward on a stack that only long calls take from the heap.
struct Call {
  OpRecord* op;
  PyObject* const* args;
  Py_ssize_t nargs;
  PyObject* keywords;
  PyObject* const* tensors = nullptr;
  Py_ssize_t count = 0;
  PyObject* padded[kMaxInputs];  // the tensors when optional ones were left out
  Ref list;                      // the tensors of an op on a list
  PyTypeObject* kind = nullptr;  // the subclass of Tensor that the results get; nullptr: plain tensors
  bool may_record = false;

  Call(OpRecord* called, PyObject* const* arguments, Py_ssize_t count_given, PyObject* names)
      : op(called), args(arguments), nargs(count_given), keywords(names) {}

  // attributes as a dict: new reference
  PyObject* attributes() const {
    const Py_ssize_t n = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    if (!n) return Py_NewRef(no_attributes);
    PyObject* dict = PyDict_New();
    for (Py_ssize_t i = 0; dict && i < n; ++i)
      if (PyDict_SetItem(dict, PyTuple_GET_ITEM(keywords, i), args[nargs + i]) < 0) Py_CLEAR(dict);
    return dict;
  }

  bool collect() {
    if (op->inputs < 0) {
      if (nargs != 1) {
        PyErr_Format(PyExc_TypeError, "%R takes one list of tensors, got %zd arguments", op, nargs);
        return false;
      }
      list.object = PySequence_Tuple(args[0]);
      if (!list) return false;
      tensors = reinterpret_cast<PyTupleObject*>(list.object)->ob_item;
      count = PyTuple_GET_SIZE(list.object);
    } else {
      count = op->inputs;
      if (nargs > count) {
        PyErr_Format(PyExc_TypeError, "%R takes %zd inputs, got %zd", op, count, nargs);
        return false;
      }
      tensors = args;
      if (nargs < count) {
        for (Py_ssize_t i = 0; i < count; ++i) padded[i] = i < nargs ? args[i] : Py_None;
        tensors = padded;
      }
    }
    for (Py_ssize_t i = 0; i < count; ++i) {
      if (!is_tensor(tensors[i])) continue;
      may_record |= may_need_grad(tensors[i]);
      if (!kind) kind = result_class(tensors[i]);
    }
    return true;
  }

  static PyObject* array_of(PyObject* tensor) { return Py_NewRef(is_tensor(tensor) ? field(tensor, kArray) : tensor); }

  PyObject* run_forward() const {
    const Py_ssize_t attribute_count = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    const Py_ssize_t positional = op->inputs < 0 ? 1 : count;
    constexpr Py_ssize_t kRoom = 24;
    PyObject* room[kRoom];
    PyObject** stack = room;
    if (2 + positional + attribute_count > kRoom) {
      stack = static_cast<PyObject**>(PyMem_Malloc(size_t(2 + positional + attribute_count) * sizeof(PyObject*)));
      if (!stack) return PyErr_NoMemory();
    }
    // stack[0] is room for the callee (PY_VECTORCALL_ARGUMENTS_OFFSET); a kernel takes the arrays without the engine.
    stack[1] = helpers.engine;
    bool ok = true;
    if (op->inputs < 0) {
      PyObject* arrays = PyList_New(count);
      ok = arrays != nullptr;
      for (Py_ssize_t i = 0; ok && i < count; ++i) PyList_SET_ITEM(arrays, i, array_of(tensors[i]));
      stack[2] = arrays;
    } else {
      for (Py_ssize_t i = 0; i < count; ++i) stack[2 + i] = array_of(tensors[i]);
    }
    for (Py_ssize_t i = 0; i < attribute_count; ++i) stack[2 + positional + i] = args[nargs + i];
    PyObject* result = nullptr;
    if (ok && op->kernel)
      result =
          PyObject_Vectorcall(op->kernel, stack + 2, size_t(positional) | PY_VECTORCALL_ARGUMENTS_OFFSET, keywords);
    else if (ok)
      result = PyObject_Vectorcall(op->forward, stack + 1, size_t(1 + positional) | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                   keywords);
    for (Py_ssize_t i = 0; i < positional; ++i) Py_XDECREF(stack[2 + i]);
    if (stack != room) PyMem_Free(stack);
    return result;
  }

  // One output; takes over `array`.
  PyObject* finish(PyObject* array) const {
    Ref out(wrap_array(array));
    if (!out) return nullptr;
    const bool recording = may_record && op->backward && !op->non_differentiable && grad_enabled();
    if (op->view || recording) {
      Ref named(attributes());
      if (!named) return nullptr;
      if (op->view && !become_view(out.object, count ? tensors[0] : Py_None, op, named.object, -1)) return nullptr;
      if (recording && !record(op, tensors, count, &out.object, 1, nullptr, 0, named.object)) return nullptr;
    }
    if (kind && !set_class(out.object, kind)) return nullptr;
    return out.release();
  }

  // A tuple of outputs, the last op->aux of which are only saved.
  PyObject* finish_several(PyObject* results) const {
    const Py_ssize_t total = PyTuple_GET_SIZE(results), out_count = total - op->aux;
    if (out_count < 0) return PyErr_Format(PyExc_RuntimeError, "%R: forward returned %zd arrays", op, total);
    Ref outs(PyTuple_New(out_count));
    if (!outs) return nullptr;
    PyObject** items = reinterpret_cast<PyTupleObject*>(outs.object)->ob_item;
    for (Py_ssize_t i = 0; i < out_count; ++i) {
      items[i] = wrap_array(Py_NewRef(PyTuple_GET_ITEM(results, i)));
      if (!items[i]) return nullptr;
    }
    const bool recording = may_record && op->backward && grad_enabled();
    if (op->view || recording) {
      Ref named(attributes());
      if (!named) return nullptr;
      for (Py_ssize_t i = 0; op->view && i < out_count; ++i)
        if (!become_view(items[i], count ? tensors[0] : Py_None, op, named.object, i)) return nullptr;
      if (recording && !record(op, tensors, count, items, out_count,
                               reinterpret_cast<PyTupleObject*>(results)->ob_item + out_count, op->aux, named.object))
        return nullptr;
    }
    for (Py_ssize_t i = 0; kind && i < out_count; ++i)
      if (!set_class(items[i], kind)) return nullptr;
    return out_count == 1 && op->outputs == 1 ? Py_NewRef(items[0]) : outs.release();
  }
};

static PyObject* call(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* keywords) {
  auto* op = reinterpret_cast<OpRecord*>(self);
  if (!op->forward || !helpers.engine) return PyErr_Format(PyExc_TypeError, "%R has no forward", self);
  Call call(op, args, PyVectorcall_NARGS(nargsf), keywords);
  if (op->check) {
    Ref checked(PyObject_Vectorcall(op->check, args, size_t(call.nargs), keywords));
    if (!checked) return nullptr;
  }
  if (!call.collect()) return nullptr;
  PyObject* result = call.run_forward();
  if (!result) return nullptr;
  if (!PyTuple_CheckExact(result)) return call.finish(result);
  Ref results(result);
  return call.finish_several(result);
}

// ---- methods for Python ----

static bool int_attribute(PyObject* self, const char* name, int absent, int* value) {
  Ref object(PyObject_GetAttrString(self, name));
  if (!object) return false;
  if (object.object == Py_None) {
    *value = absent;
    return true;
  }
  const long found = PyLong_AsLong(object.object);
  if (found == -1 && PyErr_Occurred()) return false;
  if (found < -(1 << 20) || found > 1 << 20) {
    PyErr_Format(PyExc_ValueError, "%s: %ld is out of range", name, found);
    return false;
  }
  *value = int(found);
  return true;
}

static bool flag_attribute(PyObject* self, const char* name, bool* value) {
  Ref object(PyObject_GetAttrString(self, name));
  const int truth = object ? PyObject_IsTrue(object.object) : -1;
  *value = truth > 0;
  return truth >= 0;
}

// A tuple of at most kMaxInputs input numbers; None: *count = absent. Nothing is written unless all of it is valid.
static bool inputs_attribute(PyObject* self, const char* name, int inputs, int absent, int* count, int* values) {
  Ref object(PyObject_GetAttrString(self, name));
  if (!object) return false;
  if (object.object == Py_None) {
    *count = absent;
    return true;
  }
  Ref sequence(PySequence_Tuple(object.object));
  if (!sequence) return false;
  if (PyTuple_GET_SIZE(sequence.object) > kMaxInputs) {
    PyErr_Format(PyExc_ValueError, "%s: at most %d inputs", name, kMaxInputs);
    return false;
  }
  const int size = int(PyTuple_GET_SIZE(sequence.object));
  int found[kMaxInputs];
  for (int k = 0; k < size; ++k) {
    const long i = PyLong_AsLong(PyTuple_GET_ITEM(sequence.object, k));
    if (i == -1 && PyErr_Occurred()) return false;
    if (i < 0 || (inputs >= 0 && i >= inputs)) {
      PyErr_Format(PyExc_ValueError, "%s: the op has no input %ld", name, i);
      return false;
    }
    found[k] = int(i);
  }
  for (int k = 0; k < size; ++k) values[k] = found[k];
  *count = size;
  return true;
}

static bool optional_callable(PyObject* self, const char* name, PyObject** value) {
  PyObject* object = PyObject_GetAttrString(self, name);
  if (!object) return false;
  if (object == Py_None) Py_CLEAR(object);
  Py_XSETREF(*value, object);
  return true;
}

// prepare(node_types): reads the attributes of the Python class; called once, when the op is defined.
static PyObject* prepare(PyObject* self, PyObject* types) {
  auto* op = reinterpret_cast<OpRecord*>(self);
  int inputs, aux;
  if (!int_attribute(self, "inputs", -1, &inputs) || !int_attribute(self, "aux", 0, &aux)) return nullptr;
  if (inputs > kMaxInputs || inputs < -1 || aux < 0)
    return PyErr_Format(PyExc_ValueError, "an op has at most %d inputs, got %d", kMaxInputs, inputs);
  op->inputs = inputs;
  op->aux = aux;
  if (!optional_callable(self, "check", &op->check) || !optional_callable(self, "forward", &op->forward) ||
      !optional_callable(self, "kernel", &op->kernel) || !optional_callable(self, "backward", &op->backward) ||
      !int_attribute(self, "outputs", 0, &op->outputs) || !int_attribute(self, "saves_other", -1, &op->saves_other) ||
      !flag_attribute(self, "save_output", &op->save_output) || !flag_attribute(self, "broadcast", &op->broadcast) ||
      !flag_attribute(self, "view", &op->view) ||
      !inputs_attribute(self, "save", op->inputs, -1, &op->save_count, op->save) ||
      !inputs_attribute(self, "save_shape", op->inputs, 0, &op->shape_count, op->save_shape))
    return nullptr;
  int outputs[kMaxInputs], fixed;
  if (!inputs_attribute(self, "non_differentiable", -1, 0, &fixed, outputs)) return nullptr;
  op->non_differentiable = 0;
  for (int k = 0; k < fixed; ++k)
    if (outputs[k] < 64) op->non_differentiable |= uint64_t(1) << outputs[k];
  if (!PyTuple_Check(types) || (PyTuple_GET_SIZE(types) != 1 && PyTuple_GET_SIZE(types) != 3))
    return PyErr_Format(PyExc_TypeError, "prepare: expected one or three node types");
  op->by_operands = PyTuple_GET_SIZE(types) == 3;
  for (int i = 0; i < 3; ++i) {
    PyObject* type = PyTuple_GET_ITEM(types, op->by_operands ? i : 0);
    if (!PyType_Check(type) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type), node_record_type()))
      return PyErr_Format(PyExc_TypeError, "prepare: %R is no node type", type);
    Py_XSETREF(op->node_types[i], reinterpret_cast<PyTypeObject*>(Py_NewRef(type)));
  }
  op->vectorcall = call;
  // Heap types do not inherit the flag before Python 3.12; a class with a __call__ of its own must not have it.
  PyTypeObject* cls = Py_TYPE(self);
  if (cls->tp_call == PyVectorcall_Call) cls->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
  Py_RETURN_NONE;
}

// new_node(tensors): an empty node of the type for these operands
static PyObject* new_node_for(PyObject* self, PyObject* tensors) {
  auto* op = reinterpret_cast<OpRecord*>(self);
  Ref items(PySequence_Tuple(tensors));
  if (!items) return nullptr;
  if (!op->node_types[0]) return PyErr_Format(PyExc_TypeError, "%R is not prepared", self);
  return new_node(
      node_type(op, reinterpret_cast<PyTupleObject*>(items.object)->ob_item, PyTuple_GET_SIZE(items.object)));
}

// save_into(node, tensors, outs, aux, attributes): node.next must be set
static PyObject* save_into_method(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 5 || !is_node(args[0]) || !PyTuple_Check(args[1]) || !PyTuple_Check(args[2]) || !PyTuple_Check(args[3]))
    return PyErr_Format(PyExc_TypeError, "save_into: expected (node, tensors, outs, aux, attributes)");
  PyObject* edges = field(args[0], kNext);
  if (!PyTuple_Check(edges) || PyTuple_GET_SIZE(edges) != PyTuple_GET_SIZE(args[1]))
    return PyErr_Format(PyExc_ValueError, "save_into: the node has no edge per tensor");
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[2]); ++i)
    if (!is_tensor(PyTuple_GET_ITEM(args[2], i)))
      return PyErr_Format(PyExc_TypeError, "save_into: outputs must be tensors");
  auto items = [&](int i) { return reinterpret_cast<PyTupleObject*>(args[i])->ob_item; };
  if (!save_into(reinterpret_cast<OpRecord*>(self), args[0], edges, items(1), PyTuple_GET_SIZE(args[1]), items(2),
                 PyTuple_GET_SIZE(args[2]), items(3), PyTuple_GET_SIZE(args[3]), args[4]))
    return nullptr;
  Py_RETURN_NONE;
}

static PyMethodDef op_methods[] = {
    {"prepare", prepare, METH_O, "Reads the attributes of the class."},
    {"new_node", new_node_for, METH_O, "An empty node; some ops have several types, by their operands."},
    {"save_into", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(save_into_method)), METH_FASTCALL,
     "Keep in a node what backward needs."},
    {nullptr, nullptr, 0, nullptr}};

AutogradHelpers helpers = {};

// set_autograd_helpers(namespace): see records.h
static PyObject* set_autograd_helpers(PyObject*, PyObject* names) {
  // All of them or none: what calls one of them does not ask whether it is there.
#define RL_TAKE_HELPER(name)                              \
  Ref taken_##name(PyObject_GetAttrString(names, #name)); \
  if (!taken_##name) return nullptr;
  RL_AUTOGRAD_HELPERS(RL_TAKE_HELPER)
#undef RL_TAKE_HELPER
#define RL_SET_HELPER(name) Py_XSETREF(helpers.name, taken_##name.release());
  RL_AUTOGRAD_HELPERS(RL_SET_HELPER)
#undef RL_SET_HELPER
  Py_RETURN_NONE;
}

bool add_op_record(PyObject* module) {
  no_attributes = PyDict_New();
  no_grad_view = PyUnicode_InternFromString("no_grad");
  several_views = PyUnicode_InternFromString("several");
  refresh_name = PyUnicode_InternFromString("_refresh");
  op_type.tp_basicsize = sizeof(OpRecord);
  op_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL;
  op_type.tp_doc = "The native part of an op.";
  op_type.tp_new = PyType_GenericNew;
  op_type.tp_call = PyVectorcall_Call;
  op_type.tp_vectorcall_offset = offsetof(OpRecord, vectorcall);
  op_type.tp_methods = op_methods;
  return no_attributes && no_grad_view && several_views && refresh_name && PyType_Ready(&op_type) == 0 &&
         PyModule_AddObjectRef(module, "OpRecord", reinterpret_cast<PyObject*>(&op_type)) == 0;
}

PyMethodDef op_call_methods[] = {
    {"set_autograd_helpers", set_autograd_helpers, METH_O, "What the native parts of autograd call back."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
