"""Python's operators on tensors: +, -, *, @, ==, [], ...; and what NumPy and DLPack ask of them."""

from __future__ import annotations

from . import engine as engines
from .arguments import checked
from .autograd.op import METHODS, PUBLIC, cpu, primitives, shortcut
from .errors import warn_caller
from .ops import elementwise, index, promote
from .tensor import Tensor

_NUMBERS = (Tensor, bool, int, float, complex)


def _checked(name):
    """The public function, its arguments checked."""
    return checked(PUBLIC[name], name)


def _forward(name):
    """a OP b; NotImplemented for operands that are no numbers, so that Python tries the other side."""
    function = _checked(name)

    def operator(self, other):
        if not isinstance(other, _NUMBERS):
            other = _number_like(other)
            if other is None:
                return NotImplemented
        return function(self, other)

    return operator


def _reflected(name):
    function = _checked(name)

    def operator(self, other):
        if not isinstance(other, _NUMBERS):
            other = _number_like(other)
            if other is None:
                return NotImplemented
        return function(other, self)

    return operator


def _number_like(value):
    """A NumPy scalar as a number, an array as a tensor; None for anything else."""
    if cpu.is_array(value):
        return Tensor._wrap(value) if value.ndim else value.item()
    if hasattr(value, "dtype") and hasattr(value, "item"):
        return value.item()
    return None


def _inplace(name):
    method = checked(METHODS[name], name, "Tensor")

    def operator(self, other):
        if not isinstance(other, _NUMBERS):
            other = _number_like(other)
            if other is None:
                return NotImplemented
        return method(self, other)

    return native(operator, "inplace_binary" if name in ("add_", "sub_", "mul_") else "inplace_division", name[:-1])


def native(operator, kind, name):
    """The operator behind a shortcut to the op of that name."""
    return shortcut(kind, name)(operator) if name in _SHORT else operator


_SHORT = frozenset("add sub mul div floor_divide remainder pow eq ne lt le gt ge".split())


_div, _mul = _checked("div"), _checked("mul")


def _divide(a, b):
    """a / b; a number over a tensor is, as in PyTorch, its reciprocal times the number."""
    return _div(a, b) if isinstance(a, Tensor) else _mul(elementwise.reciprocal(b), a)


def _either_side(function):
    """a OP b where either may be the tensor: what the operator slot calls for all but the plainest operands."""

    def operator(a, b):
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            return function(a, b)
        if not isinstance(a, _NUMBERS):
            a = _number_like(a)
        elif not isinstance(b, _NUMBERS):
            b = _number_like(b)
        if a is None or b is None:
            return NotImplemented
        return function(a, b)

    return operator


OPERATORS = {
    "__iadd__": _inplace("add_"),
    "__isub__": _inplace("sub_"),
    "__imul__": _inplace("mul_"),
    "__itruediv__": _inplace("div_"),
    "__floordiv__": _forward("floor_divide"),
    "__rfloordiv__": _reflected("floor_divide"),
    "__ifloordiv__": _inplace("floor_divide_"),
    "__mod__": _forward("remainder"),
    "__rmod__": _reflected("remainder"),
    "__imod__": _inplace("remainder_"),
    "__pow__": native(_forward("pow"), "binary", "pow"),
    "__rpow__": _reflected("pow"),
    "__ipow__": _inplace("pow_"),
    "__eq__": native(_forward("eq"), "comparison", "eq"),
    "__ne__": native(_forward("ne"), "comparison", "ne"),
    "__lt__": native(_forward("lt"), "comparison", "lt"),
    "__le__": native(_forward("le"), "comparison", "le"),
    "__gt__": native(_forward("gt"), "comparison", "gt"),
    "__ge__": native(_forward("ge"), "comparison", "ge"),
    "__and__": _forward("bitwise_and"),
    "__rand__": _reflected("bitwise_and"),
    "__iand__": _inplace("bitwise_and_"),
    "__or__": _forward("bitwise_or"),
    "__ror__": _reflected("bitwise_or"),
    "__ior__": _inplace("bitwise_or_"),
    "__xor__": _forward("bitwise_xor"),
    "__rxor__": _reflected("bitwise_xor"),
    "__ixor__": _inplace("bitwise_xor_"),
    "__neg__": lambda self: elementwise.neg(self),
    "__pos__": lambda self: self,
    "__abs__": lambda self: elementwise.abs(self),
    "__invert__": lambda self: elementwise.bitwise_not(self),
    "__getitem__": index.getitem,
    "__setitem__": index.setitem,
}
_SLOTS = {"add": _checked("add"), "sub": _checked("sub"), "mul": _mul, "div": _divide}
NATIVE = {name: (getattr(cpu, name), getattr(primitives, name), _either_side(f)) for name, f in _SLOTS.items()}
_matmul = _either_side(_checked("matmul"))


def _product(a, b):
    """a @ b; NotImplemented for a number."""
    numbers = (bool, int, float, complex)
    return NotImplemented if isinstance(a, numbers) or isinstance(b, numbers) else _matmul(a, b)


NATIVE["matmul"] = (cpu.matmul, primitives.mm, _product)
engines.set_operators(NATIVE)


def _cast_method(dtype_name):
    from . import dtypes
    from .layouts import order_of

    target = dtypes.ALIASES.get(dtype_name) or dtypes.ALL[dtype_name]

    def method(self, *, memory_format=None):
        if memory_format is None:
            return promote.to_dtype(self, target)
        order_of(memory_format, self._array.ndim, dtype_name)
        return self.to(target, memory_format=memory_format)

    method.__name__ = dtype_name
    method.__doc__ = f"The tensor converted to {target}."
    return method


for _name in ("float", "double", "half", "bfloat16", "long", "int", "short", "bool", "cfloat", "cdouble"):
    OPERATORS[_name] = _cast_method(_name)
for _name, _target in (("byte", "uint8"), ("char", "int8")):
    OPERATORS[_name] = _cast_method(_target)


def _transposed(name, message):
    def get(self):
        if name in ("mT", "mH") and self._array.ndim < 2:
            raise RuntimeError(
                f"tensor.{name} is only supported on matrices or batches of matrices. Got {self._array.ndim}-D tensor."
            )
        if name == "mT":
            return METHODS["transpose"](self, -2, -1)
        if name == "mH":
            return METHODS["adjoint"](self)
        if name == "H":
            if self._array.ndim not in (0, 2):
                raise RuntimeError(
                    "tensor.H is only supported on matrices (2-D tensors). Got "
                    f"{self._array.ndim}-D tensor. For batches of matrices, consider using tensor.mH"
                )
            return METHODS["conj"](METHODS["transpose"](self, 0, -1))
        if self._array.ndim not in (0, 2):
            warn_caller(
                f"x.T on a tensor of {self._array.ndim} dimensions is deprecated: use x.mT for a batch of matrices, or "
                "x.permute(*range(x.ndim - 1, -1, -1)) to reverse all dimensions."
            )
        axes = tuple(reversed(range(self._array.ndim)))
        return primitives.permute(self, axes=axes)

    if name == "T":
        return property(shortcut("transposed", "permute")(get), doc=message)
    return property(get, doc=message)


def _array_wrap(self, array, context=None, return_scalar=False):
    """The result of a NumPy function called on this tensor, as a tensor (bool as uint8, as in PyTorch)."""
    return Tensor._wrap(cpu.from_numpy(array.astype("u1") if array.dtype.kind == "b" else array))


def _dlpack(self, **keywords):
    """A DLPack capsule on this tensor's memory. BufferError when the tensor requires grad."""
    if self.requires_grad:
        raise BufferError("__dlpack__: can't export tensors that require gradient, use tensor.detach()")
    return self._array.__dlpack__(**keywords)


OPERATORS["__array_wrap__"] = _array_wrap
OPERATORS["__dlpack__"] = _dlpack
OPERATORS["__dlpack_device__"] = lambda self: self._array.__dlpack_device__()
OPERATORS["T"] = _transposed("T", "All dimensions reversed.")
OPERATORS["H"] = _transposed("H", "The transpose of a matrix, conjugated.")
OPERATORS["mT"] = _transposed("mT", "The last two dimensions swapped.")
OPERATORS["mH"] = _transposed("mH", "The last two dimensions swapped, conjugated.")

for _name, _operator in OPERATORS.items():
    if "<locals>" in getattr(_operator, "__qualname__", ""):
        _operator.__qualname__ = f"Tensor.{_name}"
