"""Parameter and Buffer: tensors that a module registers; and their forms whose shape is not known yet."""

from ..creation import empty
from ..tensor import Tensor


def _alias(data, kind):
    """A detached tensor of class `kind` on the storage of `data`."""
    tensor = data.detach()
    tensor.__class__ = kind
    return tensor


class _ParameterType(type(Tensor)):  # type: ignore[misc]
    """Lets a tensor of another subclass pass as a Parameter by the mark `_is_param`."""

    def __instancecheck__(cls, instance):
        if type.__instancecheck__(cls, instance):
            return True
        return cls is Parameter and isinstance(instance, Tensor) and getattr(instance, "_is_param", False)


class Parameter(Tensor, metaclass=_ParameterType):
    """A tensor that a module registers as a parameter when it is assigned as an attribute.

    It shares storage with `data` (an empty tensor by default) and requires grad by default, also under no_grad.

    Errors: RuntimeError when an integer or bool tensor should require grad.
    """

    _results_are_plain = True

    def __new__(cls, data=None, requires_grad=True):
        if data is None:
            data = empty(0)
        if type(data) in (Tensor, Parameter):
            parameter = _alias(data, cls)
            parameter.requires_grad_(requires_grad)
            return parameter
        parameter = data.detach().requires_grad_(requires_grad)  # a subclass stays what it is
        if type(parameter) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns "
                f"an instance of the same type, but return type {type(parameter).__name__} was found instead."
            )
        parameter._is_param = True
        return parameter

    def __init__(self, data=None, requires_grad=True):
        pass  # all is done in __new__; Tensor's own initialiser must not run

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        result = type(self)(self.data.clone(), self.requires_grad)
        memo[id(self)] = result
        return result

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, protocol):
        own = {name: value for name, value in self.__dict__.items() if not name.startswith("_")}
        return _rebuild_parameter, (self.data, self.requires_grad, own)


def _rebuild_parameter(data, requires_grad, attributes=()):
    """A pickled Parameter as an object again, with what the user hung on it."""
    parameter = Parameter(data, requires_grad)
    parameter.__dict__.update(attributes)
    return parameter


class _BufferType(type(Tensor)):  # type: ignore[misc]
    def __instancecheck__(cls, instance):
        if cls is Buffer:
            return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)
        return type.__instancecheck__(cls, instance)


class Buffer(Tensor, metaclass=_BufferType):
    """A tensor that a module registers as a buffer when it is assigned; `persistent` puts it in the state dict.

    The result is a plain tensor that carries a mark: `isinstance(t, Buffer)` sees it.
    """

    def __new__(cls, data=None, *, persistent=True):
        if data is None:
            data = empty(0)
        buffer = data.detach().requires_grad_(data.requires_grad)
        buffer.persistent = persistent
        buffer._is_buffer = True
        return buffer

    def __init__(self, data=None, *, persistent=True):
        pass


_UNUSABLE = (
    "the {what} of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` when trying "
    "to load an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters before "
    "accessing their attributes."
)


class UninitializedTensorMixin:
    """A tensor whose shape is not known yet: `materialize(shape)` turns it into an ordinary one, in place."""

    _become: type = Tensor

    def materialize(self, shape, device=None, dtype=None):
        """Allocate `shape` (values not initialised) and become an ordinary Parameter or tensor."""
        self.data = empty(shape, device=device or self.device, dtype=dtype or self.dtype)
        self.__class__ = self._become

    @property
    def shape(self):
        raise RuntimeError("Can't access " + _UNUSABLE.format(what="shape"))

    def size(self, dim=None):
        raise RuntimeError("Can't access " + _UNUSABLE.format(what="shape"))

    def share_memory_(self):
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __repr__(self):
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol):
        return type(self), (self.requires_grad,)

    def __getattribute__(self, name):
        # Metadata, storage and casts work; anything that would compute on values does not.
        if name.startswith("_") or name in _USABLE:
            return super().__getattribute__(name)
        raise _no_values(name)


def _no_values(name):
    return ValueError(
        f"Attempted to use an uninitialized parameter in {name}. This error happens when you are using a `LazyModule` "
        "or explicitly manipulating uninitialized parameters. When using LazyModules call `forward` with a dummy batch "
        "to initialize the parameters before calling torch functions"
    )


def _refused_operator(name):
    def operator(self, *_):
        raise _no_values(name)

    return operator


# Operators are looked up on the class, past __getattribute__. == and != stay: containers compare members with them.
for _name in (
    *("add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()),
    *("radd rsub rmul rtruediv rfloordiv rmod rpow rmatmul rand ror rxor rlshift rrshift".split()),
    *("iadd isub imul itruediv ifloordiv imod ipow iand ior ixor ilshift irshift".split()),
    *("neg pos abs invert lt le gt ge getitem setitem len iter bool float int index".split()),
):
    setattr(UninitializedTensorMixin, f"__{_name}__", _refused_operator(f"__{_name}__"))


_USABLE = frozenset(
    "materialize shape size share_memory_ data device dtype requires_grad requires_grad_ grad grad_fn is_leaf detach "
    "detach_ to cpu cuda float double half bfloat16 int long short char byte type is_floating_point is_complex copy_ "
    "clone layout is_meta register_hook persistent".split()
)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A Parameter without a shape; lazy modules give it one at their first call."""

    _become = Parameter

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        return _alias(empty(0, device=device, dtype=dtype), cls).requires_grad_(requires_grad)

    def __init__(self, requires_grad=True, device=None, dtype=None):
        pass

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        return memo[id(self)]


class UninitializedBuffer(UninitializedTensorMixin, Tensor):  # type: ignore[misc]
    """A buffer without a shape; lazy modules give it one at their first call."""

    _become = Tensor
    _is_buffer = True
    _results_are_plain = True

    def __new__(cls, requires_grad=False, device=None, dtype=None, persistent=True):
        buffer = _alias(empty(0, device=device, dtype=dtype), cls).requires_grad_(requires_grad)
        buffer.persistent = persistent
        return buffer

    def __init__(self, requires_grad=False, device=None, dtype=None, persistent=True):
        pass

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype, self.persistent)
        return memo[id(self)]


def is_lazy(value):
    """Whether a parameter or buffer still waits for its shape."""
    return isinstance(value, UninitializedTensorMixin)
