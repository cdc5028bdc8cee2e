"""view_copy, permute_copy, ...: the view functions, each with a copy as its result."""

from __future__ import annotations

from ..autograd.op import METHODS, PUBLIC, Op, named, primitives, public
from .result import into


def _copied(name: str, function, grad_name=None):
    """`name`_copy: what `function` gives, in memory of its own."""

    def copies(input, *args, out=None, **kwargs):
        result = function(input, *args, **kwargs)
        if isinstance(result, tuple):
            parts = tuple([_copy(part) for part in result])
            return parts if out is None else tuple([into(o, part) for o, part in zip(out, parts)])
        result = _copy(result)
        return result if out is None else into(out, result)

    def _copy(view):
        node = view._node
        return named(primitives.clone(view), f"{grad_name or (node and node.name())}_copy")

    copies.__name__ = copies.__qualname__ = name + "_copy"
    copies.__doc__ = f"{name}, as a copy."
    if not isinstance(function, Op):
        copies.__wrapped__ = function  # type: ignore[attr-defined]  # its signature
    public()(copies)


for _name in """as_strided diagonal permute select split split_with_sizes squeeze transpose unbind unsqueeze
    view_as_real view_as_complex""".split():
    _copied(_name, PUBLIC[_name])
_copied("t", PUBLIC["t"], "TBackward0")
_copied("alias", primitives.alias)
_copied("expand", METHODS["expand"])
_copied("unfold", METHODS["unfold"], "UnfoldBackward0")
_copied("view", METHODS["view"])
_copied("detach", PUBLIC["detach"])


def _slice(input, dim=0, start=None, end=None, step=1):
    """start:end:step along a dimension."""
    return input[(slice(None),) * (dim if dim >= 0 else dim + input._array.ndim) + (slice(start, end, step),)]


_copied("slice", _slice, "SliceBackward0")
