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

import functools
import sys
from typing import Any

from .. import engine as engines
from ..engine import edge_of as edge_of
from .graph import Node

cpu = engines.cpu  # every tensor of this build lives there; the lookup by device goes here when a second engine comes


class Primitives:
    """All ops by name, on Tensors."""

    differentiable = True

    def __getattr__(self, name):
        """An op of a family that is not loaded yet."""
        load_all = getattr(sys.modules.get("rushlight.ops"), "load_all", None)
        if load_all and not name.startswith("__"):
            load_all()
        if name not in self.__dict__:
            raise AttributeError(f"there is no op '{name}'")
        return self.__dict__[name]

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
        if not any(isinstance(base, OpType) for base in bases):
            return super().__new__(mcs, name, bases, body)
        for key in ("check", "forward", "kernel", "backward"):
            if key in body:
                body[key] = staticmethod(body[key])
        body.setdefault("name", name)
        cls = super().__new__(mcs, name, bases, body)
        op = cls()
        names = cls.grad_name or name
        types = tuple([type(n, (OpNode,), {"op": op}) for n in ([names] if isinstance(names, str) else names)])
        op.prepare(types)  # the call itself is native: native/runtime/op_call.cpp
        setattr(primitives, cls.name, op)
        return op


class Op(engines.OpRecord, metaclass=OpType):
    """Base of all ops; see the module's docstring for the form and the attributes below for the switches."""

    name: str
    inputs: int | None = 1  # leading tensor arguments; None: the first argument is a list of tensors
    outputs = 1  # number of outputs; 0: as many as forward returns in its tuple
    aux = 0  # trailing results of forward that are only saved
    grad_name: str | tuple[str, ...] | None = None  # three: for (tensor, number), (tensor, tensor), (number, tensor)
    save: tuple[int, ...] | None = None  # inputs kept for backward; None: all
    saves_other: int | None = None  # inputs i, i + 1 are factors: each is kept only if the other needs a gradient
    save_output = False  # keep the outputs too
    save_shape: tuple[int, ...] = ()  # shapes of these inputs are appended to `saved`
    broadcast = False  # inputs broadcast: gradients are summed back to the input shapes
    non_differentiable: tuple[int, ...] = ()  # outputs that never require grad
    view = False  # the output shares the first input's memory
    may_overlap = False  # in place also on expanded tensors: every place gets the same value
    out = False  # forward takes out=, so the in-place form writes without a temporary
    check: Any = None
    forward: Any = None
    backward: Any = None
    kernel: Any = None  # the engine function that forward hands its arguments to, if no more: called directly

    def __repr__(self) -> str:
        return f"<op {self.name}>"


class OpNode(Node):
    """The tape entry of an Op; the backward pass calls `differentiate` without asking it."""

    def run(self, grads, create_graph):
        return engines.differentiate(self.op, self, grads[0] if self.num_outputs == 1 else grads, create_graph)


def outputs_as_tensors(node, arrays, cells) -> tuple:
    """Saved outputs as tensors that keep their place in the graph; aux arrays as constants."""
    count = 0 if cells is None else len(cells)
    tensors = []
    for i, array in enumerate(arrays):
        if array is None or not engines.is_array(array):
            tensors.append(array)
            continue
        t = _Tensor._wrap(array)
        if i < count:
            t._cell = cells[i][0]
            if t._is_differentiable():
                t._node = node
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


def shortcut(kind: str, *names: str):
    """Let the commonest calls of a function reach the ops of these names without Python in between.

    native/runtime/shortcuts.cpp says which calls those are; all others, and all errors, stay the function's.
    """

    def decorate(f):
        ops = [getattr(primitives, name) for name in names]
        return functools.update_wrapper(engines.Shortcut(kind, f, *ops), f)

    return decorate


def method(name: str | None = None):
    """Make a function a Tensor method only."""
    return public(method=name or True, function=False)
