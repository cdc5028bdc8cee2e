"""Check analytical gradients against finite differences, in float64: `gradcheck` and `gradgradcheck`."""

from __future__ import annotations

from typing import Any

from ..autograd.op import cpu
from ..tensor import Tensor
from .backward import grad
from .mode import no_grad


class GradcheckError(RuntimeError):
    """A gradient disagrees with finite differences, or an argument makes the check meaningless."""


def _tensors(value) -> list[Tensor]:
    values = value if isinstance(value, (tuple, list)) else (value,)
    return [v for v in values if isinstance(v, Tensor)]


def _differentiable(value) -> list[Tensor]:
    return [t for t in _tensors(value) if t._is_differentiable()]


def gradcheck(
    func,
    inputs,
    *,
    eps: float = 1e-06,
    atol: float = 1e-05,
    rtol: float = 0.001,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """True if the gradient of every output by every input agrees with (f(x + eps) - f(x - eps)) / (2 eps).

    Inputs that require grad should be float64: in float32 the differences drown in rounding. The whole Jacobian is
    compared, also in fast_mode. check_undefined_grad, check_grad_dtypes and masked change nothing: gradients are dense,
    have their tensor's dtype, and are never undefined here. Errors: GradcheckError (or False without raise_exception)
    on disagreement; ValueError when no input requires grad, or for a check that does not exist here (forward mode,
    batched gradients).
    """
    if check_forward_ad or check_batched_grad or check_batched_forward_grad or not check_backward_ad:
        raise ValueError("gradcheck: only reverse-mode gradients can be checked, not forward mode or batched gradients")
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    checked = [t for t in _tensors(inputs) if t.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    try:
        outputs = _differentiable(func(*inputs))
        for i, output in enumerate(outputs):
            if not output.requires_grad:
                continue
            for j, tensor in enumerate(checked):
                _compare(func, inputs, i, j, output, tensor, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _compare(func, inputs, i, j, output, tensor, eps, atol, rtol, nondet_tol) -> None:
    analytical = _analytical(output, tensor)
    again = _analytical(output, tensor)
    numerical = _numerical(func, inputs, i, tensor, eps)
    for row, repeated, expected in zip(analytical, again, numerical):
        if any(abs(a - b) > nondet_tol for a, b in zip(row, repeated)):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output twice "
                "gives different values, although analytical gradient matches numerical gradient."
            )
        for a, n in zip(row, expected):
            if not abs(a - n) <= atol + rtol * abs(n):
                raise GradcheckError(
                    f"Jacobian mismatch for output {i} with respect to input {j},\nnumerical:{numerical}\n"
                    f"analytical:{analytical}\n"
                )


def _analytical(output, tensor) -> list[list]:
    """One row of the Jacobian per output element, by backward."""
    rows = []
    for k in range(output.numel()):
        direction = cpu.zeros((output.numel(),), output._array.dtype)
        direction[k] = 1
        cotangent = Tensor._wrap(cpu.reshape(direction, shape=output._array.shape))
        (g,) = grad([output], [tensor], [cotangent], retain_graph=True, allow_unused=True)
        rows.append([0.0] * tensor.numel() if g is None else g.reshape(-1).tolist())
    return rows


def _numerical(func, inputs, i, tensor, eps) -> list[list]:
    """The same rows by central differences; the input's memory is changed element by element and restored."""
    columns = []
    flat = tensor._array
    with no_grad():
        for position in _positions(flat.shape):
            value = flat[position]
            flat[position] = value + eps
            above = _differentiable(func(*inputs))[i]._array.reshape(-1).astype("float64")
            flat[position] = value - eps
            below = _differentiable(func(*inputs))[i]._array.reshape(-1).astype("float64")
            flat[position] = value
            columns.append(((above - below) / (2 * eps)).tolist())
    return [list(row) for row in zip(*columns)]


def _positions(shape):
    positions: list[tuple] = [()]
    for size in shape:
        positions = [p + (k,) for p in positions for k in range(size)]
    return positions


def gradgradcheck(
    func,
    inputs,
    grad_outputs=None,
    *,
    eps: float = 1e-06,
    atol: float = 1e-05,
    rtol: float = 0.001,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    **options: Any,
) -> bool:
    """gradcheck of the gradient itself: of (inputs, grad_outputs) -> the gradients of the inputs."""
    from ..ops.sampling import randn_like
    from .mode import enable_grad

    inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    outputs = [o for o in _differentiable(func(*inputs)) if o.requires_grad]
    if grad_outputs is None:
        cotangents = [randn_like(o).requires_grad_() for o in outputs]
    else:
        cotangents = list(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else [grad_outputs]

    def gradients(*args):
        values, directions = args[: len(inputs)], args[len(inputs) :]
        made = [o for o in _differentiable(func(*values)) if o.requires_grad]
        wanted = [v for v in values if isinstance(v, Tensor) and v.requires_grad]
        return tuple(g for g in grad(made, wanted, directions, create_graph=True, allow_unused=True) if g is not None)

    def recorded(*args):
        with enable_grad():  # finite differences run this under no_grad, but it differentiates inside
            return gradients(*args)

    return gradcheck(
        recorded, (*inputs, *cotangents), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, **options
    )
