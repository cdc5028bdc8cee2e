"""Trading time for memory: what a function computed is dropped and computed again when the backward pass needs it.

Source: Chen et al. 2016, arXiv:1604.06174.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

from ..autograd.backward import backward as run_backward
from ..autograd.function import Function
from ..autograd.mode import enable_grad, is_grad_enabled
from ..autograd.saved import saved_tensors_hooks
from ..random import fork_rng, get_rng_state, set_rng_state
from ..tensor import Tensor

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn", "set_checkpoint_early_stop"]

_early_stop: dict[str, bool | None] = {"given": None}


class CheckpointError(RuntimeError):
    """The second computation saved other tensors than the first."""


class set_checkpoint_early_stop:  # noqa: N801
    """Inside, whether recomputing stops when all that is needed is there; goes before checkpoint(early_stop=)."""

    def __init__(self, enable: bool):
        self.enable = enable

    def __enter__(self) -> None:
        self.previous = _early_stop["given"]
        _early_stop["given"] = self.enable

    def __exit__(self, *exc_info) -> None:
        _early_stop["given"] = self.previous


def noop_context_fn():
    """Two contexts that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function,
    *args,
    use_reentrant: bool | None = None,
    context_fn=noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs,
):
    """function(*args, **kwargs), whose intermediate results are computed again in the backward pass.

    use_reentrant=False: the tensors saved inside are replaced by their places in a list, which a second run of the
    function fills; gradients reach whatever the function uses. True (the default, with a warning): the call is one
    custom Function; only tensors among `args` get gradients by it, and parameters get theirs in a backward pass of its
    own. preserve_rng_state=True: both runs draw the same random numbers. context_fn() returns the contexts of the two
    runs. determinism_check: "default" compares shapes and dtypes of what both runs saved, "none" nothing.
    Errors: CheckpointError when the runs differ, ValueError for unknown arguments of a reentrant call.
    """
    if use_reentrant is None:
        warnings.warn(
            "checkpoint: the use_reentrant parameter should be passed explicitly; use_reentrant=False is recommended, "
            "the default is True for now.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check must be 'default' or 'none', got {determinism_check!r}")
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn:
            raise ValueError("Passing `context_fn` is only supported when use_reentrant=False.")
        return _Checkpoint.apply(function, preserve, *args)
    if not is_grad_enabled():
        return function(*args, **kwargs)
    first, second = context_fn()
    run = _Run(function, args, kwargs, preserve, second, determinism_check != "none", early_stop)
    with saved_tensors_hooks(run.pack, run.unpack), first:
        result = function(*args, **kwargs)
    run.forward_done = True
    return result


def _fresh(value):
    """A tensor cut from its history."""
    return value.detach().requires_grad_(value.requires_grad) if isinstance(value, Tensor) else value


class _Stop(Exception):
    """All that the first run saved was computed again."""


class _Run:
    """One call of `checkpoint` without reentry: what it saved, by number, while it is there."""

    def __init__(self, function, args, kwargs, preserve, context, compare, early_stop):
        self.call = (function, args, kwargs)
        self.rng = get_rng_state() if preserve else None
        self.context, self.compare, self.early_stop = context, compare, early_stop
        self.forms: list[tuple] = []  # shape and dtype of each tensor saved
        self.values: dict[int, Any] = {}
        self.forward_done = False

    def pack(self, tensor) -> int:
        self.forms.append((tuple(tensor.shape), tensor.dtype))
        return len(self.forms) - 1

    def unpack(self, number: int) -> Tensor:
        if number not in self.values:
            self.recompute()
        return self.values.pop(number)

    def recompute(self) -> None:
        function, args, kwargs = self.call
        args = tuple(a.detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a for a in args)
        kwargs = {
            k: a.detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a for k, a in kwargs.items()
        }
        self.values = {}
        count = 0
        stop = self.early_stop if _early_stop["given"] is None else _early_stop["given"]

        def keep(tensor):
            nonlocal count
            number, count = count, count + 1
            if number < len(self.forms):
                if self.compare and self.forms[number] != (tuple(tensor.shape), tensor.dtype):
                    raise CheckpointError(
                        f"checkpoint: recomputed values have different metadata than during the forward pass: tensor "
                        f"{number} was {self.forms[number]}, is {(tuple(tensor.shape), tensor.dtype)}"
                    )
                self.values[number] = tensor
            if stop and count == len(self.forms):
                raise _Stop
            return tensor

        def refuse(tensor):
            raise RuntimeError("checkpoint: the second run is not differentiated")

        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(_Stop))
            stack.enter_context(fork_rng(devices=[], enabled=self.rng is not None))
            if self.rng is not None:
                set_rng_state(self.rng)
            stack.enter_context(self.context)
            stack.enter_context(enable_grad())
            stack.enter_context(saved_tensors_hooks(keep, refuse))
            function(*args, **kwargs)
        if count < len(self.forms):
            raise CheckpointError(
                f"checkpoint: a different number of tensors was saved during the original forward ({len(self.forms)}) "
                f"and the recomputation ({count})"
            )


class _Checkpoint(Function):
    """The reentrant form."""

    @staticmethod
    def forward(ctx, function, preserve, *args):
        ctx.function = function
        ctx.rng = get_rng_state() if preserve else None
        ctx.args = [None if isinstance(a, Tensor) else a for a in args]
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.save_for_backward(*[args[i] for i in ctx.places])
        return function(*args)

    @staticmethod
    def backward(ctx, *grads):
        args = list(ctx.args)
        for place, tensor in zip(ctx.places, ctx.saved_tensors):
            args[place] = _fresh(tensor)
        with fork_rng(devices=[], enabled=ctx.rng is not None), enable_grad():
            if ctx.rng is not None:
                set_rng_state(ctx.rng)
            outputs = ctx.function(*args)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [(o, g) for o, g in zip(outputs, grads) if isinstance(o, Tensor) and o.requires_grad]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        run_backward([o for o, _ in pairs], [g for _, g in pairs])
        return (None, None, *[a.grad if isinstance(a, Tensor) else None for a in args])


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Run functions, or the children of a Sequential, one after the other, in `segments` pieces, all but the last of
    which are checkpoints.
    """
    if use_reentrant is None:
        warnings.warn(
            "checkpoint_sequential: the use_reentrant parameter should be passed explicitly; use_reentrant=False is "
            "recommended, the default is True for now.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(functions) // segments

    def piece(start, end):
        def run(value):
            for function in functions[start:end]:
                value = function(value)
            return value

        return run

    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(piece(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return piece(end, len(functions))(input)
