"""Decompositions by random projections: svd_lowrank, pca_lowrank.

Source: Halko, Martinsson & Tropp 2011, arXiv:0909.4061, algorithms 4.4 and 5.1.
"""

from __future__ import annotations

from ..autograd.op import public
from ..dtypes import dtype_title
from . import linalg
from .factor import qr, svd
from .sampling import randn


def _basis(A, q, niter):  # noqa: N803
    """Orthonormal columns that nearly span those of A."""
    start = randn(A._array.shape[-1], q, dtype=A.dtype)
    columns = qr(linalg.matmul(A, start))[0]
    for _ in range(niter):
        columns = qr(linalg.matmul(A.mH, columns))[0]
        columns = qr(linalg.matmul(A, columns))[0]
    return columns


@public()
def svd_lowrank(A, q=6, niter=2, M=None):  # noqa: N803
    """(U, S, V) with U @ diag(S) @ V^H near A (near A - M with M): q columns, by random projections.

    Good for matrices of rank about q; niter rounds of power iteration sharpen it. Draws random numbers.
    Shapes: (..., m, n) -> (..., m, q), (..., q), (..., n, q), q at most min(m, n). Errors: RuntimeError for integers.
    """
    q = 6 if q is None else q
    niter = 2 if niter is None else niter
    if not (A.dtype.is_floating_point or A.dtype.is_complex):
        raise RuntimeError(f"svd_lowrank: expected a floating point or complex tensor, but got {dtype_title(A.dtype)}")
    if M is not None:
        A = A - M.expand(A.shape)
    rows, columns = A._array.shape[-2:]
    if rows < columns:
        A = A.mH
    basis = _basis(A, q, niter)
    u, s, vh = svd(linalg.matmul(basis.mH, A), full_matrices=False)
    u, v = linalg.matmul(basis, u), vh.mH
    return (v, s, u) if rows < columns else (u, s, v)


@public()
def pca_lowrank(A, q=None, center=True, niter=2):  # noqa: N803
    """(U, S, V) of svd_lowrank of A, its columns centred: V's columns are the principal directions of A's rows.

    q: how many, by default min(6, m, n). Errors: ValueError for q above min(m, n), a negative niter.
    """
    if A._array.ndim < 2:
        raise ValueError(f"pca_lowrank: expected matrices, but got a tensor with {A._array.ndim} dimensions")
    least = min(A._array.shape[-2:])
    q = min(6, least) if q is None else q
    if not 0 <= q <= least:
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={least}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)
