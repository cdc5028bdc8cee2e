"""Wrong index tensors, sources and dimensions: PyTorch's exception class, and its result where it takes them."""

from __future__ import annotations

import pytest
import torch

import rushlight

SELVES = [(3, 4), (3,), (), (0, 3), (2, 3, 4)]
SOURCES = [(3, 4), (3,), (), (1,), (2,), (2, 4), (3, 2), (1, 4), (0, 3), (4,), (2, 3, 4), (2, 1)]
INDICES = [(s, v, "int64") for s in [(), (1,), (2,), (2, 2), (0,), (3, 2), (2, 4)] for v in (0, -1, 9)]
INDICES += [((0,), 0, "float32"), ((2,), 0, "float32"), ((2,), 0, "int32"), ((2,), 0, "bool"), ((3, 2), 0, "float32")]

CALLS = {  # what to do with self, dim, index and source
    "gather": lambda x, d, i, y: x.gather(d, i),
    "index_select": lambda x, d, i, y: x.index_select(d, i),
    "scatter_number": lambda x, d, i, y: x.scatter_(d, i, 2.0),
    "scatter_": lambda x, d, i, y: x.scatter_(d, i, y),
    "scatter": lambda x, d, i, y: x.scatter(d, i, y, reduce="add"),
    "scatter_add": lambda x, d, i, y: x.scatter_add(d, i, y),
    "scatter_reduce_": lambda x, d, i, y: x.scatter_reduce_(d, i, y, "sum"),
    "index_add_": lambda x, d, i, y: x.index_add_(d, i, y),
    "index_copy_": lambda x, d, i, y: x.index_copy_(d, i, y),
    "index_reduce_": lambda x, d, i, y: x.index_reduce_(d, i, y, "prod"),
    "take_along_dim": lambda x, d, i, y: y.take_along_dim(i, d),
}
WITHOUT_SOURCE = {"gather", "index_select", "scatter_number"}


def outcome(m, call, shape, dim, index, source):
    """("ok", the result) or (exception class, message)."""
    sizes, value, dtype = index
    try:
        result = call(m.ones(shape), dim, m.full(sizes, value, dtype=getattr(m, dtype)), m.ones(source))
    except Exception as error:
        return type(error).__name__, str(error)
    return "ok", (tuple(result.shape), result.tolist())


@pytest.mark.filterwarnings("ignore:index_reduce")
@pytest.mark.parametrize("name", CALLS)
def test_every_combination(name):
    wrong, refused = [], 0
    for shape in SELVES:
        for dim in (0, 1):
            for index in INDICES:
                for source in SOURCES[:1] if name in WITHOUT_SOURCE else SOURCES:
                    theirs = outcome(torch, CALLS[name], shape, dim, index, source)
                    ours = outcome(rushlight, CALLS[name], shape, dim, index, source)
                    refused += theirs[0] != "ok"
                    if theirs[0] != ours[0] or (theirs[0] == "ok" and theirs[1] != ours[1]):
                        wrong.append(f"self {shape}, dim {dim}, index {index}, source {source}: {theirs}, ours {ours}")
    assert not wrong, "\n".join(wrong[:20])
    assert refused > 100


@pytest.mark.parametrize("index, source", [((), ()), ((1,), ()), ((2,), (2,))])
@pytest.mark.parametrize("shape", [(), (1,), (3,)])
def test_scatter_of_a_vector_and_a_number(shape, index, source):
    """0-d tensors stand for vectors of one element, gradients included."""
    if shape != (3,) and index == (2,):
        shape = (2,)
    grads = []
    for m in (torch, rushlight):
        x, y = m.ones(shape).requires_grad_(), m.full(source, 2.0).requires_grad_()
        for reduce in ("sum", "mean", "prod"):
            (x.scatter_reduce(0, m.zeros(index, dtype=m.int64), y, reduce) * 3).sum().backward()
        (x.scatter_add(0, m.zeros(index, dtype=m.int64), y) * 3).sum().backward()
        if index != (2,):
            (x.scatter(0, m.zeros(index, dtype=m.int64), y) * 3).sum().backward()
        grads.append((x.grad.tolist(), y.grad.tolist()))
    assert grads[0] == grads[1]
