"""What a call costs when the arrays hardly matter: 4x4 tensors."""

from __future__ import annotations

from .measure import Row

ROWS: list[Row] = []


def row(name):
    """Register a function prepare(lib) -> call."""

    def register(prepare):
        ROWS.append(Row(name, prepare))
        return prepare

    return register


@row("add 4x4")
def _add(lib):
    a, b = lib.randn(4, 4), lib.randn(4, 4)
    return lambda: a + b


@row("add 4x4, recorded")
def _add_recorded(lib):
    a, b = lib.randn(4, 4, requires_grad=True), lib.randn(4, 4)
    return lambda: a + b


@row("matmul 4x4")
def _matmul(lib):
    a, b = lib.randn(4, 4), lib.randn(4, 4)
    return lambda: a @ b


@row("matmul 4x4, recorded")
def _matmul_recorded(lib):
    a, b = lib.randn(4, 4, requires_grad=True), lib.randn(4, 4)
    return lambda: a @ b


@row("linear + sum + backward")
def _linear_backward(lib):
    x, w, b = lib.randn(4, 4), lib.randn(4, 4, requires_grad=True), lib.randn(4, requires_grad=True)
    linear = lib.nn.functional.linear

    def call():
        w.grad = b.grad = None
        linear(x, w, b).sum().backward()

    return call


@row("view 4x4")
def _view(lib):
    a = lib.randn(4, 4)
    return lambda: a.view(2, 8)


@row("transpose 4x4")
def _transpose(lib):
    a = lib.randn(4, 4)
    return lambda: a.transpose(0, 1)


@row("x[0] of 4x4")
def _index(lib):
    a = lib.randn(4, 4)
    return lambda: a[0]


@row("x[:, 1] of 4x4, recorded")
def _index_recorded(lib):
    a = lib.randn(4, 4, requires_grad=True)
    return lambda: a[:, 1]


@row("nn.ReLU()(x), 4x4")
def _relu_module(lib):
    layer, x = lib.nn.ReLU(), lib.randn(4, 4)
    return lambda: layer(x)


@row("nn.Linear(4, 4)(x) under no_grad")
def _linear_module(lib):
    layer, x = lib.nn.Linear(4, 4), lib.randn(4, 4)

    def call():
        with lib.no_grad():
            layer(x)

    return call


@row("chain of 10 ops + sum + backward")
def _chain_backward(lib):
    x, a, b = lib.randn(4, 4, requires_grad=True), lib.randn(4, 4), lib.randn(4, 4)

    def call():
        x.grad = None
        y = x
        for _ in range(5):
            y = y * a + b
        y.sum().backward()

    return call


@row("Adam.step, MLP of 1k parameters")
def _adam_step(lib):
    net = lib.nn.Sequential(lib.nn.Linear(16, 48), lib.nn.ReLU(), lib.nn.Linear(48, 4))
    optimizer = lib.optim.Adam(net.parameters())
    for parameter in net.parameters():
        parameter.grad = lib.ones_like(parameter)
    return optimizer.step
