"""LU factorisation with row exchanges: lu_factor, lu, lu_solve, lu_unpack."""

from __future__ import annotations

from ..autograd.op import Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import brackets, broadcast_shapes
from ..tensor import Tensor
from .matrices import check_square, divided_right, finish, finish_all, part, raise_failed, turned
from .result import named_result


class lu_op(Op):
    """(L and U packed, pivots, info)."""

    name, inputs, outputs, save, save_output, grad_name = "lu", 1, 3, (), True, "LinalgLuFactorExBackward0"
    non_differentiable = (1, 2)

    def forward(xp, a):
        return xp.lu(a)

    def backward(xp, g, saved, need):
        """With a[order] = L U, and the parts of L and U that are cut off the square of size k treated as products."""
        packed, pivots, _ = saved
        rows, columns = packed.shape[-2:]
        k = min(rows, columns)
        square = part(xp, part(xp, packed, -2, 0, k), -1, 0, k)
        lower, upper = xp.tril(square, k=-1), xp.triu(square, k=0)
        ones = xp.tril(xp.triu(xp.add(xp.mul(square, 0), 1), k=0), k=0)
        unit = xp.add(lower, ones)
        grad_square = part(xp, part(xp, g[0], -2, 0, k), -1, 0, k)
        grad_lower, grad_upper = xp.tril(grad_square, k=-1), xp.triu(grad_square, k=0)
        beside = below = None
        if columns > k:
            right = part(xp, packed, -1, k, columns)
            beside = xp.solve_triangular(turned(xp, unit), part(xp, g[0], -1, k, columns), upper=True, unit=True)
            grad_lower = xp.sub(grad_lower, xp.matmul(beside, turned(xp, right)))
        if rows > k:
            bottom = part(xp, packed, -2, k, rows)
            below = divided_right(xp, part(xp, g[0], -2, k, rows), upper, upper=True)
            grad_upper = xp.sub(grad_upper, xp.matmul(turned(xp, bottom), below))
        inner = xp.add(
            xp.tril(xp.matmul(turned(xp, unit), grad_lower), k=-1),
            xp.triu(xp.matmul(grad_upper, turned(xp, upper)), k=0),
        )
        inner = xp.solve_triangular(turned(xp, unit), inner, upper=True, unit=True)
        grad = divided_right(xp, inner, upper, upper=True)
        if beside is not None:
            grad = xp.concat([grad, beside], axis=len(packed.shape) - 1)
        if below is not None:
            grad = xp.concat([grad, below], axis=len(packed.shape) - 2)
        array = cpu.row_order(pivots._array if xp.differentiable else pivots, rows, inverse=True)
        places = _spread(array, grad.shape)
        return (xp.gather(grad, Tensor._wrap(places) if xp.differentiable else places, axis=len(packed.shape) - 2),)


def _spread(order, shape):
    """Row numbers (..., m) for every column: (..., m, n)."""
    return cpu.contiguous(cpu.expand(cpu.reshape(order, shape=(*order.shape, 1)), shape=tuple(shape)))


def _lu(A, op, pivot=True):
    if A._array.ndim < 2:
        raise RuntimeError(f"{op}: Expected tensor with 2 or more dimensions. Got size: {brackets(A.shape)} instead")
    if not (A.dtype.is_floating_point or A.dtype.is_complex) or A.dtype.itemsize < 4:
        raise NotImplementedError(f"\"lu_cpu\" not implemented for '{dtype_title(A.dtype)}'")
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    return primitives.lu(A)


def lu_factor_ex(A, *, pivot=True, check_errors=False, out=None):
    """(LU, pivots, info): L (unit diagonal, not stored) and U in one matrix, the row exchanges counted from 1.

    info, int32: 0, or the place of the first zero on U's diagonal. Gradients: of LU.
    """
    packed, pivots, info = _lu(A, "torch.lu_factor", pivot)
    if check_errors:
        _check(info, "lu_factor_ex")
    return finish_all(named_result("linalg_lu_factor_ex", LU=packed, pivots=pivots, info=info), out)


def _check(info, op):
    raise_failed(
        info,
        f"torch.linalg.{op}: {{0}}U[{{1}},{{1}}] is zero and using it on lu_solve would result in a division by "
        "zero. If you still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
        "linalg.lu_factor_ex(A, pivot)",
        RuntimeError,
    )


def lu_factor(A, *, pivot=True, out=None):
    """(LU, pivots) of lu_factor_ex. Errors: RuntimeError where U has a zero on its diagonal."""
    packed, pivots, info = _lu(A, "torch.lu_factor", pivot)
    _check(info, "lu_factor")
    return finish_all(named_result("linalg_lu_factor", LU=packed, pivots=pivots), out)


def _unpacked(packed, pivots, grad_name):
    rows, columns = packed._array.shape[-2:]
    k = min(rows, columns)
    order = cpu.row_order(pivots._array, rows, inverse=False)
    places = cpu.expand(cpu.reshape(order, shape=(*order.shape[:-1], 1, rows)), shape=(*order.shape, rows))
    numbers = cpu.reshape(cpu.arange(0, rows, 1, order.dtype), shape=(rows, 1))
    exchange = Tensor._wrap(cpu.cast(cpu.eq(places, numbers), packed._array.dtype))
    lower = packed.narrow(-1, 0, k).tril(-1) + Tensor._wrap(cpu.eye(rows, k, packed._array.dtype))
    upper = packed.narrow(-2, 0, k).triu()
    return exchange, named(lower, grad_name), named(upper, grad_name)


def lu(A, *, pivot=True, out=None):
    """(P, L, U) with P @ L @ U = A: a permutation, unit lower and upper triangular.

    Shapes: (..., m, n) -> (..., m, m), (..., m, k), (..., k, n), k = min(m, n).
    """
    packed, pivots, _ = _lu(A, "linalg.lu", pivot)
    exchange, lower, upper = _unpacked(packed, pivots, "LinalgLuBackward0")
    return finish_all(named_result("linalg_lu", P=exchange, L=lower, U=upper), out)


@public()
def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True, *, out=None):
    """(P, L, U) of lu_factor's results; what is not asked for is empty."""
    empty = LU_data.detach().new_empty((0,))
    exchange, lower, upper = _unpacked(LU_data, LU_pivots, "LuUnpackBackward0")
    if not unpack_data:
        lower = upper = empty
    return finish_all(named_result("lu_unpack", P=exchange if unpack_pivots else empty, L=lower, U=upper), out)


@public(name="lu", method="lu")
def lu_function(A, pivot=True, get_infos=False, out=None):
    """linalg.lu_factor under its old name: (LU, pivots), and info if asked."""
    packed, pivots, info = _lu(A, "torch.lu_factor", pivot)
    result = (packed, pivots, info) if get_infos else (packed, pivots)
    return finish_all(result, out)


def lu_solve(LU, pivots, B, *, left=True, adjoint=False, out=None):
    """X with A @ X = B (left), X @ A = B, or with A^H in place of A, from lu_factor's results.

    Shapes: (..., n, n), (..., n), (..., n, k) -> (..., n, k).
    """
    check_square(LU, "lu_solve")
    if LU.dtype is not B.dtype:
        raise RuntimeError(
            f"linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type "
            f"{dtype_title(LU.dtype)} and B of type {dtype_title(B.dtype)} instead"
        )
    n = LU._array.shape[-1]
    if B._array.ndim < 2 or B._array.shape[-2 if left else -1] != n:
        raise RuntimeError(
            f"linalg.lu_solve: Incompatible shapes of A and B for the equation {'AX' if left else 'XA'} = B "
            f"({n}x{n} and {'x'.join(map(str, B._array.shape[-2:]))})"
        )
    if not left:
        return finish(named(lu_solve(LU, pivots, B.mH, adjoint=not adjoint).mH, "LinalgLuSolveBackward0"), out)
    order = cpu.row_order(pivots._array, n, inverse=adjoint)
    batch = broadcast_shapes(LU._array.shape[:-2], B._array.shape[:-2])
    if adjoint:  # A^H = U^H L^H P^T
        x = primitives.solve_triangular(LU.mH, B, upper=False, unit=False)
        x = primitives.solve_triangular(LU.mH, x, upper=True, unit=True)
    else:
        x = B.expand(*batch, *B.shape[-2:])
    order = cpu.expand(order, shape=(*batch, n))
    x = primitives.gather(x, Tensor._wrap(_spread(order, x._array.shape)), axis=x._array.ndim - 2)
    if not adjoint:
        x = primitives.solve_triangular(LU, x, upper=False, unit=True)
        x = primitives.solve_triangular(LU, x, upper=True, unit=False)
    return finish(named(x, "LinalgLuSolveBackward0"), out)


@public(method=True, name="lu_solve")
def lu_solve_function(b, LU_data, LU_pivots, *, out=None):
    """linalg.lu_solve under its old order of arguments."""
    return lu_solve(LU_data, LU_pivots, b, out=out)
