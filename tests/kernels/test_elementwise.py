"""native/kernels/elementwise against tests/reference/elementwise.py, under every instruction set."""

import itertools
import warnings

import ml_dtypes
import mpmath
import numpy as np
import pytest
import torch

from rushlight import _native
from rushlight.engine.cpu import elementwise
from rushlight.engine.cpu.elementwise_numpy import FALLBACKS
from tests.reference import elementwise as reference


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


FLOATS = [np.float32, np.float64]
WIDE = {np.float32: np.float64, np.float64: np.longdouble}
SHAPES = [(), (1,), (3,), (0, 4), (5, 7), (2, 3, 4), (33, 65), (4, 3, 5, 6), (700, 3), (3, 700), (40, 30, 50)]


def quiet(function, *args):
    with np.errstate(all="ignore"):
        return function(*args)


def views(shape, dtype, seed=0):
    """Arrays of one shape in awkward layouts: C, Fortran, every other item, backwards, permuted, broadcast."""
    rng = np.random.default_rng(seed)

    def draw(s):
        return np.asarray(rng.standard_normal(s) * 4, dtype=dtype)

    yield draw(shape)
    if shape:
        yield np.asfortranarray(draw(shape))
        yield draw(tuple(2 * n for n in shape))[tuple(slice(None, None, 2) for _ in shape)]
        yield draw(shape)[tuple(slice(None, None, -1) for _ in shape)]
        yield np.broadcast_to(draw((1, *shape[1:])), shape)
    if len(shape) > 2:
        yield np.moveaxis(draw((*shape[2:], *shape[:2])), (-2, -1), (0, 1))


def partners(a):
    """Second operands that broadcast with `a`: same shape in every layout, numbers, 0-d, row, column, channel."""
    yield from views(a.shape, a.dtype, seed=1)
    yield from (3, -2.5, True, np.array(1.5, a.dtype))
    if a.ndim:
        yield np.ones((1,) * a.ndim, a.dtype)
        yield np.linspace(-1, 1, a.shape[-1], dtype=a.dtype)
    if a.ndim > 1:
        yield np.linspace(-1, 1, a.shape[0], dtype=a.dtype).reshape(-1, *(1,) * (a.ndim - 1))
        yield np.linspace(-1, 1, a.shape[1], dtype=a.dtype).reshape(-1, *(1,) * (a.ndim - 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
@pytest.mark.parametrize("shape", SHAPES)
def test_layouts_and_broadcasting(shape, dtype):
    for a in views(shape, dtype):
        for b in partners(a):
            if dtype in (np.int32, np.int64) and isinstance(b, float):
                continue
            right = np.asarray(b).astype(dtype)
            for x, y, got in ((a, right, _native.sub(a, b)), (right, a, _native.sub(b, a))):
                expected = np.asarray(x - y)
                assert isinstance(got, np.ndarray) and got.dtype == dtype and got.flags.writeable
                assert got.shape == expected.shape and np.array_equal(got, expected)
            got = _native.lt(a, b)
            assert got.dtype == bool and np.array_equal(got, a < right)
            assert np.array_equal(_native.where(a > 0, a, b), np.where(a > 0, a, right))


@pytest.mark.parametrize("shape", SHAPES)
def test_out(shape):
    for a, b in itertools.product(views(shape, np.float32), views(shape, np.float32, seed=1)):
        expected = np.asarray(a * b)
        for out in views(shape, np.float32, seed=2):
            if not out.flags.writeable:
                continue
            assert _native.mul(a, b, out) is out and np.array_equal(out, expected)
    for a in views(shape, np.float32):
        if a.flags.writeable:
            expected = np.asarray(a + a)
            assert _native.add(a, a, out=a) is a and np.array_equal(a, expected), "out may be an input"
    x = np.arange(1000, dtype=np.float32)
    _native.add(x[:-1], 1, x[1:])
    assert np.array_equal(x[1:], np.arange(1, 1000)), "overlap is copied away"
    x = np.arange(1000, dtype=np.float32)
    _native.neg(x[::-1], x)
    assert np.array_equal(x, -np.arange(1000, dtype=np.float32)[::-1])


def test_layout_of_results():
    """A result is laid out in memory as its inputs are; gaps are closed."""
    a = np.ones((2, 3, 4, 5), np.float32).transpose(0, 3, 1, 2)
    assert _native.exp(a).strides == a.strides and _native.add(a, a).strides == a.strides
    assert _native.add(a, 1).strides == a.strides and _native.gt(a, a).strides == tuple(s // 4 for s in a.strides)
    t = np.ones((6, 8), np.float32).T[::2]
    for theirs, mine in (
        (torch.ones(6, 8).T[::2].exp(), _native.exp(t)),
        (torch.ones(6, 8).T + torch.ones(8, 1), _native.add(t.base.T, np.ones((8, 1), np.float32))),
    ):
        assert tuple(s * 4 for s in theirs.stride()) == mine.strides
    assert _native.cast(a, dtype=np.dtype(np.float64)).strides == tuple(s * 2 for s in a.strides)


# units in the last place: as measured (native/simd/math.h), with a margin for other inputs; tanh, erf: of float64
ULP = {
    "exp": 1.5,
    "exp2": 1.5,
    "expm1": 2.5,
    "log": 1.5,
    "log2": 2.5,
    "log10": 2.5,
    "log1p": 1.5,
    "tanh": 3.5,
    "sigmoid": 3,
    "sin": 3,
    "cos": 3,
}
# through numpy.longdouble: (float32, float64); PyTorch's own are 0.5 to 2 (float32 sinh and cosh overflow early there)
INVERSE_ULP = {
    "tan": (4.5, 4),
    "asin": (2.5, 2.5),
    "acos": (1.5, 1.5),
    "atan": (2.5, 2.5),
    "sinh": (2, 2),
    "cosh": (2, 2),
    "asinh": (3, 3),
    "acosh": (3, 3),
    "atanh": (2.5, 2.5),
}
ULP |= {"sqrt": 0.5, "reciprocal": 0.5, "rsqrt": 1.5, "erf": 6.5}


def all_scales(dtype, count=200_000):
    """Values of every magnitude, subnormals included, both signs, and around 0 and 1."""
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    low, high = np.log2(float(info.smallest_subnormal)), np.log2(float(info.max))
    x = np.exp2(rng.uniform(low, high, count)) * rng.choice([-1, 1], count)
    return np.concatenate(
        [x, rng.uniform(-2, 2, count), rng.uniform(-110, 110, count), rng.uniform(-5, 5, count)]
    ).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", list(ULP))
def test_accuracy(name, dtype):
    x = all_scales(dtype)
    if dtype == np.float64:
        x = np.concatenate([x, np.random.default_rng(1).uniform(-746, 711, 200_000)])
    wide = x.astype(WIDE[dtype])
    with np.errstate(all="ignore"):
        if name == "erf":
            expected = torch.erf(torch.from_numpy(x.astype(np.float64))).numpy().astype(WIDE[dtype])
        elif name == "tanh":  # longdouble tanh of subnormals is exact too
            expected = np.tanh(wide)
        elif name == "sigmoid":
            expected = np.where(wide >= 0, 1 / (1 + np.exp(-wide)), np.exp(wide) / (1 + np.exp(wide)))
        else:
            expected = reference.UNARY[name](wide)
        rounded = expected.astype(dtype)
        got = getattr(_native, name)(x)
        assert np.array_equal(np.isnan(got), np.isnan(rounded))
        # at the edge of the range one rounding decides between the largest number and infinity
        finite = np.isfinite(rounded) & np.isfinite(got)
        edge = np.isfinite(rounded) != np.isfinite(got)
        assert not (edge & ~np.isnan(got) & (np.abs(expected) < float(np.finfo(dtype).max) * (1 - 1e-6))).any()
        error = np.abs(got[finite].astype(WIDE[dtype]) - expected[finite]) / np.spacing(np.abs(rounded[finite])).astype(
            WIDE[dtype]
        )
    worst = error.argmax()
    bound = 6 if name in ("tanh", "erf") and dtype == np.float32 else ULP[name]
    assert error[worst] <= bound, f"{name}({x[finite][worst]!r}): {error[worst]:.2f} ulp"


@pytest.mark.parametrize("dtype", FLOATS)
def test_angles(dtype):
    """Next to multiples of pi / 2, where a reduction that is not long enough loses every digit, and far out."""
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [np.arange(40_000) * (np.pi / 2), rng.uniform(-(2**20), 2**20, 40_000), 2.0 ** np.arange(19, 100)]
    )
    x = np.concatenate([x, -x]).astype(dtype)
    for name in ("sin", "cos"):
        expected = getattr(np, name)(x.astype(WIDE[dtype]))
        got = getattr(_native, name)(x)
        error = np.abs(got - expected) / np.spacing(np.abs(expected.astype(dtype)))
        assert error.max() <= 3, f"{name}({x[error.argmax()]!r}): {error.max():.2f} ulp"


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", list(INVERSE_ULP))
def test_inverse_and_hyperbolic(name, dtype):
    """Over the whole range, ends and beyond included."""
    x = np.concatenate([all_scales(dtype), np.array([0, -0.0, 1, -1, 1.5, np.inf, -np.inf, np.nan], dtype)])
    if name == "tan":
        x = x[~(np.abs(x) > 2**20)]
    if name == "acosh":
        x = np.concatenate([x, 1 + np.abs(x)])
    if name in ("sinh", "cosh"):
        x = np.concatenate([x, np.random.default_rng(1).uniform(-711, 711, 200_000).astype(dtype)])
    function = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}.get(name, name)
    function = {"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}.get(function, function)
    expected = quiet(getattr(np, function), x.astype(WIDE[dtype]))
    check_ulp(name, getattr(_native, name)(x), expected, dtype, INVERSE_ULP[name][dtype == np.float64], x)


def check_ulp(name, got, expected, dtype, bound, x):
    with np.errstate(all="ignore"):
        rounded = expected.astype(dtype)
        assert np.array_equal(np.isnan(got), np.isnan(rounded))
        ok = np.isfinite(rounded) & np.isfinite(got)
        beyond = ~ok & ~np.isnan(got) & (got != rounded)
        largest = float(np.finfo(dtype).max)
        assert (np.abs(expected[beyond]) > largest * (1 - 1e-6)).all(), "only at the very edge of the range"
        error = np.abs(got[ok].astype(expected.dtype) - expected[ok]) / np.spacing(np.abs(rounded[ok]))
        assert np.array_equal(np.signbit(got[ok & (x == 0)]), np.signbit(rounded[ok & (x == 0)]))
    worst = error.argmax()
    assert error[worst] <= bound, f"{name}({x[ok][worst]!r}): {error[worst]:.2f} ulp"


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv", "lgamma", "digamma"])
def test_special_functions(name, dtype):
    """Against 40 digits of mpmath, at random points of each part of the range."""
    rng = np.random.default_rng(0)
    x = {
        "erf": [rng.uniform(-7, 7, 600), np.exp2(rng.uniform(-60, 0, 100))],
        "erfc": [rng.uniform(-4, 9 if dtype == np.float32 else 26, 600), rng.uniform(-1, 1, 200)],
        "erfinv": [rng.uniform(-1, 1, 300), 1 - np.exp2(rng.uniform(-24 if dtype == np.float32 else -53, -1, 400))],
        "lgamma": [rng.uniform(0.01, 30, 400), np.exp2(rng.uniform(-60, 60, 200))],
        "digamma": [rng.uniform(1.7, 40, 400), np.exp2(rng.uniform(-60, -1, 100)), np.exp2(rng.uniform(5, 60, 100))],
    }[name]
    x = np.concatenate(x).astype(dtype)
    x = x[np.abs(x) < 1] if name == "erfinv" else x
    with mpmath.workdps(40):
        function = {"lgamma": mpmath.loggamma}.get(name) or getattr(mpmath, name)
        expected = np.array([np.longdouble(mpmath.nstr(function(mpmath.mpf(float(v))), 25)) for v in x])
    bound = {"erf": (6, 6.5), "erfc": (5, 5), "erfinv": (4, 5), "lgamma": (1, 4), "digamma": (1, 16)}[name]
    check_ulp(name, getattr(_native, name)(x), expected, dtype, bound[dtype == np.float64], x)


@pytest.mark.parametrize("dtype", FLOATS)
def test_two_operand_functions(dtype):
    """atan2, hypot, logaddexp, fmod, remainder and floor_divide over the whole range, with the awkward values."""
    rng = np.random.default_rng(0)
    a = np.concatenate([all_scales(dtype, 20_000), rng.choice(np.array(SPECIAL), 5000).astype(dtype)])
    b = rng.permutation(a)
    for name, bound in (("atan2", 2.5), ("hypot", 1.5)):
        expected = quiet({"atan2": np.arctan2, "hypot": np.hypot}[name], a.astype(WIDE[dtype]), b.astype(WIDE[dtype]))
        tiny = np.abs(expected) < np.finfo(dtype).tiny  # below, one rounding more
        x = np.where(tiny, 1, a)
        check_ulp(name, getattr(_native, name)(a, b)[~tiny], expected[~tiny], dtype, bound, x[~tiny])
    with np.errstate(all="ignore"):
        rest = np.fmod(a, b)  # exact by definition
        got = _native.fmod(a, b)
        assert np.array_equal(got, rest, equal_nan=True) and np.array_equal(np.signbit(got), np.signbit(rest))
        other_side = (rest != 0) & ((b < 0) != (rest < 0))
        assert np.array_equal(_native.remainder(a, b), np.where(other_side, rest + b, rest), equal_nan=True)
        expected = torch.floor_divide(torch.from_numpy(a), torch.from_numpy(b)).numpy()
        assert np.array_equal(_native.floor_divide(a, b), expected, equal_nan=True)
        got, high = _native.logaddexp(a, b), np.maximum(a, b)
        expected = np.logaddexp(a.astype(WIDE[dtype]), b.astype(WIDE[dtype]))
        close = np.abs(got - expected) <= 2 * np.spacing(np.maximum(np.abs(high), 1))
        assert (close | (got == expected) | (np.isnan(got) & np.isnan(expected))).all()


def test_square_roots_are_exact():
    """Correctly rounded: every significand with both parities of the exponent, every exponent, the awkward values."""
    ones = np.arange(0x3F800000, 0x40800000, dtype=np.uint32).view(np.float32)  # [1, 4)
    assert np.array_equal(_native.sqrt(ones), np.sqrt(ones))
    # where the last step of Newton's iteration hangs on the machine's estimate
    hard = np.array([0x3F800001, 0x3FFC114A, 0x40551DBF, 0x406E9372, 0x407FFFFD, 0x407FFFFF], np.uint32)
    rng = np.random.default_rng(0)
    significands = np.concatenate([hard & 0x7FFFFF, [0, 1, 0x7FFFFF], rng.integers(0, 1 << 23, 991)]).astype(np.uint32)
    every = ((np.arange(512, dtype=np.uint32) << 23)[:, None] | significands).ravel().view(np.float32)  # and negative
    for x in (every, rng.permutation(every)):  # whole vectors of one kind; zeros, infinities and NaN among the others
        got, expected = _native.sqrt(x), quiet(np.sqrt, x)
        assert np.array_equal(got, expected, equal_nan=True)
        assert np.array_equal(np.signbit(got[x == 0]), np.signbit(x[x == 0]))


def test_saturation():
    """tanh and erf end at 1, exactly."""
    for name, dtype in itertools.product(("tanh", "erf"), FLOATS):
        x = np.array([20, 100, 1e30, np.inf], dtype)
        assert np.array_equal(getattr(_native, name)(np.concatenate([x, -x])), [1] * 4 + [-1] * 4)


def test_erfc_accuracy():
    """To a few ulp down to the smallest numbers, where 1 - erf(x) has long been 0."""
    x = np.concatenate([np.linspace(-6, 12, 100_001), np.random.default_rng(0).uniform(-1, 1, 10_000)])
    for dtype, bound in ((np.float32, 5), (np.float64, 5)):
        expected = torch.special.erfc(torch.from_numpy(x.astype(dtype).astype(np.float64))).numpy()
        error = np.abs(_native.erfc(x.astype(dtype)) - expected) / np.spacing(expected.astype(dtype)).astype(np.float64)
        assert error.max() <= bound, (dtype, x[error.argmax()], error.max())


def test_pow_accuracy():
    rng = np.random.default_rng(0)
    n = 50_000
    x = np.concatenate([np.exp2(rng.uniform(-140, 127, n)), rng.uniform(0, 4, n), -rng.uniform(0, 4, n)])
    y = np.concatenate([rng.uniform(-3, 3, n), rng.uniform(-60, 60, n), np.round(rng.uniform(-60, 60, n))])
    for dtype, bound in ((np.float32, 0.52), (np.float64, 1)):
        a, b = x.astype(dtype), y.astype(dtype)
        with np.errstate(all="ignore"):
            expected = np.power(a.astype(np.longdouble), b.astype(np.longdouble))
            rounded = expected.astype(dtype)
            got = _native.pow(a, b)
            ok = np.isfinite(rounded) & np.isfinite(got)
            assert (ok == np.isfinite(rounded)).all() and np.array_equal(np.sign(got), np.sign(rounded))
            error = np.abs(got[ok] - expected[ok]) / np.spacing(np.abs(rounded[ok])).astype(np.longdouble)
        assert error.max() <= bound


@pytest.mark.parametrize("dtype", [*FLOATS, np.float16])
def test_gradients_at_nan(dtype):
    nan, g = np.full(40, np.nan, dtype), np.full(40, 2, dtype)
    t = torch.from_numpy(nan.copy()).requires_grad_()
    torch.relu(t).backward(torch.from_numpy(g))
    assert np.array_equal(_native.relu_grad(g, nan), t.grad.numpy()) and (t.grad == 2).all()
    assert np.isnan(_native.elu_grad(g, nan)).all()  # PyTorch: NaN from its vector code, g from its scalar code


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -0.5, 20.0, -20.0, 1e-30, -1e-30]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", sorted(reference.UNARY))
def test_special_values(name, dtype):
    """Zeros (with sign), infinities and NaN, against PyTorch."""
    x = np.array(SPECIAL, dtype)
    got = getattr(_native, name)(x)
    t = torch.from_numpy(x)
    function = (
        {
            "gelu_tanh": lambda t: torch.nn.functional.gelu(t, approximate="tanh"),
            "log_sigmoid": torch.nn.functional.logsigmoid,
        }.get(name)
        or getattr(torch, name, None)
        or getattr(torch.nn.functional, name)
    )
    expected = function(t).numpy()
    if name == "gelu":
        expected[2] = np.inf  # PyTorch's float32 kernel gives NaN here, its float64 kernel infinity
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(got, expected, rtol=8 * eps, atol=8 * eps)
    if name in ("neg", "abs", "sqrt", "floor", "ceil", "trunc", "expm1", "log1p", "tanh", "erf", "sin"):
        assert np.array_equal(np.signbit(got)[x == 0], np.signbit(expected)[x == 0])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", sorted(reference.UNARY))
def test_unary(name, dtype):
    rng = np.random.default_rng(0)
    for n in (1, 5, 16, 67, 1000, 40_000):
        x = (rng.standard_normal(n) * 3).astype(dtype)
        if name in ("asin", "acos", "atanh"):
            x = np.clip(x / 10, -0.99, 0.99).astype(dtype)
        expected = quiet(reference.UNARY[name], x.astype(np.float64))
        # a few roundings of the result, of the argument where the function is steep, and of terms of size x that cancel
        eps = np.finfo(dtype).eps
        tolerance = 16 * eps * (np.abs(expected) + 1 + np.abs(x))
        if name in ("tan", "lgamma", "acosh", "reciprocal", "rsqrt", "atanh"):
            tolerance = tolerance + 16 * eps * np.abs(expected) ** 2
        got = getattr(_native, name)(x)
        assert np.array_equal(np.isnan(got), np.isnan(expected))
        ok = np.isfinite(expected)
        assert (np.abs(got - expected)[ok] <= tolerance[ok]).all(), np.abs(got - expected)[ok].max()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", sorted(reference.BINARY))
def test_binary(name, dtype):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(1003) * 5).astype(dtype), (rng.standard_normal(1003) * 3).astype(dtype)
    specials = np.array(list(itertools.product(SPECIAL, SPECIAL)), dtype)
    a, b = np.concatenate([a, specials[:, 0]]), np.concatenate([b, specials[:, 1]])
    torch_name = {"sub": "subtract", "div": "true_divide", "pow": "float_power"}.get(name, name)
    expected = getattr(torch, torch_name)(torch.from_numpy(a), torch.from_numpy(b)).numpy().astype(dtype)
    got = getattr(_native, name)(a, b)
    np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", sorted(reference.GRADIENTS))
def test_gradients(name, dtype):
    function, of = reference.GRADIENTS[name]
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.standard_normal(997) * 3, np.linspace(-12, 12, 99)])
    kinks = np.min([np.abs(x - k) for k in (-3, 0, 3)], axis=0)
    x = x[kinks > 1e-3].astype(dtype)
    g = rng.standard_normal(x.size).astype(dtype)
    f = reference.UNARY[function]
    wide = x.astype(np.float64)
    expected = g * reference.derivative(f, wide)
    got = getattr(_native, name)(g, f(wide).astype(dtype) if of == "output" else x)
    # 1 - y^2 and the like lose what y lost; the central difference itself is good to 1e-9
    tolerance = (32 * np.finfo(dtype).eps * (1 + np.abs(x)) ** 2 + 1e-9) * (1 + np.abs(g))
    assert (np.abs(got - expected) <= tolerance).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_parameters(dtype):
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(101).astype(dtype) for _ in range(3))
    t = [torch.from_numpy(v) for v in (a, b, c)]
    F = torch.nn.functional
    eps = np.finfo(dtype).eps
    for got, expected in (
        (_native.add_scaled(a, b, alpha=0.3), torch.add(t[0], t[1], alpha=0.3)),
        (_native.clamp(a, min=-0.5, max=0.25), torch.clamp(t[0], -0.5, 0.25)),
        (_native.clamp(a, max=0.25), torch.clamp(t[0], max=0.25)),
        (_native.clamp(a, min=0.5, max=-0.5), torch.clamp(t[0], 0.5, -0.5)),
        (_native.lerp(a, b, c), torch.lerp(*t)),
        (_native.lerp(a, b, 0.7), torch.lerp(t[0], t[1], 0.7)),
        (_native.addcmul(a, b, c, value=-2), torch.addcmul(*t, value=-2)),
        (_native.addcdiv(a, b, c, value=-2), torch.addcdiv(*t, value=-2)),
        (_native.leaky_relu(a, negative_slope=0.2), F.leaky_relu(t[0], 0.2)),
        (_native.elu(a, alpha=0.7), F.elu(t[0], 0.7)),
        (_native.elu(a, alpha=1.6732632423543772, scale=1.0507009873554805), F.selu(t[0])),
        (_native.softplus(a, beta=2, threshold=1), F.softplus(t[0], 2, 1)),
        (_native.threshold(a, threshold=0.1, value=7), F.threshold(t[0], 0.1, 7)),
    ):
        np.testing.assert_allclose(got, expected.numpy(), rtol=16 * eps, atol=16 * eps)
    nan = np.array([np.nan, 1, -np.inf], dtype)
    assert np.isnan(_native.clamp(nan, min=0.0)).tolist() == [True, False, False]
    with pytest.raises(TypeError, match="unexpected argument"):
        _native.exp(a, alpha=1)
    with pytest.raises(TypeError, match="must be a number"):
        _native.clamp(a, min="x")


@pytest.mark.parametrize("name", sorted(set(FALLBACKS) - {"cast", "where"}))
def test_numpy_forms_agree(name):
    """Every map's NumPy form (other dtypes) and its kernel give the same, and float16 and bfloat16 keep their dtype."""
    rng = np.random.default_rng(0)
    inputs = [np.abs(rng.standard_normal(64)) + 0.5 for _ in range(3)]
    for count in (1, 2, 3):
        try:
            expected = FALLBACKS[name](*inputs[:count])
            break
        except TypeError:
            continue
    got = getattr(_native, name)(*inputs[:count])
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)
    for narrow in (np.float16, ml_dtypes.bfloat16):
        low = [x.astype(narrow) for x in inputs[:count]]
        result = getattr(_native, name)(*low)
        assert isinstance(result, np.ndarray) and result.dtype in (narrow, bool)
        exact = getattr(_native, name)(*[x.astype(np.float64) for x in low])
        eps = float(ml_dtypes.finfo(narrow).eps)
        if result.dtype != bool and name not in ("acosh", "atanh", "acos", "asin", "lgamma"):
            error = np.abs(result.astype(np.float64) - exact)
            # a few roundings of the result and of intermediate values of the inputs' size
            assert (error <= 4 * eps * (1 + np.abs(exact)) + 1e-6)[np.isfinite(exact)].all()


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int16, np.int32, np.int64, np.complex64])
def test_other_dtypes(dtype):
    a, b = np.array([1, 2, 3]).astype(dtype), np.array([3, 1, 2]).astype(dtype)
    for name in ("add", "mul", "eq"):
        got, expected = (
            getattr(_native, name)(a, b),
            getattr(reference, "BINARY" if name != "eq" else "COMPARISON")[name](a, b),
        )
        assert isinstance(got, np.ndarray) and got.dtype == expected.dtype and np.array_equal(got, expected)
    zero = np.array(1).astype(dtype)
    assert isinstance(_native.add(zero, zero), np.ndarray), "0-d results are arrays"
    if np.dtype(dtype).kind in "iu":
        assert np.array_equal(_native.add(a, 300), a + np.array(300).astype(dtype)), (
            "numbers count at the array's dtype"
        )
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            _native.floor_divide(a, a * 0)
        got = _native.remainder(np.array([-7, 7]).astype(np.int64), np.array([3, -3]))
        assert got.tolist() == [2, -2]
        assert elementwise.pow(np.array([2, -1, 1]), np.array([-1, -3, -2])).tolist() == [0, -1, 1]


KINDS = [bool, np.uint8, np.int32, np.int64, np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.complex64]


@pytest.mark.parametrize("source, target", list(itertools.product(KINDS, KINDS)))
def test_cast(source, target):
    a = np.array([[0, 1, 2.5], [100, 7, 3]]).astype(source)
    for view in (a, a.T, a[:, ::2], a[::-1]):
        got = _native.cast(view, dtype=np.dtype(target))
        real = view.real if np.dtype(source).kind == "c" and np.dtype(target).kind != "c" else view
        assert got.dtype == target and np.array_equal(got, real.astype(target)) and not np.shares_memory(got, view)
    if np.dtype(source).kind == "f":
        assert _native.cast(np.array([np.nan], source), np.dtype(bool)).tolist() == [True]


@pytest.mark.parametrize("narrow", [np.float16, ml_dtypes.bfloat16])
def test_narrow_floats(narrow):
    """Every float16 (bfloat16) there is to float32 and back; float32 rounds to the nearest, halves to even."""
    every = np.arange(1 << 16, dtype=np.uint16).view(narrow)
    wide = _native.cast(every, np.dtype(np.float32))
    assert np.array_equal(wide, every.astype(np.float32), equal_nan=True)
    back = _native.cast(wide, np.dtype(narrow))
    nan = np.isnan(wide)
    assert np.array_equal(back.view(np.uint16)[~nan], every.view(np.uint16)[~nan])
    assert np.isnan(back[nan].astype(np.float32)).all()
    rng = np.random.default_rng(0)
    x = rng.integers(0, 1 << 32, 300_000, dtype=np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        middle = wide[:-1] / 2 + wide[1:] / 2  # ties
        x = np.concatenate([x, middle, np.nextafter(middle, np.float32(0)), np.array([65519.9, 65520, -65520, 1e-9])])
        x = x[~np.isnan(x)].astype(np.float32)
    expected = quiet(x.astype, narrow)
    assert np.array_equal(_native.cast(x, np.dtype(narrow)).view(np.uint16), expected.view(np.uint16))


@pytest.mark.parametrize("narrow", [np.float16, ml_dtypes.bfloat16])
def test_narrow_maps(narrow):
    """Computed in float32 and rounded once; numbers keep their float32 value; every layout and kind of map."""
    for a in views((40, 70), narrow):
        for b in (a[::-1], a[:1], 0.1, 3):
            wide = b.astype(np.float32) if isinstance(b, np.ndarray) else np.float32(b)
            expected = (a.astype(np.float32) * wide).astype(narrow)
            got = _native.mul(a, b)
            assert got.dtype == narrow and np.array_equal(got, expected)
            assert np.array_equal(_native.lt(a, b), a.astype(np.float32) < wide)
            expected = np.where(a > 0, a.astype(np.float32), wide).astype(narrow)
            assert np.array_equal(_native.where(np.asarray(a > 0), a, b), expected)
        if a.flags.writeable:
            expected = (a.astype(np.float32) + 1).astype(narrow)
            assert _native.add(a, 1, a) is a and np.array_equal(a, expected)


def test_clamp_of_integers():
    for dtype in (np.int32, np.int64):
        info = np.iinfo(dtype)
        x = np.array([info.min, -5, 0, 7, info.max], dtype)
        for low, high in ((-3, 4), (None, 0), (1, None), (info.min, info.max), (5, -5), (info.min + 1, info.max - 1)):
            expected = x if low is None else np.maximum(x, low)
            expected = expected if high is None else np.minimum(expected, high)
            assert np.array_equal(elementwise.clamp(x, min=low, max=high), expected)


def test_large_arrays():
    """Above the threshold of streaming stores, at every alignment, with several tasks."""
    n = 9_000_000
    x = np.arange(n, dtype=np.float32)
    assert np.array_equal(_native.add(x, 1), x + 1)
    assert np.array_equal(_native.mul(x[1:], x[:-1]), x[1:] * x[:-1])
    assert np.array_equal(_native.neg(x.reshape(3000, 3000).T), -x.reshape(3000, 3000).T)


def test_transposed_operands():
    """Operands that run along another dimension are read in tiles."""
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64, np.int32, np.int64):
        for rows, columns in ((300, 200), (17, 131), (4, 16), (129, 16)):
            a = (rng.standard_normal((rows, columns)) * 9).astype(dtype)
            b = (rng.standard_normal((columns, rows)) * 9).astype(dtype)
            assert np.array_equal(_native.sub(a, b.T), a - b.T)
            assert np.array_equal(_native.sub(b, a.T), b - a.T)
            assert np.array_equal(_native.where(a > 0, b.T, a), np.where(a > 0, b.T, a))
            assert np.array_equal(_native.where(b.T > 0, b.T, a), np.where(b.T > 0, b.T, a))
            assert np.array_equal(_native.lt(a, b.T), a < b.T)
        a = (rng.standard_normal((3, 40, 5, 30)) * 9).astype(dtype)
        b = np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
        assert not _native.sub(a, b).any() and not _native.sub(b, a).any()


def test_errors():
    a = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="cannot be broadcast"):
        _native.add(a, np.ones((4,), np.float32))
    with pytest.raises(ValueError, match="out has"):
        _native.add(a, a, np.empty((3, 2), np.float32))
    frozen = np.empty_like(a)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        _native.add(a, a, frozen)
    with pytest.raises(TypeError, match="expected 2 inputs"):
        _native.add(a)
    with pytest.raises(TypeError, match="must be an array"):
        _native.add(a, a, [1])
