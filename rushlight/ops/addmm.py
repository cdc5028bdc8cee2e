"""Products with something added: linear, and addmm, addmv, baddbmm, addbmm, addr."""

from __future__ import annotations

from ..autograd.op import Op, cpu, public, shortcut
from ..dtypes import can_cast, dtype_title, dtype_word
from ..errors import brackets, by
from ..tensor import Tensor
from . import promote
from .elementwise import holomorphic
from .linalg import (
    cannot_multiply,
    check_batches,
    count,
    flipped,
    into_same,
    matmul,
    matrix_grads,
    need_tensor,
    not_bool,
    outer_product,
    row_sum_grads,
    same_titles,
    same_words,
    summed,
)
from .permute import t_function

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
                    rows = count(g.shape[:-1])
                    flat_g = xp.reshape(g, shape=(rows, g.shape[-1]))
                    flat_input = xp.reshape(input, shape=(rows, input.shape[-1]))
                    grad_weight = xp.matmul(flipped(xp, flat_g), flat_input)
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
    need_tensor(input, "linear", "input", 1)
    need_tensor(weight, "linear", "weight", 2)
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
            cannot_multiply((count(x[:-1]), x[-1]), w[::-1])
        return matmul(input, t_function(weight))
    need_tensor(bias, "linear", "bias", 3)
    if len(w) == 1 and len(x) == 2:
        raise RuntimeError("mat2 must be a matrix, got 1-D tensor")
    if len(w) == 2 and x[-1] != w[1]:
        cannot_multiply((count(x[:-1]), x[-1]), w[::-1])
    if len(x) == 2:
        return addmm(bias, input, t_function(weight))
    return matmul(input, t_function(weight)) + bias


# ---- addmm and its family -------------------------------------------------------------------------------------------


def _scaled(xp, g, factor):
    return g if factor == 1 else xp.mul(g, factor)


def _plain(xp, input, a, b, beta, alpha):
    return _combined(xp, input, xp.matmul(a, b), beta, alpha)


def _summed_batches(xp, input, batch1, batch2, beta, alpha):
    """One product of depth b * n."""
    b, m, n = batch1.shape
    wide = xp.reshape(xp.permute(batch1, axes=(1, 0, 2)), shape=(m, b * n))
    tall = xp.reshape(batch2, shape=(b * n, batch2.shape[2]))
    return _combined(xp, input, xp.matmul(wide, tall), beta, alpha)


def _outer_grads(xp, g, need, a, b):
    return (
        xp.matmul(g, b) if need[0] else None,
        xp.matmul(flipped(xp, g), a) if need[1] else None,
    )


def _add_op(op_name, node_name, compute, grads):
    class Sum(Op):
        """beta * input + alpha * a product of a and b, of which grads(xp, g, need, a, b) are the gradients."""

        name, inputs, save, save_shape, saves_other, grad_name = op_name, 3, (1, 2), (0,), 1, node_name

        def forward(xp, input, a, b, *, beta, alpha):
            return compute(xp, input, a, b, beta, alpha)

        @holomorphic
        def backward(xp, g, saved, need, *, beta, alpha):
            a, b, shape = saved
            grad_input = summed(xp, _scaled(xp, g, beta), shape) if need[0] else None
            scaled = _scaled(xp, g, alpha) if need[1] or need[2] else g
            return grad_input, *grads(xp, scaled, need[1:], a, b)

    return Sum


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
    """The factors as numbers of the input's type."""
    if type(beta) is int and type(alpha) is int and beta == alpha == 1:
        return beta, alpha
    return promote.fitting(beta, input.dtype), promote.fitting(alpha, input.dtype)


def _need_three(op, names, *values):
    for position, (name, value) in enumerate(zip(names.split(), values), 1):
        need_tensor(value, op, name, position)


def _check_addmm(input, mat1, mat2):
    _need_three("addmm", "input mat1 mat2", input, mat1, mat2)
    a, b = mat1._array.shape, mat2._array.shape
    if len(a) != 2:
        raise RuntimeError(f"mat1 must be a matrix, got {len(a)}-D tensor")
    if len(b) != 2:
        raise RuntimeError(f"mat2 must be a matrix, got {len(b)}-D tensor")
    if a[1] != b[0]:
        cannot_multiply(a, b)
    _fits(input, (a[0], b[1]))
    if input._array.dtype is not mat2._array.dtype:
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {dtype_title(input.dtype)} and {dtype_title(mat2.dtype)}"
        )
    same_words(mat1, mat2)
    not_bool(input, "addmm_impl_cpu_")


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
    not_bool(input, "addmv_impl_cpu")


def _need_ranks(a, b):
    """IndexError where a batch has too few dimensions to say what size the result has."""
    for name, shape, least in (("batch1", a, 2), ("batch2", b, 3)):
        if len(shape) < least:
            raise IndexError(f"Dimension out of range: {name} must be a 3D tensor, got {len(shape)}D ({by(shape)})")


def _check_baddbmm(input, batch1, batch2):
    _need_three("baddbmm", "input batch1 batch2", input, batch1, batch2)
    a, b = batch1._array.shape, batch2._array.shape
    _need_ranks(a, b)
    _fits(input, (a[0], a[1], b[2]))
    check_batches(a, b)
    if input.dtype is not batch1.dtype:
        raise RuntimeError(
            f"Input dtypes must be the same, got: input {dtype_word(input.dtype)}, batch1: {dtype_word(batch1.dtype)}, "
            f"batch2: {dtype_word(batch2.dtype)}"
        )
    same_titles(batch1, batch2)
    not_bool(input, "baddbmm")


def _check_addbmm(input, batch1, batch2):
    _need_three("addbmm", "input batch1 batch2", input, batch1, batch2)
    a, b = batch1._array.shape, batch2._array.shape
    _need_ranks(a, b)
    _fits(input, (a[1], b[2]))
    if len(b) != 3 or len(a) != 3:
        raise RuntimeError(f"batch{1 if len(a) != 3 else 2} must be a 3D tensor")
    if a[0] != b[0]:
        raise RuntimeError(f"batch1 and batch2 must have same number of batches, got {a[0]} and {b[0]}")
    if a[2] != b[1]:
        raise RuntimeError(f"Incompatible matrix sizes for bmm ({a[1]}x{a[2]} and {b[1]}x{b[2]})")
    if not input.dtype is batch1.dtype is batch2.dtype:
        found = batch1.dtype if batch1.dtype is not input.dtype else batch2.dtype
        raise RuntimeError(f"expected scalar type {dtype_title(input.dtype)} but found {dtype_title(found)}")
    not_bool(input, "addbmm")


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
        return into_same(out, op(input, a, b, beta=beta, alpha=alpha))

    def inplace(self, a, b, *, beta=1, alpha=1):
        result = function(self, a, b, beta=beta, alpha=alpha)
        if result._array.shape != self._array.shape:
            raise RuntimeError(
                f"Bad in-place call: input tensor size {brackets(self._array.shape)} and output tensor size "
                f"{brackets(result._array.shape)} should match"
            )
        if not can_cast(result.dtype, self.dtype):
            raise RuntimeError(
                f"{name}_(): result type {dtype_title(result.dtype)} can't be cast to the desired output type "
                f"{dtype_title(self.dtype)}"
            )
        return self.copy_(result)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{formula}; with beta == 0, `input` is ignored, NaN and inf included."
    inplace.__name__ = name + "_"
    inplace.__doc__ = f"In-place {name}."
    public(method=True, name=name)(function)
    public(method=name + "_", function=False)(inplace)
    return function


def _fused(xp, input, a, b, beta, alpha):
    return xp.addmm(input, a, b, beta=beta, alpha=alpha)


def _outer(xp, input, a, b, beta, alpha):
    return _combined(xp, input, outer_product(xp, a, b), beta, alpha)


_addmm = _add_op("addmm", "AddmmBackward0", _fused, matrix_grads)
_addmv = _add_op("addmv", "AddmvBackward0", _plain, row_sum_grads)
_baddbmm = _add_op("baddbmm", "BaddbmmBackward0", _plain, matrix_grads)
_addbmm = _add_op("addbmm", "AddbmmBackward0", _summed_batches, matrix_grads)
_addr = _add_op("addr", "AddrBackward0", _outer, _outer_grads)

addmm = _add_family("addmm", _addmm, _check_addmm, "beta * input + alpha * (mat1 @ mat2)")
addmv = _add_family("addmv", _addmv, _check_addmv, "beta * input + alpha * (mat @ vec)")
baddbmm = _add_family("baddbmm", _baddbmm, _check_baddbmm, "beta * input + alpha * (batch1 @ batch2)")
addbmm = _add_family("addbmm", _addbmm, _check_addbmm, "beta * input + alpha * sum over b of batch1[b] @ batch2[b]")
addr = _add_family("addr", _addr, _check_addr, "beta * input + alpha * outer(vec1, vec2)")
