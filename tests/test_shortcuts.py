"""Functions with a native shortcut (native/runtime/shortcuts.cpp) against the Python functions they stand for."""

from __future__ import annotations

import functools
import itertools
import pickle

import pytest

import rushlight as rl
from rushlight import nn
from rushlight.ops import addmm
from rushlight.ops.index import getitem

TENSORS = {
    "scalar": lambda: rl.tensor(2.0),
    "vector": lambda: rl.arange(6.0),
    "matrix": lambda: rl.arange(12.0).reshape(3, 4),
    "turned": lambda: rl.arange(12.0).reshape(3, 4).t(),
    "sliced": lambda: rl.arange(24.0).reshape(2, 3, 4)[:, 1:],
    "expanded": lambda: rl.ones(3, 1).expand(3, 4),
    "empty": lambda: rl.zeros(0, 3),
    "ints": lambda: rl.arange(12).reshape(2, 2, 3),
    "recorded": lambda: rl.arange(12.0).reshape(3, 4).requires_grad_(),
    "leaf": lambda: nn.Parameter(rl.ones(3, 4)),
}
SIZES = [(), (12,), (-1,), (3, 4), (4, -1), (2, -1, 3), ((6,),), ([4, 3],), (rl.Size([2, 6]),), (0, -1), (-1, -1),
         (-2,), (6.0,), (True, 12), (1 << 62, 4), (1 << 70,), (0,), (1, 0, 3), (rl.tensor(12),)]  # fmt: skip
DIMS = [0, 1, -1, 2, -2, 5, -7, 1.0, True, None, 1 << 70]
INDICES = [0, -1, 2, 7, -9, None, ..., True, slice(None), slice(1, None), slice(None, -1), slice(5, 2), slice(1 << 70),
           slice(0, 3, 2), slice(None, None, -1), slice(1.0), (), (0, 1), (slice(None), 1), (..., 0), (None, 0, None),
           (slice(1, 3), slice(None, 2)), (0, 0, 0, 0), (..., ...), (slice(None), slice(None)), (1, ..., slice(0, 1)),
           (0, 9), [0, 1], (rl.tensor([0, 1]), 0), 1.5, "a", (slice(None), None, -1)]  # fmt: skip


def outcome(call):
    """Value, layout and history of a result; class and message of an error."""
    try:
        result = call()
    except Exception as error:
        return type(error).__name__, str(error)
    history = type(result.grad_fn).__name__
    if result.requires_grad:
        leaf = result
        while leaf._node is not None:
            leaf = leaf._node.next[0]
            if hasattr(leaf, "next"):
                history += " " + type(leaf).__name__
                break
        result.sum().backward()
    return (
        type(result).__name__,
        tuple(result.shape),
        result.stride(),
        result.tolist(),
        history,
        result._is_view(),
    )


def outcome_of(function, args):
    return outcome(lambda: function(*args))


def agree(make, shortcut, args):
    results = []
    for function in (shortcut, shortcut.__wrapped__):
        x = make()
        found = outcome(lambda x=x, f=function: f(x, *args))
        results.append((found, None if x.grad is None else x.grad.tolist(), x._cell))
    assert results[0] == results[1], args


@pytest.mark.parametrize("kind", TENSORS)
@pytest.mark.parametrize("name", ["view", "reshape"])
def test_sizes(kind, name):
    for args in SIZES:
        agree(TENSORS[kind], getattr(rl.Tensor, name), args)


@pytest.mark.parametrize("kind", TENSORS)
def test_dimensions(kind):
    for dim in DIMS:
        agree(TENSORS[kind], rl.Tensor.unsqueeze, (dim,))
    for pair in itertools.product(DIMS, repeat=2):
        agree(TENSORS[kind], rl.Tensor.transpose, pair)
    for order in [(), (0,), (0, 1), (1, 0), (1, -2), (0, 0), ((1, 0),), ([2, 0, 1],), (2, 1, 0), (0, 5), (1.0, 0)]:
        agree(TENSORS[kind], rl.Tensor.permute, order)
    for args in [(), (0,), (1,), (0, 1), (5,)]:
        agree(TENSORS[kind], rl.Tensor.flatten, args)


@pytest.mark.parametrize("kind", TENSORS)
@pytest.mark.parametrize("position", range(len(INDICES)))
def test_indices(kind, position):
    agree(TENSORS[kind], getitem, (INDICES[position],))


@pytest.mark.parametrize("dtype", [rl.float32, rl.float64, rl.bfloat16, rl.int64])
def test_linear(dtype):
    def make(*sizes):
        return rl.arange(rl.Size(sizes).numel()).reshape(sizes).to(dtype)

    inputs = [make(2, 3), make(3), make(2, 2, 3), make(4, 3).t(), make(0, 3), make(2, 4)]
    weights = [make(4, 3), make(3, 4).t(), make(3), make(2, 2, 3), rl.ones(4, 3, dtype=rl.float32), 5]
    biases = [(), (None,), (make(4),), (make(1),), (make(2, 4),), (rl.ones(4, dtype=rl.float64),), (1.0,), (None, 1)]
    for x, w, b in itertools.product(inputs, weights, biases):
        call = functools.partial(outcome_of, args=(x, w, *b))
        assert call(addmm.linear) == call(addmm.linear.__wrapped__), (x.shape, w, b)


def test_history_of_linear():
    w, b = rl.ones(4, 3, requires_grad=True), rl.ones(4, requires_grad=True)
    assert type(addmm.linear(rl.ones(2, 3), w, b).grad_fn).__name__ == "AddmmBackward0"
    assert type(addmm.linear(rl.ones(2, 3), w).grad_fn).__name__ == "MmBackward0"
    with rl.no_grad():
        assert addmm.linear(rl.ones(2, 3), w, b).grad_fn is None


def test_are_functions():
    assert rl.Tensor.view.__name__ == "view" and rl.reshape.__doc__
    assert rl.ones(4).view.__func__ is rl.Tensor.view
    assert pickle.loads(pickle.dumps(rl.reshape)) is rl.reshape

    class Own(rl.Tensor):
        def view(self, *sizes):
            return "mine"

        def __getitem__(self, key):
            return key

    own = rl.ones(4).as_subclass(Own) if hasattr(rl.Tensor, "as_subclass") else Own(4)
    assert own.view(4) == "mine" and own[3] == 3


def test_bad_shortcuts():
    with pytest.raises(ValueError, match="no such kind"):
        rl.engine.Shortcut("nothing", len, None)
    with pytest.raises(TypeError, match="needs its ops"):
        rl.engine.Shortcut("view", len, None)
    with pytest.raises(TypeError):
        rl.Tensor.view()
