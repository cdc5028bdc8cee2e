"""The backward pass: `run_backward` walks the tape from the roots, newest node first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from .. import engine as engines
from ..dtypes import dtype_title
from ..errors import warn_caller
from .graph import check_outputs, check_versions, raise_freed
from .op import cpu, edge_of, outputs_as_tensors, primitives

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
    if create_graph:
        warn_caller(
            "backward(create_graph=True) ties parameters and gradients into a cycle that keeps both alive. Use "
            "autograd.grad instead, or set .grad to None when it is no longer needed."
        )
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
            if tensor._array.dtype.kind == "c":
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {tensor.dtype}"
                )
            array = engines.one_like(tensor._array)
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


def run_backward(tensors, grads, keep, create_graph, inputs, accumulate) -> list:
    """Walk the tape (native/runtime/backward_pass.cpp); the gradients of `inputs` unless they are accumulated."""
    edges = tuple([edge_of(tensor) for tensor in tensors])
    return engines.run_backward(edges, grads, keep, create_graph, inputs, accumulate)


def _observe(node, value, create_graph):
    """What looks at a node's output gradients: hooks and retain_grad. `value`: a list if there are several outputs."""
    slots = [value] if node.num_outputs == 1 else value
    if node.tensor_hooks is not None:
        for index, hooks in node.tensor_hooks.items():
            if slots[index] is not None:
                slots[index] = _run_tensor_hooks(hooks, slots[index], create_graph)
    if node.pre_hooks:
        slots = _run_pre_hooks(node, slots, create_graph)
    if node.retained is not None:
        for index, reference in node.retained.items():
            tensor = reference()
            if tensor is not None and slots[index] is not None:
                engines.accumulate_grad(tensor, slots[index], create_graph)
    return slots[0] if node.num_outputs == 1 else slots


def _with_zeros(grads, metas, create_graph) -> tuple:
    """The gradients of a node's outputs, zeros for those that were not used."""
    return tuple([_zeros(meta, create_graph) if g is None and meta is not None else g for g, meta in zip(grads, metas)])


def _zeros(meta, create_graph):
    shape, dtype = meta
    array = cpu.zeros(shape, dtype=dtype)
    return _Tensor._wrap(array) if create_graph else array


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


def _recorded(node):
    """A new node, while hooks on saved tensors are in force."""
    from .saved import recorded

    recorded(node)


def _unpacked(node, ctx):
    """What a node saved, taken back from the hooks that hold it."""
    from .saved import unpacked

    return unpacked(node, ctx)


HELPERS = SimpleNamespace(
    engine=cpu,
    primitives=primitives,
    raise_freed=raise_freed,
    check_versions=check_versions,
    check_outputs=check_outputs,
    outputs_as_tensors=outputs_as_tensors,
    run_tensor_hooks=_run_tensor_hooks,
    run_post_hooks=_run_post_hooks,
    observe=_observe,
    with_zeros=_with_zeros,
    anomaly=None,  # autograd/anomaly.py puts its watch here
    recorded=_recorded,
    unpacked=_unpacked,
)
engines.set_autograd_helpers(HELPERS)
