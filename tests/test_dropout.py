"""Dropout and its kin against PyTorch: masks bit for bit, gradients, layouts, modes, errors, printing."""

import pickle

import numpy as np
import pytest
import torch

import rushlight
from rushlight import nn
from tests.test_random import assert_same, raw, states_equal

FUNCTIONS = {
    "dropout": [(8,), (3, 5), (2, 3, 4, 5), (), (0, 3)],
    "dropout1d": [(4, 7), (2, 5, 3)],
    "dropout2d": [(2, 6, 3, 4)],
    "dropout3d": [(2, 5, 2, 3, 2), (5, 2, 3, 2)],
    "alpha_dropout": [(8,), (3, 5), (2, 3, 4, 5)],
    "feature_alpha_dropout": [(3, 5), (2, 7, 4), (2, 5, 2, 3, 2)],
}
CASES = [(name, shape) for name, shapes in FUNCTIONS.items() for shape in shapes]
DTYPES = ["float32", "float64", "float16", "bfloat16"]


def sample(lib, shape, dtype="float32"):
    count = int(np.prod(shape))
    return (lib.arange(count) * 0.125 - 2).reshape(shape).to(getattr(lib, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name, shape", CASES)
def test_values(name, shape, dtype):
    for p in (0.1, 0.5, 0.8, 1.0, 0.0):
        assert_same(lambda lib, p=p: getattr(lib.nn.functional, name)(sample(lib, shape, dtype), p, training=True), 5)


@pytest.mark.parametrize("p", [0.3, 1.0])
@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("name, shape", CASES)
def test_gradients_and_their_nodes(name, shape, inplace, p):
    observed = []
    for lib in (torch, rushlight):
        lib.manual_seed(2)
        leaf = sample(lib, shape).requires_grad_()
        x = leaf * 1
        y = getattr(lib.nn.functional, name)(x, p, training=True, inplace=inplace)
        (y * y).sum().backward()
        node = type(y.grad_fn).__name__.replace("Backward4", "Backward1")  # squeeze_ has a node of its own in PyTorch
        observed.append((node, y is x, raw(y), raw(leaf.grad)))
    assert observed[0] == observed[1]


@pytest.mark.parametrize("name, shape", CASES)
def test_second_derivative(name, shape):
    observed = []
    for lib in (torch, rushlight):
        lib.manual_seed(2)
        x = sample(lib, shape).requires_grad_()
        y = getattr(lib.nn.functional, name)(x, 0.4, training=True)
        (g,) = lib.autograd.grad((y**3).sum(), x, create_graph=True)
        (gg,) = lib.autograd.grad((g * x).sum(), x)
        observed.append(gg.numpy())
    np.testing.assert_allclose(observed[1], observed[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name, shape", CASES)
def test_eval_mode_is_the_identity(name, shape):
    x = sample(rushlight, shape)
    before = raw(rushlight.get_rng_state())
    y = getattr(nn.functional, name)(x, 0.5, training=False)
    assert raw(y) == raw(sample(rushlight, shape)) and raw(rushlight.get_rng_state()) == before


def test_defaults_of_the_functions():
    """F.dropout drops even outside a module; the alpha kinds do not."""
    rushlight.manual_seed(0)
    assert nn.functional.dropout(rushlight.ones(8)).tolist() == [0, 0, 2, 0, 0, 0, 2, 2]
    x = rushlight.ones(8)
    assert nn.functional.alpha_dropout(x) is x and nn.functional.feature_alpha_dropout(x) is x


LAYOUTS = {
    "transposed": lambda lib: sample(lib, (6, 5)).t(),
    "cut": lambda lib: sample(lib, (6, 8))[:, ::2],
    "permuted": lambda lib: sample(lib, (2, 3, 4)).permute(2, 0, 1),
    "expanded": lambda lib: lib.ones(1).expand(9),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "feature_alpha_dropout"])
def test_layouts(name, layout):
    if (name, layout) == ("feature_alpha_dropout", "expanded"):
        for lib in (torch, rushlight):
            with pytest.raises(RuntimeError, match="at least 2 dimensions"):
                lib.nn.functional.feature_alpha_dropout(LAYOUTS[layout](lib), 0.5, True)
        return
    assert_same(lambda lib: getattr(lib.nn.functional, name)(LAYOUTS[layout](lib), 0.5, training=True), 1)


LAYERS = {
    "Dropout": (3, 4),
    "Dropout1d": (2, 3, 4),
    "Dropout2d": (2, 3, 4, 5),
    "Dropout3d": (2, 3, 4, 5, 2),
    "AlphaDropout": (3, 4),
    "FeatureAlphaDropout": (2, 3, 4),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    shape = LAYERS[name]
    for arguments in ({}, {"p": 0.2}, {"p": 0.7, "inplace": True}):
        ours, theirs = getattr(nn, name)(**arguments), getattr(torch.nn, name)(**arguments)
        assert repr(ours) == repr(theirs)
        assert_same(lambda lib, pair=(ours, theirs): pair[lib is torch](sample(lib, shape)), 3)
        x = sample(rushlight, shape)
        assert ours.eval()(x) is x
        assert ours.train().training
        assert repr(pickle.loads(pickle.dumps(ours))) == repr(theirs)
    for p in (-0.1, 1.5):
        with pytest.raises(ValueError, match=f"dropout probability has to be between 0 and 1, but got {p}"):
            getattr(nn, name)(p)


def test_known_values():
    assert set(nn.Dropout(0.2)(rushlight.ones(1000)).tolist()) == {0.0, 1.25}
    assert not nn.Dropout(1.0)(rushlight.ones(10)).any()
    y = nn.Dropout2d(0.5)(rushlight.ones(4, 8, 3, 3)).reshape(32, 9)
    assert all(len(set(channel)) == 1 and channel[0] in (0.0, 2.0) for channel in y.tolist())
    rushlight.manual_seed(0)
    x = rushlight.randn(200000)
    y = nn.AlphaDropout(0.1)(x)
    dropped = (y + 1.457739).abs() < 1e-5
    assert 0.09 < float(dropped.float().mean()) < 0.11
    kept = ~dropped
    np.testing.assert_allclose(y[kept].numpy(), 0.921285 * x[kept].numpy() + 0.161971, atol=1e-5)
    assert abs(float(y.std()) - 1) < 0.03


ERRORS = {
    "p": lambda lib: lib.nn.functional.dropout(lib.ones(3), 1.5),
    "negative p": lambda lib: lib.nn.functional.alpha_dropout(lib.ones(3), -0.5),
    "p of the plain function": lambda lib: lib.dropout(lib.ones(3), 1.5, True),
    "int": lambda lib: lib.nn.functional.dropout(lib.ones(3, dtype=lib.int64), 0.5),
    "complex": lambda lib: lib.nn.functional.dropout(lib.ones(3, dtype=lib.complex64), 0.5),
    "1d of 4": lambda lib: lib.nn.functional.dropout1d(lib.ones(1, 2, 3, 4)),
    "1d of 1": lambda lib: lib.nn.functional.dropout1d(lib.ones(3)),
    "feature of 1": lambda lib: lib.feature_dropout(lib.ones(3), 0.5, True),
    "leaf in place": lambda lib: lib.nn.functional.dropout(lib.ones(3, requires_grad=True), 0.5, inplace=True),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    with pytest.raises(Exception) as expected:
        ERRORS[name](torch)
    with pytest.raises(expected.type):
        ERRORS[name](rushlight)


@pytest.mark.parametrize(
    "name, shape",
    [("dropout2d", (2, 3, 4)), ("dropout2d", (2, 3)), ("dropout2d", (1, 2, 3, 4, 5)), ("dropout3d", (2, 3))],
)
def test_unusual_dimensions_warn(name, shape):
    results = []
    for lib in (torch, rushlight):
        lib.manual_seed(0)
        with pytest.warns(UserWarning) as caught:
            results.append(raw(getattr(lib.nn.functional, name)(lib.ones(shape), 0.5)))
        results.append(str(caught[0].message))
    assert results[:2] == results[2:] and states_equal()


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("p", [0.3, 1.0])
def test_native_dropout(p, train):
    observed = []
    for lib in (torch, rushlight):
        lib.manual_seed(0)
        x = sample(lib, (4, 5)).requires_grad_()
        y, mask = lib.native_dropout(x, p, train)
        y.sum().backward()
        observed.append((raw(y), raw(mask), raw(x.grad), type(y.grad_fn).__name__))
    assert observed[0] == observed[1] and states_equal()


@pytest.mark.parametrize("name", ["dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"])
def test_plain_functions(name):
    assert_same(lambda lib: getattr(lib, name)(sample(lib, (4, 5)), 0.4, True))

    def in_place(lib):
        x = sample(lib, (4, 5))
        assert getattr(lib, name + "_")(x, 0.4, True) is x
        return x

    assert_same(in_place)
