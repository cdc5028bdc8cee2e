"""What all optimizers share: parameter groups, state, its dictionary form, hooks around `step`."""

import copy
import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from itertools import chain

from ..autograd.mode import enable_grad, is_grad_enabled, set_grad_enabled
from ..tensor import Tensor
from ..utils.hooks import RemovableHandle

_global_pre_hooks: OrderedDict = OrderedDict()
_global_post_hooks: OrderedDict = OrderedDict()


class _Required:
    """Stands in `defaults` for a value that every group has to give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


def _register(hooks, hook) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def register_optimizer_step_pre_hook(hook) -> RemovableHandle:
    """Call hook(optimizer, args, kwargs) before every step of every optimizer; it may return new (args, kwargs)."""
    return _register(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook) -> RemovableHandle:
    """Call hook(optimizer, args, kwargs) after every step of every optimizer."""
    return _register(_global_post_hooks, hook)


def _with_grad_mode(step):
    """Runs `step` without recording, or recording where the group defaults ask for `differentiable`."""

    @functools.wraps(step)
    def run(self, *args, **kwargs):
        previous = is_grad_enabled()
        set_grad_enabled(self.defaults["differentiable"])
        try:
            return step(self, *args, **kwargs)
        finally:
            set_grad_enabled(previous)

    return run


def _evaluate(closure):
    """The loss of a closure, with gradients recorded; None without one."""
    if closure is None:
        return None
    with enable_grad():
        return closure()


def _value(x) -> float:
    """A hyperparameter that may be a one-element tensor."""
    return x.item() if isinstance(x, Tensor) else x


def _type_name(x) -> str:
    return x.type() if isinstance(x, Tensor) else type(x).__name__


def _check_switches(fused, foreach, differentiable, groups=()) -> None:
    """RuntimeError for implementations that exclude each other, or that the parameters do not allow."""
    if not fused:
        return
    if differentiable:
        raise RuntimeError("`fused` does not support `differentiable`: choose one of them")
    if foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together: choose one of them")
    for group in groups:
        for p in group["params"]:
            if not p.dtype.is_floating_point:
                raise RuntimeError(
                    f"`fused=True` requires all the params to be floating point Tensors, but one has dtype {p.dtype}"
                )


class Optimizer:
    """Base class of all optimizers: `params` is an iterable of tensors, of (name, tensor) pairs, or of group dicts.

    Attributes: `param_groups` (list of dicts: "params" and the group's hyperparameters), `state` (dict: parameter ->
    dict), `defaults`. A subclass calls `super().__init__(params, defaults)` and defines `step(closure=None)`.
    Errors: TypeError for parameters that are no tensors or stand in a set; ValueError for an empty list, a non-leaf
    tensor, a parameter in two groups.
    """

    _optimizer_step_pre_hooks: OrderedDict
    _optimizer_step_post_hooks: OrderedDict
    _optimizer_state_dict_pre_hooks: OrderedDict
    _optimizer_state_dict_post_hooks: OrderedDict
    _optimizer_load_state_dict_pre_hooks: OrderedDict
    _optimizer_load_state_dict_post_hooks: OrderedDict

    def __init__(self, params, defaults) -> None:
        self.defaults = defaults
        self._make_hook_tables()
        self._wrap_step()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + _type_name(params)
            )
        self.state: defaultdict = defaultdict(dict)
        self.param_groups: list[dict] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _make_hook_tables(self) -> None:
        for name in (
            "_optimizer_step_pre_hooks",
            "_optimizer_step_post_hooks",
            "_optimizer_state_dict_pre_hooks",
            "_optimizer_state_dict_post_hooks",
            "_optimizer_load_state_dict_pre_hooks",
            "_optimizer_load_state_dict_post_hooks",
        ):
            self.__dict__.setdefault(name, OrderedDict())

    def _wrap_step(self) -> None:
        """Make the class's `step` run the hooks (once per class)."""
        step = type(self).step
        if not getattr(step, "hooked", False):
            type(self).step = self.profile_hook_step(step)  # type: ignore[method-assign]

    @staticmethod
    def profile_hook_step(func):
        """`func` (a `step` method) with the step hooks around it."""

        @functools.wraps(func)
        def step(self, *args, **kwargs):
            if _global_pre_hooks or self._optimizer_step_pre_hooks:
                for hook in (*_global_pre_hooks.values(), *self._optimizer_step_pre_hooks.values()):
                    result = hook(self, args, kwargs)
                    if result is not None:
                        if not (isinstance(result, tuple) and len(result) == 2):
                            raise RuntimeError(
                                f"step pre-hook must return None or a pair (new_args, new_kwargs), not {result}"
                            )
                        args, kwargs = result
            result = func(self, *args, **kwargs)
            if _global_post_hooks or self._optimizer_step_post_hooks:
                for hook in (*self._optimizer_step_post_hooks.values(), *_global_post_hooks.values()):
                    hook(self, args, kwargs)
            return result

        step.hooked = True
        return step

    def __getstate__(self) -> dict:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state) -> None:
        self.__dict__.update(state)
        self._make_hook_tables()
        self._wrap_step()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self) -> str:
        lines = [type(self).__name__ + " ("]
        for i, group in enumerate(self.param_groups):
            if i:
                lines.append("")
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join(lines) + "\n)"

    # ---- groups -----------------------------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict) -> None:
        """Add a group: a dict with "params" and any hyperparameters that differ from the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the order of a set of tensors "
                "changes between runs: use a list instead."
            )
        else:
            params = list(params)
        named = [isinstance(p, tuple) for p in params]
        if any(named):
            if not all(named):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            param_group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        if self.param_groups and (("param_names" in self.param_groups[0]) != ("param_names" in param_group)):
            raise ValueError(
                "all optimizer param groups should be with/without names. Cannot add a param group of the other kind"
            )
        param_group["params"] = params
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_type_name(p)}")
            if not self.defaults.get("differentiable") and not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        if len({id(p) for p in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error",
                stacklevel=3,
            )
        seen = {id(p) for group in self.param_groups for p in group["params"]}
        if any(id(p) in seen for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients: set them to None, or with set_to_none=False to zero where they exist."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if set_to_none:
                    p.grad = None
                    continue
                if p.grad.grad_fn is not None:
                    p.grad.detach_()
                else:
                    p.grad.requires_grad_(False)
                p.grad.zero_()

    def step(self, closure=None):
        """Update the parameters once. closure: recomputes and returns the loss."""
        raise NotImplementedError

    # ---- state dict -------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict:
        """{"state": {index: ...}, "param_groups": [...]}: parameters by position; tensors are shared."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        index: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                index.setdefault(id(p), len(index))
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [index[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {(index[id(key)] if isinstance(key, Tensor) else key): value for key, value in self.state.items()}
        result = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            replaced = hook(self, result)
            if replaced is not None:
                result = replaced
        return result

    def load_state_dict(self, state_dict: dict) -> None:
        """Take groups and state from `state_dict`; state tensors take their parameter's dtype ("step" keeps its own).

        Errors: ValueError when the number of groups, or of parameters in one, differs.
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        groups, saved_groups = self.param_groups, copy.deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(group["params"]) != len(saved["params"]) for group, saved in zip(groups, saved_groups)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        parameters = dict(
            zip(
                chain.from_iterable(saved["params"] for saved in saved_groups),
                chain.from_iterable(group["params"] for group in groups),
            )
        )
        settings = {id(p): group for group in groups for p in group["params"]}
        state: defaultdict = defaultdict(dict)
        for key, value in state_dict["state"].items():
            p = parameters.get(key)
            state[key if p is None else p] = value if p is None else _cast_state(p, value, settings[id(p)])
        merged = []
        for group, saved in zip(groups, saved_groups):
            saved["params"] = group["params"]
            if "param_names" in group and "param_names" not in saved:
                saved["param_names"] = group["param_names"]
            merged.append(saved)
        self.__setstate__({"state": state, "param_groups": merged})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    # ---- hooks ------------------------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) before each step; it may return new (args, kwargs)."""
        return _register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) after each step."""
        return _register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer) before state_dict()."""
        return self._register_ordered(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer, state_dict) after state_dict(); it may return another dict."""
        return self._register_ordered(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer, state_dict) before loading; it may return another dict."""
        return self._register_ordered(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer) after loading."""
        return self._register_ordered(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    @staticmethod
    def _register_ordered(hooks, hook, prepend) -> RemovableHandle:
        handle = _register(hooks, hook)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        return handle


def _cast_state(p, value, group, key=None):
    """A loaded piece of state as the parameter wants it: its dtype for floating parameters; "step" as it was saved."""
    if isinstance(value, Tensor):
        if key == "step":
            return value.float() if group.get("capturable") or group.get("fused") else value
        return value.to(dtype=p.dtype) if p.dtype.is_floating_point else value
    if isinstance(value, dict):
        return {k: _cast_state(p, v, group, k) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return type(value)(_cast_state(p, v, group) for v in value)  # type: ignore[call-arg]
    return value
