"""Calls with wrong arguments, made with PyTorch and with rushlight in one process (run by test_bad_input.py).

A call is plain data, drawn from BASE by a seed: `python bad_calls.py [FIRST,LAST]` makes the calls FIRST..LAST - 1 and
prints one JSON line before and after each, so that whoever reads knows which call a crash or a hang belongs to.
"""

from __future__ import annotations

import dataclasses
import json
import math
import random
import resource
import sys
import warnings
from typing import Any

import numpy as np

DTYPES = "float32 float64 float16 bfloat16 int64 int32 uint8 bool complex64".split()
LAYOUTS = ["plain", "transposed", "step", "expanded", "overlap", "offset"]
HUGE = [2**31, 2**40, 2**62, 2**63 - 1, 2**63, -(2**63), 2**31 - 1, -(2**31), 2**70]
GIGABYTE = 1 << 30


@dataclasses.dataclass(frozen=True)
class T:
    """A tensor argument."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    layout: str = "plain"
    high: int = 2  # integers are drawn from 0 .. high - 1
    low: int = 0
    grad: bool = False

    def build(self, m):
        rng = np.random.default_rng(abs(hash(self.shape)) % 1000)
        shape = self.shape[::-1] if self.layout == "transposed" else self.shape
        if self.layout == "step":
            shape = shape[:-1] + (2 * shape[-1],) if shape else (2,)
        if self.layout == "expanded" and shape:
            shape = (1, *shape[1:])
        if self.dtype in ("float32", "float64", "float16", "bfloat16", "complex64"):
            values = rng.uniform(0.1, 0.9, shape)
        else:
            values = rng.integers(self.low, max(self.high, self.low + 1), shape)
        t = m.tensor(values.tolist(), dtype=getattr(m, self.dtype)).reshape(shape)
        if self.layout == "transposed":
            t = t.permute(*reversed(range(len(shape)))) if shape else t
        elif self.layout == "step":
            t = t[..., ::2] if self.shape else t[0]
        elif self.layout == "expanded":
            t = t.expand(self.shape) if shape and self.shape[0] else t
        elif self.layout == "overlap" and 0 not in shape:
            t = t.as_strided(shape, [1] * len(shape))
        elif self.layout == "offset" and shape and shape[0]:
            t = m.cat([t, t])[-shape[0] :]
        if self.grad and t.is_floating_point():
            t = t.detach().requires_grad_()
        return t

    def __str__(self) -> str:
        extra = "" if self.layout == "plain" else f", {self.layout}"
        return f"T({list(self.shape)}, {self.dtype}{extra}{', grad' if self.grad else ''})"

    __repr__ = __str__


@dataclasses.dataclass(frozen=True)
class Name:
    """An attribute of the library, such as a dtype."""

    name: str

    def build(self, m):
        return getattr(m, self.name)


def X(*shape, **options):
    return T(shape, **options)


def I(*shape, high=2, **options):  # noqa: E743
    return T(shape, "int64", high=high, **options)


def B(*shape):
    return T(shape, "bool")


def D(name):
    return Name(name)


# One line per valid call: target | arguments. m: the library, F: nn.functional, nn: a layer's constructor and, after
# `;`, its input; a name that starts with a dot: a method of the first argument.
TABLE = """
m.zeros | 2, 3
m.zeros | (2, 3)
m.ones | (2, 3), dtype=D("int64")
m.empty | (2, 3)
m.full | (2, 3), 1.5
m.rand | 2, 3
m.randn | (4, 5)
m.randint | 0, 10, (3,)
m.randint | 5, (2, 2)
m.randperm | 5
m.arange | 0, 10, 2
m.arange | 5.5
m.range | 0, 4, 1
m.linspace | 0, 1, 5
m.logspace | 0, 1, 5
m.eye | 3, 4
m.tril_indices | 3, 3, 0
m.triu_indices | 3, 3, 0
m.empty_strided | (2, 3), (3, 1)
m.scalar_tensor | 1.5
m.tensor | [[1, 2], [3, 4]]
m.tensor | [1.5, 2]
m.as_tensor | [1, 2]
m.asarray | [1, 2]
m.zeros_like | X(2, 3)
m.full_like | X(2, 3), 2
m.randint_like | X(2, 3), 0, 5
m.rand_like | X(2, 3)
m.normal | 0.0, 1.0, (2, 3)
m.normal | X(3), X(3)
m.multinomial | X(4), 3
m.multinomial | X(2, 4), 6, True
m.bernoulli | X(3)
m.bernoulli | X(3), 0.5
m.poisson | X(3)
m.dropout | X(3, 4), 0.5, True
m.alpha_dropout | X(3, 4), 0.5, True
m.feature_dropout | X(3, 4), 0.5, True
m.native_dropout | X(3, 4), 0.5, True
.uniform_ | X(3), 0.0, 1.0
.normal_ | X(3), 0.0, 1.0
.random_ | X(3), 0, 5
.random_ | I(3), 5
.exponential_ | X(3), 1.0
.geometric_ | X(3), 0.5
.cauchy_ | X(3), 0.0, 1.0
.log_normal_ | X(3), 0.0, 1.0
.bernoulli_ | X(3), 0.5
m.add | X(2, 3), X(2, 3), alpha=2
.add_ | X(2, 3), X(3)
.mul_ | X(2, 3), X(2, 3)
.sub_ | X(2, 3), 1, alpha=2
.div_ | X(2, 3), X(3), rounding_mode="floor"
.pow_ | X(2, 3), 2
.copy_ | X(2, 3), X(3)
.fill_ | X(2, 3), 1.5
.zero_ | X(2, 3)
.clamp_ | X(2, 3), 0.2, 0.5
.lerp_ | X(2, 3), X(2, 3), 0.5
.addcmul_ | X(2, 3), X(2, 3), X(3), value=2
.addcdiv_ | X(2, 3), X(2, 3), X(3), value=2
.masked_fill_ | X(2, 3), B(3), 1.5
.index_fill_ | X(3, 4), 1, I(2, high=4), 1.5
.index_add_ | X(3, 4), 1, I(2, high=4), X(3, 2)
.index_copy_ | X(3, 4), 0, I(2, high=3), X(2, 4)
.index_put_ | X(3, 4), (I(2, high=3), I(2, high=4)), X(2)
.index_put_ | X(3, 4), (I(2, high=3),), X(4), True
.scatter_ | X(3, 4), 1, I(3, 2, high=4), X(3, 2)
.scatter_ | X(3, 4), 1, I(3, 2, high=4), 1.5
.scatter_add_ | X(3, 4), 0, I(2, 4, high=3), X(2, 4)
.masked_scatter_ | X(3, 4), B(3, 4), X(12)
.addmm_ | X(2, 4), X(2, 3), X(3, 4), beta=1, alpha=2
.baddbmm_ | X(2, 2, 4), X(2, 2, 3), X(2, 3, 4)
.addmv_ | X(2), X(2, 3), X(3)
.addr_ | X(2, 3), X(2), X(3)
.squeeze_ | X(1, 3), 0
.unsqueeze_ | X(3), 0
.transpose_ | X(2, 3), 0, 1
.resize_ | X(2, 3), 3, 4
m.pow | X(2, 3), 2.5
m.where | B(2, 3), X(2, 3), X(3)
m.where | B(2, 3), X(2, 3), 1
m.clamp | X(2, 3), 0.2, 0.5
m.lerp | X(2, 3), X(2, 3), X(3)
m.div | X(2, 3), X(3), rounding_mode="trunc"
m.addcmul | X(2, 3), X(2, 3), X(3), value=2
m.round | X(2, 3), decimals=2
m.complex | X(2, 3), X(2, 3)
m.sum | X(2, 3, 4), (0, 2), True
m.sum | X(2, 3), 1
m.mean | X(2, 3, 4), (0, 2)
m.prod | X(2, 3), 1
m.amax | X(2, 3), (0, 1)
m.max | X(2, 3), 1
m.min | X(2, 3), 0, True
m.max | X(2, 3), X(3)
m.argmax | X(2, 3), 1
m.all | X(2, 3), 1
m.any | B(2, 3), 0
m.var | X(2, 3), 1, correction=1
m.std | X(2, 3), (0,), unbiased=False
m.var_mean | X(2, 3), 1
m.logsumexp | X(2, 3), 1
m.cumsum | X(2, 3), 1
m.softmax | X(2, 3), 1
m.log_softmax | X(2, 3), -1
m.matmul | X(2, 3), X(3, 4)
m.matmul | X(5, 2, 3), X(3)
m.mm | X(2, 3), X(3, 4)
m.bmm | X(2, 2, 3), X(2, 3, 4)
m.mv | X(2, 3), X(3)
m.dot | X(3), X(3)
m.vdot | X(3), X(3)
m.inner | X(2, 3), X(4, 3)
m.outer | X(3), X(4)
m.kron | X(2, 3), X(2)
m.addmm | X(2, 4), X(2, 3), X(3, 4), beta=2
m.addbmm | X(2, 4), X(5, 2, 3), X(5, 3, 4)
m.baddbmm | X(2, 2, 4), X(2, 2, 3), X(2, 3, 4)
m.addmv | X(2), X(2, 3), X(3)
m.addr | X(2, 3), X(2), X(3)
m.tensordot | X(2, 3), X(3, 4), 1
m.tensordot | X(2, 3), X(3, 4), ([1], [0])
m.einsum | "ij,jk->ik", X(2, 3), X(3, 4)
m.chain_matmul | X(2, 3), X(3, 4), X(4, 2)
m.trace | X(3, 3)
m.reshape | X(2, 3), (3, -1)
.view | X(2, 3), 3, 2
.view | X(2, 3), D("int32")
.expand | X(2, 1), 3, 2, 4
.repeat | X(2, 3), 2, 2
m.tile | X(2, 3), (2, 2)
m.broadcast_to | X(2, 1), (3, 2, 4)
m.as_strided | X(3, 4), (2, 2), (1, 3), 1
m.flatten | X(2, 3, 4), 0, 1
m.unflatten | X(2, 6), 1, (2, -1)
m.permute | X(2, 3, 4), (2, 0, 1)
m.transpose | X(2, 3), 0, 1
m.movedim | X(2, 3, 4), (0, 1), (2, 0)
m.squeeze | X(2, 1, 3), (1,)
m.unsqueeze | X(2, 3), 1
m.select | X(2, 3), 1, 2
m.narrow | X(2, 4), 1, 1, 2
m.split | X(6, 2), 2
m.split | X(6, 2), [2, 4], 0
m.chunk | X(6, 2), 3, 0
m.tensor_split | X(6, 2), 3
m.tensor_split | X(6, 2), (1, 4)
m.unbind | X(2, 3), 1
m.stack | [X(2, 3), X(2, 3)], 1
m.cat | [X(2, 3), X(4, 3)], 0
m.diagonal | X(3, 4, 5), 1, 0, 2
m.diag | X(3), 1
m.diag_embed | X(2, 3), 1, 0, 2
m.tril | X(3, 4), 1
m.triu | X(3, 4), -1
m.flip | X(2, 3), (0, 1)
m.roll | X(2, 3), (1, 2), (0, 1)
m.meshgrid | X(3), X(4), indexing="ij"
m.gather | X(3, 4), 1, I(3, 2, high=4)
m.scatter | X(3, 4), 1, I(3, 2, high=4), X(3, 2)
m.scatter | X(3, 4), 1, I(3, 2, high=4), X(3, 2), reduce="add"
m.scatter_add | X(3, 4), 1, I(3, 2, high=4), X(3, 2)
m.index_select | X(3, 4), 1, I(2, high=4)
m.index_add | X(3, 4), 1, I(2, high=4), X(3, 2), alpha=2
m.index_copy | X(3, 4), 1, I(2, high=4), X(3, 2)
m.index_fill | X(3, 4), 1, I(2, high=4), 1.5
m.index_put | X(3, 4), (I(2, high=3), I(2, high=4)), X(2)
m.take | X(3, 4), I(5, high=12)
m.take_along_dim | X(3, 4), I(3, 2, high=4), 1
m.masked_select | X(3, 4), B(3, 4)
m.masked_fill | X(3, 4), B(4), 0.5
m.masked_scatter | X(3, 4), B(3, 4), X(12)
m.nonzero | B(3, 4)
m.nonzero | B(3, 4), as_tuple=True
.__getitem__ | X(3, 4), (1, I(2, high=4))
.__getitem__ | X(3, 4), B(3, 4)
.__getitem__ | X(3, 4), 2
.__setitem__ | X(3, 4), 1, 2.5
.__setitem__ | X(3, 4), (I(2, high=3), 1), X(2)
.__setitem__ | X(3, 4), B(3, 4), X(1)
.to | X(2, 3), D("float64")
.to | X(2, 3), "cpu"
.type | X(2, 3), "torch.DoubleTensor"
.item | X(1)
.tolist | X(2)
.size | X(2, 3), 1
.stride | X(2, 3), 1
.new_zeros | X(2), (2, 3)
.new_full | X(2), (2, 3), 1
.new_tensor | X(2), [1, 2]
.sum_to_size | X(2, 3), 1, 3
.requires_grad_ | X(2)
.set_ | X(2, 3), X(4)
.__add__ | X(2, 3), X(3)
.__iadd__ | X(2, 3), X(3)
.__matmul__ | X(2, 3), X(3, 4)
.__pow__ | X(2, 3), 2
.__floordiv__ | X(2, 3), 2
.__and__ | I(3), I(3)
.__lt__ | X(3), 1
.__bool__ | X(1)
.__index__ | I()
.__int__ | X(1)
.__len__ | X(2)
.__contains__ | X(2), 1
F.conv1d | X(2, 4, 9, grad=True), X(6, 2, 3), X(6), 2, 1, 1, 2
F.conv2d | X(2, 4, 7, 6, grad=True), X(6, 2, 3, 3), X(6), (2, 1), (1, 0), (1, 2), 2
F.conv2d | X(2, 4, 7, 6), X(6, 4, 3, 3), padding="same"
F.conv3d | X(1, 2, 5, 5, 5), X(4, 2, 3, 3, 3), None, 1, (1, 1, 1)
F.conv_transpose1d | X(2, 4, 5), X(4, 3, 3), None, 2, 1, 1, 1, 1
F.conv_transpose2d | X(2, 4, 5, 5, grad=True), X(4, 3, 3, 3), X(6), (2, 2), (1, 1), (1, 1), 2, (1, 1)
F.conv_transpose3d | X(1, 2, 3, 3, 3), X(2, 2, 2, 2, 2), None, 2
F.conv_tbc | X(5, 2, 3), X(3, 3, 4), X(4), 1
F.unfold | X(2, 3, 6, 6), (2, 3), 1, 0, (2, 2)
F.fold | X(2, 12, 9), (4, 4), (2, 2), 1, 0, 1
F.max_pool1d | X(2, 3, 9), 3, 2, 1, 1, False, True
F.max_pool2d | X(2, 3, 9, 8, grad=True), (3, 2), 2, (1, 1), 1, True
F.max_pool3d | X(1, 2, 5, 5, 5), 2, 2, 0, 1
F.avg_pool1d | X(2, 3, 9), 3, 2, 1, True, False
F.avg_pool2d | X(2, 3, 9, 8, grad=True), (3, 2), 2, (1, 1), True, True, 3
F.avg_pool3d | X(1, 2, 5, 5, 5), 2, 2, 0
F.lp_pool1d | X(2, 3, 9), 2.0, 3, 2
F.lp_pool2d | X(2, 3, 9, 8), 2.0, (3, 2), 2, True
F.adaptive_avg_pool1d | X(2, 3, 9), 4
F.adaptive_avg_pool2d | X(2, 3, 9, 8), (4, None)
F.adaptive_max_pool1d | X(2, 3, 9), 4, True
F.adaptive_max_pool2d | X(2, 3, 9, 8), (4, 3)
F.adaptive_avg_pool3d | X(1, 2, 5, 5, 5), 2
F.max_unpool1d | X(1, 1, 4), I(1, 1, 4, high=8), 2, 2, 0, (1, 1, 8)
F.max_unpool2d | X(1, 1, 2, 2), I(1, 1, 2, 2, high=16), 2, 2
F.batch_norm | X(4, 3, 2, grad=True), X(3), X(3), X(3), X(3), True, 0.1, 1e-5
F.batch_norm | X(4, 3), X(3), X(3)
F.layer_norm | X(4, 3, 2), (3, 2), X(3, 2), X(3, 2), 1e-5
F.group_norm | X(4, 6, 2), 3, X(6), X(6)
F.instance_norm | X(4, 3, 5), X(3), X(3), X(3), X(3), True
F.rms_norm | X(4, 3), (3,), X(3)
F.local_response_norm | X(2, 5, 4), 3, 1e-4, 0.75, 1.0
F.normalize | X(2, 3), 2.0, 1
F.linear | X(2, 3, grad=True), X(4, 3), X(4)
F.bilinear | X(2, 3), X(2, 4), X(5, 3, 4), X(5)
F.pad | X(2, 3, 4), (1, 1), "constant", 0.5
F.pad | X(2, 3, 4), (1, 1), "reflect"
F.pad | X(2, 3, 4, 4), (1, -1, 0, 1)
F.pad | X(2, 3, 4), (2, 1), "circular"
F.dropout | X(3, 4), 0.5, True
F.dropout2d | X(3, 4, 2, 2), 0.5
F.alpha_dropout | X(3, 4), 0.5, True
F.softmax | X(2, 3), 1
F.gumbel_softmax | X(2, 3), 1.0, True
F.glu | X(2, 4), 1
F.elu | X(2, 3), 1.5
F.celu | X(2, 3), 1.5
F.leaky_relu | X(2, 3), 0.2
F.gelu | X(2, 3), approximate="tanh"
F.hardtanh | X(2, 3), -1.0, 1.0
F.softplus | X(2, 3), 1.0, 20.0
F.softshrink | X(2, 3), 0.5
F.threshold | X(2, 3), 0.5, 1.0
F.prelu | X(2, 3), X(3)
F.rrelu | X(2, 3), 0.1, 0.3, True
F.cross_entropy | X(3, 5, grad=True), I(3, high=5), X(5), ignore_index=2, reduction="mean", label_smoothing=0.1
F.cross_entropy | X(2, 3, 4), X(2, 3, 4)
F.cross_entropy | X(5), I(high=5)
F.nll_loss | X(3, 5), I(3, high=5), X(5), reduction="sum"
F.nll_loss | X(2, 3, 4, 4), I(2, 4, 4, high=3)
F.mse_loss | X(2, 3), X(2, 3), reduction="none"
F.l1_loss | X(2, 3), X(2, 3)
F.smooth_l1_loss | X(2, 3), X(2, 3), beta=0.5
F.huber_loss | X(2, 3), X(2, 3), delta=0.5
F.binary_cross_entropy | X(2, 3), X(2, 3), X(3)
F.binary_cross_entropy_with_logits | X(2, 3), X(2, 3), pos_weight=X(3)
F.kl_div | X(2, 3), X(2, 3), reduction="batchmean", log_target=True
F.poisson_nll_loss | X(2, 3), X(2, 3), True, True
F.gaussian_nll_loss | X(2, 3), X(2, 3), X(2, 3)
F.hinge_embedding_loss | X(2, 3), X(2, 3), 1.0
F.margin_ranking_loss | X(3), X(3), X(3), 0.1
F.soft_margin_loss | X(2, 3), X(2, 3)
F.cosine_embedding_loss | X(2, 3), X(2, 3), X(2)
F.triplet_margin_loss | X(2, 3), X(2, 3), X(2, 3), 1.0
nn.Linear | 3, 4, True ; X(2, 3)
nn.Bilinear | 3, 4, 5 ; X(2, 3)
nn.Conv1d | 2, 4, 3, 1, 1 ; X(2, 2, 9)
nn.Conv2d | 4, 6, (3, 2), (1, 2), (1, 0), (1, 2), 2, True, "zeros" ; X(2, 4, 7, 6)
nn.Conv2d | 2, 4, 3, padding="same", padding_mode="reflect" ; X(2, 2, 7, 6)
nn.Conv3d | 2, 4, 2 ; X(1, 2, 5, 5, 5)
nn.ConvTranspose2d | 4, 6, 3, 2, 1, 1, 2 ; X(2, 4, 5, 5)
nn.LazyConv2d | 4, 3 ; X(1, 2, 5, 5)
nn.LazyLinear | 4 ; X(2, 3)
nn.MaxPool1d | 3, 2, 1 ; X(2, 3, 9)
nn.MaxPool2d | (3, 2), 2, 1, 1, True ; X(2, 3, 9, 8)
nn.AvgPool2d | 2, 2, 0 ; X(2, 3, 9, 8)
nn.AdaptiveAvgPool2d | (2, 3) ; X(2, 3, 9, 8)
nn.AdaptiveMaxPool1d | 2 ; X(2, 3, 9)
nn.LPPool2d | 2, 3 ; X(2, 3, 9, 8)
nn.BatchNorm1d | 3, 1e-5, 0.1 ; X(4, 3, 2)
nn.BatchNorm2d | 3 ; X(4, 3, 2, 2)
nn.InstanceNorm2d | 3, affine=True ; X(4, 3, 2, 2)
nn.LayerNorm | (3, 2) ; X(4, 3, 2)
nn.GroupNorm | 3, 6 ; X(4, 6, 2)
nn.RMSNorm | 3 ; X(4, 3)
nn.LocalResponseNorm | 2 ; X(2, 5, 4)
nn.Flatten | 1, -1 ; X(2, 3, 4)
nn.Unflatten | 1, (2, 3) ; X(2, 6)
nn.Dropout | 0.5 ; X(2, 3)
nn.Dropout2d | 0.5 ; X(2, 3, 4, 4)
nn.AlphaDropout | 0.5 ; X(2, 3)
nn.ReLU | True ; X(2, 3)
nn.Softmax | 1 ; X(2, 3)
nn.PReLU | 3 ; X(2, 3)
nn.ELU | 1.5 ; X(2, 3)
nn.Threshold | 0.1, 20 ; X(2, 3)
nn.Hardtanh | -1.0, 1.0 ; X(2, 3)
nn.GELU | "tanh" ; X(2, 3)
nn.GLU | 1 ; X(2, 4)
nn.Softplus | 1.0, 20 ; X(2, 3)
nn.CrossEntropyLoss | X(5), ignore_index=1, label_smoothing=0.1 ; X(3, 5)
nn.MSELoss | reduction="sum" ; X(3, 5)
nn.BCELoss | X(3) ; X(2, 3)
nn.KLDivLoss | reduction="batchmean" ; X(2, 3)
optim.SGD | [X(3, grad=True)], 0.1, 0.9
optim.SGD | [X(3, grad=True)], lr=0.1, momentum=0.9, dampening=0.0, weight_decay=0.1, nesterov=True
optim.Adam | [X(3, grad=True)], 0.1, (0.9, 0.99), 1e-8, 0.1, False
optim.AdamW | [X(3, grad=True)], lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1, maximize=True
init.uniform_ | X(3, 4), 0.0, 1.0
init.normal_ | X(3, 4), 0.0, 1.0
init.trunc_normal_ | X(3, 4), 0.0, 1.0, -2.0, 2.0
init.constant_ | X(3, 4), 0.5
init.eye_ | X(3, 4)
init.dirac_ | X(4, 2, 3), 2
init.xavier_uniform_ | X(3, 4), 1.0
init.xavier_normal_ | X(3, 4), 1.0
init.kaiming_uniform_ | X(3, 4), 0.1, "fan_in", "leaky_relu"
init.kaiming_normal_ | X(3, 4), 0.0, "fan_out", "relu"
init.orthogonal_ | X(3, 4), 1.0
init.sparse_ | X(3, 4), 0.5, 0.01
init.calculate_gain | "leaky_relu", 0.1
data.TensorDataset | X(4, 2), X(4)
data.ConcatDataset | [[1, 2], [3]]
data.Subset | [1, 2, 3], [0, 2]
data.random_split | [1, 2, 3, 4], [3, 1]
data.random_split | [1, 2, 3, 4], [0.5, 0.5]
data.SequentialSampler | [1, 2, 3]
data.RandomSampler | [1, 2, 3], True, 4
data.SubsetRandomSampler | [0, 2]
data.WeightedRandomSampler | [0.5, 0.5], 3, True
data.BatchSampler | [1, 2, 3], 2, False
data.DataLoader | [1, 2, 3], 2, False
data.DataLoader | [1, 2, 3], batch_size=2, shuffle=False, drop_last=True, timeout=0
data.default_collate | [1, 2, 3]
data.default_collate | [X(2), X(2)]
linalg.inv | X(3, 3)
linalg.solve | X(3, 3), X(3, 2)
linalg.det | X(3, 3)
linalg.qr | X(3, 3), "reduced"
linalg.svd | X(3, 4), False
linalg.norm | X(3, 4), 2, (0, 1)
linalg.vector_norm | X(3, 4), 2, 1
linalg.matrix_power | X(3, 3), 2
"""


@dataclasses.dataclass
class Call:
    target: str
    args: tuple
    kwargs: dict
    inputs: tuple = ()  # of the layer, when target is one

    def __str__(self) -> str:
        words = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        after = f"({', '.join(map(repr, self.inputs))})" if self.target.startswith("nn.") else ""
        return f"{self.target}({', '.join(words)}){after}"


def _parse(line) -> Call:
    target, text = (part.strip() for part in line.split("|"))
    text, _, inputs = text.partition(";")
    names = {"X": X, "I": I, "B": B, "D": D, "call": lambda *args, **kwargs: (args, kwargs)}
    args, kwargs = eval(f"call({text})", names)
    return Call(target, args, kwargs, eval(f"call({inputs})", names)[0] if inputs.strip() else ())


NEVER = {  # read and write files, wait for a person, stop the process or change settings that later calls depend on
    "m.from_numpy",
    "m.max_pool1d",  # PyTorch runs on for minutes with a kernel of 2**40
    ".backward",
    "m.frombuffer",
    ".apply_",
    ".numpy",
    ".register_hook",
    ".register_post_accumulate_grad_hook",
    ".storage",
    ".untyped_storage",
    ".new",
    ".share_memory_",
    ".pin_memory",
}


def table_calls() -> list[Call]:
    """The table."""
    return [_parse(line) for line in TABLE.strip().splitlines()]


def base_calls() -> list[Call]:
    """The table, and for every public name that it lacks calls with one and two tensors and a number."""
    from rushlight import Tensor, ops
    from rushlight.autograd.op import METHODS, PUBLIC
    from rushlight.nn import functional, modules

    ops.load_all()
    calls = table_calls()
    have = {call.target for call in calls}
    names = [f"m.{name}" for name in sorted(PUBLIC)] + [f".{name}" for name in sorted(METHODS)]
    names += [
        f".{name}" for name in sorted(dir(Tensor)) if not name.startswith("_") and callable(getattr(Tensor, name))
    ]
    names += [f"F.{name}" for name in functional.__all__ if _exists(functional, name)]
    names += [f"nn.{name}" for name in modules.__all__ if _exists(modules, name)]
    x = X(3, 4)
    for name in dict.fromkeys(names):
        if name in have or name in NEVER or not _exists_in_torch(name):
            continue
        if name.startswith("nn."):
            calls += [Call(name, args, {}, (X(2, 3, 6, 6),)) for args in ((), (3,), (3, 2), (2, 3, 2))]
        else:
            calls += [Call(name, args, {}) for args in ((x,), (x, x), (x, 1), (x, x, x))]
    return calls


def _exists(module, name) -> bool:
    try:
        return getattr(module, name) is not None
    except AttributeError:
        return False


def _exists_in_torch(name) -> bool:
    """Whether PyTorch has the name too."""
    import torch

    kind, _, rest = name.partition(".")
    return hasattr({"m": torch, "F": torch.nn.functional, "nn": torch.nn, "": torch.Tensor}[kind], rest)


JUNK: list[Any] = [None, "x", "", 2.5, True, [], (), [1, 2], {"a": 1}, 1j, math.nan, b"x", D("float32"), X(2, 3), X(0)]


def mutated(rng: random.Random, value):
    """Another value in place of this one, near enough to get past the first checks or not."""
    if rng.random() < 0.15:
        return rng.choice(JUNK)
    if isinstance(value, T):
        what = rng.randrange(6)
        if what == 0:
            return dataclasses.replace(value, dtype=rng.choice(DTYPES))
        if what == 1:
            return dataclasses.replace(value, layout=rng.choice(LAYOUTS))
        if what == 2 and value.shape:
            shape = list(value.shape)
            shape[rng.randrange(len(shape))] = rng.choice([0, 1, 2, 5])
            return dataclasses.replace(value, shape=tuple(shape))
        if what == 3:
            n = rng.choice([0, 1, 2])
            return dataclasses.replace(value, shape=rng.choice([value.shape[n:], (2, *value.shape), (*value.shape, 2)]))
        if what == 4 and value.dtype == "int64":
            return dataclasses.replace(value, low=rng.choice([-1, -9, 5, 2**31, -(2**40), 2**62]))
        return rng.choice([1, 0, -1, 2.5, dataclasses.replace(value, grad=True), I(2), B(*value.shape)])
    if isinstance(value, bool):
        return rng.choice([not value, 1, 2.5, None, "x"])
    if isinstance(value, int):
        return rng.choice(
            [0, 0, -1, -1, -2, 1, 2, 7, 100, 1000, *HUGE, 2.5, -0.5, True, (1,), [2, 2], (1, 2, 3), I(), X()]
        )
    if isinstance(value, float):
        return rng.choice(
            [math.nan, math.inf, -math.inf, -1.0, 0.0, 1.0, 2.0, 1e300, 2**70, 1, "x", None, I(), X(), 1j]
        )
    if isinstance(value, (tuple, list)):
        what = rng.randrange(4)
        items = list(value)
        if items and what < 2:
            at = rng.randrange(len(items))
            items[at] = mutated(rng, items[at])
        elif items and what == 2:
            items.pop(rng.randrange(len(items)))
        else:
            items.append(rng.choice([*items, 0, -1, 1, None, 2.5]))
        return type(value)(items)
    if isinstance(value, Name):
        return D(rng.choice(DTYPES))
    if isinstance(value, str):
        return rng.choice([value + "x", "", None, 3, "mean", "none", "same", "valid", "->", "i,j"])
    return rng.choice(JUNK + [1, 0, -1, X(3)])


KEYWORDS = [
    ("device", "cuda"),
    ("device", "tpu:0"),
    ("device", 3),
    ("dtype", D("int64")),
    ("dtype", "float32"),
    ("dtype", D("bool")),
    ("out", X(2, 3)),
    ("out", X(0, dtype="int64")),
    ("out", 3),
    ("nonsense", 1),
    ("dim", 5),
    ("keepdim", 3),
    ("requires_grad", True),
    ("generator", 3),
    ("layout", "x"),
]


def draw(number: int, bases: list[Call], single: bool = False) -> Call:
    """Call `number`, deterministic: a base call with one change (single) or up to three."""
    rng = random.Random(number)
    base = bases[number % len(bases)]
    slots: dict[Any, Any] = {("arg", i): v for i, v in enumerate(base.args)}
    slots |= {("kw", k): v for k, v in base.kwargs.items()}
    slots |= {("in", i): v for i, v in enumerate(base.inputs)}
    for _ in range(rng.choice([1, 1, 1, 2, 3]) if not single else 1):
        what = rng.random()
        if what < 0.06:
            key, value = rng.choice(KEYWORDS)
            slots[("kw", key)] = value
        elif what < 0.10:
            count = sum(kind == "arg" for kind, _ in slots)
            slots[("arg", count)] = rng.choice([1, -1, 0, 2.5, None, "x", X(2), (1, 1)])
        elif what < 0.14 and len(slots) > 1:
            key = rng.choice(sorted(slots, key=str))
            slots.pop(key)
        elif slots:
            key = rng.choice(sorted(slots, key=str))
            slots[key] = mutated(rng, slots[key])

    def part(kind):
        return {key: v for (k, key), v in slots.items() if k == kind}

    def ordered(kind):
        return tuple(v for _, v in sorted(part(kind).items()))

    args = ordered("arg")
    if base.target.startswith(".") and not (args and isinstance(args[0], T)):
        args = (base.args[0], *args)
    return Call(base.target, args, part("kw"), ordered("in"))


def build(m, value):
    if isinstance(value, (T, Name)):
        return value.build(m)
    if isinstance(value, (tuple, list)):
        return type(value)([build(m, v) for v in value])
    return value


def tensors_in(m, value) -> list:
    if isinstance(value, m.Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [t for v in value for t in tensors_in(m, v)]
    return []


def run(m, call: Call, args, kwargs, inputs):
    """Make the call and, if its result can be differentiated, the backward pass."""
    kind, _, name = call.target.partition(".")
    m.manual_seed(0)
    if kind == "m":
        result = getattr(m, name)(*args, **kwargs)
    elif kind == "F":
        result = getattr(m.nn.functional, name)(*args, **kwargs)
    elif kind == "nn":
        result = getattr(m.nn, name)(*args, **kwargs)(*inputs)
    elif kind == "optim":
        optimizer = getattr(m.optim, name)(*args, **kwargs)
        sum(p.sum() for p in args[0]).backward()
        optimizer.step()
        return optimizer
    elif kind == "init":
        return getattr(m.nn.init, name)(*args, **kwargs)
    elif kind == "linalg":
        result = getattr(m.linalg, name)(*args, **kwargs)
    elif kind == "data":
        result = getattr(m.utils.data, name)(*args, **kwargs)
        return list(result) if "Sampler" in name or "Loader" in name else result
    else:
        result = getattr(args[0], name)(*args[1:], **kwargs)
    if isinstance(result, m.Tensor) and result.is_floating_point() and result.requires_grad and result.grad_fn:
        result.sum().backward()
    return result


def state(t):
    """What a failed call must leave as it was."""
    plain = t.detach()
    values = plain.to(plain.float().dtype if not plain.is_complex() else plain.dtype) if plain.numel() else plain
    return (
        tuple(t.shape),
        tuple(t.stride()),
        str(t.dtype),
        t._version,
        id(t.grad_fn),
        t.requires_grad,
        values.tolist(),
    )


def outcome(m, call: Call, watch=False):
    """("ok", type of the result) or (exception class names, message), and what a failed call changed."""
    args, inputs = build(m, call.args), build(m, call.inputs)
    kwargs = {k: build(m, v) for k, v in call.kwargs.items()}
    held = tensors_in(m, args) + tensors_in(m, tuple(kwargs.values())) + tensors_in(m, inputs)
    before = [state(t) for t in held] if watch else []
    try:
        run(m, call, args, kwargs, inputs)
    except Exception as error:
        changed = [f"{b} -> {a}" for t, b in zip(held if watch else [], before) if repr(a := state(t)) != repr(b)]
        return [c.__name__ for c in type(error).__mro__[:-2]], str(error)[:300], changed
    return "ok", "", []


def main() -> None:
    import torch

    import rushlight

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    numbers = json.loads(sys.argv[1])
    single = "--single" in sys.argv
    bases = table_calls() if single else base_calls()
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2 * GIGABYTE, resource.RLIM_INFINITY))
    for number in range(*numbers):
        call = draw(number, bases, single)
        print(json.dumps([number, "torch", str(call)]), flush=True)
        try:
            theirs = outcome(torch, call)
        except Exception as error:  # the arguments could not even be built
            theirs = None
            message = repr(error)
        if theirs is None:
            print(json.dumps([number, "skip", message]), flush=True)
            continue
        print(json.dumps([number, "rushlight", str(call)]), flush=True)
        ours = outcome(rushlight, call, watch=True)
        print(json.dumps([number, "done", theirs, ours]), flush=True)
    print(json.dumps([numbers[1], "end"]), flush=True)


if __name__ == "__main__":
    main()
