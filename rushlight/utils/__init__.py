"""Around training: data loading, checkpoints of activations, TensorBoard, hook handles; each loaded at first use."""

from importlib import import_module

_PACKAGES = ("checkpoint", "data", "hooks", "tensorboard")


def __getattr__(name):
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
