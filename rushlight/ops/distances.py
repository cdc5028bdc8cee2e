"""Distances between vectors: cdist, pdist, pairwise_distance, cosine_similarity."""

from __future__ import annotations

from ..autograd.op import cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import broadcast_shapes, wrap_dim
from ..tensor import Tensor
from . import promote
from .clamping import clamp_min
from .linalg import matmul
from .statistics import vector_norm

_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
_MANY = 25  # rows from which "if necessary" means a matrix product


@public()
def cdist(x1, x2, p=2.0, compute_mode=_MODES[0]):
    """The p-norm of every row of x1 minus every row of x2: (..., m, d), (..., n, d) -> (..., m, n).

    For p = 2 and more than 25 rows (or as compute_mode says) |a|^2 + |b|^2 - 2 a.b is computed, by a matrix product:
    faster, less exact for near rows. The gradient at distance 0 is 0.
    Errors: RuntimeError for other types than float, another width or a negative p.
    """
    for x, word in ((x1, "X1"), (x2, "X2")):
        if not x.dtype.is_floating_point:
            raise RuntimeError(f"cdist only supports floating-point dtypes, {word} got: {dtype_title(x.dtype)}")
        if x._array.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {word} got: {x._array.ndim}D")
    width, other = x1._array.shape[-1], x2._array.shape[-1]
    if width != other:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {width} X2: {other}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if x1.dtype is not x2.dtype:
        raise RuntimeError(f"expected scalar type {dtype_title(x1.dtype)} but found {dtype_title(x2.dtype)}")
    if compute_mode is None:
        compute_mode = _MODES[0]
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    rows, columns = x1._array.shape[-2], x2._array.shape[-2]
    if p == 2 and (compute_mode == _MODES[1] or (compute_mode == _MODES[0] and max(rows, columns) > _MANY)):
        return named(_by_product(x1, x2), "ViewBackward0")
    batch = broadcast_shapes(x1._array.shape[:-2], x2._array.shape[:-2])
    if not width:
        zero = (x1.sum(-1).unsqueeze(-1) + x2.sum(-1).unsqueeze(-2)).expand(*batch, rows, columns)
        return named(primitives.clone(zero), "CdistBackward0")
    return named(vector_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1), "CdistBackward0")


def _by_product(x1, x2):
    squares = (x1 * x1).sum(-1).unsqueeze(-1) + (x2 * x2).sum(-1).unsqueeze(-2)
    squares = clamp_min(squares - matmul(x1, x2.mT) * 2, 0)
    zero = Tensor._wrap(cpu.eq(squares._array, 0))
    return squares.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)


@public()
def pdist(input, p=2.0):
    """The p-norm of the difference of every two rows, in the order (0, 1), (0, 2), ..., (1, 2), ...

    Shapes: (n, d) -> (n (n - 1) / 2,). Errors: RuntimeError for another rank or type, or a negative p.
    """
    if input._array.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input._array.ndim}D")
    if not input.dtype.is_floating_point:
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    rows, width = input._array.shape
    first, second = (Tensor._wrap(places) for places in cpu.combinations(rows, 2, repeats=False))
    difference = primitives.take_along(input, first, axis=0) - primitives.take_along(input, second, axis=0)
    result = vector_norm(difference, p, -1) if width else difference.sum(-1)
    return named(result, "PdistBackward0")


@public()
def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """|x1 - x2 + eps|_p over the last dimension, broadcast: (..., d), (..., d) -> (...), or (..., 1) with keepdim."""
    difference = promote.to_float(x1 - x2) + eps
    return named(vector_norm(difference, p, -1, keepdim), "NormBackward1")


@public()
def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along a dimension of the broadcast shape, which disappears.

    Errors: RuntimeError for other types than float.
    """
    dtype = promote.result_type(x1, x2)
    if not dtype.is_floating_point:
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {dtype_title(dtype)}")
    x1, x2 = promote.to_dtype(x1, dtype), promote.to_dtype(x2, dtype)
    shape = broadcast_shapes(x1._array.shape, x2._array.shape)
    axis = wrap_dim(dim, len(shape))
    x1, x2 = x1.expand(shape), x2.expand(shape)
    first = clamp_min(vector_norm(x1, 2, axis, True), eps)
    second = clamp_min(vector_norm(x2, 2, axis, True), eps)
    return ((x1 / first) * (x2 / second)).sum(axis)
