"""Convolutions: forward and both gradients. "cl": PyTorch's side holds channels_last images."""

from __future__ import annotations

from .measure import Row

ROWS: list[Row] = []

# name, batch, in channels, size, out channels, kernel, stride, padding, dilation, groups
SHAPES = [
    ("stem 7x7s2", 8, 3, 224, 64, 7, 2, 3, 1, 1),
    ("64@56 3x3", 8, 64, 56, 64, 3, 1, 1, 1, 1),
    ("128@28 3x3", 8, 128, 28, 128, 3, 1, 1, 1, 1),
    ("256@14 3x3", 8, 256, 14, 256, 3, 1, 1, 1, 1),
    ("512@7 3x3", 8, 512, 7, 512, 3, 1, 1, 1, 1),
    ("64@56 b1 3x3", 1, 64, 56, 64, 3, 1, 1, 1, 1),
    ("64-128@56 3x3s2", 8, 64, 56, 128, 3, 2, 1, 1, 1),
    ("64-128@56 1x1s2", 8, 64, 56, 128, 1, 2, 0, 1, 1),
    ("64-256@56 1x1", 16, 64, 56, 256, 1, 1, 0, 1, 1),
    ("256-64@56 1x1", 16, 256, 56, 64, 1, 1, 0, 1, 1),
    ("LeNet 1-6 5x5", 64, 1, 28, 6, 5, 1, 0, 1, 1),
    ("LeNet 6-16 5x5", 64, 6, 14, 16, 5, 1, 0, 1, 1),
    ("64@56 3x3 groups 4", 16, 64, 56, 64, 3, 1, 1, 1, 4),
    ("64@28 3x3 dilation 2", 8, 64, 28, 64, 3, 1, 2, 2, 1),
    ("64@56 3x3 depthwise", 16, 64, 56, 64, 3, 1, 1, 1, 64),
]


def rows(name, batch, inner, size, outer, kernel, stride, padding, dilation, groups):
    """Forward, gradient of the input and of the weight of one shape; forward once more against channels_last."""
    out = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    flops = 2.0 * batch * outer * out * out * inner // groups * kernel * kernel
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}

    def operands(lib, channels_last=False):
        x, w = lib.randn(batch, inner, size, size), lib.randn(outer, inner // groups, kernel, kernel)
        if channels_last and lib.__name__ == "torch":
            x, w = x.to(memory_format=lib.channels_last), w.to(memory_format=lib.channels_last)
        return x, w

    def forward(channels_last):
        def prepare(lib):
            x, w = operands(lib, channels_last)
            call = lib.nn.functional.conv2d
            return lambda: call(x, w, None, **geometry)

        return prepare

    def gradient(of):
        def prepare(lib):
            pair = operands(lib)
            pair[of].requires_grad_()
            y = lib.nn.functional.conv2d(*pair, None, **geometry)
            g = lib.randn(*y.shape)
            return lambda: lib.autograd.grad(y, pair[of], g, retain_graph=True)

        return prepare

    ROWS.append(Row(f"conv {name}", forward(False), flops=flops))
    ROWS.append(Row(f"conv {name} cl", forward(True), flops=flops))
    ROWS.append(Row(f"conv {name} grad input", gradient(0), flops=flops))
    ROWS.append(Row(f"conv {name} grad weight", gradient(1), flops=flops))


def transposed(batch, inner, size, outer, kernel, stride, padding, output_padding):
    """F.conv_transpose2d."""
    flops = 2.0 * batch * inner * size * size * outer * kernel * kernel

    def prepare(lib):
        x, w = lib.randn(batch, inner, size, size), lib.randn(inner, outer, kernel, kernel)
        call = lib.nn.functional.conv_transpose2d
        return lambda: call(x, w, None, stride, padding, output_padding)

    ROWS.append(Row(f"conv_transpose {inner}-{outer}@{size} {kernel}x{kernel}s{stride}", prepare, flops=flops))


for _shape in SHAPES:
    rows(*_shape)
transposed(8, 64, 28, 64, 3, 2, 1, 1)
transposed(8, 64, 56, 64, 3, 2, 1, 1)
