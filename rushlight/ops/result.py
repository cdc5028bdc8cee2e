"""The out= argument of public functions."""

from __future__ import annotations

import warnings

from ..autograd.inplace import bump
from ..autograd.mode import mode
from ..autograd.op import cpu
from ..dtypes import can_cast, dtype_title


def into(out, result):
    """Write `result` into the tensor `out` and return it; `out` is resized if its shape differs."""
    if mode.enabled and (out.requires_grad or result.requires_grad):
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad."
        )
    if not can_cast(result.dtype, out.dtype):
        raise RuntimeError(
            f"result type {dtype_title(result.dtype)} can't be cast to the desired output type {dtype_title(out.dtype)}"
        )
    if out._array.shape != result._array.shape:
        if out._array.size:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does "
                f"not match the required output shape {list(result.shape)}. Pass an empty tensor or one of the right "
                "shape.",
                stacklevel=3,
            )
        out._array = cpu.empty(result._array.shape, out._array.dtype)
    cpu.write(out._array, result._array)
    bump(out)
    return out
