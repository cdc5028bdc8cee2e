"""Methods of Tensor that few programs use: functions applied by element, sizes and strides taken over, questions."""

from __future__ import annotations

from .. import layouts
from ..autograd.inplace import apply_inplace, bump
from ..autograd.op import cpu, method, primitives, public
from ..errors import broadcast_shapes


def _mapped(self, function, *others, name):
    """function(element, elements of the others) for every element, in place."""
    if self.requires_grad:
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    for i, other in enumerate(others):
        if other.dtype is not self.dtype:
            word = "other" if len(others) == 1 else ("x", "y")[i]
            raise TypeError(f"{name}: expected {self.type()} for '{word}' (got {other.type()})")
        if broadcast_shapes(self._array.shape, other._array.shape) != tuple(self._array.shape):
            raise RuntimeError(f"{name}: an operand of shape {list(other.shape)} does not expand to {list(self.shape)}")
    columns = [other.expand(self.shape).reshape(-1).tolist() for other in others]
    values = [function(*row) for row in zip(self.reshape(-1).tolist(), *columns)]
    array = cpu.from_python(values, dtype=self.dtype)
    cpu.write(self._array, cpu.reshape(array, shape=self._array.shape))
    bump(self)
    return self


@method()
def map_(self, tensor, callable):
    """Replace every element by callable(element, element of the other tensor), in place; slow."""
    return _mapped(self, callable, tensor, name="map_")


@method()
def map2_(self, x, y, callable):
    """Replace every element by callable(element, element of x, element of y), in place; slow."""
    return _mapped(self, callable, x, y, name="map2_")


@public(method=True)
def resize_as_(input, the_template, *, memory_format=None):
    """Change a tensor's shape, in place, to the template's, in a memory format (preserve_format: the template's)."""
    if memory_format is layouts.preserve_format:
        memory_format = layouts.format_of(the_template._array)
    return input.resize_(the_template.shape, memory_format=memory_format)


@method()
def dim_order(self, *, ambiguity_check=False):
    """The dimensions from the one with the largest stride to that with the smallest."""
    strides = self.stride()
    order = sorted(range(len(strides)), key=lambda i: (-strides[i], i))
    if any(step == 0 for step in strides):
        return tuple(range(len(strides)))
    return tuple(order)


@method()
def is_set_to(self, tensor):
    """Whether both tensors are the same memory with the same shape and strides."""
    same = cpu.same_memory(self._array, tensor._array)
    return bool(same and self._array.shape == tensor._array.shape and self.stride() == tensor.stride())


@method()
def to_dense(self, dtype=None, *, masked_grad=None):
    """The tensor itself, which is dense, converted to a dtype if one is given."""
    return self if dtype is None else self.to(dtype)


@method()
def new_empty_strided(
    self, size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):
    """An uninitialised tensor of given size and strides, by default of this tensor's dtype."""
    from ..creation import empty_strided

    return empty_strided(
        size, stride, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad
    )


@method()
def polygamma_(self, n):
    """In-place polygamma: the n-th derivative of digamma."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return self.digamma_() if n == 0 else apply_inplace(primitives.polygamma, self, n=n)


@method()
def const_data_ptr(self):
    """Address of the first element."""
    return self.data_ptr()


@method()
def is_distributed(self):
    """False: no tensor is spread over machines."""
    return False


@method("__reversed__")
def _reversed(self):
    """The tensor turned round along the first dimension."""
    return self if not self._array.ndim else primitives.flip(self, axes=(0,))
