"""The hooks of a module: tables for one module, tables for every module, and the call that honours them."""

import warnings
from collections import OrderedDict

from ...utils.hooks import BackwardHook, RemovableHandle

_global_forward_pre_hooks: OrderedDict = OrderedDict()
_global_forward_hooks: OrderedDict = OrderedDict()
_global_forward_hooks_with_kwargs: OrderedDict = OrderedDict()
_global_forward_hooks_always_called: OrderedDict = OrderedDict()
_global_backward_pre_hooks: OrderedDict = OrderedDict()
_global_backward_hooks: OrderedDict = OrderedDict()
_global_buffer_registration_hooks: OrderedDict = OrderedDict()
_global_module_registration_hooks: OrderedDict = OrderedDict()
_global_parameter_registration_hooks: OrderedDict = OrderedDict()
_global_call_hooks: OrderedDict = OrderedDict()  # ids of the forward and backward hooks above
_global_is_full_backward_hook: bool | None = None


def _insert(table, hook, *, prepend=False, flags=()):
    """Put `hook` in `table`, and its id in each flag table; returns the handle that undoes both."""
    handle = RemovableHandle(table, extra_dict=list(flags))
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    for flag in flags:
        flag[handle.id] = True
    return handle


def register_module_buffer_registration_hook(hook):
    """`hook(module, name, buffer)` runs whenever any module registers a buffer; what it returns replaces the buffer."""
    return _insert(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook):
    """`hook(module, name, submodule)` runs whenever any module registers a child; what it returns replaces it."""
    return _insert(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook):
    """`hook(module, name, param)` runs whenever any module registers a parameter; what it returns replaces it."""
    return _insert(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook):
    """`hook(module, args)` runs before the forward of every module; what it returns replaces the arguments."""
    return _insert(_global_forward_pre_hooks, hook, flags=[_global_call_hooks])


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """`hook(module, args, output)` runs after the forward of every module; what it returns replaces the output."""
    flags = [_global_call_hooks]
    if with_kwargs:
        flags.append(_global_forward_hooks_with_kwargs)
    if always_call:
        flags.append(_global_forward_hooks_always_called)
    return _insert(_global_forward_hooks, hook, flags=flags)


def register_module_backward_hook(hook):
    """`hook(module, grad_input, grad_output)` at the last graph node of every module (the old, partial form)."""
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is True:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use only "
            "one of them."
        )
    _global_is_full_backward_hook = False
    return _insert(_global_backward_hooks, hook, flags=[_global_call_hooks])


def register_module_full_backward_pre_hook(hook):
    """`hook(module, grad_output)` runs before the backward of every module."""
    return _insert(_global_backward_pre_hooks, hook, flags=[_global_call_hooks])


def register_module_full_backward_hook(hook):
    """`hook(module, grad_input, grad_output)` runs when the gradients at the inputs of any module are ready."""
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is False:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use only "
            "one of them."
        )
    _global_is_full_backward_hook = True
    return _insert(_global_backward_hooks, hook, flags=[_global_call_hooks])


class HooksMixin:
    """The `register_*_hook` methods and the hooked call; every table lives in the module's `__dict__`.

    Order of one call: pre-hooks (those for every module first), forward, hooks (those for every module first). In
    backward: pre-hooks at the outputs, then hooks once the gradients at all inputs are known.
    """

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Run `hook(module, args)` before forward; a value returned replaces the arguments.

        With `with_kwargs` it is `hook(module, args, kwargs)` and returns None or `(args, kwargs)`.
        """
        flags = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return _insert(self._forward_pre_hooks, hook, prepend=prepend, flags=flags)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Run `hook(module, args, output)` after forward; a value returned replaces the output.

        With `with_kwargs` it is `hook(module, args, kwargs, output)`. With `always_call` it runs also when forward or
        an earlier hook raises (with the output so far, None from forward; what it returns is then dropped).
        """
        flags = [self._forward_hooks_with_kwargs] if with_kwargs else []
        if always_call:
            flags.append(self._forward_hooks_always_called)
        return _insert(self._forward_hooks, hook, prepend=prepend, flags=flags)

    def register_backward_hook(self, hook):
        """The old form: `hook(module, grad_input, grad_output)` at the graph node that made the output.

        grad_input are the gradients of that node, which are the module's inputs only where forward is one operation.
        """
        if self._is_full_backward_hook is True:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only "
                "one of them."
            )
        self._is_full_backward_hook = False
        return _insert(self._backward_hooks, hook)

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Run `hook(module, grad_output)` before the module's backward; a value returned replaces grad_output."""
        return _insert(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook, prepend=False):
        """Run `hook(module, grad_input, grad_output)` in backward; a value returned replaces grad_input.

        Both are tuples as long as forward's positional arguments and outputs, None where no gradient flows. Keyword
        arguments are not seen.
        """
        if self._is_full_backward_hook is False:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only "
                "one of them."
            )
        self._is_full_backward_hook = True
        return _insert(self._backward_hooks, hook, prepend=prepend)

    def _get_backward_hooks(self):
        """(full hooks, old-form hooks) that apply to this module, those for every module first."""
        full: list = []
        partial: list = []
        (full if _global_is_full_backward_hook else partial).extend(_global_backward_hooks.values())
        (full if self._is_full_backward_hook else partial).extend(self._backward_hooks.values())
        return full, partial

    def _get_backward_pre_hooks(self):
        return [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]

    def _call_with_hooks(self, args, kwargs):
        progress = {"called": set(), "result": None}  # ids of the always-called hooks that have run; output so far
        try:
            return self._run_hooked(args, kwargs, progress)
        except Exception:
            self._run_always_called(args, kwargs, progress)
            raise

    def _run_hooked(self, args, kwargs, progress):
        full, partial = self._get_backward_hooks()
        pre = self._get_backward_pre_hooks()
        args, kwargs = self._run_pre_hooks(args, kwargs)
        tap = BackwardHook(self, full, pre) if full or pre else None
        if tap is not None:
            args = tap.setup_input_hook(args)
        result = progress["result"] = self.forward(*args, **kwargs)
        for hook_id, hook, with_kwargs, always in self._forward_hook_list():
            if always:
                progress["called"].add(hook_id)
            replaced = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            if replaced is not None:
                result = progress["result"] = replaced
        if tap is not None:
            result = _tap_output(tap, result)
        if partial:
            self._hook_last_node(partial, args, result)
        return result

    def _run_pre_hooks(self, args, kwargs):
        hooks = [(None, hook) for hook in _global_forward_pre_hooks.values()]
        for hook_id, hook in [*hooks, *self._forward_pre_hooks.items()]:
            if hook_id in self._forward_pre_hooks_with_kwargs:
                result = hook(self, args, kwargs)
                if result is None:
                    continue
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                args, kwargs = result
            else:
                result = hook(self, args)
                if result is not None:
                    args = result if isinstance(result, tuple) else (result,)
        return args, kwargs

    def _forward_hook_list(self):
        """(id, hook, with_kwargs, always_call) in the order of running."""
        everywhere = [
            (i, hook, i in _global_forward_hooks_with_kwargs, i in _global_forward_hooks_always_called)
            for i, hook in _global_forward_hooks.items()
        ]
        own = [
            (i, hook, i in self._forward_hooks_with_kwargs, i in self._forward_hooks_always_called)
            for i, hook in self._forward_hooks.items()
        ]
        return everywhere + own

    def _run_always_called(self, args, kwargs, progress):
        """After an exception: the always-called hooks that have not run yet, with the output so far."""
        for hook_id, hook, with_kwargs, always in self._forward_hook_list():
            if not always or hook_id in progress["called"]:
                continue
            try:
                if with_kwargs:
                    hook(self, args, kwargs, progress["result"])
                else:
                    hook(self, args, progress["result"])
            except Exception as error:  # the first exception is the one to report
                warnings.warn(
                    f"forward hook with ``always_call=True`` raised an exception that was silenced as another error "
                    f"was raised in forward: {error}",
                    stacklevel=2,
                )

    def _hook_last_node(self, hooks, args, result):
        output = _first_tensor(result)
        node = None if output is None else output.grad_fn
        if node is None:
            return
        for hook in hooks:
            node.register_hook(lambda grad_input, grad_output, hook=hook: hook(self, grad_input, grad_output))
        self._maybe_warn_non_full_backward_hook(args, result, node)

    def _maybe_warn_non_full_backward_hook(self, inputs, result, grad_fn):
        """Say in which cases an old-form hook does not see the module's gradients."""
        from ...tensor import Tensor

        inputs = (inputs,) if isinstance(inputs, Tensor) else inputs
        outputs = (result,) if isinstance(result, Tensor) else result
        problem = None
        if not (isinstance(outputs, tuple) and all(isinstance(item, Tensor) for item in outputs)):
            problem = "on a Module that does not return a single Tensor or a tuple of Tensors"
        elif not (isinstance(inputs, tuple) and all(isinstance(item, Tensor) for item in inputs)):
            problem = "on a Module that does not take as input a single Tensor or a tuple of Tensors"
        elif len({item.grad_fn for item in outputs} - {None}) > 1:
            problem = "when outputs are generated by different autograd Nodes"
        else:
            made_by = {item.grad_fn for item in inputs if item.grad_fn is not None}
            if made_by != {node for node, _ in grad_fn.next_functions}:
                problem = "when the forward contains multiple autograd Nodes"
        if problem is not None:
            warnings.warn(
                f"Using a non-full backward hook {problem} is deprecated and will be removed in future versions. This "
                "hook will be missing some grad_input or grad_output. Please use register_full_backward_hook to get "
                "the documented behavior.",
                FutureWarning,
                stacklevel=2,
            )


def _tap_output(tap, result):
    from ...tensor import Tensor

    if not isinstance(result, (Tensor, tuple)):
        warnings.warn(
            "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
            f"{type(result)}",
            stacklevel=2,
        )
    return tap.setup_output_hook(result)


def _first_tensor(value):
    """The tensor that stands for a nested result: the first of a sequence, the first tensor of a dict."""
    from ...tensor import Tensor

    while not isinstance(value, Tensor):
        if isinstance(value, dict):
            value = next((item for item in value.values() if isinstance(item, Tensor)), None)
        elif isinstance(value, (tuple, list)) and value:
            value = value[0]
        else:
            return None
    return value
