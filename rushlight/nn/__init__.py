"""Neural networks: Module and Parameter, the layers, their functional twins, initialisation, utilities."""

from importlib import import_module

from . import modules
from .modules.module import Module
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

_PACKAGES = ("functional", "init", "modules", "parameter", "utils")

__all__ = [
    *modules.__all__,
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "factory_kwargs",
]


def factory_kwargs(kwargs):
    """The `device`, `dtype` and `memory_format` a module was given, checked to be given once.

    Errors: TypeError for any other key, or for one that stands both here and in `kwargs["factory_kwargs"]`.
    """
    if kwargs is None:
        return {}
    simple = {"device", "dtype", "memory_format"}
    known = {*simple, "factory_kwargs"}
    if unexpected := set(kwargs) - known:
        raise TypeError(f"unexpected kwargs {unexpected}")
    result = dict(kwargs.get("factory_kwargs", {}))
    for key in sorted(simple & set(kwargs)):
        if key in result:
            raise TypeError(f"{key} specified twice, in **kwargs and in factory_kwargs")
        result[key] = kwargs[key]
    return result


def __getattr__(name):
    if name in modules._HOME:
        value = getattr(modules, name)
    elif name in _PACKAGES:
        return import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__, *_PACKAGES})
