"""Collating: from a list of samples to one batch, structure by structure."""

import copy
import sys
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence

from ...tensor import Tensor

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

_UNKNOWN = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def _numpy_kind(value):
    """'array' or 'number' for what NumPy makes and a tensor can hold, 'other' for its strings and objects, or None.

    NumPy is looked up rather than imported: where it is not loaded, no value can be of its types.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.ndarray):
        return "other" if value.dtype.kind in "SaUOV" else "array"
    return "number" if isinstance(value, (numpy.number, numpy.bool_)) else None


def _is_namedtuple(value):
    return isinstance(value, tuple) and hasattr(value, "_fields")


def default_convert(data):
    """Turn each NumPy array in `data` into a tensor, leaving structure and everything else as it is.

    This is what a DataLoader does to single samples when `batch_size` is None.
    """
    kind = type(data)
    if isinstance(data, Tensor):
        return data
    if _numpy_kind(data) in ("array", "number"):
        from ... import as_tensor

        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if _is_namedtuple(data):
        return kind(*(default_convert(value) for value in data))
    if isinstance(data, tuple):
        return [default_convert(value) for value in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(value) for value in data])
    return data


def _like_mapping(original, values):
    """`values` in a mapping of the original's type, or in a dict when that cannot be made."""
    try:
        if isinstance(original, MutableMapping):
            result = copy.copy(original)  # keeps what the type holds besides its items, e.g. a default factory
            result.update(values)
            return result
        return type(original)(values)
    except TypeError:
        return values


def _like_sequence(original, values):
    try:
        if isinstance(original, MutableSequence):
            result = copy.copy(original)
            for i, value in enumerate(values):
                result[i] = value
            return result
        return type(original)(values)
    except TypeError:
        return values


def _collate_tensors(batch, *, collate_fn_map=None):
    from ... import stack

    return stack(batch, 0)


def _collate_floats(batch, *, collate_fn_map=None):
    from ... import float64, tensor

    return tensor(batch, dtype=float64)


def _collate_ints(batch, *, collate_fn_map=None):
    from ... import tensor

    return tensor(batch)


def _keep(batch, *, collate_fn_map=None):
    return batch


default_collate_fn_map = {
    Tensor: _collate_tensors,
    float: _collate_floats,
    int: _collate_ints,
    str: _keep,
    bytes: _keep,
}


def _collate_numpy(batch):
    from ... import as_tensor, stack

    return stack([as_tensor(item) for item in batch], 0)


def collate(batch, *, collate_fn_map=None):
    """Collate by type: `collate_fn_map` maps a type (or tuple of types) to `f(batch, *, collate_fn_map)`.

    Mappings and sequences are collated entry by entry, for types that the map does not name.
    Errors: TypeError for other types; RuntimeError for sequences of unequal length.
    """
    first = batch[0]
    kind = type(first)
    functions = collate_fn_map or {}
    if kind in functions:
        return functions[kind](batch, collate_fn_map=functions)
    numpy_kind = _numpy_kind(first) if Tensor in functions else None
    if numpy_kind in ("array", "number"):
        return _collate_numpy(batch)
    if numpy_kind == "other":
        raise TypeError(_UNKNOWN.format(first.dtype))
    for known, function in functions.items():
        if isinstance(first, known):
            return function(batch, collate_fn_map=functions)
    if isinstance(first, Mapping):
        merged = {key: collate([item[key] for item in batch], collate_fn_map=functions) for key in first}
        return _like_mapping(first, merged)
    if _is_namedtuple(first):
        columns = zip(*batch, strict=True)
        return kind(*(collate(column, collate_fn_map=functions) for column in columns))
    if isinstance(first, Sequence):
        if any(len(item) != len(first) for item in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        merged_columns = [collate(column, collate_fn_map=functions) for column in zip(*batch, strict=True)]
        return merged_columns if isinstance(first, tuple) else _like_sequence(first, merged_columns)
    raise TypeError(_UNKNOWN.format(kind))


def default_collate(batch):
    """Stack a list of samples along a new first axis.

    Tensors and arrays are stacked; ints become int64, floats float64, bools bool; strings stay lists; dicts, named
    tuples, tuples and lists are collated field by field (a tuple gives a list).
    Example:
        >>> default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
        {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
