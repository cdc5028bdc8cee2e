"""Limits: clamp, clamp_min, clamp_max, clip."""

from __future__ import annotations

from ..autograd.inplace import apply_inplace
from ..autograd.op import METHODS, Op, OpType, primitives, public
from ..tensor import Tensor
from . import promote
from .elementwise import _check_written, _plain, fit_operand, maximum, minimum
from .result import into


class clamp_numbers(Op):
    """Clamp to numbers; the gradient passes inside the closed interval."""

    name, inputs, grad_name = "clamp", 1, "ClampBackward1"
    out = True

    def forward(xp, a, *, min, max, out=None):
        return xp.clamp(a, min=min, max=max) if out is None else xp.clamp(a, min=min, max=max, out=out)

    def backward(xp, g, saved, need, *, min, max):
        return _clamp_backward(xp, g, saved[0], min, max)


def _clamp_backward(xp, g, a, min, max):
    inside = None
    if min is not None:
        inside = xp.ge(a, min)
    if max is not None:
        below = xp.le(a, max)
        inside = below if inside is None else xp.logical_and(inside, below)
    return (xp.where(inside, g, xp.mul(g, 0)),)


def _one_sided(bound):
    """clamp_min and clamp_max have nodes of their own."""

    def forward(xp, a, *, min, max, out=None):
        return xp.clamp(a, min=min, max=max) if out is None else xp.clamp(a, min=min, max=max, out=out)

    body = {
        "name": f"clamp_{bound}",
        "inputs": 1,
        "grad_name": f"Clamp{bound.title()}Backward0",
        "out": True,
        "forward": forward,
        "backward": lambda xp, g, saved, need, *, min, max: _clamp_backward(xp, g, saved[0], min, max),
    }
    return OpType(f"clamp_{bound}", (Op,), body)


_clamp_min_op, _clamp_max_op = _one_sided("min"), _one_sided("max")


@public(method=True)
def clamp(input, min=None, max=None, *, out=None):  # noqa: A002
    """Limit every element to [min, max]; each bound a number, a tensor or None. Where min > max, the result is max."""
    return _clamped(primitives.clamp, input, min, max, out)


def _real(bound):
    if isinstance(bound, complex):
        raise RuntimeError(f"clamp(): value cannot be converted to type double without overflow: {bound}")
    return bound


def _number_bound(name, bound):
    if isinstance(bound, Tensor):
        if bound._array.ndim or bound.requires_grad:
            raise TypeError(
                f"clamp(): 'min' and 'max' must be two numbers or two tensors, got '{name}' as a tensor of shape "
                f"{list(bound.shape)} and the other as a number"
            )
        return bound.item()
    return bound


def _clamped(op, input, min, max, out):
    plain = (min is None or _plain(min)) and (max is None or _plain(max))
    if plain and out is None and input._array.dtype.char in "fd" and not min is max is None:
        return op(input, min=min, max=max)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if min is not None and max is not None and isinstance(min, Tensor) != isinstance(max, Tensor):
        min, max = _number_bound("min", min), _number_bound("max", max)
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        result = input
        if min is not None:
            result = maximum(result, min if isinstance(min, Tensor) else Tensor._scalar(min, result))
        if max is not None:
            result = minimum(result, max if isinstance(max, Tensor) else Tensor._scalar(max, result))
    else:
        bounds = [_real(v) for v in (min, max) if v is not None]
        dtype = promote.result_type(input, *bounds)
        result = op(
            promote.to_dtype(input, dtype),
            min=None if min is None else promote.fitting(min, dtype),
            max=None if max is None else promote.fitting(max, dtype),
        )
    return result if out is None else into(out, result)


public(method=True, name="clip")(clamp)


@public(method="clamp_", function=False)
def _clamp_(self, min=None, max=None):  # noqa: A002
    """In-place clamp."""
    if isinstance(min, Tensor) or isinstance(max, Tensor) or (min is None and max is None):
        result = clamp(primitives.clone(self), min, max)
        _check_written(result.dtype, self.dtype)
        return self.copy_(result)
    if not (self._array.dtype.char in "fd" and (min is None or _plain(min)) and (max is None or _plain(max))):
        for bound in (min, max):
            if bound is not None:
                fit_operand(self, _real(bound), "clamp_")
        min, max = (None if bound is None else promote.fitting(bound, self.dtype) for bound in (min, max))
    return apply_inplace(primitives.clamp, self, min=min, max=max)


METHODS["clip_"] = _clamp_


@public(method=True)
def clamp_min(input, min, *, out=None):  # noqa: A002
    """Every element at least `min`."""
    return _clamped(_clamp_min_op, input, min, None, out)


@public(method=True)
def clamp_max(input, max, *, out=None):  # noqa: A002
    """Every element at most `max`."""
    return _clamped(_clamp_max_op, input, None, max, out)


@public(method="clamp_min_", function=False)
def _clamp_min_(self, min):  # noqa: A002
    return _clamp_(self, min, None)


@public(method="clamp_max_", function=False)
def _clamp_max_(self, max):  # noqa: A002
    return _clamp_(self, None, max)
