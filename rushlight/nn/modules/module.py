"""Module: the base class of every layer and model.

The class is told in four files: registration, modes, casts, printing and the call here; the tree in `module_tree`, the
state dict in `module_state`, hooks in `module_hooks`.
"""

from collections import OrderedDict

from ... import engine
from ...autograd.mode import no_grad
from ...conversion import parse_to
from ...tensor import Tensor
from ..parameter import Buffer, Parameter
from . import module_hooks
from .module_hooks import (
    HooksMixin,
    _global_call_hooks,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from .module_state import _EXTRA_STATE_KEY_SUFFIX, StateMixin, _IncompatibleKeys
from .module_tree import TreeMixin

__all__ = [
    "Module",
    "_EXTRA_STATE_KEY_SUFFIX",
    "_IncompatibleKeys",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_PLAIN_TABLES = ("_parameters", "_buffers")
_HOOK_TABLES = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


def _typename(value):
    """How messages name a value's type: 'torch.FloatTensor' for tensors, the qualified class name for others."""
    if isinstance(value, Tensor):
        return value.type()
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _addindent(text, num_spaces):
    """Indent every line but the first."""
    return text.replace("\n", "\n" + " " * num_spaces)


class Module(TreeMixin, StateMixin, HooksMixin):
    """Holds parameters, buffers and submodules, and computes `forward`.

    A subclass calls `super().__init__()`, assigns Parameters and Modules as attributes (which registers them) and
    overrides `forward`. Calling the module runs forward and the hooks.

    Errors: AttributeError when something is registered before `super().__init__()`; NotImplementedError when called
    without a forward.
    Example:
        >>> import rushlight
        >>> class Twice(rushlight.nn.Module):
        ...     def forward(self, x):
        ...         return x * 2
        >>> Twice()(rushlight.ones(2))
        tensor([2., 2.])
    """

    dump_patches: bool = False
    _version: int = 1  # raised when the layout of the state dict changes; see _load_from_state_dict
    call_super_init: bool = False
    training: bool
    _compiled_call_impl = None

    def __init__(self, *args, **kwargs):
        if not self.call_super_init and (args or kwargs):
            if kwargs:
                name = next(iter(kwargs))
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument '{name}'")
            raise TypeError(
                f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
            )
        # Straight into the dict: none of these is a parameter, a module or a buffer, so __setattr__ has nothing to do.
        state = self.__dict__
        state["training"] = True
        state["_parameters"] = {}
        state["_buffers"] = {}
        state["_non_persistent_buffers_set"] = set()
        state["_backward_pre_hooks"] = OrderedDict()
        state["_backward_hooks"] = OrderedDict()
        state["_is_full_backward_hook"] = None
        for table in _HOOK_TABLES:
            state[table] = OrderedDict()
        state["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        engine.set_module_slots(cls)

    def forward(self, *input):
        """Compute the output; every subclass overrides this."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args, **kwargs):
        state = self.__dict__
        try:
            plain = not (
                state["_backward_hooks"]
                or state["_backward_pre_hooks"]
                or state["_forward_hooks"]
                or state["_forward_pre_hooks"]
                or _global_call_hooks
                or "_compiled_call_impl" in state
            )
        except KeyError as error:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{error.args[0]}'") from None
        if plain:
            return self.forward(*args, **kwargs)
        compiled = state.get("_compiled_call_impl")
        return self._call_impl(*args, **kwargs) if compiled is None else compiled(*args, **kwargs)

    def _call_impl(self, *args, **kwargs):
        return self._call_with_hooks(args, kwargs)

    # Registration

    def _check_name(self, kind, name, table):
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_typename(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")

    def _table(self, table, what):
        """One of the management dictionaries; AttributeError before `__init__`."""
        try:
            return self.__dict__[table]
        except KeyError:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call") from None

    def register_parameter(self, name, param):
        """Add a Parameter under `name`, or an empty slot for None; KeyError when the name is taken or not usable."""
        table = self._table("_parameters", "parameter")
        self._check_name("parameter", name, table)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{_typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None "
                    "required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    "explicitly; to express one as a function of another, compute it in forward()."
                )
            param = _replaced(module_hooks._global_parameter_registration_hooks, self, name, param)
        table[name] = param

    def register_buffer(self, name, tensor, persistent=True):
        """Add a tensor that is state but no parameter; in `state_dict()` only if `persistent`."""
        table = self._table("_buffers", "buffer")
        self._check_name("buffer", name, table)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        table[name] = _replaced(module_hooks._global_buffer_registration_hooks, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name, module):
        """Add a submodule under `name` (None makes an empty slot), as attribute assignment does."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        table = self._table("_modules", "module")
        self._check_name("module", name, table)
        table[name] = _replaced(module_hooks._global_module_registration_hooks, self, name, module)

    def register_module(self, name, module):
        """The same as `add_module`."""
        self.add_module(name, module)

    # Attributes

    def __getattr__(self, name):
        state = self.__dict__
        if "_parameters" in state:
            table = state["_parameters"]
            if name in table:
                return table[name]
        if "_modules" in state:
            table = state["_modules"]
            if name in table:
                return table[name]
        if "_buffers" in state:
            table = state["_buffers"]
            if name in table:
                return table[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name, value):
        state = self.__dict__
        parameters = state.get("_parameters")
        if isinstance(value, Parameter):
            self._table("_parameters", "parameters")
            self._forget(name, "_buffers", "_modules")
            self.register_parameter(name, value)
        elif parameters is not None and name in parameters:
            if value is not None:
                self._refuse(value, "parameter", name, "torch.nn.Parameter")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            table = self._table("_modules", "module")
            self._forget(name, "_parameters", "_buffers")
            table[name] = _replaced(module_hooks._global_module_registration_hooks, self, name, value)
        elif name in (modules := state.get("_modules") or ()):
            if value is not None:
                self._refuse(value, "child module", name, "torch.nn.Module")
            modules[name] = _replaced(module_hooks._global_module_registration_hooks, self, name, value)
        elif isinstance(value, Buffer) or name in (state.get("_buffers") or ()):
            self._set_buffer(name, value)
        else:
            super().__setattr__(name, value)

    def _set_buffer(self, name, value):
        table = self._table("_buffers", "buffer")
        if value is not None and not isinstance(value, Tensor):
            self._refuse(value, "buffer", name, "torch.nn.Buffer, torch.Tensor")
        if isinstance(value, Buffer):
            persistent = value.persistent
            self._forget(name, "_parameters", "_modules")
        else:
            persistent = name not in self._non_persistent_buffers_set
        if type(self).register_buffer is Module.register_buffer:
            table[name] = _replaced(module_hooks._global_buffer_registration_hooks, self, name, value)
            (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)
        else:
            self.register_buffer(name, value, persistent)

    def _refuse(self, value, what, name, expected):
        raise TypeError(f"cannot assign '{_typename(value)}' as {what} '{name}' ({expected} or None expected)")

    def _forget(self, name, *tables):
        """Remove `name` from where another kind of attribute would hold it."""
        state = self.__dict__
        state.pop(name, None)
        for table in tables:
            state[table].pop(name, None)
        state["_non_persistent_buffers_set"].discard(name)

    def __delattr__(self, name):
        state = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            if name in state.get(table, ()):
                del state[table][name]
                state["_non_persistent_buffers_set"].discard(name)
                return
        super().__delattr__(name)

    def __dir__(self):
        names = {*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers}
        return sorted(name for name in names if not name[:1].isdigit())

    def __getstate__(self):
        state = self.__dict__.copy()
        state.pop("_compiled_call_impl", None)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        own = self.__dict__  # a state pickled by an older version lacks the newer tables
        for table in (*_HOOK_TABLES, "_backward_pre_hooks", "_backward_hooks"):
            own.setdefault(table, OrderedDict())
        own.setdefault("_non_persistent_buffers_set", set())
        own.setdefault("_is_full_backward_hook", None)

    # Modes

    def train(self, mode=True):
        """Set `training` here and below; dropout, batch norm and the like read it. Returns self."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """`train(False)`."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Set `requires_grad` of every parameter; returns self."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Drop the gradient of every parameter, or fill it with zeros."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                if set_to_none:
                    parameter.grad = None
                else:
                    if parameter.grad.grad_fn is not None:
                        parameter.grad.detach_()
                    else:
                        parameter.grad.requires_grad_(False)
                    parameter.grad.zero_()

    # Types and devices

    def _apply(self, fn, recurse=True):
        """Replace the data of every parameter, gradient and buffer by `fn` of it; Parameters keep their identity."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is None:
                continue
            with no_grad():
                parameter.data = fn(parameter)
                grad = parameter.grad
                if grad is not None:
                    requires_grad = grad.requires_grad
                    grad.data = fn(grad)
                    grad.requires_grad_(requires_grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def _cast_floating(self, dtype):
        return self._apply(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor)

    def float(self):
        """Cast floating-point parameters and buffers to float32."""
        return self._cast_floating(_dtypes().float32)

    def double(self):
        """Cast floating-point parameters and buffers to float64."""
        return self._cast_floating(_dtypes().float64)

    def half(self):
        """Cast floating-point parameters and buffers to float16."""
        return self._cast_floating(_dtypes().float16)

    def bfloat16(self):
        """Cast floating-point parameters and buffers to bfloat16."""
        return self._cast_floating(_dtypes().bfloat16)

    def type(self, dst_type):
        """Cast all parameters and buffers to `dst_type`."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def to(self, *args, **kwargs):
        """`to(device)`, `to(dtype)`, `to(device, dtype)` or `to(tensor)`, in place; returns self.

        Only floating-point and complex tensors change dtype. `memory_format` applies to 4-d and 5-d parameters.

        Errors: TypeError for an integer dtype.
        """
        device, dtype, _, memory_format = parse_to(args, kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )

        def convert(tensor):
            target = dtype if tensor.is_floating_point() or tensor.is_complex() else None
            if memory_format is not None and tensor.dim() in (4, 5):
                return tensor.to(device, target, memory_format=memory_format)
            return tensor.to(device, target)

        return self._apply(convert)

    def to_empty(self, *, device, recurse=True):
        """Move to `device` without copying: the values are uninitialised afterwards."""
        from ... import empty_like

        return self._apply(lambda tensor: empty_like(tensor, device=device), recurse=recurse)

    def cpu(self):
        """Move all parameters and buffers to the CPU."""
        return self._apply(lambda tensor: tensor.cpu())

    def _to_accelerator(self, kind, device):
        from ...devices import device as make_device

        if device is None:
            device = kind
        elif isinstance(device, int):
            device = make_device(kind, device)
        return self._apply(lambda tensor: tensor.to(device))

    def cuda(self, device=None):
        """Move to a CUDA device; AssertionError in a build without one."""
        return self._to_accelerator("cuda", device)

    def xpu(self, device=None):
        """Move to an XPU device; an error in a build without one."""
        return self._to_accelerator("xpu", device)

    def ipu(self, device=None):
        """Move to an IPU device; an error in a build without one."""
        return self._to_accelerator("ipu", device)

    def mtia(self, device=None):
        """Move to an MTIA device; an error in a build without one."""
        return self._to_accelerator("mtia", device)

    def share_memory(self):
        """Move all parameters and buffers to memory that other processes can share."""
        return self._apply(lambda tensor: tensor.share_memory_())

    def compile(self, *args, **kwargs):
        """Make calls of this module run compiled: the arguments are those of `rushlight.compile`."""
        from ... import compile

        self.__dict__["_compiled_call_impl"] = compile(self._call_impl, *args, **kwargs)

    # Printing

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """What the repr shows in the parentheses; override in subclasses."""
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        children = [f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()]
        if not children and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        lines = extra.split("\n") if extra else []
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"

    def _replicate_for_data_parallel(self):
        """A shallow copy whose tables can be refilled without touching this module."""
        replica = self.__new__(type(self))
        replica.__dict__ = self.__dict__.copy()
        state = replica.__dict__
        state["_parameters"] = {}
        state["_buffers"] = state["_buffers"].copy()
        state["_modules"] = state["_modules"].copy()
        state["_is_replica"] = True
        return replica


engine.set_module_class(Module, _global_call_hooks)  # lookups and plain calls without Python in between


def _replaced(hooks, module, name, value):
    """`value` after the registration hooks that apply to every module."""
    for hook in hooks.values():
        result = hook(module, name, value)
        if result is not None:
            value = result
    return value


def _dtypes():
    from ... import dtypes

    return dtypes
