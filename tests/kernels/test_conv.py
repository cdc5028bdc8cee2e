"""native/kernels/conv against tests/reference/conv.py, under every instruction set."""

import numpy as np
import pytest

from rushlight import _native
from tests.reference import conv as reference

ISAS = _native.available_isas()


@pytest.fixture(params=ISAS, autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


# batch, groups, in and out channels of a group, input, kernel, stride, padding, dilation
GEOMETRIES = [
    (2, 1, 3, 5, (7, 9), (3, 3), (1, 1), (1, 1), (1, 1)),
    (3, 1, 17, 33, (14, 13), (3, 3), (1, 1), (1, 1), (1, 1)),  # panels across images, odd edges
    (2, 1, 40, 29, (6, 6), (3, 3), (1, 1), (0, 0), (1, 1)),  # reads the array itself
    (1, 1, 64, 30, (9, 31), (3, 3), (1, 1), (1, 1), (1, 1)),  # more than one depth block
    (2, 1, 3, 16, (23, 23), (7, 7), (2, 2), (3, 3), (1, 1)),  # stem
    (2, 1, 1, 6, (28, 28), (5, 5), (1, 1), (0, 0), (1, 1)),  # LeNet
    (1, 1, 64, 40, (51, 29), (3, 3), (1, 1), (1, 1), (1, 1)),  # several bands of rows, the last one shorter
    (1, 1, 130, 10, (47, 47), (3, 3), (2, 1), (1, 1), (1, 1)),
    (1, 1, 8, 40, (9, 10), (1, 1), (1, 1), (0, 0), (1, 1)),  # pointwise
    (2, 1, 8, 40, (9, 10), (1, 1), (2, 2), (0, 0), (1, 1)),
    (2, 4, 2, 3, (8, 9), (3, 2), (2, 3), (1, 2), (1, 1)),
    (2, 6, 1, 1, (11, 37), (3, 3), (1, 1), (1, 1), (1, 1)),  # depthwise
    (1, 3, 1, 2, (9, 9), (3, 3), (2, 1), (1, 0), (1, 2)),  # depthwise, multiplier 2
    (2, 3, 1, 1, (23, 70), (3, 3), (2, 2), (1, 1), (1, 1)),  # depthwise: strided; odd widths, several vectors
    (1, 2, 1, 1, (12, 85), (5, 5), (1, 1), (2, 2), (1, 1)),
    (1, 2, 1, 1, (14, 33), (7, 7), (1, 1), (3, 3), (1, 1)),
    (1, 2, 1, 1, (150, 60), (3, 3), (1, 1), (1, 1), (1, 1)),  # several bands
    (1, 2, 1, 1, (9, 40), (3, 3), (1, 1), (4, 5), (1, 1)),  # padding beyond the kernel
    (1, 2, 1, 1, (31, 40), (3, 5), (3, 3), (0, 2), (2, 2)),
    (1, 2, 1, 1, (31, 40), (5, 5), (2, 2), (2, 2), (1, 1)),
    (1, 2, 1, 1, (20, 19), (3, 3), (1, 9), (1, 1), (1, 1)),
    (1, 2, 1, 1, (40,), (3,), (2,), (1,), (1,)),
    (1, 1, 4, 26, (12, 12), (3, 3), (1, 1), (2, 2), (2, 2)),  # dilated
    (1, 1, 2, 3, (13, 12), (3, 2), (2, 3), (4, 5), (3, 2)),  # strides and dilations without and with common factors
    (1, 1, 2, 3, (13, 12), (3, 3), (4, 4), (0, 0), (2, 2)),
    (3, 1, 5, 27, (4, 3), (4, 3), (1, 1), (0, 0), (1, 1)),  # kernel equals input
    (3, 1, 5, 27, (4, 3), (4, 3), (5, 7), (0, 0), (1, 1)),  # stride beyond the input
    (1, 1, 2, 2, (1, 1), (1, 1), (1, 1), (3, 2), (1, 1)),  # padding beyond the kernel
    (1, 1, 2, 2, (2, 2), (3, 3), (3, 3), (6, 6), (1, 1)),  # windows that see only padding
    (2, 1, 3, 25, (50,), (5,), (2,), (3,), (2,)),
    (2, 2, 3, 4, (1,), (1,), (1,), (0,), (1,)),
    (1, 1, 3, 30, (4, 5, 6), (2, 3, 2), (1, 2, 1), (1, 0, 1), (2, 1, 1)),
    (2, 1, 2, 3, (3, 4, 17), (3, 3, 3), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
    (2, 2, 1, 1, (3, 4, 9), (2, 2, 2), (2, 2, 2), (0, 0, 0), (1, 1, 1)),
    (0, 1, 3, 4, (5, 5), (3, 3), (1, 1), (1, 1), (1, 1)),
    (2, 1, 0, 4, (5, 5), (3, 3), (1, 1), (1, 1), (1, 1)),
    (2, 1, 3, 0, (5, 5), (3, 3), (1, 1), (1, 1), (1, 1)),
]
PLANES = [  # large enough for the algorithms that want whole rows
    (2, 2, 15, 35, (31, 33), (3, 3), (1, 1), (1, 1), (1, 1)),  # an image's pixels in one run, two depth blocks
    (2, 1, 16, 70, (45, 41), (3, 3), (2, 2), (1, 1), (1, 1)),  # the same with a stride
    (2, 1, 20, 40, (24, 25), (1, 1), (1, 1), (0, 0), (1, 1)),  # the same, from the array itself
    (1, 1, 20, 40, (32, 32), (1, 1), (1, 1), (0, 0), (1, 1)),  # channels a power of two apart
    (2, 1, 33, 29, (16, 16), (3, 3), (1, 1), (1, 1), (1, 1)),  # rows that are whole cache lines
    (2, 1, 33, 30, (5, 84), (3, 3), (1, 1), (1, 1), (1, 1)),  # vectors along output channels
    (1, 2, 72, 61, (9, 84), (3, 3), (2, 1), (1, 1), (1, 2)),  # the same, several depth blocks, the last panel not full
    (2, 1, 32, 40, (6, 84), (2, 3), (1, 1), (1, 1), (1, 1)),  # the same for the input's gradient
    (1, 1, 30, 32, (40, 56), (3, 3), (1, 1), (1, 1), (1, 1)),  # the same, with threads in bands
    (3, 1, 32, 40, (7, 7), (3, 3), (1, 1), (1, 1), (1, 1)),  # the same with narrow rows, an image's pixels in one run
    (2, 1, 90, 64, (6, 9), (3, 3), (1, 1), (0, 2), (1, 1)),  # the same, output rows longer than the input's
    (1, 1, 64, 32, (29, 61), (3, 3), (2, 2), (1, 1), (1, 1)),  # a stride, phases of different sizes
    (2, 2, 48, 30, (10, 28), (3, 3), (2, 2), (0, 1), (1, 1)),
    (3, 1, 64, 32, (14, 14), (3, 3), (2, 2), (1, 1), (1, 1)),  # the same with narrow rows, a plane for each distance
    (2, 1, 64, 40, (13, 15), (3, 4), (2, 2), (1, 2), (1, 1)),
    (2, 1, 64, 32, (12, 12), (3, 3), (1, 2), (2, 2), (2, 1)),
    (2, 1, 96, 32, (331,), (3,), (2,), (1,), (1,)),
    (1, 1, 32, 29, (3, 5, 28), (3, 3, 3), (1, 2, 2), (1, 1, 1), (1, 1, 1)),
    (1, 1, 86, 64, (14, 1), (3, 3), (2, 2), (1, 1), (1, 1)),  # a phase without pixels
]
MANY_IMAGES = [
    (32, 1, 6, 16, (14, 14), (5, 5), (1, 1), (0, 0), (1, 1)),  # LeNet
    (29, 1, 1, 6, (12, 12), (5, 5), (1, 1), (2, 2), (1, 1)),  # a block of images that is not full
    (50, 1, 3, 17, (9, 11), (3, 3), (2, 1), (1, 2), (1, 1)),
    (25, 1, 16, 5, (7, 6), (3, 4), (1, 1), (3, 0), (1, 1)),  # padding as wide as the kernel
    (32, 1, 2, 2, (2, 2), (3, 3), (3, 3), (6, 6), (1, 1)),
    (31, 1, 2, 30, (40,), (5,), (1,), (7,), (1,)),
    (16, 1, 4, 13, (5, 30), (2, 7), (1, 1), (1, 3), (1, 1)),
    # wide kernels whose output channels fill vectors
    (3, 1, 3, 30, (9, 20), (4, 6), (2, 1), (0, 2), (1, 1)),
    (2, 1, 5, 15, (8, 9), (4, 4), (1, 1), (1, 1), (1, 1)),
    (2, 1, 2, 16, (3, 4, 17), (2, 2, 5), (1, 1, 1), (1, 1, 2), (1, 1, 1)),
    (2, 1, 3, 48, (21,), (5,), (1,), (4,), (1,)),
]


def random_geometries(count, seed=0):
    rng = np.random.default_rng(seed)
    while count:
        rank = int(rng.integers(1, 4))
        largest = {1: 40, 2: 14, 3: 7}[rank]

        def ints(low, high, rank=rank):
            return tuple(int(v) for v in rng.integers(low, high, rank))

        size, kernel, stride, padding, dilation = (
            ints(1, largest), ints(1, 5), ints(1, 5), ints(0, 4), ints(1, 4),
        )  # fmt: skip
        if all(i + 2 * p > d * (k - 1) for i, k, p, d in zip(size, kernel, padding, dilation, strict=True)):
            channels = (int(rng.choice([1, 2, 5, 17, 33])), int(rng.choice([1, 3, 7, 16, 29, 40])))
            yield (int(rng.integers(1, 4)), int(rng.integers(1, 4)), *channels, size, kernel, stride, padding, dilation)
            count -= 1


def arrays(case, dtype, seed=0):
    batch, groups, inner, outer, size, kernel, stride, padding, dilation = case
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, groups * inner, *size)).astype(dtype)
    w = rng.standard_normal((groups * outer, inner, *kernel)).astype(dtype)
    out = [reference.output_size(*v) for v in zip(size, kernel, stride, padding, dilation, strict=True)]
    g = rng.standard_normal((batch, groups * outer, *out)).astype(dtype)
    return x, w, g, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


def close(ours, oracle, *args, terms, dtype, **attrs):
    """|ours - exact| <= eps * terms * sum of |products|: any order of summation meets it."""
    exact = oracle(*[a if a is None else a.astype(np.float64) for a in args], **attrs)
    size = oracle(*[a if a is None else abs(a.astype(np.float64)) for a in args], **attrs)
    assert ours.shape == exact.shape and ours.dtype == dtype
    assert (abs(ours - exact) <= np.finfo(dtype).eps * (terms + 2) * size).all()


def check(case, dtype):
    x, w, g, attrs = arrays(case, dtype)
    geometry = (attrs["stride"], attrs["padding"], attrs["dilation"], attrs["groups"])
    bias, bias_in = (np.linspace(-1, 1, n, dtype=dtype) for n in (w.shape[0], x.shape[1]))
    taps = int(np.prod(w.shape[2:]))
    out = _native.conv(x, w, bias, *geometry, False)
    close(out, reference.conv, x, w, bias, terms=w.shape[1] * taps, dtype=dtype, **attrs)
    assert np.array_equal(_native.conv(x, w, bias, *geometry, True), np.maximum(out, 0))
    out = _native.conv_grad_input(g, w, bias_in, x.shape, *geometry)
    terms = w.shape[0] // attrs["groups"] * taps
    close(out, reference.conv_grad_input, g, w, bias_in, terms=terms, dtype=dtype, input_shape=x.shape, **attrs)
    out = _native.conv_grad_weight(g, x, w.shape, *geometry)
    terms = g.shape[0] * int(np.prod(g.shape[2:]))
    close(out, reference.conv_grad_weight, g, x, terms=terms, dtype=dtype, weight_shape=w.shape, **attrs)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", GEOMETRIES + PLANES + MANY_IMAGES)
def test_geometry(case, dtype):
    check(case, dtype)


@pytest.mark.parametrize("case", list(random_geometries(40)))
def test_random_geometry(case):
    check(case, np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("channels", [2, 16, 37])
@pytest.mark.parametrize(
    "geometry",  # size, kernel, stride, padding, dilation
    [
        ((9, 21), (3, 3), (1, 1), (1, 1), (1, 1)),
        ((10, 13), (3, 5), (2, 2), (1, 2), (1, 1)),
        ((11, 12), (3, 3), (1, 3), (4, 5), (2, 2)),
        ((2, 2), (3, 3), (3, 3), (6, 6), (1, 1)),  # windows that see only padding
        ((5, 1), (2, 1), (1, 1), (0, 0), (1, 1)),
    ],
)
def test_depthwise_channels_last(geometry, channels, dtype):
    """The same values as for a contiguous image, laid out like the input; infinities stay where they reach."""
    x, w, _, attrs = arrays((2, channels, 1, 1, *geometry), dtype)
    bias = np.arange(channels, dtype=dtype)
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    for b, relu in ((None, False), (bias, True)):
        expected = reference.conv(x.astype(np.longdouble), w, b, **attrs)
        got = _native.conv(last, w, b, *attrs.values(), relu)
        # a sum of taps + 1 terms, each rounded
        magnitude = reference.conv(np.abs(x), np.abs(w), None if b is None else np.abs(b), **attrs)
        bound = np.finfo(dtype).eps * (w[0].size + 1) * magnitude
        assert (np.abs(got - (np.maximum(expected, 0) if relu else expected)) <= bound).all()
        assert got.transpose(0, 2, 3, 1).flags.c_contiguous
    last[0, 1, 0, 0] = np.inf
    expected = reference.conv(np.isinf(last).astype(dtype), np.ones_like(w), None, **attrs) > 0
    assert np.array_equal(~np.isfinite(_native.conv(last, w, None, *attrs.values(), False)), expected)


@pytest.mark.parametrize("case", [*(GEOMETRIES[i] for i in (1, 4, 9, 20)), *PLANES, *MANY_IMAGES])
def test_threads_change_nothing(case):
    x, w, g, attrs = arrays(case, np.float32)
    geometry = tuple(attrs.values())
    results = []
    before = _native.get_num_threads()
    for threads in (1, 2, 3):
        _native.set_num_threads(threads)
        results.append(
            (
                _native.conv(x, w, None, *geometry, False),
                _native.conv_grad_input(g, w, None, x.shape, *geometry),
                _native.conv_grad_weight(g, x, w.shape, *geometry),
            )
        )
    _native.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-4)  # sums may be split otherwise


@pytest.mark.parametrize(
    "case", [*(GEOMETRIES[i] for i in (0, 1, 2, 5, 9, 11, 18)), *PLANES, *MANY_IMAGES[:2], *MANY_IMAGES[-4:]]
)
def test_infinity_stays_in_its_windows(case):
    """An infinite or NaN input reaches the outputs whose window holds it, and no others."""
    x, w, g, attrs = arrays(case, np.float32)
    geometry = tuple(attrs.values())
    x[(0, 0, *(n // 2 for n in x.shape[2:]))] = np.inf
    x[(-1, -1, *(n - 1 for n in x.shape[2:]))] = np.nan
    out = _native.conv(x, w, None, *geometry, False)
    expected = reference.conv(x, w, None, **attrs)
    assert np.array_equal(np.isfinite(out), np.isfinite(expected))
    g[(0, 0, *(n // 2 for n in g.shape[2:]))] = np.inf
    g[(-1, -1, *(n - 1 for n in g.shape[2:]))] = np.nan
    out = _native.conv_grad_input(g, w, None, x.shape, *geometry)
    expected = reference.conv_grad_input(g, w, None, input_shape=x.shape, **attrs)
    assert np.array_equal(np.isfinite(out), np.isfinite(expected))
    out = _native.conv_grad_weight(np.ones_like(g), x, w.shape, *geometry)
    expected = reference.conv_grad_weight(np.ones_like(g), x, weight_shape=w.shape, **attrs)
    assert np.array_equal(np.isfinite(out), np.isfinite(expected))


@pytest.mark.parametrize("at_end", [True, False], ids=["end", "start"])
@pytest.mark.parametrize("case", GEOMETRIES + PLANES + MANY_IMAGES)
def test_stays_inside(fenced, case, at_end):
    """Reading one value past an operand would end the process."""
    x, w, g, attrs = arrays(case, np.float32)
    geometry = tuple(attrs.values())
    near = [fenced(a, at_end) for a in (x, w, g)]
    assert np.array_equal(
        _native.conv(near[0], near[1], None, *geometry, False), _native.conv(x, w, None, *geometry, False)
    )
    assert np.array_equal(
        _native.conv_grad_input(near[2], near[1], None, x.shape, *geometry),
        _native.conv_grad_input(g, w, None, x.shape, *geometry),
    )
    assert np.array_equal(
        _native.conv_grad_weight(near[2], near[0], w.shape, *geometry),
        _native.conv_grad_weight(g, x, w.shape, *geometry),
    )


@pytest.mark.parametrize("shift", [0, 1])
def test_pointwise_results_beyond_the_caches(shift):
    """16 MB and more are written past the caches where rows begin with a cache line, and as usual where they do not."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 9, 128, 128 + shift), dtype=np.float32)
    w = rng.standard_normal((257, 9, 1, 1), dtype=np.float32)
    bias = np.linspace(-1, 1, 257, dtype=np.float32)
    out = _native.conv(x, w, bias, (1, 1), (0, 0), (1, 1), 1, True)
    expected = np.maximum(np.tensordot(w[:, :, 0, 0], x[0], 1) + bias[:, None, None], 0)[None]
    size = np.tensordot(abs(w[:, :, 0, 0]), abs(x[0]), 1) + 1
    assert (abs(out - expected) <= 2 * 11 * np.finfo(np.float32).eps * size).all()


def test_fewer_outputs_than_windows():
    """The gradients of a result that was cropped: a transposed convolution with output_padding beyond its stride."""
    x, w, g, attrs = arrays((2, 1, 3, 5, (11, 10), (3, 3), (2, 2), (1, 0), (3, 1)), np.float32)
    geometry = tuple(attrs.values())
    g[:, :, -1] = 0
    g[..., -1] = 0
    out = _native.conv_grad_input(g[:, :, :-1, :-1], w, None, x.shape, *geometry)
    np.testing.assert_allclose(out, _native.conv_grad_input(g, w, None, x.shape, *geometry), atol=1e-5)
    out = _native.conv_grad_weight(g[:, :, :-1, :-1], x, w.shape, *geometry)
    np.testing.assert_allclose(out, _native.conv_grad_weight(g, x, w.shape, *geometry), atol=1e-5)


def test_awkward_layouts():
    x, w, _, attrs = arrays(GEOMETRIES[0], np.float32)
    geometry = tuple(attrs.values())
    expected = _native.conv(x, w, None, *geometry, False)
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(_native.conv(last, w, None, *geometry, False), expected, atol=1e-5)  # other sums
    sliced = np.repeat(x, 2, axis=3)[..., ::2]
    assert np.array_equal(_native.conv(sliced, w[::-1][::-1], None, *geometry, False), expected)


def test_arguments_are_checked():
    x, w = np.zeros((2, 3, 5, 5), np.float32), np.zeros((4, 3, 3, 3), np.float32)
    ones, zeros = (1, 1), (0, 0)
    for args in [
        (x, w[:, :2], None, ones, zeros, ones, 1, False),  # channels
        (x, w, None, ones, zeros, ones, 2, False),  # groups
        (x, w, None, ones, zeros, ones, 0, False),
        (x, w, None, (0, 1), zeros, ones, 1, False),
        (x, w, None, ones, (-1, 0), ones, 1, False),
        (x, w, None, ones, zeros, (0, 1), 1, False),
        (x, w, None, ones, zeros, (3, 1), 1, False),  # kernel beyond the input
        (x, w, None, ones, zeros, (1 << 62, 1), 1, False),
        (x, w, np.zeros(3, np.float32), ones, zeros, ones, 1, False),
        (x, w[0], None, ones, zeros, ones, 1, False),
        (x, w, None, (1,), zeros, ones, 1, False),
    ]:
        with pytest.raises(ValueError):
            _native.conv(*args)
    with pytest.raises(TypeError):
        _native.conv(x, w.astype(np.float64), None, ones, zeros, ones, 1, False)
    with pytest.raises(TypeError):
        _native.conv(x.astype(np.int32), w.astype(np.int32), None, ones, zeros, ones, 1, False)
    g = np.zeros((2, 4, 3, 3), np.float32)
    for shape in [(2, 3, 5), (2, 3, 5, 4), (1, 3, 5, 5), (2, 2, 5, 5), (2, 3, -5, 5)]:
        with pytest.raises(ValueError):
            _native.conv_grad_input(g, w, None, shape, ones, zeros, ones, 1)
    for shape in [(4, 3, 3), (4, 3, 3, 4), (5, 3, 3, 3), (4, 2, 3, 3), (4, 3, 0, 3)]:
        with pytest.raises(ValueError):
            _native.conv_grad_weight(g, x, shape, ones, zeros, ones, 1)
