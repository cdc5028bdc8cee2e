"""Products of matrices and vectors: matmul and its named forms, linear, addmm and its family.

One engine product, `matmul`, computes them all; the ops differ in what PyTorch calls their nodes. Backward products
read transposed views. `einsum` and what else is made of these is in contraction.py.
"""

from __future__ import annotations

from ..autograd.op import Op, cpu, primitives, public, shortcut
from ..dtypes import dtype_title, dtype_word
from ..errors import brackets, by, type_name
from ..tensor import Tensor
from .elementwise import holomorphic, mul
from .permute import t_function
from .result import into


def _turned(xp, a):
    """The last two dimensions swapped: a view."""
    n = len(a.shape)
    return xp.permute(a, axes=(*range(n - 2), n - 1, n - 2))


def _product_grads(xp, g, a, b, need):
    """Gradients of a @ b for matrices or batches of one shape."""
    return (
        xp.matmul(g, _turned(xp, b)) if need[0] else None,
        xp.matmul(_turned(xp, a), g) if need[1] else None,
    )


def _matrix_op(op_name, node_name):
    class Product(Op):
        """a @ b, both matrices or both batches."""

        name, inputs, saves_other, grad_name = op_name, 2, 0, node_name
        kernel = cpu.matmul

        def forward(xp, a, b):
            return xp.matmul(a, b)

        @holomorphic
        def backward(xp, g, saved, need):
            return _product_grads(xp, g, *saved, need)

    return Product


_mm = _matrix_op("mm", "MmBackward0")
_bmm = _matrix_op("bmm", "BmmBackward0")


def _outer(xp, a, b):
    """(m,), (n,) -> (m, n)"""
    return xp.mul(xp.reshape(a, shape=(a.shape[0], 1)), b)


class mv_op(Op):
    """(m, n) @ (n,) -> (m,)"""

    name, inputs, saves_other, grad_name = "mv", 2, 0, "MvBackward0"

    def forward(xp, a, x):
        return xp.matmul(a, x)

    @holomorphic
    def backward(xp, g, saved, need):
        a, x = saved
        return (
            _outer(xp, g, x) if need[0] else None,
            xp.matmul(_turned(xp, a), g) if need[1] else None,
        )


def _vector_op(op_name, node_name):
    class Product(Op):
        """(n,) @ (n,) -> ()"""

        name, inputs, saves_other, grad_name = op_name, 2, 0, node_name
        kernel = cpu.matmul

        def forward(xp, a, b):
            return xp.matmul(a, b)

        @holomorphic
        def backward(xp, g, saved, need):
            a, b = saved
            return (xp.mul(g, b) if need[0] else None, xp.mul(g, a) if need[1] else None)

    return Product


_dot_op = _vector_op("dot", "DotBackward0")
_vdot_op = _vector_op("vdot", "VdotBackward0")


def _general_grads(xp, g, a, b, need, a_shape, b_shape):
    """Gradients of matmul for any ranks, vectors as one-row or one-column matrices, broadcast batches summed."""
    if len(a_shape) == 1 and len(b_shape) == 1:
        return (xp.mul(g, b) if need[0] else None, xp.mul(g, a) if need[1] else None)
    a_full = (1, *a_shape) if len(a_shape) == 1 else a_shape
    b_full = (*b_shape, 1) if len(b_shape) == 1 else b_shape
    if len(a_shape) == 1:
        g = xp.reshape(g, shape=(*g.shape[:-1], 1, g.shape[-1]))
    if len(b_shape) == 1:
        g = xp.reshape(g, shape=(*g.shape, 1))
    grad_a = grad_b = None
    if need[0]:
        grad_a = xp.matmul(g, _turned(xp, b if b_full is b_shape else xp.reshape(b, shape=b_full)))
        grad_a = xp.reshape(_summed(xp, grad_a, a_full), shape=a_shape)
    if need[1]:
        a = a if a_full is a_shape else xp.reshape(a, shape=a_full)
        if len(b_full) == 2 and len(g.shape) > 2:  # one tall product instead of a batch to sum
            a = xp.reshape(a, shape=(_count(a_full[:-1]), a_full[-1]))
            g = xp.reshape(g, shape=(_count(g.shape[:-1]), g.shape[-1]))
        grad_b = xp.matmul(_turned(xp, a), g)
        grad_b = xp.reshape(_summed(xp, grad_b, b_full), shape=b_shape)
    return grad_a, grad_b


def _summed(xp, g, shape):
    return g if tuple(g.shape) == tuple(shape) else xp.sum_to(g, shape=tuple(shape))


def _count(sizes):
    n = 1
    for size in sizes:
        n *= size
    return n


def _general_op(op_name, node_name):
    class Product(Op):
        """a @ b for any ranks."""

        name, inputs, save_shape, saves_other, grad_name = op_name, 2, (0, 1), 0, node_name

        def forward(xp, a, b):
            return xp.matmul(a, b)

        @holomorphic
        def backward(xp, g, saved, need):
            a, b, a_shape, b_shape = saved
            return _general_grads(xp, g, a, b, need, a_shape, b_shape)

    return Product


_matmul = _general_op("matmul", "UnsafeViewBackward0")  # a batch of matrices folded, multiplied, unfolded
_matmul_row = _general_op("matmul_row", "SqueezeBackward4")  # (n,) @ (n, p)
_matmul_left = _general_op("matmul_left", "CloneBackward0")  # (m, n) @ (..., n, p)


# ---- checks and public functions ------------------------------------------------------------------------------------


def _need_tensor(value, op, name, position):
    if not isinstance(value, Tensor):
        raise TypeError(f"{op}(): argument '{name}' (position {position}) must be Tensor, not {type_name(value)}")


def _same_words(a, b):
    if a._array.dtype is not b._array.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {dtype_word(a.dtype)} != {dtype_word(b.dtype)}"
        )


def _not_bool(a, kernel):
    if a._array.dtype.kind == "b":
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


def _cannot(a, b):
    raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({by(a)} and {by(b)})")


def _into(out, result):
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
    _need_tensor(input, "mm", "input", 1)
    _need_tensor(mat2, "mm", "mat2", 2)
    a, b = input._array.shape, mat2._array.shape
    if len(a) != 2:
        raise RuntimeError("self must be a matrix")
    if len(b) != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a[1] != b[0]:
        _cannot(a, b)
    _same_words(input, mat2)
    _not_bool(input, "addmm_impl_cpu_")
    return _into(out, _mm(input, mat2))


def _check_batches(a, b):
    if len(a) != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if len(b) != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] "
            f"but got: [{b[0]}, {b[1]}]."
        )


def _same_titles(a, b):
    if a._array.dtype is not b._array.dtype:
        raise RuntimeError(f"expected scalar type {dtype_title(a.dtype)} but found {dtype_title(b.dtype)}")


@public(method=True)
def bmm(input, mat2, *, out=None):
    """(b, m, n) @ (b, n, p) -> (b, m, p), batch by batch."""
    _need_tensor(input, "bmm", "input", 1)
    _need_tensor(mat2, "bmm", "mat2", 2)
    _check_batches(input._array.shape, mat2._array.shape)
    _same_titles(input, mat2)
    _not_bool(input, "bmm")
    return _into(out, _bmm(input, mat2))


@public(method=True)
def mv(input, vec, *, out=None):
    """(m, n) @ (n,) -> (m,)."""
    _need_tensor(input, "mv", "input", 1)
    _need_tensor(vec, "mv", "vec", 2)
    a, x = input._array.shape, vec._array.shape
    if len(a) != 2 or len(x) != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {len(a)}, {len(x)}")
    if a[1] != x[0]:
        raise RuntimeError(f"size mismatch, got input ({a[0]}), mat ({by(a)}), vec ({x[0]})")
    if input._array.dtype is not vec._array.dtype:
        matrix, vector = dtype_title(input.dtype), dtype_title(vec.dtype)
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {vector}, {matrix}, and {vector}")
    _not_bool(input, "addmv_impl_cpu")
    return _into(out, primitives.mv(input, vec))


def _dot(input, other, out, name):
    _need_tensor(input, name, "input", 1)
    _need_tensor(other, name, "tensor" if name == "dot" else "other", 2)
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
    _not_bool(input, "dot")
    return _into(out, (_vdot_op if name == "vdot" else _dot_op)(input, other))


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
    _need_tensor(input, "matmul", "input", 1)
    _need_tensor(other, "matmul", "other", 2)
    left, right = input._array, other._array
    a, b = left.shape, right.shape
    m, n = len(a), len(b)
    if m == 2 and n == 2:
        if a[1] != b[0]:
            _cannot(a, b)
        if left.dtype is not right.dtype or left.dtype.kind == "b":
            _same_words(input, other)
            _not_bool(input, "addmm_impl_cpu_")
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
        rows = _count(a[:-1])
        if a[-1] != b[0]:
            raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{a[-1]}), vec ({b[0]})")
        result = _run_general(_matmul, input, other)
    elif m == 1:
        if a[0] != b[-2]:
            if n > 2:
                rows = _count(b) // b[-2] if b[-2] else 0
                raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{b[-2]}), vec ({a[0]})")
            _cannot((1, a[0]), b)
        result = _run_general(_matmul_row if n == 2 else _matmul, input, other)
    else:
        _check_general(a, b)
        single = m == 2 or (m == n == 3 and a[0] == 1 and b[0] > 1)  # one matrix for the whole batch
        result = _run_general(_matmul_left if single else _matmul, input, other)
    return _into(out, result)


def _run_general(op, input, other):
    _same_words(input, other)
    _not_bool(input, "bmm")
    return op(input, other)


def _check_general(a, b):
    if len(b) == 2:
        if a[-1] != b[0]:
            _cannot((_count(a[:-1]), a[-1]), b)
        return
    if len(a) == 2:
        if a[-1] != b[-2]:
            _cannot((_count(b[:-2]) * b[-1], b[-2]), (a[1], a[0]))
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


# ---- linear ---------------------------------------------------------------------------------------------------------


def _linear_op(op_name, node_name):
    class Linear(Op):
        """input (..., in) @ weight (out, in).T + bias (out,)"""

        name, inputs, save, save_shape, saves_other, grad_name = op_name, 3, (0, 1), (2,), 0, node_name
        kernel = cpu.linear

        def forward(xp, input, weight, bias):
            return xp.linear(input, weight, bias)

        @holomorphic
        def backward(xp, g, saved, need):
            input, weight, bias_shape = saved
            grad_input = grad_weight = grad_bias = None
            if need[0]:
                grad_input = xp.matmul(g, weight)
            if need[1]:
                if len(g.shape) == 2:
                    grad_weight = xp.matmul(xp.t(g), input)
                else:
                    rows = _count(g.shape[:-1])
                    flat_g = xp.reshape(g, shape=(rows, g.shape[-1]))
                    flat_input = xp.reshape(input, shape=(rows, input.shape[-1]))
                    grad_weight = xp.matmul(_turned(xp, flat_g), flat_input)
            if bias_shape is not None and need[2]:
                grad_bias = xp.sum(g, axes=tuple(range(len(g.shape) - 1)), keepdims=False)
            return grad_input, grad_weight, grad_bias

    return Linear


_linear_row = _linear_op("linear_row", "SqueezeBackward4")
_linear_mm = _linear_op("linear", "MmBackward0")
_linear_addmm = _linear_op("linear_addmm", "AddmmBackward0")
_linear_folded = _linear_op("linear_folded", "UnsafeViewBackward0")
_linear_view = _linear_op("linear_view", "ViewBackward0")
_linear_add = _linear_op("linear_add", "AddBackward0")


@shortcut("linear", "linear_addmm", "linear")
def linear(input, weight, bias=None):
    """input (..., in) @ weight (out, in).T + bias (out,): see nn.functional.linear."""
    _need_tensor(input, "linear", "input", 1)
    _need_tensor(weight, "linear", "weight", 2)
    data, matrix = input._array, weight._array
    x, w, dtype = data.shape, matrix.shape, data.dtype
    ndim = len(x)
    if ndim and len(w) == 2 and x[-1] == w[1] and dtype is matrix.dtype:
        if bias is None:
            op = _linear_mm if ndim == 2 else _linear_folded if ndim > 2 else _linear_row
        elif isinstance(bias, Tensor) and bias._array.shape == w[:1] and bias._array.dtype is dtype:
            op = _linear_addmm if ndim == 2 else _linear_view if input.is_contiguous() else _linear_add
        else:
            return _linear_plain(input, weight, bias)
        if dtype.kind != "b":
            return op(input, weight, bias)
    return _linear_plain(input, weight, bias)


def _linear_plain(input, weight, bias):
    """The rare forms (a weight vector, a bias to broadcast) and every error."""
    x, w = input._array.shape, weight._array.shape
    if not x or not w:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are {len(x)}D and {len(w)}D")
    if len(w) > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {len(w)}D")
    if bias is None:
        if len(w) == 2 and x[-1] != w[1]:
            _cannot((_count(x[:-1]), x[-1]), w[::-1])
        return matmul(input, t_function(weight))
    _need_tensor(bias, "linear", "bias", 3)
    if len(w) == 1 and len(x) == 2:
        raise RuntimeError("mat2 must be a matrix, got 1-D tensor")
    if len(w) == 2 and x[-1] != w[1]:
        _cannot((_count(x[:-1]), x[-1]), w[::-1])
    if len(x) == 2:
        return addmm(bias, input, t_function(weight))
    return matmul(input, t_function(weight)) + bias


# ---- addmm and its family -------------------------------------------------------------------------------------------


def _scaled(xp, g, factor):
    return g if factor == 1 else xp.mul(g, factor)


class addmm_op(Op):
    """beta * input + alpha * (mat1 @ mat2)"""

    name, inputs, save, save_shape, saves_other, grad_name = "addmm", 3, (1, 2), (0,), 1, "AddmmBackward0"

    def forward(xp, input, mat1, mat2, *, beta, alpha):
        return xp.addmm(input, mat1, mat2, beta=beta, alpha=alpha)

    @holomorphic
    def backward(xp, g, saved, need, *, beta, alpha):
        mat1, mat2, shape = saved
        grad_input = _summed(xp, _scaled(xp, g, beta), shape) if need[0] else None
        scaled = _scaled(xp, g, alpha) if need[1] or need[2] else g
        return grad_input, *_product_grads(xp, scaled, mat1, mat2, need[1:])


class addmv_op(Op):
    """beta * input + alpha * (mat @ vec)"""

    name, inputs, save, save_shape, saves_other, grad_name = "addmv", 3, (1, 2), (0,), 1, "AddmvBackward0"

    def forward(xp, input, mat, vec, *, beta, alpha):
        return _combined(xp, input, xp.matmul(mat, vec), beta, alpha)

    @holomorphic
    def backward(xp, g, saved, need, *, beta, alpha):
        mat, vec, shape = saved
        scaled = _scaled(xp, g, alpha)
        return (
            _summed(xp, _scaled(xp, g, beta), shape) if need[0] else None,
            _outer(xp, scaled, vec) if need[1] else None,
            xp.matmul(_turned(xp, mat), scaled) if need[2] else None,
        )


class baddbmm_op(Op):
    """beta * input + alpha * (batch1 @ batch2), batch by batch"""

    name, inputs, save, save_shape, saves_other, grad_name = "baddbmm", 3, (1, 2), (0,), 1, "BaddbmmBackward0"

    def forward(xp, input, batch1, batch2, *, beta, alpha):
        return _combined(xp, input, xp.matmul(batch1, batch2), beta, alpha)

    @holomorphic
    def backward(xp, g, saved, need, *, beta, alpha):
        batch1, batch2, shape = saved
        grad_input = _summed(xp, _scaled(xp, g, beta), shape) if need[0] else None
        scaled = _scaled(xp, g, alpha) if need[1] or need[2] else g
        return grad_input, *_product_grads(xp, scaled, batch1, batch2, need[1:])


class addbmm_op(Op):
    """beta * input + alpha * sum_b (batch1[b] @ batch2[b]): one product of depth b * n"""

    name, inputs, save, save_shape, saves_other, grad_name = "addbmm", 3, (1, 2), (0,), 1, "AddbmmBackward0"

    def forward(xp, input, batch1, batch2, *, beta, alpha):
        b, m, n = batch1.shape
        wide = xp.reshape(xp.permute(batch1, axes=(1, 0, 2)), shape=(m, b * n))
        tall = xp.reshape(batch2, shape=(b * n, batch2.shape[2]))
        return _combined(xp, input, xp.matmul(wide, tall), beta, alpha)

    @holomorphic
    def backward(xp, g, saved, need, *, beta, alpha):
        batch1, batch2, shape = saved
        scaled = _scaled(xp, g, alpha)
        return (
            _summed(xp, _scaled(xp, g, beta), shape) if need[0] else None,
            xp.matmul(scaled, _turned(xp, batch2)) if need[1] else None,
            xp.matmul(_turned(xp, batch1), scaled) if need[2] else None,
        )


class addr_op(Op):
    """beta * input + alpha * outer(vec1, vec2)"""

    name, inputs, save, save_shape, saves_other, grad_name = "addr", 3, (1, 2), (0,), 1, "AddrBackward0"

    def forward(xp, input, vec1, vec2, *, beta, alpha):
        return _combined(xp, input, _outer(xp, vec1, vec2), beta, alpha)

    @holomorphic
    def backward(xp, g, saved, need, *, beta, alpha):
        vec1, vec2, shape = saved
        scaled = _scaled(xp, g, alpha)
        return (
            _summed(xp, _scaled(xp, g, beta), shape) if need[0] else None,
            xp.matmul(scaled, vec2) if need[1] else None,
            xp.matmul(_turned(xp, scaled), vec1) if need[2] else None,
        )


def _combined(xp, input, product, beta, alpha):
    """beta * input + alpha * product; NaN and inf of an input times 0 do not count."""
    result = _scaled(xp, product, alpha)
    return result if beta == 0 else xp.add(result, _scaled(xp, input, beta))


def _fits(input, target):
    """RuntimeError unless `input` expands to `target`."""
    shape = input._array.shape
    lead = len(target) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"The number of sizes provided ({len(target)}) must be greater or equal to the number of dimensions "
            f"in the tensor ({len(shape)})"
        )
    for i in range(len(shape) - 1, -1, -1):
        if shape[i] != target[lead + i] and shape[i] != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({target[lead + i]}) must match the existing size ({shape[i]}) at "
                f"non-singleton dimension {lead + i}.  Target sizes: {brackets(target)}.  Tensor sizes: "
                f"{brackets(shape)}"
            )


def _factors(input, beta, alpha):
    """For integer tensors, integer factors."""
    if input.dtype.category < 2:
        return int(beta), int(alpha)
    return beta, alpha


def _need_three(op, names, *values):
    for position, (name, value) in enumerate(zip(names.split(), values), 1):
        _need_tensor(value, op, name, position)


def _check_addmm(input, mat1, mat2):
    _need_three("addmm", "input mat1 mat2", input, mat1, mat2)
    a, b = mat1._array.shape, mat2._array.shape
    if len(a) != 2:
        raise RuntimeError(f"mat1 must be a matrix, got {len(a)}-D tensor")
    if len(b) != 2:
        raise RuntimeError(f"mat2 must be a matrix, got {len(b)}-D tensor")
    if a[1] != b[0]:
        _cannot(a, b)
    _fits(input, (a[0], b[1]))
    if input._array.dtype is not mat2._array.dtype:
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {dtype_title(input.dtype)} and {dtype_title(mat2.dtype)}"
        )
    _same_words(mat1, mat2)
    _not_bool(input, "addmm_impl_cpu_")


def _check_addmv(input, mat, vec):
    _need_three("addmv", "input mat vec", input, mat, vec)
    a, x = mat._array.shape, vec._array.shape
    if len(a) != 2 or len(x) != 1 or input._array.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input._array.ndim}, {len(a)}, {len(x)}")
    size = input._array.shape[0] if input._array.ndim else 1
    if a[1] != x[0] or size not in (1, a[0]):
        raise RuntimeError(f"size mismatch, got input ({size}), mat ({by(a)}), vec ({x[0]})")
    if not input.dtype is mat.dtype is vec.dtype:
        titles = [dtype_title(t.dtype) for t in (input, mat, vec)]
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {titles[0]}, {titles[1]}, and {titles[2]}"
        )
    _not_bool(input, "addmv_impl_cpu")


def _check_baddbmm(input, batch1, batch2):
    _need_three("baddbmm", "input batch1 batch2", input, batch1, batch2)
    a, b = batch1._array.shape, batch2._array.shape
    if len(a) < 3:
        raise IndexError(f"Dimension out of range: batch1 must be a 3D tensor, got {len(a)}D ({by(a)})")
    _check_batches(a, b)
    _fits(input, (a[0], a[1], b[2]))
    if input.dtype is not batch1.dtype:
        raise RuntimeError(
            f"Input dtypes must be the same, got: input {dtype_word(input.dtype)}, batch1: {dtype_word(batch1.dtype)}, "
            f"batch2: {dtype_word(batch2.dtype)}"
        )
    _same_titles(batch1, batch2)
    _not_bool(input, "baddbmm")


def _check_addbmm(input, batch1, batch2):
    _need_three("addbmm", "input batch1 batch2", input, batch1, batch2)
    a, b = batch1._array.shape, batch2._array.shape
    if len(a) < 3:
        raise IndexError(f"Dimension out of range: batch1 must be a 3D tensor, got {len(a)}D ({by(a)})")
    if len(b) != 3 or len(a) != 3:
        raise RuntimeError(f"batch{1 if len(a) != 3 else 2} must be a 3D tensor")
    _fits(input, (a[1], b[2]))
    if a[0] != b[0]:
        raise RuntimeError(f"batch1 and batch2 must have same number of batches, got {a[0]} and {b[0]}")
    if a[2] != b[1]:
        raise RuntimeError(f"Incompatible matrix sizes for bmm ({a[1]}x{a[2]} and {b[1]}x{b[2]})")
    if not input.dtype is batch1.dtype is batch2.dtype:
        found = batch1.dtype if batch1.dtype is not input.dtype else batch2.dtype
        raise RuntimeError(f"expected scalar type {dtype_title(input.dtype)} but found {dtype_title(found)}")
    _not_bool(input, "addbmm")


def _check_addr(input, vec1, vec2):
    _need_three("addr", "input vec1 vec2", input, vec1, vec2)
    if vec1._array.ndim != 1 or vec2._array.ndim != 1:
        which, t = (1, vec1) if vec1._array.ndim != 1 else (2, vec2)
        raise RuntimeError(f"addr: Expected 1-D argument vec{which}, but got {t._array.ndim}-D")
    _fits(input, (vec1._array.shape[0], vec2._array.shape[0]))


def _add_family(name, op, check, formula):
    """The function, Tensor method and in-place method of one op of the family."""

    def function(input, a, b, *, beta=1, alpha=1, out=None):
        check(input, a, b)
        beta, alpha = _factors(input, beta, alpha)
        return _into(out, op(input, a, b, beta=beta, alpha=alpha))

    def inplace(self, a, b, *, beta=1, alpha=1):
        result = function(self, a, b, beta=beta, alpha=alpha)
        if result._array.shape != self._array.shape:
            raise RuntimeError(
                f"Bad in-place call: input tensor size {brackets(self._array.shape)} and output tensor size "
                f"{brackets(result._array.shape)} should match"
            )
        return self.copy_(result)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{formula}; with beta == 0, `input` is ignored, NaN and inf included."
    inplace.__name__ = name + "_"
    inplace.__doc__ = f"In-place {name}."
    public(method=True, name=name)(function)
    public(method=name + "_", function=False)(inplace)
    return function


addmm = _add_family("addmm", addmm_op, _check_addmm, "beta * input + alpha * (mat1 @ mat2)")
addmv = _add_family("addmv", addmv_op, _check_addmv, "beta * input + alpha * (mat @ vec)")
baddbmm = _add_family("baddbmm", baddbmm_op, _check_baddbmm, "beta * input + alpha * (batch1 @ batch2)")
addbmm = _add_family("addbmm", addbmm_op, _check_addbmm, "beta * input + alpha * sum over b of batch1[b] @ batch2[b]")
addr = _add_family("addr", addr_op, _check_addr, "beta * input + alpha * outer(vec1, vec2)")


# ---- made of the above ----------------------------------------------------------------------------------------------


@public(method=True)
def outer(input, vec2, *, out=None):
    """(m,), (n,) -> (m, n): input[i] * vec2[j]."""
    for name, t in (("self", input), ("vec2", vec2)):
        if t._array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {t._array.ndim}-D")
    return mul(primitives.reshape(input, shape=(input._array.shape[0], 1)), vec2, out=out)


public(method=True, name="ger")(outer)


class trace_op(Op):
    """Sum of the diagonal of a matrix"""

    name, inputs, save, save_shape, grad_name = "trace", 1, (), (0,), "TraceBackward0"

    def forward(xp, a):
        return xp.trace(a)

    @holomorphic
    def backward(xp, g, saved, need):
        return (xp.trace_grad(g, shape=tuple(saved[0])),)


class trace_grad(Op):
    """The adjoint of `trace`"""

    inputs, save, grad_name = 1, (), "TraceBackwardBackward0"

    def forward(xp, g, *, shape):
        return xp.trace_grad(g, shape=shape)

    @holomorphic
    def backward(xp, gg, saved, need, *, shape):
        return (xp.trace(gg),)


@public(method=True)
def trace(input):
    """The sum of a matrix's diagonal."""
    if input._array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._array.ndim}")
    return trace_op(input)
