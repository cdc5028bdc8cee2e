"""The graph of one call of a model, read from the autograd graph it leaves."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import rushlight


@dataclasses.dataclass
class GraphNode:
    """One box: `name` with the modules around it, separated by slashes; `inputs` are names of other boxes."""

    name: str
    op: str
    inputs: list[str]
    shape: tuple[int, ...] | None = None
    note: str = ""


def _tensors(value: Any) -> Iterator[Any]:
    """The tensors inside nested tuples, lists and dicts."""
    if isinstance(value, rushlight.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _tracked(value: Any) -> Any:
    """`value` with fresh leaves for its tensors; floating ones require grad, so that all of the call is recorded."""
    if isinstance(value, rushlight.Tensor):
        fresh = value.detach()
        return fresh.requires_grad_() if value.is_floating_point() or value.is_complex() else fresh
    if isinstance(value, (tuple, list)):
        return type(value)(_tracked(item) for item in value)
    if isinstance(value, dict):
        return {key: _tracked(item) for key, item in value.items()}
    return value


class _Owners:
    """Which module ran which autograd node: those between a module's inputs and its outputs, innermost module first."""

    def __init__(self, top: str) -> None:
        self.running = [top]
        self.scope: dict[int, str] = {}
        self.shape: dict[int, tuple[int, ...]] = {}
        self.alive: list[Any] = []  # ids stay valid while the nodes live

    def claim(self, values: Any) -> None:
        """Give every node behind `values` that has no owner to the module now running."""
        found = list(_tensors(values))
        pending = [t.grad_fn for t in found]
        for tensor in found:
            if tensor.grad_fn is not None:
                self.shape.setdefault(id(tensor.grad_fn), tuple(tensor.shape))
        while pending:
            node = pending.pop()
            if node is None or hasattr(node, "variable") or id(node) in self.scope:
                continue
            self.scope[id(node)] = self.running[-1]
            self.alive.append(node)
            pending.extend(source for source, _ in node.next_functions)


def module_graph(model: Any, inputs: Any) -> list[GraphNode]:
    """Run `model` once on `inputs` (a tensor or a tuple of arguments) and describe what it did.

    Errors: ValueError without inputs; whatever the model itself raises.
    """
    if inputs is None:
        raise ValueError("add_graph: input_to_model is needed, since the graph is that of one call")
    args = _tracked(tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,))
    top = type(model).__name__
    names = {"": top}
    for name, module in model.named_modules():
        if name:
            parent, _, last = name.rpartition(".")
            names[name] = f"{names[parent]}/{type(module).__name__}[{last}]"
    owners = _Owners(top)
    handles = []

    def before(name: str):
        def hook(module: Any, args: Any) -> None:
            owners.claim(args)
            owners.running.append(name)

        return hook

    def after(module: Any, args: Any, output: Any) -> None:
        owners.claim(output)
        owners.running.pop()

    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(before(names[name])))
        handles.append(module.register_forward_hook(after))
    try:
        with rushlight.enable_grad():
            outputs = model(*args)
    finally:
        for handle in handles:
            handle.remove()
    owners.claim(outputs)
    return _describe(model, names, owners, list(_tensors(args)), list(_tensors(outputs)))


def _describe(model: Any, scopes: dict, owners: _Owners, inputs: list, outputs: list) -> list[GraphNode]:
    """Boxes in the order of computation: inputs, parameters where first used, operations, outputs."""
    boxes: list[GraphNode] = []
    leaf_names: dict[int, str] = {}
    for index, tensor in enumerate(inputs):
        leaf_names[id(tensor)] = f"input/input.{index}"
        boxes.append(GraphNode(leaf_names[id(tensor)], "Input", [], tuple(tensor.shape)))
    parameters = {}
    for name, parameter in model.named_parameters():
        parent, _, last = name.rpartition(".")
        parameters[id(parameter)] = f"{scopes[parent]}/{last}"
    used: dict[str, int] = {}
    made: dict[int, str] = {}

    def leaf(variable: Any) -> str:
        if id(variable) not in leaf_names:
            name = parameters.get(id(variable), f"constant/tensor.{len(leaf_names)}")
            leaf_names[id(variable)] = name
            boxes.append(GraphNode(name, "Parameter", [], tuple(variable.shape)))
        return leaf_names[id(variable)]

    def sources(node: Any) -> list[Any]:
        return [source for source, _ in node.next_functions if source is not None]

    def box(node: Any) -> None:
        op = re.sub(r"Backward\d*$", "", node.title())
        base = f"{owners.scope.get(id(node), scopes[''])}/{op}"
        used[base] = used.get(base, 0) + 1
        made[id(node)] = base if used[base] == 1 else f"{base}_{used[base] - 1}"
        names = [leaf(s.variable) if hasattr(s, "variable") else made[id(s)] for s in sources(node)]
        boxes.append(GraphNode(made[id(node)], op, names, owners.shape.get(id(node))))

    for index, tensor in enumerate(outputs):
        stack = [(tensor.grad_fn, False)] if tensor.grad_fn is not None else []
        while stack:
            node, ready = stack.pop()
            if id(node) in made:
                continue
            if ready:
                box(node)
                continue
            stack.append((node, True))
            stack.extend(
                (s, False) for s in reversed(sources(node)) if not hasattr(s, "variable") and id(s) not in made
            )
        if tensor.grad_fn is not None:
            source = [made[id(tensor.grad_fn)]]
        else:
            source = [leaf_names[id(tensor)]] if id(tensor) in leaf_names else []
        boxes.append(GraphNode(f"output/output.{index}", "Output", source, tuple(tensor.shape)))
    return boxes
