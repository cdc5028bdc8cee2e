"""torch.testing: assert_close and make_tensor, against PyTorch."""

import math

import numpy as np
import pytest
import torch
import torch.testing

import rushlight
import rushlight.testing

BOTH = [rushlight, torch]
GOOD = {
    "equal": lambda m: (m.ones(2), m.ones(2)),
    "within": lambda m: (m.ones(2), m.ones(2) + 5e-6),
    "numbers": lambda m: (1.0, 1.0 + 1e-8),
    "none": lambda m: (None, None),
    "nested": lambda m: ({"a": [m.ones(2), 3]}, {"a": [m.ones(2), 3]}),
    "nan": lambda m: (m.tensor(math.nan), m.tensor(math.nan), {"equal_nan": True}),
    "given": lambda m: (m.ones(2), m.ones(2) * 1.5, {"rtol": 0.5, "atol": 0.0}),
    "dtypes": lambda m: (m.ones(2), m.ones(2).double(), {"check_dtype": False}),
    "arrays": lambda m: (np.ones(2), np.ones(2)),
    "empty": lambda m: (m.ones(0, 3), m.ones(0, 3)),
    "half": lambda m: (m.ones(2).half(), m.ones(2).half() * 1.0005),
}
BAD = {
    "values": lambda m: (m.tensor([1.0, 2, 3]), m.tensor([1.0, 2.1, 3])),
    "whole": lambda m: (m.tensor([[1, 2, 3]]), m.tensor([[1, 2, 4]])),
    "shape": lambda m: (m.ones(3), m.ones(2)),
    "dtype": lambda m: (m.ones(3), m.ones(3).long()),
    "stride": lambda m: (m.ones(3, 2), m.ones(2, 3).t(), {"check_stride": True}),
    "scalar": lambda m: (m.tensor(1.0), m.tensor(2.0)),
    "numbers": lambda m: (1.0, 2.0),
    "types": lambda m: (1, 1.0),
    "keys": lambda m: ({"a": 1.0}, {"b": 1.0}),
    "length": lambda m: ([1], [1, 2]),
    "item": lambda m: ([1.0, {"x": m.ones(2)}], [1.0, {"x": m.zeros(2)}]),
    "nan": lambda m: (m.tensor(math.nan), m.tensor(math.nan)),
    "message": lambda m: (m.ones(2), m.zeros(2), {"msg": "hi"}),
    "made": lambda m: (m.ones(2), m.zeros(2), {"msg": lambda text: "X" + text}),
}


def run(m, row):
    actual, expected, *options = row(m)
    m.testing.assert_close(actual, expected, **(options[0] if options else {}))


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("m", BOTH)
def test_close(m, name):
    run(m, GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_not_close(name):
    """The same lines, but for the digits of differences and quoted class names."""
    found = []
    for m in BOTH:
        with pytest.raises(AssertionError) as caught:
            run(m, BAD[name])
        found.append(str(caught.value).splitlines())
    ours, theirs = found
    assert [line.split(":")[0] for line in ours] == [line.split(":")[0] for line in theirs]


@pytest.mark.parametrize("m", BOTH)
def test_errors(m):
    close = m.testing.assert_close
    with pytest.raises(ValueError, match="no atol"):
        close(m.ones(2), m.ones(2), rtol=1e-3)
    for pair in (("a", "a"), (m.ones(2), [1.0, 1.0])):
        with pytest.raises(TypeError, match="No comparison pair"):
            close(*pair)


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "complex64", "int64", "int8", "uint8", "bool"])
@pytest.mark.parametrize("m", BOTH)
def test_make_tensor(m, name):
    dtype = getattr(m, name)
    x = m.testing.make_tensor((4, 5), dtype=dtype, device="cpu")
    assert x.shape == (4, 5)
    assert x.dtype is dtype
    y = m.testing.make_tensor(40, dtype=dtype, device="cpu", low=0, high=2, noncontiguous=True, exclude_zero=True)
    assert not y.is_contiguous()
    assert not bool((y == 0).any()) or name == "bool"
    if name.startswith("f"):
        z = m.testing.make_tensor(3, dtype=dtype, device="cpu", low=1, high=2, requires_grad=True)
        assert z.requires_grad
        assert 1 <= float(z.detach().min()) <= float(z.detach().max()) <= 2
