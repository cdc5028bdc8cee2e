"""Pooling as functions. Inputs are (N, C, spatial) or (C, spatial); kernel_size and its kin an int or one int per axis.

Sizes: out = floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1; with ceil_mode the ceiling, where the
last window must start inside the input or its left padding. `stride` defaults to the kernel's size.
"""

from __future__ import annotations

import functools

from ...ops import pool
from ...tensor import Tensor

__all__ = """adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices adaptive_max_pool3d
adaptive_max_pool3d_with_indices avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d lp_pool3d max_pool1d
max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices max_unpool1d max_unpool2d
max_unpool3d""".split()


def _max_pool(n):
    def function(
        input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
    ) -> Tensor | tuple[Tensor, Tensor]:
        return pool.max_pool(n, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)

    function.__name__ = function.__qualname__ = f"max_pool{n}d"
    function.__doc__ = f"""Maximum over windows of the last {n} axes; padding counts as minus infinity.

    With return_indices, also the int64 flat position of every maximum inside its channel plane (the first of equals;
    NaN wins over numbers). Errors: RuntimeError for a wrong rank, padding above half the kernel, or an empty output.
    """
    return function


def _max_pool_with_indices(n):
    def function(
        input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
    ) -> tuple[Tensor, Tensor]:
        return pool.max_pool(n, input, kernel_size, stride, padding, dilation, ceil_mode, True)

    function.__name__ = function.__qualname__ = f"max_pool{n}d_with_indices"
    function.__doc__ = f"max_pool{n}d that always returns (maxima, positions)."
    return function


max_pool1d, max_pool2d, max_pool3d = map(_max_pool, (1, 2, 3))
max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = map(_max_pool_with_indices, (1, 2, 3))


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True) -> Tensor:
    """Mean over windows of the last axis; padding zeros are counted unless count_include_pad is False."""
    return pool.avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
) -> Tensor:
    """Mean over windows of the last two axes; divisor_override replaces the number of cells."""
    return pool.avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
) -> Tensor:
    """Mean over windows of the last three axes; divisor_override replaces the number of cells."""
    return pool.avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _adaptive_avg(n):
    def function(input, output_size) -> Tensor:
        return pool.adaptive_avg_pool(n, input, output_size)

    function.__name__ = function.__qualname__ = f"adaptive_avg_pool{n}d"
    function.__doc__ = f"""Mean over windows of the last {n} axes that make `output_size` (int, tuple, None: keep it).

    Window j covers floor(j in / out) .. ceil((j + 1) in / out).
    """
    return function


def _adaptive_max(n, always):
    def function(input, output_size, return_indices=False):
        result = pool.adaptive_max_pool(n, input, output_size)
        return result if always or return_indices else result[0]

    function.__name__ = function.__qualname__ = f"adaptive_max_pool{n}d" + ("_with_indices" if always else "")
    function.__doc__ = f"Maximum over the windows of adaptive_avg_pool{n}d, with int64 flat positions if wanted."
    return function


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = map(_adaptive_avg, (1, 2, 3))
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (_adaptive_max(n, False) for n in (1, 2, 3))
adaptive_max_pool1d_with_indices, adaptive_max_pool2d_with_indices, adaptive_max_pool3d_with_indices = (
    _adaptive_max(n, True) for n in (1, 2, 3)
)


def _max_unpool(n, input, indices, kernel_size, stride=None, padding=0, output_size=None):
    op = f"max_unpool{n}d"
    kernel = pool.sizes(kernel_size, n, op, "kernel_size")
    stride = kernel if stride is None else pool.sizes(stride, n, op, "stride")
    padding = pool.sizes(padding, n, op, "padding")
    default = tuple(
        (i - 1) * s + k - 2 * p for i, k, s, p in zip(input.shape[-n:], kernel, stride, padding, strict=True)
    )
    if output_size is None:
        return pool.max_unpool(n, input, indices, default)
    wanted = tuple(int(v) for v in output_size)
    if len(wanted) == n + 2:
        wanted = wanted[2:]
    if len(wanted) != n:
        raise ValueError(
            f"output_size should be a sequence containing {n} or {n + 2} elements, but it has a length of "
            f"'{len(wanted)}'"
        )
    for want, size, s in zip(wanted, default, stride, strict=True):
        if not size - s < want < size + s:
            raise ValueError(
                f'invalid output_size "{wanted}" (dim sizes must lie within one stride of {default}: more than '
                f"{size - s} and less than {size + s})"
            )
    return pool.max_unpool(n, input, indices, wanted)


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None) -> Tensor:
    """Put values at `indices` of zero planes of size (in - 1) stride - 2 padding + kernel (or output_size)."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None) -> Tensor:
    """max_unpool1d over two axes; indices are flat in the new plane."""
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None) -> Tensor:
    """max_unpool1d over three axes; indices are flat in the new volume."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _lp_pool(n, input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """sign(s) |s|^(1/p) with s = sum of x^p over the window: the p-norm for even p and non-negative x."""
    if isinstance(norm_type, complex):
        raise NotImplementedError(f"lp_pool{n}d(): norm_type must be a real number, got {norm_type}")
    norm = float(norm_type)
    if norm == float("inf"):
        return pool.max_pool(n, input, kernel_size, stride, 0, 1, ceil_mode, False)
    if n > 1 and isinstance(kernel_size, (tuple, list)) and len(kernel_size) != n:
        raise ValueError(f"lp_pool{n}d(): expected an int or {n} ints as kernel_size, got {kernel_size}")
    kernel = pool.sizes(kernel_size, n, f"lp_pool{n}d", "kernel_size")
    cells = functools.reduce(lambda a, b: a * b, kernel)
    mean = pool.avg_pool(n, input.pow(norm), kernel, stride, 0, ceil_mode, True, None)
    return (mean.sign() * mean.abs().relu() * cells).pow(1.0 / norm)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False) -> Tensor:
    """(sum x^p)^(1/p) over windows of the last axis; p = 1 gives the sum, p = inf the maximum."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False) -> Tensor:
    """lp_pool1d over two axes."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False) -> Tensor:
    """lp_pool1d over three axes."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
