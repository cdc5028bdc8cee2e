"""`autograd.Variable`, from the time before tensors could require grad themselves."""

from __future__ import annotations

from ..tensor import Tensor


class _VariableType(type):
    def __instancecheck__(cls, value) -> bool:
        return isinstance(value, Tensor)


class Variable(metaclass=_VariableType):
    """`Variable(t, requires_grad=True)` gives back a tensor on the memory of t."""

    def __new__(cls, data=None, requires_grad=False, volatile=None):
        from ..creation import empty

        tensor = empty(0) if data is None else data.detach()
        return tensor.requires_grad_() if requires_grad else tensor
