"""The out= argument of public functions."""

from __future__ import annotations

import warnings

from ..autograd.inplace import bump
from ..autograd.mode import mode
from ..autograd.op import cpu
from ..dtypes import can_cast, dtype_title, dtype_word
from ..errors import type_name


def into(out, result, kind=""):
    """Write `result` into the tensor `out` and return it; `out` is resized if its shape differs.

    kind: "exact": the types must be equal; "cast" or "new": any type will do; else the result's must promote to out's.
    """
    if mode.enabled and (out.requires_grad or result.requires_grad):
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad."
        )
    if kind == "exact" and result.dtype is not out.dtype:
        raise RuntimeError(
            f"Expected out tensor to have dtype {dtype_word(result.dtype)}, but got {dtype_word(out.dtype)} instead"
        )
    if kind not in ("cast", "new") and not can_cast(result.dtype, out.dtype):
        raise RuntimeError(
            f"result type {dtype_title(result.dtype)} can't be cast to the desired output type {dtype_title(out.dtype)}"
        )
    if out._array.shape != result._array.shape:
        if out._array.size:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does "
                f"not match the required output shape {list(result.shape)}. Pass an empty tensor or one of the right "
                "shape.",
                stacklevel=3,
            )
        out._array = cpu.empty_like(result._array, dtype=out._array.dtype)
    cpu.write(out._array, result._array)
    bump(out)
    return out


def write_out(name, kind, dtype, out, result):
    """`result` of the function `name` written into out=: one tensor, or as many as the function has results."""
    several = isinstance(result, tuple)
    given = out if isinstance(out, (tuple, list)) else (out,)
    if several != isinstance(out, (tuple, list)) or not all([hasattr(t, "_array") for t in given]):
        wanted = "tuple of Tensors" if several else "Tensor"
        raise TypeError(f"{name}(): argument 'out' must be {wanted}, not {type_name(out)}")
    if kind == "new" and dtype is not None and result.dtype is not out.dtype:
        raise RuntimeError(
            f"{name}(): dtype {dtype_title(result.dtype)} does not match dtype of out parameter "
            f"({dtype_title(out.dtype)})"
        )
    if kind == "joined" and not can_cast(result.dtype, out.dtype):
        raise TypeError(f"{name}(): input types can't be cast to the desired output type {dtype_title(out.dtype)}")
    if not several:
        return into(out, result, kind)
    if len(given) != len(result):
        raise TypeError(f"{name}(): expected tuple of {len(result)} elements in argument 'out' but got {len(given)}")
    written = [into(t, r, kind) for t, r in zip(given, result)]
    return type(result)(written)


class NamedResult(tuple):
    """Several results: a tuple whose elements are attributes too, printed one per line."""

    __slots__ = ()
    fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        rows = ",\n".join(f"{name}={value!r}" for name, value in zip(self.fields, self))
        return f"torch.return_types.{type(self).__name__}(\n{rows})"

    def __reduce__(self):
        return (_rebuild, (type(self).__name__, self.fields, tuple(self)))


_TYPES: dict[tuple, type] = {}


def named_result(function: str, **values):
    """The results of a function that names them: (values=..., indices=...) as PyTorch's return types."""
    return _rebuild(function, tuple(values), tuple(values.values()))


def _rebuild(function, fields, values):
    kind = _TYPES.get((function, fields))
    if kind is None:
        body = {"__slots__": (), "fields": fields, "__module__": "torch.return_types"}
        for i, field in enumerate(fields):
            body[field] = property(lambda self, i=i: self[i])
        kind = _TYPES[function, fields] = type(function, (NamedResult,), body)
    return kind(values)
