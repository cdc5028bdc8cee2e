"""`rushlight.compile`: accepts what torch.compile accepts. Programs run eagerly; a recorder behind it is to come."""

from __future__ import annotations


def compile(model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None, disable=False):  # noqa: A001
    """The function or module itself, to be called as before; usable as a decorator, with or without arguments."""
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if model is None:
        return lambda function: function
    if not callable(model):
        raise RuntimeError(f"compile: expected a function or a module, got {type(model).__name__}")
    return model


def is_compiling() -> bool:
    """False: nothing is being recorded."""
    return False
