"""Activations: functions, in-place forms and their errors."""

from cases import E, OpCase, S, distinct, positive

# name, keywords of further samples; whether there is an in-place switch
ROWS = [
    ("relu", [], True),
    ("relu6", [], True),
    ("elu", [{"alpha": 2.0}], True),
    ("celu", [{"alpha": 2.0}], True),
    ("selu", [], True),
    ("leaky_relu", [{"negative_slope": 0.2}], True),
    ("hardtanh", [{"min_val": -0.5, "max_val": 2.0}], True),
    ("hardswish", [], True),
    ("silu", [], True),
    ("mish", [], True),
    ("gelu", [{"approximate": "tanh"}], False),
    ("softplus", [{"beta": 2, "threshold": 3}], False),
    ("logsigmoid", [], False),
    ("hardshrink", [{"lambd": 1.0}], False),
    ("softshrink", [{"lambd": 1.0}], False),
    ("softsign", [], False),
    ("tanhshrink", [], False),
    ("sigmoid", [], False),
    ("tanh", [], False),
]
SHAPES = [(3, 7), (40,), (), (0, 2)]


def function(name, **fixed):
    return lambda m, x, **options: getattr(m.nn.functional, name)(x, **fixed, **options)


def not_for_integers(name):
    return E(lambda m: getattr(m.nn.functional, name)(m.arange(3)), "not implemented for 'Long'")


INTEGERS_TOO = {"relu", "relu6", "hardtanh", "softsign", "tanhshrink", "sigmoid", "tanh"}
CASES = []
for name, options, inplace in ROWS:
    samples = [S(distinct(*shape)) for shape in SHAPES] + [S(distinct(3, 7), **o) for o in options]
    CASES.append(
        OpCase(
            name + "_function",
            function(name),
            samples,
            [] if name in INTEGERS_TOO else [not_for_integers(name)],
            ulp=64,
        )
    )
    if inplace:  # the nodes are numbered differently from the plain form's
        CASES.append(
            OpCase(name + "_inplace_", function(name, inplace=True), samples, ulp=64, grad_order=1, grad_fn=False)
        )


def prelu(m, x, weight):
    return m.nn.functional.prelu(x, weight), m.prelu(x, weight), x.prelu(weight)


CASES += [
    # PyTorch computes x / 6 with a float32 sixth in float64 too
    OpCase(
        "hardsigmoid",
        function("hardsigmoid"),
        [S(distinct(3, 7))],
        [not_for_integers("hardsigmoid")],
        dtypes=("float32",),
        grad_order=0,
    ),
    OpCase(
        "threshold", lambda m, x: (m.threshold(x, 0.1, 20.0), m.nn.functional.threshold(x, -1, 3)), [S(distinct(3, 7))]
    ),
    OpCase("threshold_", lambda m, x: m.threshold_(x, 0.1, 20.0), [S(distinct(3, 7))], grad_order=1, grad_fn=False),
    OpCase(
        "celu_public",
        lambda m, x: (m.celu(x), m.selu(x), m.celu(x, 0.5)),
        [S(distinct(3, 7))],
        covers=("celu", "selu"),
        ulp=64,
    ),
    OpCase(
        "celu_selu_",
        lambda m, x: (m.celu_(x.clone()), m.selu_(x.clone()), m.rrelu_(x.clone())),
        [S(distinct(3, 7))],
        ulp=64,
        grad_order=1,
        grad_fn=False,
    ),
    OpCase("hardshrink", lambda m, x: (m.hardshrink(x), x.hardshrink(1.0)), [S(distinct(3, 7))]),
    OpCase(
        "rrelu_eval", lambda m, x: (m.rrelu(x), m.nn.functional.rrelu(x, 0.2, 0.4)), [S(distinct(3, 7))], grad_fn=False
    ),
    OpCase(
        "prelu",
        prelu,
        [
            S(distinct(3, 7), positive(1)),
            S(distinct(3, 7), positive(7)),
            S(distinct(2, 3, 4), positive(3)),
            S(distinct(4), positive(1)),
        ],
        [
            E(lambda m: m.prelu(m.ones(2, 3), m.ones(4)), "Mismatch of parameter numbers"),
            E(lambda m: m.prelu(m.ones(2, 3), m.ones(3, 1)), "scalar or 1D tensor"),
        ],
        ulp=16,
    ),
    OpCase(
        "glu",
        lambda m, x, dim=-1: m.nn.functional.glu(x, dim),
        [S((3, 8)), S((4, 3), dim=0)],
        [
            E(lambda m: m.nn.functional.glu(m.ones(3)), "Halving dimension must be even, but dimension 0 is size 3"),
            E(lambda m: m.nn.functional.glu(m.tensor(1.0)), "does not support scalars"),
            E(lambda m: m.nn.functional.glu(m.ones(4), 1), "Dimension out of range"),
        ],
        ulp=16,
    ),
    OpCase(
        "activation_errors",
        lambda m, x: x * 1,
        [S((1,))],
        [
            E(lambda m: m.nn.functional.hardtanh(m.ones(2), 1, -1), "min_val cannot be greater"),
            E(lambda m: m.nn.Hardtanh(1, -1), "must be greater"),
            E(lambda m: m.nn.functional.gelu(m.ones(2), approximate="x"), "none or tanh"),
            E(lambda m: m.nn.functional.softshrink(m.ones(2), -1), "lambda"),
            E(lambda m: m.nn.functional.celu(m.ones(2), 0.0), "alpha"),
            E(lambda m: m.nn.functional.rrelu(m.ones(2), 0.5, 0.1), "Lower bound"),
            E(lambda m: m.nn.functional.relu(m.ones(2, requires_grad=True), inplace=True), "leaf Variable"),
            E(lambda m: m.nn.Softmax2d()(m.ones(2, 3)), "3D or 4D"),
        ],
    ),
]
