"""nn.init against torch.nn.init: the same numbers for the same seed, the same errors and warnings."""

import inspect

import numpy as np
import pytest
import torch

import rushlight
from rushlight import nn
from tests.test_random import assert_same, raw, states_equal

DRAWS = {
    "uniform_": lambda i, w: i.uniform_(w, -0.3, 0.5),
    "uniform_ default": lambda i, w: i.uniform_(w),
    "normal_": lambda i, w: i.normal_(w, 0.1, 0.02),
    "xavier_uniform_": lambda i, w: i.xavier_uniform_(w, gain=1.7),
    "xavier_normal_": lambda i, w: i.xavier_normal_(w),
    "kaiming_uniform_": lambda i, w: i.kaiming_uniform_(w, a=5**0.5),
    "kaiming_uniform_ relu": lambda i, w: i.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"),
    "kaiming_normal_": lambda i, w: i.kaiming_normal_(w, nonlinearity="selu"),
    "kaiming_normal_ leaky": lambda i, w: i.kaiming_normal_(w, a=0.2, mode="FAN_OUT"),
    "trunc_normal_": lambda i, w: i.trunc_normal_(w),
    "trunc_normal_ tight": lambda i, w: i.trunc_normal_(w, mean=0.1, std=0.5, a=-0.4, b=0.6),
    "constant_": lambda i, w: i.constant_(w, 0.3),
    "ones_": lambda i, w: i.ones_(w),
    "zeros_": lambda i, w: i.zeros_(w),
}
SHAPES = [(3, 4), (2, 5), (33, 17), (8, 4, 3, 3), (5, 2, 7), (2, 3, 2, 3, 2)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("name", DRAWS)
def test_values(name, dtype):
    for shape in SHAPES:
        assert_same(lambda lib, shape=shape: DRAWS[name](lib.nn.init, lib.empty(shape, dtype=getattr(lib, dtype))), 1)


@pytest.mark.parametrize("limits", [(0.0, 1.0, 1.9, 2.5), (0.0, 0.1, 0.15, 3.0), (1.0, 2.0, 0.9, 1.1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_trunc_normal_in_a_narrow_interval(limits, dtype):
    """Less than 30 % of the distribution: uniform candidates, accepted by density.

    In float32 the logarithm's last bit is ours, which matters only where both sides of a comparison are that close.
    """
    assert_same(lambda lib: lib.nn.init.trunc_normal_(lib.empty(40, 50, dtype=getattr(lib, dtype)), *limits), 2)
    w = nn.init.trunc_normal_(rushlight.empty(1000), *limits)
    assert float(w.min()) >= limits[2] - 1e-6 and float(w.max()) <= limits[3] + 1e-6


def test_trunc_normal_far_from_the_mean_warns():
    for lib in (torch, rushlight):
        with pytest.warns(UserWarning, match="mean is more than 2 std from"):
            lib.nn.init.trunc_normal_(lib.empty(5), 0.0, 1.0, 2.5, 3.0)


@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (5, 3), (1, 4)])
def test_eye(shape):
    assert_same(lambda lib: lib.nn.init.eye_(lib.empty(shape)))


@pytest.mark.parametrize("shape, groups", [((4, 3, 3), 1), ((6, 2, 3, 5), 3), ((4, 4, 2, 3, 3), 2), ((2, 5, 4), 1)])
def test_dirac(shape, groups):
    assert_same(lambda lib: lib.nn.init.dirac_(lib.empty(shape), groups))


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (4, 3, 2, 2), (64, 32)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_orthogonal(shape, dtype):
    """Two LAPACKs: equal up to rounding; the draws are equal."""
    results = []
    for lib in (torch, rushlight):
        lib.manual_seed(3)
        results.append(lib.nn.init.orthogonal_(lib.empty(shape, dtype=getattr(lib, dtype)), gain=1.5).numpy())
    assert states_equal()
    # Q moves by about cond(A) roundings; square Gaussian matrices of this size stay below cond 1e3
    np.testing.assert_allclose(results[1], results[0], rtol=0, atol=1.5 * 1e3 * np.finfo(dtype).eps)
    flat = results[1].reshape(shape[0], -1).astype(np.float64) / 1.5
    gram = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=64 * np.finfo(dtype).eps)


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 1.0])
def test_sparse(sparsity):
    assert_same(lambda lib: lib.nn.init.sparse_(lib.empty(20, 30), sparsity, std=0.1))
    w = nn.init.sparse_(rushlight.empty(20, 30), sparsity)
    assert ((w == 0).sum(0) == int(np.ceil(sparsity * 20))).all()


GAINS = [
    ("linear", None),
    ("conv2d", None),
    ("conv_transpose3d", None),
    ("sigmoid", None),
    ("tanh", None),
    ("relu", None),
]
GAINS += [("leaky_relu", None), ("leaky_relu", 0.2), ("leaky_relu", 3), ("selu", None)]


@pytest.mark.parametrize("name, param", GAINS)
def test_gain(name, param):
    assert nn.init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


ERRORS = {
    "gain name": lambda i, lib: i.calculate_gain("softplus"),
    "gain slope": lambda i, lib: i.calculate_gain("leaky_relu", True),
    "xavier 1-d": lambda i, lib: i.xavier_uniform_(lib.empty(3)),
    "xavier normal 0-d": lambda i, lib: i.xavier_normal_(lib.empty(())),
    "kaiming 1-d": lambda i, lib: i.kaiming_uniform_(lib.empty(3)),
    "kaiming mode": lambda i, lib: i.kaiming_normal_(lib.empty(3, 4), mode="fan"),
    "kaiming nonlinearity": lambda i, lib: i.kaiming_normal_(lib.empty(3, 4), nonlinearity="gelu"),
    "eye 3-d": lambda i, lib: i.eye_(lib.empty(3, 4, 5)),
    "dirac 2-d": lambda i, lib: i.dirac_(lib.empty(3, 4)),
    "dirac groups": lambda i, lib: i.dirac_(lib.empty(3, 4, 5), 2),
    "orthogonal 1-d": lambda i, lib: i.orthogonal_(lib.empty(3)),
    "sparse 3-d": lambda i, lib: i.sparse_(lib.empty(3, 4, 5), 0.1),
    "normal std": lambda i, lib: i.normal_(lib.empty(3), 0.0, -1.0),
    "uniform order": lambda i, lib: i.uniform_(lib.empty(3), 1.0, 0.0),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    with pytest.raises(Exception) as expected:
        ERRORS[name](torch.nn.init, torch)
    with pytest.raises(expected.type):
        ERRORS[name](nn.init, rushlight)


def test_zero_element_tensors_warn():
    for lib in (torch, rushlight):
        for f in (lib.nn.init.kaiming_uniform_, lib.nn.init.kaiming_normal_):
            with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
                f(lib.empty(0, 3))


def test_parameters_stay_leaves_and_generators_are_used():
    w = nn.Parameter(rushlight.empty(4, 5))
    assert nn.init.xavier_uniform_(w) is w
    assert w.is_leaf and w.requires_grad and w._version > 0
    before = raw(rushlight.get_rng_state())
    results = []
    for lib in (torch, rushlight):
        g = lib.Generator().manual_seed(7)
        parts = [f(lib.empty(6, 5), generator=g) for f in _with_generator(lib.nn.init)]
        results.append(raw(lib.stack(parts)))
    assert results[0] == results[1] and raw(rushlight.get_rng_state()) == before


def _with_generator(init):
    return [
        init.uniform_,
        init.normal_,
        init.trunc_normal_,
        init.xavier_uniform_,
        init.xavier_normal_,
        init.kaiming_uniform_,
        init.kaiming_normal_,
    ]


OLD_NAMES = (
    "uniform normal constant eye dirac xavier_uniform xavier_normal kaiming_uniform kaiming_normal orthogonal sparse"
)


@pytest.mark.parametrize("name", OLD_NAMES.split())
def test_old_names_warn(name):
    arguments = {"constant": (0.5,), "sparse": (0.1,)}.get(name, ())
    shape = (4, 4, 3) if name == "dirac" else (4, 4)
    for lib in (torch, rushlight):
        with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`"):
            getattr(lib.nn.init, name)(lib.empty(shape), *arguments)


def test_every_public_name_is_there():
    assert set(torch.nn.init.__all__) <= set(nn.init.__all__)
    for name in torch.nn.init.__all__:
        ours, theirs = getattr(nn.init, name), getattr(torch.nn.init, name)
        if not name.endswith("_"):
            continue
        ours, theirs = inspect.signature(ours), inspect.signature(theirs)
        assert [(p.name, p.default) for p in ours.parameters.values()] == [
            (p.name, p.default) for p in theirs.parameters.values()
        ]


LAYERS = {
    "Linear": (20, 30),
    "Bilinear": (3, 4, 5),
    "Conv1d": (4, 6, 3),
    "Conv2d": (4, 6, (3, 5)),
    "Conv3d": (2, 4, 3),
    "ConvTranspose1d": (4, 6, 3),
    "ConvTranspose2d": (4, 6, 3),
    "ConvTranspose3d": (4, 6, 3),
    "BatchNorm1d": (5,),
    "BatchNorm2d": (5,),
    "BatchNorm3d": (5,),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_start_with_pytorchs_numbers(name):
    for seed in (0, 3):
        layers = []
        for lib in (torch, rushlight):
            lib.manual_seed(seed)
            layers.append(getattr(lib.nn, name)(*LAYERS[name]).state_dict())
        assert list(layers[0]) == list(layers[1])
        for key in layers[0]:
            assert raw(layers[1][key]) == raw(layers[0][key]), key
        assert states_equal()
