"""In-place operations: what is allowed, the history they leave, and gradients through views.

A view knows its base and the chain of view ops that makes it from the base. Writing to a view gives the *base* a new
node, CopySlices: it hands the part of the gradient that the view covers to the operation that wrote, and the rest to
the base's earlier history. Every view of that base then reads its own node anew from the base (Tensor._refresh).
"""

from __future__ import annotations

from typing import Any

from .. import engine as engines
from ..dtypes import can_cast, dtype_title
from ..engine import next_seq
from ..errors import broadcast_shapes
from .graph import Node
from .mode import mode
from .op import cpu, edge_of, primitives

LEAF = "a leaf Variable that requires grad is being used in an in-place operation."
LEAF_VIEW = "a view of a leaf Variable that requires grad is being used in an in-place operation."


def check_writable(tensor, recording: bool = True) -> None:
    """RuntimeError when autograd forbids writing to `tensor` now."""
    if not mode.enabled:
        return
    view = tensor._view
    if view is None:
        if tensor._rg and tensor._node is None:
            raise RuntimeError(LEAF)
        return
    base, _, kind = view
    if base._node is None and (base._rg or tensor.requires_grad):
        raise RuntimeError(LEAF_VIEW)
    if kind == "several" and (recording or tensor.requires_grad):
        name = tensor._node.title() if tensor._node is not None else "a multi-output view"
        raise RuntimeError(
            f"Output {tensor._nr} of {name} is a view and is being modified inplace. This view is the output of a "
            "function that returns multiple views. Such functions do not allow the output views to be modified "
            "inplace. You should replace the inplace operation by an out-of-place one."
        )
    if kind == "no_grad" and (recording or base.requires_grad):
        raise RuntimeError(
            "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that "
            "this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
            "the view and the inplace either both inside the no_grad block (if you don't want the inplace to be "
            "tracked) or both outside (if you want the inplace to be tracked)."
        )


def nothing_to_record(tensor) -> bool:
    """Whether autograd has no say in a write from or to this tensor: quick, and True only when it is clear."""
    return not mode.enabled or not (tensor._rg or tensor._node is not None or tensor._view is not None)


def check_overlap(tensor) -> None:
    """RuntimeError when several elements of the tensor are one place in memory, as in an expanded one."""
    array = tensor._array
    if 0 in array.strides and any([step == 0 and size > 1 for step, size in zip(array.strides, array.shape)]):
        raise RuntimeError(
            f"unsupported operation: more than one element of the written-to tensor (shape {list(array.shape)}, "
            f"strides {list(tensor.stride())}) refers to a single memory location. Please clone() the tensor before "
            "performing the operation."
        )


def bump(tensor) -> None:
    """Count a modification of the memory that `tensor` and its views share."""
    cell = tensor._cell
    if cell is None:
        tensor._cell = [1]
    else:
        cell[0] += 1


def apply_inplace(op, tensor, *others, **attrs):
    """Run `op` on (tensor, *others), write the result into `tensor`, and give it the history of that."""
    Tensor = type(tensor)._tensor_class
    recording = False
    if mode.enabled:
        for t in (tensor, *others):
            if isinstance(t, Tensor) and t.requires_grad:
                recording = True
        check_writable(tensor, recording)
    if op.check is not None:
        op.check(tensor, *others, **attrs)
    if not op.may_overlap:
        check_overlap(tensor)
    recording = recording and op.backward is not None and tensor._is_differentiable()
    old, inputs = tensor, others
    if recording:
        old = tensor._alias()  # the value before the write; copied only if backward reads it
        if (op.save is None or 0 in op.save) and op.backward is not None:
            old._array = cpu.clone(tensor._array)
            old._cell = None
        inputs = [_about_to_change(t) if isinstance(t, Tensor) and _same_memory(t, tensor) else t for t in others]
    arrays = [t._array if isinstance(t, Tensor) else t for t in others]
    target = tensor._array
    if op.out and _fits(target, arrays, op):
        op.forward(cpu, target, *arrays, out=target, **attrs)
        aux: tuple = ()
    else:
        if op.broadcast:
            broadcast_shapes(target.shape, *[array.shape for array in arrays if engines.is_array(array)])
        result = op.forward(cpu, target, *arrays, **attrs)
        aux = ()
        if type(result) is tuple:
            aux = result[1:]
            result = result[0]
        write_checked(tensor, result)
    bump(tensor)
    if recording:
        set_history(tensor, op, (old, *inputs), aux, attrs)
        for given, kept in zip(others, inputs):
            if kept is not given:
                bump(kept)
    return tensor


def _same_memory(tensor, other) -> bool:
    return tensor is other or (tensor._cell is not None and tensor._cell is other._cell)


def _about_to_change(tensor):
    """`tensor` as another operand of the write to its own memory: once that is done, bump() makes it unusable."""
    t = tensor._alias()
    t._cell = [0]
    return t


def _fits(target, arrays, op) -> bool:
    """Whether writing through out= gives the same result as computing apart and copying."""
    for array in arrays:
        if engines.is_array(array):
            if array.dtype != target.dtype or (array is not target and cpu.may_overlap(array, target)):
                return False
            if array.shape != target.shape and not _expands(array.shape, target.shape):
                return False
        elif isinstance(array, (float, complex)) and target.dtype.kind in "biu":
            return False
    return True


def _expands(shape, to) -> bool:
    return len(shape) <= len(to) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(to)))


def write_checked(tensor, result) -> None:
    """Copy `result` into the tensor's memory; PyTorch's errors when shape or type category do not fit."""
    target = tensor._array
    if result.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    if result.dtype != target.dtype:
        source = cpu.dtype_of(result)
        if not can_cast(source, tensor.dtype):
            raise RuntimeError(
                f"result type {dtype_title(source)} can't be cast to the desired output type "
                f"{dtype_title(tensor.dtype)}"
            )
    cpu.write(target, result)


def set_history(tensor, op, inputs, aux, attrs) -> Node:
    """Make `op` on `inputs` the producer of the tensor's new value."""
    node = op.new_node(inputs)
    node.seq = next_seq()
    Tensor = type(tensor)._tensor_class
    node.next = tuple([edge_of(t) if isinstance(t, Tensor) else None for t in inputs])
    op.save_into(node, inputs, (tensor,), aux, attrs)
    return rebase(tensor, node)


def rebase(tensor, node: Node) -> Node:
    """Give `tensor` the new producer `node`, whose first input is the tensor's old value."""
    if tensor._view is None:
        before = tensor._node, tensor._nr
        tensor._node, tensor._nr = node, 0
        tensor._rg = False
        _keep_retaining(tensor, *before)
        return node
    base, chain, kind = tensor._view
    if base._node is None and not base._rg and kind == "no_grad":
        tensor._view = (base, chain, None)
    slices = CopySlices(node, chain, edge_of(base))
    before, before_base = (tensor._node, tensor._nr), (base._node, base._nr)
    base._node, base._nr = slices, 0
    _keep_retaining(base, *before_base)
    tensor._seen = None  # read the node anew
    tensor._refresh()
    _keep_retaining(tensor, *before)
    return node


def _keep_retaining(tensor, old_node, old_nr) -> None:
    """After a write, retain_grad() means the gradient of the new value."""
    if not tensor._retain or old_node is None or old_node.retained is None:
        return
    reference = old_node.retained.pop(old_nr, None)
    if reference is None:
        return
    node = tensor._node
    if node.retained is None:
        node.retained = {}
    node.retained[tensor._nr] = reference
    node.special = True


def replay(xp, chain, value):
    """The view that `chain` makes of `value` (an array for the engine, a Tensor for `primitives`)."""
    for op, attrs, *index in chain:
        value = op.forward(xp, value, **attrs) if xp is cpu else op(value, **attrs)
        if index:
            value = value[index[0]]
    return value


class CopySlices(Node):
    """A write into part of a base: splits the base's gradient between the writer and the older history."""

    qualified_name = "torch::autograd::CopySlices"

    def __init__(self, writer: Node, chain: tuple, base_edge):
        self.seq = next_seq()
        self.ctx = (writer, chain)
        self.next = (base_edge, *writer.next[1:])
        self.writer_next = writer.next

    def run(self, grads, create_graph):
        from .graph import FREED

        if self.ctx is None or self.ctx[0].ctx is None:
            raise RuntimeError(FREED)
        writer, chain = self.ctx
        xp: Any = primitives if create_graph else cpu
        whole = xp.clone(grads[0])
        part = replay(xp, chain, whole)
        # The writer's first input is the old value of the part: it is needed whenever the base's history is.
        writer.next = (self.next[0], *self.next[1:])
        inner = writer.run((xp.clone(part),), create_graph)
        if self.next[0] is not None:
            if create_graph:
                part.zero_() if inner[0] is None else part.copy_(inner[0])
            elif inner[0] is None:
                cpu.fill(part, value=0)
            else:
                cpu.write(part, inner[0])
        return (whole if self.next[0] is not None else None, *inner[1:])

    def release(self) -> None:
        if self.ctx is not None:
            self.ctx[0].release()
        self.ctx = None
