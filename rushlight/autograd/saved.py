"""Hooks on what operations save for backward: saved_tensors_hooks, save_on_cpu.

While they are in force (mode.watched), every node recorded is handed to `recorded`, which gives what the node saved to
the pack hook and keeps what comes back; `unpacked` asks the unpack hook when the backward pass needs the values.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

from ..engine import is_array
from ..tensor import Tensor
from .mode import enable_grad, mode, no_grad


class _State(threading.local):
    """Of each thread."""

    def __init__(self):
        self.hooks: list[tuple] = []  # (pack, unpack), the innermost last
        self.refusal: str | None = None  # of disable_saved_tensors_hooks


state = _State()


def update() -> None:
    """Let nodes be shown while there are hooks."""
    mode.watched = bool(state.hooks)


class saved_tensors_hooks:  # noqa: N801
    """Inside, what operations save for backward goes through two functions.

    pack_hook(tensor) is called as a tensor is saved and may return anything; unpack_hook gets that back when the
    backward pass needs the tensor and must return one of the same content. Errors: RuntimeError if pack_hook changes
    its argument, TypeError if unpack_hook returns no tensor.
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if state.refusal is not None:
            raise RuntimeError(state.refusal)
        state.hooks.append((self.pack_hook, self.unpack_hook))
        update()

    def __exit__(self, *exc_info) -> None:
        state.hooks.pop()
        update()


class save_on_cpu(saved_tensors_hooks):  # noqa: N801
    """Keep what is saved in the CPU's memory, where rushlight's tensors are anyway."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        super().__init__(lambda tensor: (tensor.device, tensor.cpu()), lambda packed: packed[1].to(packed[0]))


class disable_saved_tensors_hooks:  # noqa: N801
    """Inside, saved_tensors_hooks raises RuntimeError(error_message); RuntimeError also if hooks are in force now."""

    def __init__(self, error_message: str):
        self.message = error_message

    def __enter__(self) -> None:
        if state.hooks:
            raise RuntimeError(self.message)
        self.previous = state.refusal
        state.refusal = self.message

    def __exit__(self, *exc_info) -> None:
        state.refusal = self.previous

    def __call__(self, function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with type(self)(self.message):
                return function(*args, **kwargs)

        return wrapper


class _Unwatched:
    """Inside a hook, nothing is shown to hooks."""

    def __enter__(self) -> None:
        mode.watched = False

    def __exit__(self, *exc_info) -> None:
        update()


class Packed:
    """A saved tensor in the keeping of hooks, and where it stood in the graph."""

    __slots__ = ("leaf", "node", "nr", "unpack_hook", "value")

    def __init__(self, tensor, pack_hook, unpack_hook):
        if tensor._view is not None:
            tensor._refresh()
        self.node, self.nr = tensor._node, tensor._nr
        self.leaf = tensor if tensor._rg and tensor._node is None else None
        self.unpack_hook = unpack_hook
        shown = tensor.detach()
        before = shown._version
        with no_grad(), _Unwatched():
            self.value = pack_hook(shown)
        if shown._version != before:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook can "
                "not be modified by in-place operations as this can lead to unexpected side-effects. Please open an "
                "issue if you need to perform in-place operations on the input to a pack hook."
            )

    def unpack(self) -> Tensor:
        """The tensor, at its old place in the graph."""
        with _Unwatched():
            tensor = self.unpack_hook(self.value)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        if self.leaf is not None:
            with enable_grad(), _Unwatched():
                result = self.leaf._view_as_self()
            result._array, result._view, result._cell = tensor._array, None, None
            return result
        result = Tensor._wrap(tensor._array)
        result._node, result._nr = self.node, self.nr
        return result


def recorded(node: Any) -> None:
    """Give what the node saved to the hooks."""
    hooks = state.hooks[-1]
    if hasattr(node, "function"):  # a custom Function
        context, saved, _ = node.ctx
        node.ctx = (context, tuple((t if t is None else Packed(t, *hooks), own) for t, own in saved), None)
        return
    inputs, _, outputs, cells, attributes, shapes = node.ctx
    inputs = tuple(Packed(t, *hooks) if isinstance(t, Tensor) else t for t in inputs)
    outputs = tuple(Packed(Tensor._wrap(a), *hooks) if a is not None and is_array(a) else a for a in outputs)
    cells = None if cells is None else tuple(([0], 0) for _ in cells)
    node.ctx = (inputs, None, outputs, cells, attributes, shapes, hooks)


def unpacked(node, ctx) -> tuple:
    """What the node saved, as if no hooks had held it."""
    inputs, versions, outputs, cells, attributes, shapes, _ = ctx
    inputs = tuple(t.unpack() if isinstance(t, Packed) else t for t in inputs)
    outputs = tuple(a.unpack()._array if isinstance(a, Packed) else a for a in outputs)
    return inputs, versions, outputs, cells, attributes, shapes


def increment_version(tensor) -> None:
    """Count a modification of a tensor, or of each of several, that autograd could not see."""
    from .inplace import bump

    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        bump(each)
