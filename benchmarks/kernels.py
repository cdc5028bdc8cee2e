"""One row per kernel: the public call around it, on tensors that need no gradient."""

from __future__ import annotations

from .measure import Row

ROWS: list[Row] = []


def matmul(m, n, k, left="N", right="N", dtype="float32"):
    """(m, k) @ (k, n); T: that operand is a transposed view."""

    def prepare(lib):
        a = lib.randn(k, m).t() if left == "T" else lib.randn(m, k)
        b = lib.randn(n, k).t() if right == "T" else lib.randn(k, n)
        a, b = a.to(getattr(lib, dtype)), b.to(getattr(lib, dtype))
        return lambda: lib.matmul(a, b)

    name = f"matmul {m}x{k} {k}x{n} {left}{right}" + ("" if dtype == "float32" else f" {dtype}")
    ROWS.append(Row(name, prepare, flops=2.0 * m * n * k, dtype=dtype))


def linear(rows, inputs, outputs):
    """F.linear with a bias."""

    def prepare(lib):
        x, w, b = lib.randn(rows, inputs), lib.randn(outputs, inputs), lib.randn(outputs)
        call = lib.nn.functional.linear
        return lambda: call(x, w, b)

    ROWS.append(Row(f"linear {rows}x{inputs} -> {outputs}", prepare, flops=2.0 * rows * inputs * outputs))


def bmm(batch, m, n, k):
    """Batched product."""

    def prepare(lib):
        a, b = lib.randn(batch, m, k), lib.randn(batch, k, n)
        return lambda: lib.bmm(a, b)

    ROWS.append(Row(f"bmm {batch}x{m}x{k} {k}x{n}", prepare, flops=2.0 * batch * m * n * k))


for _size in (16, 32, 64, 128, 256, 512, 1024):
    matmul(_size, _size, _size)
matmul(512, 512, 512, "N", "T")
matmul(512, 512, 512, "T", "N")
matmul(256, 256, 256, dtype="float64")
matmul(512, 512, 512, dtype="float64")
for _rows, _inputs, _outputs in [
    (128, 784, 512),
    (2048, 256, 1024),
    (32, 256, 1024),
    (128, 512, 10),
    (8, 512, 512),
    (1, 512, 512),
]:
    linear(_rows, _inputs, _outputs)
matmul(512, 784, 128, "T", "N")
bmm(64, 32, 32, 64)
bmm(16, 128, 64, 128)
