"""Values copied and overwritten: clone, contiguous, detach, copy_, fill, zero_."""

from __future__ import annotations

from ..autograd.inplace import apply_inplace, bump, check_overlap, check_writable, nothing_to_record
from ..autograd.mode import mode
from ..autograd.op import Op, cpu, named, primitives, public, shortcut
from ..tensor import Tensor
from . import promote
from .shape import expand_method


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
    """A copy that gradients flow through."""
    if memory_format is not None and str(memory_format) == "torch.contiguous_format":
        return primitives.contiguous_copy(input)
    return primitives.clone(input)


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
    """The tensor itself if it is C-contiguous, else a copy."""
    return self if cpu.is_contiguous(self._array) else primitives.contiguous_copy(self)


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
