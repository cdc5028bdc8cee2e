"""`Tensor`: an engine array, the node that produced it, and what views share.

Methods that are ops come from rushlight/ops (collected in autograd.op.METHODS); here is what a tensor is.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from . import autograd as _autograd
from . import devices, dtypes, layouts
from . import engine as engines
from .autograd import op as _op
from .autograd.backward import _bind_tensor as _bind_backward
from .autograd.backward import backward as _run_backward
from .autograd.function import _bind_tensor as _bind_function
from .autograd.inplace import check_writable, replay
from .autograd.mode import enable_grad, mode
from .autograd.op import cpu, primitives
from .conversion import parse_to
from .dtypes import dtype_title
from .errors import warn_caller
from .size import Size, _make
from .utils.hooks import RemovableHandle


class Tensor(engines.TensorRecord):
    """A multi-dimensional array of one dtype that records what is done to it when `requires_grad`.

    `Tensor(2, 3)` is uninitialised float32, `Tensor([1, 2])` float32 data; prefer `rushlight.tensor` and friends.
    """

    _tensor_class: Any = None
    # Fields of TensorRecord, None unless said:
    #   _array
    #   _node, _nr   the producing node and which of its outputs this is (0)
    #   _rg          a leaf that requires grad (False)
    #   _grad        the accumulated gradient
    #   _view        (base, chain of view ops, how it was made)
    #   _seen        for views: the version of the shared memory at which _node was read from the base
    #   _cell        [version], shared by all tensors on the same memory
    #   _hooks       hooks on a leaf's gradient
    _retain = False
    _post_accumulate_grad_hooks: Any = None
    __array_priority__ = 1000
    __module__ = "torch"

    if TYPE_CHECKING:  # methods and operators come from the ops

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, index: Any) -> Any: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __le__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...
        def __ge__(self, other: Any) -> Any: ...
        def __and__(self, other: Any) -> Any: ...
        def __or__(self, other: Any) -> Any: ...
        def __invert__(self) -> Any: ...

    _results_are_plain = False  # for subclasses: True, and operations on them give plain tensors

    def __new__(cls, *args, device=None, dtype=None):
        devices.check(device)
        self = super().__new__(cls)
        self._array = _legacy_array(args, dtypes.get_default_dtype())
        return self

    # ---- making tensors
    # -----------------------------------------------------------------------------------------------

    _wrap = staticmethod(engines.wrap)  # _wrap(array): a tensor on it, without history

    @staticmethod
    def _scalar(value, like: Tensor) -> Tensor:
        """A 0-d tensor of a Python number, in the dtype of `like`."""
        from .ops.promote import fitting

        return Tensor._wrap(cpu.full((), value=fitting(value, like.dtype), dtype=like._array.dtype))

    def _alias(self) -> Tensor:
        """The same value and history under another Tensor object (plain class)."""
        t = Tensor._wrap(self._array)
        t._node, t._nr, t._rg = self._node, self._nr, self._rg
        if self._cell is not None:
            t._cell = self._cell
        return t

    def as_subclass(self, cls):
        """This tensor's value and history as an object of a subclass of Tensor; results of operations on it are too.

        Errors: TypeError if `cls` is no subclass of Tensor.
        """
        if not (isinstance(cls, type) and issubclass(cls, Tensor)):
            raise TypeError(f"as_subclass: expected a subclass of Tensor, got {cls!r}")
        t = primitives.alias(self)
        t.__class__ = cls
        return t

    @staticmethod
    def _make_subclass(cls, data, require_grad=False):
        t = data.detach()
        t.__class__ = cls
        return t.requires_grad_(require_grad)

    def _like(self, t: Tensor) -> Tensor:
        """`t` in this tensor's class, where results keep it."""
        if type(self) is not Tensor and not self._results_are_plain:
            t.__class__ = type(self)
        return t

    def _share_cell(self) -> list:
        cell = self._cell
        if cell is None:
            cell = self._cell = [0]
        return cell

    def _refresh(self) -> None:
        """For a view: if the shared memory was written to, read the node anew from the base."""
        version = self._cell[0]
        if self._seen == version:
            return
        self._seen = version
        base, chain, kind = self._view
        if base._node is None and not base._rg:
            return
        if kind == "no_grad" and self._node is None and not mode.enabled:
            return
        with enable_grad():
            fresh = replay(primitives, chain, base)
        self._node, self._nr = fresh._node, fresh._nr
        if self._node is not None:
            self._node.display_name = "AsStridedBackward0"

    def _view_as_self(self) -> Tensor:
        return primitives.alias(self)

    # ---- what it is
    # ---------------------------------------------------------------------------------------------------

    shape = property(engines.shape_of)

    def size(self, dim=None):
        """The shape, or one size."""
        if dim is None:
            return _make(self._array.shape)
        from .errors import wrap_dim

        shape = self._array.shape
        if not shape:
            wrap_dim(dim, 0)
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        return shape[wrap_dim(dim, len(shape))]

    @property
    def dtype(self) -> dtypes.DType:
        return cpu.dtype_of(self._array)

    @property
    def device(self) -> devices.device:
        return devices.CPU

    @property
    def ndim(self) -> int:
        return self._array.ndim

    def dim(self) -> int:
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        return self._array.size

    nelement = numel

    def element_size(self) -> int:
        return self._array.itemsize

    @property
    def itemsize(self) -> int:
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        return self._array.nbytes

    def stride(self, dim=None):
        """Strides in elements."""
        strides = cpu.strides_of(self._array)
        if dim is None:
            return strides
        from .errors import wrap_dim

        return strides[wrap_dim(dim, len(strides))]

    def storage_offset(self) -> int:
        return cpu.storage_offset(self._array)

    def is_contiguous(self, *, memory_format=None) -> bool:
        """Whether the elements lie without gaps in the format's order."""
        return cpu.is_contiguous(self._array) if memory_format is None else layouts.is_in(memory_format, self._array)

    def data_ptr(self) -> int:
        """Address of the first element."""
        return self._array.__array_interface__["data"][0]

    layout = layouts.strided
    is_cuda = is_sparse = is_quantized = is_meta = is_mps = is_xpu = is_nested = is_mkldnn = False

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        return self.dtype.is_signed

    def is_conj(self) -> bool:
        return False

    def is_neg(self) -> bool:
        return False

    def is_inference(self) -> bool:
        return False

    def get_device(self) -> int:
        return -1

    def is_same_size(self, other) -> bool:
        return self._array.shape == other._array.shape

    def _is_differentiable(self) -> bool:
        return self._array.dtype.kind in "fc" or self.dtype.is_floating_point

    def _type_name(self) -> str:
        return f"torch.{dtype_title(self.dtype)}Tensor"

    def _dtype_shape(self) -> str:
        return f"{self._type_name()} {list(self._array.shape)}"

    def type(self, dtype=None, non_blocking=False, *, memory_format=None):
        """The legacy type name ('torch.FloatTensor'), or a conversion to a dtype or type name."""
        if dtype is None:
            return self._type_name()
        if not isinstance(non_blocking, bool):
            raise TypeError(
                f"type(): argument 'non_blocking' (position 2) must be bool, not {non_blocking.__class__.__name__}"
            )
        if isinstance(dtype, str):
            name = dtype.removeprefix("torch.").removesuffix("Tensor")
            found = [t for t in dtypes.ALL.values() if t.legacy_name == name]
            if not found:
                raise ValueError(f"invalid type: '{dtype}'")
            dtype = found[0]
        elif hasattr(dtype, "dtype"):  # a legacy type: torch.FloatTensor
            dtype = dtype.dtype
        elif isinstance(dtype, type):
            raise ValueError(f"type(): invalid type: '{dtype.__name__}'")
        elif not isinstance(dtype, dtypes.DType):
            raise TypeError(f"type(): dtype must be a type, str, or dtype object, got {dtype.__class__.__name__}")
        return self.to(dtype, memory_format=memory_format)

    # ---- autograd
    # -----------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        if self._view is not None:
            self._refresh()
        return self._rg or self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True):
        """Set whether operations on this leaf are recorded; returns self."""
        if self._view is not None:
            self._refresh()
        if self._node is not None:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                    "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return self
        if requires_grad and not self._is_differentiable():
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        self._rg = bool(requires_grad)
        return self

    @property
    def grad(self):
        """The accumulated gradient of a leaf (or after retain_grad()); None before backward."""
        grad = self._grad
        if grad is None and self._node is not None and not self._retain:
            warn_caller(NON_LEAF_GRAD)
        return grad

    @grad.setter
    def grad(self, value) -> None:
        if value is None:
            self._grad = None
            return
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value.dtype is not self.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{value.dtype}' to a tensor with grad_dtype "
                f"'{self.dtype}'. The gradient must match the tensor's grad_dtype"
            )
        if value._array.shape != self._array.shape:
            raise RuntimeError(
                f"assigned grad has data of a different size: got {list(value.shape)}, expected {list(self.shape)}"
            )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def grad_fn(self):
        """The node that produced this tensor, None for a leaf."""
        if self._view is not None:
            self._refresh()
        return self._node

    @property
    def is_leaf(self) -> bool:
        return self.grad_fn is None

    @property
    def output_nr(self) -> int:
        return self._nr

    @property
    def _version(self) -> int:
        return self._cell[0] if self._cell is not None else 0

    @property
    def _base(self):
        view = self._view
        return view[0] if view is not None else None

    def _is_view(self) -> bool:
        return self._view is not None

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None) -> None:
        """Add the gradient of this tensor to `.grad` of the leaves it depends on."""
        _run_backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def detach(self):
        """The same memory without history."""
        t = Tensor._wrap(self._array)
        t._cell = self._share_cell()
        return self._like(t)

    def detach_(self):
        """Forget this tensor's history."""
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._node, self._nr, self._rg = None, 0, False
        return self

    @property
    def data(self):
        """The same memory without history and with a version counter of its own; assignable."""
        t = Tensor._wrap(self._array)
        return self._like(t)

    @data.setter
    def data(self, value) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self.requires_grad and not value._is_differentiable():
            raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
        self._array = value._array

    def register_hook(self, hook) -> RemovableHandle:
        """hook(grad) runs when this tensor's gradient is computed; a returned tensor replaces it."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node = self._node
        if node is None:
            if self._hooks is None:
                self._hooks = OrderedDict()
            hooks = self._hooks
        else:
            if node.tensor_hooks is None:
                node.tensor_hooks = {}
            node.special = True
            hooks = node.tensor_hooks.setdefault(self._nr, OrderedDict())
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        return handle

    def register_post_accumulate_grad_hook(self, hook) -> RemovableHandle:
        """hook(tensor) runs after the gradient was added to this leaf's `.grad`."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._node is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        hooks = self.__dict__.setdefault("_post_accumulate_grad_hooks", OrderedDict())
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        return handle

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf tensor in `.grad`."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        node = self._node
        if node is None or self._retain:
            return
        if node.retained is None:
            node.retained = {}
        node.special = True
        node.retained[self._nr] = weakref.ref(self)
        self._retain = True

    @property
    def _backward_hooks(self):
        """The hooks on this tensor's gradient by handle id; None if there never was one."""
        node = self._node
        return self._hooks if node is None else (node.tensor_hooks or {}).get(self._nr)

    @property
    def retains_grad(self) -> bool:
        return self._retain

    # ---- values out
    # ---------------------------------------------------------------------------------------------------

    def item(self):
        """The only element as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(f"a Tensor with {self._array.size} elements cannot be converted to Scalar")
        return cpu.item(self._array)

    def tolist(self):
        """Nested lists of Python numbers; a number for a 0-d tensor."""
        return cpu.to_list(self._array)

    def numpy(self, *, force=False):
        """The same memory as a NumPy array; RuntimeError when the tensor requires grad (unless force)."""
        if self.requires_grad and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if self.dtype is dtypes.bfloat16:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return cpu.to_numpy(self._array)

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __bool__(self) -> bool:
        if self._array.size != 1:
            what = "no values" if not self._array.size else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(cpu.item(self._array))

    def _number(self):
        if self._array.size != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars, got shape {list(self._array.shape)}"
            )
        return cpu.item(self._array)

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        value = self._number()
        return int(value.real if isinstance(value, complex) and not value.imag else value)

    def __complex__(self) -> complex:
        return complex(self._number())

    def __index__(self) -> int:
        if self._array.size != 1 or self.dtype.category > 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    def __iter__(self):
        if not self._array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(primitives.unbind(self, axis=0) if self._array.shape[0] else ())

    def __reversed__(self):
        return primitives.flip(self, axes=(0,) if self._array.ndim else ())

    def __contains__(self, element) -> bool:
        if isinstance(element, (Tensor, int, float, complex, bool)):
            return bool(primitives.eq(self, element).any().item())
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")

    __hash__ = object.__hash__  # by identity, so that tensors can be keys although == compares elements

    def __repr__(self, *, tensor_contents=None) -> str:
        from .printing import tensor_repr

        return tensor_repr(self, "tensor" if self._results_are_plain or type(self) is Tensor else type(self).__name__)

    def __format__(self, spec: str) -> str:
        if not self._array.ndim and type(self) is Tensor:
            return self.item().__format__(spec)
        return object.__format__(self, spec)

    def __dir__(self):
        return sorted(set(dir(type(self))) | set(self.__dict__))

    # ---- conversion
    # ---------------------------------------------------------------------------------------------------

    def to(self, *args, **kwargs):
        """Convert: to(dtype), to(device), to(device, dtype), to(other), each with memory_format=.

        The tensor itself when nothing changes. Errors: RuntimeError where it has not the memory format's rank.
        """
        from .ops.copying import convert

        if len(args) == 1 and not kwargs and type(args[0]) is dtypes.DType:
            return convert(self, args[0], False, None)
        device, dtype, copy, memory_format = parse_to(args, kwargs)
        devices.check(device)
        return convert(self, dtype, copy, memory_format)

    def cpu(self, *, memory_format=None):
        return self.to(memory_format=memory_format)

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        devices.check(devices.device("cuda" if device is None else device))

    def type_as(self, other):
        return self.to(other.dtype)

    def _view_dtype(self, dtype):
        """The same bytes read as another dtype."""
        if not isinstance(dtype, dtypes.DType):
            raise TypeError(f"view(): expected a shape or a dtype, got {type(dtype).__name__}")
        target = cpu.to_engine_dtype(dtype)
        if target.itemsize != self._array.itemsize and not self._array.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 to view {self.dtype} as {dtype} (different element sizes)")
        try:
            array = self._array.view(target)
        except ValueError:
            raise RuntimeError(
                f"self.size(-1) must be divisible by {max(1, target.itemsize // self._array.itemsize)} to view "
                f"{self.dtype} as {dtype} (different element sizes), but got {self._array.shape[-1]}"
            ) from None
        t = Tensor._wrap(array)
        t._cell = self._share_cell()
        return t

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
        """A new tensor of `data` with this tensor's dtype."""
        from .creation import tensor

        return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)

    def share_memory_(self):
        return self

    def is_shared(self) -> bool:
        return False

    def is_pinned(self, device=None) -> bool:
        if device is not None:
            devices.accelerator(device)
        return False

    def pin_memory(self, device=None):
        return self

    def apply_(self, function):
        """Replace every element by function(element), in place (slow; CPU only)."""
        if self.requires_grad:
            raise RuntimeError("apply_ can't be called on a tensor that requires grad")
        flat = cpu.reshape(self._array, shape=(self._array.size,))
        values = cpu.from_python([function(v) for v in cpu.to_list(flat)], dtype=self.dtype)
        cpu.write(self._array, cpu.reshape(values, shape=self._array.shape))
        self._share_cell()[0] += 1
        return self

    def untyped_storage(self):
        from .storage import UntypedStorage

        return UntypedStorage(self)

    def storage(self):
        from .storage import TypedStorage

        return TypedStorage(self)

    def set_(self, source=None):
        """Make this tensor use the memory of `source`."""
        if source is not None and source.dtype is not self.dtype:
            raise RuntimeError(
                f"Could not set tensor of type {dtypes.dtype_word(source.dtype)} to a tensor of type "
                f"{dtypes.dtype_word(self.dtype)}"
            )
        check_writable(self, False)
        if mode.enabled and source is not None and source.requires_grad:
            raise RuntimeError("set_(): derivative for set_ is not implemented, and the source requires grad")
        self._array = source._array if source is not None else cpu.empty((0,), self._array.dtype)
        return self

    def resize_(self, *sizes, memory_format=None):
        """Change the shape in place, keeping the leading elements; new memory when it grows."""
        from .size import size_from

        if self.requires_grad:
            raise RuntimeError("cannot resize variables that require grad")
        sizes = size_from(sizes)
        count = _make(sizes).numel()
        flat = cpu.reshape(self._array, shape=(self._array.size,))
        if count > flat.size:
            grown = cpu.zeros((count,), flat.dtype)
            grown[: flat.size] = flat
            flat = grown
        self._array = cpu.view(flat[:count], shape=tuple(sizes))
        self._array = layouts.resized(self._array, memory_format)
        return self

    # ---- copying
    # ------------------------------------------------------------------------------------------------------

    def __deepcopy__(self, memo):
        if self._node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a "
                "torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return memo[id(self)]
        import copy

        t = Tensor.__new__(type(self))
        memo[id(self)] = t
        t._array = cpu.clone_memory(self._array)
        t._rg = self._rg
        if self._grad is not None:
            t._grad = copy.deepcopy(self._grad, memo)
        for key, value in self.__dict__.items():
            if key not in _INTERNAL:
                t.__dict__[key] = copy.deepcopy(value, memo)
        return t

    def __copy__(self):
        t = Tensor.__new__(type(self))
        self._share_cell()
        for name in _FIELDS:
            setattr(t, name, getattr(self, name))
        t.__dict__.update(self.__dict__)
        return t

    def __reduce_ex__(self, protocol):
        if self._node is not None:
            raise RuntimeError("Cannot pickle a tensor that is not a leaf; use tensor.detach()")
        extra = {k: v for k, v in self.__dict__.items() if k not in _INTERNAL}
        array = self._array
        kind = None if type(self) is Tensor else type(self)  # by name Tensor is torch's, which may be another class
        strides = cpu.strides_of(array)
        reach = 1 + sum([(n - 1) * s for n, s in zip(array.shape, strides)]) if array.size else 0
        data = cpu.as_strided(array, shape=(reach,), strides=(1,), offset=None).tobytes()
        return (_rebuild, (kind, self.dtype, array.shape, data, self._rg, extra, strides))

    # ---- operators that are not plain ops
    # -----------------------------------------------------------------------------

    def __setstate__(self, state):
        self.__dict__.update(state)


NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed: backward() does not keep it. Call "
    ".retain_grad() on the tensor before, or read the .grad of the leaf it was made of."
)
_FIELDS = "_array _node _nr _rg _grad _view _seen _cell _hooks".split()
_INTERNAL = frozenset(["_retain", "_post_accumulate_grad_hooks"])


def _rebuild(cls, dtype, shape, data, requires_grad, extra, strides):
    kind = cpu.to_engine_dtype(dtype)
    array = cpu.empty((len(data) // kind.itemsize,), kind)
    memoryview(array.view("u1"))[:] = data
    t = Tensor.__new__(cls or Tensor)
    t._array = cpu.as_strided(array, shape=shape, strides=strides, offset=0)
    if requires_grad:
        t._rg = True
    t.__dict__.update(extra)
    return t


def _legacy_array(args, dtype):
    """The array of `Tensor(...)`, `FloatTensor(...)`: sizes, a sequence or nothing."""
    engine_dtype = cpu.to_engine_dtype(dtype)
    if not args:
        return cpu.empty((0,), engine_dtype)
    if len(args) == 1:
        only = args[0]
        if isinstance(only, Tensor):
            if only.dtype is not dtype:
                raise TypeError(f"expected {dtype_title(dtype)} (got {dtype_title(only.dtype)})")
            return only._array
        if isinstance(only, Size):
            return cpu.empty(tuple(only), engine_dtype)
        if not isinstance(only, int):
            return cpu.from_python(only, dtype=dtype)
    from .size import size_from

    sizes = size_from(args)
    if any(s < 0 for s in sizes):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {list(sizes)}")
    return cpu.empty(sizes, engine_dtype)


Tensor._tensor_class = Tensor
engines.set_tensor_class(Tensor)
engines.set_size_class(Size)
_op._bind_tensor(Tensor)
_bind_backward(Tensor)
_bind_function(Tensor)
_autograd.complete()


def install_methods(names) -> None:
    """Give Tensor the methods that rushlight/ops defines: those of these names."""
    from .arguments import checked

    for name in names:
        function = _op.METHODS[name]
        setattr(Tensor, name, function if isinstance(function, property) else checked(function, name, "Tensor"))


class LateMethod:
    """Stands for a method until it is first used, which imports its family of ops."""

    def __init__(self, name: str, family: str):
        self.name = name
        self.family = family

    def __get__(self, instance, owner):
        from .ops import load

        load(self.family)
        return getattr(owner if instance is None else instance, self.name)


def complete_class(late: dict[str, str]) -> None:
    """Give Tensor all methods and operators; `late`: the families of those that are not there yet."""
    from .arguments import checked
    from .operators import OPERATORS

    install_methods([name for name in _op.METHODS if name not in Tensor.__dict__])
    for name, family in late.items():
        setattr(Tensor, name, LateMethod(name, family))
    setattr(Tensor, "size", _op.shortcut("size")(Tensor.size))  # noqa: B010
    for name in "type_as is_same_size set_ size stride requires_grad_".split():
        setattr(Tensor, name, checked(getattr(Tensor, name), name, "Tensor"))
    for name, function in OPERATORS.items():
        setattr(Tensor, name, function)


__all__ = ["Tensor", "engines"]
