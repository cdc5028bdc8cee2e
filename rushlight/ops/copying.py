"""Values copied and overwritten: clone, contiguous, detach, copy_, fill, zero_."""

from __future__ import annotations

from ..autograd.inplace import apply_inplace, bump, check_overlap, check_writable, nothing_to_record
from ..autograd.mode import mode
from ..autograd.op import Op, cpu, named, primitives, public, shortcut
from ..layouts import contiguous_format, order_of, preserve_format
from ..tensor import Tensor
from . import promote
from .shape import expand_method


class clone(Op):
    """A copy."""

    inputs, save, grad_name = 1, (), "CloneBackward0"

    def forward(xp, a):
        return xp.clone(a)

    def backward(xp, g, saved, need):
        return (g,)


class contiguous_copy(Op):
    """A C-contiguous copy."""

    inputs, save, grad_name = 1, (), "CloneBackward0"

    def forward(xp, a):
        return xp.clone(a, order="contiguous")

    def backward(xp, g, saved, need):
        return (g,)


class channels_last_copy(Op):
    """A copy in channels-last order."""

    inputs, save, grad_name = 1, (), "CloneBackward0"

    def forward(xp, a):
        return xp.clone(a, order="channels_last")

    def backward(xp, g, saved, need):
        return (g,)


class copy_laid_out(Op):
    """A copy with the order in memory of the dense array `like`, else C-contiguous: what a leaf's gradient has."""

    inputs, save, grad_name = 1, (), "CloneBackward0"

    def forward(xp, a, *, like):
        out = xp.empty_like(like, dtype=a.dtype, order=None if xp.is_dense(like) else "contiguous")
        xp.write(out, a)
        return out

    def backward(xp, g, saved, need, *, like):
        return (g,)


class copy_values(Op):
    """The second tensor's values in place of the first's: what copy_ records."""

    name, inputs, save, save_shape, grad_name = "copy", 2, (), (0, 1), "CopyBackwards"

    def forward(xp, a, b, *, dtype, source):
        return xp.expand(b if b.dtype == dtype else xp.cast(b, dtype=dtype), shape=a.shape)

    def backward(xp, g, saved, need, *, dtype, source):
        grad = None
        if need[1]:
            grad = xp.sum_to(g, shape=tuple(saved[1]))
            if source != dtype:
                grad = xp.cast(grad, dtype=source, source=dtype) if xp.differentiable else xp.cast(grad, dtype=source)
        return (None, grad)


class fill_values(Op):
    """A number in place of the values: what fill_ and zero_ record."""

    name, inputs, save, grad_name = "fill", 1, (), "FillBackward2"
    may_overlap = True

    def forward(xp, a, *, value):
        return xp.full(a.shape, value=value, dtype=a.dtype)

    def backward(xp, g, saved, need, *, value):
        return (xp.zeros_like(g),)


class zero_values(Op):
    """Zeros in place of the values: what zero_ records."""

    name, inputs, save, grad_name = "zero", 1, (), "ZeroBackward0"
    may_overlap = True

    def forward(xp, a):
        return xp.zeros_like(a)

    def backward(xp, g, saved, need):
        return (xp.zeros_like(g),)


@public(method=True, name="clone")
def clone_function(input, *, memory_format=None):
    """A copy that gradients flow through, in the order that memory_format says (default: the input's).

    Errors: RuntimeError where the input has not the rank of channels_last (4) or channels_last_3d (5).
    """
    if memory_format is None:
        return primitives.clone(input)
    return COPIES[order_of(memory_format, input._array.ndim, "clone")](input)


@public()
def detach(input):
    """The same memory without history."""
    return input.detach()


@public()
def detach_(input):
    """Forget a tensor's history; RuntimeError for a view."""
    return input.detach_()


@public(method="contiguous", function=False)
def contiguous(self, *, memory_format=None):
    """The tensor itself if it is contiguous in the memory format, else a copy.

    Errors: RuntimeError for preserve_format and where the tensor has not the format's rank.
    """
    array = self._array
    if memory_format is None or memory_format is contiguous_format:
        return self if cpu.is_contiguous(array) else primitives.contiguous_copy(self)
    if memory_format is preserve_format and not cpu.is_contiguous(array):
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    if order_of(memory_format, array.ndim, "contiguous") is None or cpu.is_channels_last(array):
        return self
    return primitives.channels_last_copy(self)


COPIES = {
    None: primitives.clone,
    "contiguous": primitives.contiguous_copy,
    "channels_last": primitives.channels_last_copy,
}


def convert(tensor, dtype, copy, memory_format):
    """`to` of the CPU: of `dtype` (None: its own) in the memory format; the tensor itself unless something changes."""
    order = order_of(memory_format, tensor._array.ndim, "to")
    result = tensor if dtype is None else promote.to_dtype(tensor, dtype)
    if order is None:
        return named(primitives.clone(tensor), "ToCopyBackward0") if copy and result is tensor else result
    if result is tensor and not copy and cpu.suggests_channels_last(tensor._array) == (order == "channels_last"):
        return tensor
    return named(COPIES[order](result), "ToCopyBackward0")


@public(method="copy_", function=False)
@shortcut("copy")
def copy_(self, src, non_blocking=False):
    """Write src (broadcast, converted) into this tensor."""
    if not isinstance(src, Tensor):
        return fill_(self, src.real if isinstance(src, complex) and not self.is_complex() else src)
    target, source = self._array.shape, src._array.shape
    if target != source:
        lead = len(target) - len(source)
        if lead < 0 or any(m not in (1, n) for m, n in zip(source, target[lead:])):
            expand_method(src.detach(), *target)  # raises PyTorch's message
    if cpu.may_overlap(self._array, src._array):
        src = primitives.clone(src)
    elif target == source and nothing_to_record(self) and nothing_to_record(src):
        check_overlap(self)
        cpu.write(self._array, src._array)
        bump(self)
        return self
    return apply_inplace(primitives.copy, self, src, dtype=self._array.dtype, source=src._array.dtype)


@public(method="fill_", function=False)
@shortcut("fill")
def fill_(self, value):
    """Write one number (or 0-d tensor) everywhere."""
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
            )
        return named(copy_(self, value), "FillBackward3") if self._view is None else copy_(self, value)
    value = promote.fitting(value, self.dtype)
    return _fill_number(self, value, primitives.fill, {"value": value})


@public()
def fill(input, value):
    """A tensor like `input` with one number (or 0-d tensor) everywhere."""
    result = fill_(primitives.clone(input), value)
    return named(result, "FillBackward1" if isinstance(value, Tensor) else "FillBackward0")


@public(method="zero_", function=False)
@shortcut("zero")
def zero_(self):
    """Write zeros."""
    return _fill_number(self, 0, primitives.zero, {})


def _fill_number(self, value, op, attrs):
    if mode.enabled and self.requires_grad:
        return apply_inplace(op, self, **attrs)
    check_writable(self, recording=False)
    cpu.fill(self._array, value=value)
    bump(self)
    return self
