"""Pooling, normalisation, softmax, activations and losses: forward, and backward from a kept graph.

bytes counts each tensor that a call has to read or write once.
"""

from __future__ import annotations

import functools
import math

from .measure import Row

ROWS: list[Row] = []


def rows(name, shape, call, reads=1.0, back_reads=3.0):
    """A forward and a backward row of call(lib, x); reads: inputs and outputs of a call, in sizes of x."""
    size = 4.0 * math.prod(shape)

    def forward(lib):
        x = lib.randn(*shape)
        return lambda: call(lib, x)

    def backward(lib):
        x = lib.randn(*shape).requires_grad_()
        y = call(lib, x)
        g = lib.ones_like(y)
        return lambda: lib.autograd.grad(y, x, g, retain_graph=True)

    label = f"{name} {'x'.join(map(str, shape))}"
    ROWS.append(Row(label, forward, bytes=reads * size))
    ROWS.append(Row(label + " backward", backward, bytes=back_reads * size))


def pool(name, shape, kernel, stride, padding=0):
    """A 2-d pool; its output is 1 / stride^2 of the input."""
    part = 1 / stride**2
    rows(
        f"{name} {kernel}s{stride}",
        shape,
        lambda lib, x: getattr(lib.nn.functional, name)(x, kernel, stride, padding),
        1 + part,
        1 + part,
    )


@functools.cache
def channels(lib, count):
    """Running statistics and affine parameters, made once."""
    return lib.zeros(count), lib.ones(count), lib.ones(count), lib.zeros(count)


@functools.cache
def class_numbers(lib, shape):
    """Targets for inputs of `shape`, made once."""
    return lib.randint(0, shape[1], (shape[0], *shape[2:]))


def batch_norm(shape, training=True):
    """With running statistics, weight and bias."""

    def call(lib, x):
        return lib.nn.functional.batch_norm(x, *channels(lib, shape[1]), training)

    rows("batch_norm" + ("" if training else " eval"), shape, call, 2.0, 3.0 if training else 2.0)


def layer_norm(shape):
    """Over the last axis, with weight and bias."""

    def call(lib, x):
        return lib.nn.functional.layer_norm(x, shape[-1:], *channels(lib, shape[-1])[2:])

    rows("layer_norm", shape, call, 2.0, 3.0)


def cross_entropy(shape):
    """Class numbers, mean."""

    def call(lib, x):
        return lib.nn.functional.cross_entropy(x, class_numbers(lib, shape))

    rows("cross_entropy", shape, call, 1.0, 2.0)


def pair(name, shape):
    """A loss of two tensors of one shape."""
    rows(name, shape, lambda lib, x: getattr(lib.nn.functional, name)(x, lib.zeros(*shape)), 2.0, 3.0)


for _shape in [(16, 64, 56, 56), (64, 6, 28, 28)]:
    for _name in ("max_pool2d", "avg_pool2d"):
        pool(_name, _shape, 2, 2)
        pool(_name, _shape, 3, 2, 1)
rows("adaptive_avg_pool2d to 1", (16, 512, 7, 7), lambda lib, x: lib.nn.functional.adaptive_avg_pool2d(x, 1), 1.0, 1.0)
rows("adaptive_avg_pool2d to 6", (8, 256, 13, 13), lambda lib, x: lib.nn.functional.adaptive_avg_pool2d(x, 6), 1.2, 1.2)
for _shape in [(16, 64, 56, 56), (8, 512, 7, 7), (256, 512)]:
    batch_norm(_shape)
batch_norm((16, 64, 56, 56), training=False)
layer_norm((4096, 768))
layer_norm((64, 128))
for _shape in [(4096, 4096), (16384, 128), (64, 10)]:
    rows("softmax", _shape, lambda lib, x: lib.softmax(x, 1), 2.0, 3.0)
rows("log_softmax", (16384, 128), lambda lib, x: lib.log_softmax(x, 1), 2.0, 3.0)
rows("softmax over channels", (8, 21, 256, 256), lambda lib, x: lib.softmax(x, 1), 2.0, 3.0)
for _shape in [(64, 10), (4096, 1000), (4, 21, 128, 128)]:
    cross_entropy(_shape)
for _name in ("mse_loss", "l1_loss"):
    pair(_name, (64, 10))
    pair(_name, (1024, 1024))
for _name in ("relu", "gelu", "silu", "leaky_relu"):
    rows(_name, (1024, 1024), lambda lib, x, name=_name: getattr(lib.nn.functional, name)(x), 2.0, 3.0)
