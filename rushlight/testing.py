"""Comparing tensors in tests, and drawing some: torch.testing's assert_close and make_tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import dtypes
from .creation import empty, tensor
from .tensor import Tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

# dtype -> (rtol, atol); whole numbers are compared exactly
_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
_NUMBERS = (bool, int, float, complex)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """AssertionError unless |actual - expected| <= atol + rtol |expected| everywhere, and shapes and dtypes agree.

    Tensors, arrays, numbers, None, and sequences and mappings of them. The tolerances of a dtype unless both are given:
    1.3e-6 and 1e-5 for float32, 1e-7 for float64, 0 for whole numbers. msg replaces the message, or makes it from it.
    Errors: ValueError for one tolerance alone, TypeError for what cannot be compared.
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")
    options = {
        "allow_subclasses": allow_subclasses,
        "tolerances": None if rtol is None else (rtol, atol),
        "equal_nan": equal_nan,
        "check_dtype": check_dtype,
        "check_stride": check_stride,
    }
    try:
        _compare(actual, expected, "", **options)
    except AssertionError as error:
        if msg is None:
            raise
        raise AssertionError(msg(str(error)) if callable(msg) else msg) from None


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg="") -> None:
    """assert_close under its old name, without the check of dtypes; NaN equals NaN."""
    if not isinstance(actual, Tensor):
        actual = tensor(actual)
    if not isinstance(expected, Tensor):
        expected = tensor(expected, dtype=actual.dtype)
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


def _compare(actual, expected, where, *, allow_subclasses, tolerances, equal_nan, check_dtype, check_stride):
    options = {
        "allow_subclasses": allow_subclasses,
        "tolerances": tolerances,
        "equal_nan": equal_nan,
        "check_dtype": check_dtype,
        "check_stride": check_stride,
    }
    if actual is None and expected is None:
        return
    texts = isinstance(actual, (str, bytes)) or isinstance(expected, (str, bytes))
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        missing = sorted(set(expected) - set(actual), key=str)
        extra = sorted(set(actual) - set(expected), key=str)
        if missing or extra:
            raise AssertionError(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {missing}\nAdditional keys in the actual mapping: {extra}"
            )
        for key in expected:
            _compare(actual[key], expected[key], f"{where}[{key!r}]", **options)
    elif isinstance(actual, Sequence) and isinstance(expected, Sequence) and not texts:
        if len(actual) != len(expected):
            raise AssertionError(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}")
        for i, (a, b) in enumerate(zip(actual, expected)):
            _compare(a, b, f"{where}[{i}]", **options)
    elif isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS):
        if check_dtype and type(actual) is not type(expected):
            raise AssertionError(f"The (d)types do not match: {type(actual)} != {type(expected)}.")
        wide = dtypes.complex128 if isinstance(actual, complex) or isinstance(expected, complex) else dtypes.float64
        if isinstance(actual, int) and isinstance(expected, int):
            wide = dtypes.int64
        _close(tensor(actual, dtype=wide), tensor(expected, dtype=wide), where, tolerances, equal_nan, "Scalars")
    else:
        _compare_tensors(actual, expected, where, **options)


def _compare_tensors(actual, expected, where, *, allow_subclasses, tolerances, equal_nan, check_dtype, check_stride):
    arrays = [hasattr(value, "__array__") and hasattr(value, "dtype") for value in (actual, expected)]
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not all(arrays) or not related or (not allow_subclasses and type(actual) is not type(expected)):
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")
    actual, expected = (v.detach() if isinstance(v, Tensor) else tensor(v) for v in (actual, expected))
    checks = [("shape", actual.shape, expected.shape)]
    if check_dtype:
        checks.append(("dtype", actual.dtype, expected.dtype))
    if check_stride:
        checks.append(("stride()", actual.stride(), expected.stride()))
    for name, a, b in checks:
        if a != b:
            raise AssertionError(f"The values for attribute '{name}' do not match: {a} != {b}." + _at(where))
    _close(actual, expected, where, tolerances, equal_nan, "Scalars" if not actual._array.ndim else "Tensor-likes")


def _at(where: str) -> str:
    return f"\n\nThe failure occurred for item {where}" if where else ""


def _close(actual, expected, where, tolerances, equal_nan, what) -> None:
    if tolerances is None:
        pairs = [_TOLERANCES.get(t.dtype.name, (0.0, 0.0)) for t in (actual, expected)]
        rtol, atol = max(p[0] for p in pairs), max(p[1] for p in pairs)
    else:
        rtol, atol = tolerances
    dtype = dtypes.promote_types(actual.dtype, expected.dtype)
    if dtype.category < 2:
        dtype = dtypes.int64
    a, b = actual.to(dtype), expected.to(dtype)
    good = a.isclose(b, rtol, atol, equal_nan)
    if bool(good.all()):
        return
    difference = (a - b).abs()
    relative = difference / b.abs()
    relation = "equal" if rtol == atol == 0 else "close"

    def allowed(limit):
        return f" (up to {limit} allowed)" if relation == "close" else ""

    lines = [f"{what} are not {relation}!\n"]
    if what == "Scalars":
        lines.append(f"Expected {b.item()} but got {a.item()}.")
        lines.append(f"Absolute difference: {difference.item()}{allowed(atol)}")
        lines.append(f"Relative difference: {relative.item()}{allowed(rtol)}")
    else:
        wrong = int((~good).sum())
        lines.append(f"Mismatched elements: {wrong} / {good.numel()} ({wrong / good.numel():.1%})")
        for word, amounts, limit in (("absolute", difference, atol), ("relative", relative, rtol)):
            amounts = amounts.masked_fill(good, 0)
            place = int(amounts.argmax())
            index, rest = [], place
            for size in reversed(amounts.shape):
                rest, i = divmod(rest, size)
                index.append(i)
            amount = amounts.reshape(-1)[place].item()
            lines.append(f"Greatest {word} difference: {amount} at index {tuple(reversed(index))}{allowed(limit)}")
    raise AssertionError("\n".join(lines) + _at(where))


def make_tensor(
    *shape,
    dtype,
    device="cpu",
    low=None,
    high=None,
    requires_grad=False,
    noncontiguous=False,
    exclude_zero=False,
    memory_format=None,
) -> Tensor:
    """A tensor of random values in [low, high): by default [-9, 9) of floats, -9 to 9 of whole numbers, 0 and 1.

    noncontiguous: every second element of a larger memory. exclude_zero: zeros become the smallest positive number.
    Errors: ValueError for limits that are no range, or lie outside of the dtype's.
    """
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else tuple(shape)
    if noncontiguous and memory_format is not None:
        raise ValueError("The parameters `noncontiguous` and `memory_format` are mutually exclusive.")
    floats = dtype.is_floating_point or dtype.is_complex
    if dtype is dtypes.bool_:
        default = (0, 2)
    elif floats:
        default = (-9, 9)
    else:
        default = (0 if not dtype.is_signed else -9, 10)
    low = default[0] if low is None else low
    high = default[1] if high is None else high
    if any(isinstance(v, float) and math.isnan(v) for v in (low, high)):
        raise ValueError(f"`low` and `high` cannot be NaN, but got low={low} and high={high}")
    if low >= high:
        raise ValueError(f"make_tensor: low must be less than high, but got {low} >= {high}")
    wide = (*sizes[:-1], 2 * sizes[-1]) if noncontiguous and math.prod(sizes) > 1 else sizes
    if dtype.is_complex:
        real = dtype.to_real()
        parts = empty((*wide, 2), dtype=real).uniform_(float(low), float(high))
        from .ops.complex_parts import view_as_complex

        result = view_as_complex(parts)
    elif floats:
        result = empty(wide, dtype=dtypes.float32 if dtype.itemsize < 4 else dtype)
        result = result.uniform_(float(low), float(high)).to(dtype)
    else:
        result = empty(wide, dtype=dtypes.int64).random_(math.ceil(low), math.ceil(high)).to(dtype)
    if wide != sizes:
        result = result[..., ::2]
    if exclude_zero:
        smallest = dtypes.FInfo(dtype.to_real() if dtype.is_complex else dtype).tiny if floats else 1
        result[result == 0] = smallest
    return result.requires_grad_() if requires_grad else result
