"""The gradient of sampled functions by finite differences."""

from __future__ import annotations

from ..autograd.op import public
from ..errors import type_name, wrap_dims
from ..tensor import Tensor
from .joining import cat


def _spacings(spacing, count, given):
    """A number or a tensor of coordinates for each of `count` dimensions."""
    if isinstance(spacing, (int, float, complex)) and not isinstance(spacing, bool):
        return [spacing] * count
    if not isinstance(spacing, (tuple, list)):
        raise TypeError(f"gradient(): argument 'spacing' must be a number or a list, not {type_name(spacing)}")
    if len(spacing) != count:
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
            + (f"'len(dim) = {count}'" if given else f"'self.dim() = {count}', since dim argument was not given")
            + f", but got a list of length {len(spacing)}"
        )
    return list(spacing)


def _along(f, axis, spacing, edge_order):
    """The differences along one dimension: central inside, of order `edge_order` at both ends."""

    def at(start, end):
        n = f._array.shape[axis]
        return f.narrow(axis, start % n, (end - start) if end > 0 else n + end - start)

    n = f._array.shape[axis]
    inner = None
    if isinstance(spacing, Tensor):
        shape = [1] * f._array.ndim
        shape[axis] = -1
        steps = spacing.diff().reshape(shape)
        if n > 2:
            h1, h2 = steps.narrow(axis, 0, n - 2), steps.narrow(axis, 1, n - 2)
            inner = (
                at(0, n - 2) * (-h2 / (h1 * (h1 + h2)))
                + at(1, n - 1) * ((h2 - h1) / (h1 * h2))
                + at(2, n) * (h1 / (h2 * (h1 + h2)))
            )
        first, second = steps.narrow(axis, 0, 1), steps.narrow(axis, min(1, n - 2), 1)
        last, before = steps.narrow(axis, n - 2, 1), steps.narrow(axis, max(n - 3, 0), 1)
    else:
        if n > 2:
            inner = (at(2, n) - at(0, n - 2)) / (2 * spacing)
        first = second = last = before = spacing

    def edge(a, b, c, h, k):
        """One-sided, from the end inwards, with distances h and k."""
        if edge_order == 1:
            return (b - a) / h
        return a * (-(2 * h + k) / (h * (h + k))) + b * ((h + k) / (h * k)) - c * (h / (k * (h + k)))

    third = min(2, n - 1)
    start = edge(at(0, 1), at(1, 2), at(third, third + 1), first, second)
    end = edge(at(n - 1, n), at(n - 2, n - 1), at(n - 1 - third, n - third), last, before)
    parts = [start] + ([inner] if inner is not None else []) + [-end]
    return cat(parts, axis)


@public()
def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """The partial derivatives of a function given by its values, a tuple of one tensor per dimension.

    Inside (f[i+1] - f[i-1]) / 2h, or by the three points' parabola where distances differ; at the ends one-sided, of
    order edge_order (1 or 2). spacing: the distance of the points, one for all or one per dimension, or a list of
    tensors of coordinates. Errors: RuntimeError for fewer than edge_order + 1 points, or lists of other lengths.
    """
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if input.dtype.category < 1:
        raise RuntimeError("torch.gradient does not support bool input; convert it to a number type")
    if input.dtype.name == "uint8":
        raise RuntimeError("torch.gradient does not support uint8 input.")
    ndim = input._array.ndim
    axes = wrap_dims(dim, ndim)
    spacings = _spacings(spacing, len(axes), dim is not None)
    for axis, step in zip(axes, spacings):
        n = input._array.shape[axis]
        if n < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
        if isinstance(step, Tensor) and step._array.shape != (n,):
            raise RuntimeError(
                f"torch.gradient expected as many coordinates as points in dimension {axis}: {n}, but got a tensor of "
                f"shape {tuple(step.shape)}"
            )
    return tuple(_along(input, axis, step, edge_order) for axis, step in zip(axes, spacings))
