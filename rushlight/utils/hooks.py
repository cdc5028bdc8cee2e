"""Hook handles, and the tap that lets a module's hooks see the gradients that pass its border."""

import itertools
import warnings
import weakref
from functools import cache

_hook_ids = itertools.count()


class RemovableHandle:
    """Takes one hook out of the table it was put in: by `remove()`, or at the end of a `with` block.

    The handle holds its tables weakly, so it keeps no module alive; removing twice does nothing. `extra_dict` is one
    table, or a list of tables, that hold facts under the same id.
    """

    def __init__(self, hooks_dict, *, extra_dict=None):
        extra = [] if extra_dict is None else extra_dict if isinstance(extra_dict, list) else [extra_dict]
        self.id = next(_hook_ids)
        self._tables = [weakref.ref(table) for table in (hooks_dict, *extra)]

    def remove(self):
        for reference in self._tables:
            table = reference()
            if table is not None:
                table.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def __getstate__(self):
        return {"id": self.id, "tables": [reference() for reference in self._tables]}

    def __setstate__(self, state):
        self.id = state["id"]
        self._tables = [weakref.ref(table) for table in state["tables"] if table is not None]


def unserializable_hook(hook):
    """Mark a tensor hook whose loss in a saved file is intended, so that saving does not warn."""
    hook.__torch_unserializable__ = True
    return hook


def warn_if_has_hooks(tensor):
    """Warn for every backward hook of `tensor` that a saved file will not hold."""
    for hook in (getattr(tensor, "_backward_hooks", None) or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(f"backward hook {hook!r} on tensor will not be serialized", stacklevel=2)


@cache
def _identity_function():
    """The autograd identity whose backward hands the gradients to a callback (made late: autograd loads after this)."""
    from ..autograd import Function

    class BackwardHookFunction(Function):
        @staticmethod
        def forward(ctx, callback, *tensors):
            ctx.callback = callback
            outputs = tuple(tensor.detach() for tensor in tensors)
            return outputs if len(outputs) != 1 else outputs[0]

        @staticmethod
        def backward(ctx, *grads):
            return (None, *ctx.callback(grads))

    return BackwardHookFunction


class BackwardHook:
    """Calls a module's backward hooks with the gradients at its outputs and at its inputs.

    An identity node is put around the inputs and another around the outputs. The output node's backward runs first: it
    calls the pre-hooks and keeps their grad_output. The input node's backward then has every grad_input at once and
    calls the hooks. When no input requires grad there is no input node, and the hooks run at the output node with
    grad_input all None.
    """

    def __init__(self, module, user_hooks, user_pre_hooks):
        self.module = module
        self.hooks = user_hooks
        self.pre_hooks = user_pre_hooks
        self.num_inputs = 0
        self.input_places = None  # positions of the tapped tensors in the arguments; None: nothing tapped
        self.output_places = None
        self.grad_output = None

    def setup_input_hook(self, args):
        self.num_inputs = len(args)
        args, self.input_places = self._tap(args, self._at_input)
        return args

    def setup_output_hook(self, result):
        is_tuple = isinstance(result, tuple)
        outputs = result if is_tuple else (result,)
        self.num_outputs = len(outputs)
        tapped, self.output_places = self._tap(outputs, self._at_output)
        if self.output_places is None:
            return result
        if not is_tuple:
            return tapped[0]
        return type(result)(*tapped) if hasattr(result, "_fields") else tuple(tapped)

    @staticmethod
    def _tap(values, callback):
        """Replace the tensors that require grad by their identity; returns (values, positions or None)."""
        from ..autograd.mode import is_grad_enabled
        from ..tensor import Tensor

        places = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
        if not places or not is_grad_enabled():
            return values, None
        tapped = _identity_function().apply(callback, *(values[i] for i in places))
        values = list(values)
        for i, tensor in zip(places, (tapped,) if len(places) == 1 else tapped, strict=True):
            values[i] = tensor
        return tuple(values), places

    def _at_output(self, grads):
        grad_output = _scatter(grads, self.output_places, self.num_outputs)
        for hook in self.pre_hooks:
            grad_output = _replacement(hook(self.module, grad_output), grad_output, "Backward pre hook", "grad_output")
        if self.input_places is not None:
            self.grad_output = grad_output
        else:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients.",
                stacklevel=2,
            )
            grad_input = (None,) * self.num_inputs
            for hook in self.hooks:
                result = hook(self.module, grad_input, grad_output)
                if result is not None and not (isinstance(result, tuple) and all(item is None for item in result)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None or None "
                        "for all gradients."
                    )
        return [grad_output[i] for i in self.output_places]

    def _at_input(self, grads):
        if self.grad_output is None:  # the gradient came to the inputs by a way that does not pass the outputs
            return grads
        grad_input = _scatter(grads, self.input_places, self.num_inputs)
        for hook in self.hooks:
            result = hook(self.module, grad_input, self.grad_output)
            grad_input = _replacement(result, grad_input, "Backward hook", "grad_input")
        self.grad_output = None
        return [grad_input[i] for i in self.input_places]


def _scatter(grads, places, count):
    """A tuple of `count` entries with `grads` at `places` and None elsewhere."""
    full = [None] * count
    for place, grad in zip(places, grads, strict=True):
        full[place] = grad
    return tuple(full)


def _replacement(result, current, hook_name, what):
    """What a hook returned, checked and as a tuple; `current` when it returned None."""
    if result is None:
        return current
    result = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    if len(result) != len(current):
        raise RuntimeError(
            f"{hook_name} returned an invalid number of {what}, got {len(result)}, but expected {len(current)}"
        )
    return result
