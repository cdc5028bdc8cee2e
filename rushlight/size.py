"""`Size`: a shape, as a tuple that prints like torch.Size([2, 3])."""

from __future__ import annotations

from typing import Any


class Size(tuple):
    """A tuple of ints; slices and sums are Sizes again."""

    __module__ = "torch"
    __slots__ = ()

    def __new__(cls, sizes: Any = ()):
        values = []
        for position, value in enumerate(sizes):
            try:
                values.append(value.__index__())
            except (AttributeError, TypeError):
                raise TypeError(
                    f"torch.Size() takes an iterable of 'int' (item {position} is '{type(value).__name__}')"
                ) from None
        return super().__new__(cls, values)

    def numel(self) -> int:
        """Number of elements: the product."""
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return "torch.Size([" + ", ".join(map(str, self)) + "])"

    def __getitem__(self, index):
        result = tuple.__getitem__(self, index)
        return _make(result) if isinstance(index, slice) else result

    def __add__(self, other):
        return _make(tuple.__add__(self, tuple(other)))

    def __radd__(self, other):
        return _make(tuple(other) + tuple(self))

    def __mul__(self, count):
        return _make(tuple.__mul__(self, count))

    __rmul__ = __mul__

    def __reduce__(self):
        return (_make, (tuple(self),))  # by name Size is torch's, which may be another class


def _make(values) -> Size:
    return tuple.__new__(Size, values)


def size_from(args: tuple) -> tuple[int, ...]:
    """The sizes of `f(2, 3)` or `f((2, 3))` as a tuple of ints."""
    if len(args) == 1 and type(args[0]) in (tuple, list, Size):
        args = tuple(args[0])
    for value in args:
        if type(value) is not int:
            break
    else:
        return args
    if len(args) == 1 and not hasattr(args[0], "__index__"):
        args = tuple(args[0])
    elif len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    out: list[int] = []
    for value in args:
        try:
            if isinstance(value, float) or (isinstance(value, bool) and not out):
                raise TypeError
            out.append(value.__index__())
        except (AttributeError, TypeError):
            raise TypeError(
                f"expected a size as ints or a tuple of ints, but found element of type {type(value).__name__}"
            ) from None
    return tuple(out)
