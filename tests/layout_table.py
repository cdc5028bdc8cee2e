"""What `test_layouts.py` compares: tensors laid out in memory in many ways, and the calls whose results' strides count.

A layout is a shape and a way to make the tensor from a contiguous one; a call is written once for torch and rushlight.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Layout:
    """A tensor of `shape` moved by `move(m, tensor)`; m is torch or rushlight."""

    name: str
    shape: tuple[int, ...]
    move: Callable[[Any, Any], Any] = lambda m, x: x

    def make(self, m, dtype: str = "float32", seed: int = 0):
        values = np.random.default_rng(seed).uniform(0.1, 0.9, self.shape).astype(dtype)
        return self.move(m, m.tensor(values).reshape(self.shape) if values.size else m.zeros(self.shape))


def last(m, x):
    """`x` in channels-last order."""
    order = (0, 2, 3, 1) if x.dim() == 4 else (0, 2, 3, 4, 1)
    back = (0, 3, 1, 2) if x.dim() == 4 else (0, 4, 1, 2, 3)
    return x.permute(*order).contiguous().permute(*back)


def ordered(*axes):
    """Contiguous in the order of `axes`."""
    back = tuple(axes.index(i) for i in range(len(axes)))
    return lambda m, x: x.permute(*axes).contiguous().permute(*back)


IMAGES = [
    Layout("nchw", (2, 3, 4, 5)),
    Layout("nhwc", (2, 3, 4, 5), last),
    Layout("cnhw", (2, 3, 4, 5), ordered(1, 0, 2, 3)),
    Layout("hwcn", (2, 3, 4, 5), ordered(2, 3, 1, 0)),
    Layout("nchw-every-second", (2, 3, 4, 10), lambda m, x: x[:, :, :, ::2]),
    Layout("nhwc-every-second", (2, 3, 4, 10), lambda m, x: last(m, x)[:, :, :, ::2]),
    Layout("nhwc-some-channels", (2, 6, 4, 5), lambda m, x: last(m, x)[:, :3]),
    Layout("nhwc-some-rows", (2, 3, 6, 5), lambda m, x: last(m, x)[:, :, 1:5]),
    Layout("some-images", (4, 3, 4, 5), lambda m, x: last(m, x)[::2]),
    Layout("expanded-batch", (1, 3, 4, 5), lambda m, x: x.expand(2, 3, 4, 5)),
    Layout("expanded-nhwc", (1, 3, 4, 5), lambda m, x: last(m, x).expand(2, 3, 4, 5)),
    Layout("expanded-channels", (2, 1, 4, 5), lambda m, x: x.expand(2, 3, 4, 5)),
]
ONES = [
    Layout("n1hw", (2, 1, 4, 5)),
    Layout("n1hw-last", (2, 1, 4, 5), last),
    Layout("nc11", (2, 3, 1, 1)),
    Layout("nc11-last", (2, 3, 1, 1), last),
    Layout("n111", (2, 1, 1, 1)),
    Layout("n111-last", (2, 1, 1, 1), last),
    Layout("1chw", (1, 3, 4, 5)),
    Layout("1chw-last", (1, 3, 4, 5), last),
    Layout("1111", (1, 1, 1, 1)),
    Layout("nc1w-last", (2, 3, 1, 5), last),
    Layout("nch1-last", (2, 3, 4, 1), last),
    Layout("one-channel-of-many", (2, 3, 4, 5), lambda m, x: last(m, x)[:, :1]),
    Layout("one-column-of-many", (2, 3, 4, 5), lambda m, x: x[:, :, :1, :1]),
]
EMPTY = [
    Layout("no-images", (0, 3, 4, 5)),
    Layout("no-images-last", (0, 3, 4, 5), last),
    Layout("no-channels-last", (2, 0, 4, 5), last),
    Layout("no-rows", (2, 3, 0, 5)),
]
VOLUMES = [
    Layout("ncdhw", (2, 3, 2, 4, 5)),
    Layout("ndhwc", (2, 3, 2, 4, 5), last),
    Layout("n1dhw-last", (2, 1, 2, 4, 5), last),
    Layout("nc111-last", (2, 3, 1, 1, 1), last),
    Layout("ndhwc-some-channels", (2, 6, 2, 4, 5), lambda m, x: last(m, x)[:, ::2]),
]
MATRICES = [
    Layout("matrix", (3, 4)),
    Layout("transposed", (4, 3), lambda m, x: x.t()),
    Layout("row", (1, 4)),
    Layout("column", (4, 1)),
    Layout("row-transposed", (4, 1), lambda m, x: x.t()),
    Layout("column-transposed", (1, 4), lambda m, x: x.t()),
    Layout("every-second", (3, 8), lambda m, x: x[:, ::2]),
    Layout("every-second-transposed", (8, 3), lambda m, x: x.t()[:, ::2]),
    Layout("expanded-rows", (1, 4), lambda m, x: x.expand(3, 4)),
    Layout("expanded-columns", (3, 1), lambda m, x: x.expand(3, 4)),
    Layout("expanded-transposed", (1, 3), lambda m, x: x.expand(4, 3).t()),
    Layout("constant", (1, 1), lambda m, x: x.expand(3, 4)),
    Layout("no-rows-transposed", (4, 0), lambda m, x: x.t()),
    Layout("no-columns", (3, 0)),
    Layout("square-transposed", (4, 4), lambda m, x: x.t()),
]
CUBES = [
    Layout("cube", (2, 3, 4)),
    *[
        Layout(f"cube-{''.join(map(str, axes))}", (2, 3, 4), ordered(*axes))
        for axes in [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    ],
    Layout("cube-2-1-3-last", (2, 1, 3), ordered(0, 2, 1)),
    Layout("cube-expanded-middle", (2, 1, 4), lambda m, x: x.expand(2, 3, 4)),
    Layout("cube-of-a-larger", (2, 3, 8), lambda m, x: x.permute(2, 0, 1)[::2].permute(1, 2, 0)),
]
FLAT = [Layout("vector", (5,)), Layout("vector-every-second", (10,), lambda m, x: x[::2]), Layout("scalar", ())]
ALL = [*IMAGES, *ONES, *EMPTY, *VOLUMES, *MATRICES, *CUBES, *FLAT]

# one tensor in, one or more out; the result's layout follows the input's by the rules of elementwise calls
UNARY: dict[str, Callable[[Any, Any], Any]] = {
    **{
        name: lambda m, x, name=name: getattr(m, name)(x)
        for name in """abs neg exp log sqrt tanh sigmoid relu sign floor round reciprocal isnan logical_not erf sin
        square positive trunc bernoulli asin lgamma digamma nan_to_num""".split()
    },
    "plus-number": lambda m, x: x + 1,
    "number-minus": lambda m, x: 2.0 - x,
    "power": lambda m, x: x**2,
    "divided": lambda m, x: x / 3,
    "equal-number": lambda m, x: x == 0.5,
    "clamp": lambda m, x: x.clamp(0.2, 0.7),
    "double": lambda m, x: x.double(),
    "to-int": lambda m, x: x.to(m.int64),
    "to-int32": lambda m, x: x.int(),
    "to-half": lambda m, x: x.half(),
    "to-bfloat16": lambda m, x: x.bfloat16(),
    "to-bool": lambda m, x: x.bool(),
    "half-exp": lambda m, x: x.half().exp(),
    "bfloat16-plus": lambda m, x: x.bfloat16() + 1,
    "ints-plus": lambda m, x: (x * 8).to(m.int32) + 1,
    "bytes-times": lambda m, x: (x * 8).to(m.uint8) * 3,
    "clone": lambda m, x: x.clone(),
    "clone-contiguous": lambda m, x: x.clone(memory_format=m.contiguous_format),
    "clone-preserve": lambda m, x: m.clone(x, memory_format=m.preserve_format),
    "contiguous": lambda m, x: x.contiguous(),
    "detached-copy": lambda m, x: x.detach().clone(),
    "to-copy": lambda m, x: x.to(m.float32, copy=True),
    "to-contiguous": lambda m, x: x.to(m.float32, copy=True, memory_format=m.contiguous_format),
    "empty-like": lambda m, x: m.empty_like(x),
    "zeros-like": lambda m, x: m.zeros_like(x),
    "ones-like": lambda m, x: m.ones_like(x, dtype=m.float64),
    "full-like": lambda m, x: m.full_like(x, 2.0),
    "rand-like": lambda m, x: m.rand_like(x),
    "randn-like": lambda m, x: m.randn_like(x),
    "randint-like": lambda m, x: m.randint_like(x, 5),
    "zeros-like-contiguous": lambda m, x: m.zeros_like(x, memory_format=m.contiguous_format),
    "rand-like-preserve": lambda m, x: m.rand_like(x, memory_format=m.preserve_format),
    "dropout": lambda m, x: m.nn.functional.dropout(x, 0.5),
    "dropout-none": lambda m, x: m.nn.functional.dropout(x, 0.5, training=False) + 0,
    "leaky-relu": lambda m, x: m.nn.functional.leaky_relu(x),
    "elu": lambda m, x: m.nn.functional.elu(x),
    "gelu": lambda m, x: m.nn.functional.gelu(x),
    "silu": lambda m, x: m.nn.functional.silu(x),
    "mish": lambda m, x: m.nn.functional.mish(x),
    "hardtanh": lambda m, x: m.nn.functional.hardtanh(x),
    "hardswish": lambda m, x: m.nn.functional.hardswish(x),
    "softplus": lambda m, x: m.nn.functional.softplus(x),
    "logsigmoid": lambda m, x: m.nn.functional.logsigmoid(x),
    "threshold": lambda m, x: m.nn.functional.threshold(x, 0.5, 0.0),
    "relu6": lambda m, x: m.nn.functional.relu6(x),
    "softsign": lambda m, x: m.nn.functional.softsign(x),
    "relu-in-place": lambda m, x: m.relu_(x.clone()),
    "where-number": lambda m, x: m.where(x > 0.5, x, 0.0),
    "masked-fill": lambda m, x: x.masked_fill(x > 0.5, 1.0),
    "lerp": lambda m, x: m.lerp(x, x + 1, 0.5),
    "addcmul": lambda m, x: m.addcmul(x, x, x),
    "bitwise": lambda m, x: (x > 0.3) & (x < 0.7),
    "xor": lambda m, x: m.logical_xor(x > 0.3, x),
    "type": lambda m, x: x.type(m.float64),
    "type-as": lambda m, x: x.type_as(m.zeros(1, dtype=m.float64)),
    "deepcopy": lambda m, x: __import__("copy").deepcopy(x),
    "pickle": lambda m, x: __import__("pickle").loads(__import__("pickle").dumps(x)),
    "new-zeros": lambda m, x: x.new_zeros(x.shape),
    "dot-data": lambda m, x: x.data,
    "in-place-add": lambda m, x: x.clone().add_(1),
    "requires-grad-copy": lambda m, x: x.clone().requires_grad_() * 2,
    "std-expression": lambda m, x: (x - 0.5).abs().clamp(min=0.1).log(),
}

# one tensor in; not elementwise
SHAPED: dict[str, Callable[[Any, Any], Any]] = {
    "sum-first": lambda m, x: x.sum(0),
    "sum-last": lambda m, x: x.sum(-1),
    "sum-keep": lambda m, x: x.sum(-1, keepdim=True),
    "sum-first-keep": lambda m, x: x.sum(0, keepdim=True),
    "mean-last": lambda m, x: x.mean(-1),
    "amax-first": lambda m, x: x.amax(0),
    "cumsum": lambda m, x: x.cumsum(0),
    "softmax-last": lambda m, x: x.softmax(-1),
    "log-softmax-first": lambda m, x: x.log_softmax(0),
    "flip": lambda m, x: x.flip(0),
    "roll": lambda m, x: x.roll(1, 0),
    "sort": lambda m, x: x.sort(-1),
    "max-last": lambda m, x: x.max(-1),
    "argmax": lambda m, x: x.argmax(-1),
    "cat-self": lambda m, x: m.cat([x, x], 0),
    "cat-last": lambda m, x: m.cat([x, x], -1),
    "stack": lambda m, x: m.stack([x, x], 0),
    "stack-last": lambda m, x: m.stack([x, x], -1),
    "index-list": lambda m, x: x[[0, 0]],
    "index-select": lambda m, x: x.index_select(-1, m.tensor([0])),
    "gather": lambda m, x: x.gather(-1, m.zeros(x.shape, dtype=m.int64)),
    "repeat": lambda m, x: x.repeat(*[2] * x.dim()),
    "tile": lambda m, x: x.tile((2,)),
    "reshape": lambda m, x: x.reshape(-1),
    "flatten": lambda m, x: x.flatten(),
    "unsqueeze": lambda m, x: x.unsqueeze(0) + 0,
    "transpose": lambda m, x: x.transpose(0, -1).contiguous(),
    "transpose-plus": lambda m, x: x.transpose(0, -1) + 1,
    "movedim": lambda m, x: m.movedim(x, 0, -1).clone(),
    "tril": lambda m, x: x.tril(),
    "masked-select": lambda m, x: x.masked_select(x > 0),
    "norm-last": lambda m, x: x.norm(dim=-1),
    "var-last": lambda m, x: x.var(-1),
    "logsumexp": lambda m, x: x.logsumexp(0),
    "pad": lambda m, x: m.nn.functional.pad(x, (1, 1)),
    "diff": lambda m, x: x.diff(dim=0),
    "topk": lambda m, x: x.topk(1),
    "scatter": lambda m, x: x.scatter(0, m.zeros(x.shape, dtype=m.int64), 2.0),
    "normalize": lambda m, x: m.nn.functional.normalize(x, dim=0),
    "cdist-free-outer": lambda m, x: x.unsqueeze(-1) * m.ones(2),
}

MATRIX: dict[str, Callable[[Any, Any], Any]] = {
    "matmul": lambda m, x: x @ m.ones(4, 2),
    "matmul-of-transposed": lambda m, x: m.ones(2, 4) @ x.t(),
    "linear": lambda m, x: m.nn.functional.linear(x, m.ones(2, 4), m.ones(2)),
    "addmm": lambda m, x: m.addmm(m.ones(2), x, m.ones(4, 2)),
    "einsum": lambda m, x: m.einsum("ij,kj->ki", x, m.ones(2, 4)),
    "layer-norm": lambda m, x: m.nn.functional.layer_norm(x, (4,)),
    "batch-norm": lambda m, x: m.nn.BatchNorm1d(4)(x),
    "tril": lambda m, x: x.tril(),
    "glu": lambda m, x: m.nn.functional.glu(x),
    "outer": lambda m, x: m.outer(x[0], x[1]),
    "unfold": lambda m, x: x.unfold(1, 2, 1) + 0,
    "diag": lambda m, x: x.diag(),
}


def _parameters(m, module, last_format=False):
    """The module with the same parameters under both libraries."""
    with m.no_grad():
        for i, p in enumerate(module.parameters()):
            values = np.random.default_rng(i).standard_normal(tuple(p.shape)).astype("float32")
            p.copy_(m.tensor(values))
    return module.to(memory_format=m.channels_last if last_format is True else last_format) if last_format else module


IMAGE: dict[str, Callable[[Any, Any], Any]] = {
    "clone-last": lambda m, x: x.clone(memory_format=m.channels_last),
    "contiguous-last": lambda m, x: x.contiguous(memory_format=m.channels_last),
    "to-last": lambda m, x: x.to(memory_format=m.channels_last),
    "to-last-double": lambda m, x: x.to(m.float64, memory_format=m.channels_last),
    "double-last": lambda m, x: x.double(memory_format=m.channels_last),
    "type-last": lambda m, x: x.type(m.float64, memory_format=m.channels_last),
    "float-last": lambda m, x: x.float(memory_format=m.channels_last),
    "cpu-last": lambda m, x: x.cpu(memory_format=m.channels_last),
    "empty-like-last": lambda m, x: m.empty_like(x, memory_format=m.channels_last),
    "zeros-like-last": lambda m, x: m.zeros_like(x, memory_format=m.channels_last),
    "ones-like-last": lambda m, x: m.ones_like(x, memory_format=m.channels_last),
    "full-like-last": lambda m, x: m.full_like(x, 3, memory_format=m.channels_last),
    "rand-like-last": lambda m, x: m.rand_like(x, memory_format=m.channels_last),
    "randn-like-last": lambda m, x: m.randn_like(x, memory_format=m.channels_last),
    "randint-like-last": lambda m, x: m.randint_like(x, 3, memory_format=m.channels_last),
    "empty-last": lambda m, x: m.empty(tuple(x.shape), memory_format=m.channels_last),
    "resize-last": lambda m, x: x.clone().resize_(tuple(x.shape), memory_format=m.channels_last),
    "times-bias": lambda m, x: x * m.ones(x.shape[1]).view(1, -1, 1, 1),
    "plus-row": lambda m, x: x + m.ones(x.shape[-1]),
    "bias-plus": lambda m, x: m.ones(x.shape[1], 1, 1) + x,
    "max-pool": lambda m, x: m.nn.functional.max_pool2d(x, 2, 1, 1),
    "max-pool-indices": lambda m, x: m.nn.functional.max_pool2d(x, 2, 1, 1, return_indices=True),
    "avg-pool": lambda m, x: m.nn.functional.avg_pool2d(x, 2, 1, 1),
    "adaptive-avg-pool": lambda m, x: m.nn.functional.adaptive_avg_pool2d(x, 2),
    "adaptive-avg-pool-1": lambda m, x: m.nn.functional.adaptive_avg_pool2d(x, 1),
    "adaptive-max-pool": lambda m, x: m.nn.functional.adaptive_max_pool2d(x, 2),
    "lp-pool": lambda m, x: m.nn.functional.lp_pool2d(x, 2, 1),
    "batch-norm": lambda m, x: m.nn.BatchNorm2d(x.shape[1])(x),
    "batch-norm-eval": lambda m, x: m.nn.BatchNorm2d(x.shape[1]).eval()(x),
    "group-norm": lambda m, x: m.nn.functional.group_norm(x, 1),
    "instance-norm": lambda m, x: m.nn.InstanceNorm2d(x.shape[1])(x),
    "layer-norm": lambda m, x: m.nn.functional.layer_norm(x, tuple(x.shape[1:])),
    "conv": lambda m, x: _parameters(m, m.nn.Conv2d(x.shape[1], 4, 3, padding=1))(x),
    "conv-weight-last": lambda m, x: _parameters(m, m.nn.Conv2d(x.shape[1], 4, 3, padding=1), True)(x),
    "conv-1x1": lambda m, x: _parameters(m, m.nn.Conv2d(x.shape[1], 4, 1))(x),
    "conv-to-one": lambda m, x: _parameters(m, m.nn.Conv2d(x.shape[1], 1, 3, padding=1))(x),
    "conv-depthwise": lambda m, x: _parameters(m, m.nn.Conv2d(x.shape[1], x.shape[1], 3, padding=1, groups=x.shape[1]))(
        x
    ),
    "conv-transpose": lambda m, x: _parameters(m, m.nn.ConvTranspose2d(x.shape[1], 4, 3))(x),
    "conv-transpose-weight-last": lambda m, x: _parameters(m, m.nn.ConvTranspose2d(x.shape[1], 4, 3), True)(x),
    "dropout2d": lambda m, x: m.nn.functional.dropout2d(x, 0.5),
    "prelu": lambda m, x: m.nn.functional.prelu(x, m.ones(x.shape[1])),
    "pad-sides": lambda m, x: m.nn.functional.pad(x, (1, 1, 2, 0)),
    "pad-reflect": lambda m, x: m.nn.functional.pad(x, (0, 0, 0, 0), mode="reflect"),
    "pad-replicate": lambda m, x: m.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate"),
    "unfold": lambda m, x: m.nn.functional.unfold(x, 1),
    "softmax-channels": lambda m, x: x.softmax(1),
    "softmax2d": lambda m, x: m.nn.Softmax2d()(x),
    "cat-channels": lambda m, x: m.cat([x, x], 1),
    "cat-with-contiguous": lambda m, x: m.cat([x, m.ones(x.shape)], 1),
    "cat-contiguous-with": lambda m, x: m.cat([m.ones(x.shape), x], 1),
    "mean-space": lambda m, x: x.mean((2, 3)),
    "mean-space-keep": lambda m, x: x.mean((2, 3), keepdim=True),
    "sum-channels-keep": lambda m, x: x.sum(1, keepdim=True),
    "first-channels": lambda m, x: x[:, :2] + 1,
    "one-image": lambda m, x: x[0] * 2,
    "argmax-channels": lambda m, x: x.argmax(1),
    "max-channels": lambda m, x: x.max(1, keepdim=True),
    "where": lambda m, x: m.where(x > 0.5, x, m.zeros(1, x.shape[1], 1, 1)),
    "flatten-1": lambda m, x: x.flatten(1),
    "reshape-groups": lambda m, x: x.reshape(x.shape[0], x.shape[1], -1),
    "permute-contiguous": lambda m, x: x.permute(0, 2, 3, 1).contiguous(),
    "cumsum-channels": lambda m, x: x.cumsum(1),
    "flip-columns": lambda m, x: x.flip(3),
    "roll-channels": lambda m, x: x.roll(1, 1),
    "repeat-images": lambda m, x: x.repeat(2, 1, 1, 1),
    "index-images": lambda m, x: x[m.tensor([0, 0])],
    "index-channels": lambda m, x: x[:, m.tensor([0, 0])],
    "select-channels": lambda m, x: x.index_select(1, m.tensor([0, 0])),
    "mask-images": lambda m, x: x[m.ones(x.shape[0], dtype=m.bool)],
    "std-channels": lambda m, x: x.std(1, keepdim=True),
    "normalize-channels": lambda m, x: m.nn.functional.normalize(x),
    "local-response": lambda m, x: m.nn.functional.local_response_norm(x, 2),
    "residual": lambda m, x: m.relu(m.nn.BatchNorm2d(x.shape[1])(x) + x),
}

VOLUME: dict[str, Callable[[Any, Any], Any]] = {
    "clone-last": lambda m, x: x.clone(memory_format=m.channels_last_3d),
    "contiguous-last": lambda m, x: x.contiguous(memory_format=m.channels_last_3d),
    "to-last": lambda m, x: x.to(memory_format=m.channels_last_3d),
    "zeros-like-last": lambda m, x: m.zeros_like(x, memory_format=m.channels_last_3d),
    "empty-last": lambda m, x: m.empty(tuple(x.shape), memory_format=m.channels_last_3d),
    "max-pool": lambda m, x: m.nn.functional.max_pool3d(x, 2, 1, 1),
    "avg-pool": lambda m, x: m.nn.functional.avg_pool3d(x, 2, 1, 1),
    "adaptive-avg-pool": lambda m, x: m.nn.functional.adaptive_avg_pool3d(x, 2),
    "adaptive-max-pool": lambda m, x: m.nn.functional.adaptive_max_pool3d(x, 2),
    "batch-norm": lambda m, x: m.nn.BatchNorm3d(x.shape[1])(x),
    "batch-norm-eval": lambda m, x: m.nn.BatchNorm3d(x.shape[1]).eval()(x),
    "group-norm": lambda m, x: m.nn.functional.group_norm(x, 1),
    "conv": lambda m, x: _parameters(m, m.nn.Conv3d(x.shape[1], 4, 3, padding=1))(x),
    "conv-weight-last": lambda m, x: _parameters(m, m.nn.Conv3d(x.shape[1], 4, 3, padding=1), m.channels_last_3d)(x),
    "conv-transpose": lambda m, x: _parameters(m, m.nn.ConvTranspose3d(x.shape[1], 4, 3))(x),
    "pad": lambda m, x: m.nn.functional.pad(x, (1, 1, 2, 0)),
    "cat-channels": lambda m, x: m.cat([x, x], 1),
    "mean-space-keep": lambda m, x: x.mean((2, 3, 4), keepdim=True),
}

BINARY: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda m, a, b: a + b,
    "sub-scaled": lambda m, a, b: m.sub(a, b, alpha=2),
    "mul": lambda m, a, b: a * b,
    "maximum": lambda m, a, b: m.maximum(a, b),
    "less": lambda m, a, b: a < b,
    "pow": lambda m, a, b: a**b,
    "atan2": lambda m, a, b: m.atan2(a, b),
    "mixed-types": lambda m, a, b: a + b.double(),
    "ints": lambda m, a, b: (a * 9).int() + (b * 9).int(),
    "half": lambda m, a, b: a.half() * b.half(),
    "logical": lambda m, a, b: m.logical_and(a, b),
    "where": lambda m, a, b: m.where(a > b, a, b),
    "lerp": lambda m, a, b: m.lerp(a, b, 0.3),
    "lerp-tensor": lambda m, a, b: m.lerp(a, b, b),
    "addcdiv": lambda m, a, b: m.addcdiv(a, b, b + 1),
    "masked-fill": lambda m, a, b: a.masked_fill(b > 0.5, 0.0),
    "in-place": lambda m, a, b: a.clone().mul_(b),
    "hypot": lambda m, a, b: m.hypot(a, b),
    "mse": lambda m, a, b: m.nn.functional.mse_loss(a, b, reduction="none"),
    "bce": lambda m, a, b: m.nn.functional.binary_cross_entropy(a, b, reduction="none"),
    "cat": lambda m, a, b: m.cat([a, b], 0),
    "stack": lambda m, a, b: m.stack([a, b], 1),
    "copy": lambda m, a, b: m.empty_like(a).copy_(b),
}
_BY_NAME = {layout.name: layout for layout in ALL}


def _pairs(*names):
    return [(_BY_NAME[a], _BY_NAME[b]) for a in names for b in names]


PAIRS = [
    *_pairs("nchw", "nhwc", "cnhw", "nhwc-some-channels", "expanded-batch", "expanded-channels"),
    *[(_BY_NAME[a], _BY_NAME[b]) for a in ("nchw", "nhwc") for b in ("n1hw", "n1hw-last", "nc11", "nc11-last", "n111")],
    *[
        (_BY_NAME[b], _BY_NAME[a])
        for a in ("nchw", "nhwc")
        for b in ("n1hw-last", "nc11", "1chw", "1chw-last", "scalar")
    ],
    *_pairs("n1hw", "n1hw-last"),
    *_pairs("nc11", "nc11-last"),
    *_pairs("no-images", "no-images-last"),
    *_pairs("matrix", "transposed", "every-second", "every-second-transposed", "expanded-rows", "expanded-columns"),
    *[(_BY_NAME["transposed"], _BY_NAME[b]) for b in ("row", "column-transposed", "scalar", "constant")],
    *[(_BY_NAME[b], _BY_NAME["transposed"]) for b in ("row", "column-transposed", "scalar", "constant")],
    *_pairs("row", "column", "column-transposed"),
    *_pairs("cube-021", "cube-102", "cube-210", "cube-expanded-middle"),
    *_pairs("ncdhw", "ndhwc"),
]
