"""Linear and bilinear maps as functions."""

from __future__ import annotations

from ...autograd.op import shortcut
from ...ops import addmm
from ...ops.contraction import bilinear
from ...tensor import Tensor

__all__ = ["bilinear", "linear"]


@shortcut("linear", "linear_addmm", "linear")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y = input @ weight.T + bias, over the last dimension.

    Shapes: input (*, in), weight (out, in) or (in,), bias (out,) or None -> (*, out) or (*). One fused product.
    Errors: RuntimeError when the inner sizes or dtypes differ.
    """
    return addmm.linear(input, weight, bias)
