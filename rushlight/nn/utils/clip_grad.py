"""Clipping: gradients scaled down together to a largest norm, or cut off value by value."""

from __future__ import annotations

import math
import types

from ... import autograd, linalg
from ...creation import tensor
from ...errors import warn_caller
from ...ops.joining import stack
from ...tensor import Tensor


def _gradients(parameters) -> list:
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in parameters if p.grad is not None]


@autograd.no_grad()
def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all values of `tensors` taken as one vector, as a 0-d tensor; 0 when there are none.

    Errors: RuntimeError for a norm that is NaN or infinite, with error_if_nonfinite.
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not tensors:
        return tensor(0.0)
    norm_type = float(norm_type)
    total = linalg.vector_norm(stack([linalg.vector_norm(t, norm_type) for t in tensors], dim=0), norm_type)
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"get_total_norm: the norm of order {norm_type} of the {len(tensors)} tensors is {total.item()}, so they "
            "cannot be clipped to it; pass error_if_nonfinite=False to scale them all the same"
        )
    return total


@autograd.no_grad()
def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None) -> None:
    """Scale the gradients in place by max_norm / (total_norm + 1e-6) where that is below 1."""
    gradients = _gradients(parameters)
    if not gradients:
        return
    scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale)


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scale all gradients of `parameters` in place so that their norm, as one vector, is at most `max_norm`.

    Returns that norm as it was before. Parameters without a gradient do not count.
    Errors: RuntimeError for a norm that is NaN or infinite, with error_if_nonfinite; nothing is scaled then.
    Source: Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063.
    """
    if isinstance(parameters, types.GeneratorType):
        parameters = list(parameters)
        if not parameters:
            warn_caller("clip_grad_norm_: `parameters` is a generator without items; used up before?")
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The former name of `clip_grad_norm_`."""
    warn_caller("clip_grad_norm is deprecated; call clip_grad_norm_", FutureWarning)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@autograd.no_grad()
def clip_grad_value_(parameters, clip_value, foreach=None) -> None:
    """Cut every value of the gradients off, in place, at -clip_value and clip_value."""
    clip_value = float(clip_value)
    for gradient in _gradients(parameters):
        gradient.clamp_(min=-clip_value, max=clip_value)
