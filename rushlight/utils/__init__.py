"""Around training: data loading, TensorBoard, hook handles. A package is loaded when it is first used."""

from importlib import import_module

_PACKAGES = ("data", "hooks", "tensorboard")


def __getattr__(name):
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
