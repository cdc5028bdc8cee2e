"""Cases of the convolutions: functions, layers, padding. One row: a name, shapes of the tensors, the other arguments.

CASES, at the end, makes the generic checks' form of the tables of functions; tests/test_conv.py runs the others.
"""

import math

from cases import E, OpCase, S

# name, input, weight, bias or None, keywords
CONV = [
    ("conv1d", (2, 3, 9), (4, 3, 3), (4,), {}),
    ("conv1d", (3, 9), (4, 3, 3), (4,), {"stride": 2, "padding": 1}),
    ("conv1d", (2, 4, 9), (6, 2, 2), None, {"groups": 2, "dilation": 3}),
    ("conv1d", (2, 3, 9), (4, 3, 4), (4,), {"padding": "same", "dilation": 2}),
    ("conv2d", (2, 3, 7, 8), (4, 3, 3, 3), (4,), {"padding": 1}),
    ("conv2d", (3, 7, 8), (4, 3, 3, 2), (4,), {"stride": (2, 1)}),
    ("conv2d", (2, 3, 7, 8), (4, 3, 5, 3), (4,), {"padding": "same"}),
    ("conv2d", (3, 7, 8), (4, 3, 3, 4), None, {"padding": "same", "dilation": (1, 2)}),
    ("conv2d", (2, 3, 7, 8), (4, 3, 3, 3), None, {"padding": "valid"}),
    ("conv2d", (2, 4, 9, 8), (4, 1, 3, 3), (4,), {"groups": 4, "padding": (2, 1), "stride": 2}),
    (
        "conv2d",
        (2, 4, 9, 8),
        (6, 2, 3, 3),
        (6,),
        {"groups": 2, "dilation": (2, 3), "padding": (4, 3), "stride": (3, 2)},
    ),
    ("conv2d", (1, 2, 1, 1), (3, 2, 1, 1), (3,), {"padding": (1, 2), "stride": 3}),
    ("conv2d", (0, 3, 7, 8), (4, 3, 3, 3), (4,), {}),
    ("conv2d", (2, 3, 7, 8), (4, 3, 7, 8), (4,), {}),
    ("conv2d", (2, 3, 7, 8), (4, 3, 3, 3), None, {"stride": (1,), "padding": [1], "dilation": [1, 1]}),
    ("conv3d", (2, 2, 4, 5, 6), (3, 2, 2, 3, 2), (3,), {"stride": (1, 2, 1), "padding": (1, 0, 1)}),
    ("conv3d", (2, 4, 5, 6), (4, 1, 3, 3, 3), (4,), {"groups": 2, "padding": "same"}),
]

CONV_TRANSPOSE = [
    ("conv_transpose1d", (2, 4, 5), (4, 3, 3), (3,), {}),
    ("conv_transpose1d", (4, 5), (4, 3, 3), (3,), {"stride": 3, "output_padding": 2, "padding": 1}),
    ("conv_transpose1d", (2, 4, 5), (4, 1, 3), None, {"groups": 2, "dilation": 3, "stride": 2, "output_padding": 2}),
    ("conv_transpose2d", (2, 4, 5, 6), (4, 3, 3, 2), (3,), {"stride": (2, 3), "padding": (1, 0)}),
    ("conv_transpose2d", (2, 4, 5, 6), (4, 2, 3, 3), (4,), {"groups": 2, "stride": 2, "output_padding": (1, 0)}),
    ("conv_transpose2d", (4, 5, 6), (4, 3, 3, 3), (3,), {"padding": 3, "dilation": 2}),
    ("conv_transpose2d", (0, 4, 5, 6), (4, 3, 3, 3), (3,), {}),
    ("conv_transpose2d", (2, 4, 3, 3), (4, 3, 2, 2), (3,), {"stride": 4}),  # cells that no tap reaches
    ("conv_transpose3d", (2, 2, 3, 4, 3), (2, 3, 2, 3, 2), (3,), {"stride": (2, 1, 2), "output_padding": (1, 0, 0)}),
]

# function, input, weight, bias, keywords: PyTorch refuses each
ERRORS = [
    ("conv2d", (5, 5), (4, 3, 3, 3), None, {}),
    ("conv2d", (1, 1, 3, 5, 5), (4, 3, 3, 3), None, {}),
    ("conv1d", (5,), (1, 1, 3), None, {}),
    ("conv3d", (5, 5, 5), (1, 1, 3, 3, 3), None, {}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3), None, {}),
    ("conv2d", (2, 4, 8, 8), (4, 3, 3, 3), None, {}),
    ("conv2d", (4, 8, 8), (4, 3, 3, 3), None, {}),
    ("conv2d", (2, 6, 8, 8), (4, 2, 3, 3), None, {"groups": 3}),
    ("conv2d", (2, 3, 8, 8), (0, 3, 3, 3), None, {}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"groups": 0}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"stride": 0}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"padding": -1}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"dilation": 0}),
    ("conv2d", (2, 3, 2, 2), (4, 3, 3, 3), None, {}),
    ("conv2d", (2, 3, 2, 2), (4, 3, 3, 3), None, {"padding": (0, 1), "dilation": 2}),
    ("conv2d", (2, 3, 0, 8), (4, 3, 3, 3), None, {"padding": 2}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 0, 3), None, {}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), (3,), {}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), (4, 1), {}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"stride": (1, 1, 1)}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"padding": (1, 1, 1)}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"stride": 1.5}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"stride": 2, "padding": "same"}),
    ("conv2d", (2, 3, 8, 8), (4, 3, 3, 3), None, {"padding": "full"}),
    ("conv_transpose2d", (5, 5), (4, 3, 3, 3), None, {}),
    ("conv_transpose2d", (2, 3, 5, 5), (4, 3, 3, 3), None, {}),
    ("conv_transpose2d", (2, 4, 5, 5), (4, 3, 3, 3), None, {"groups": 3}),
    ("conv_transpose2d", (2, 4, 5, 5), (4, 3, 3, 3), (4,), {}),
    ("conv_transpose2d", (2, 4, 5, 5), (4, 3, 3, 3), None, {"stride": 2, "output_padding": 2}),
    ("conv_transpose2d", (2, 4, 5, 5), (4, 3, 3, 3), None, {"output_padding": -1}),
    ("conv_transpose2d", (2, 4, 5, 5), (4, 3, 3, 3), None, {"stride": 0}),
    ("conv_transpose2d", (2, 4, 1, 1), (4, 3, 3, 3), None, {"padding": 3}),
    ("conv_transpose2d", (2, 4, 0, 5), (4, 3, 3, 3), None, {}),
]

# class, arguments, keywords, input shape
LAYERS = [
    ("Conv1d", (16, 33, 3), {"stride": 2}, (2, 16, 50)),
    ("Conv1d", (1, 1, 3), {}, (1, 8)),
    ("Conv1d", (4, 8, 3), {"groups": 4}, (2, 4, 9)),
    ("Conv2d", (16, 33, (3, 5)), {"stride": (2, 1), "padding": (4, 2), "dilation": (3, 1)}, (2, 16, 20, 30)),
    ("Conv2d", (4, 8, 3, 2, 1, 2, 2, False), {}, (2, 4, 9, 9)),
    ("Conv2d", (2, 3, 3), {"padding": "same"}, (1, 2, 5, 6)),
    ("Conv2d", (2, 3, (3, 2)), {"padding": "same", "padding_mode": "circular"}, (1, 2, 5, 6)),
    ("Conv1d", (2, 3, 3), {"padding": 1, "padding_mode": "reflect"}, (1, 2, 6)),
    ("Conv2d", (2, 3, 3), {"padding": (2, 1), "padding_mode": "reflect"}, (2, 5, 6)),
    ("Conv2d", (2, 3, 3), {"padding": (2, 1), "padding_mode": "replicate", "stride": 2}, (1, 2, 5, 6)),
    ("Conv3d", (1, 2, 3), {"padding": 1, "padding_mode": "circular"}, (1, 1, 4, 4, 4)),
    ("Conv3d", (4, 3, (3, 5, 2)), {"stride": (2, 1, 1), "padding": (4, 2, 0)}, (2, 4, 5, 6, 7)),
    ("ConvTranspose1d", (4, 2, 3), {"groups": 2, "dilation": 2, "bias": False}, (2, 4, 6)),
    ("ConvTranspose2d", (1, 1, 3, 2, 1, 1), {}, (1, 1, 4, 4)),
    ("ConvTranspose2d", (16, 33, (3, 5)), {"stride": (2, 1), "padding": (4, 2)}, (2, 16, 9, 10)),
    ("ConvTranspose3d", (2, 4, 2), {"stride": 2}, (1, 2, 3, 3, 3)),
]

LAYER_ERRORS = [
    ("Conv2d", (3, 4, 3), {"groups": 2}),
    ("Conv2d", (4, 3, 3), {"groups": 2}),
    ("Conv2d", (4, 4, 3), {"groups": 0}),
    ("Conv2d", (4, 4, 3), {"padding_mode": "mirror"}),
    ("Conv2d", (4, 4, 3), {"padding": "full"}),
    ("Conv2d", (4, 4, 3), {"padding": "same", "stride": 2}),
    ("ConvTranspose2d", (4, 4, 3), {"padding_mode": "reflect"}),
]

# input, pad, mode, value
PAD = [
    ((5,), (2, 1), "constant", 3.5),
    ((2, 3), (-1, 0, 1, -1), "constant", None),
    ((2, 3, 4), (1, 1), "constant", 0.0),
    ((2, 0, 4), (1, 1, 1, 0), "constant", 2.0),
    ((2, 3, 4), (), "constant", None),
    ((2, 3, 5), (2, 3), "reflect", None),
    ((3, 5), (4, 0), "reflect", None),
    ((2, 3, 5, 6), (2, 1, 3, 0), "reflect", None),
    ((2, 3, 5, 6), (2, -1, -2, 1), "reflect", None),
    ((2, 4, 5, 6), (1, 2, 0, 1, 3, 2), "reflect", None),
    ((2, 3, 5), (2, 7), "replicate", None),
    ((3, 4, 5), (1, 1, 2, 0), "replicate", None),
    ((2, 3, 4, 5), (-2, 1, 2, -1), "replicate", None),
    ((1, 2, 3, 4, 5), (1, 2, 0, 1, 3, 2), "replicate", None),
    ((2, 3, 5), (2, 5), "circular", None),
    ((3, 4, 5), (1, 1, 2, 0), "circular", None),
    ((2, 3, 4, 5), (2, -1, -1, 2), "circular", None),
    ((1, 2, 3, 4, 5), (1, 2, 0, 1, 3, 2), "circular", None),
    ((0, 2, 3), (1, 1), "reflect", None),
]

PAD_ERRORS = [
    ((2, 3, 5), (5, 5, 1), "constant", None),
    ((2, 3, 5), (1,) * 8, "constant", None),
    ((2, 3, 5), (-3, -3), "constant", None),
    ((2, 3, 5), (1.5, 1), "constant", None),
    ((2, 3, 5), 1, "constant", None),
    ((2, 3, 5), (1, 1), "mirror", None),
    ((2, 3, 5), (5, 5), "reflect", None),
    ((2, 3, 5), (1, 1), "reflect", 1.0),
    ((2, 3, 5), (-3, -3), "reflect", None),
    ((2, 3, 5), (), "reflect", None),
    ((2, 3, 5, 6), (1, 1), "reflect", None),
    ((3,), (1, 1), "replicate", None),
    ((2, 3, 0), (1, 1), "replicate", None),
    ((2, 3, 5), (-2, -4), "replicate", None),
    ((2, 3, 5), (6, 6), "circular", None),
    ((2, 3, 5), (-3, -3), "circular", None),
]

# input, keywords of unfold; fold runs on its result
UNFOLD = [
    ((2, 3, 6, 7), {"kernel_size": 2}),
    ((3, 6, 7), {"kernel_size": (2, 3), "stride": 2}),
    ((1, 2, 5, 5), {"kernel_size": 3, "dilation": (1, 2), "padding": (1, 2), "stride": (2, 1)}),
    ((0, 2, 5, 5), {"kernel_size": 3}),
]


def _samples(table, name):
    """Rows of the functions table: tensors by position, the geometry by keyword."""
    rows = [row for row in table if row[0] == name]
    return [S(*[shape for shape in row[1:4] if shape is not None], **row[4]) for row in rows]


def _function(name):
    return lambda m, *tensors, **keywords: getattr(m.nn.functional, name)(*tensors, **keywords)


def _error(row):
    name, *shapes, keywords = row
    return E(lambda m: getattr(m.nn.functional, name)(*[None if s is None else m.ones(*s) for s in shapes], **keywords))


def _length(sample):
    """Terms of the longest sum: the weight gradient's or the value's, and those of second derivatives."""
    return max(math.prod(t.shape) for t in sample.tensors)


CASES = [
    OpCase(
        name,
        _function(name),
        _samples(CONV + CONV_TRANSPOSE, name),
        errors=[_error(row) for row in ERRORS if row[0] == name],
        length=_length,
    )
    for name in ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
] + [
    OpCase(
        "pad",
        lambda m, x, pad, mode, value: m.nn.functional.pad(x, pad, mode, value),
        [S(shape, pad=pad, mode=mode, value=value) for shape, pad, mode, value in PAD if mode != "circular"],
        errors=[E(lambda m, row=row: m.nn.functional.pad(m.ones(*row[0]), *row[1:])) for row in PAD_ERRORS],
    ),
    OpCase(
        "pad_circular",
        lambda m, x, pad: m.nn.functional.pad(x, pad, "circular"),
        [S(shape, pad=pad) for shape, pad, mode, _ in PAD if mode == "circular"],
        covers=("pad",),
        grad_fn=False,  # PyTorch copies slices
    ),
    OpCase(
        "unfold",
        lambda m, x, **keywords: m.nn.functional.unfold(x, **keywords),
        [S(shape, **keywords) for shape, keywords in UNFOLD],
    ),
    OpCase(
        "fold",
        lambda m, x, **keywords: m.nn.functional.fold(x, **keywords),
        [
            S((2, 12, 20), output_size=(5, 6), kernel_size=2),
            S((12, 6), output_size=(5, 6), kernel_size=2, stride=2),
            S((2, 18, 9), output_size=(3, 3), kernel_size=3, padding=1),
            S((1, 8, 8), output_size=(5, 6), kernel_size=2, padding=(1, 0), dilation=(3, 2), stride=(2, 1)),
        ],
    ),
]
