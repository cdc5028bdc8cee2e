"""Random numbers: filling a million elements, a whole dropout, and a small draw."""

from __future__ import annotations

from .measure import Row

ROWS: list[Row] = []
COUNT = 1_000_000


def refill(name, call, dtype="float32"):
    """A method that overwrites a tensor of COUNT elements."""

    def prepare(lib):
        x = lib.empty(COUNT, dtype=getattr(lib, dtype))
        return lambda: call(x)

    width = {"float32": 4, "float64": 8, "int64": 8}[dtype]
    ROWS.append(Row(f"{name} {dtype}", prepare, bytes=float(width * COUNT), dtype=dtype))


def function(name, call):
    """A function of the library that draws."""
    ROWS.append(Row(name, lambda lib: lambda: call(lib)))


refill("uniform_", lambda x: x.uniform_(-1, 1))
refill("uniform_", lambda x: x.uniform_(-1, 1), "float64")
refill("normal_", lambda x: x.normal_())
refill("normal_", lambda x: x.normal_(), "float64")
refill("bernoulli_", lambda x: x.bernoulli_(0.5))
refill("exponential_", lambda x: x.exponential_())
refill("random_ 0..9", lambda x: x.random_(0, 10), "int64")
function("randperm 1e6", lambda lib: lib.randperm(COUNT))
function("randperm 100", lambda lib: lib.randperm(100))
function("randn 4x4", lambda lib: lib.randn(4, 4))


def dropout(*shape):
    """F.dropout of a plain tensor."""

    def prepare(lib):
        x = lib.rand(*shape)
        call = lib.nn.functional.dropout
        return lambda: call(x, 0.5)

    ROWS.append(Row(f"dropout {'x'.join(map(str, shape))}", prepare))


dropout(1000, 1000)
dropout(64, 128)
