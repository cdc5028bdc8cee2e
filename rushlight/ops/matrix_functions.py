"""Functions of matrices and vectors made of products and factorisations: norms, cond, powers, matrix_exp, cross, ..."""

from __future__ import annotations

import math

from .. import dtypes
from ..autograd.op import Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import brackets, by, type_name, wrap_dim
from ..tensor import Tensor
from . import linalg, promote
from .contraction import chain_matmul
from .factor import svdvals
from .joining import cat
from .matrices import check_matrices, check_matrix, check_square, finish, part, turned
from .permute import movedim
from .shape import reshape
from .solve import inv
from .statistics import norm as old_norm
from .statistics import vector_norm

# ---- norms ----------------------------------------------------------------------------------------------------------


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None, out=None):  # noqa: A002
    """A norm of the matrices in two dimensions.

    ord: "fro" (root of the sum of squares), "nuc" (sum of the singular values), 2 and -2 (the largest, the smallest
    singular value), inf and -inf (largest, smallest row sum of magnitudes), 1 and -1 (the same of columns).
    """
    if A._array.ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim if isinstance(dim, int) else by(dim)}")
    ndim = A._array.ndim
    first, second = wrap_dim(dim[0], ndim), wrap_dim(dim[1], ndim)
    if first == second:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if not (A.dtype.is_floating_point or A.dtype.is_complex):
        raise RuntimeError(
            f"linalg.matrix_norm: Expected a floating point or complex tensor as input. Got {dtype_title(A.dtype)}"
        )
    if dtype is not None:
        A = promote.to_dtype(A, dtype)
    if ord == "fro":
        return vector_norm(A, 2, (first, second), keepdim, out=out)
    if ord in ("nuc", 2, -2):
        values = svdvals(movedim(A, (first, second), (-2, -1)))
        result = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
        if keepdim:
            for axis in sorted((first, second)):
                result = result.unsqueeze(axis)
        return finish(result, out)
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    along, across = (first, second) if abs(ord) == 1 else (second, first)
    if not keepdim and across > along:
        across -= 1
    sums = vector_norm(A, 1, along, keepdim)
    return finish(sums.amax(across, keepdim) if ord > 0 else sums.amin(across, keepdim), out)


def norm(A, ord=None, dim=None, keepdim=False, *, out=None, dtype=None):  # noqa: A002
    """vector_norm or matrix_norm, by the number of dimensions.

    Without ord: the 2-norm of all elements in `dim`. With ord and no dim, A is a vector or a matrix; a dim of two
    dimensions means a matrix norm, of one a vector norm.
    """
    if not isinstance(A, Tensor):
        raise TypeError(f"linalg_norm(): argument 'A' (position 1) must be Tensor, not {type_name(A)}")
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype, out=out)
    dims = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {brackets(dims)}")
    if dims is None and A._array.ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A._array.ndim}D."
        )
    if isinstance(ord, str):
        return matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype, out=out)
    if (A._array.ndim if dims is None else len(dims)) == 2:
        return matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype, out=out)
    return vector_norm(A, ord, dims, keepdim, dtype=dtype, out=out)


@public()
def frobenius_norm(input, dim, keepdim=False, *, out=None):
    """The root of the sum of the squared magnitudes, over dimensions or all."""
    return old_norm(input, 2, dim or None, keepdim, out=out)


@public()
def nuclear_norm(input, dim=(-2, -1), keepdim=False, *, out=None):
    """The sum of the singular values."""
    return matrix_norm(input, "nuc", dim, keepdim, out=out)


def cond(A, p=None, *, out=None):
    """The condition number norm(A, p) * norm(inv(A), p); p None, 2 or -2: ratio of singular values; inf where singular.

    Shapes: (..., m, n) -> (...), square unless p is None, 2 or -2.
    """
    if A._array.ndim < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p in (None, 2, -2):
        values = svdvals(A)
        if not values._array.shape[-1]:
            return finish(values.new_zeros(values.shape[:-1]), out)
        first, last = values.narrow(-1, 0, 1), values.narrow(-1, -1, 1)
        return finish((last / first if p == -2 else first / last).squeeze(-1), out)
    if p not in ("fro", "nuc", 1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    check_square(A, f"cond(ord={p})")
    if not A._array.size:
        return finish(matrix_norm(A, "fro"), out)
    if p == "nuc":
        return finish(matrix_norm(A, p) * matrix_norm(inv(A), p), out)
    inverse, info = primitives.inv(A)
    result = matrix_norm(A, p) * matrix_norm(inverse, p)
    singular = Tensor._wrap(cpu.ne(info._array, 0))
    result = result.masked_fill(singular, math.inf).nan_to_num(nan=math.inf, posinf=math.inf, neginf=-math.inf)
    return finish(result, out)


# ---- powers and exponentials ----------------------------------------------------------------------------------------


def matrix_power(A, n, *, out=None):
    """A @ A @ ... n times, by repeated squaring; n = 0: the identity; n < 0: of the inverse.

    Shapes: (..., n, n) -> (..., n, n). Errors: LinAlgError for a singular matrix and n < 0.
    """
    if not isinstance(n, int):
        raise TypeError(f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type_name(n)}")
    check_matrices(A, "matrix_power")
    check_square(A, "matrix_power")
    if n == 0:
        size = A._array.shape[-1]
        one = Tensor._wrap(cpu.eye(size, size, A._array.dtype))
        return finish(primitives.clone(A).copy_(one.expand(A.shape)), out)
    if n == 1:
        return finish(primitives.clone(A), out)
    if n < 0:
        A, n = inv(A), -n
        if n == 1:
            return finish(A, out)
    result = None
    square = A
    while n:
        if n & 1:
            result = square if result is None else linalg.matmul(result, square)
        n >>= 1
        if n:
            square = linalg.matmul(square, square)
    return finish(result, out)


public(method=True, name="matrix_power")(matrix_power)


class matrix_exp_op(Op):
    """I + a + a^2/2! + ..."""

    name, inputs, grad_name = "matrix_exp", 1, "LinalgMatrixExpBackward0"

    def forward(xp, a):
        return xp.matrix_exp(a)

    def backward(xp, g, saved, need):
        """The upper right block of exp([[a^H, g], [0, a^H]]) (Van Loan 1978)."""
        across = turned(xp, saved[0])
        rows, columns = len(across.shape) - 2, len(across.shape) - 1
        n = across.shape[-1]
        top = xp.concat([across, g], axis=columns)
        bottom = xp.concat([xp.mul(g, 0), across], axis=columns)
        whole = xp.matrix_exp(xp.concat([top, bottom], axis=rows))
        return (part(xp, part(xp, whole, -2, 0, n), -1, n, 2 * n),)


def matrix_exp(A):
    """I + A + A^2/2! + A^3/3! + ... of square matrices. Source: Higham 2005 (scaling, Pade approximant, squaring)."""
    if isinstance(A, Tensor) and A.dtype.is_floating_point and A.dtype.itemsize == 2:
        check_matrices(A, "matrix_exp")
        check_square(A, "matrix_exp")
    else:
        check_matrix(A, "matrix_exp", argument="input", square=True)
    return primitives.matrix_exp(A)


public(method=True, name="matrix_exp")(matrix_exp)


# ---- products -------------------------------------------------------------------------------------------------------


def multi_dot(tensors, *, out=None):
    """The product of two or more matrices in the order of fewest multiplications; the ends may be vectors.

    Shapes: (a, b), (b, c), ..., (y, z) -> (a, z); a vector counts as a row first and as a column last.
    """
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    first, last = tensors[0]._array.ndim, tensors[-1]._array.ndim
    for i, x in enumerate(tensors):
        end = i in (0, len(tensors) - 1)
        if x._array.ndim != 2 and not (end and x._array.ndim == 1):
            wanted = "1D or 2D" if end else "2D"
            raise RuntimeError(f"multi_dot(): tensor {i} must be {wanted} but got {x._array.ndim}D")
    if first == 1:
        tensors[0] = tensors[0].unsqueeze(0)
    if last == 1:
        tensors[-1] = tensors[-1].unsqueeze(-1)
    for i, (x, y) in enumerate(zip(tensors, tensors[1:])):
        if x._array.shape[1] != y._array.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {brackets(x.shape)} and {brackets(y.shape)} cannot "
                "be multiplied"
            )
    shape = tensors[0]._array.shape[: first - 1] + tensors[-1]._array.shape[3 - last :]
    return finish(reshape(chain_matmul(*tensors), shape), out)


def vecdot(x, y, *, dim=-1, out=None):
    """Sum over a dimension of conj(x) * y, broadcast."""
    for tensor in (x, y):
        if not (tensor.dtype.is_floating_point or tensor.dtype.is_complex):
            raise RuntimeError(
                f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {dtype_title(tensor.dtype)}"
            )
    x = x.conj() if x.dtype.is_complex else x
    return finish((x * y).sum(dim), out)


class cross_op(Op):
    """a x b along an axis of size 3."""

    name, inputs, broadcast, grad_name = "cross", 2, True, "LinalgCrossBackward0"

    def forward(xp, a, b, *, axis):
        return _cross(xp, a, b, axis)

    def backward(xp, g, saved, need, *, axis):
        a, b = [xp.conj(x) if x.dtype.kind == "c" else x for x in saved]
        return (_cross(xp, b, g, axis) if need[0] else None, _cross(xp, g, a, axis) if need[1] else None)


def _cross(xp, a, b, axis):
    """Component i is a[i + 1] b[i + 2] - a[i + 2] b[i + 1], indices modulo 3; axis counted from the end."""

    def shifted(x, by):
        return xp.roll(x, shifts=(-by,), axes=(len(x.shape) + axis,))

    return xp.sub(xp.mul(shifted(a, 1), shifted(b, 2)), xp.mul(shifted(a, 2), shifted(b, 1)))


def cross(input, other, *, dim=-1, out=None):
    """The vector product along a dimension of size 3, the others broadcast.

    Errors: RuntimeError for another size, or different numbers of dimensions.
    """
    ndim = input._array.ndim
    if ndim != other._array.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = wrap_dim(dim, ndim)
    sizes = (input._array.shape[axis], other._array.shape[axis])
    if sizes != (3, 3):
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes[0]} and {sizes[1]}")
    if input.dtype is not other.dtype:
        raise RuntimeError(f"expected scalar type {dtype_title(input.dtype)} but found {dtype_title(other.dtype)}")
    return finish(primitives.cross(input, other, axis=axis - ndim), out)


@public(method=True, name="cross")
def cross_function(input, other, dim=None, *, out=None):
    """linalg.cross; without a dimension, along the first of size 3."""
    if dim is None:
        sizes = [i for i, n in enumerate(input._array.shape) if n == 3]
        if not sizes:
            raise RuntimeError("no dimension of size 3 in input")
        dim = sizes[0]
    return cross(input, other, dim=dim, out=out)


def tensorinv(A, ind=2, *, out=None):
    """The inverse for tensordot over `ind` dimensions: A's first ind dimensions and the rest multiply to one number.

    Shapes: (*first, *rest) -> (*rest, *first).
    """
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind', but got " + str(ind))
    shape = A._array.shape
    first, rest = math.prod(shape[:ind]), math.prod(shape[ind:])
    if first != rest:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{rest} != {first}"
        )
    result = named(reshape(inv(reshape(A, (first, rest))), shape[ind:] + shape[:ind]), "ReshapeAliasBackward0")
    return finish(result, out)


def tensorsolve(A, B, dims=None, *, out=None):
    """X with tensordot(A, X, X.ndim) = B; `dims` of A are first moved to its end.

    Shapes: (*b, *x), (*b) -> (*x), where b and x multiply to the same number.
    """
    if dims is not None:
        A = movedim(A, tuple(dims), tuple(range(A._array.ndim - len(dims), A._array.ndim)))
    count = B._array.size
    rest = A._array.shape[B._array.ndim :]
    if math.prod(rest) != count or A._array.size != count * count:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), "
            f"but got {math.prod(rest)} != {A._array.size // max(math.prod(rest), 1)}"
        )
    from .solve import solve

    return finish(reshape(solve(reshape(A, (count, count)), reshape(B, -1)), rest), out)


def _powers(x, count):
    """x^0, x^1, ... in a new last dimension."""
    ones = x.new_ones((*x.shape, 1))
    if count < 2:
        return ones[..., :count]
    return cat([ones, x.unsqueeze(-1).expand(*x.shape, count - 1).cumprod(-1)], -1)


def vander(x, N=None):  # noqa: N803
    """Rows of powers x^0, x^1, ..., x^(N-1): (..., n) -> (..., n, N), N = n if not given."""
    if N is not None and N <= 1:
        raise RuntimeError("N must be greater than 1.")
    if not x._array.ndim:
        raise RuntimeError("linalg.vander: The input tensor must have at least 1 dimension.")
    return _powers(_not_bool(x), x._array.shape[-1] if N is None else N)


@public(name="vander")
def vander_function(x, N=None, increasing=False):  # noqa: N803
    """Rows of powers of a vector, x^(N-1), ..., x^1, x^0, or increasing: (n,) -> (n, N), N = n if not given."""
    if x._array.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x._array.size if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    powers = _powers(_not_bool(x), count)
    return powers if increasing else powers.flip(1)


def _not_bool(x):
    return x.to(dtypes.int64) if x.dtype.category < 2 else x


# ---- reflections ----------------------------------------------------------------------------------------------------


def householder_product(input, tau, *, out=None):
    """The first n columns of H_1 H_2 ... H_k, H_i = I - tau_i v_i v_i^H, v_i = (0, ..., 0, 1, input[i+1:, i]).

    Shapes: (..., m, n), (..., k) -> (..., m, n), m >= n >= k. What geqrf makes of A gives the Q of its QR.
    """
    rows, columns = check_reflections(input, tau)
    if not (input.requires_grad or tau.requires_grad):
        return finish(Tensor._wrap(cpu.householder(input._array, tau._array)), out)
    batch = input._array.shape[:-2]
    q = Tensor._wrap(cpu.eye(rows, columns, input._array.dtype)).expand(*batch, rows, columns)
    for i in reversed(range(tau._array.shape[-1])):
        tail = input[..., i + 1 :, i : i + 1]
        vector = cat([tail.new_zeros((*batch, i, 1)), tail.new_ones((*batch, 1, 1)), tail], -2)
        q = q - tau[..., i, None, None] * vector * linalg.matmul(vector.mH, q)
    return finish(named(q, "LinalgHouseholderProductBackward0"), out)


def check_reflections(input, tau):
    if input._array.ndim < 2:
        raise RuntimeError("torch.linalg.householder_product: input must have at least 2 dimensions.")
    rows, columns = input._array.shape[-2:]
    if rows < columns:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if columns < tau._array.shape[-1]:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-1] must be greater than or equal to tau.shape[-1]"
        )
    return rows, columns


public(method=True, name="orgqr")(householder_product)


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """A diagonal of the matrices in the last two dimensions, as a view."""
    return A.diagonal(offset, dim1, dim2)
