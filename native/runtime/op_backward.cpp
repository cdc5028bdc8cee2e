// The backward of one op: check that what it saved is unchanged, put its values in order and call its Python rule.

#include "runtime/op_record.h"

namespace rl {

static bool is_version(PyObject* now, PyObject* expected) {
  return now == expected || PyObject_RichCompareBool(now, expected, Py_EQ) == 1;
}

// Whether every saved tensor is as it was; else an exception is set.
static bool unchanged(PyObject* node, PyObject* saved, PyObject* versions) {
  static PyObject* zero = PyLong_FromLong(0);
  const bool listed = PyTuple_Check(versions) && PyTuple_GET_SIZE(versions) == PyTuple_GET_SIZE(saved);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(saved); ++i) {
    PyObject* value = PyTuple_GET_ITEM(saved, i);
    PyObject* now = is_tensor(value) ? version_of(value) : nullptr;
    if (!now || is_version(now, listed ? PyTuple_GET_ITEM(versions, i) : zero)) continue;
    Ref raised(PyObject_CallFunctionObjArgs(helpers.check_versions, node, saved, versions, nullptr));
    if (!raised) return false;
  }
  return true;
}

static bool outputs_unchanged(PyObject* node, PyObject* cells, PyObject* outs) {
  if (cells == Py_None) return true;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(cells); ++i) {
    PyObject* pair = PyTuple_GET_ITEM(cells, i);
    PyObject* cell = PyTuple_Check(pair) && PyTuple_GET_SIZE(pair) == 2 ? PyTuple_GET_ITEM(pair, 0) : Py_None;
    if (!PyList_Check(cell)) return PyErr_Format(PyExc_TypeError, "%R was not recorded by an op", node), false;
    if (PyList_GET_SIZE(cell) == 1 && is_version(PyList_GET_ITEM(cell, 0), PyTuple_GET_ITEM(pair, 1))) continue;
    Ref raised(PyObject_CallFunctionObjArgs(helpers.check_outputs, node, cells, outs, nullptr));
    if (!raised) return false;
  }
  return true;
}

// (saved inputs..., saved outputs and aux..., shapes...): arrays, or Tensors to be differentiated again.
static PyObject* saved_values(PyObject* node, PyObject* saved, PyObject* cells, PyObject* outs_given, PyObject* shapes,
                              bool create_graph) {
  Ref outs(create_graph ? PyObject_CallFunctionObjArgs(helpers.outputs_as_tensors, node, outs_given, cells, nullptr)
                        : Py_NewRef(outs_given));
  if (!outs) return nullptr;
  if (!PyTuple_Check(outs.object)) return PyErr_Format(PyExc_TypeError, "outputs_as_tensors: expected a tuple");
  const Py_ssize_t inputs = PyTuple_GET_SIZE(saved), out_count = PyTuple_GET_SIZE(outs.object),
                   shape_count = PyTuple_GET_SIZE(shapes);
  PyObject* values = PyTuple_New(inputs + out_count + shape_count);
  if (!values) return nullptr;
  for (Py_ssize_t i = 0; i < inputs; ++i) {
    PyObject* value = PyTuple_GET_ITEM(saved, i);
    PyTuple_SET_ITEM(values, i, Py_NewRef(!create_graph && is_tensor(value) ? field(value, kArray) : value));
  }
  for (Py_ssize_t i = 0; i < out_count; ++i)
    PyTuple_SET_ITEM(values, inputs + i, Py_NewRef(PyTuple_GET_ITEM(outs.object, i)));
  for (Py_ssize_t i = 0; i < shape_count; ++i)
    PyTuple_SET_ITEM(values, inputs + out_count + i, Py_NewRef(PyTuple_GET_ITEM(shapes, i)));
  return values;
}

// Sums each gradient to the shape of its input, for ops that broadcast.
static PyObject* summed(PyObject* results, PyObject* shapes, PyObject* xp) {
  if (!PyTuple_Check(shapes) || PyTuple_GET_SIZE(shapes) != PyTuple_GET_SIZE(results))
    return PyErr_Format(PyExc_RuntimeError, "backward returned %zd gradients for the shapes %R",
                        PyTuple_GET_SIZE(results), shapes);
  PyObject* out = PyTuple_New(PyTuple_GET_SIZE(results));
  if (!out) return nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(results); ++i) {
    PyObject *grad = PyTuple_GET_ITEM(results, i), *shape = PyTuple_GET_ITEM(shapes, i);
    int same = 1;
    if (grad != Py_None && shape != Py_None) {
      Ref have(PyObject_GetAttrString(grad, "shape"));
      same = have ? PyObject_RichCompareBool(have.object, shape, Py_EQ) : -1;
    }
    PyObject* fitting = nullptr;
    if (same == 1) {
      fitting = Py_NewRef(grad);
    } else if (same == 0) {
      Ref sum_to(PyObject_GetAttrString(xp, "sum_to")), names(Py_BuildValue("(s)", "shape"));
      PyObject* arguments[] = {grad, shape};
      if (sum_to && names) fitting = PyObject_Vectorcall(sum_to.object, arguments, 1, names.object);
    }
    if (!fitting) {
      Py_DECREF(out);
      return nullptr;
    }
    PyTuple_SET_ITEM(out, i, fitting);
  }
  return out;
}

// Which of the edges lead anywhere.
static PyObject* leading(PyObject* edges) {
  PyObject* flags = PyTuple_New(PyTuple_GET_SIZE(edges));
  for (Py_ssize_t i = 0; flags && i < PyTuple_GET_SIZE(edges); ++i)
    PyTuple_SET_ITEM(flags, i, PyBool_FromLong(PyTuple_GET_ITEM(edges, i) != Py_None));
  return flags;
}

PyObject* differentiate(OpRecord* op, PyObject* node, PyObject* grads, bool create_graph, PyObject* wanted) {
  Ref ctx(Py_NewRef(field(node, kCtx))), edges(Py_NewRef(field(node, kNext)));
  if (ctx.object == Py_None) return PyObject_CallNoArgs(helpers.raise_freed);
  if (PyTuple_Check(ctx.object) && PyTuple_GET_SIZE(ctx.object) == 7) {  // hooks hold the saved values
    Py_SETREF(ctx.object, PyObject_CallFunctionObjArgs(helpers.unpacked, node, ctx.object, nullptr));
    if (!ctx) return nullptr;
  }
  bool valid =
      op->backward && PyTuple_Check(edges.object) && PyTuple_Check(ctx.object) && PyTuple_GET_SIZE(ctx.object) == 6;
  PyObject* part[6] = {};
  for (int i = 0; valid && i < 6; ++i) part[i] = PyTuple_GET_ITEM(ctx.object, i);
  PyObject *saved = part[0], *versions = part[1], *outs = part[2], *cells = part[3], *attributes = part[4],
           *shapes = part[5];
  valid = valid && PyTuple_Check(saved) && PyTuple_Check(outs) && (cells == Py_None || PyTuple_Check(cells)) &&
          PyDict_Check(attributes) && PyTuple_Check(shapes);
  if (!valid) return PyErr_Format(PyExc_TypeError, "%R was not recorded by an op", node);
  if (!unchanged(node, saved, versions) || !outputs_unchanged(node, cells, outs)) return nullptr;
  Ref need(wanted ? Py_NewRef(wanted) : leading(edges.object));
  if (!need) return nullptr;
  Ref values(saved_values(node, saved, cells, outs, shapes, create_graph));
  if (!values) return nullptr;
  PyObject* xp = create_graph ? helpers.primitives : helpers.engine;
  PyObject* room[] = {nullptr, xp, grads, values.object, need.object};
  PyObject** arguments = room + 1;
  const size_t count = 4 | PY_VECTORCALL_ARGUMENTS_OFFSET;
  PyObject* result = PyDict_GET_SIZE(attributes) ? PyObject_VectorcallDict(op->backward, arguments, count, attributes)
                                                 : PyObject_Vectorcall(op->backward, arguments, count, nullptr);
  if (result && !PyTuple_Check(result)) Py_SETREF(result, PySequence_Tuple(result));
  if (result && field(node, kExtraShapes) != Py_None) Py_SETREF(result, summed(result, field(node, kExtraShapes), xp));
  return result;
}

// differentiate(op, node, grads, create_graph): for the nodes that run an op's node themselves (CopySlices)
static PyObject* differentiate_object(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  OpRecord* op = nargs == 4 ? as_op(args[0]) : nullptr;
  if (!op || !is_node(args[1]) || !helpers.engine)
    return PyErr_Format(PyExc_TypeError, "differentiate: expected (op, node, grads, create_graph)");
  const int create_graph = PyObject_IsTrue(args[3]);
  return create_graph < 0 ? nullptr : differentiate(op, args[1], args[2], create_graph);
}

PyMethodDef op_backward_methods[] = {
    {"differentiate", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(differentiate_object)), METH_FASTCALL,
     "The gradients of an op's inputs from those of its outputs."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace rl
