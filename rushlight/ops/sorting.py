"""Order: sort, topk, kthvalue, median, mode, quantile, unique, searchsorted, bincount, histc; named results."""

from __future__ import annotations

import math

from .. import dtypes
from ..autograd.mode import mode as recording
from ..autograd.op import cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import wrap_dim
from ..tensor import Tensor
from . import combining, promote
from .result import into, named_result


def _ints(array):
    return Tensor._wrap(array)


def _pick(input, order, axis, grad_name):
    """input gathered at `order`, recorded under one name."""
    return named(primitives.pick(input, order, axis=axis), grad_name)


def _recorded(input) -> bool:
    return recording.enabled and input.requires_grad


def _results(name, values, indices, out):
    if out is not None:
        return named_result(name, values=into(out[0], values), indices=into(out[1], indices))
    return named_result(name, values=values, indices=indices)


def _no_complex(input, name):
    if input.dtype.is_complex:
        raise RuntimeError(f"Sort currently does not support complex dtypes on CPU ({name})")


def _sorted(input, dim, descending, grad_name):
    _no_complex(input, "sort")
    axis = wrap_dim(dim, input._array.ndim)
    if not input._array.ndim:
        return primitives.alias(input), _ints(cpu.zeros((), cpu.to_engine_dtype(dtypes.int64)))
    values, order = cpu.sort(input._array, axis=axis, descending=bool(descending))
    order = _ints(order)
    return _pick(input, order, axis, grad_name) if _recorded(input) else input._like(Tensor._wrap(values)), order


@public(method=True)
def sort(input, dim=-1, descending=False, stable=None, *, out=None):
    """(values, indices) in order along `dim`; equal elements keep their order; NaN counts as the largest."""
    title = "SortBackward0" if stable is None else "SortBackward1"
    return _results("sort", *_sorted(input, dim, descending, title), out)


@public(method=True)
def argsort(input, dim=-1, descending=False, stable=False):
    """The indices of `sort`."""
    return _sorted(input.detach(), dim, descending, "SortBackward1")[1]


@public(method=True)
def msort(input, *, out=None):
    """Sorted along the first dimension."""
    values = _sorted(input, 0, False, "SortBackward0")[0]
    return values if out is None else into(out, values)


@public(method=True)
def topk(input, k, dim=-1, largest=True, sorted=True, *, out=None):  # noqa: A002
    """(values, indices) of the k largest (or smallest) elements along `dim`, in order."""
    if not isinstance(k, int):
        raise TypeError(f"topk(): argument 'k' (position 2) must be int, not {type(k).__name__}")
    axis = wrap_dim(dim, input._array.ndim)
    if not 0 <= k <= (input._array.shape[axis] if input._array.ndim else 1):
        raise RuntimeError("selected index k out of range")
    found, order = cpu.topk(input._array, k=k, axis=axis, largest=bool(largest))
    order = _ints(order)
    if input._array.ndim:
        values = _pick(input, order, axis, "TopkBackward0") if _recorded(input) else input._like(Tensor._wrap(found))
    else:
        values = primitives.clone(input)
    return _results("topk", values, order, out)


def _one_per_row(input, order, axis, keepdim, grad_name):
    """The element at one index per row: values and indices, with or without the dimension."""
    values = _pick(input, order, axis, grad_name)
    if not keepdim:
        shape = tuple(n for i, n in enumerate(input._array.shape) if i != axis)
        values = named(primitives.reshape(values, shape=shape), grad_name)
        order = primitives.reshape(order, shape=shape)
    return values, order


def _scalar_pair(input):
    return primitives.alias(input), _ints(cpu.zeros((), cpu.to_engine_dtype(dtypes.int64)))


@public(method=True)
def kthvalue(input, k, dim=-1, keepdim=False, *, out=None):
    """(values, indices) of the k-th smallest element along `dim`, k from 1."""
    axis = wrap_dim(dim, input._array.ndim)
    if not 1 <= k <= (input._array.shape[axis] if input._array.ndim else 1):
        raise RuntimeError("kthvalue(): selected number k out of range for dimension " + str(axis))
    if not input._array.ndim:
        return _results("kthvalue", *_scalar_pair(input), out)
    _, order = cpu.sort(input._array, axis=axis, descending=False)
    order = _ints(cpu.contiguous(cpu.slice(order, axis=axis, start=k - 1, stop=k, step=1)))
    return _results("kthvalue", *_one_per_row(input, order, axis, keepdim, "KthvalueBackward0"), out)


def _median_indices(array, axis, ignore_nan):
    """Index of the lower median per row (kept dimension); the first NaN unless NaN is ignored."""
    _, order = cpu.sort(array, axis=axis, descending=False)
    n = array.shape[axis]
    middle = cpu.full(_reduced(array.shape, axis), value=(n - 1) // 2, dtype=cpu.to_engine_dtype(dtypes.int64))
    if array.dtype.kind == "f":
        nans = cpu.sum(cpu.isnan(array), axes=(axis,), keepdims=True)
        if ignore_nan:
            middle = cpu.floor_divide(cpu.maximum(cpu.sub(n - 1, nans), 0), 2)
        else:
            middle = cpu.where(cpu.gt(nans, 0), cpu.sub(n, nans), middle)
    return cpu.gather(order, middle, axis=axis)


def _reduced(shape, axis):
    return tuple(1 if i == axis else n for i, n in enumerate(shape))


def _median(name, ignore_nan):
    title = name.title()

    def function(input, dim=None, keepdim=False, *, out=None):
        if dim is None:
            if not input._array.size:
                value = math.nan if input.dtype.is_floating_point else -(1 << 63)
                return Tensor._wrap(cpu.full((), value=promote._operand(value, input.dtype), dtype=input._array.dtype))
            flat = primitives.reshape(input, shape=(input._array.size,))
            order = _ints(_median_indices(flat._array, 0, ignore_nan))
            result = named(primitives.reshape(primitives.pick(flat, order, axis=0), shape=()), f"{title}Backward0")
            return result if out is None else into(out, result)
        axis = wrap_dim(dim, input._array.ndim)
        if not input._array.ndim:
            return _results(name, *_scalar_pair(input), out)
        if not input._array.shape[axis]:
            raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
        order = _ints(_median_indices(input._array, axis, ignore_nan))
        return _results(name, *_one_per_row(input, order, axis, keepdim, f"{title}Backward1"), out)

    function.__name__ = name
    function.__doc__ = f"{name}: the lower of two middle elements, of all or (values, indices) along `dim`."
    return public(method=True)(function)


median, nanmedian = _median("median", False), _median("nanmedian", True)


@public(method=True)
def mode(input, dim=-1, keepdim=False, *, out=None):
    """(values, indices) of the most frequent element along `dim`, the smallest of several; its last index."""
    axis = wrap_dim(dim, input._array.ndim)
    if not input._array.ndim:
        return _results("mode", *_scalar_pair(input), out)
    array = input._array
    n = array.shape[axis]
    if not n:
        raise IndexError(f"mode(): Expected reduction dim {axis} to have non-zero size.")
    values, order = cpu.sort(array, axis=axis, descending=False)
    int64 = cpu.to_engine_dtype(dtypes.int64)
    shape = tuple(n if i == axis else 1 for i in range(array.ndim))
    places = cpu.expand(cpu.reshape(cpu.arange(0, n, 1, int64), shape=shape), shape=array.shape)
    before = cpu.roll(values, shifts=(1,), axes=(axis,))
    fresh = cpu.logical_or(cpu.ne(values, before), cpu.eq(places, 0))
    starts, _ = cpu.cummax(cpu.where(fresh, places, 0), axis=axis)
    run = cpu.sub(places, starts)  # how many equal elements stand before: largest at the end of the longest run
    best = cpu.argmax(run, axis=axis, keepdims=True)
    index = _ints(cpu.gather(order, best, axis=axis))
    return _results("mode", *_one_per_row(input, index, axis, keepdim, "ModeBackward0"), out)


def _moved_last(input, axis):
    others = [i for i in range(input._array.ndim) if i != axis]
    return primitives.permute(input, axes=(*others, axis))


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(name, input, q, dim, keepdim, interpolation, ignore_nan):
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if not input._array.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if input.dtype.name not in ("float32", "float64"):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if isinstance(q, Tensor):
        if q._array.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
        if q.dtype is not input.dtype:
            raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    single = not isinstance(q, Tensor) or not q._array.ndim
    points = q.detach()._array if isinstance(q, Tensor) else cpu.full((), value=float(q), dtype=input._array.dtype)
    points = cpu.reshape(points, shape=(points.size,))
    if points.size and not (
        float(cpu.item(cpu.amin(points, axes=(0,), keepdims=False))) >= 0
        and float(cpu.item(cpu.amax(points, axes=(0,), keepdims=False))) <= 1
    ):
        raise RuntimeError(
            f"{name}() q must be in the range [0, 1]" if single else f"{name}() q values must be in the range [0, 1]"
        )
    shape = input._array.shape
    if dim is None:
        rows, kept = primitives.reshape(input, shape=(input._array.size,)), (1,) * len(shape)
    elif not shape:
        wrap_dim(dim, 0)
        rows, kept = primitives.reshape(input, shape=(1,)), ()
    else:
        axis = wrap_dim(dim, len(shape))
        rows, kept = _moved_last(input, axis), _reduced(shape, axis)
    rest = rows._array.shape[:-1]
    last = len(rest)
    n = rows._array.shape[-1]
    rows = _sorted(rows, -1, False, "SortBackward0")[0]
    count = cpu.full((*rest, 1), value=n - 1, dtype=rows._array.dtype)
    nans = cpu.sum(cpu.isnan(rows._array), axes=(last,), keepdims=True)
    if ignore_nan:
        count = cpu.cast(cpu.maximum(cpu.sub(n - 1, nans), 0), dtype=rows._array.dtype)
    ranks = cpu.mul(count, points)
    if not ignore_nan:  # a row with NaN is NaN: its last sorted element
        ranks = cpu.where(cpu.gt(nans, 0), float(n - 1), ranks)
    if interpolation == "nearest":
        ranks = cpu.round(ranks)
    low, high = cpu.floor(ranks), cpu.ceil(ranks)
    if interpolation == "higher":
        low = high
    int64 = cpu.to_engine_dtype(dtypes.int64)
    result = primitives.gather(rows, _ints(cpu.cast(low, dtype=int64)), axis=last)
    if interpolation in ("linear", "midpoint"):
        weight = (
            cpu.sub(ranks, low)
            if interpolation == "linear"
            else cpu.where(cpu.eq(low, high), 0.0, cpu.add(cpu.mul(low, 0), 0.5))
        )
        above = primitives.gather(rows, _ints(cpu.cast(high, dtype=int64)), axis=last)
        result = combining.lerp(result, above, Tensor._wrap(cpu.cast(weight, dtype=rows._array.dtype)))
    # (*rest, q) -> (q, *kept or *rest)
    result = primitives.permute(result, axes=(last, *range(last)))
    target = kept if keepdim else rest
    result = primitives.reshape(result, shape=tuple(target) if single else (points.size, *target))
    return named(result, "SqueezeBackward4") if single else result


@public(method=True)
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear", out=None):
    """The q-th quantile(s), 0 <= q <= 1, of all elements or along `dim`; several q give a new first dimension."""
    result = _quantile("quantile", input, q, dim, keepdim, interpolation, False)
    return result if out is None else into(out, result)


@public(method=True)
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear", out=None):
    """`quantile` of the elements that are not NaN."""
    result = _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
    return result if out is None else into(out, result)


# ---- distinct values, positions, counts
# -------------------------------------------------------------------------------


def _selected(values, inverse, counts, return_inverse, return_counts):
    found = [Tensor._wrap(values)]
    if return_inverse:
        found.append(_ints(inverse))
    if return_counts:
        found.append(_ints(counts))
    return found[0] if len(found) == 1 else tuple(found)


@public(method=True)
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):  # noqa: A002
    """The distinct elements (or slices along `dim`) in order; with their inverse and counts if asked. No derivative."""
    axis = None if dim is None else wrap_dim(dim, input._array.ndim)
    if axis is None:
        flat = cpu.distinct(cpu.reshape(input._array, shape=(input._array.size,)), axis=None)
        found = (flat[0], cpu.reshape(flat[1], shape=input._array.shape), flat[2])
    else:
        found = cpu.distinct(input._array, axis=axis)
    return _selected(*found, return_inverse, return_counts)


@public(method=True)
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """One element (or slice along `dim`) per run of equal ones."""
    axis = None if dim is None else wrap_dim(dim, input._array.ndim)
    return _selected(*cpu.consecutive(input._array, axis=axis), return_inverse, return_counts)


@public()
def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None, out=None):
    """Positions in the last dimension of a sorted sequence at which `input` would keep it sorted; int64 (or int32)."""
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    values = input if isinstance(input, Tensor) else Tensor._scalar(input, sorted_sequence)
    rows = sorted_sequence
    rows, values = promote.same(rows, values)
    if rows._array.ndim != 1 and rows._array.shape[:-1] != values._array.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, but we got boundaries tensor {list(rows.shape)} and input "
            f"value tensor {list(values.shape)}"
        )
    array = rows._array
    if sorter is not None:
        if sorter._array.shape != array.shape:
            raise RuntimeError("torch.searchsorted(): boundary and sorter must have the same size")
        array = cpu.gather(array, sorter._array, axis=array.ndim - 1)
    found = Tensor._wrap(cpu.search_sorted(array, values._array, right=bool(right or side == "right")))
    found = promote.to_dtype(found, dtypes.int32) if out_int32 else found
    return found if out is None else into(out, found)


@public()
def bucketize(input, boundaries, *, out_int32=False, right=False, out=None):
    """searchsorted with the arguments exchanged: the bucket of each element between 1-d boundaries."""
    if boundaries._array.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._array.ndim})")
    if isinstance(input, Tensor) and input.dtype is not boundaries.dtype:
        dtype = promote.result_type(input, boundaries)
        input, boundaries = promote.to_dtype(input, dtype), promote.to_dtype(boundaries, dtype)
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


@public(method=True)
def bincount(input, weights=None, minlength=0):
    """How often (or with what total weight) each of 0, 1, 2, ... occurs in a 1-d integer tensor."""
    if input.dtype.category != 1:
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{dtype_title(input.dtype)}'")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if input._array.ndim != 1 or (
        input._array.size and int(cpu.item(cpu.amin(input._array, axes=(0,), keepdims=False))) < 0
    ):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights._array.shape != input._array.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    if weights is not None and weights.dtype is not dtypes.float32:
        weights = promote.to_dtype(weights.detach(), dtypes.float64)
    array = cpu.cast(input._array, dtype=cpu.to_engine_dtype(dtypes.int64))
    return Tensor._wrap(cpu.bincount(array, None if weights is None else weights._array, minlength=minlength))


@public(method=True)
def histc(input, bins=100, min=0, max=0, *, out=None):  # noqa: A002
    """Counts of the elements in `bins` equal parts of [min, max] (of the data's range when both are equal)."""
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{dtype_title(input.dtype)}'")
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    flat = cpu.reshape(input._array, shape=(input._array.size,))
    if min == max and flat.size:
        min, max = (float(cpu.item(f(flat, axes=(0,), keepdims=False))) for f in (cpu.amin, cpu.amax))
    if min == max:
        min, max = min - 1, max + 1
    if not (math.isfinite(min) and math.isfinite(max)):
        raise RuntimeError(f"range of [{min}, {max}] is not finite")
    if min > max:
        raise RuntimeError("max must be larger than min")
    inside = cpu.index(flat, indices=(cpu.logical_and(cpu.ge(flat, min), cpu.le(flat, max)),))
    place = cpu.mul(cpu.sub(inside, min), bins / (max - min))
    place = cpu.clamp(cpu.cast(place, dtype=cpu.to_engine_dtype(dtypes.int64)), min=0, max=bins - 1)
    counts = cpu.bincount(place, None, minlength=bins)
    result = Tensor._wrap(cpu.cast(counts, dtype=input._array.dtype))
    return result if out is None else into(out, result)
