"""What the ops on matrices share (factor, solve, lu, matrix_functions): checks, and pieces of their gradients.

Leading dimensions are batches. Functions of xp run on arrays and on Tensors.
"""

from __future__ import annotations

from ..autograd.op import cpu
from ..dtypes import dtype_title
from ..errors import LinAlgError, type_name
from ..tensor import Tensor
from . import promote
from .result import into


def turned(xp, a):
    """The last two dimensions swapped, conjugated if complex."""
    n = len(a.shape)
    a = xp.permute(a, axes=(*range(n - 2), n - 1, n - 2))
    return xp.conj(a) if a.dtype.kind == "c" else a


def embedded(xp, d):
    """Matrices with the last dimension on their diagonals."""
    n = len(d.shape)
    return xp.diagonal_scatter(d, input_shape=(*d.shape, d.shape[-1]), offset=0, axis1=n - 1, axis2=n)


def diagonal_of(xp, a):
    """(..., n, n) -> (..., n)"""
    n = len(a.shape)
    return xp.diagonal(a, offset=0, axis1=n - 2, axis2=n - 1)


def part(xp, a, axis, start, stop):
    """a[..., start:stop, ...] along an axis counted from the end."""
    return xp.slice(a, axis=len(a.shape) + axis, start=start, stop=stop, step=1)


def as_column(xp, s):
    """(..., n) -> (..., n, 1)"""
    return xp.reshape(s, shape=(*s.shape, 1))


def as_row(xp, s):
    """(..., n) -> (..., 1, n)"""
    return xp.reshape(s, shape=(*s.shape[:-1], 1, s.shape[-1]))


def like(xp, a, other):
    """Real `a` in the complex dtype of `other`, if that is complex."""
    if other.dtype.kind != "c" or a.dtype.kind == "c":
        return a
    return promote.to_dtype(a, other.dtype) if xp.differentiable else xp.cast(a, dtype=other.dtype)


def real_part(xp, a):
    """The real part of complex `a`; `a` itself if real."""
    return xp.select(xp.as_real(a), axis=len(a.shape), index=0) if a.dtype.kind == "c" else a


def divided_right(xp, a, r, *, upper):
    """a @ r^-H for a triangular r (upper or lower)."""
    return turned(xp, xp.solve_triangular(r, turned(xp, a), upper=upper, unit=False))


def check_matrix(a, op: str, *, argument="A", square=False, kernel=None, low=False):
    """TypeError or RuntimeError unless `a` is a float or complex tensor of (square) matrices.

    kernel: PyTorch's name for what has no half or integer version; low: its message for half types.
    """
    if not isinstance(a, Tensor):
        where = f"linalg_{op}(): argument '{argument}' (position 1)"
        raise TypeError(f"{where} must be Tensor, not {type_name(a)}")
    check_matrices(a, op)
    if square:
        check_square(a, op)
    dtype = a.dtype
    if not (dtype.is_floating_point or dtype.is_complex):
        if kernel in ("lu_cpu", "linalg_eigh_cpu") and op not in ("det", "slogdet"):
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_title(dtype)}'")
        raise RuntimeError(
            f"linalg.{op}: Expected a floating point or complex tensor as input. Got {dtype_title(dtype)}"
        )
    if dtype.itemsize < 4:
        if low:
            raise RuntimeError(f"linalg.{op}: Low precision dtypes not supported. Got {dtype_title(dtype)}")
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_title(dtype)}'")


def check_matrices(a, op: str):
    """RuntimeError unless `a` has two dimensions or more."""
    if a._array.ndim < 2:
        raise RuntimeError(f"linalg.{op}: The input tensor A must have at least 2 dimensions.")


def check_square(a, op: str):
    """RuntimeError unless the matrices are square."""
    rows, columns = a._array.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"linalg.{op}: A must be batches of square matrices, but they are {rows} by {columns} matrices"
        )


def raise_failed(info, message: str, error=LinAlgError):
    """Raise, for the first matrix whose `info` is set; message is formatted with "(Batch element i): " and info."""
    for i, value in enumerate(cpu.to_list(cpu.reshape(info._array, shape=(info._array.size,)))):
        if value:
            raise error(message.format("" if not info._array.ndim else f"(Batch element {i}): ", value))


def finish(result, out):
    """`result`, or `out` holding it."""
    return result if out is None else into(out, result)


def finish_all(result, out):
    """Several named results, written into the tensors of `out`."""
    if out is None:
        return result
    return type(result)([into(o, r) for o, r in zip(out, result)])
