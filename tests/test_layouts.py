"""Memory formats: in which order results lie in memory, compared with PyTorch call by call and layout by layout."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import layout_table as table
import numpy as np
import pytest
import torch
from layout_table import last

import rushlight

GROUPS = {
    "unary": (table.UNARY, [(layout,) for layout in table.ALL]),
    "shaped": (table.SHAPED, [(layout,) for layout in table.ALL]),
    "matrix": (table.MATRIX, [(layout,) for layout in table.MATRICES]),
    "image": (table.IMAGE, [(layout,) for layout in table.IMAGES + table.ONES + table.EMPTY]),
    "volume": (table.VOLUME, [(layout,) for layout in table.VOLUMES]),
    "binary": (table.BINARY, table.PAIRS),
}
# Where the order differs although one could wish it did not: none of them makes a copy that PyTorch saves.
KEEP_ORDER = {  # PyTorch gives the usual order, rushlight the input's
    "unary": {"masked-fill", "logsigmoid"},
    "shaped": {"scatter", "roll"},
    "volume": {"avg-pool", "adaptive-avg-pool", "adaptive-max-pool"},
    "binary": {"masked-fill", "bce"},
}
USUAL_ORDER = {  # PyTorch keeps an order that indexing or a product happens to leave, rushlight gives the usual one
    "shaped": {"index-list"},
    "matrix": {"einsum"},
    "image": {"index-images", "mask-images", "index-channels"},
    "binary": {"stack"},
}
CALLS = [pytest.param(group, name, id=f"{group}-{name}") for group in GROUPS for name in GROUPS[group][0]]


def flat(result) -> list:
    if isinstance(result, (tuple, list)):
        return [t for part in result for t in flat(part)]
    return [result]


def outcome(m, call, layouts):
    """Shapes and strides of the results, None for an error. Of sizes of 1 the stride says nothing about memory."""
    m.manual_seed(0)
    tensors = [layout.make(m, seed=i) for i, layout in enumerate(layouts)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            results = flat(call(m, *tensors))
        except (RuntimeError, IndexError, ValueError, TypeError):
            return None
    return [(tuple(t.shape), tuple(s for s, n in zip(t.stride(), t.shape) if n != 1)) for t in results]


@pytest.mark.parametrize(("group", "name"), CALLS)
def test_strides(group, name):
    """Results lie in memory as PyTorch's do, whatever the layout of the inputs."""
    calls, layouts = GROUPS[group]
    differs = name in KEEP_ORDER.get(group, ()) or name in USUAL_ORDER.get(group, ())
    wrong = []
    for inputs in layouts:
        if any(0 in layout.shape for layout in inputs):
            continue  # nothing lies in memory
        ours, theirs = outcome(rushlight, calls[name], inputs), outcome(torch, calls[name], inputs)
        if ours != theirs and theirs is not None and inputs[0].shape:
            wrong.append(("/".join(layout.name for layout in inputs), ours, theirs))
        if differs and ours is not None and theirs is not None:
            assert [shape for shape, _ in ours] == [shape for shape, _ in theirs]
    assert bool(wrong) == differs, f"{len(wrong)} of {len(layouts)} layouts: {wrong[:5]}"


FORMATS = ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")
CONVERSIONS = {
    "contiguous": lambda m, x, f: x.contiguous(memory_format=f),
    "clone": lambda m, x, f: x.clone(memory_format=f),
    "to": lambda m, x, f: x.to(memory_format=f),
    "to-dtype": lambda m, x, f: x.to(m.float64, memory_format=f),
    "double": lambda m, x, f: x.double(memory_format=f),
    "type": lambda m, x, f: x.type(m.int64, memory_format=f),
    "cpu": lambda m, x, f: x.cpu(memory_format=f),
    "zeros_like": lambda m, x, f: m.zeros_like(x, memory_format=f),
    "full_like": lambda m, x, f: m.full_like(x, 2, memory_format=f),
    "rand_like": lambda m, x, f: m.rand_like(x, memory_format=f),
    "empty": lambda m, x, f: m.empty(x.shape, memory_format=f),
    "resize_": lambda m, x, f: m.empty(x.shape).resize_(x.shape, memory_format=f),
    "resize_as_": lambda m, x, f: m.empty(0).resize_as_(x, memory_format=f),
    "is_contiguous": lambda m, x, f: x.is_contiguous(memory_format=f),
    "module": lambda m, x, f: m.nn.Conv2d(2, 3, 3).to(memory_format=f).weight,
    "wrong type": lambda m, x, f: x.clone(memory_format="channels_last"),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_formats(name):
    """Every format on every rank: the strides, or the exception class."""
    for format_name in FORMATS:
        for layout in table.MATRICES[:2] + table.CUBES[:3] + table.IMAGES + table.ONES + table.VOLUMES:
            found = []
            for m in (rushlight, torch):
                try:
                    x = CONVERSIONS[name](m, layout.make(m), getattr(m, format_name))
                    found.append(x if isinstance(x, bool) else x.stride())
                except Exception as error:
                    found.append(type(error).__name__)
            assert found[0] == found[1], (format_name, layout.name)


def test_values_survive():
    for layout in table.ALL:
        x, y = layout.make(rushlight), layout.make(torch)
        np.testing.assert_array_equal(x.clone().numpy(), y.numpy())
        np.testing.assert_array_equal(copy.deepcopy(x).numpy(), y.numpy())
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(x)).numpy(), y.numpy())
        if x.dim() == 4:
            np.testing.assert_array_equal(x.to(memory_format=rushlight.channels_last).numpy(), y.numpy())


def test_gradients_lie_like_their_leaves():
    def grads(m):
        found = []
        for move in (lambda m, x: x, last, lambda m, x: x[:, :, :, ::2], table.ordered(2, 3, 1, 0)):
            for create_graph in (False, True):
                x = move(m, m.ones(2, 3, 4, 6)).requires_grad_()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    (x * last(m, m.ones(tuple(x.shape)))).sum().backward(create_graph=create_graph)
                found.append(x.grad.stride())
        matrix = m.ones(4, 3).t().requires_grad_()
        matrix.backward(m.ones(3, 4))
        matrix.backward(m.ones(3, 4))
        return [*found, matrix.grad.stride()]

    assert grads(rushlight) == grads(torch)


def test_modules_keep_their_format():
    def strides(m):
        conv = m.nn.Conv2d(3, 4, 3).to(memory_format=m.channels_last)
        usual = m.nn.Conv2d(3, 4, 3)
        usual.load_state_dict(conv.state_dict())
        file = io.BytesIO()
        m.save(conv.state_dict(), file)
        file.seek(0)
        optimizer = m.optim.Adam(conv.parameters())
        conv(m.ones(1, 3, 5, 5)).sum().backward()
        optimizer.step()
        moment = optimizer.state[conv.weight]["exp_avg"]
        kept = [conv.weight, usual.weight, m.load(file)["weight"], conv.weight.grad, moment, conv.double().weight]
        return [t.stride() for t in kept]

    assert strides(rushlight) == strides(torch)


GEOMETRIES = [
    {},
    {"padding": 1},
    {"padding": 2, "stride": 2},
    {"padding": (0, 1), "dilation": 2},
    {"padding": 3, "stride": (1, 2)},
    {"groups": 2, "padding": 1},
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("channels", [(4, 6), (34, 40), (64, 16)], ids=str)
def test_convolutions(channels, geometry):
    """Values and gradients of convolutions of channels-last images: those of contiguous ones in double precision."""
    rng = np.random.default_rng(0)
    for size in ((9, 7), (5, 30)):
        x = rng.standard_normal((3, channels[0], *size))
        w = rng.standard_normal((channels[1], channels[0] // geometry.get("groups", 1), 3, 3))
        bias = rng.standard_normal(channels[1])
        leaves = [torch.tensor(v, requires_grad=True) for v in (x, w, bias)]
        if geometry.get("padding", 0) == 0 and size[0] < 3:
            continue
        expected = torch.nn.functional.conv2d(*leaves, **geometry)
        g = rng.standard_normal(tuple(expected.shape))
        expected.backward(torch.tensor(g))
        for dtype, bound in (("float32", 2e-5), ("float64", 1e-12)):
            ours = [rushlight.tensor(v.astype(dtype)) for v in (x, w, bias)]
            ours[0] = ours[0].to(memory_format=rushlight.channels_last)
            for t in ours:
                t.requires_grad_()
            y = rushlight.nn.functional.conv2d(*ours, **geometry)
            assert y.is_contiguous(memory_format=rushlight.channels_last)
            y.backward(rushlight.tensor(g.astype(dtype)).to(memory_format=rushlight.channels_last))
            for a, b in zip((y.detach(), *[t.grad for t in ours]), (expected.detach(), *[t.grad for t in leaves])):
                np.testing.assert_allclose(a.numpy(), b.numpy(), atol=bound * max(1.0, float(b.abs().max())), rtol=0)


@pytest.mark.parametrize("shape", [(2, 3, 9, 8), (3, 40, 24, 24), (2, 16, 1, 5)], ids=str)
def test_norms_and_pools(shape):
    """The channels-last kernels of normalisation and pooling against those of the usual order, gradients included."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal(shape).astype("float32")
    functional = rushlight.nn.functional
    for call in (
        lambda x: functional.batch_norm(x, None, None, training=True),
        lambda x: functional.batch_norm(x, rushlight.zeros(shape[1]), rushlight.ones(shape[1])),
        lambda x: functional.max_pool2d(x, 3, 2, 1),
        lambda x: functional.max_pool2d(x, (1, 2)),
        lambda x: functional.avg_pool2d(x, 3, 2, 1),
        lambda x: functional.avg_pool2d(x, (1, 2), count_include_pad=False),
        lambda x: functional.adaptive_avg_pool2d(x, (1, 3)),
        lambda x: functional.adaptive_max_pool2d(x, (1, 3)),
        lambda x: functional.group_norm(x, 1),
    ):
        found = []
        for order in (rushlight.contiguous_format, rushlight.channels_last):
            x = rushlight.tensor(values).to(memory_format=order).requires_grad_()
            y = call(x)
            weight = rushlight.tensor(np.random.default_rng(1).standard_normal(tuple(y.shape)).astype("float32"))
            (y * weight).sum().backward()
            found.append((y.detach().numpy(), x.grad.numpy()))
        for a, b in zip(*found):
            np.testing.assert_allclose(a, b, atol=5e-5)
