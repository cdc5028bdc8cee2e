"""Custom differentiable functions: subclass `Function` with static `forward` and `backward`, call `.apply`."""

from __future__ import annotations

import functools
from typing import Any

from .. import engine as engines
from ..engine import next_seq
from .graph import FREED, Node, check_versions
from .inplace import bump, check_writable, rebase
from .mode import _set, mode
from .op import edge_of

_Tensor: Any = None


def _bind_tensor(tensor_class) -> None:
    global _Tensor
    _Tensor = tensor_class


class FunctionCtx:
    """What forward and backward share: `ctx.save_for_backward(...)`, `ctx.saved_tensors`, `ctx.needs_input_grad`."""

    _to_save: tuple = ()
    _dirty: tuple = ()
    _non_differentiable: tuple = ()
    _materialize_grads = True
    needs_input_grad: tuple = ()
    _node: Any = None

    def save_for_backward(self, *tensors) -> None:
        """Keep input or output tensors (or None); read them as `ctx.saved_tensors`."""
        self._to_save = tensors

    def save_for_forward(self, *tensors) -> None:
        self._saved_for_forward = tensors

    def mark_dirty(self, *tensors) -> None:
        """Say which inputs forward modified in place (they must be returned)."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors) -> None:
        """Say which outputs need no gradient."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """False: gradients of unused outputs reach backward as None instead of zeros."""
        self._materialize_grads = value

    @property
    def saved_tensors(self) -> tuple:
        node = self._node
        if node is None:
            return tuple(self._to_save)
        if node.ctx is None:
            raise RuntimeError(FREED)
        return node.unpack()


class FunctionNode(Node):
    """The tape entry of a custom Function; what forward noted on its ctx reads as attributes of it."""

    def __getattr__(self, name):
        if name == "saved_tensors":
            if self.ctx is None:
                raise RuntimeError(FREED)
            return self.unpack()
        context = self.__dict__.get("context")
        if context is None or name.startswith("__"):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return getattr(context, name)

    def unpack(self) -> tuple:
        context, saved, versions = self.ctx  # type: ignore[misc]
        if versions is None:  # hooks hold the tensors
            saved = tuple((t if t is None else t.unpack(), own) for t, own in saved)
        else:
            check_versions(self, tuple(t for t, _ in saved), versions)
        values = []
        for tensor, own in saved:
            if own is not None and tensor is not None:  # one of our outputs: put it back into the graph
                alias = _Tensor._wrap(tensor._array)
                if alias._is_differentiable():
                    alias._node, alias._nr = self, own
                tensor = alias
            values.append(tensor)
        return tuple(values)

    def run(self, grads, create_graph):
        if self.ctx is None:
            raise RuntimeError(FREED)
        context = self.ctx[0]
        values: list[Any] = [g if g is None or isinstance(g, _Tensor) else _Tensor._wrap(g) for g in grads]
        if context._materialize_grads and self.num_outputs == 1 and values[0] is None:
            values[0] = _Tensor._wrap(engines.cpu.zeros(*self.output_metas[0]))
        result = self.function.backward(context, *values)
        if not isinstance(result, tuple):
            result = (result,)
        positions = self.positions  # of the tensor inputs among forward's arguments
        total = self.num_arguments
        if len(result) > total and all(r is None for r in result[total:]):
            result = result[:total]
        if len(result) != total:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {total}, got "
                f"{len(result)})"
            )
        out = []
        for position, shape, edge in zip(positions, self.input_shapes, self.next):
            g = result[position]
            if g is None or edge is None:
                out.append(None)
                continue
            if not isinstance(g, _Tensor):
                raise TypeError(f"{self.name()}: expected a Tensor or None as gradient, got {type(g).__name__}")
            if tuple(g.shape) != shape:
                if not _sums_to(tuple(g.shape), shape):
                    raise RuntimeError(
                        f"Function {self.name()} returned an invalid gradient at index {position} - got "
                        f"{list(g.shape)} but expected shape compatible with {list(shape)}"
                    )
                g = g.sum_to_size(shape)
            out.append(g if create_graph else g._array)
        return tuple(out)


def _sums_to(shape, to) -> bool:
    if len(shape) < len(to):
        return False
    return all(b in (1, a) for a, b in zip(reversed(shape), reversed(to)))


class _FunctionMeta(type):
    def __init__(cls, name, bases, body):
        super().__init__(name, bases, body)
        cls._node_class = type(f"{name}Backward", (FunctionNode,), {"function": cls})


class Function(metaclass=_FunctionMeta):
    """Base of custom functions.

        class Square(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x
            @staticmethod
            def backward(ctx, grad_output):
                (x,) = ctx.saved_tensors
                return 2 * x * grad_output

        y = Square.apply(x)

    forward runs unrecorded; backward gets one gradient per output and returns one per argument of forward (None for
    those that are no tensors). `setup_context(ctx, inputs, output)` may do the saving instead, with forward(*inputs).
    """

    _node_class: Any
    setup_context: Any = None

    def __call__(self, *args, **kwargs):
        raise RuntimeError(
            f"{type(self).__name__} was made and called; a custom function has static methods and is called by "
            f"{type(self).__name__}.apply(...)"
        )

    @staticmethod
    def forward(*args, **kwargs):
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    @classmethod
    def apply(cls, *args, **kwargs):
        """Run forward on `args` and record it."""
        context = FunctionCtx()
        tensors = [a for a in args if isinstance(a, _Tensor)]
        for t in tensors:
            if t._view is not None:
                t._refresh()
        recording = mode.enabled and any(t.requires_grad for t in tensors)
        context.needs_input_grad = tuple(isinstance(a, _Tensor) and a.requires_grad for a in args)
        edges = tuple(edge_of(t) if recording else None for t in tensors)
        previous = _set(False)
        try:
            if cls.setup_context is not None:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(context, args, result)
            else:
                result = cls.forward(context, *args, **kwargs)
        finally:
            mode.enabled = previous
        single = not isinstance(result, tuple)
        outputs = [result] if single else list(result)
        dirty = {id(t) for t in context._dirty}
        for t in context._dirty:
            if recording:
                check_writable(t)
            bump(t)
        if not recording:
            return result
        node = cls._node_class()
        node.seq = next_seq()
        node.next = edges
        node.positions = tuple(i for i, a in enumerate(args) if isinstance(a, _Tensor))
        node.num_arguments = len(args)
        node.input_shapes = tuple(t._array.shape for t in tensors)
        node.num_outputs = len(outputs)
        inputs = {id(t) for t in tensors}
        fixed = {id(t) for t in context._non_differentiable}
        own: dict[int, int] = {}
        metas = []
        for i, out in enumerate(outputs):
            metas.append((out._array.shape, out._array.dtype) if isinstance(out, _Tensor) else None)
            if not isinstance(out, _Tensor):
                continue
            if id(out) in fixed or not out._is_differentiable():
                continue
            if id(out) in dirty:
                if out._view is not None:
                    rebase(out, node)
                else:
                    out._node, out._nr, out._rg = node, i, False
                continue
            if id(out) in inputs or out._view is not None:
                outputs[i] = out._view_as_self() if id(out) in inputs else out
                outputs[i]._view = None
                out_new = outputs[i]
                out_new._node, out_new._nr, out_new._rg = node, i, False
                continue
            own[id(out)] = i
            out._node, out._nr, out._rg = node, i, False
        if context._materialize_grads:
            node.output_metas = tuple(metas)
        saved = tuple((t, own.get(id(t)) if t is not None else None) for t in context._to_save)
        for t, i in saved:
            if i is not None:
                t._share_cell()
        saved = tuple((t._alias() if i is not None else t, i) for t, i in saved)  # no cycle through an own output
        versions = tuple(0 if t is None or t._cell is None else t._cell[0] for t, _ in saved)
        node.ctx = (context, saved, versions)
        if mode.watched:
            from .saved import recorded

            recorded(node)
        context._to_save = ()
        node.context = context
        context._node = _Weak(node)
        return outputs[0] if single else tuple(outputs)


class _Weak:
    """The context's way back to its node, without a cycle."""

    def __init__(self, node):
        import weakref

        self._reference = weakref.ref(node)

    @property
    def ctx(self):
        node = self._reference()
        return None if node is None else node.ctx

    def unpack(self):
        return self._reference().unpack()


def once_differentiable(function):
    """Decorates a backward that cannot itself be differentiated: its result refuses a second backward."""

    @functools.wraps(function)
    def wrapper(ctx, *grads):
        recording = mode.enabled and any(isinstance(g, _Tensor) and g.requires_grad for g in grads)
        previous = _set(False)
        try:
            results = function(ctx, *grads)
        finally:
            mode.enabled = previous
        if not recording:
            return results
        single = not isinstance(results, tuple)
        values = (results,) if single else results
        values = tuple(_Refuse.apply(v.detach().requires_grad_()) if isinstance(v, _Tensor) else v for v in values)
        return values[0] if single else values

    return wrapper


class _Refuse(Function):
    @staticmethod
    def forward(ctx, value):
        return value.clone()

    @staticmethod
    def backward(ctx, g):
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


class NestedIOFunction(Function):
    """Kept for code that imports it; behaves as `Function`."""
