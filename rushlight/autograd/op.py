"""Define an op: subclass `Op`; the class body becomes one callable that runs, records and differentiates.

    class exp(Op):
        inputs, save, save_output, grad_name = 1, (), True, "ExpBackward0"
        def forward(xp, a): return xp.exp(a)
        def backward(xp, g, saved, need): return (xp.mul(g, saved[0]),)

`primitives.exp(tensor)` calls it. In `backward`, xp is the engine (plain arrays), or `primitives` when the gradient is
to be differentiated again; both know the same names. `public` makes the torch-signature function a name of the package
and a Tensor method.
"""

from __future__ import annotations

from typing import Any

from .. import engine as engines
from .graph import FREED, Node, _next_seq, check_versions, modified
from .mode import mode

cpu = engines.cpu  # every tensor of this build lives there; the lookup by device goes here when a second engine comes


class Primitives:
    """All ops by name, on Tensors."""

    differentiable = True

    @staticmethod
    def zeros_like(tensor):
        """A constant: zeros of the tensor's shape and dtype."""
        return _Tensor._wrap(cpu.zeros_like(tensor._array))


def named(result, grad_name: str):
    """`result`, whose node prints as `grad_name`: for functions composed of several ops that PyTorch records as one."""
    if result._node is not None:
        result._node.display_name = grad_name
    return result


primitives: Any = Primitives()
PUBLIC: dict[str, Any] = {}  # rushlight.NAME
METHODS: dict[str, Any] = {}  # Tensor.NAME
_Tensor: Any = None


def _bind_tensor(tensor_class) -> None:
    global _Tensor
    _Tensor = tensor_class


class OpType(type):
    """Turns the body of an Op subclass into its singleton."""

    def __new__(mcs, name, bases, body, **kwargs):
        if not bases:
            return super().__new__(mcs, name, bases, body)
        for key in ("check", "forward", "backward"):
            if key in body:
                body[key] = staticmethod(body[key])
        body.setdefault("name", name)
        cls = super().__new__(mcs, name, bases, body)
        cls.node_types = []
        op = cls()
        cls.node_type = mcs.node_class(op, cls.grad_name or name)
        if (
            "__call__" not in body
            and cls.outputs == 1
            and not cls.aux
            and cls.check is None
            and cls.backward is not None
        ):
            if cls.inputs == 1:
                cls.__call__ = staticmethod(_one_input(op))
            elif cls.inputs == 2 and not cls.view and not cls.save_output and not cls.save_shape:
                cls.__call__ = staticmethod(_two_inputs(op))
        setattr(primitives, cls.name, op)
        return op

    @staticmethod
    def node_class(op, name):
        """A node type of this op that prints as `name`."""
        return type(name, (OpNode,), {"op": op})


class Op(metaclass=OpType):
    """Base of all ops; see the module's docstring for the form and the attributes below for the switches."""

    name: str
    inputs: int | None = 1  # leading tensor arguments; None: the first argument is a list of tensors
    outputs = 1  # number of outputs; 0: as many as forward returns in its tuple
    aux = 0  # trailing results of forward that are only saved
    grad_name: str | None = None
    save: tuple[int, ...] | None = None  # inputs kept for backward; None: all
    saves_other: int | None = None  # inputs i, i + 1 are factors: each is kept only if the other needs a gradient
    save_output = False  # keep the outputs too
    save_shape: tuple[int, ...] = ()  # shapes of these inputs are appended to `saved`
    broadcast = False  # inputs broadcast: gradients are summed back to the input shapes
    non_differentiable: tuple[int, ...] = ()  # outputs that never require grad
    view = False  # the output shares the first input's memory
    out = False  # forward takes out=, so the in-place form writes without a temporary
    check: Any = None
    forward: Any = None
    backward: Any = None
    node_type: Any
    node_types: list

    def __call__(self, *args, **attrs):
        n = self.inputs
        if n is None:
            tensors = tuple(args[0])
        elif len(args) == n:
            tensors = args
        else:
            tensors = args + (None,) * (n - len(args))
        if self.check is not None:
            self.check(*args, **attrs)
        recording = False
        arrays = []
        for t in tensors:
            if isinstance(t, _Tensor):
                arrays.append(t._array)
                if t._rg or t._node is not None or t._view is not None:
                    recording = True
            else:
                arrays.append(t)
        result = self.forward(cpu, arrays, **attrs) if n is None else self.forward(cpu, *arrays, **attrs)
        recording = recording and self.backward is not None and mode.enabled
        if type(result) is tuple:
            return self._several(tensors, result, attrs, recording)
        out = _Tensor._wrap(result)
        if self.view:
            out._become_view(tensors[0], ((self, attrs),))
        if recording and not self.non_differentiable:
            self._record(tensors, (out,), (), attrs)
        return out

    def _several(self, tensors, result, attrs, recording):
        count = len(result) - self.aux
        outs = tuple([_Tensor._wrap(array) for array in result[:count]])
        if self.view:
            for i, out in enumerate(outs):
                out._become_view(tensors[0], ((self, attrs, i),), several=True)
        if recording:
            self._record(tensors, outs, result[count:], attrs)
        return outs[0] if count == 1 and self.outputs == 1 else outs

    def _record(self, tensors, outs, aux, attrs) -> None:
        """Make a node the producer of `outs`, unless no input needs a gradient after all."""
        edges = []
        for t in tensors:
            if isinstance(t, _Tensor):
                if t._view is not None:
                    t._refresh()
                producer = t._node
                if producer is not None:
                    edges.append((producer, t._nr) if t._nr else producer)
                else:
                    edges.append(t if t._rg else None)
            else:
                edges.append(None)
        if all([edge is None for edge in edges]):
            return
        node = self.new_node(tensors)
        node.seq = _next_seq()
        node.next = tuple(edges)
        self.save_into(node, tensors, outs, aux, attrs)
        if len(outs) == 1:
            outs[0]._node = node
        else:
            node.num_outputs = len(outs)
            node.output_metas = tuple([(out._array.shape, out._array.dtype) for out in outs])
            for i, out in enumerate(outs):
                if i not in self.non_differentiable and out._is_differentiable():
                    out._node = node
                    out._nr = i
        if self.view:
            for out in outs:
                out._seen = out._cell[0]

    def new_node(self, tensors) -> Node:
        """An empty node; ops whose PyTorch name depends on the operands choose among several types."""
        return self.node_type()

    def save_into(self, node, tensors, outs, aux, attrs) -> None:
        """Keep what backward needs: node.ctx = (saved tensors, versions, saved outputs, their cells, attrs, shapes)."""
        keep = self.save
        kept = tensors if self.saves_other is None else self._without_unneeded(tensors, node.next)
        if keep is not None:
            kept = tuple([kept[i] for i in keep])
        versions = _versions(kept)
        shapes: tuple = ()
        if self.save_shape:
            shapes = tuple([tensors[i]._array.shape if tensors[i] is not None else None for i in self.save_shape])
        if self.broadcast:
            shape = outs[0]._array.shape
            for t in tensors:
                if isinstance(t, _Tensor) and t._array.shape != shape:
                    node.extra_shapes = tuple([t._array.shape if isinstance(t, _Tensor) else None for t in tensors])
                    break
        saved_outs = tuple(aux)
        cells = None
        if self.save_output:
            for out in outs:
                if out._cell is None:
                    out._cell = [0]
            cells = tuple([(out._cell, out._cell[0]) for out in outs])
            saved_outs = tuple([out._array for out in outs]) + tuple(aux)
        node.ctx = (kept, versions, saved_outs, cells, attrs, shapes)

    def _without_unneeded(self, tensors, edges):
        """The inputs, less each of the two factors whose partner needs no gradient."""
        first = self.saves_other
        kept = list(tensors)
        if edges[first + 1] is None:
            kept[first] = None
        if edges[first] is None:
            kept[first + 1] = None
        return tuple(kept)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _one_input(op):
    """Op.__call__ for one tensor in, one out: the same steps without the loops."""
    forward, view, keeps, save_output = op.forward, op.view, op.save is None or 0 in op.save, op.save_output
    save_shape, node_type = bool(op.save_shape), op.node_type
    wrap = engines.wrap

    def call(a, **attrs):
        array = a._array
        out = wrap(forward(cpu, array, **attrs))
        if view:
            out._become_view(a, ((op, attrs),))
        if (a._node is not None or a._rg or a._view is not None) and mode.enabled:
            if a._view is not None:
                a._refresh()
            producer = a._node
            if producer is not None or a._rg:
                node = node_type()
                node.seq = _next_seq()
                node.next = (a if producer is None else (producer, a._nr) if a._nr else producer,)
                cells = None
                outs = ()
                if save_output:
                    cell = out._cell
                    if cell is None:
                        cell = out._cell = [0]
                    cells, outs = ((cell, cell[0]),), (out._array,)
                node.ctx = (
                    (a,) if keeps else (),
                    (a._cell[0],) if keeps and a._cell is not None else None,
                    outs,
                    cells,
                    attrs,
                    (array.shape,) if save_shape else (),
                )
                out._node = node
                if view:
                    out._seen = out._cell[0]
        return out

    return call


def _two_inputs(op):
    """Op.__call__ for two inputs (tensors or numbers) and one output."""
    forward, save, broadcast, node_type = op.forward, op.save, op.broadcast, op.node_type
    if save is None:
        save = (0, 1)
    factors = op.saves_other is not None
    new_node = op.new_node if type(op).new_node is not Op.new_node else None
    wrap = engines.wrap

    def call(a, b, **attrs):
        recording = False
        if isinstance(a, _Tensor):
            x = a._array
            recording = a._node is not None or a._rg or a._view is not None
        else:
            x = a
        if isinstance(b, _Tensor):
            y = b._array
            recording = recording or b._node is not None or b._rg or b._view is not None
        else:
            y = b
        out = wrap(forward(cpu, x, y, **attrs))
        if recording and mode.enabled:
            left, right = _refreshed_edge(a), _refreshed_edge(b)
            if left is not None or right is not None:
                node = node_type() if new_node is None else new_node((a, b))
                node.seq = _next_seq()
                node.next = (left, right)
                if save:
                    if factors:
                        kept = (a if right is not None else None, b if left is not None else None)
                    else:
                        kept = (a, b) if len(save) == 2 else (a,) if save[0] == 0 else (b,)
                    versions = _versions(kept)
                else:
                    kept, versions = (), None
                if broadcast:
                    shape = out._array.shape
                    left = x.shape if x is not a else None
                    right = y.shape if y is not b else None
                    if (left is not None and left != shape) or (right is not None and right != shape):
                        node.extra_shapes = (left, right)
                node.ctx = (kept, versions, (), None, attrs, ())
                out._node = node
        return out

    return call


def _refreshed_edge(value):
    if not isinstance(value, _Tensor):
        return None
    if value._view is not None:
        value._refresh()
    return edge_of(value)


def _versions(kept):
    """The version of each saved tensor; None when none was ever modified or viewed."""
    for t in kept:
        if isinstance(t, _Tensor) and t._cell is not None:
            return tuple([t._cell[0] if isinstance(t, _Tensor) and t._cell is not None else 0 for t in kept])
    return None


def edge_of(tensor):
    """Where the gradient of `tensor` goes; None if it needs none."""
    node = tensor._node
    if node is not None:
        return (node, tensor._nr) if tensor._nr else node
    return tensor if tensor._rg else None


class OpNode(Node):
    """The tape entry of an Op."""

    def run(self, grads, create_graph):
        ctx = self.ctx
        if ctx is None:
            raise RuntimeError(FREED)
        op = self.op
        saved, versions, saved_outs, cells, attrs, shapes = ctx
        if saved:
            check_versions(self, saved, versions)
        if cells is not None:
            for (cell, version), array in zip(cells, saved_outs):
                if cell[0] != version:
                    raise modified(self, f"output of shape {list(array.shape)}", cell[0], version)
        need = tuple([edge is not None for edge in self.next])
        if create_graph:
            xp = primitives
            values = saved + self._outputs_as_tensors(saved_outs, cells) + shapes
        else:
            xp = cpu
            if saved:
                values = tuple([t._array if isinstance(t, _Tensor) else t for t in saved]) + saved_outs + shapes
            else:
                values = saved_outs + shapes if saved_outs else shapes
        g = grads[0] if self.num_outputs == 1 else grads
        del grads
        result = op.backward(xp, g, values, need, **attrs)
        if self.extra_shapes is not None:
            result = tuple(
                [
                    g if g is None or shape is None or tuple(g.shape) == shape else xp.sum_to(g, shape=shape)
                    for g, shape in zip(result, self.extra_shapes)
                ]
            )
        return result

    def _outputs_as_tensors(self, saved_outs, cells):
        """Saved outputs keep their place in the graph; aux arrays are constants."""
        count = 0 if cells is None else len(cells)
        tensors = []
        for i, array in enumerate(saved_outs):
            if array is None or not engines.is_array(array):
                tensors.append(array)
                continue
            t = _Tensor._wrap(array)
            if i < count:
                t._cell = cells[i][0]
                if t._is_differentiable():
                    t._node = self
                    t._nr = i
            tensors.append(t)
        return tuple(tensors)


def public(*, method: bool | str = False, name: str | None = None, function: bool = True):
    """Make a function public: `rushlight.NAME` (unless function=False) and, with method, `Tensor.NAME`."""

    def decorate(f):
        public_name = name or f.__name__
        if function:
            PUBLIC[public_name] = f
        if method:
            METHODS[method if isinstance(method, str) else public_name] = f
        return f

    return decorate


def method(name: str | None = None):
    """Make a function a Tensor method only."""
    return public(method=name or True, function=False)
