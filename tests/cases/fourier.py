"""Fourier transforms: torch.fft, stft and istft."""

import warnings

from cases import E, OpCase, S


def z(m, re, im):
    return m.complex(re, im)


def of(name, samples, complex_input=False, errors=(), **options):
    def call(m, *tensors, **kwargs):
        x = z(m, *tensors) if complex_input else tensors[0]
        return getattr(m.fft, name)(x, **kwargs)

    title = f"fft.{name}" + (" of complex" if complex_input else "")
    return OpCase(title, call, samples, list(errors), **options)


def two(*shape, **kwargs):
    return S(shape, shape, **kwargs)


ONE = [
    ((8,), {}),
    ((3, 5), {"norm": "ortho"}),
    ((4, 6, 2), {"dim": 1, "n": 9}),
    ((2, 7), {"n": 4, "norm": "forward"}),
    ((3, 4), {"dim": -2, "norm": "backward"}),
]
TWO = [((4, 6), {}), ((3, 4, 5), {"norm": "ortho"}), ((3, 4), {"s": (-1, 3)})]
MANY = [*TWO, ((2, 3, 4), {"s": (4, 3), "dim": (0, 2)}), ((2, 3, 5), {"dim": (2, 0), "norm": "forward"})]
WRONG = [
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3, dtype=m.float16)), "Unsupported dtype Half"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3), n=0), r"data points \(0\)"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3), norm="x"), "normalization mode"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3), dim=2), "Dimension out of range"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.tensor(1.0)), "no dimensions"),
    lambda n: E(lambda m: getattr(m.fft, n)("a"), "must be Tensor, not str"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3), n=2.5), "must be int"),
]
WRONG_MANY = [
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3, 3), dim=(0, 0)), "unique"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3, 3), s=(1, 2), dim=(0,)), "same length"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3, 3), s=(1, 2, 3)), "2 dimensions|same length"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3, 3), s=(-2, 2)), "data points"),
    lambda n: E(lambda m: getattr(m.fft, n)(m.ones(3, 3, dtype=m.bfloat16)), "Unsupported dtype BFloat16"),
]
NO_COMPLEX = "real|floating"


def family(letter, takes_real=True, takes_complex=True):
    """fft, fft2 and fftn of one kind."""
    rows = []
    for name, table, wrong in (
        (letter + "fft", ONE, WRONG),
        (
            letter + "fft2",
            [row for row in MANY if "s" not in row[1] or len(row[0]) == 2],
            WRONG_MANY[:2] + WRONG_MANY[3:],
        ),
        (letter + "fftn", MANY, WRONG_MANY),
    ):
        errors = [make(name) for make in wrong]
        if not takes_complex:
            errors.append(E(lambda m, name=name: getattr(m.fft, name)(m.ones(3, 3) + 0j), NO_COMPLEX))
        if takes_real:
            rows.append(of(name, [S(shape, **kwargs) for shape, kwargs in table], errors=errors, grad_fn=True))
        if takes_complex:
            rows.append(
                of(name, [two(*shape, **kwargs) for shape, kwargs in table], True, () if takes_real else errors)
            )
    return rows


def windowed(m, x, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no window given, or real pairs wanted
        return m.stft(x, **kwargs)


def there_and_back(m, x, length=None, **kwargs):
    """istft(stft(x)) with a window."""
    window = m.hann_window(kwargs.get("win_length", 16), dtype=m.float64)[:].to(x.dtype) + 0.1
    keys = {k: kwargs[k] for k in ("n_fft", "hop_length", "win_length", "normalized", "onesided") if k in kwargs}
    spectrum = m.stft(x, window=window, return_complex=True, **kwargs)
    scaled = spectrum * m.arange(1, spectrum.shape[-2] + 1, dtype=x.dtype).unsqueeze(-1)
    return m.istft(scaled, window=window, length=length, **keys)


CASES = [
    *family(""),
    *family("i"),
    *family("r", takes_complex=False),
    *family("ir"),
    *family("h"),
    *family("ih", takes_complex=False),
    OpCase(
        "fft.fft of integers",
        lambda m: (m.fft.fft(m.arange(5)), m.fft.rfft(m.arange(5) > 2), m.fft.fft(m.arange(5), out=m.empty(0) + 0j)),
        [S()],
        grad_order=0,
        length=lambda s: 5,
    ),
    OpCase(
        "fft.fftfreq",
        lambda m: (m.fft.fftfreq(5), m.fft.fftfreq(6, 0.5, dtype=m.float64), m.fft.fftfreq(0), m.fft.fftfreq(4, d=0.0)),
        [S()],
        [
            E(lambda m: m.fft.fftfreq(-1), "negative"),
            E(lambda m: m.fft.fftfreq(5, dtype=m.int64), "floating point"),
        ],
        grad_order=0,
    ),
    OpCase(
        "fft.rfftfreq", lambda m: (m.fft.rfftfreq(5), m.fft.rfftfreq(6, 0.1), m.fft.rfftfreq(1)), [S()], grad_order=0
    ),
    OpCase(
        "fft.fftshift",
        lambda m, x: (m.fft.fftshift(x), m.fft.fftshift(x, 1), m.fft.fftshift(x, (0, -1))),
        [S((4, 5)), S((3, 3))],
        [E(lambda m: m.fft.fftshift(m.ones(3), dim=4), "out of range")],
    ),
    OpCase("fft.ifftshift", lambda m, x: (m.fft.ifftshift(x), m.fft.ifftshift(x, dim=0)), [S((4, 5)), S((3, 3))]),
    OpCase(
        "stft",
        windowed,
        [
            S((40,), n_fft=16, return_complex=True),
            S((2, 40), n_fft=16, hop_length=5, win_length=11, normalized=True, return_complex=True),
            S((2, 40), n_fft=15, center=False, onesided=False, return_complex=True),
            S((2, 40), n_fft=16, pad_mode="constant", return_complex=False),
            S((40,), n_fft=16, win_length=8, center=False, align_to_window=True, return_complex=True),
        ],
        [
            E(lambda m: m.stft(m.ones(40), 16, window=m.ones(16)), "return_complex"),
            E(lambda m: m.stft(m.ones(40), 16, window=m.ones(8), return_complex=True), "win_length=16"),
            E(lambda m: m.stft(m.ones(40), 16, hop_length=0, window=m.ones(16), return_complex=True), "hop_length"),
            E(lambda m: m.stft(m.ones(40), 16, win_length=0, window=m.ones(16), return_complex=True), "win_length"),
            E(lambda m: m.stft(m.ones(40), 100, window=m.ones(100), return_complex=True), "padding"),
            E(lambda m: m.stft(m.ones(40), 41, window=m.ones(41), center=False, return_complex=True), "n_fft"),
            E(lambda m: m.stft(m.ones(1, 2, 40), 4, window=m.ones(4), return_complex=True), "1D or 2D"),
            E(lambda m: m.stft(m.arange(40), 4, window=m.ones(4), return_complex=True), "floating point"),
            E(lambda m: m.stft(m.ones(40) + 0j, 4, window=m.ones(4), onesided=True), "onesided"),
            E(lambda m: m.stft(m.ones(40), 4, window=m.ones(4), align_to_window=True, return_complex=True), "center"),
            E(lambda m: m.stft(m.ones(40), 4, window=m.ones(4), pad_mode="zz", return_complex=True), "padding mode"),
        ],
        grad_fn=False,
    ),
    OpCase("stft of complex", lambda m, a, b: m.stft(z(m, a, b), 8, window=m.ones(8)), [two(2, 20)], grad_fn=False),
    OpCase(
        "istft",
        there_and_back,
        [
            S((40,), n_fft=16, hop_length=4),
            S((2, 40), n_fft=16, hop_length=8, length=30),
            S((2, 40), n_fft=16, hop_length=4, normalized=True, onesided=False),
        ],
        [
            E(lambda m: m.istft(m.ones(9, 6), 16, window=m.ones(16)), "complex-valued"),
            E(lambda m: m.istft(m.ones(9, 6) + 0j, 14, window=m.ones(14)), "frequency dimension"),
            E(lambda m: m.istft(m.ones(9, 6) + 0j, 16, 80, window=m.ones(16)), "hop_length"),
            E(lambda m: m.istft(m.ones(9, 6) + 0j, 16, 8, window=m.ones(5)), "1D window"),
            E(lambda m: m.istft(m.ones(9, 0) + 0j, 16, 8, window=m.ones(16)), "empty"),
            E(lambda m: m.istft(m.ones(9, 6) + 0j, 16, 16, window=m.zeros(16)), "overlap"),
            E(lambda m: m.istft(m.ones(9, 6) + 0j, 16, 8, window=m.ones(16) + 0j), "Complex windows"),
        ],
        grad_fn=False,
        ulp=64,
    ),
]
