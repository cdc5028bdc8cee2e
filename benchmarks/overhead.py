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
