"""Histograms of points in one or more dimensions. (histc is in sorting.py.)"""

from __future__ import annotations

import math

from .. import dtypes
from ..autograd.op import cpu, public
from ..dtypes import dtype_title, dtype_word
from ..errors import brackets
from ..tensor import Tensor
from .result import into, named_result


def _edges(input, bins, span):
    """Per dimension, the edges of the bins: tensors as given, or counts of equal bins over `span` or the data."""
    points = input._array
    dims = points.shape[1]
    kind = points.dtype
    if isinstance(bins[0], Tensor):
        for i, edges in enumerate(bins):
            if edges._array.ndim != 1:
                raise RuntimeError(
                    f"torch.histogramdd: bins tensor should have one dimension, but got {edges._array.ndim} dimensions "
                    f"in the bins tensor for dimension {i}"
                )
            if edges.dtype is not input.dtype:
                raise RuntimeError(
                    "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with "
                    f"dtype {dtype_word(input.dtype)} and bins for dimension {i} with dtype {dtype_word(edges.dtype)}"
                )
            _positive(edges._array.size - 1, i)
        return [edges._array for edges in bins]
    for i, count in enumerate(bins):
        _positive(count, i)
    if span is not None and len(span) != 2 * dims:
        raise RuntimeError(
            f"torch.histogramdd: for a {dims}-dimensional histogram range should have {2 * dims} elements, but got "
            f"{len(span)}"
        )
    result = []
    for i, count in enumerate(bins):
        if span is not None:
            low, high = float(span[2 * i]), float(span[2 * i + 1])
        elif points.shape[0]:
            column = cpu.select(points, axis=1, index=i)
            low, high = (float(cpu.item(f(column, axes=(0,), keepdims=False))) for f in (cpu.amin, cpu.amax))
        else:
            low, high = 0.0, 1.0
        if not (math.isfinite(low) and math.isfinite(high)):
            raise RuntimeError(f"torch.histogramdd: dimension {i}'s range [{low}, {high}] is not finite")
        if low > high:
            raise RuntimeError(
                f"torch.histogramdd: min should not exceed max, but got min {low} max {high} for dimension {i}"
            )
        if low == high:
            low, high = low - 0.5, high + 0.5
        result.append(cpu.linspace(low, high, count + 1, kind))
    return result


def _positive(count, dimension):
    if count <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {count} for dimension {dimension}")


def _counts(input, edges, weight, density):
    """The histogram of points (n, d) over the edges: (bins of dimension 0, ..., bins of dimension d - 1)."""
    points = input._array
    int64 = cpu.to_engine_dtype(dtypes.int64)
    count = points.shape[0]
    place = cpu.zeros((count,), int64)
    inside = cpu.eq(place, 0)
    sizes = tuple([edge.size - 1 for edge in edges])
    for i, edge in enumerate(edges):
        column = cpu.contiguous(cpu.select(points, axis=1, index=i))
        low, high = edge[0], edge[-1]
        inside = cpu.logical_and(inside, cpu.logical_and(cpu.ge(column, low), cpu.le(column, high)))
        if not count:
            continue
        rows, values = cpu.reshape(edge, shape=(1, edge.size)), cpu.reshape(column, shape=(1, count))
        found = cpu.search_sorted(rows, values, right=True)
        found = cpu.cast(cpu.reshape(found, shape=(count,)), int64)
        found = cpu.clamp(cpu.sub(found, 1), min=0, max=sizes[i] - 1)  # the last bin has both its edges
        place = cpu.add(cpu.mul(place, sizes[i]), found)
    place = cpu.index(place, indices=(inside,))
    weights = None if weight is None else cpu.index(cpu.reshape(weight._array, shape=(count,)), indices=(inside,))
    hist = cpu.cast(cpu.bincount(place, weights, minlength=math.prod(sizes)), points.dtype)
    hist = cpu.reshape(hist, shape=sizes)
    if density:
        total = cpu.sum(hist, axes=tuple(range(len(sizes))), keepdims=False)
        hist = cpu.div(hist, total)
        for i, edge in enumerate(edges):
            widths = cpu.sub(edge[1:], edge[:-1])
            hist = cpu.div(hist, cpu.reshape(widths, shape=(sizes[i], *[1] * (len(sizes) - 1 - i))))
    return hist


def _check(input, points, weight):
    if not (input.dtype is dtypes.float32 or input.dtype is dtypes.float64):
        raise NotImplementedError(f"\"histogramdd\" not implemented for '{dtype_title(input.dtype)}'")
    if weight is None:
        return
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same "
            f"dtype, but got input({dtype_word(input.dtype)}), and weight({dtype_word(weight.dtype)})"
        )
    if weight._array.shape != points:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor "
            f"excluding its innermost dimension, but got points of shape {brackets(points)} and weight with shape "
            f"{brackets(weight.shape)}"
        )


@public(method=True)
def histogram(input, bins=100, *, range=None, weight=None, density=False, out=None):  # noqa: A002
    """(hist, bin_edges): how many elements, or how much weight, fall into each bin [edge, next); the last is closed.

    bins: a number of equal bins over `range`, or over the data, or the edges as a rising tensor. density: divided by
    the total and by the widths. No derivative. Shapes: (*) -> (bins,), (bins + 1,).
    Errors: NotImplementedError for other types than float32 and float64, RuntimeError for sizes that do not fit.
    """
    flat = input.detach().reshape(-1, 1)
    _check(input, input._array.shape, weight)
    edges = _edges(flat, [bins], range)
    hist = Tensor._wrap(_counts(flat, edges, None if weight is None else weight.detach().reshape(-1), density))
    bin_edges = Tensor._wrap(cpu.clone(edges[0]))
    if out is None:
        return named_result("histogram", hist=hist, bin_edges=bin_edges)
    return named_result("histogram_out", hist=into(out[0], hist), bin_edges=into(out[1], bin_edges))


@public()
def histogramdd(input, bins, range=None, weight=None, density=False):  # noqa: A002
    """(hist, bin_edges) of points in several dimensions, the last dimension of the input.

    bins: a number of equal bins for all dimensions, or one per dimension, or a tensor of edges per dimension. range:
    low and high of every dimension, one after the other. Shapes: (*, d) -> (bins of dimension 0, ..., of d - 1), and a
    tuple of the d dimensions' edges. Errors: as for histogram.
    """
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    dims = shape[-1]
    bins = [bins] * dims if isinstance(bins, int) else list(bins)
    if len(bins) != dims:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    _check(input, shape[:-1], weight)
    points = input.detach().reshape(-1, dims)
    edges = _edges(points, bins, range)
    hist = Tensor._wrap(_counts(points, edges, weight.detach().reshape(-1) if weight is not None else None, density))
    return named_result("histogramdd", hist=hist, bin_edges=tuple(Tensor._wrap(cpu.clone(e)) for e in edges))
