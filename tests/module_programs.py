"""Little programs over modules, run with both libraries and compared: results, errors, warnings."""

import warnings

import torch

import rushlight


def make_scale(lib):
    """y = x * weight + bias: a module whose forward needs nothing but arithmetic."""

    class Scale(lib.nn.Module):
        def __init__(self, size=2, bias=True):
            super().__init__()
            self.weight = lib.nn.Parameter(lib.full((size,), 3.0))
            self.bias = lib.nn.Parameter(lib.zeros(size)) if bias else None

        def forward(self, x, *, times=1):
            y = x * self.weight * times
            return y if self.bias is None else y + self.bias

        def extra_repr(self):
            return f"size={self.weight.shape[0]}"

    return Scale


def make_net(lib):
    """A tree with parameters, buffers of both kinds, an empty slot and a shared module."""
    Scale = make_scale(lib)

    class Net(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = Scale()
            self.body = lib.nn.Sequential(Scale(2, bias=False), lib.nn.Identity())
            self.again = self.first
            self.register_module("empty", None)
            self.register_buffer("mean", lib.zeros(2))
            self.register_buffer("scratch", lib.ones(1), persistent=False)
            self.register_buffer("count", lib.tensor(0))
            self.gain = lib.nn.Parameter(lib.ones(2))
            self.register_parameter("none", None)

        def forward(self, x):
            return self.body(self.first(x)) * self.gain

    return Net()


def plain(value):
    """Tensors as data, everything else by its text, so that results of both libraries can be compared."""
    if isinstance(value, (rushlight.Tensor, torch.Tensor)):
        if type(value).__name__.startswith("Uninitialized"):
            return type(value).__name__
        return (type(value).__name__, str(value.dtype), tuple(value.shape), value.tolist(), value.requires_grad)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (int, float, str, bool)):
        return value
    return repr(value)


def outcome(function, lib):
    """The value of function(lib), or class and message of its error; and the classes of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(function(lib))
        except Exception as error:
            result = (type(error).__name__, str(error).replace("rushlight.", "torch."))
    return result, [warning.category.__name__ for warning in caught]


def same(function):
    mine, reference = outcome(function, rushlight), outcome(function, torch)
    assert mine == reference, f"\n{mine}\nwhere PyTorch gives\n{reference}"
    return mine[0]
