"""Factorisations of matrices, as torch.linalg names them: cholesky, qr, svd, eigh, eig. Leading dimensions are batches.

Gradients: Giles 2008, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation"; Seeger et al. 2017, arXiv:1710.08717; for U and V of svd and for eigenvectors they exist only where
values are distinct, and for complex input only if the result does not depend on the phases of the vectors.
"""

from __future__ import annotations

from ..autograd.op import Op, named, primitives, public
from ..dtypes import dtype_title
from ..tensor import Tensor
from .matrices import (
    as_column,
    as_row,
    check_matrix,
    diagonal_of,
    divided_right,
    embedded,
    finish,
    finish_all,
    like,
    part,
    raise_failed,
    real_part,
    turned,
)
from .result import named_result

# ---- Cholesky -------------------------------------------------------------------------------------------------------


class cholesky_op(Op):
    """(L, info)."""

    name, inputs, outputs, save, save_output, grad_name = "cholesky", 1, 2, (), True, "LinalgCholeskyExBackward0"
    non_differentiable = (1,)

    def forward(xp, a):
        return xp.cholesky(a)

    def backward(xp, g, saved, need):
        lower = saved[0]
        inner = xp.tril(xp.matmul(turned(xp, lower), xp.tril(g[0], k=0)), k=0)
        inner = xp.sub(inner, xp.mul(embedded(xp, diagonal_of(xp, inner)), 0.5))
        inner = xp.mul(xp.add(inner, turned(xp, inner)), 0.5)
        left = xp.solve_triangular(turned(xp, lower), inner, upper=True, unit=False)
        return (turned(xp, xp.solve_triangular(turned(xp, lower), turned(xp, left), upper=True, unit=False)),)


def _cholesky(input, upper, op, grad_name="LinalgCholeskyExBackward0"):
    check_matrix(input, op, argument="input", square=True, kernel="cholesky_cpu")
    lower, info = primitives.cholesky(input)
    return named(lower.mH if upper else lower, grad_name), info


def cholesky_ex(input, *, upper=False, check_errors=False, out=None):
    """(L, info): as `cholesky`, but a matrix that is not positive-definite sets its `info` instead of raising.

    info, int32: 0, or the order of the first leading minor that is not positive-definite.
    """
    factor, info = _cholesky(input, upper, "cholesky")
    if check_errors:
        _check_cholesky(info, "cholesky_ex")
    return finish_all(named_result("linalg_cholesky_ex", L=factor, info=info), out)


def _check_cholesky(info, op):
    raise_failed(
        info,
        f"linalg.{op}: {{}}The factorization could not be completed because the input is not positive-definite (the "
        "leading minor of order {} is not positive-definite).",
    )


def cholesky(input, *, upper=False, out=None):
    """Lower triangular L with L @ L^H = input, of Hermitian positive-definite matrices; upper: its L^H instead.

    Shapes: (..., n, n) -> (..., n, n). Errors: LinAlgError for a matrix that is not positive-definite.
    """
    factor, info = _cholesky(input, upper, "cholesky")
    _check_cholesky(info, "cholesky")
    return finish(factor, out)


@public(method=True, name="cholesky")
def cholesky_function(input, upper=False, *, out=None):
    """linalg.cholesky under its old name."""
    factor, info = _cholesky(input, upper, "cholesky", "CholeskyBackward0")
    _check_cholesky(info, "cholesky")
    return finish(factor, out)


# ---- QR -------------------------------------------------------------------------------------------------------------


class qr_op(Op):
    """(Q, R) with Q @ R = a."""

    name, inputs, outputs, save, save_output, grad_name = "qr", 1, 2, (0,), True, "LinalgQrBackward0"

    def forward(xp, a, *, complete, alone):
        return xp.qr(a, complete=complete)

    def backward(xp, g, saved, need, *, complete, alone):
        if alone:
            raise RuntimeError(
                "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Use mode='reduced'."
            )
        a, q, r = saved
        grad_q, grad_r = g
        rows, columns = a.shape[-2:]
        if complete and rows > columns:
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols. Use 'reduced'."
            )
        if rows >= columns:
            return (_qr_grad(xp, q, r, grad_q, grad_r),)
        # a = [X | Y], r = [U | V]: X = q U, and V = q^H Y
        grad_v = part(xp, grad_r, -1, rows, columns)
        grad_q = xp.add(grad_q, xp.matmul(part(xp, a, -1, rows, columns), turned(xp, grad_v)))
        first = _qr_grad(xp, q, part(xp, r, -1, 0, rows), grad_q, part(xp, grad_r, -1, 0, rows))
        return (xp.concat([first, xp.matmul(q, grad_v)], axis=len(a.shape) - 1),)


def _qr_grad(xp, q, r, grad_q, grad_r):
    m = xp.triu(xp.sub(xp.matmul(grad_r, turned(xp, r)), xp.matmul(turned(xp, q), grad_q)), k=0)
    whole = xp.sub(xp.add(m, turned(xp, m)), embedded(xp, like(xp, real_part(xp, diagonal_of(xp, m)), m)))
    return divided_right(xp, xp.add(grad_q, xp.matmul(q, whole)), r, upper=True)


def _qr(input, mode):
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    check_matrix(input, "qr", kernel="geqrf_cpu")
    q, r = primitives.qr(input, complete=mode == "complete", alone=mode == "r")
    return (q.new_empty((0,)), r) if mode == "r" else (q, r)


def qr(A, mode="reduced", *, out=None):
    """(Q, R) with Q @ R = A, Q's columns orthonormal, R upper triangular.

    mode: "reduced": (..., m, k), (..., k, n) with k = min(m, n); "complete": (..., m, m), (..., m, n); "r": R only.
    Gradients: "reduced" with the first k columns independent, "complete" for m <= n.
    """
    q, r = _qr(A, mode)
    return finish_all(named_result("linalg_qr", Q=q, R=r), out)


@public(method=True, name="qr")
def qr_function(input, some=True, *, out=None):
    """linalg.qr under its old name; some=False is mode="complete"."""
    q, r = _qr(input, "reduced" if some else "complete")
    return finish_all(named_result("qr", Q=q, R=r), out)


# ---- singular values ------------------------------------------------------------------------------------------------


class svd_op(Op):
    """(U, S, V^H)."""

    name, inputs, outputs, save, save_output, grad_name = "svd", 1, 3, (), True, "LinalgSvdBackward0"

    def forward(xp, a, *, full):
        return xp.svd(a, full=full)

    def backward(xp, g, saved, need, *, full):
        u, s, vh = saved
        grad_u, grad_s, grad_vh = g
        k, rows, columns = s.shape[-1], u.shape[-2], vh.shape[-1]
        if full:  # the vectors beyond the k-th are arbitrary, and have no gradient
            u, grad_u = part(xp, u, -1, 0, k), part(xp, grad_u, -1, 0, k)
            vh, grad_vh = part(xp, vh, -2, 0, k), part(xp, grad_vh, -2, 0, k)
        squares = xp.mul(s, s)
        gaps = xp.sub(as_row(xp, squares), as_column(xp, squares))
        gaps = like(xp, xp.add(gaps, embedded(xp, xp.add(xp.mul(s, 0), 1))), u)
        row, column = like(xp, as_row(xp, s), u), like(xp, as_column(xp, s), u)
        turn_u = xp.matmul(turned(xp, u), grad_u)
        turn_v = xp.matmul(vh, turned(xp, grad_vh))
        inner = xp.mul(xp.div(xp.sub(turn_u, turned(xp, turn_u)), gaps), row)
        inner = xp.add(inner, xp.mul(xp.div(xp.sub(turn_v, turned(xp, turn_v)), gaps), column))
        values = like(xp, grad_s, u)
        if u.dtype.kind == "c":
            phases = diagonal_of(xp, turn_u)
            values = xp.add(values, xp.div(xp.mul(xp.sub(phases, xp.conj(phases)), 0.5), like(xp, s, u)))
        left = xp.matmul(u, xp.add(inner, embedded(xp, values)))
        if rows > k:
            left = xp.add(left, xp.div(xp.sub(grad_u, xp.matmul(u, turn_u)), row))
        grad = xp.matmul(left, vh)
        if columns > k:
            beside = xp.sub(grad_vh, xp.matmul(turned(xp, turn_v), vh))
            grad = xp.add(grad, xp.matmul(u, xp.div(beside, column)))
        return (grad,)


def _svd(A, full):
    check_matrix(A, "svd", kernel="linalg_svd_cpu")
    return primitives.svd(A, full=bool(full))


def svd(A, full_matrices=True, *, driver=None, out=None):
    """(U, S, Vh) with U @ diag(S) @ Vh = A: singular values falling, U and V with orthonormal columns.

    Shapes: (..., m, n) -> (..., m, m), (..., k), (..., n, n) with k = min(m, n); (..., m, k), (..., k), (..., k, n)
    without full_matrices. Gradients of U and Vh need distinct singular values.
    """
    _no_driver("svd", driver)
    u, s, vh = _svd(A, full_matrices)
    return finish_all(named_result("linalg_svd", U=u, S=s, Vh=vh), out)


def _no_driver(op, driver):
    if driver is not None:
        raise RuntimeError(f"linalg.{op}: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER.")


def svdvals(A, *, driver=None, out=None):
    """Singular values, falling: (..., m, n) -> (..., min(m, n))."""
    _no_driver("svd", driver)
    return finish(_svd(A, False)[1], out)


@public(method=True, name="svd")
def svd_function(input, some=True, compute_uv=True, *, out=None):
    """(U, S, V) with U @ diag(S) @ V^H = input: V, where linalg.svd has V^H; some=False: all columns."""
    u, s, vh = _svd(input, not some)
    if not compute_uv:
        rows, columns = input._array.shape[-2:]
        batch = input._array.shape[:-2]
        u, vh = u.new_zeros((*batch, rows, rows)), vh.new_zeros((*batch, columns, columns))
    return finish_all(named_result("svd", U=u, S=s, V=vh.mH), out)


# ---- eigenvalues ----------------------------------------------------------------------------------------------------


class eigh_op(Op):
    """(eigenvalues, eigenvectors) of Hermitian matrices."""

    name, inputs, outputs, save, save_output, grad_name = "eigh", 1, 2, (), True, "LinalgEighBackward0"

    def forward(xp, a, *, upper):
        return xp.eigh(a, upper=upper)

    def backward(xp, g, saved, need, *, upper):
        values, vectors = saved
        grad_values, grad_vectors = g
        gaps = xp.sub(as_row(xp, values), as_column(xp, values))
        gaps = like(xp, xp.add(gaps, embedded(xp, xp.add(xp.mul(values, 0), 1))), vectors)
        turn = xp.matmul(turned(xp, vectors), grad_vectors)
        turn = xp.div(xp.sub(turn, embedded(xp, diagonal_of(xp, turn))), gaps)
        inner = xp.add(turn, embedded(xp, like(xp, grad_values, vectors)))
        return (xp.matmul(xp.matmul(vectors, inner), turned(xp, vectors)),)


def _eigh(A, UPLO):
    check_matrix(A, "eigh", argument="input", square=True, kernel="linalg_eigh_cpu")
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return primitives.eigh(A, upper=UPLO.upper() == "U")


def eigh(input, UPLO="L", *, out=None):
    """(eigenvalues, rising, eigenvectors as columns) of Hermitian matrices, of which one triangle is read.

    Shapes: (..., n, n) -> (..., n) real, (..., n, n). Gradients of the vectors need distinct values.
    """
    values, vectors = _eigh(input, UPLO)
    return finish_all(named_result("linalg_eigh", eigenvalues=values, eigenvectors=vectors), out)


def eigvalsh(input, UPLO="L", *, out=None):
    """Eigenvalues of Hermitian matrices, rising: (..., n, n) -> (..., n), real."""
    return finish(_eigh(input, UPLO)[0], out)


class eig_op(Op):
    """(eigenvalues, eigenvectors), complex."""

    name, inputs, outputs, save, save_output, grad_name = "eig", 1, 2, (0,), True, "LinalgEigBackward0"

    def forward(xp, a):
        return xp.eig(a)

    def backward(xp, g, saved, need):
        a, values, vectors = saved
        grad_values, grad_vectors = g
        across = turned(xp, vectors)
        gaps = xp.conj(xp.sub(as_row(xp, values), as_column(xp, values)))
        gaps = xp.add(gaps, embedded(xp, xp.add(xp.mul(values, 0), 1)))
        turn = xp.matmul(across, grad_vectors)
        length = like(xp, real_part(xp, diagonal_of(xp, turn)), vectors)
        turn = xp.sub(turn, xp.mul(xp.matmul(across, vectors), as_row(xp, length)))
        turn = xp.div(xp.sub(turn, embedded(xp, diagonal_of(xp, turn))), gaps)
        inner = xp.matmul(xp.add(turn, embedded(xp, grad_values)), across)
        grad = xp.solve(across, inner)[0]
        return (grad if a.dtype.kind == "c" else real_part(xp, grad),)


def _eig(A, op):
    if isinstance(A, Tensor) and not (A.dtype.is_floating_point or A.dtype.is_complex):
        raise RuntimeError(f"Unknown Complex ScalarType for {dtype_title(A.dtype)}")
    check_matrix(A, op, argument="input", square=True, kernel="linalg_eig_out_cpu")
    return primitives.eig(A)


def eig(input, *, out=None):
    """(eigenvalues, eigenvectors of length 1 as columns) of square matrices, complex, in no order.

    Shapes: (..., n, n) -> (..., n), (..., n, n). Errors: RuntimeError for NaN or inf.
    """
    values, vectors = _eig(input, "eig")
    return finish_all(named_result("linalg_eig", eigenvalues=values, eigenvectors=vectors), out)


def eigvals(input, *, out=None):
    """Eigenvalues of square matrices, complex, in no order: (..., n, n) -> (..., n)."""
    return finish(_eig(input, "eigvals")[0], out)
