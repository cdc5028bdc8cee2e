"""vmap: a function of single items over a whole batch, item by item."""

from __future__ import annotations

import functools
from typing import Any

from ..errors import wrap_dim
from ..random import get_rng_state, set_rng_state
from ..tensor import Tensor
from .mode import no_grad
from .op import cpu, primitives
from .tree import flatten, unflatten


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """A function that runs `func` on every item of its arguments along in_dims and stacks the results along out_dims.

    in_dims: one number for all arguments, or a number or None (the whole argument for every item) for each, nested as
    they are; keyword arguments go whole to every item. One call of func per item: right for every function, also under
    derivatives, but no faster than a loop.
    randomness: "error" refuses functions that draw random numbers, "same" gives every item the same ones, "different"
    lets them draw on. Errors: ValueError for dimensions that do not fit the arguments, or results that are no tensors.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        leaves, form = flatten(args)
        dims = _dims_of(in_dims, args, func)
        count = _batch_size(leaves, dims)

        def run(index):
            items = unflatten([_item(v, d, index) for v, d in zip(leaves, dims)], form)
            return func(*items, **kwargs)

        return _stacked(_results(run, count, randomness, leaves, dims), count, out_dims)

    return wrapper


def _dims_of(in_dims, args, func) -> list:
    """A dimension or None for each leaf of the arguments."""
    if not isinstance(in_dims, (int, tuple, list, dict)) or isinstance(in_dims, bool):
        raise ValueError(
            f"vmap({_name(func)}, in_dims={in_dims}, ...): expected `in_dims` to be int or a (potentially nested) "
            f"tuple matching the structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap "
            "over a function with no inputs. The latter is unsupported."
        )
    dims: list[Any] = []
    _spread(in_dims, args if not isinstance(in_dims, int) else list(args), dims, in_dims, func)
    checked: list[int | None] = []
    for value, dim in zip(flatten(args)[0], dims):
        if dim is None:
            checked.append(None)
            continue
        if not isinstance(dim, int) or isinstance(dim, bool):
            raise ValueError(
                f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={dim} for an input but in_dim must "
                "be either an integer dimension or None."
            )
        if not isinstance(value, Tensor):
            raise ValueError(
                f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={dim} for an input but the input "
                f"is of type {type(value)}. We cannot vmap over non-Tensor arguments, please use None as the "
                "respective in_dim"
            )
        ndim = value._array.ndim
        if not -ndim <= dim < ndim:
            raise ValueError(
                f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={dim} for some input, but that "
                f"input is a Tensor of dimensionality {ndim} so expected in_dim to satisfy -{ndim} <= in_dim < {ndim}."
            )
        checked.append(dim % ndim)
    return checked


def _spread(dims, tree, out, in_dims, func) -> None:
    """Append the dimension of each leaf of `tree`; a single one holds for all leaves below."""
    if dims is None or isinstance(dims, int):
        for value in flatten(tree)[0]:
            out.append(dims if isinstance(value, Tensor) or dims is not None else None)
        return
    items = list(tree.values()) if isinstance(tree, dict) else tree
    parts = list(dims.values()) if isinstance(dims, dict) else dims
    if not isinstance(items, (tuple, list)) or len(items) != len(parts):
        raise ValueError(
            f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): in_dims is not compatible with the structure of "
            "`inputs`."
        )
    for part, item in zip(parts, items):
        _spread(part, item, out, in_dims, func)


def _name(func) -> str:
    return getattr(func, "__name__", repr(func))


def _batch_size(leaves, dims) -> int:
    sizes = [value._array.shape[dim] for value, dim in zip(leaves, dims) if dim is not None]
    if not sizes:
        raise ValueError("vmap: at least one of the inputs must be mapped over; all of `in_dims` are None")
    if len(set(sizes)) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the "
            "mapped dimension"
        )
    return sizes[0]


def _item(value, dim, index):
    return value if dim is None else primitives.select(value, axis=dim, index=index)


def _results(run, count, randomness, leaves, dims) -> list:
    """What the function returns for every item; for an empty batch, once for an item of zeros."""
    if not count:
        with no_grad():
            for i, (value, dim) in enumerate(zip(leaves, dims)):
                if dim is not None:
                    shape = value._array.shape
                    shape = (*shape[:dim], 1, *shape[dim + 1 :])
                    leaves[i] = Tensor._wrap(cpu.zeros(shape, value._array.dtype))
            return [run(0)]
    before = get_rng_state()
    results = []
    for index in range(count):
        results.append(run(index))
        if randomness == "error" and index == 0 and not get_rng_state().equal(before):
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
                "'different' randomness flags on vmap or perform the randomness operation out of vmap"
            )
        if randomness == "same" and index + 1 < count:
            set_rng_state(before)
    return results


def _stacked(results, count, out_dims):
    """The results of all items, leaf by leaf along out_dims."""
    leaves, form = flatten(results[0])
    columns = list(zip(*[flatten(result)[0] for result in results]))
    if form is None or isinstance(out_dims, int) or out_dims is None:
        dims = [out_dims[0] if isinstance(out_dims, tuple) and form is None else out_dims] * len(leaves)
    else:
        dims = []
        _spread(out_dims, results[0], dims, out_dims, vmap)
    stacked = []
    for column, dim in zip(columns, dims):
        for value in column:
            if not isinstance(value, Tensor):
                raise ValueError(
                    f"vmap: the function must only return Tensors, got type {type(value)} as a return value"
                )
        if dim is None:
            stacked.append(column[0])
            continue
        axis = wrap_dim(dim, column[0]._array.ndim + 1)
        if count:
            stacked.append(primitives.stack(list(column), dim=axis))
        else:
            shape = column[0]._array.shape
            stacked.append(column[0].new_empty((*shape[:axis], 0, *shape[axis:])))
    return unflatten(stacked, form)
