"""The tape: a Node per recorded operation, pointing at the producers of its inputs.

An edge is None (no gradient needed), a leaf tensor (accumulate into its `.grad`), a Node (its only output, or output 0)
or a pair (Node, output index).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ..engine import NodeRecord
from ..utils.hooks import RemovableHandle

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)


class Node(NodeRecord):
    """One recorded operation. `seq` grows with creation, so a node's inputs always have smaller ones."""

    # Fields of NodeRecord, None unless said:
    #   seq, next (the edges), ctx (what backward saved)
    #   extra_shapes   input shapes, when the op broadcast its inputs
    #   num_outputs    1
    #   output_metas   (shape, engine dtype) per output, for the zeros of unused outputs
    #   pre_hooks, post_hooks   on the tuples of output and input gradients
    #   tensor_hooks   output index -> hooks on that tensor
    #   retained       output index -> weak reference to the tensor whose .grad is kept
    #   display_name   what it prints as, if not its class
    #   special        True when hooks or retain_grad watch its output gradients
    op: Any = None
    qualified_name = ""  # name() where it is not the class's

    def name(self) -> str:
        """PyTorch's name of the operation, e.g. AddBackward0."""
        return self.display_name or self.qualified_name or type(self).__name__

    def title(self) -> str:
        """The name without its namespace, as tensors print it."""
        return self.name().rpartition("::")[2]

    @property
    def next_functions(self) -> tuple:
        """((node, output index), ...) of the inputs; (None, 0) where no gradient is needed."""
        return tuple(_public_edge(edge) for edge in self.next)

    @property
    def metadata(self) -> dict:
        return self.__dict__.setdefault("_metadata", {})

    def register_hook(self, hook) -> RemovableHandle:
        """hook(grad_inputs, grad_outputs) runs after this node; a returned tuple replaces grad_inputs."""
        if self.post_hooks is None:
            self.post_hooks = OrderedDict()
        handle = RemovableHandle(self.post_hooks)
        self.post_hooks[handle.id] = hook
        return handle

    def register_prehook(self, hook) -> RemovableHandle:
        """hook(grad_outputs) runs before this node; a returned tuple replaces grad_outputs."""
        if self.pre_hooks is None:
            self.pre_hooks = OrderedDict()
        self.special = True
        handle = RemovableHandle(self.pre_hooks)
        self.pre_hooks[handle.id] = hook
        return handle

    def release(self) -> None:
        """Drop what backward saved."""
        self.ctx = None

    def run(self, grads: tuple, create_graph: bool) -> tuple:
        """Gradients of the inputs from those of the outputs: arrays, or Tensors under create_graph."""
        raise RuntimeError(f"{self.name()} cannot be run")

    def __repr__(self) -> str:
        return f"<{self.title()} object at {id(self):#x}>"


class AccumulateGrad(Node):
    """What `next_functions` shows for a leaf: the place where its gradient is added up."""

    qualified_name = "torch::autograd::AccumulateGrad"

    def __init__(self, variable):
        self.seq = -1
        self.next = ()
        self.ctx = None
        self.variable = variable

    def __eq__(self, other) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return hash(id(self.variable))


def _public_edge(edge) -> tuple:
    if edge is None:
        return (None, 0)
    if isinstance(edge, tuple):
        return edge
    return (edge, 0) if isinstance(edge, Node) else (AccumulateGrad(edge), 0)


def check_versions(node: Node, saved: tuple, versions: tuple | None) -> None:
    """RuntimeError when a saved tensor was modified in place since it was saved (numbers are passed over)."""
    for i, tensor in enumerate(saved):
        cell = getattr(tensor, "_cell", None)
        if cell is not None:
            expected = 0 if versions is None else versions[i]
            if cell[0] != expected:
                raise modified(node, tensor._dtype_shape(), cell[0], expected)


def check_outputs(node: Node, cells: tuple, arrays: tuple) -> None:
    """RuntimeError when an output that backward needs was modified in place."""
    for (cell, version), array in zip(cells, arrays):
        if cell[0] != version:
            raise modified(node, f"output of shape {list(array.shape)}", cell[0], version)


def raise_freed() -> None:
    raise RuntimeError(FREED)


def modified(node: Node, what: str, now: int, expected: int) -> RuntimeError:
    return RuntimeError(
        f"one of the variables needed for gradient computation has been modified by an inplace operation: [{what}], "
        f"saved by {node.name()}, is at version {now}; expected version {expected} instead. Hint: change the in-place "
        "operation into an out-of-place one, or clone the tensor before it."
    )


_HOOKS = "disable_saved_tensors_hooks increment_version save_on_cpu saved_tensors_hooks".split()


def __getattr__(name):
    """What few programs use is imported on first use."""
    if name not in _HOOKS:
        raise AttributeError(f"module 'rushlight.autograd.graph' has no attribute '{name}'")
    from . import saved

    return getattr(saved, name)
