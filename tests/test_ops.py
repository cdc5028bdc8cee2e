"""Generic checks over all cases of tests/cases: values, gradients to second order, layouts, errors, against PyTorch."""

from __future__ import annotations

import re
import zlib

import numpy as np
import pytest
import torch
from cases import OpCase, S, all_cases
from tolerance import assert_close

import rushlight

CASES = all_cases()
SAMPLES = [pytest.param(case, sample, id=f"{case.name}-{sample!r}") for case in CASES for sample in case.samples]
DIFFERENTIABLE = [p for p in SAMPLES if p.values[0].grad_order >= 1]
TWICE = [p for p in SAMPLES if p.values[0].grad_order >= 2]
ERRORS = [pytest.param(case, error, id=f"{case.name}-{i}") for case in CASES for i, error in enumerate(case.errors)]


def arrays(case: OpCase, sample: S, dtype: str) -> list[np.ndarray]:
    rng = np.random.default_rng(zlib.crc32(f"{case.name}{sample!r}".encode()))
    return [t.draw(rng, dtype) for t in sample.tensors]


def tensors(m, values, requires_grad=False):
    made = [m.tensor(v) for v in values]
    if requires_grad:
        for t in made:
            if t.is_floating_point():
                t.requires_grad_()
    return made


def flat(result) -> list:
    """The tensors of a result, nested tuples and lists included."""
    if isinstance(result, (tuple, list)):
        return [t for part in result for t in flat(part)]
    return [result]


def plain(value):
    if isinstance(value, (torch.Tensor, rushlight.Tensor)):
        value = value.detach()
        return value.numpy(force=True)
    return np.asarray(value)


def compare(case, sample, ours, theirs, steps=None):
    ours, theirs = flat(ours), flat(theirs)
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if isinstance(b, torch.Tensor):
            assert isinstance(a, rushlight.Tensor)
            assert str(a.dtype) == str(b.dtype)
        assert_close(
            plain(a), plain(b), length=case.length(sample), steps=steps or case.ulp, what=f"{case.name} output {i}"
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("case", "sample"), SAMPLES)
def test_values(case, sample, dtype):
    if dtype not in case.dtypes:
        pytest.skip(f"{case.name} is not defined for {dtype}")
    values = arrays(case, sample, dtype)
    ours = case.call(rushlight, *tensors(rushlight, values), **sample.kwargs)
    theirs = case.call(torch, *tensors(torch, values), **sample.kwargs)
    compare(case, sample, ours, theirs)


def awkward(m, values, how):
    """The same values in memory that is not C-contiguous."""
    made = []
    for v in values:
        if how == "transposed":
            t = m.tensor(np.ascontiguousarray(v.T)).permute(*reversed(range(v.ndim))) if v.ndim else m.tensor(v)
        else:  # every second element of a larger buffer
            wide = np.repeat(v[..., None], 2, axis=-1) if v.ndim else np.stack([v, v])
            t = m.tensor(wide)[..., 0]
        made.append(t)
    return made


@pytest.mark.parametrize("how", ["transposed", "strided"])
@pytest.mark.parametrize(("case", "sample"), SAMPLES)
def test_layouts(case, sample, how):
    """Views give the same result, and inputs stay as they were."""
    values = arrays(case, sample, case.dtypes[-1])
    inputs = awkward(rushlight, values, how)
    ours = case.call(rushlight, *inputs, **sample.kwargs)
    theirs = case.call(torch, *awkward(torch, values, how), **sample.kwargs)
    compare(case, sample, ours, theirs)
    if not case.name.endswith("_"):
        for before, after in zip(values, inputs):
            np.testing.assert_array_equal(before, plain(after), err_msg="an input was changed")


def cotangents(outputs, seed=7):
    """A fixed direction for every differentiable output."""
    rng = np.random.default_rng(seed)

    def direction(o):
        values = rng.standard_normal(tuple(o.shape))
        return values + 1j * rng.standard_normal(tuple(o.shape)) if o.is_complex() else values

    return [direction(o) for o in outputs]


def gradients(m, case, sample, order):
    values = arrays(case, sample, "float64")
    inputs = tensors(m, values, requires_grad=True)
    leaves = [t for t in inputs if t.requires_grad]
    passed = [t.clone() if case.name.endswith("_") else t for t in inputs]
    outputs = [
        o for o in flat(case.call(m, *passed, **sample.kwargs)) if hasattr(o, "requires_grad") and o.requires_grad
    ]
    names = [o.grad_fn.name().removeprefix("torch::autograd::") if o.grad_fn else "leaf" for o in outputs]
    v = [m.tensor(c) for c in cotangents(outputs)]
    if order == 1:
        return names, m.autograd.grad(outputs, leaves, v, allow_unused=True)
    for t in v:
        t.requires_grad_()
    first = m.autograd.grad(outputs, leaves, v, create_graph=True, allow_unused=True)
    first = [g for g in first if g is not None and g.requires_grad]
    if not first:
        return names, []
    w = [m.tensor(c) for c in cotangents(first, seed=8)]
    return names, m.autograd.grad(first, leaves + v, w, allow_unused=True)


def compare_gradients(case, sample, order):
    names, ours = gradients(rushlight, case, sample, order)
    expected_names, theirs = gradients(torch, case, sample, order)
    if case.grad_fn:
        assert names == expected_names
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if b is None or a is None:  # a zero gradient may be left out
            zero = a if b is None else b
            assert zero is None or not np.any(plain(zero)), (
                f"gradient {i}: {'ours' if a is None else 'theirs'} is missing"
            )
            continue
        assert_close(
            plain(a),
            plain(b),
            length=case.length(sample),
            steps=16 * case.ulp,
            what=f"{case.name} gradient {i}, order {order}",
        )


@pytest.mark.parametrize(("case", "sample"), DIFFERENTIABLE)
def test_gradients(case, sample):
    compare_gradients(case, sample, 1)


@pytest.mark.parametrize(("case", "sample"), TWICE)
def test_second_gradients(case, sample):
    compare_gradients(case, sample, 2)


@pytest.mark.parametrize(("case", "error"), ERRORS)
def test_errors(case, error):
    """The same call fails in both, with one exception class."""
    with pytest.raises(Exception) as expected:
        error.call(torch)
    same = rushlight.linalg.LinAlgError if expected.type is torch.linalg.LinAlgError else expected.type
    with pytest.raises(same) as raised:
        error.call(rushlight)
    if error.match:
        assert re.search(error.match, str(raised.value)), f"message: {raised.value}"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "add_", "mul_", "__radd__", "__rsub__", "floor_divide"])
def test_numbers_among_halves(name, dtype):
    """A factor or divisor is a float32; any other number is rounded to the tensor's type first."""
    rng = np.random.default_rng(0)
    for number in rng.standard_normal(40) * 2:
        values = (rng.standard_normal(8) * 3).tolist()
        expected, got = (
            getattr(m.tensor(values, dtype=getattr(m, dtype)), name)(float(number)).tolist() for m in (torch, rushlight)
        )
        assert got == expected, number
