"""F.pad: grow or crop the trailing axes."""

from __future__ import annotations

import operator

from ...autograd.op import primitives
from ...dtypes import bool_
from ...errors import brackets
from ...ops.padding import EDGES
from ...ops.promote import fitting
from ...tensor import Tensor

_KERNELS = {"reflect": "reflection_pad", "replicate": "replication_pad"}


def pad(input, pad, mode="constant", value=None):
    """Pad the trailing axes of `input`; `pad` is (before, after) of the last axis, then of the one before it, and so
    on.

    mode 'constant' fills with `value` (0); 'reflect' mirrors without repeating the border, 'replicate' repeats the
    border value, 'circular' wraps around. The latter three pad 1, 2 or 3 axes of an input with one or two axes more.
    Negative widths crop.
    Errors: RuntimeError for widths that do not fit the input, NotImplementedError for an unknown mode or rank.
    Example:
        >>> import rushlight
        >>> pad(rushlight.tensor([[1.0, 2.0, 3.0]]), (2, 1), "reflect").tolist()
        [[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]]
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"pad(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    widths = _widths(pad)
    ndim = input._array.ndim
    if len(widths) % 2:
        raise RuntimeError(f"pad: Padding length must be divisible by 2, got {len(widths)} widths")
    if len(widths) > 2 * ndim:
        raise RuntimeError(
            f"pad: Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(widths)} and input of dimension {ndim}"
        )
    pairs = tuple(zip(widths[-2::-2], widths[-1::-2]))  # first of the padded axes first
    if mode == "constant":
        return constant_pad(input, pairs, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(
            f"pad: Unrecognised padding mode {mode}, expected 'constant', 'reflect', 'replicate' or 'circular'"
        )
    if value is not None and value != 0:
        raise RuntimeError(f'pad: Padding mode "{mode}" doesn\'t take in value argument')
    rank = len(pairs)
    if not 1 <= rank <= 3 or ndim not in (rank + 1, rank + 2):
        raise NotImplementedError(f"pad: Padding size {len(widths)} is not supported for {ndim}D input tensor.")
    _check_edges(input, pairs, mode)
    return EDGES[mode, rank](input, padding=pairs)


def _widths(pad):
    if not isinstance(pad, (tuple, list)):
        raise TypeError(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    widths = []
    for position, width in enumerate(pad):
        try:
            if width is True or width is False and not position:
                raise TypeError
            widths.append(operator.index(width))
        except TypeError:
            raise TypeError(
                f"pad(): argument 'pad' (position 2) must be tuple of ints, but found element of type "
                f"{type(width).__name__} at pos {position}"
            ) from None
    return tuple(widths)


def constant_pad(input, pairs, value):
    """`input` within a border of `value`; pairs as the ops take them."""
    sizes = input.shape[len(input.shape) - len(pairs) :]
    if any(n + max(l, 0) + max(r, 0) >= 1 << 62 for n, (l, r) in zip(sizes, pairs)):
        raise RuntimeError(f"pad: sizes overflow: widths {[list(p) for p in pairs]} around {brackets(input.shape)}")
    if any(n + min(l, 0) + min(r, 0) < 0 or n + l + r < 0 for n, (l, r) in zip(sizes, pairs)):
        raise RuntimeError(
            f"pad: the widths {[list(p) for p in pairs]} crop more than the input of size {brackets(input.shape)} has"
        )
    return primitives.pad_constant(input, padding=pairs, value=fitting(float(value), input.dtype))


def _check_edges(input, pairs, mode):
    shape = tuple(input.shape)
    lead = len(shape) - len(pairs)
    name = _KERNELS.get(mode)
    if name and input.dtype is bool_:
        raise NotImplementedError(f"\"{name}{len(pairs)}d\" not implemented for 'Bool'")
    if name and 0 in shape[len(shape) - len(pairs) - (lead == 1) :]:
        raise RuntimeError(
            f"pad: Expected {len(pairs) + 1}D or {len(pairs) + 2}D (batch mode) tensor with possibly 0 batch size "
            "and other "
            f"non-zero dimensions for input, but got: {brackets(shape)}"
        )
    for axis, (l, r) in enumerate(pairs, lead):
        size = shape[axis]
        if mode == "reflect" and (l >= size or r >= size):
            raise RuntimeError(
                f"pad: Padding size should be less than the corresponding input dimension, but got: padding ({l}, "
                f"{r}) at "
                f"dimension {axis} of input {brackets(shape)}"
            )
        if mode == "circular" and (l > size or r > size):
            raise RuntimeError(
                f"pad: Padding value causes wrapping around more than once: padding ({l}, {r}) at dimension "
                f"{axis} of input "
                f"{brackets(shape)}"
            )
        if size + l + r < 1 and (name or size + l + r < 0):
            raise RuntimeError(
                f"pad: input of size {brackets(shape)} is too small. Calculated output size {size + l + r} at "
                f"dimension {axis}"
            )
