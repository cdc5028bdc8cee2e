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
    if result is NotImplemented:
        return result
    history = type(result.grad_fn).__name__
    if result.requires_grad and not result.is_complex():
        leaf = result
        while leaf is not None and leaf._node is not None:
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
def test_squeeze_expand_size(kind):
    for dim in DIMS:
        agree(TENSORS[kind], rl.Tensor.squeeze, (dim,))
    for sizes in [
        (),
        (3, 4),
        (2, 3, 4),
        (2, -1, -1),
        (-1, 3, 4),
        (3, -1),
        ((3, 4),),
        (5, 5),
        (-2, 3),
        (2.0, 3, 4),
        (0,),
    ]:
        agree(TENSORS[kind], rl.Tensor.expand, sizes)
    x = TENSORS[kind]()
    for dim in DIMS:
        results = []
        for function in (rl.Tensor.size, rl.Tensor.size.__wrapped__):
            try:
                results.append(function(x, dim))
            except Exception as error:
                results.append((type(error), str(error)))
        assert results[0] == results[1], dim
    assert type(x.shape) is rl.Size and x.shape == tuple(x._array.shape) == x.size()
    if x.ndim == 2:
        assert x.T.tolist() == rl.transpose(x, 0, 1).tolist() and x.T._is_view()
        assert type(x.T.grad_fn) is type(rl.permute(x, (1, 0)).grad_fn)


def test_cat():
    a, b = rl.arange(6.0).reshape(2, 3), rl.ones(1, 3)
    lists = [[a, b], (a, b, a), [a], [a, b.double()], [a, rl.zeros(0)], [a.t(), b.t()], [a, rl.ones(2, 2)], [], [a, 1],
             [rl.zeros(0), rl.zeros(0)], [a[:, ::2], a[:, :2]], [rl.tensor(1.0)], a, [rl.ones(0, 3), a]]  # fmt: skip
    leaf = rl.ones(2, 3, requires_grad=True)
    for tensors, args in itertools.product(
        [*lists, [leaf, a], [a, leaf]], [(), (0,), (1,), (-1,), (-2,), (2,), (1.0,)]
    ):
        call = functools.partial(outcome_of, args=(tensors, *args))
        leaf.grad = None
        first, leaf.grad, gradient = call(rl.cat), None, leaf.grad
        assert first == call(rl.cat.__wrapped__), (tensors, args)
        assert (gradient is None) == (leaf.grad is None)


VALUES = [0.5, 2, True, 1e39, float("nan"), 1 << 40, None, "a", 1j, lambda: rl.ones(3, 4), lambda: rl.ones(4) * 3,
          lambda: rl.ones(2, 2, 3, dtype=rl.int64), lambda: rl.tensor(2.0), lambda: rl.ones(3, 4, dtype=rl.float64),
          lambda: rl.ones(3, 4, requires_grad=True), lambda: rl.ones(5, 3, 4), lambda: rl.tensor(3)]  # fmt: skip
BASES = {
    **TENSORS,
    "view of a leaf": lambda: rl.ones(3, 4, requires_grad=True)[1:],
    "view of a history": lambda: (rl.ones(3, 4, requires_grad=True) * 2)[1:],
    "doubles": lambda: rl.arange(12.0, dtype=rl.float64).reshape(3, 4),
    "halves": lambda: rl.arange(12.0).reshape(3, 4).half(),
    "longs": lambda: rl.arange(12).reshape(3, 4),
}


def agree_in_place(make, function, args, *, grad=True):
    results = []
    for run in (function, function.__wrapped__):
        x = make()
        given = [a() if callable(a) else a for a in args]
        with rl.set_grad_enabled(grad):
            found = outcome(lambda x=x, f=run, given=given: (f(x, *given), x if grad else x.detach())[1])
        results.append((repr(found), x._version, repr(x.detach().tolist()), str(x.dtype)))
    assert results[0] == results[1], args


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("kind", BASES)
def test_in_place(kind, grad):
    for name, value in itertools.product(("add_", "sub_", "mul_", "div_", "pow_", "fill_", "copy_"), VALUES):
        agree_in_place(BASES[kind], getattr(rl.Tensor, name), (value,), grad=grad)
    for name in ("zero_", "exp_", "sqrt_", "neg_", "relu_"):
        agree_in_place(BASES[kind], getattr(rl.Tensor, name), (), grad=grad)


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("kind", BASES)
def test_setitem(kind, grad):
    from rushlight.ops.index import setitem

    keys = [*INDICES, lambda: rl.ones(3, 4) > 0, lambda: rl.tensor([True, False, True]), lambda: rl.tensor([0, 1])]
    for key, value in itertools.product(keys, VALUES[:9] + [VALUES[12], VALUES[10]]):
        agree_in_place(BASES[kind], setitem, (key, value), grad=grad)


def test_writes_to_a_view_reach_its_base():
    base = rl.zeros(3, 4)
    view = base[1]
    view += 1
    view[2] = 5
    view.mul_(2)
    assert base[1].tolist() == [2, 2, 10, 2] and base._version == view._version == 3
    x = rl.ones(3, requires_grad=True)
    y = x * 1
    kept = y * y
    with rl.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        kept.sum().backward()
    shared = rl.arange(5.0)
    shared[1:].copy_(shared[:-1])
    assert shared.tolist() == [0, 0, 1, 2, 3]


@pytest.mark.parametrize("kind", TENSORS)
def test_binary(kind):
    operators = {
        "add": rl.Tensor.__add__,
        "__lt__": rl.Tensor.__lt__,
        "__eq__": rl.Tensor.__eq__,
        "__pow__": rl.Tensor.__pow__,
    }
    functions = [rl.add, rl.sub, rl.mul, rl.div, rl.pow, rl.lt, rl.eq, rl.fmod, rl.remainder]
    functions += [f for name, f in operators.items() if name != "add"]
    for function, value in itertools.product(functions, VALUES):
        results = []
        for run in (function, function.__wrapped__):
            x = TENSORS[kind]()
            given = value() if callable(value) else value
            results.append(repr(outcome(lambda x=x, f=run, given=given: f(x, given))))
        assert results[0] == results[1], (function, value)


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
