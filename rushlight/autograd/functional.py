"""Derivatives of functions: vjp, jvp, jacobian, hessian, hvp, vhp."""

from __future__ import annotations

from ..autograd.op import cpu, primitives
from ..tensor import Tensor
from .backward import grad
from .mode import enable_grad


def _tuple(value, what: str, name: str) -> tuple[bool, tuple]:
    single = isinstance(value, Tensor)
    values = (value,) if single else tuple(value)
    for i, v in enumerate(values):
        if not isinstance(v, Tensor):
            raise TypeError(
                f"The {name} given to {what} must be either a Tensor or a tuple of Tensors but the value at "
                f"index {i} has type {type(v)}."
            )
    return not single, values


def _fresh(inputs, create_graph: bool) -> tuple:
    """Inputs whose gradient can be asked for: views of those given, or detached copies."""
    if create_graph:
        return tuple(primitives.alias(t) if t.requires_grad else t.detach().requires_grad_() for t in inputs)
    return tuple(t.detach().requires_grad_() for t in inputs)


def _zeros(tensor) -> Tensor:
    return Tensor._wrap(cpu.zeros_like(tensor._array))


def _gradients(outputs, inputs, cotangents, create_graph, strict) -> tuple:
    pairs = [(o, v) for o, v in zip(outputs, cotangents) if o.requires_grad]
    if not pairs:
        found: tuple = (None,) * len(inputs)
    else:
        found = grad(
            [o for o, _ in pairs],
            inputs,
            [v for _, v in pairs],
            create_graph=create_graph,
            retain_graph=True,
            allow_unused=True,
        )
    if strict and any(g is None for g in found):
        raise RuntimeError(
            "The output of the user-provided function is independent of an input. This is not allowed in strict mode."
        )
    return tuple(_zeros(t) if g is None else g for t, g in zip(inputs, found))


def _given(v, shapes, what):
    if v is None:
        if len(shapes) != 1 or shapes[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                f"element ({what})."
            )
        return (Tensor._wrap(cpu.full(shapes[0]._array.shape, value=1, dtype=shapes[0]._array.dtype)),)
    values = _tuple(v, what, "v")[1]
    for i, (a, b) in enumerate(zip(values, shapes)):
        if a.shape != b.shape:
            raise RuntimeError(f"Entry {i} of v has size {a.shape}, expected {b.shape} ({what})")
    if len(values) != len(shapes):
        raise RuntimeError(f"v has {len(values)} entries, expected {len(shapes)} ({what})")
    return values


def _shaped(many: bool, values):
    return tuple(values) if many else values[0]


def _detached(create_graph, value):
    if isinstance(value, tuple):
        return tuple(_detached(create_graph, v) for v in value)
    return value if create_graph else value.detach()


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """(outputs, v^T J): the product of a vector with the Jacobian of func at inputs, by one backward pass."""
    with enable_grad():
        many, inputs = _tuple(inputs, "vjp", "inputs")
        fresh = _fresh(inputs, create_graph)
        many_out, outputs = _tuple(func(*fresh), "vjp", "outputs")
        product = _gradients(outputs, fresh, _given(v, outputs, "vjp"), create_graph, strict)
    return _detached(create_graph, _shaped(many_out, outputs)), _detached(create_graph, _shaped(many, product))


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """(outputs, J v): the directional derivative, by differentiating v^T J once more."""
    with enable_grad():
        many, inputs = _tuple(inputs, "jvp", "inputs")
        fresh = _fresh(inputs, create_graph)
        many_out, outputs = _tuple(func(*fresh), "jvp", "outputs")
        direction = _given(v, inputs, "jvp")
        dummies = tuple(_zeros(o).requires_grad_() for o in outputs)
        transposed = _gradients(outputs, fresh, dummies, True, strict)
        product = _gradients(transposed, dummies, direction, create_graph, False)
    return _detached(create_graph, _shaped(many_out, outputs)), _detached(create_graph, _shaped(many_out, product))


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """d outputs / d inputs: shape output.shape + input.shape, nested in tuples as outputs and inputs are."""
    with enable_grad():
        many, inputs = _tuple(inputs, "jacobian", "inputs")
        fresh = _fresh(inputs, create_graph)
        many_out, outputs = _tuple(func(*fresh), "jacobian", "outputs")
        result = []
        for output in outputs:
            rows: list[list] = [[] for _ in fresh]
            for k in range(output.numel()):
                direction = cpu.zeros((output.numel(),), output._array.dtype)
                direction[k] = 1
                cotangent = Tensor._wrap(cpu.reshape(direction, shape=output._array.shape))
                for column, g in zip(rows, _gradients((output,), fresh, (cotangent,), create_graph, strict)):
                    column.append(g)
            blocks = []
            for column, t in zip(rows, fresh):
                shape = tuple(output.shape) + tuple(t.shape)
                stacked = primitives.stack(column, dim=0) if column else t.new_zeros((0,))
                blocks.append(primitives.reshape(stacked, shape=shape))
            result.append(_shaped(many, blocks))
    return _detached(create_graph, _shaped(many_out, result))


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """Second derivatives of a function with one scalar output: shape input.shape + input.shape."""
    many, inputs = _tuple(inputs, "hessian", "inputs")

    def gradient(*values):
        output = func(*values)
        if not isinstance(output, Tensor) or output.numel() != 1:
            raise RuntimeError("The Tensor returned by the function given to hessian should contain a single element")
        return _gradients(
            (output.reshape(()),),
            values,
            (Tensor._wrap(cpu.full((), value=1, dtype=output._array.dtype)),),
            True,
            strict,
        )

    result = jacobian(gradient, inputs, create_graph=create_graph)
    return result if many else result[0][0]


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """(output, v^T H)."""
    with enable_grad():
        many, inputs = _tuple(inputs, "vhp", "inputs")
        fresh = _fresh(inputs, create_graph)
        output = func(*fresh)
        if not isinstance(output, Tensor) or output.numel() != 1:
            raise RuntimeError("The Tensor returned by the function given to vhp should contain a single element")
        first = _gradients((output,), fresh, _given(None, (output,), "vhp"), True, strict)
        product = _gradients(first, fresh, _given(v, inputs, "vhp"), create_graph, strict)
    return _detached(create_graph, output), _detached(create_graph, _shaped(many, product))


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """(output, H v); equal to vhp where second derivatives are continuous, which is how it is computed."""
    return vhp(func, inputs, v, create_graph, strict)
