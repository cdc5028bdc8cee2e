"""Elementwise functions and reductions, in cache and far out of it, and optimizer steps."""

from __future__ import annotations

import math

from .measure import Row

ROWS: list[Row] = []
SIZES = {"256K": 1 << 18, "16M": 1 << 24}


def unary(name, passes=2):
    """lib.NAME of a vector: read once, written once."""
    for label, n in SIZES.items():

        def prepare(lib, n=n):
            x = lib.rand(n) + 0.5
            function = getattr(lib, name, None) or getattr(lib.nn.functional, name)
            return lambda: function(x)

        ROWS.append(Row(f"{name} {label}", prepare, bytes=4.0 * passes * n))


def operator(name, call, passes):
    """call(lib, a, b) on two vectors."""
    for label, n in SIZES.items():

        def prepare(lib, n=n):
            a, b = lib.rand(n), lib.rand(n) + 0.5
            return lambda: call(lib, a, b)

        ROWS.append(Row(f"{name} {label}", prepare, bytes=4.0 * passes * n))


def layout(name, shape, call, passes):
    """call(lib, a): between orders of the dimensions."""
    count = math.prod(shape)

    def prepare(lib):
        a = lib.rand(*shape)
        return lambda: call(lib, a)

    ROWS.append(Row(f"{name} {'x'.join(map(str, shape))}", prepare, bytes=4.0 * passes * count))


def reduction(name, shape, **options):
    """lib.NAME over dimensions: read once."""

    def prepare(lib):
        x = lib.rand(*shape)
        function = getattr(lib, name)
        return lambda: function(x, **options)

    count = math.prod(shape)
    dims = options.get("dim", "all")
    ROWS.append(Row(f"{name} {'x'.join(map(str, shape))} over {dims}", prepare, bytes=4.0 * count))


def optimizer(name, shapes, **options):
    """One step over parameters of the given shapes, gradients in place."""

    def prepare(lib):
        parameters = [lib.nn.Parameter(lib.rand(*shape)) for shape in shapes]
        for p in parameters:
            p.grad = lib.rand(*p.shape)
        step = getattr(lib.optim, name)(parameters, lr=1e-3, **options).step
        return lambda: step()

    extra = "".join(f" {key}={value}" for key, value in options.items())
    ROWS.append(Row(f"{name}{extra}, {len(shapes)} of {'x'.join(map(str, shapes[0]))}", prepare))


operator("add", lambda lib, a, b: a + b, 3)
operator("mul by number", lambda lib, a, b: a * 2.5, 2)
operator("div", lambda lib, a, b: a / b, 3)
operator("where", lambda lib, a, b: lib.where(a < b, a, b), 4)
operator("pow", lambda lib, a, b: b**a, 3)
for _name in ("relu", "exp", "log", "sqrt", "tanh", "sigmoid", "gelu", "sin", "cos"):
    unary(_name)
layout("add transposed", (2048, 2048), lambda lib, a: a + a.t(), 3)
layout("contiguous transposed", (2048, 2048), lambda lib, a: a.t().contiguous(), 2)
layout("contiguous NCHW to NHWC", (32, 64, 56, 56), lambda lib, a: a.permute(0, 2, 3, 1).contiguous(), 2)
layout("contiguous heads", (32, 128, 8, 64), lambda lib, a: a.transpose(1, 2).contiguous(), 2)
layout("clone", (2048, 2048), lambda lib, a: a.clone(), 2)
reduction("sum", (1 << 22,))
reduction("sum", (4096, 1024), dim=1)
reduction("sum", (4096, 1024), dim=0)
reduction("sum", (16, 64, 56, 56), dim=(0, 2, 3))
reduction("sum", (65536, 64), dim=1)
reduction("sum", (2048, 128), dim=1)
reduction("mean", (4096, 1024), dim=1)
reduction("mean", (8, 512, 7, 7), dim=(2, 3))
reduction("amax", (4096, 1024), dim=1)
reduction("amax", (65536, 64), dim=1)
reduction("amax", (2048, 128), dim=1)
reduction("argmax", (4096, 1024), dim=1)
for _shapes in ([(32, 16), (32,), (10, 32), (10,)], [(1024, 1024)] * 4):
    optimizer("SGD", _shapes, momentum=0.9)
    optimizer("Adam", _shapes)
