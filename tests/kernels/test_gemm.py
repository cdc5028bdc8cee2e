"""native/kernels/gemm against tests/reference/gemm.py, under every instruction set."""

import numpy as np
import pytest

from rushlight import _native
from tests.reference import gemm as reference


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


# Every path: one row, few rows, one column, edges of tiles and of vectors, several blocks of depth, small and large.
SIZES = [
    (1, 1, 1),
    (1, 40, 30),
    (1, 1000, 77),
    (29, 1, 40),
    (1000, 1, 77),
    (2, 300, 65),
    (3, 300, 33),
    (4, 17, 40),
    (3, 5, 7),
    (14, 32, 16),
    (15, 33, 17),
    (28, 100, 600),
    (64, 64, 64),
    (100, 70, 130),
    (128, 10, 512),
    (200, 31, 40),
    (150, 160, 170),
    (300, 200, 1100),
    (70, 1100, 530),
    (7, 100, 1100),
]
LAYOUTS = ["row", "column", "row gap", "column gap", "strided", "reversed"]


def laid_out(rng, rows, cols, layout, dtype):
    """A (rows, cols) matrix of the given layout; what lies between its values is NaN."""

    def filled(*shape):
        whole = np.full(shape, np.nan, dtype)
        return whole

    values = rng.standard_normal((rows, cols)).astype(dtype)
    if layout == "row":
        return values
    if layout == "column":
        return np.asfortranarray(values)
    if layout == "row gap":
        view = filled(rows + 1, cols + 3)[1:, 2 : cols + 2]
    elif layout == "column gap":
        view = filled(cols, rows + 5).T[3 : rows + 3]
    elif layout == "strided":
        view = filled(2 * rows, 3 * cols)[::2, ::3]
    else:
        view = filled(rows, cols)[::-1]
    view[...] = values
    return view


def check(result, expected, a, b, dtype, extra=0.0):
    assert result.dtype == dtype
    assert result.shape == expected.shape
    limit = reference.bound(a, b, dtype) + extra + np.finfo(dtype).tiny
    assert np.all(np.abs(result - expected) <= limit), np.abs(result - expected).max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_matmul_sizes(size, dtype):
    rng = np.random.default_rng(0)
    m, n, k = size
    for turned_a in (False, True):
        for turned_b in (False, True):
            a = laid_out(rng, m, k, "column" if turned_a else "row", dtype)
            b = laid_out(rng, k, n, "column" if turned_b else "row", dtype)
            check(_native.matmul(a, b), reference.matmul(a, b), a, b, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout_a", LAYOUTS)
@pytest.mark.parametrize("layout_b", LAYOUTS)
def test_matmul_layouts(layout_a, layout_b, dtype):
    rng = np.random.default_rng(1)
    for m, n, k in [(5, 6, 7), (1, 50, 33), (50, 1, 33), (160, 150, 155)]:
        a, b = laid_out(rng, m, k, layout_a, dtype), laid_out(rng, k, n, layout_b, dtype)
        check(_native.matmul(a, b), reference.matmul(a, b), a, b, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [(2, 2, 1), (3, 4, 1), (5, 7, 3), (1, 40, 6), (40, 1, 6), (30, 20, 50)], ids=str)
def test_matmul_of_expanded_matrices(size, dtype):
    # Steps of zero: one value, one row or one column stands for all.
    m, n, k = size
    rng = np.random.default_rng(8)

    def expanded(rows, cols):
        for shape in [(1, 1), (1, cols), (rows, 1), (rows, cols)]:
            yield np.broadcast_to(rng.standard_normal(shape).astype(dtype), (rows, cols))
            yield np.broadcast_to(rng.standard_normal(shape[::-1]).astype(dtype), (cols, rows)).T

    for a in expanded(m, k):
        for b in expanded(k, n):
            check(_native.matmul(a, b), reference.matmul(a, b), a, b, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_strided_row_times_wide_transpose(dtype):
    # The row is copied to scratch memory, then multiplied by the blocked product, which packs into scratch memory too.
    rng = np.random.default_rng(5)
    a, b = laid_out(rng, 1, 6, "strided", dtype), np.asfortranarray(rng.standard_normal((6, 600000)).astype(dtype))
    a = np.repeat(a, 2, axis=1)[:, ::2]
    check(_native.matmul(a, b), reference.matmul(a, b), a, b, dtype)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_matmul_threads(threads):
    rng = np.random.default_rng(2)
    before = _native.get_num_threads()
    _native.set_num_threads(threads)
    try:
        for m, n, k in [
            (300, 333, 1100),
            (10, 3000, 100),
            (3000, 10, 100),
            (1, 3000, 300),
            (5, 2000, 700),
            (900, 40, 40),
            (128, 10, 512),  # each task packs what it reads
            (64, 84, 120),
            (60, 300, 60),
            (7, 129, 400),
            (130, 23, 300),
            (128, 512, 400),  # wide: a thread packs its own columns of B
            (200, 450, 300),  # as wide as that only if B has to be transposed
        ]:
            for turned in (False, True):
                a = laid_out(rng, m, k, "row", np.float32)
                b = laid_out(rng, k, n, "column" if turned else "row", np.float32)
                check(_native.matmul(a, b), reference.matmul(a, b), a, b, np.float32)
    finally:
        _native.set_num_threads(before)


def test_matmul_ranks():
    rng = np.random.default_rng(3)
    shapes = [
        ((4,), (4,)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((6, 1, 3, 4), (2, 4, 5)),
        ((1, 3, 4), (7, 4, 5)),
        ((8, 40, 50), (8, 50, 60)),
    ]
    for a_shape, b_shape in shapes:
        a, b = rng.standard_normal(a_shape).astype("f4"), rng.standard_normal(b_shape).astype("f4")
        np.testing.assert_allclose(_native.matmul(a, b), np.matmul(a.astype("f8"), b.astype("f8")), rtol=0, atol=1e-4)
    a, b = rng.standard_normal((6, 5, 4)), rng.standard_normal((6, 3, 5))
    turned = _native.matmul(a.transpose(0, 2, 1), b.transpose(0, 2, 1))  # batches of transposed views
    np.testing.assert_allclose(turned, np.matmul(a.transpose(0, 2, 1), b.transpose(0, 2, 1)), rtol=0, atol=1e-12)
    wide = np.broadcast_to(a[:1], a.shape)  # a stride of zero
    np.testing.assert_allclose(
        _native.matmul(wide, a.transpose(0, 2, 1)), np.matmul(wide, a.transpose(0, 2, 1)), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(
    "shapes",
    [
        ((0, 3), (3, 4)),
        ((3, 0), (0, 4)),
        ((3, 4), (4, 0)),
        ((0,), (0,)),
        ((0, 2, 3), (0, 3, 4)),
        ((2, 3, 0), (2, 0, 4)),
        ((0, 0), (0, 0)),
    ],
    ids=str,
)
def test_empty(shapes):
    a, b = (np.ones(s, np.float32) for s in shapes)
    expected = np.matmul(a, b)
    result = _native.matmul(a, b)
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", [0, 1])
@pytest.mark.parametrize(
    "size", [(1, 3, 4), (8, 512, 512), (33, 65, 700), (128, 10, 512), (300, 200, 600), (3, 4, 0)], ids=str
)
def test_linear(size, activation, dtype):
    rng = np.random.default_rng(4)
    m, n, k = size
    x, w, bias = (rng.standard_normal(s).astype(dtype) for s in ((m, k), (n, k), (n,)))
    for b in (bias, None):
        expected = reference.linear(x, w, b, activation)
        extra = 0 if b is None else 4 * np.finfo(dtype).eps * np.abs(b)
        check(_native.linear(x, w, b, activation), expected, x, w.T, dtype, extra)
        folded = _native.linear(x.reshape(1, m, 1, k), w, b, activation)
        check(folded.reshape(m, n), expected, x, w.T, dtype, extra)
    check(_native.linear(np.asfortranarray(x), np.asfortranarray(w), None, 0), reference.matmul(x, w.T), x, w.T, dtype)
    if m and k:
        check(
            _native.linear(x[0], w, bias, 0),
            reference.linear(x[0], w, bias, 0),
            x[0],
            w.T,
            dtype,
            4 * np.finfo(dtype).eps * np.abs(bias),
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "size", [(3, 4, 5), (1, 40, 9), (40, 1, 9), (160, 170, 1200), (20, 33, 700), (4, 5, 0)], ids=str
)
def test_addmm(size, dtype):
    rng = np.random.default_rng(5)
    m, n, k = size
    a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    inputs = [rng.standard_normal(s).astype(dtype) for s in ((m, n), (n,), (1,), (m, 1), (1, n), (1, 1))]
    inputs += [np.asfortranarray(inputs[0]), np.broadcast_to(inputs[1], (m, n))]
    for input in inputs:
        for alpha in (1.0, -0.5):
            extra = 4 * np.finfo(dtype).eps * np.abs(input)
            check(_native.addmm(input, a, b, alpha), reference.addmm(input, a, b, alpha), a, b, dtype, extra)


def test_not_finite():
    a = np.ones((20, 40), np.float32)
    b = np.ones((40, 50), np.float32)
    a[3, 7], b[5, 9] = np.nan, np.inf
    result = _native.matmul(a, b)
    assert np.isnan(result[3]).all() and not np.isnan(np.delete(result, 3, 0)).any()
    assert np.isinf(np.delete(result, 3, 0)[:, 9]).all()
    assert np.isnan(_native.linear(a, np.ascontiguousarray(b.T), None, 1)[3]).all()  # relu lets NaN through


def test_other_dtypes():
    a = np.arange(6).reshape(2, 3)
    assert _native.matmul(a, a.T).dtype == np.int64
    np.testing.assert_array_equal(_native.matmul(a, a.T), a @ a.T)
    c = (a + 1j).astype(np.complex64)
    np.testing.assert_allclose(_native.matmul(c, c.T), c @ c.T)


def test_out():
    a, b, out = np.ones((3, 4), np.float32), np.ones((4, 5), np.float32), np.full((3, 5), np.nan, np.float32)
    assert _native.matmul(a, b, out) is out
    np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize(
    "call",
    [
        lambda f: _native.matmul(f(2, 3), f(4, 5)),
        lambda f: _native.matmul(f(2, 2, 3), f(3, 3, 5)),
        lambda f: _native.matmul(f(2, 3), f(3, 5), f(2, 6)),
        lambda f: _native.linear(f(2, 3), f(4, 5), None, 0),
        lambda f: _native.linear(f(2, 3), f(4, 3), f(5), 0),
        lambda f: _native.linear(f(2, 3), f(4, 3), None, 9),
        lambda f: _native.addmm(f(3, 3), f(2, 3), f(3, 4), 1.0),
        lambda f: _native.addmm(f(4), f(2, 3), f(4, 4), 1.0),
    ],
)
def test_wrong_shapes(call):
    with pytest.raises(ValueError, match="matmul|linear|addmm"):
        call(lambda *shape: np.zeros(shape, np.float32))


def test_wrong_types():
    f4, f8 = np.zeros((2, 2), np.float32), np.zeros((2, 2))
    for call in (
        lambda: _native.matmul(1, f4),
        lambda: _native.linear(f4, f8, None, 0),
        lambda: _native.addmm(f4, f4, f8, 1.0),
        lambda: _native.linear(f4, f4),
        lambda: _native.linear(f4.astype(int), f4.astype(int), None, 0),
    ):
        with pytest.raises(TypeError):
            call()


def test_yardsticks():
    assert _native.measure_peak("float32", 1) > 1e8
    assert _native.measure_peak("float64", 2) > 1e8
    assert _native.measure_bandwidth(1) > 1e8


@pytest.mark.parametrize("at_end", [True, False], ids=["end", "start"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_stays_inside(fenced, size, dtype, at_end):
    """Reading or writing one value past an operand or the result would end the process."""
    rng = np.random.default_rng(6)
    m, n, k = size
    out = fenced(np.zeros((m, n), dtype), at_end)
    bias = fenced(rng.standard_normal(n).astype(dtype), at_end)
    for turned_a in (False, True):
        for turned_b in (False, True):
            a = fenced(laid_out(rng, m, k, "column" if turned_a else "row", dtype), at_end)
            b = fenced(laid_out(rng, k, n, "column" if turned_b else "row", dtype), at_end)
            check(_native.matmul(a, b, out), reference.matmul(a, b), a, b, dtype)
            extra = 4 * np.finfo(dtype).eps * np.abs(bias)
            check(_native.linear(a, b.T, bias, 0), reference.linear(a, b.T, bias, 0), a, b, dtype, extra)
            check(_native.addmm(bias, a, b, 1.0), reference.addmm(bias, a, b, 1.0), a, b, dtype, extra)
