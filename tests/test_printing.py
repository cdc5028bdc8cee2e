"""The text of tensors, letter for letter as PyTorch's."""

import math
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight

LIBRARIES = (rushlight, torch)


@contextmanager
def options(**given):
    """The same print options in both libraries, and the defaults again afterwards."""
    for lib in LIBRARIES:
        lib.set_printoptions(profile="default")
        lib.set_printoptions(**given)
    try:
        yield
    finally:
        for lib in LIBRARIES:
            lib.set_printoptions(profile="default")


def same(make):
    mine, reference = (make(lib) for lib in LIBRARIES)
    mine, reference = (text if isinstance(text, str) else repr(text) for text in (mine, reference))
    assert mine == reference


FLOATS = ["float32", "float64", "float16", "bfloat16"]
INTEGERS = ["int64", "int32", "int16", "int8", "uint8"]
COMPLEX = ["complex64", "complex128"]

PLAIN = {
    "checklist": lambda lib: lib.tensor([0.5, 10.0]),
    "range": lambda lib: lib.tensor([1e-6, 1]),
    "ints": lambda lib: lib.tensor([1, 20]),
    "zeros": lambda lib: lib.zeros(2000),
    "nan": lambda lib: lib.tensor([math.nan, math.inf]),
    "nan_whole": lambda lib: lib.tensor([math.nan, -math.inf, 3.0, -0.0]),
    "empty": lambda lib: lib.zeros(0),
    "empty_2d": lambda lib: lib.zeros(2, 0),
    "empty_int": lambda lib: lib.zeros(0, dtype=lib.int64),
    "empty_2d_half": lambda lib: lib.zeros(0, 3, dtype=lib.float16),
    "scalar": lambda lib: lib.tensor(1.0),
    "scalar_tiny": lambda lib: lib.tensor(1e-7),
    "scalar_int": lambda lib: lib.tensor(-7),
    "scalar_bool": lambda lib: lib.tensor(True),
    "scalar_nan": lambda lib: lib.tensor(math.nan),
    "scalar_complex": lambda lib: lib.tensor(1 - 2j),
    "bools": lambda lib: lib.tensor([[True, False], [True, True]]),
    "trues": lambda lib: lib.tensor([True, True]),
    "whole": lambda lib: lib.tensor([1.0, 2.0, 300.0]),
    "whole_wide": lambda lib: lib.tensor([1.0, 2.0, 3000.0]),
    "whole_large": lambda lib: lib.tensor([2e8, 3e8]),
    "small": lambda lib: lib.tensor([9e-5, 8e-5]),
    "matrix": lambda lib: lib.arange(12.0).reshape(3, 4),
    "blocks": lambda lib: lib.arange(24).reshape(2, 3, 4),
    "blocks_4d": lambda lib: lib.arange(24).reshape(2, 2, 3, 2) / 7,
    "wrapped": lambda lib: lib.arange(100),
    "wrapped_matrix": lambda lib: lib.arange(100.0).reshape(2, 50),
    "summary_matrix": lambda lib: lib.arange(4000).reshape(40, 100),
    "summary_rows": lambda lib: lib.arange(4000.0).reshape(1000, 4),
    "summary_blocks": lambda lib: lib.arange(10**4).reshape(10, 10, 10, 10),
    "summary_thin": lambda lib: lib.arange(2000).reshape(2, 2, 500),
    "requires_grad": lambda lib: lib.ones(2, requires_grad=True),
    "grad_fn": lambda lib: lib.ones(2, requires_grad=True) * 2,
    "grad_fn_add": lambda lib: lib.ones(2, requires_grad=True) + 1,
    "detached": lambda lib: (lib.ones(2, requires_grad=True) * 2).detach(),
    "view": lambda lib: lib.arange(12).reshape(3, 4)[:, ::2],
    "transposed": lambda lib: lib.arange(12).reshape(3, 4).t(),
    "double": lambda lib: lib.ones(2, dtype=lib.float64),
    "long_suffixes": lambda lib: lib.full((12,), 1.125, dtype=lib.float64, requires_grad=True),
    "new_line_suffix": lambda lib: lib.full((9,), 1.125, dtype=lib.float64, requires_grad=True),
    "extreme": lambda lib: lib.tensor([1e308, 1e-308, 5e-324], dtype=lib.float64),
    "uint8": lambda lib: lib.tensor([0, 255], dtype=lib.uint8),
    "int64_limits": lambda lib: lib.tensor([-(2**63), 2**63 - 1]),
    "parameter": lambda lib: lib.nn.Parameter(lib.arange(3.0)),
    "parameter_frozen": lambda lib: lib.nn.Parameter(lib.arange(3.0), requires_grad=False),
    "buffer": lambda lib: lib.nn.Buffer(lib.arange(3.0)),
    "list_of_tensors": lambda lib: [lib.ones(1), lib.tensor(2)],
    "str": lambda lib: str(lib.ones(2, 2)),
    "format": lambda lib: f"{lib.tensor(1.5)} {lib.tensor(2)} {lib.ones(2)}",
    "format_spec": lambda lib: (
        f"{lib.tensor(1.23456):.2f}|{lib.tensor(7):>4}|{lib.tensor(0.5, requires_grad=True):.1f}"
    ),
    "size": lambda lib: lib.ones(2, 3).size(),
    "size_empty": lambda lib: lib.tensor(1).shape,
    "size_slice": lambda lib: lib.ones(2, 3, 4).shape[1:],
    "dtype": lambda lib: [lib.float32, lib.int64, lib.bool, lib.complex64, lib.bfloat16],
    "device": lambda lib: [lib.device("cpu"), lib.device("cuda:1"), str(lib.device("cuda:1"))],
}


@pytest.mark.parametrize("name", PLAIN)
def test_same_text(name):
    same(PLAIN[name])


def test_options_at_start():
    given = rushlight.get_printoptions()
    assert given == {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}


def test_examples():
    """What the comparisons rest on, spelled out."""
    assert repr(rushlight.tensor([0.5, 10.0])) == "tensor([ 0.5000, 10.0000])"
    assert repr(rushlight.tensor([1e-6, 1])) == "tensor([1.0000e-06, 1.0000e+00])"
    assert repr(rushlight.zeros(2000)) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])"
    assert repr(rushlight.zeros(2, 0)) == "tensor([], size=(2, 0))"
    assert repr(rushlight.arange(4).reshape(2, 2)) == "tensor([[0, 1],\n        [2, 3]])"


@pytest.mark.parametrize("dtype", FLOATS + INTEGERS + COMPLEX + ["bool"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,), (1, 0, 2), (40, 40)], ids=str)
def test_every_dtype(dtype, shape):
    count = math.prod(shape)
    values = [((7 * i) % 11 - 5) / 4 for i in range(count)]
    if dtype in INTEGERS or dtype == "bool":
        values = [abs(int(4 * value)) for value in values]

    def make(lib):
        return lib.tensor(values, dtype=getattr(lib, dtype)).reshape(shape)

    same(make)


@pytest.mark.parametrize("profile", ["default", "short", "full"])
def test_profiles(profile):
    with options(profile=profile):
        for make in (lambda lib: lib.arange(1200.0), lambda lib: lib.ones(2, 2) / 3, lambda lib: lib.zeros(40, 40)):
            same(make)


def test_default_dtype_is_not_named():
    try:
        for lib in LIBRARIES:
            lib.set_default_dtype(lib.float64)
        for make in (lambda lib: lib.ones(2), lambda lib: lib.ones(2, dtype=lib.float32), lambda lib: lib.tensor(1j)):
            same(make)
    finally:
        for lib in LIBRARIES:
            lib.set_default_dtype(lib.float32)


def test_printoptions_context():
    from rushlight.printing import printoptions

    with printoptions(precision=2):
        assert repr(rushlight.tensor([0.123])) == "tensor([0.12])"
    assert repr(rushlight.tensor([0.123])) == "tensor([0.1230])"
    with pytest.raises(KeyError):
        rushlight.set_printoptions(profile="loud")


def test_format_spec_of_more_than_one_element():
    for lib in LIBRARIES:
        with pytest.raises(TypeError, match="unsupported format string"):
            format(lib.ones(2), ".2f")


def test_summary_reads_only_the_edges():
    """A tensor of 10^9 elements (one number repeated by strides) prints at once."""
    text = repr(rushlight.ones(1).expand(1000, 1000, 1000))
    assert text.count("1.") == 6**3


sizes = st.one_of(st.integers(0, 4), st.sampled_from([1, 2, 7, 8, 13, 40]))


@st.composite
def arrays(draw):
    """Values of awkward magnitudes and kinds, with a dtype name."""
    shape = draw(st.lists(sizes, max_size=4))
    if math.prod(shape) > 3000:
        shape = shape[:2]
    dtype = draw(st.sampled_from(FLOATS * 3 + INTEGERS + COMPLEX + ["bool"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if dtype in INTEGERS:
        low = 0 if dtype == "uint8" else -120
        return rng.integers(low, 120, shape), dtype
    if dtype == "bool":
        return rng.random(shape) < draw(st.floats(0, 1)), dtype
    scale = 10.0 ** draw(st.integers(-12, 12))
    spread = draw(st.sampled_from([0, 0, 2, 4, 8, 30]))

    def part():
        values = rng.standard_normal(shape) * scale * 10.0 ** (rng.random(shape) * spread)
        if draw(st.booleans()):
            values = np.round(values)
        if draw(st.booleans()):
            special = rng.random(shape)
            values = np.where(special < 0.05, np.nan, values)
            values = np.where(special > 0.95, np.inf, values)
            values = np.where((special > 0.9) & (special < 0.95), -np.inf, values)
            values = np.where((special > 0.5) & (special < 0.6), -0.0, values)
        return values

    values = part()
    if dtype in COMPLEX:
        values = np.asarray(values, dtype=np.complex128)
        values.imag = part() if draw(st.booleans()) else values.real[::-1] if values.ndim else -values.real
    return values, dtype


choices = st.fixed_dictionaries(
    {
        "precision": st.sampled_from([None, 0, 1, 2, 3, 4, 6, 10]),
        "threshold": st.sampled_from([None, 5, 50, 1000, math.inf]),
        "edgeitems": st.sampled_from([None, 0, 1, 2, 3, 5]),
        "linewidth": st.sampled_from([None, 10, 20, 40, 80, 120, 200]),
        "profile": st.sampled_from([None, "default", "short", "full"]),
        "sci_mode": st.sampled_from([None, None, True, False]),
    }
)


@settings(deadline=None, max_examples=400)
@given(case=arrays(), chosen=st.one_of(st.just({}), choices), grad=st.sampled_from(["none", "leaf", "node"]))
def test_any_tensor_under_any_options(case, chosen, grad):
    values, dtype = case

    def make(lib):
        with np.errstate(over="ignore"):
            tensor = lib.from_numpy(np.ascontiguousarray(values)).reshape(values.shape).to(getattr(lib, dtype))
        if grad != "none" and dtype in FLOATS:
            tensor.requires_grad_()
            if grad == "node":
                tensor = tensor.clone()
        return tensor

    with options(**chosen):
        same(make)
