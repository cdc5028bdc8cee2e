"""Subclasses of Tensor and Parameter: what they are made of, and which results keep the class."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

import rushlight

BOTH = [rushlight, torch]


def marked(m):
    class Marked(m.Tensor):
        def tag(self):
            return "tag"

    return Marked


def named(m):
    class Named(m.Tensor):
        @staticmethod
        def __new__(cls, x, name="", *args, **kwargs):
            return super().__new__(cls, x, *args, **kwargs)

        def __init__(self, x, name=""):
            self.label = name

    return Named


def classes(m):
    """The class names of results, by how they came about."""
    F = m.nn.functional
    plain = m.ones(2, 2)
    x = plain.as_subclass(marked(m))
    index, mask = m.tensor([0]), plain > 0
    y = m.ones(2, 2).as_subclass(marked(m)).requires_grad_()
    (y * y).sum().backward()
    written = x.clone()
    written[0] = 3.0
    results = [
        x, x + 1, 1 - x, x * x, plain + x, x @ x, x / plain, -x, x**2, x > 0, x[0], x[..., None], x[index], x[mask],
        x.sum(), x.mean(0), x.relu(), m.relu(x), F.softmax(x, 1), F.linear(x, plain), m.cat([x, plain]), m.stack([x]),
        x.view(-1), x.t(), x.T, x.reshape(4), x.expand(3, 2, 2), x.clone(), x.detach(), x.data, x.float(), x.double(),
        x.max(1).values, x.split(1)[0], x.unbind()[1], x.chunk(2)[1], x.std(), x.add_(1), written, y * 2,
        m.zeros_like(x), m.full_like(x, 2), m.rand_like(x), m.nn.Linear(2, 2)(x), copy.copy(x),
        m.nn.Parameter(m.ones(2)) * 2, m.nn.Parameter(m.ones(2)).data, m.nn.Parameter(m.ones(2)).clone(),
        m.nn.Parameter(m.ones(2)) + x,
    ]  # fmt: skip
    return [type(r).__name__ for r in results] + [repr(x), x.tag(), (x + 1).tag(), isinstance(x, m.Tensor)]


def test_results_keep_the_class():
    assert classes(rushlight) == classes(torch)


@pytest.mark.parametrize("m", BOTH)
def test_making(m):
    cls = marked(m)
    x = cls([1.0, 2.0])
    assert type(x) is cls and x.tolist() == [1.0, 2.0] and type(cls(2, 3)) is cls and cls(2, 3).shape == (2, 3)
    made = m.Tensor._make_subclass(cls, m.ones(2), True)
    assert type(made) is cls and made.requires_grad and made.is_leaf
    labelled = named(m)(m.ones(2), "first")
    assert labelled.label == "first" and type(labelled + 1).__name__ == "Named"
    base = m.ones(2, requires_grad=True)
    view = base.as_subclass(cls)
    (view * 3).sum().backward()
    assert base.grad.tolist() == [3.0, 3.0] and view.data_ptr() == base.data_ptr()
    with pytest.raises((TypeError, RuntimeError)):
        base.as_subclass(int)


@pytest.mark.parametrize("m", BOTH)
def test_subclass_of_parameter(m):
    class Weight(m.nn.Parameter):
        pass

    layer = m.nn.Module()
    layer.w = Weight(m.ones(2))
    assert list(layer.state_dict()) == ["w"] and type(copy.deepcopy(layer).w) is Weight
    assert isinstance(layer.w, m.nn.Parameter) and layer.w.requires_grad
    of_subclass = m.nn.Parameter(m.ones(2).as_subclass(marked(m)))
    assert isinstance(of_subclass, m.nn.Parameter) and of_subclass.requires_grad
    assert type(of_subclass).__name__ == "Marked"


@pytest.mark.parametrize("m", BOTH)
def test_classes_print_as_pytorchs(m):
    x = m.ones(2)
    assert [str(type(o)) for o in (x, x.dtype, x.device, x.shape)] == [
        "<class 'torch.Tensor'>",
        "<class 'torch.dtype'>",
        "<class 'torch.device'>",
        "<class 'torch.Size'>",
    ]
    assert m.typename(x) == "torch.FloatTensor" and m.typename(1) == "int"
    for thing in (x.dtype, m.device("cuda", 1), x.shape):
        assert pickle.loads(pickle.dumps(thing)) == thing and copy.deepcopy(thing) == thing


@pytest.mark.parametrize("m", BOTH)
def test_odds_and_ends_of_tensors(m):
    a = m.arange(6.0).reshape(2, 3)
    assert not hasattr(a, "names")
    assert a.broadcast_to(2, 2, 3).shape == a.broadcast_to((2, 2, 3)).shape == (2, 2, 3)
    assert reversed(a).tolist() == [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]] and reversed(m.tensor(1)).tolist() == 1
    part = a.t()[1:]
    assert part.apply_(lambda v: v + 1) is part and a.tolist() == [[0.0, 2.0, 3.0], [3.0, 5.0, 6.0]]
    for convert in (int, float, complex):
        assert convert(m.ones(1, 1)) == 1
        for wrong in (m.ones(2), m.ones(0)):
            with pytest.raises(ValueError, match="only one element"):
                convert(wrong)


WARNED = [
    lambda m: m.ones(2, 2, 2).T,
    lambda m: m.ones(2).T,
    lambda m: m.meshgrid(m.ones(2), m.ones(2)),
    lambda m: m.ones(1).std(),
    lambda m: m.ones(1, 3).var(0),
    lambda m: m.ones(2)[m.tensor([1, 0], dtype=m.uint8)],
    lambda m: (m.ones(1, requires_grad=True) ** 2).sum().backward(create_graph=True),
    lambda m: m.ones(2, 2)[[[0], [1]]],
]


@pytest.mark.parametrize("case", WARNED)
@pytest.mark.parametrize("m", BOTH)
def test_warnings(m, case):
    if m is torch:
        previous = torch.is_warn_always_enabled()
        torch.set_warn_always(True)
    try:
        with pytest.warns(UserWarning) as found:
            case(m)
    finally:
        if m is torch:
            torch.set_warn_always(previous)
    if m is rushlight:
        assert [w.filename for w in found] == [__file__]
