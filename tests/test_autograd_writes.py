"""What in-place writes, second passes and anomalies mean for autograd, program by program against PyTorch."""

from __future__ import annotations

import warnings

import pytest
import torch

import rushlight

BOTH = [rushlight, torch]


def outcome(case, m):
    """What the case returns, or the class of what it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return case(m)
    except Exception as error:
        return type(error)


def leaf(m, *values):
    return m.tensor(values or [1.0, 2.0, 3.0], requires_grad=True)


def multiplied_by_itself_in_place(m):
    y = leaf(m).sin()
    y.mul_(y)
    y.sum().backward()


def multiplied_by_a_part_of_itself_in_place(m):
    y = leaf(m).sin()
    y.mul_(y[1])
    y.sum().backward()


def added_to_itself_in_place(m):
    x = leaf(m)
    y = x.sin()
    y.add_(y)
    y.sum().backward()
    return [round(g, 5) for g in x.grad.tolist()]


def leaf_that_is_a_view(m):
    w = m.arange(6.0).reshape(2, 3).requires_grad_()
    w.add_(1)


def part_of_a_leaf_that_is_a_view(m):
    w = m.arange(6.0).reshape(2, 3).requires_grad_()
    w[0].add_(1)


def item_of_a_leaf_that_is_a_view(m):
    w = m.arange(6.0).reshape(2, 3).requires_grad_()
    w[0] = 1.0


def descent_on_a_leaf_that_is_a_view(m):
    w = m.arange(6.0).reshape(2, 3).requires_grad_()
    (w * w).sum().backward()
    with m.no_grad():
        w -= 0.5 * w.grad
    return w.is_leaf, w.requires_grad, w.tolist()


def own_output_modified(m):
    class Exp(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

    y = Exp.apply(leaf(m))
    y.add_(1)
    y.sum().backward()


def node_of_a_function(m):
    class Twice(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.factor = 2
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * ctx.factor

    x = leaf(m)
    y = Twice.apply(x)
    return y.grad_fn.factor, len(y.grad_fn.saved_tensors), y.grad_fn.saved_tensors[0].tolist()


def function_called_like_a_module(m):
    class Same(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

    Same()(leaf(m))


def sums_twice(m):
    x = leaf(m)
    y = (x + 2).sum() - x[0].view(1).sum()
    y.backward()
    y.backward()
    return x.grad.tolist()


def product_twice(m):
    y = (leaf(m) * 2).sum()
    y.backward()
    y.backward()


def parts_with_a_shared_sum(m):
    x, y = leaf(m), leaf(m)
    shared = x + y
    (shared * 2).sum().backward()
    (shared * shared).sum().backward()
    return x.grad.tolist(), y.grad.tolist()


def names(m):
    y = leaf(m) * 2
    y[0] = 1
    x = leaf(m)
    accumulate = (x * 2).grad_fn.next_functions[0][0]
    shown = repr(y.grad_fn).split(" ")[0], repr(accumulate).split(" ")[0], str(y)
    return y.grad_fn.name(), accumulate.name(), shown


def hooks_of_a_tensor(m):
    x = leaf(m)
    before = x._backward_hooks
    handle = x.register_hook(lambda g: g * 2)
    counts = [len(x._backward_hooks)]
    handle.remove()
    return before, counts, len(x._backward_hooks)


def gradient_of_a_recorded_gradient(m):
    x = m.tensor(3.0, requires_grad=True)
    (x**3).backward(create_graph=True)
    shown = str(x.grad)
    x.grad.sum().backward()
    return shown, str(x.grad)


def deviation_of_equal_values(m):
    x = m.ones(4, 3, requires_grad=True)
    (first,) = m.autograd.grad(x.std(0).sum() + x.std(), x, create_graph=True)
    return first.tolist()


@pytest.mark.parametrize(
    "case",
    [
        multiplied_by_itself_in_place,
        multiplied_by_a_part_of_itself_in_place,
        added_to_itself_in_place,
        leaf_that_is_a_view,
        part_of_a_leaf_that_is_a_view,
        item_of_a_leaf_that_is_a_view,
        descent_on_a_leaf_that_is_a_view,
        own_output_modified,
        node_of_a_function,
        function_called_like_a_module,
        sums_twice,
        product_twice,
        parts_with_a_shared_sum,
        names,
        hooks_of_a_tensor,
        gradient_of_a_recorded_gradient,
        deviation_of_equal_values,
    ],
    ids=lambda case: case.__name__,
)
def test_as_pytorch(case):
    assert outcome(case, rushlight) == outcome(case, torch)


@pytest.mark.parametrize("m", BOTH)
def test_grad_of_an_inner_tensor_warns(m):
    y = leaf(m) * 2
    with pytest.warns(UserWarning, match="not a leaf"):
        assert y.grad is None
    y.retain_grad()
    y.sum().backward()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert y.grad.tolist() == [1.0] * 3
        assert leaf(m).grad is None


@pytest.mark.parametrize("m", BOTH)
def test_anomalies(m):
    def nan(x):
        return (x.sqrt() * 0).sum()

    x = m.zeros(1, requires_grad=True)
    with pytest.warns(UserWarning), m.autograd.detect_anomaly():
        assert m.is_anomaly_enabled() and m.is_anomaly_check_nan_enabled()
        loss = nan(x)
        with (
            pytest.warns(UserWarning, match="in nan"),
            pytest.raises(RuntimeError, match="'SqrtBackward0' returned nan values in its 0th output"),
        ):
            loss.backward()
    assert not m.is_anomaly_enabled()
    with pytest.warns(UserWarning), m.autograd.detect_anomaly(check_nan=False):
        nan(x).backward()
    with m.autograd.set_detect_anomaly(True), pytest.warns(UserWarning), pytest.raises(RuntimeError, match="Sqrt"):
        nan(x).backward(create_graph=True)
    m.autograd.set_detect_anomaly(False)
    nan(x).backward()
    assert not m.is_anomaly_enabled() and x.grad.isnan().all()
