"""The backward pass: `run_backward` walks the tape from the roots, newest node first."""

from __future__ import annotations

import heapq
from typing import Any

from ..dtypes import dtype_title
from .graph import Node
from .mode import mode
from .op import cpu, edge_of, primitives

_Tensor: Any = None


def _bind_tensor(tensor_class) -> None:
    global _Tensor
    _Tensor = tensor_class


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    """Add the gradients of `tensors` to the `.grad` of the leaves they depend on (only of `inputs` if given).

    RuntimeError if a tensor needs no grad, if it is not a scalar and has no grad_tensor, or if the graph was freed.
    """
    if grad_variables is not None:
        grad_tensors = grad_variables
    tensors = (tensors,) if isinstance(tensors, _Tensor) else tuple(tensors)
    if inputs is not None:
        inputs = (inputs,) if isinstance(inputs, _Tensor) else tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    grads = _initial_grads(tensors, grad_tensors, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    run_backward(tensors, grads, keep, create_graph, inputs, accumulate=True)


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    only_inputs=True,
    allow_unused=None,
    is_grads_batched=False,
    materialize_grads=False,
):
    """The gradients of `outputs` with respect to `inputs`, as a tuple; no `.grad` is touched.

    RuntimeError when an input is unused in the graph, unless allow_unused (None there) or materialize_grads (zeros).
    """
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    outputs = (outputs,) if isinstance(outputs, _Tensor) else tuple(outputs)
    inputs = (inputs,) if isinstance(inputs, _Tensor) else tuple(inputs)
    if grad_outputs is not None and isinstance(grad_outputs, _Tensor):
        grad_outputs = (grad_outputs,)
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(outputs, inputs, grad_outputs, keep, create_graph, allow_unused, materialize_grads)
    for tensor in inputs:
        if not tensor.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    grads = _initial_grads(outputs, grad_outputs, create_graph)
    found = run_backward(outputs, grads, keep, create_graph, inputs, accumulate=False)
    results = []
    for tensor, value in zip(inputs, found):
        if value is None:
            if not allow_unused:
                raise RuntimeError(
                    "One of the differentiated Tensors appears to not have been used in the graph. Set "
                    "allow_unused=True if this is the desired behavior."
                )
            if materialize_grads:
                value = _Tensor._wrap(cpu.zeros(tensor._array.shape, dtype=tensor._array.dtype))
                value._rg = create_graph
        elif not isinstance(value, _Tensor):
            value = _Tensor._wrap(value)
        results.append(value)
    return tuple(results)


def _batched(outputs, inputs, grad_outputs, keep, create_graph, allow_unused, materialize_grads):
    """One backward pass per item of the leading dimension of grad_outputs, results stacked."""
    count = grad_outputs[0].shape[0]
    rows = []
    for i in range(count):
        last = i == count - 1
        rows.append(
            grad(
                outputs,
                inputs,
                tuple(None if g is None else g[i] for g in grad_outputs),
                keep or not last,
                create_graph,
                allow_unused=allow_unused,
                materialize_grads=materialize_grads,
            )
        )
    return tuple(None if column[0] is None else primitives.stack(column, dim=0) for column in zip(*rows))


def _initial_grads(tensors, grad_tensors, create_graph) -> list:
    if grad_tensors is None:
        grad_tensors = (None,) * len(tensors)
    elif isinstance(grad_tensors, _Tensor):
        grad_tensors = (grad_tensors,)
    if len(grad_tensors) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(grad_tensors)} gradients")
    result: list = []
    for i, (tensor, given) in enumerate(zip(tensors, grad_tensors)):
        if tensor._view is not None:
            tensor._refresh()
        if tensor._node is None and not tensor._rg:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        if given is None:
            if tensor._array.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if tensor.dtype.is_complex:
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {tensor.dtype}"
                )
            array = cpu.full(tensor._array.shape, value=1, dtype=tensor._array.dtype)
            result.append(_Tensor._wrap(array) if create_graph else array)
            continue
        if not isinstance(given, _Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(given).__name__}")
        if given.shape != tensor.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {given.shape} and output[{i}] has a shape of "
                f"{tensor.shape}."
            )
        if given.dtype.is_complex != tensor.dtype.is_complex:
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: grad_output[{i}] has a dtype of {given.dtype} and output[{i}] has a dtype of {tensor.dtype}."
            )
        if given.dtype is not tensor.dtype:
            given = given.to(tensor.dtype)
        result.append(given if create_graph else given._array)
    return result


def _split(edge):
    return edge if type(edge) is tuple else (edge, 0)


class _Pass:
    """State of one backward pass. Keys of the tables are nodes and leaf tensors, by identity."""

    def __init__(self, keep, create_graph, accumulate, inputs):
        self.keep = keep
        self.create_graph = create_graph
        self.accumulate = accumulate
        self.xp: Any = primitives if create_graph else cpu
        self.waiting: dict = {}  # consumers that have not yet delivered
        self.buffers: dict = {}  # gradient so far; a list of them for nodes with several outputs
        self.owned: set = set()  # buffers this pass allocated by adding, free to add into
        self.ready: list = []  # heap of (-seq, node)
        self.captures: dict = {}  # node or leaf -> [(output index, position in inputs)]
        self.inputs = inputs
        self.found: list = []
        self.wanted: Any = None  # nodes on a path to an input; None: all

    def count(self, roots) -> None:
        """Count the deliveries that every node and leaf reachable from the roots will get."""
        waiting = self.waiting
        stack: list = []
        edges = roots
        while True:
            for edge in edges:
                if edge is None:
                    continue
                target = edge[0] if type(edge) is tuple else edge
                known = waiting.get(target)
                if known is not None:
                    waiting[target] = known + 1
                    continue
                waiting[target] = 1
                if isinstance(target, Node):
                    stack.append(target)
            if not stack:
                return
            edges = stack.pop().next

    def restrict(self, inputs) -> None:
        """Only nodes from which an input can be reached need to run."""
        for position, tensor in enumerate(inputs):
            edge = edge_of(tensor)
            if edge is None:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
            target, index = _split(edge)
            self.captures.setdefault(target, []).append((index, position))
        self.found = [None] * len(inputs)
        nodes = sorted([t for t in self.waiting if isinstance(t, Node)], key=lambda n: n.seq)  # inputs first
        wanted = self.wanted = {t for t in self.captures if t in self.waiting}
        for node in nodes:
            if node not in wanted and self.leads_on(node):
                wanted.add(node)

    def leads_on(self, node) -> bool:
        """Whether an input lies strictly beyond `node`."""
        return any(edge is not None and _split(edge)[0] in self.wanted for edge in node.next)

    def deliver(self, edge, value) -> None:
        """Hand a gradient (None: there is none) along an edge; run what has then heard from all its consumers."""
        if type(edge) is tuple:
            target, index = edge
        else:
            target, index = edge, 0
        if value is not None:
            have = self.buffers.get(target)
            if isinstance(target, Node) and target.num_outputs != 1:
                if have is None:
                    have = self.buffers[target] = [None] * target.num_outputs
                have[index] = value if have[index] is None else self.xp.add(have[index], value)
            elif have is None:
                self.buffers[target] = value
            elif target in self.owned and have.dtype == value.dtype:
                cpu.add(have, value, out=have)
            else:
                self.buffers[target] = self.xp.add(have, value)
                if not self.create_graph:
                    self.owned.add(target)
        left = self.waiting[target] - 1
        self.waiting[target] = left
        if left == 0:
            if isinstance(target, Node):
                heapq.heappush(self.ready, (-target.seq, target))
            else:
                self.finish_leaf(target)

    def finish_leaf(self, leaf) -> None:
        """All gradients of a leaf are in: run its hooks, then capture or accumulate."""
        value = self.buffers.pop(leaf, None)
        if value is None:
            return
        if leaf._hooks:
            value = _run_tensor_hooks(leaf._hooks, value, self.create_graph)
        if self.wanted is not None:
            for _, position in self.captures.get(leaf, ()):
                self.found[position] = value
            if leaf not in self.captures:
                return
        if self.accumulate:
            accumulate_grad(leaf, value, self.create_graph)

    def run_node(self, node: Node) -> None:
        value = self.buffers.pop(node, None)
        if value is not None and (node.special or node in self.captures):
            value = self.observe(node, value)
        if value is None or (self.wanted is not None and not self.leads_on(node)):
            for edge in node.next:
                if edge is not None:
                    self.deliver(edge, None)
            return
        if node.num_outputs == 1:
            grads = (value,)
        else:
            grads = tuple(value)
            if node.output_metas is not None:
                grads = tuple(
                    [
                        self.zeros(meta) if g is None and meta is not None else g
                        for g, meta in zip(grads, node.output_metas)
                    ]
                )
        del value
        results = node.run(grads, self.create_graph)
        if node.post_hooks:
            results = _run_post_hooks(node, results, grads, self.create_graph)
        if not self.keep:
            node.release()
        del grads
        deliver = self.deliver
        remaining = list(results)
        del results
        for position, edge in enumerate(node.next):
            if edge is not None:
                value, remaining[position] = remaining[position], None  # the gradient's only reference travels on
                deliver(edge, value)
                del value

    def observe(self, node, value):
        """What looks at a node's output gradients: hooks, retain_grad, requested inputs."""
        slots = [value] if node.num_outputs == 1 else value
        if node.tensor_hooks is not None:
            for index, hooks in node.tensor_hooks.items():
                if slots[index] is not None:
                    slots[index] = _run_tensor_hooks(hooks, slots[index], self.create_graph)
        if node.pre_hooks:
            slots = _run_pre_hooks(node, slots, self.create_graph)
        if node.retained is not None:
            for index, reference in node.retained.items():
                tensor = reference()
                if tensor is not None and slots[index] is not None:
                    accumulate_grad(tensor, slots[index], self.create_graph)
        for index, position in self.captures.get(node, ()):
            if slots[index] is not None:
                self.found[position] = slots[index]
                if self.accumulate:
                    accumulate_grad(self.inputs[position], slots[index], self.create_graph)
        return slots[0] if node.num_outputs == 1 else slots

    def zeros(self, meta):
        shape, dtype = meta
        array = cpu.zeros(shape, dtype=dtype)
        return _Tensor._wrap(array) if self.create_graph else array


def run_backward(tensors, grads, keep, create_graph, inputs, accumulate) -> list:
    state = _Pass(keep, create_graph, accumulate, inputs)
    roots = [edge_of(tensor) for tensor in tensors]
    state.count(roots)
    if inputs is not None:
        state.restrict(inputs)
    previous = mode.enabled
    mode.enabled = create_graph
    ready = state.ready
    try:
        for position, edge in enumerate(roots):
            value, grads[position] = grads[position], None
            state.deliver(edge, value)
            del value
        while ready:
            state.run_node(heapq.heappop(ready)[1])
    finally:
        mode.enabled = previous
    return state.found


def accumulate_grad(leaf, value, create_graph: bool) -> None:
    """leaf.grad = leaf.grad + value; the array is taken over when nobody else holds it."""
    old = leaf._grad
    if create_graph:
        new = value if isinstance(value, _Tensor) else _Tensor._wrap(value)
        leaf._grad = new if old is None else primitives.add(old, new)
    else:
        array = value._array if isinstance(value, _Tensor) else value
        del value
        if old is None:
            leaf._grad = _Tensor._wrap(cpu.claim(array))
        elif old._node is None and not old._rg:
            cpu.add(old._array, array, out=old._array)
            if old._cell is not None:
                old._cell[0] += 1
        else:
            leaf._grad = _Tensor._wrap(cpu.add(old._array, array))
    hooks = leaf.__dict__.get("_post_accumulate_grad_hooks")
    if hooks:
        for hook in tuple(hooks.values()):
            hook(leaf)


def _as_tensor(value):
    return value if value is None or isinstance(value, _Tensor) else _Tensor._wrap(value)


def _run_tensor_hooks(hooks, value, create_graph):
    tensor = _as_tensor(value)
    for hook in tuple(hooks.values()):
        result = hook(tensor)
        if result is None:
            continue
        if not isinstance(result, _Tensor):
            raise TypeError(f"expected Tensor, but hook returned '{type(result).__name__}'")
        if result.shape != tensor.shape:
            raise RuntimeError(
                f"hook '{getattr(hook, '__name__', hook)}' has changed the size of value: got {list(result.shape)}, "
                f"expected {list(tensor.shape)}"
            )
        if result.dtype is not tensor.dtype:
            raise RuntimeError(
                f"hook '{getattr(hook, '__name__', hook)}' has changed the type of value (was "
                f"torch.{dtype_title(tensor.dtype)}Tensor got torch.{dtype_title(result.dtype)}Tensor)"
            )
        tensor = result
    return tensor if create_graph else tensor._array


def _run_pre_hooks(node, slots, create_graph):
    values = tuple(_as_tensor(g) for g in slots)
    for hook in tuple(node.pre_hooks.values()):
        result = hook(values)
        if result is not None:
            values = result if isinstance(result, tuple) else (result,)
    return list(values) if create_graph else [None if g is None else g._array for g in values]


def _run_post_hooks(node, results, slots, create_graph):
    outputs = tuple(_as_tensor(g) for g in slots)
    values = tuple(_as_tensor(g) for g in results)
    for hook in tuple(node.post_hooks.values()):
        result = hook(values, outputs)
        if result is not None:
            values = result if isinstance(result, tuple) else (result,)
    return values if create_graph else tuple(None if g is None else g._array for g in values)
