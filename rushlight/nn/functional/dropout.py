"""Dropout as functions: by element, by channel, and the kind that keeps SELU's mean and variance."""

from __future__ import annotations

import warnings

from ...ops import noise
from ...tensor import Tensor

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def _check_p(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each element with probability p and scale the others by 1 / (1 - p), also outside of any module.

    Pass `training=self.training` to follow a module's mode. Errors: ValueError for p outside [0, 1].
    """
    _check_p(p)
    return (noise.dropout_ if inplace else noise.dropout)(input, p, training)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps mean 0 and variance 1; see `rushlight.alpha_dropout`."""
    _check_p(p)
    return (noise.alpha_dropout_ if inplace else noise.alpha_dropout)(input, p, training)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels of an input (N, C, ...)."""
    _check_p(p)
    return (noise.feature_alpha_dropout_ if inplace else noise.feature_alpha_dropout)(input, p, training)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of an input (N, C, L) or (C, L) with probability p.

    Errors: ValueError for p outside [0, 1]; RuntimeError for other numbers of dimensions.
    """
    _check_p(p)
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note that dropout1d exists to "
            "provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional "
            "batch dimension (i.e. 2D or 3D inputs)."
        )
    return _by_channel(input, p, training, inplace, batched=input.dim() == 3)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of an input (N, C, H, W) with probability p.

    A 3-D input is read as (N, C, L), with a warning; so are, for now, other numbers of dimensions.
    Errors: ValueError for p outside [0, 1].
    """
    _check_p(p)
    if input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    elif input.dim() != 4:
        _warn_dims("dropout2d", input.dim(), 2, "3D or 4D")
    return _by_channel(input, p, training, inplace, batched=True)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of an input (N, C, D, H, W) or (C, D, H, W) with probability p.

    Other numbers of dimensions warn. Errors: ValueError for p outside [0, 1].
    """
    _check_p(p)
    if input.dim() not in (4, 5):
        _warn_dims("dropout3d", input.dim(), 3, "4D or 5D")
    return _by_channel(input, p, training, inplace, batched=input.dim() == 5)


def _warn_dims(op: str, got: int, spatial: int, expected: str) -> None:
    warnings.warn(
        f"{op}: Received a {got}-D input to {op}, which is deprecated and will result in an error in a future release. "
        f"To retain the behavior and silence this warning, please use dropout instead. Note that {op} exists to "
        f"provide channel-wise dropout on inputs with {spatial} spatial dimensions, a channel dimension, and an "
        f"optional batch dimension (i.e. {expected} inputs).",
        stacklevel=3,
    )


def _by_channel(input: Tensor, p: float, training: bool, inplace: bool, batched: bool) -> Tensor:
    if batched:
        return (noise.feature_dropout_ if inplace else noise.feature_dropout)(input, p, training)
    if inplace:
        return noise.feature_dropout_(input.unsqueeze_(0), p, training).squeeze_(0)
    return noise.feature_dropout(input.unsqueeze(0), p, training).squeeze(0)
