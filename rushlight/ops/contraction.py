"""Contractions made of the products in `linalg`: einsum, tensordot, inner, kron, chain_matmul, bilinear, trace."""

from __future__ import annotations

from ..autograd.op import Op, primitives, public
from ..dtypes import dtype_word
from ..errors import brackets, wrap_dim
from ..tensor import Tensor
from . import linalg
from .elementwise import holomorphic, mul
from .permute import permute_function
from .result import into
from .shape import reshape, unsqueeze_function
from .slicing import diagonal_function

# The order in which an implicit output lists its subscripts.
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ELLIPSIS = "..."


def _permuted(a, axes):
    return a if tuple(axes) == tuple(range(len(axes))) else permute_function(a, tuple(axes))


def _reshaped(a, shape):
    return a if tuple(a._array.shape) == tuple(shape) else reshape(a, tuple(shape))


# ---- einsum ---------------------------------------------------------------------------------------------------------


def _split_term(term, operand):
    """'a...b' as ['a', '...', 'b']; `operand` is its number, None for the output."""
    where = f"for operand {operand} " if operand is not None else "for the output "
    labels, i = [], 0
    while i < len(term):
        c = term[i]
        if c == " ":
            i += 1
        elif c == ".":
            if term[i : i + 3] != ELLIPSIS:
                raise RuntimeError(f"einsum(): found '.' {where}that is not part of any ellipsis")
            if ELLIPSIS in labels:
                raise RuntimeError(f"einsum(): found '.' {where}for which an ellipsis was already found")
            labels.append(ELLIPSIS)
            i += 3
        else:
            labels.append(c)
            i += 1
    return labels


def _check_letters(equation):
    arrow = equation.find("->")
    for i, c in enumerate(equation):
        if c in LETTERS or c in " .," or i in (arrow, arrow + 1) and arrow >= 0:
            continue
        raise RuntimeError(
            f"einsum(): invalid subscript given at index {i} in the equation string, subscripts must be in [a-zA-Z]"
        )


def _from_sublists(args):
    """einsum(a, [0, 1], b, [1, 2], [0, 2]) as terms, output, operands."""
    operands = list(args[0::2]) if len(args) % 2 == 0 else list(args[:-1][0::2])
    lists = args[1::2] if len(args) % 2 == 0 else args[:-1][1::2]
    output = None if len(args) % 2 == 0 else args[-1]

    def labels(items):
        found = []
        for item in items:
            if item is Ellipsis:
                found.append(ELLIPSIS)
            elif not 0 <= int(item) < 52:
                raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
            else:
                found.append(LETTERS[int(item)])
        return found

    return [labels(items) for items in lists], None if output is None else labels(output), operands


def _parse(args):
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    if isinstance(args[0], Tensor):
        return _from_sublists(args)
    equation, operands = args[0], list(args[1:])
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    for i, operand in enumerate(operands):
        if not isinstance(operand, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 1, but got {type(operand).__name__}")
    _check_letters(equation)
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) > len(operands):
        raise RuntimeError("einsum(): fewer operands were provided than specified in the equation")
    if len(terms) < len(operands):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation")
    return (
        [_split_term(term, i) for i, term in enumerate(terms)],
        _split_term(right, None) if arrow else None,
        operands,
    )


def _spread_ellipses(terms, operands):
    """Every term with its ellipsis replaced by labels of its own, numbered from the right; and those labels."""
    longest, spread = 0, []
    for i, (labels, operand) in enumerate(zip(terms, operands)):
        ndim = operand._array.ndim
        named = len(labels) - (ELLIPSIS in labels)
        if ELLIPSIS not in labels and named != ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) does not match the number of dimensions "
                f"({ndim}) for operand {i} and no ellipsis was given"
            )
        if named > ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) is more than the number of dimensions "
                f"({ndim}) for operand {i}"
            )
        extra = ndim - named
        longest = max(longest, extra)
        at = labels.index(ELLIPSIS) if ELLIPSIS in labels else len(labels)
        spread.append(labels[:at] + [f"{ELLIPSIS}{n}" for n in range(extra - 1, -1, -1)] + labels[at + 1 :])
    return spread, [f"{ELLIPSIS}{n}" for n in range(longest - 1, -1, -1)]


def _output_labels(terms, output, dots):
    seen = [label for labels in terms for label in labels]
    if output is None:  # in alphabetical order, those that occur once
        once = [c for c in LETTERS if seen.count(c) == 1]
        return dots + once
    labels = []
    for label in output:
        if label == ELLIPSIS:
            labels.extend(dots)
            continue
        if label in labels:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
        if label not in seen:
            raise RuntimeError(
                f"einsum(): output subscript {label} does not appear in the equation for any input operand"
            )
        labels.append(label)
    return labels


def _diagonals(operand, labels, number):
    """Repeated labels of one operand: their diagonal, as one dimension."""
    labels = list(labels)
    while len(set(labels)) < len(labels):
        label = next(x for x in labels if labels.count(x) > 1)
        i = labels.index(label)
        j = labels.index(label, i + 1)
        shape = operand._array.shape
        if shape[i] != shape[j]:
            raise RuntimeError(
                f"einsum(): subscript {label} is repeated for operand {number} but the sizes don't match, "
                f"{shape[j]} != {shape[i]}"
            )
        operand = diagonal_function(operand, 0, i, j)
        labels = labels[:i] + labels[i + 1 : j] + labels[j + 1 :] + [label]
    return operand, labels


@public()
def einsum(*args):
    """Sum of products by subscripts: einsum("ij,jk->ik", a, b), or einsum(a, [0, 1], b, [1, 2], [0, 2]).

    Repeated subscripts of one operand take its diagonal; those missing from the output are summed; "..." stands for
    broadcast dimensions; without "->", subscripts that occur once form the output in alphabetical order (A-Z, a-z).
    Operands are contracted from left to right, each pair by one batched matrix product.
    Errors: RuntimeError for subscripts that do not fit the operands.
    """
    if not args or not isinstance(args[0], (str, Tensor)):
        found = type(args[0]).__name__ if args else "nothing"
        raise TypeError(f"einsum(): argument 'equation' (position 1) must be str, not {found}")
    terms, output, operands = _parse(args)
    terms, dots = _spread_ellipses(terms, operands)
    result_labels = _output_labels(terms, output, dots)
    order = list(result_labels)
    for labels in terms:
        for label in labels:
            if label not in order:
                order.append(label)
    sizes: dict[str, int] = {}
    aligned = []
    for number, (operand, labels) in enumerate(zip(operands, terms)):
        operand, labels = _diagonals(operand, labels, number)
        shape = operand._array.shape
        for label, size in zip(labels, shape):
            known = sizes.get(label, 1)
            if known != 1 and size not in (1, known):
                name = "in the ellipsis" if label.startswith(ELLIPSIS) else label
                raise RuntimeError(
                    f"einsum(): subscript {name} has size {size} for operand {number} which does not broadcast with "
                    f"previously seen size {known}"
                )
            sizes[label] = size if known == 1 else known
        # Every operand gets all dimensions, in one order; those it lacks have size 1.
        operand = permute_function(operand, tuple([labels.index(label) for label in order if label in labels]))
        for axis, label in enumerate(order):
            if label not in labels:
                operand = unsqueeze_function(operand, axis)
        aligned.append(operand)

    last_use = {label: max(i for i, labels in enumerate(terms) if label in labels) for label in order}
    summed = range(len(result_labels), len(order))
    result = aligned[0]
    ready = [axis for axis in summed if last_use[order[axis]] == 0]
    if ready:
        result = result.sum(ready, keepdim=len(aligned) > 1)
    for i, operand in enumerate(aligned[1:], 1):
        ready = [axis for axis in summed if last_use[order[axis]] == i]
        result = _multiply_and_sum(result, operand, ready)
    if result._array.ndim > len(result_labels):
        result = _reshaped(result, result._array.shape[: len(result_labels)])
    return result


def _multiply_and_sum(a, b, axes):
    """(a * b).sum(axes, keepdim=True) for operands of one rank, by a batched matrix product."""
    x, y = a._array.shape, b._array.shape
    n = len(x)
    only_a = [i for i in axes if x[i] != 1 and y[i] == 1]
    only_b = [i for i in axes if x[i] == 1 and y[i] != 1]
    if only_a:
        a = a.sum(only_a, keepdim=True)
        x = a._array.shape
    if only_b:
        b = b.sum(only_b, keepdim=True)
        y = b._array.shape
    inner = [i for i in axes if x[i] != 1]
    if not inner:
        return mul(a, b)
    batch = [i for i in range(n) if i not in inner and x[i] != 1 and y[i] != 1]
    left = [i for i in range(n) if i not in inner and i not in batch and y[i] == 1]
    right = [i for i in range(n) if i not in inner and i not in batch and i not in left]
    batches, depth = linalg.count(x[i] for i in batch), linalg.count(x[i] for i in inner)
    rows, cols = linalg.count(x[i] for i in left), linalg.count(y[i] for i in right)
    a = _reshaped(_permuted(a, batch + left + inner + right), (batches, rows, depth))
    b = _reshaped(_permuted(b, batch + inner + right + left), (batches, depth, cols))
    product = linalg.bmm(a, b)
    order = batch + left + right + inner
    product = _reshaped(
        product, [x[i] for i in batch] + [x[i] for i in left] + [y[i] for i in right] + [1] * len(inner)
    )
    back = [0] * n
    for position, axis in enumerate(order):
        back[axis] = position
    return _permuted(product, back)


# ---- named contractions ---------------------------------------------------------------------------------------------


@public()
def tensordot(a, b, dims=2, out=None):
    """Sum over dimension pairs: the last `dims` of a with the first of b, or dims = (dims of a, dims of b).

    Errors: RuntimeError when the lists differ in length or the sizes of a pair differ.
    """
    x, y = a._array.shape, b._array.shape
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims._array.ndim else int(dims.item())
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(len(x), len(y)):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        first, second = list(range(-dims, 0)), list(range(dims))
    elif not isinstance(dims, (tuple, list)) or len(dims) != 2:
        raise RuntimeError(f"tensordot expects dims to be an int or two lists of ints, but got dims={dims}")
    else:
        first, second = (list(d) if isinstance(d, (list, tuple)) else [d] for d in dims)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    for name, listed, shape in (("first", first, x), ("second", second, y)):
        for i in listed:
            if not isinstance(i, int):
                raise TypeError(f"tensordot(): dims of the {name} tensor must be ints, got {type(i).__name__}")
            wrap_dim(i, len(shape))
    for i, j in zip(first, second):
        if x[i] == 1 != y[j]:  # broadcast: the other one's elements are summed
            b = b.sum(j, keepdim=True)
        elif y[j] == 1 != x[i]:
            a = a.sum(i, keepdim=True)
        elif x[i] != y[j]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {x[i]} in dim {i} and second has size "
                f"{y[j]} in dim {j}"
            )
    first = [wrap_dim(i, len(x)) for i in first]
    second = [wrap_dim(j, len(y)) for j in second]
    left = [i for i in range(len(x)) if i not in first]
    right = [j for j in range(len(y)) if j not in second]
    depth = linalg.count(x[i] for i in first)
    rows, cols = [x[i] for i in left], [y[j] for j in right]
    a = reshape(_permuted(a, left + first), (linalg.count(rows), depth))
    b = reshape(_permuted(b, second + right), (depth, linalg.count(cols)))
    result = reshape(linalg.mm(a, b), (*rows, *cols))
    return result if out is None else into(out, result)


@public(method=True)
def inner(input, other, *, out=None):
    """Sum over the last dimension of both: (..., n), (+++, n) -> (..., +++). A 0-d operand multiplies."""
    x, y = input._array.shape, other._array.shape
    if not x or not y:
        return mul(input, other, out=out)
    if x[-1] != y[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes "
            f"{brackets(x)} and {brackets(y)}"
        )
    return tensordot(input, other, ([-1], [-1]), out=out)


@public(method=True)
def kron(input, other, *, out=None):
    """The Kronecker product: every element of input times all of other, dimensions multiplied."""
    n = max(input._array.ndim, other._array.ndim)
    x = (1,) * (n - input._array.ndim) + input._array.shape
    y = (1,) * (n - other._array.ndim) + other._array.shape
    a = primitives.unsafe_view(input, shape=tuple(s for size in x for s in (size, 1)))
    b = primitives.unsafe_view(other, shape=tuple(s for size in y for s in (1, size)))
    result = primitives.unsafe_view(mul(a, b), shape=tuple(i * j for i, j in zip(x, y)))
    return result if out is None else into(out, result)


@public()
def chain_matmul(*matrices, out=None):
    """The product of several matrices, in the order of fewest multiplications (dynamic programming over the sizes)."""
    if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)):
        matrices = tuple(matrices[0])
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for matrix in matrices:
        if matrix._array.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {matrix._array.ndim}, expected 2 instead.")
    count = len(matrices)
    sizes = [m._array.shape[0] for m in matrices] + [matrices[-1]._array.shape[1]]
    cost = [[0] * count for _ in range(count)]
    split = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            cost[i][j], split[i][j] = min(
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    def product(i, j):
        return matrices[i] if i == j else linalg.mm(product(i, split[i][j]), product(split[i][j] + 1, j))

    result = product(0, count - 1)
    if count > 1:
        result = primitives.view(result, shape=result._array.shape)
    return result if out is None else into(out, result)


@public()
def bilinear(input1, input2, weight, bias=None):
    """y_o = input1 . weight_o . input2 + bias_o

    Shapes: input1 (*, i), input2 (*, j), weight (o, i, j), bias (o,) -> (*, o). RuntimeError when they do not match.
    Two products: input1 with the weight laid out (i, o * j), then row by row with input2.
    """
    x, y, w = input1._array.shape, input2._array.shape, weight._array.shape
    if not input1.dtype is input2.dtype is weight.dtype:
        raise RuntimeError(
            f"bilinear(): All tensors must have the same dtype, got input1: {dtype_word(input1.dtype)}, input2: "
            f"{dtype_word(input2.dtype)}, weight: {dtype_word(weight.dtype)}"
        )
    if bias is not None and bias.dtype is not input1.dtype:
        raise RuntimeError(
            f"bilinear(): All tensors must have the same dtype, got input1: {dtype_word(input1.dtype)} and bias: "
            f"{dtype_word(bias.dtype)}"
        )
    if len(x) != len(y):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(x)} and {len(y)}")
    for i, (p, q) in enumerate(zip(x[:-1], y[:-1])):
        if p != q:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {i}: got {p} and {q}")
    if x[-1] != w[1]:
        raise RuntimeError(f"bilinear(): input1 size does not match weight size: got {x[-1]} but expected {w[1]}")
    if y[-1] != w[2]:
        raise RuntimeError(f"bilinear(): input2 size does not match weight size: got {y[-1]} but expected {w[2]}")
    if bias is not None and bias._array.shape[0] != w[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias._array.shape[0]} but expected {w[0]}"
        )
    rows, outs = linalg.count(x[:-1]), w[0]
    first = reshape(input1, (rows, x[-1]))
    second = reshape(input2, (rows, y[-1], 1))
    wide = reshape(permute_function(weight, (1, 0, 2)), (w[1], outs * w[2]))
    partial = reshape(linalg.mm(first, wide), (rows, outs, w[2]))
    result = reshape(linalg.bmm(partial, second), (*x[:-1], outs))
    return result if bias is None else result + bias


# ---- trace -----------------------------------------------------------------------------------------------------------


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
