"""Complex numbers: parts, conjugate, angle, magnitude, views as pairs of real numbers."""

from __future__ import annotations

import math

from ..autograd.op import METHODS, Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import type_name
from ..tensor import Tensor
from . import elementwise, promote
from .result import into
from .shape import broadcast_tensors


class conj_op(Op):
    """The complex conjugate; real tensors stay."""

    name, inputs, save, grad_name = "conj", 1, (), "ConjBackward0"

    def forward(xp, a):
        return xp.conj(a)

    def backward(xp, g, saved, need):
        return (xp.conj(g),)


class as_real(Op):
    """A complex tensor as pairs in a new last dimension."""

    inputs, save, grad_name, view = 1, (), "ViewAsRealBackward0", True

    def forward(xp, a):
        return xp.as_real(a)

    def backward(xp, g, saved, need):
        return (xp.as_complex(_dense(xp, g)),)


class as_complex(Op):
    """Pairs in the last dimension as complex numbers."""

    inputs, save, grad_name, view = 1, (), "ViewAsComplexBackward0", True

    def forward(xp, a):
        return xp.as_complex(a)

    def backward(xp, g, saved, need):
        return (xp.as_real(g),)


def _dense(xp, g):
    return primitives.contiguous_copy(g) if xp.differentiable else xp.contiguous(g)


@public()
def view_as_real(input):
    """A view of a complex tensor (...) as real pairs (..., 2). RuntimeError for real tensors."""
    if not input.dtype.is_complex:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return primitives.as_real(input)


@public()
def view_as_complex(input):
    """A view of real pairs (..., 2) as a complex tensor (...). RuntimeError for other layouts."""
    if input.dtype.name not in ("float32", "float64"):
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            f"{input.dtype}"
        )
    shape = input._array.shape
    if not shape:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if cpu.strides_of(input._array)[-1] != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    return primitives.as_complex(input)


def _part(name, index):
    def function(input):
        if not input.dtype.is_complex:
            if index:
                raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
            return input
        pairs = primitives.as_real(input)
        return primitives.select(pairs, axis=pairs._array.ndim - 1, index=index)

    function.__name__ = name
    function.__doc__ = f"The {name} part, as a view."
    METHODS[name] = property(function, lambda self, value: function(self).copy_(promote_value(value, self)))
    return public()(function)


def promote_value(value, like):
    """A Python number as a tensor of the real type that `like` is made of."""
    if isinstance(value, Tensor):
        return value
    return Tensor._wrap(cpu.full((), value=value, dtype=cpu.to_engine_dtype(like.dtype.to_real())))


real, imag = _part("real", 0), _part("imag", 1)


@public(method=True)
def conj(input):
    """The complex conjugate; real tensors come back as they are."""
    return primitives.conj(input) if input.dtype.is_complex else input


public(method=True, name="conj_physical")(conj)


@public(method="conj_physical_", name="conj_physical_")
def _conj_physical_(self):
    """In-place conjugate."""
    return self.copy_(conj(self)) if self.dtype.is_complex else self


@public(method=True)
def resolve_conj(input):
    """The tensor itself: conjugates are never left open here."""
    return input


public(method=True, name="resolve_neg")(resolve_conj)


@public()
def is_conj(input):
    """Whether a conjugate is left open: never."""
    return False


public(name="is_neg")(is_conj)


@public(method=True)
def adjoint(input):
    """The last two dimensions swapped, conjugated."""
    return conj(METHODS["transpose"](input, -2, -1))


def _check_parts(name, words, first, second):
    for i, (word, x) in enumerate(zip(words, (first, second))):
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}(): argument '{word}' (position {i + 1}) must be Tensor, not {type_name(x)}")
    if not (first.dtype.is_floating_point and second.dtype.is_floating_point):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {dtype_title(first.dtype)} and "
            f"{dtype_title(second.dtype)}"
        )
    if first.dtype is not second.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {dtype_title(first.dtype)} but got scalar type "
            f"{dtype_title(second.dtype)} for second argument"
        )


def _joined(real, imag, out, grad_name):
    parts = broadcast_tensors(real, imag)
    result = named(primitives.as_complex(primitives.stack(parts, dim=parts[0]._array.ndim)), grad_name)
    result._view = None  # its memory is its own
    return result if out is None else into(out, result)


@public(name="complex")
def complex_function(real, imag, *, out=None):
    """real + i * imag, of two float tensors of one dtype, broadcast."""
    _check_parts("complex", ("real", "imag"), real, imag)
    return _joined(real, imag, out, "ComplexBackward0")


@public()
def polar(abs, angle, *, out=None):  # noqa: A002
    """abs * (cos(angle) + i sin(angle)), of two float tensors of one dtype, broadcast."""
    _check_parts("polar", ("abs", "angle"), abs, angle)
    real, imag = elementwise.mul(abs, elementwise.cos(angle)), elementwise.mul(abs, elementwise.sin(angle))
    return _joined(real, imag, out, "PolarBackward0")


class complex_abs(Op):
    """|a| of complex numbers; the gradient is along the number's direction, 0 at 0."""

    inputs, grad_name = 1, "AbsBackward0"

    def forward(xp, a):
        return xp.abs(a)

    def backward(xp, g, saved, need):
        (a,) = saved
        return (_along(xp, g, a),)


def _along(xp, g, a):
    """Real g as complex numbers in the direction of a."""
    kind = a._array.dtype if xp.differentiable else a.dtype
    source = g._array.dtype if xp.differentiable else g.dtype
    wide = xp.cast(g, dtype=kind, source=source) if xp.differentiable else xp.cast(g, dtype=kind)
    if xp.differentiable:
        return primitives.mul(wide, sgn(a))
    return xp.mul(wide, xp.sign(a))


@public(method=True)
def sgn(input, *, out=None):
    """sign for real tensors; a / |a| for complex ones, 0 at 0."""
    if not input.dtype.is_complex:
        return named(elementwise.sign(input, out=out), "SgnBackward0")
    size = primitives.complex_abs(input)
    zero = primitives.eq(size, 0)
    safe = promote.to_dtype(primitives.where(zero, primitives.add(primitives.mul(size, 0), 1), size), input.dtype)
    return named(primitives.div(input, safe), "SgnBackward0")


@public(method="sgn_", function=False)
def _sgn_(self):
    """In-place sgn."""
    return self.copy_(sgn(self))


@public(method=True)
def angle(input, *, out=None):
    """The angle of complex numbers; of real ones 0, or pi where negative; NaN stays."""
    if input.dtype.is_complex:
        return named(elementwise.atan2(imag(input), real(input)), "AngleBackward0")
    x = promote.to_float(input)
    kind = x._array.dtype
    values = cpu.where(cpu.lt(x._array, 0), math.pi, cpu.mul(cpu.where(cpu.isnan(x._array), x._array, 0.0), 1))
    result = Tensor._wrap(cpu.cast(values, dtype=kind))
    if x.requires_grad:
        result = named(primitives.add(elementwise.sign(x) * 0, result), "AngleBackward0")
    return result


@public(method=True)
def isreal(input):
    """Whether the imaginary part is 0."""
    if input.dtype.is_complex:
        return Tensor._wrap(cpu.eq(cpu.as_real(input._array)[..., 1], 0))
    return Tensor._wrap(cpu.eq(input._array, input._array) | True)
