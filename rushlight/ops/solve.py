"""Systems of equations and what belongs to them: inv, det, solve, solve_triangular, lstsq, pinv, matrix_rank."""

from __future__ import annotations

from .. import dtypes
from ..autograd.op import Op, cpu, named, primitives, public
from ..dtypes import FInfo, dtype_title
from ..errors import brackets, by, type_name
from ..tensor import Tensor
from .matrices import (
    as_column,
    as_row,
    check_matrix,
    check_square,
    embedded,
    finish,
    finish_all,
    like,
    raise_failed,
    turned,
)
from .result import named_result

# ---- inverse and determinant ----------------------------------------------------------------------------------------


class inv_op(Op):
    """(inverse, info)."""

    name, inputs, outputs, save, save_output, grad_name = "inv", 1, 2, (), True, "LinalgInvExBackward0"
    non_differentiable = (1,)

    def forward(xp, a):
        return xp.inv(a)

    def backward(xp, g, saved, need):
        across = turned(xp, saved[0])
        return (xp.neg(xp.matmul(xp.matmul(across, g[0]), across)),)


def _inv(A, op):
    check_matrix(A, op, square=True, low=True)
    return primitives.inv(A)


def _check_inv(info, op):
    raise_failed(
        info,
        f"linalg.{op}: {{}}The diagonal element {{}} is zero, the inversion could not be completed because the input "
        "matrix is singular.",
    )


def inv(A, *, out=None):
    """The inverse of square matrices. Errors: LinAlgError for a singular one."""
    inverse, info = _inv(A, "inv")
    _check_inv(info, "inv")
    return finish(inverse, out)


public(method=True, name="inverse")(inv)


def inv_ex(A, *, check_errors=False, out=None):
    """(inverse, info): as inv, but a singular matrix sets its info, int32, to the place of U's first zero."""
    inverse, info = _inv(A, "inv")
    if check_errors:
        _check_inv(info, "inv_ex")
    return finish_all(named_result("linalg_inv_ex", inverse=inverse, info=info), out)


class det_op(Op):
    """Determinants."""

    name, inputs, save, save_output, grad_name = "det", 1, (0,), True, "LinalgDetBackward0"

    def forward(xp, a):
        return xp.det(a)

    def backward(xp, g, saved, need):
        a, value = saved
        if not xp.differentiable and not bool((value != 0).all()):
            return (_det_grad(xp, g, a),)
        scale = xp.mul(g, xp.conj(value) if value.dtype.kind == "c" else value)
        return (xp.mul(as_column(xp, as_column(xp, scale)), turned(xp, xp.inv(a)[0])),)


def _det_grad(xp, g, a):
    """The cofactors, for matrices that may be singular: det(U V^H) U diag(product of the other values) V^H."""
    u, s, vh = xp.svd(a, full=False)
    sign = xp.mul(xp.det(u), xp.det(vh))
    sign = xp.conj(sign) if a.dtype.kind == "c" else sign
    n = s.shape[-1]
    others = xp.sub(as_row(xp, s), embedded(xp, xp.sub(s, 1)))  # row i: the values, 1 in place of the i-th
    product = like(xp, xp.prod(others, axes=(len(others.shape) - 1,), keepdims=False), u)
    scale = as_column(xp, as_column(xp, xp.mul(g, sign)))
    return xp.mul(scale, xp.matmul(xp.mul(u, as_row(xp, product)), vh)) if n else a


def det(A, *, out=None):
    """Determinants of square matrices: (..., n, n) -> (...)."""
    check_matrix(A, "det", square=True, kernel="lu_cpu")
    return finish(primitives.det(A), out)


public(method=True, name="det")(det)


class slogdet_op(Op):
    """(sign, log of the absolute value) of determinants."""

    name, inputs, outputs, save, save_output, grad_name = "slogdet", 1, 2, (0,), True, "LinalgSlogdetBackward0"

    def forward(xp, a):
        return xp.slogdet(a)

    def backward(xp, g, saved, need):
        a, sign, _ = saved
        scale = like(xp, g[1], a)
        if a.dtype.kind == "c":
            turn = xp.mul(xp.conj(g[0]), sign)
            scale = xp.sub(scale, xp.mul(xp.sub(turn, xp.conj(turn)), 0.5))
        return (xp.mul(as_column(xp, as_column(xp, scale)), turned(xp, xp.inv(a)[0])),)


def _slogdet(A, name):
    check_matrix(A, "slogdet", square=True, low=True)
    sign, size = primitives.slogdet(A)
    return named_result(name, sign=sign, logabsdet=size)


def slogdet(A, *, out=None):
    """(sign, logabsdet) with det(A) = sign * e^logabsdet: (..., n, n) -> (...), (...)."""
    return finish_all(_slogdet(A, "linalg_slogdet"), out)


@public(method=True, name="slogdet")
def slogdet_function(A, *, out=None):
    """(sign, logabsdet) with det(A) = sign * e^logabsdet."""
    return finish_all(_slogdet(A, "slogdet"), out)


@public(method=True)
def logdet(input):
    """The logarithm of determinants: NaN for negative ones, -inf for 0."""
    check_matrix(input, "slogdet", square=True, low=True)
    sign, size = primitives.slogdet(input)
    if input.dtype.is_complex:
        return sign.log() + size
    negative = Tensor._wrap(cpu.eq(sign._array, -1))
    nan = Tensor._scalar(float("nan"), size)
    return primitives.where(negative, nan, size)


# ---- equations ------------------------------------------------------------------------------------------------------


class solve_op(Op):
    """(x with a @ x = b, info)."""

    name, inputs, outputs, save, save_output, grad_name = "solve", 2, 2, (0, 1), True, "LinalgSolveExBackward0"
    non_differentiable = (1,)

    def forward(xp, a, b):
        return xp.solve(a, b)

    def backward(xp, g, saved, need):
        a, b, x, _ = saved
        grad_b = xp.solve(turned(xp, a), g[0])[0]
        grad_a = xp.sum_to(xp.neg(xp.matmul(grad_b, turned(xp, x))), shape=tuple(a.shape)) if need[0] else None
        return (grad_a, xp.sum_to(grad_b, shape=tuple(b.shape)) if need[1] else None)


class solve_triangular_op(Op):
    """x with a @ x = b, a triangular."""

    name, inputs, save, save_output, grad_name = "solve_triangular", 2, (0, 1), True, "LinalgSolveTriangularBackward0"

    def forward(xp, a, b, *, upper, unit):
        return xp.solve_triangular(a, b, upper=upper, unit=unit)

    def backward(xp, g, saved, need, *, upper, unit):
        a, b, x = saved
        grad_b = xp.solve_triangular(turned(xp, a), g, upper=not upper, unit=unit)
        grad_a = None
        if need[0]:
            grad_a = xp.neg(xp.matmul(grad_b, turned(xp, x)))
            grad_a = xp.triu(grad_a, k=int(unit)) if upper else xp.tril(grad_a, k=-int(unit))
            grad_a = xp.sum_to(grad_a, shape=tuple(a.shape))
        return (grad_a, xp.sum_to(grad_b, shape=tuple(b.shape)) if need[1] else None)


def _is_vector(A, B) -> bool:
    a, b = A._array.shape, B._array.shape
    return len(b) == 1 or (len(a) - 1 == len(b) and b == a[:-1])


def _check_pair(A, B, op, left):
    if A.dtype is not B.dtype:
        raise RuntimeError(
            f"linalg.{op}: Expected A and B to have the same dtype, but found A of type {dtype_title(A.dtype)} and B "
            f"of type {dtype_title(B.dtype)} instead"
        )
    a, b = A._array.shape[-2:], B._array.shape[-2:]
    if a[0] != b[0 if left else 1]:
        raise RuntimeError(
            f"linalg.{op}: Incompatible shapes of A and B for the equation {'AX' if left else 'XA'} = B ({by(a)} and "
            f"{by(b)})"
        )


def _solve(A, B, left, op):
    check_matrix(A, "solve", square=True, low=True)
    if not B._array.ndim:
        raise RuntimeError("linalg.solve: The input tensor B must have at least 1 dimension, got a 0-d tensor")
    vector = _is_vector(A, B)
    if vector and not left:
        n = A._array.shape[-1]
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation XA = B ({n}x{n} and {B._array.shape[-1]}x1)"
        )
    if vector:
        B = B.unsqueeze(-1)
    _check_pair(A, B, "solve", left)
    if left:
        x, info = primitives.solve(A, B)
    else:
        x, info = primitives.solve(A.mT, B.mT)
        x = x.mT
    return named(x.squeeze(-1) if vector else x, "LinalgSolveExBackward0"), info


def solve(A, B, *, left=True, out=None):
    """X with A @ X = B; left=False: X @ A = B.

    Shapes: (..., n, n), (..., n, k) -> (..., n, k), or (..., n, n), (..., n) -> (..., n) where B is (n,) or a batch of
    vectors of A's batch shape. Errors: LinAlgError for a singular A.
    """
    x, info = _solve(A, B, left, "solve")
    raise_failed(info, "torch.linalg.solve: {}The solver failed because the input matrix is singular.")
    return finish(x, out)


def solve_ex(A, B, *, left=True, check_errors=False, out=None):
    """(result, info): as solve, but a singular matrix sets its info, int32, to the place of U's first zero."""
    x, info = _solve(A, B, left, "solve_ex")
    if check_errors:
        raise_failed(info, "torch.linalg.solve_ex: {}The solver failed because the input matrix is singular.")
    return finish_all(named_result("linalg_solve_ex", result=x, info=info), out)


def solve_triangular(A, B, *, upper, left=True, unitriangular=False, out=None):
    """X with A @ X = B (left=False: X @ A = B), A triangular: only that triangle is read.

    unitriangular: the diagonal counts as ones. A zero on the diagonal gives inf or NaN. Shapes: as solve, B a matrix.
    """
    for matrix, word in ((A, "A"), (B, "B")):
        if matrix._array.ndim < 2:
            raise RuntimeError(f"linalg.solve_triangular: The input tensor {word} must have at least 2 dimensions.")
    check_square(A, "solve_triangular")
    _check_pair(A, B, "solve_triangular", left)
    if not (A.dtype.is_floating_point or A.dtype.is_complex) or A.dtype.itemsize < 4:
        raise NotImplementedError(f"\"triangular_solve_cpu\" not implemented for '{dtype_title(A.dtype)}'")
    if left:
        x = primitives.solve_triangular(A, B, upper=bool(upper), unit=bool(unitriangular))
    else:
        x = primitives.solve_triangular(A.mT, B.mT, upper=not upper, unit=bool(unitriangular)).mT
    return finish(named(x, "LinalgSolveTriangularBackward0"), out)


@public(method=True)
def triangular_solve(b, A, upper=True, transpose=False, unitriangular=False, *, out=None):
    """(solution, cloned_coefficient): X with A @ X = b (A^T with transpose), A triangular."""
    matrix = A.mT if transpose else A
    x = solve_triangular(matrix, b, upper=upper != transpose, unitriangular=unitriangular)
    name = "TriangularSolveBackward0"
    result = named_result(
        "triangular_solve", solution=named(x, name), cloned_coefficient=named(primitives.clone(A), name)
    )
    return finish_all(result, out)


@public(method=True)
def cholesky_solve(B, L, upper=False, *, out=None):
    """X with L @ L^H @ X = B (upper: L^H @ L), from a Cholesky factor."""
    for matrix, word in ((B, "b"), (L, "u")):
        if matrix._array.ndim < 2:
            raise RuntimeError(
                f"{word} should have at least 2 dimensions, but has {matrix._array.ndim} dimensions instead"
            )
    check_square(L, "cholesky_solve")
    _check_pair(L, B, "cholesky_solve", True)
    lower = L.mH if upper else L
    x = primitives.solve_triangular(lower, B, upper=False, unit=False)
    x = primitives.solve_triangular(lower.mH, x, upper=True, unit=False)
    return finish(named(x, "CholeskySolveBackward0"), out)


@public(method=True)
def cholesky_inverse(L, upper=False, *, out=None):
    """The inverse of L @ L^H (upper: L^H @ L), from a Cholesky factor."""
    check_matrix(L, "cholesky_inverse", square=True, kernel="cholesky_inverse")
    one = Tensor._wrap(cpu.eye(L._array.shape[-1], L._array.shape[-1], L._array.dtype))
    return finish(named(cholesky_solve(one, L, upper), "CholeskyInverseBackward0"), out)


# ---- least squares --------------------------------------------------------------------------------------------------


class pinv_op(Op):
    """The pseudo-inverse: singular values up to `limit` count as 0."""

    name, inputs, save, save_output, grad_name = "pinv", 1, (0,), True, "LinalgPinvBackward0"

    def forward(xp, a, *, atol, rtol, hermitian):
        if hermitian:
            values, vectors = xp.eigh(a, upper=False)
            u, vh, size = vectors, turned(xp, vectors), xp.abs(values)
        else:
            u, values, vh = xp.svd(a, full=False)
            size = values
        keep = xp.gt(size, as_column(xp, _limit(size, atol, rtol)))
        inverse = xp.where(keep, xp.div(1.0, xp.where(keep, values, 1.0)), 0.0)
        inverse = like(xp, xp.cast(inverse, dtype=values.dtype), u)
        return xp.matmul(xp.mul(turned(xp, vh), as_row(xp, inverse)), turned(xp, u))

    def backward(xp, g, saved, need, *, atol, rtol, hermitian):
        """From dP = -P dA P + P P^H dA^H (I - A P) + (I - P A) dA^H P^H P (Golub & Pereyra 1973)."""
        a, p = saved
        gh, ph = turned(xp, g), turned(xp, p)
        grad = xp.neg(xp.matmul(xp.matmul(ph, g), ph))
        left = xp.matmul(gh, xp.matmul(p, ph))
        grad = xp.add(grad, xp.sub(left, xp.matmul(a, xp.matmul(p, left))))
        right = xp.matmul(xp.matmul(ph, p), gh)
        return (xp.add(grad, xp.sub(right, xp.matmul(xp.matmul(right, p), a))),)


def _limit(size, atol, rtol):
    """The largest of atol and rtol times the largest value, per matrix; arrays."""
    if not size.shape[-1]:
        return cpu.zeros(size.shape[:-1], size.dtype)
    top = cpu.amax(size, axes=(size.ndim - 1,), keepdims=False)
    return cpu.maximum(cpu.mul(top, rtol), cpu.add(cpu.mul(top, 0.0), atol))


def _tolerances(A, atol, rtol):
    """Numbers or arrays of A's real dtype; rtol defaults to eps * max(m, n), or 0 where atol is positive."""
    real = A.dtype.to_real() if A.dtype.is_complex else A.dtype
    default = FInfo(real).eps * max(A._array.shape[-2:])

    def number(value):
        return cpu.cast(value._array, cpu.to_engine_dtype(real)) if isinstance(value, Tensor) else float(value)

    absolute = 0.0 if atol is None else number(atol)
    if rtol is not None:
        return absolute, number(rtol)
    if isinstance(absolute, float):
        return absolute, default if absolute == 0 else 0.0
    return absolute, cpu.cast(cpu.mul(cpu.cast(cpu.le(absolute, 0.0), absolute.dtype), default), absolute.dtype)


def pinv(input, rcond=None, hermitian=False, *, atol=None, rtol=None, out=None):
    """The pseudo-inverse: (..., m, n) -> (..., n, m). Singular values up to max(atol, rtol * largest) count as 0.

    rtol (also as second argument) defaults to eps * max(m, n), or to 0 where atol is given; numbers or tensors.
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"linalg_pinv(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    dtype = input.dtype
    if input._array.ndim < 2 or not (dtype.is_floating_point or dtype.is_complex) or dtype.itemsize < 4:
        raise RuntimeError(
            f"linalg.pinv({dtype_title(dtype)}{{{brackets(input.shape)}}}): expected a tensor with 2 or more "
            "dimensions of float, double, cfloat or cdouble types"
        )
    absolute, relative = _tolerances(input, atol, rcond if rtol is None else rtol)
    if hermitian:
        check_square(input, "pinv")
    return finish(primitives.pinv(input, atol=absolute, rtol=relative, hermitian=bool(hermitian)), out)


@public(method=True)
def pinverse(input, rcond=1e-15):
    """linalg.pinv with singular values up to rcond times the largest counted as 0."""
    return pinv(input, rcond)


def matrix_rank(input, tol=None, hermitian=False, *, atol=None, rtol=None, out=None):
    """How many singular values exceed max(atol, rtol * largest): (..., m, n) -> (...), int64. tol is atol alone."""
    if not isinstance(input, Tensor):
        raise TypeError(f"linalg_matrix_rank(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if input._array.ndim < 2:
        raise RuntimeError("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    dtype = input.dtype
    if not (dtype.is_floating_point or dtype.is_complex) or dtype.itemsize < 4:
        raise RuntimeError("This function doesn't handle types other than float and double")
    if tol is not None:
        atol, rtol = tol, 0.0
    absolute, relative = _tolerances(input, atol, rtol)
    if hermitian:
        check_square(input, "matrix_rank")
        size = cpu.abs(cpu.eigh(input._array, upper=False)[0])
    else:
        size = cpu.svd(input._array, full=False)[1]
    above = cpu.gt(size, as_column(cpu, _limit(size, absolute, relative)))
    int64 = cpu.to_engine_dtype(dtypes.int64)
    return finish(Tensor._wrap(cpu.sum(cpu.cast(above, int64), axes=(above.ndim - 1,), keepdims=False)), out)


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def lstsq(A, B, rcond=None, *, driver=None):
    """(solution, residuals, rank, singular_values): X that minimises |A @ X - B|, the smallest such X.

    Shapes: (..., m, n), (..., m, k) -> (..., n, k), or vectors as in solve. rcond: singular values up to rcond times
    the largest count as 0 (eps * max(m, n)). residuals (..., k): |A @ X - B|^2 for m > n and full rank, except with
    driver "gelsy", the default; rank (...): not with "gels"; singular_values: with "gelsd" and "gelss"; else empty.
    """
    for matrix, word in ((A, "input"), (B, "other")):
        if matrix._array.ndim < (2 if word == "input" else 1):
            raise RuntimeError(
                f"torch.linalg.lstsq: {word} must have at least {2 if word == 'input' else 1} dimensions."
            )
    if driver is not None and driver not in _DRIVERS:
        raise RuntimeError("torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    if A.dtype is not B.dtype:
        raise RuntimeError("torch.linalg.lstsq: Expected input and other to have the same dtype")
    vector = _is_vector(A, B)
    right = B.unsqueeze(-1) if vector else B
    rows, columns = A._array.shape[-2:]
    if right._array.ndim < 2 or right._array.shape[-2] != rows:
        size, other = ("-1", "-1") if vector else ("-2", "-2")
        raise RuntimeError(f"torch.linalg.lstsq: input.size({size}) should match other.size({other})")
    check_matrix(A, "lstsq", kernel="linalg_lstsq_cpu")
    _, relative = _tolerances(A, None, rcond)
    solution = primitives.matmul(pinv(A, relative), right)
    values = Tensor._wrap(cpu.svd(A._array, full=False)[1])
    rank = matrix_rank(A.detach(), rtol=relative)
    empty = values.new_empty((0,))
    residuals = empty
    if driver in ("gels", "gelsd", "gelss") and rows > columns and bool((rank == columns).all()):
        error = (primitives.matmul(A, solution) - right).abs()
        residuals = (error * error).sum(-2)
    solution = named(solution.squeeze(-1) if vector else solution, "LinalgLstsqBackward0")
    return named_result(
        "linalg_lstsq",
        solution=solution,
        residuals=residuals,
        rank=rank if driver != "gels" else rank.new_empty((0,)),
        singular_values=values if driver in ("gelsd", "gelss") else empty,
    )
