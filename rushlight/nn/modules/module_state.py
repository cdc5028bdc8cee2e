"""A module's state as a flat dict with dotted keys: writing it out, reading it back, and the hooks around both."""

import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Mapping

from ...autograd.mode import no_grad
from ...tensor import Tensor
from ...utils.hooks import RemovableHandle
from ..parameter import Parameter, is_lazy

_EXTRA_STATE_KEY_SUFFIX = "_extra_state"


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` returns: keys the module wanted and keys it did not know."""

    __slots__ = ()

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class _LoadHook:
    """A pre-hook of `load_state_dict` that may want its module as first argument."""

    __slots__ = ("hook", "with_module")

    def __init__(self, hook, with_module):
        self.hook = hook
        self.with_module = with_module

    def run(self, module, *args):
        return self.hook(module, *args) if self.with_module else self.hook(*args)


class StateMixin:
    """`state_dict`, `load_state_dict`, extra state, and their hooks."""

    def get_extra_state(self):
        """Override to add something of your own to `state_dict()`, under the key `_extra_state`."""
        raise RuntimeError(f"{type(self).__name__}.get_extra_state: not overridden, so there is no extra state to get")

    def set_extra_state(self, state):
        """Override to take back in `load_state_dict` what `get_extra_state` gave."""
        raise RuntimeError(f"{type(self).__name__}.set_extra_state: not overridden, so extra state cannot be set")

    def register_state_dict_pre_hook(self, hook):
        """`hook(module, prefix, keep_vars)` runs before this module writes its part of a state dict."""
        return _add(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook):
        """`hook(module, state_dict, prefix, local_metadata)` runs after; it changes the dict in place, returns None."""
        hook._from_public_api = True
        return _add(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook):
        """As the post-hook, but a value returned replaces the dict."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously registered via "
                "register_state_dict_post_hook"
            )
        return _add(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook):
        """`hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)`."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        return _add(self._load_state_dict_pre_hooks, _LoadHook(hook, with_module))

    def register_load_state_dict_post_hook(self, hook):
        """`hook(module, incompatible_keys)` runs after loading; it may edit the two lists, and returns None."""
        return _add(self._load_state_dict_post_hooks, hook)

    def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
        """An OrderedDict of parameters and persistent buffers, per module in registration order, under dotted keys.

        The values share storage with the module and are detached unless `keep_vars`. `_metadata` on the dict maps each
        module's prefix to its `_version`. A `destination` is filled and returned.
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead (destination, prefix, keep_vars).",
                FutureWarning,
                stacklevel=2,
            )
            destination = args[0] if destination is None else destination
            prefix = args[1] if len(args) > 1 and prefix == "" else prefix
            keep_vars = args[2] if len(args) > 2 and keep_vars is False else keep_vars
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            replaced = hook(self, destination, prefix, local_metadata)
            if replaced is not None:
                if getattr(hook, "_from_public_api", False):
                    raise RuntimeError("state_dict post-hook must return None")
                destination = replaced
        return destination

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        """Write this module's own entries (not its children's). Overridden by modules with other formats."""
        for name, value in self._persistent_entries():
            if value is not None:
                destination[prefix + name] = value if keep_vars or is_lazy(value) else value.detach()
        if type(self).get_extra_state is not StateMixin.get_extra_state:
            destination[prefix + _EXTRA_STATE_KEY_SUFFIX] = self.get_extra_state()

    def _persistent_entries(self):
        yield from self._parameters.items()
        for name, buffer in self._buffers.items():
            if name not in self._non_persistent_buffers_set:
                yield name, buffer

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Copy values into the parameters and buffers of this module and those below it, by dotted key.

        Returns (missing_keys, unexpected_keys). Under `strict` any such key raises; a shape that differs always does.
        The tensors keep their identity, dtype and device; with `assign` the given tensors take their place instead.

        Errors: TypeError unless `state_dict` is a mapping; RuntimeError listing every key that did not load.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", None)
        state = OrderedDict(state_dict)
        if metadata is not None:
            state._metadata = metadata  # type: ignore[attr-defined]

        def load(module, local_state, prefix=""):
            local_metadata = {} if metadata is None else metadata.get(prefix[:-1], {})
            if assign:
                local_metadata["assign_to_params_buffers"] = assign
            module._load_from_state_dict(local_state, prefix, local_metadata, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    below = f"{prefix}{name}."
                    load(child, {key: local_state[key] for key in local_state if key.startswith(below)}, below)
            keys = _IncompatibleKeys(missing, unexpected)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, keys) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                        "values; change incompatible_keys in place"
                    )

        load(self, state)
        if strict:
            for title, keys in (("Unexpected", unexpected), ("Missing", missing)):
                if keys:
                    errors.insert(0, f"{title} key(s) in state_dict: " + ", ".join(f'"{key}"' for key in keys) + ". ")
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        return _IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        """Load this module's own entries (not its children's), adding to the three lists rather than raising.

        Override to accept older layouts: `local_metadata.get("version")` is the `_version` that wrote the state.
        """
        for hook in self._load_state_dict_pre_hooks.values():
            arguments = (state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
            hook.run(self, *arguments)
        own = {name: value for name, value in self._persistent_entries() if value is not None}
        assign = local_metadata.get("assign_to_params_buffers", False)
        with no_grad():
            for name, value in own.items():
                key = prefix + name
                if key in state_dict:
                    self._load_entry(name, value, key, state_dict[key], assign, error_msgs)
                elif strict:
                    missing_keys.append(key)
        extra_key = prefix + _EXTRA_STATE_KEY_SUFFIX
        if type(self).set_extra_state is not StateMixin.set_extra_state:
            if extra_key in state_dict:
                self.set_extra_state(state_dict[extra_key])
            elif strict:
                missing_keys.append(extra_key)
        elif strict and extra_key in state_dict:
            unexpected_keys.append(extra_key)
        if strict:
            for key in state_dict:
                if key.startswith(prefix) and key != extra_key:
                    name, dot, _ = key[len(prefix) :].partition(".")
                    if name not in (self._modules if dot else own):
                        unexpected_keys.append(key)

    def _load_entry(self, name, value, key, given, assign, error_msgs):
        if not isinstance(given, Tensor):
            error_msgs.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint but received {type(given)}"
            )
            return
        lazy = is_lazy(value)
        if not lazy and value.dim() == 0 and given.dim() == 1:
            given = given[0]  # scalars were once saved as one-element vectors
        if not lazy and given.shape != value.shape:
            error_msgs.append(
                f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the shape in "
                f"current model is {value.shape}."
            )
            return
        try:
            if not assign:
                value.copy_(given)
                return
            if isinstance(value, Parameter):
                if isinstance(given, Parameter):
                    given.requires_grad_(value.requires_grad)
                else:
                    given = Parameter(given, requires_grad=value.requires_grad)
            setattr(self, name, given)
        except Exception as error:
            action = "swapping" if assign else "copying"
            error_msgs.append(
                f'While {action} the parameter named "{key}", whose dimensions in the model are {value.size()} and '
                f"whose dimensions in the checkpoint are {given.size()}, an exception occurred : {error.args}."
            )


def _add(table, hook):
    handle = RemovableHandle(table)
    table[handle.id] = hook
    return handle
