"""Convolution layers: Conv1d .. Conv3d, ConvTranspose1d .. ConvTranspose3d and their lazy forms."""

import math

from ...creation import empty
from .. import functional as F
from .. import init
from ..parameter import Parameter, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module
from .utils import _pair, _reverse_repeat_tuple, _single, _triple

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """What all convolutions share: arguments, parameters, their start values, printing."""

    __constants__ = [
        "stride",
        "padding",
        "dilation",
        "groups",
        "padding_mode",
        "output_padding",
        "in_channels",
        "out_channels",
        "kernel_size",
    ]

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        dilation,
        transposed,
        output_padding,
        groups,
        bias,
        padding_mode,
        device=None,
        dtype=None,
    ):
        super().__init__()
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {groups}")
        if in_channels % groups:
            raise ValueError(f"in_channels must be divisible by groups, got in_channels={in_channels}, groups={groups}")
        if out_channels % groups:
            raise ValueError(
                f"out_channels must be divisible by groups, got out_channels={out_channels}, groups={groups}"
            )
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
            if padding == "same" and any(s != 1 for s in stride):
                raise ValueError(f"padding='same' is not supported for strided convolutions, got stride={stride}")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {', '.join(map(repr, _PADDING_MODES))}, but got "
                f"padding_mode={padding_mode!r}"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        # The widths that F.pad takes for the padding modes other than zeros: last axis first, before and after.
        if isinstance(padding, str):
            widths = [0, 0] * len(kernel_size)
            if padding == "same":
                for i, (d, k) in enumerate(zip(reversed(dilation), reversed(kernel_size))):
                    widths[2 * i] = d * (k - 1) // 2
                    widths[2 * i + 1] = d * (k - 1) - widths[2 * i]
            self._reversed_padding_repeated_twice = widths
        else:
            self._reversed_padding_repeated_twice = _reverse_repeat_tuple(padding, 2)
        outer, inner = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        self.weight = Parameter(empty(outer, inner // groups, *kernel_size, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw weight, then bias, uniform in +-1/sqrt(weight[0].numel())."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # the gain 1/sqrt(3) makes the bound 1/sqrt(fan_in)
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self):
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        zeros, ones = (0,) * len(self.kernel_size), (1,) * len(self.kernel_size)
        if self.padding != zeros:
            parts.append(f"padding={self.padding}")
        if self.dilation != ones:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != zeros:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)

    def __setstate__(self, state):
        super().__setstate__(state)
        if not hasattr(self, "padding_mode"):
            self.padding_mode = "zeros"

    def _convolve(self, function, zeros, input, weight, bias):
        if self.padding_mode == "zeros":
            return function(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)
        input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
        return function(input, weight, bias, self.stride, zeros, self.dilation, self.groups)


class Conv1d(_ConvNd):
    """Cross-correlate sequences with learnt kernels.

    out[n, o, q] = bias[o] + sum over c, t of weight[o, c, t] * input[n, c, q * stride - padding + t * dilation]

    Shapes: input (N, in_channels, L) or (in_channels, L), output (N, out_channels, L') with
    L' = floor((L + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1; weight (out_channels, in_channels /
    groups, kernel_size), bias (out_channels,). Both start uniform in +-1/sqrt(in_channels / groups * kernel_size).
    padding may be 'same' (stride 1) or 'valid'; padding_mode is 'zeros', 'reflect', 'replicate' or 'circular'.
    Errors: ValueError for arguments that do not fit each other, RuntimeError for an input that does not fit.
    Example:
        >>> import rushlight
        >>> tuple(Conv1d(16, 33, 3, stride=2)(rushlight.ones(20, 16, 50)).shape)
        (20, 33, 24)
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _single(kernel_size),
            _single(stride),
            padding if isinstance(padding, str) else _single(padding),
            _single(dilation),
            False,
            _single(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input, weight, bias):
        return self._convolve(F.conv1d, _single(0), input, weight, bias)

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)


class Conv2d(_ConvNd):
    """Cross-correlate images with learnt kernels: `Conv1d` along two axes, height first.

    Shapes: input (N, in_channels, H, W) or (in_channels, H, W), output (N, out_channels, H', W'), weight (out_channels,
    in_channels / groups, kH, kW), bias (out_channels,).
    Example:
        >>> import rushlight
        >>> layer = Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1))
        >>> tuple(layer(rushlight.ones(2, 16, 50, 100)).shape)
        (2, 33, 26, 100)
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _pair(kernel_size),
            _pair(stride),
            padding if isinstance(padding, str) else _pair(padding),
            _pair(dilation),
            False,
            _pair(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input, weight, bias):
        return self._convolve(F.conv2d, _pair(0), input, weight, bias)

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)


class Conv3d(_ConvNd):
    """Cross-correlate volumes with learnt kernels: `Conv1d` along three axes, depth first.

    Shapes: input (N, in_channels, D, H, W) or (in_channels, D, H, W), output (N, out_channels, D', H', W'), weight
    (out_channels, in_channels / groups, kD, kH, kW), bias (out_channels,).
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _triple(kernel_size),
            _triple(stride),
            padding if isinstance(padding, str) else _triple(padding),
            _triple(dilation),
            False,
            _triple(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input, weight, bias):
        return self._convolve(F.conv3d, _triple(0), input, weight, bias)

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)


class _ConvTransposeNd(_ConvNd):
    """What the transposed convolutions share: zero padding only, and a size that the caller may choose."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        dilation,
        transposed,
        output_padding,
        groups,
        bias,
        padding_mode,
        device=None,
        dtype=None,
    ):
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {type(self).__name__}, got padding_mode={padding_mode!r}'
            )
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            transposed,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _output_padding(self, input, output_size, stride, padding, kernel_size, num_spatial_dims, dilation=None):
        """The output_padding that gives the spatial size `output_size`; None asks for the layer's own."""
        if output_size is None:
            return _single(self.output_padding)
        wanted = list(output_size)
        ndim = input.dim()
        lead = ndim - num_spatial_dims
        if len(wanted) == ndim:
            wanted = wanted[lead:]
        if len(wanted) != num_spatial_dims:
            raise ValueError(
                f"ConvTranspose{num_spatial_dims}D: for {ndim}D input, output_size must have {num_spatial_dims} "
                f"or {ndim} "
                f"elements (got {len(output_size)})"
            )
        dilation = (1,) * num_spatial_dims if dilation is None else dilation
        smallest = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, k, d in zip(input.shape[lead:], stride, padding, kernel_size, dilation)
        ]
        largest = [n + s - 1 for n, s in zip(smallest, stride)]
        if any(not low <= n <= high for n, low, high in zip(wanted, smallest, largest)):
            raise ValueError(
                f"requested an output size of {tuple(wanted)}, but valid sizes range from {smallest} to {largest} "
                "(for an "
                f"input of {input.size()[lead:]})"
            )
        return [n - low for n, low in zip(wanted, smallest)]

    def _convolve_transposed(self, function, input, output_size):
        output_padding = self._output_padding(
            input, output_size, self.stride, self.padding, self.kernel_size, len(self.kernel_size), self.dilation
        )
        return function(
            input, self.weight, self.bias, self.stride, self.padding, output_padding, self.groups, self.dilation
        )


class ConvTranspose1d(_ConvTransposeNd):
    """The gradient of a `Conv1d` with respect to its input, as a layer that enlarges.

    out[n, o, q * stride - padding + t * dilation] sums weight[c, o, t] * input[n, c, q], plus bias[o]

    Shapes: input (N, in_channels, L) or (in_channels, L), output (N, out_channels, L') with
    L' = (L - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1; weight (in_channels,
    out_channels / groups, kernel_size), bias (out_channels,). Note the order of the arguments: `dilation` comes after
    `bias`.
    Errors: ValueError for a padding_mode other than 'zeros' or an impossible `output_size` in the call.
    Example:
        >>> import rushlight
        >>> tuple(ConvTranspose1d(4, 2, 3, stride=2)(rushlight.ones(1, 4, 5), output_size=(12,)).shape)
        (1, 2, 12)
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _single(kernel_size),
            _single(stride),
            _single(padding),
            _single(dilation),
            True,
            _single(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input, output_size=None):
        return self._convolve_transposed(F.conv_transpose1d, input, output_size)


class ConvTranspose2d(_ConvTransposeNd):
    """The gradient of a `Conv2d` with respect to its input, as a layer: `ConvTranspose1d` along two axes.

    Shapes: input (N, in_channels, H, W) or (in_channels, H, W), output (N, out_channels, H', W'), weight (in_channels,
    out_channels / groups, kH, kW), bias (out_channels,).
    Example:
        >>> import rushlight
        >>> down, up = Conv2d(16, 16, 3, stride=2, padding=1), ConvTranspose2d(16, 16, 3, stride=2, padding=1)
        >>> x = rushlight.ones(1, 16, 12, 12)
        >>> tuple(up(down(x), output_size=x.size()).shape)
        (1, 16, 12, 12)
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _pair(kernel_size),
            _pair(stride),
            _pair(padding),
            _pair(dilation),
            True,
            _pair(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input, output_size=None):
        return self._convolve_transposed(F.conv_transpose2d, input, output_size)


class ConvTranspose3d(_ConvTransposeNd):
    """The gradient of a `Conv3d` with respect to its input, as a layer: `ConvTranspose1d` along three axes.

    Shapes: input (N, in_channels, D, H, W) or (in_channels, D, H, W), output (N, out_channels, D', H', W'), weight
    (in_channels, out_channels / groups, kD, kH, kW), bias (out_channels,).
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _triple(kernel_size),
            _triple(stride),
            _triple(padding),
            _triple(dilation),
            True,
            _triple(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input, output_size=None):
        return self._convolve_transposed(F.conv_transpose3d, input, output_size)


class _LazyConvXdMixin(LazyModuleMixin):
    """Takes `in_channels` from the first input."""

    def reset_parameters(self):
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input, *args, **kwargs):
        if self.has_uninitialized_params():
            self.in_channels = self._get_in_channels(input)
            if self.in_channels % self.groups:
                raise ValueError(
                    f"in_channels must be divisible by groups, got in_channels={self.in_channels}, groups={self.groups}"
                )
            outer, inner = self.in_channels, self.out_channels
            if not self.transposed:
                outer, inner = inner, outer
            self.weight.materialize((outer, inner // self.groups, *self.kernel_size))
            if self.bias is not None:
                self.bias.materialize((self.out_channels,))
            self.reset_parameters()

    def _get_in_channels(self, input):
        rank = len(self.kernel_size)
        if input.dim() not in (rank + 1, rank + 2):
            raise RuntimeError(
                f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {type(self).__name__}, but "
                "got input of "
                f"size: {list(input.shape)}"
            )
        return input.shape[input.dim() - rank - 1]


def _make_lazy(plain, transposed):
    """The lazy class of `plain`: the same arguments without in_channels."""

    def init_conv(
        self,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        _LazyConvXdMixin.__init__(
            self, 0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device=device, dtype=dtype
        )
        _make_uninitialized(self, out_channels, bias, device, dtype)

    def init_transposed(
        self,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        _LazyConvXdMixin.__init__(
            self,
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
            device,
            dtype,
        )
        _make_uninitialized(self, out_channels, bias, device, dtype)

    init = init_transposed if transposed else init_conv
    init.__qualname__ = f"Lazy{plain.__name__}.__init__"
    body = {
        "__doc__": f"A {plain.__name__} that takes `in_channels` from its first input, and is an ordinary one "
        "from then on.",
        "__module__": __name__,
        "__init__": init,
        "cls_to_become": plain,
    }
    return type(f"Lazy{plain.__name__}", (_LazyConvXdMixin, plain), body)


def _make_uninitialized(layer, out_channels, bias, device, dtype):
    layer.weight = UninitializedParameter(device=device, dtype=dtype)
    layer.out_channels = out_channels
    if bias:
        layer.bias = UninitializedParameter(device=device, dtype=dtype)


LazyConv1d = _make_lazy(Conv1d, False)
LazyConv2d = _make_lazy(Conv2d, False)
LazyConv3d = _make_lazy(Conv3d, False)
LazyConvTranspose1d = _make_lazy(ConvTranspose1d, True)
LazyConvTranspose2d = _make_lazy(ConvTranspose2d, True)
LazyConvTranspose3d = _make_lazy(ConvTranspose3d, True)
