"""Factorisations of matrices and what is solved with them, over any leading axes. LAPACK through NumPy; LU our own."""

from __future__ import annotations

import math

import numpy as np

from ...errors import LinAlgError
from .creation import clone
from .linalg import matmul

__all__ = [
    "cholesky",
    "det",
    "eig",
    "eigh",
    "householder",
    "inv",
    "lu",
    "matrix_exp",
    "qr",
    "row_order",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]

_BLOCK = 32  # columns below which splitting a matrix in two costs more than it saves


def _turned(a):
    return np.swapaxes(a, -1, -2)


def _dense(a):
    return np.ascontiguousarray(a)


# ---- triangular factors
# ---------------------------------------------------------------------------------------------------


def cholesky(a):
    """(lower L with L @ L^H = a, int32 info: 0, or the order of the first leading minor that is not positive)."""
    info = np.zeros(a.shape[:-2], np.int32)
    try:
        return _dense(np.linalg.cholesky(a)), info
    except np.linalg.LinAlgError:
        out = np.tril(a)
        for place in np.ndindex(info.shape):
            info[place] = _cholesky_columns(out[place])
        return out, info


def _cholesky_columns(a) -> int:
    """Factor the lower triangle in place, column by column, as far as it goes; the order that failed, or 0."""
    for j in range(len(a)):
        row = a[j, :j]
        pivot = (a[j, j] - row @ row.conj()).real
        a[j, j] = pivot
        if not pivot > 0:
            return j + 1
        a[j, j] = np.sqrt(pivot)
        a[j + 1 :, j] = (a[j + 1 :, j] - a[j + 1 :, :j] @ row.conj()) / a[j, j]
    return 0


def lu(a):
    """(packed L below and U on and above the diagonal, int32 pivots from 1, int32 info): a[permuted rows] = L @ U.

    Row i was exchanged with row pivots[i] - 1, in order. info: 0, or the place of the first zero on U's diagonal.
    """
    rows, columns = a.shape[-2:]
    batch = a.shape[:-2]
    packed = clone(a).reshape(math.prod(batch), rows, columns)
    pivots = np.zeros((len(packed), min(rows, columns)), np.int32)
    with np.errstate(all="ignore"):
        _lu_columns(packed, pivots, 0)
    zero = np.diagonal(packed, axis1=1, axis2=2) == 0
    info = np.where(zero.any(1), zero.argmax(1) + 1 if zero.shape[1] else 0, 0).astype(np.int32)
    return packed.reshape(a.shape), pivots.reshape(*batch, pivots.shape[1]), info.reshape(batch)


def _lu_columns(a, pivots, first) -> None:
    """Factor all columns of a (batch, rows, columns) in place; `first` is the row that counts as 0 in `pivots`."""
    batch, rows, columns = a.shape
    count = min(rows, columns)
    if count > _BLOCK:
        half = count // 2
        _lu_columns(a[:, :, :half], pivots[:, :half], first)
        right = a[:, :, half:]
        _exchange_rows(right, pivots[:, :half] - 1 - first)
        right[:, :half] = _substitute(a[:, :half, :half], right[:, :half], upper=False, unit=True)
        right[:, half:] -= matmul(_dense(a[:, half:, :half]), _dense(right[:, :half]))
        _lu_columns(a[:, half:, half:], pivots[:, half:], first + half)
        _exchange_rows(a[:, half:, :half], pivots[:, half:] - 1 - first - half)
        return
    each = np.arange(batch)
    for k in range(count):
        size = np.abs(a[:, k:, k])
        best = k + np.where(np.isnan(size), -1, size).argmax(1)
        pivots[:, k] = best + 1 + first
        upper, lower = a[each, k], a[each, best]
        a[each, k], a[each, best] = lower, upper
        pivot = a[:, k, k][:, None]
        a[:, k + 1 :, k] = np.where(pivot == 0, a[:, k + 1 :, k], a[:, k + 1 :, k] / pivot)
        a[:, k + 1 :, k + 1 :] -= a[:, k + 1 :, k, None] * a[:, k, None, k + 1 :]


def row_order(pivots, rows, *, inverse):
    """The order of the rows, (..., rows) int64, that the exchanges `pivots` of `lu` lead to, or its inverse."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    order = np.tile(np.arange(rows), (len(flat), 1))[:, :, None]
    _exchange_rows(order, flat - 1)
    order = order.reshape(*pivots.shape[:-1], rows)
    return np.argsort(order, axis=-1) if inverse else order


def _exchange_rows(a, targets) -> None:
    """For i = 0, 1, ...: exchange row i of every matrix with row targets[:, i], in place."""
    each = np.arange(len(a))
    for i in range(targets.shape[1]):
        other = targets[:, i]
        first, second = a[:, i].copy(), a[each, other]
        a[:, i] = second
        a[each, other] = np.where((other == i)[:, None], second, first)


def solve_triangular(a, b, *, upper, unit):
    """x with a @ x = b, a (..., n, n) triangular, b (..., n, k); unit: the diagonal counts as ones. Axes broadcast."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, batch + a.shape[-2:])
    b = np.broadcast_to(b, batch + b.shape[-2:])
    with np.errstate(all="ignore"):
        return _substitute(a, b, upper=upper, unit=unit)


def _substitute(a, b, *, upper, unit):
    n = a.shape[-1]
    if n > _BLOCK:
        half = n // 2
        head, tail = slice(0, half), slice(half, n)
        first, second = (tail, head) if upper else (head, tail)
        x = np.empty(b.shape, b.dtype)
        x[..., first, :] = _substitute(a[..., first, first], b[..., first, :], upper=upper, unit=unit)
        rest = b[..., second, :] - matmul(_dense(a[..., second, first]), _dense(x[..., first, :]))
        x[..., second, :] = _substitute(a[..., second, second], rest, upper=upper, unit=unit)
        return x
    x = np.array(b, order="C")
    for i in reversed(range(n)) if upper else range(n):
        done = slice(i + 1, n) if upper else slice(0, i)
        if done.start < done.stop:
            x[..., i, :] -= np.matmul(a[..., i, None, done], x[..., done, :])[..., 0, :]
        if not unit:
            x[..., i, :] /= a[..., i, i, None]
    return x


# ---- solving
# --------------------------------------------------------------------------------------------------------


def solve(a, b):
    """(x with a @ x = b, int32 info), b (..., n, k); info: 0, or the place of the first zero on U's diagonal."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    try:
        return _dense(np.linalg.solve(a, b)), np.zeros(a.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        packed, pivots, info = lu(a)
        rows = a.shape[-2]
        x = np.array(np.broadcast_to(b, (*batch, *b.shape[-2:])), order="C")
        flat_pivots = np.broadcast_to(pivots, (*batch, pivots.shape[-1])).reshape(-1, pivots.shape[-1])
        _exchange_rows(x.reshape(-1, rows, b.shape[-1]), flat_pivots - 1)
        x = solve_triangular(packed, x, upper=False, unit=True)
        return solve_triangular(packed, x, upper=True, unit=False), info


def inv(a):
    """(the inverse, int32 info as of `solve`)."""
    try:
        return _dense(np.linalg.inv(a)), np.zeros(a.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        return solve(a, np.eye(a.shape[-1], dtype=a.dtype))


def det(a):
    """Determinants."""
    return np.asarray(np.linalg.det(a), a.dtype)


def slogdet(a):
    """(sign, log of the absolute value) of determinants."""
    sign, size = np.linalg.slogdet(a)
    return np.asarray(sign, a.dtype), np.asarray(size)


# ---- orthogonal factors
# ---------------------------------------------------------------------------------------------------


def qr(a, *, complete):
    """(Q with orthonormal columns, upper R) with Q @ R = a; complete: Q square."""
    q, r = np.linalg.qr(a, "complete" if complete else "reduced")
    return _dense(q), _dense(r)


def householder(a, tau):
    """The first columns of the product of I - tau_i v_i v_i^H, v_i below the unit diagonal of column i of `a`."""
    rows, columns = a.shape[-2:]
    q = np.zeros(a.shape, a.dtype)
    for i in range(columns):
        q[..., i, i] = 1
    for i in reversed(range(tau.shape[-1])):
        v = np.array(a[..., i:, i])
        v[..., 0] = 1
        part = q[..., i:, :]
        part -= tau[..., i, None, None] * v[..., :, None] * np.matmul(v.conj()[..., None, :], part)
    return q


def _converged(name, function, *arguments):
    """A NumPy factorisation; LinAlgError, a RuntimeError, where LAPACK gives up."""
    try:
        return [_dense(part) for part in function(*arguments)]
    except np.linalg.LinAlgError:
        raise LinAlgError(
            f"linalg.{name}: The algorithm failed to converge because the input matrix contained non-finite values or "
            "is too ill-conditioned."
        ) from None


def svd(a, *, full):
    """(U, S, V^H) with U @ diag(S) @ V^H = a, S falling; full: U and V square."""
    return tuple(_converged("svd", np.linalg.svd, a, full))


def eigh(a, *, upper):
    """(rising eigenvalues, eigenvectors as columns) of Hermitian matrices, read from one triangle."""
    return tuple(_converged("eigh", np.linalg.eigh, a, "U" if upper else "L"))


def eig(a):
    """(complex eigenvalues, eigenvectors of length 1 as columns)."""
    dtype = np.result_type(a.dtype, np.complex64)
    values, vectors = _converged("eig", np.linalg.eig, a)
    return values.astype(dtype, copy=False), vectors.astype(dtype, copy=False)


# Numerator coefficients of the diagonal Pade approximant of e^x of degree 13, and the 1-norm it holds for in float64
# (Higham 2005, "The scaling and squaring method for the matrix exponential revisited").
_PADE = [
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
]  # fmt: skip
_PADE_REACH = 5.37


def matrix_exp(a):
    """I + a + a^2/2! + a^3/3! + ...: a halved until the approximant holds, then squared as often."""
    half = a.dtype.itemsize == 2
    x = a.astype(np.float32) if half else a
    n = a.shape[-1]
    if not a.size:
        return clone(a)
    with np.errstate(all="ignore"):
        size = np.abs(x).sum(-2).max(-1)
        steps = np.ceil(np.log2(np.maximum(size / _PADE_REACH, 1)))
        steps = np.where(np.isfinite(steps), steps, 0).astype(np.int64)
        x = x * np.exp2(-steps)[..., None, None].astype(x.real.dtype)
        one = np.broadcast_to(np.eye(n, dtype=x.dtype), x.shape)
        x2 = np.matmul(x, x)
        x4 = np.matmul(x2, x2)
        x6 = np.matmul(x2, x4)
        b = [x.dtype.type(c / _PADE[0]) for c in _PADE]
        odd = np.matmul(x6, b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * one
        even = np.matmul(x6, b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * one
        odd = np.matmul(x, odd)
        result = solve(even - odd, even + odd)[0]
        for step in range(int(steps.max(initial=0))):
            result = np.where((step < steps)[..., None, None], np.matmul(result, result), result)
    return _dense(result.astype(a.dtype, copy=False))
