"""Products of matrices and vectors: matmul and its named forms.

One engine product, `matmul`, computes them all; the ops differ in their gradients and in what PyTorch calls them.
Backward products read transposed views. Products with something added are in addmm.py; `einsum` and what else is made
of these is in contraction.py.
"""

from __future__ import annotations

from ..autograd.op import Op, cpu, primitives, public
from ..dtypes import dtype_title, dtype_word
from ..errors import by, type_name
from ..tensor import Tensor
from .elementwise import holomorphic, mul
from .result import into


def flipped(xp, a):
    """The last two dimensions swapped: a view."""
    n = len(a.shape)
    return xp.permute(a, axes=(*range(n - 2), n - 1, n - 2))


def matrix_grads(xp, g, need, a, b):
    """Gradients of a @ b for matrices or batches of one shape."""
    return (
        xp.matmul(g, flipped(xp, b)) if need[0] else None,
        xp.matmul(flipped(xp, a), g) if need[1] else None,
    )


def outer_product(xp, a, b):
    """(m,), (n,) -> (m, n)"""
    return xp.mul(xp.reshape(a, shape=(a.shape[0], 1)), b)


def row_sum_grads(xp, g, need, a, x):
    """Gradients of a @ x for a matrix and a vector."""
    return (outer_product(xp, g, x) if need[0] else None, xp.matmul(flipped(xp, a), g) if need[1] else None)


def _inner_grads(xp, g, need, a, b):
    """Gradients of the inner product of two vectors."""
    return (xp.mul(g, b) if need[0] else None, xp.mul(g, a) if need[1] else None)


def _general_grads(xp, g, need, a, b, a_shape, b_shape):
    """Gradients of matmul for any ranks, vectors as one-row or one-column matrices, broadcast batches summed."""
    if len(a_shape) == 1 and len(b_shape) == 1:
        return _inner_grads(xp, g, need, a, b)
    a_full = (1, *a_shape) if len(a_shape) == 1 else a_shape
    b_full = (*b_shape, 1) if len(b_shape) == 1 else b_shape
    if len(a_shape) == 1:
        g = xp.reshape(g, shape=(*g.shape[:-1], 1, g.shape[-1]))
    if len(b_shape) == 1:
        g = xp.reshape(g, shape=(*g.shape, 1))
    grad_a = grad_b = None
    if need[0]:
        grad_a = xp.matmul(g, flipped(xp, b if b_full is b_shape else xp.reshape(b, shape=b_full)))
        grad_a = xp.reshape(summed(xp, grad_a, a_full), shape=a_shape)
    if need[1]:
        a = a if a_full is a_shape else xp.reshape(a, shape=a_full)
        if len(b_full) == 2 and len(g.shape) > 2:  # one tall product instead of a batch to sum
            a = xp.reshape(a, shape=(count(a_full[:-1]), a_full[-1]))
            g = xp.reshape(g, shape=(count(g.shape[:-1]), g.shape[-1]))
        grad_b = xp.matmul(flipped(xp, a), g)
        grad_b = xp.reshape(summed(xp, grad_b, b_full), shape=b_shape)
    return grad_a, grad_b


def summed(xp, g, shape):
    """`g` summed back to the shape that was broadcast to its own."""
    return g if tuple(g.shape) == tuple(shape) else xp.sum_to(g, shape=tuple(shape))


def count(sizes):
    """The product of some sizes."""
    n = 1
    for size in sizes:
        n *= size
    return n


def _product(op_name, node_name, grads, shapes=()):
    class Product(Op):
        """a @ b; grads(xp, g, need, a, b, *shapes) are its gradients."""

        name, inputs, save_shape, saves_other, grad_name = op_name, 2, shapes, 0, node_name
        kernel = cpu.matmul

        def forward(xp, a, b):
            return xp.matmul(a, b)

        @holomorphic
        def backward(xp, g, saved, need):
            return grads(xp, g, need, *saved)

    return Product


_mm = _product("mm", "MmBackward0", matrix_grads)
_bmm = _product("bmm", "BmmBackward0", matrix_grads)
_mv = _product("mv", "MvBackward0", row_sum_grads)
_dot_op = _product("dot", "DotBackward0", _inner_grads)
_vdot_op = _product("vdot", "VdotBackward0", _inner_grads)
_matmul = _product("matmul", "UnsafeViewBackward0", _general_grads, (0, 1))  # a batch folded, multiplied, unfolded
_matmul_row = _product("matmul_row", "SqueezeBackward4", _general_grads, (0, 1))  # (n,) @ (n, p)
_matmul_left = _product("matmul_left", "CloneBackward0", _general_grads, (0, 1))  # (m, n) @ (..., n, p)


# ---- checks and public functions ------------------------------------------------------------------------------------


def need_tensor(value, op, name, position):
    """TypeError unless an argument is a Tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{op}(): argument '{name}' (position {position}) must be Tensor, not {type_name(value)}")


def same_words(a, b):
    """RuntimeError unless the dtypes are one, worded as for float and double."""
    if a._array.dtype is not b._array.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {dtype_word(a.dtype)} != {dtype_word(b.dtype)}"
        )


def not_bool(a, kernel):
    """NotImplementedError for bool tensors, naming PyTorch's kernel."""
    if a._array.dtype.kind == "b":
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


def cannot_multiply(a, b):
    """Raise for two shapes that do not fit."""
    raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({by(a)} and {by(b)})")


def into_same(out, result):
    """`result`, or `out` holding it, which must be of its dtype."""
    if out is None:
        return result
    if out.dtype is not result.dtype:
        raise RuntimeError(
            f"Expected out tensor to have dtype {dtype_word(result.dtype)}, but got {dtype_word(out.dtype)} instead"
        )
    return into(out, result)


@public(method=True)
def mm(input, mat2, *, out=None):
    """(m, n) @ (n, p) -> (m, p). RuntimeError for other ranks, sizes that differ, or two dtypes."""
    need_tensor(input, "mm", "input", 1)
    need_tensor(mat2, "mm", "mat2", 2)
    a, b = input._array.shape, mat2._array.shape
    if len(a) != 2:
        raise RuntimeError("self must be a matrix")
    if len(b) != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a[1] != b[0]:
        cannot_multiply(a, b)
    same_words(input, mat2)
    not_bool(input, "addmm_impl_cpu_")
    return into_same(out, _mm(input, mat2))


def check_batches(a, b):
    """RuntimeError unless two shapes are batches of matrices that can be multiplied."""
    if len(a) != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if len(b) != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] "
            f"but got: [{b[0]}, {b[1]}]."
        )


def same_titles(a, b):
    """RuntimeError unless the dtypes are one, worded as for Float and Double."""
    if a._array.dtype is not b._array.dtype:
        raise RuntimeError(f"expected scalar type {dtype_title(a.dtype)} but found {dtype_title(b.dtype)}")


@public(method=True)
def bmm(input, mat2, *, out=None):
    """(b, m, n) @ (b, n, p) -> (b, m, p), batch by batch."""
    need_tensor(input, "bmm", "input", 1)
    need_tensor(mat2, "bmm", "mat2", 2)
    check_batches(input._array.shape, mat2._array.shape)
    not_bool(input, "bmm")
    same_titles(input, mat2)
    return into_same(out, _bmm(input, mat2))


@public(method=True)
def mv(input, vec, *, out=None):
    """(m, n) @ (n,) -> (m,)."""
    need_tensor(input, "mv", "input", 1)
    need_tensor(vec, "mv", "vec", 2)
    a, x = input._array.shape, vec._array.shape
    if len(a) != 2 or len(x) != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {len(a)}, {len(x)}")
    if a[1] != x[0]:
        raise RuntimeError(f"size mismatch, got input ({a[0]}), mat ({by(a)}), vec ({x[0]})")
    if input._array.dtype is not vec._array.dtype:
        matrix, vector = dtype_title(input.dtype), dtype_title(vec.dtype)
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {vector}, {matrix}, and {vector}")
    not_bool(input, "addmv_impl_cpu")
    return into_same(out, _mv(input, vec))


def _dot(input, other, out, name):
    need_tensor(input, name, "input", 1)
    need_tensor(other, name, "tensor" if name == "dot" else "other", 2)
    a, b = input._array.shape, other._array.shape
    if len(a) != 1 or len(b) != 1:
        raise RuntimeError(f"1D tensors expected, but got {len(a)}D and {len(b)}D tensors")
    if input._array.dtype is not other._array.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {dtype_title(input.dtype)} and "
            f"{dtype_title(other.dtype)}"
        )
    if a != b:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same number of elements, "
            f"but got {a[0]} and {b[0]} elements respectively"
        )
    not_bool(input, "dot")
    return into_same(out, (_vdot_op if name == "vdot" else _dot_op)(input, other))


@public(method=True)
def dot(input, tensor, *, out=None):
    """The inner product of two vectors."""
    return _dot(input, tensor, out, "dot")


@public(method=True)
def vdot(input, other, *, out=None):
    """The inner product of two vectors; for real ones the same as `dot`."""
    if isinstance(input, Tensor) and input.dtype.is_complex:
        input = input.conj()
    return _dot(input, other, out, "vdot")


@public(method=True)
def matmul(input, other, *, out=None):
    """The product of vectors, matrices or batches of matrices.

    (n,)(n,) -> (); (m,n)(n,) -> (m,); (n,)(n,p) -> (p,); (m,n)(n,p) -> (m,p); otherwise leading dimensions are batches
    and broadcast. Errors: RuntimeError for 0-d operands, sizes that differ, two dtypes.
    """
    need_tensor(input, "matmul", "input", 1)
    need_tensor(other, "matmul", "other", 2)
    left, right = input._array, other._array
    a, b = left.shape, right.shape
    m, n = len(a), len(b)
    if m == 2 and n == 2:
        if a[1] != b[0]:
            cannot_multiply(a, b)
        if left.dtype is not right.dtype or left.dtype.kind == "b":
            same_words(input, other)
            not_bool(input, "addmm_impl_cpu_")
        result = _mm(input, other)
        if out is None:
            return result
    elif m == 0 or n == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {m}D and {n}D")
    elif n == 1:
        if m == 1:
            return _dot(input, other, out, "dot")
        if m == 2:
            return mv(input, other, out=out)
        rows = count(a[:-1])
        if a[-1] != b[0]:
            raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{a[-1]}), vec ({b[0]})")
        result = _run_general(_matmul, input, other)
    elif m == 1:
        if a[0] != b[-2]:
            if n > 2:
                rows = count(b) // b[-2] if b[-2] else 0
                raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{b[-2]}), vec ({a[0]})")
            cannot_multiply((1, a[0]), b)
        result = _run_general(_matmul_row if n == 2 else _matmul, input, other)
    else:
        _check_general(a, b)
        single = m == 2 or (m == n == 3 and a[0] == 1 and b[0] > 1)  # one matrix for the whole batch
        result = _run_general(_matmul_left if single else _matmul, input, other)
    return into_same(out, result)


def _run_general(op, input, other):
    same_words(input, other)
    not_bool(input, "bmm")
    return op(input, other)


def _check_general(a, b):
    if len(b) == 2:
        if a[-1] != b[0]:
            cannot_multiply((count(a[:-1]), a[-1]), b)
        return
    if len(a) == 2:
        if a[-1] != b[-2]:
            cannot_multiply((count(b[:-2]) * b[-1], b[-2]), (a[1], a[0]))
        return
    batch_a, batch_b = a[:-2], b[:-2]
    length = max(len(batch_a), len(batch_b))
    total = 1
    for i in range(length):
        x = batch_a[i - length + len(batch_a)] if i >= length - len(batch_a) else 1
        y = batch_b[i - length + len(batch_b)] if i >= length - len(batch_b) else 1
        if x != y and x != 1 and y != 1:
            raise RuntimeError(
                f"The size of tensor a ({x}) must match the size of tensor b ({y}) at non-singleton dimension {i}"
            )
        total *= y if x == 1 else x
    if a[-1] != b[-2]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{total}, {a[-1]}] "
            f"but got: [{total}, {b[-2]}]."
        )


@public(method=True)
def outer(input, vec2, *, out=None):
    """(m,), (n,) -> (m, n): input[i] * vec2[j]."""
    for name, t in (("self", input), ("vec2", vec2)):
        if t._array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {t._array.ndim}-D")
    return mul(primitives.reshape(input, shape=(input._array.shape[0], 1)), vec2, out=out)


public(method=True, name="ger")(outer)
