"""Wording shared by error messages: shapes, dimensions, types."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

_PACKAGE = os.path.dirname(__file__) + os.sep


class LinAlgError(RuntimeError):
    """A matrix that cannot be factored or solved with: singular, or not positive-definite."""


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, naming the line outside of this package from which the call came."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def brackets(shape: Sequence[int]) -> str:
    """(2, 3) as '[2, 3]'."""
    return "[" + ", ".join(map(str, shape)) + "]"


def by(shape: Sequence[int]) -> str:
    """(2, 3) as '2x3'."""
    return "x".join(map(str, shape))


def wrap_dim(dim: int, ndim: int) -> int:
    """`dim` counted from the front; IndexError outside [-ndim, ndim). A 0-d tensor takes 0 and -1."""
    limit = ndim or 1
    if not -limit <= dim < limit:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {dim})")
    return dim + limit if dim < 0 else dim


def wrap_dims(dims: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """All dims for None or (); RuntimeError when one appears twice."""
    if dims is None:
        return tuple(range(ndim))
    if isinstance(dims, int):
        return (wrap_dim(dims, ndim),) if ndim else _none(dims)
    wrapped = tuple(wrap_dim(int(d), ndim) for d in dims)
    if not wrapped:
        return tuple(range(ndim))
    for position, d in enumerate(wrapped):
        if d in wrapped[:position]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return wrapped if ndim else ()


def _none(dim: int) -> tuple[int, ...]:
    wrap_dim(dim, 0)
    return ()


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape all of `shapes` expand to; RuntimeError naming the sizes and the dimension that clash."""
    ndim = max((len(s) for s in shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        offset = ndim - len(shape)
        for i, size in enumerate(shape):
            have = result[offset + i]
            if have == 1:
                result[offset + i] = size
            elif size not in (1, have):
                raise RuntimeError(
                    f"The size of tensor a ({have}) must match the size of tensor b ({size}) at non-singleton "
                    f"dimension {offset + i}"
                )
    return tuple(result)


def type_name(value: object) -> str:
    """The class name, as messages quote it."""
    return type(value).__name__
