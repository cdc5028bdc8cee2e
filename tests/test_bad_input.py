"""Wrong arguments raise as in PyTorch, never crash, hang or leave work half done (the calls: bad_calls.py)."""

from __future__ import annotations

import json
import os
import pathlib
import re
import select
import subprocess
import sys
import time

import pytest

import rushlight

SILENCE = 60  # seconds without a word from the process: a hang
ROOT = pathlib.Path(__file__).parent.parent


def made(first: int, last: int, *options: str):
    """(call, PyTorch's outcome, ours, what changed) for each call; fails on a crash or a hang of ours."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    command = [
        sys.executable,
        "-u",
        str(pathlib.Path(__file__).with_name("bad_calls.py")),
        json.dumps([first, last]),
        *options,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        record: list = []
        deadline = time.monotonic() + 10 * SILENCE
        while True:
            ready = select.select([process.stdout], [], [], SILENCE)[0]
            if not ready or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"no answer: {record}")
            line = process.stdout.readline()
            if not line:
                pytest.fail(f"the process ended with status {process.wait()}, last: {record}")
            previous, record = record, json.loads(line)
            if record[1] == "end":
                return
            if record[1] == "done":
                yield f"call {record[0]}: {previous[2]}", *record[2:]


EXPECTED = {
    "RuntimeError",
    "TypeError",
    "ValueError",
    "IndexError",
    "AttributeError",
    "OverflowError",
    "AssertionError",
}
EXPECTED |= {"ZeroDivisionError", "MemoryError"}  # LPPool of degree 0; a number of parts that no list can have


@pytest.mark.parametrize("first", range(0, 6000, 1500))
def test_wrong_arguments(first):
    count = refused = 0
    wrong = []
    for call, theirs, ours in made(first, first + 1500):
        count += 1
        if ours[0] == "ok":
            continue
        refused += 1
        if not set(ours[0]) & EXPECTED:
            wrong.append(f"{call} raised {ours[:2]}, PyTorch: {theirs[:2]}")
        if ours[2]:
            wrong.append(f"{call} failed ({ours[1]}) and changed its arguments: {ours[2]}")
    assert not wrong, "\n".join(wrong)
    assert count > 1300 and refused > count // 2


# Disagreements that are no fault: a word of PyTorch's message -> why any exception of ours will do.
BEYOND = "overflow|Overflow|too big|enforce fail|bad_alloc|max_size|index-sized|cannot be represented|memory descriptor"
REASONS = {
    BEYOND: "a number that no machine has memory for: refused by both, by us at once and before it is converted",
    "Boolean value of Tensor|object has no attribute|INTERNAL ASSERT|tuple index|to unpack|unhashable|by zero": (
        "PyTorch's own code trips over the value; we name the argument"
    ),
    "primitive descriptor|pad_overflow": "what its convolution library says of sizes near 2**63",
}
# Where one change of a valid call still gives another outcome; the list may only become shorter.
STRICTER_THERE = """
.index_add_ .random_ .set_ .squeeze_ .to .type F.batch_norm F.bilinear F.binary_cross_entropy_with_logits
F.conv_tbc F.elu F.fold F.gaussian_nll_loss F.group_norm F.hinge_embedding_loss F.huber_loss F.lp_pool2d F.pad
F.smooth_l1_loss F.soft_margin_loss F.softplus F.triplet_margin_loss F.unfold data.DataLoader linalg.svd
linalg.vector_norm m.add m.arange m.chunk m.clamp m.cumsum m.index_put m.kron m.logspace m.rand_like m.randint
m.randint_like m.round m.scalar_tensor m.take_along_dim nn.AdaptiveAvgPool2d nn.BatchNorm1d nn.LazyLinear
nn.Softplus optim.Adam"""
STRICTER_HERE = """
.scatter_ F.conv3d F.conv_tbc F.gumbel_softmax F.max_unpool1d F.unfold m.argmax m.bernoulli m.index_add
m.randn m.softmax m.take_along_dim m.tensor nn.AlphaDropout"""
OTHER_CLASS = """
.index_copy_ .index_fill_ .masked_fill_ .masked_scatter_ .scatter_ .scatter_add_ m.index_fill m.masked_fill
m.scatter_add
.add_ .expand .index_put_ .to .type F.adaptive_max_pool2d F.avg_pool2d F.avg_pool3d F.conv_transpose3d
F.cosine_embedding_loss F.cross_entropy F.gaussian_nll_loss F.lp_pool1d F.max_unpool2d F.nll_loss F.normalize
F.rms_norm F.softshrink F.unfold data.default_collate init.calculate_gain linalg.matrix_power linalg.qr
linalg.solve linalg.vector_norm m.addbmm m.as_tensor m.baddbmm m.bmm m.einsum m.index_copy m.index_put
m.index_select m.meshgrid m.scatter m.tensor m.tensor_split m.tensordot m.unbind m.where nn.Linear nn.RMSNorm"""


def disagreement(theirs, ours) -> str:
    """The list above on which a difference belongs; "" where there is none."""
    if any(re.search(words, theirs[1]) for words in REASONS) and (ours[0] != "ok" or "INTERNAL" in theirs[1]):
        return ""
    if theirs[0] == "ok":
        return "" if ours[0] == "ok" else STRICTER_HERE
    if ours[0] == "ok":
        return STRICTER_THERE
    return "" if theirs[0][0] in ours[0] else OTHER_CLASS


@pytest.mark.parametrize("first", range(0, 6000, 3000))
def test_same_exception_classes(first):
    """One wrong thing in a valid call: the class is PyTorch's or derived from it."""
    count, wrong = 0, []
    for call, theirs, ours in made(first, first + 3000, "--single"):
        count += 1
        target = call.split(": ", 1)[1].split("(")[0]
        known = disagreement(theirs, ours)
        if known and target not in known.split() and not re.match(r"\.__\w+__$", target):
            wrong.append(f"{call}: PyTorch {theirs[:2]}, ours {ours[:2]}")
    assert not wrong, "\n".join(wrong)
    assert count > 2800


TOO_LARGE = {
    "empty": lambda m, n: m.empty(n),
    "zeros": lambda m, n: m.zeros(n, 3),
    "full": lambda m, n: m.full((n,), 1.0),
    "rand": lambda m, n: m.rand(n),
    "arange": lambda m, n: m.arange(0, n),
    "arange_float": lambda m, n: m.arange(0.0, float(n)),
    "linspace": lambda m, n: m.linspace(0, 1, n),
    "randperm": lambda m, n: m.randperm(n),
    "repeat": lambda m, n: m.ones(2, 3).repeat(n, 2),
    "tile": lambda m, n: m.tile(m.ones(3), (n,)),
    "tril_indices": lambda m, n: m.tril_indices(n, n, 0),
    "pad": lambda m, n: m.nn.functional.pad(m.ones(1, 1, 2), (0, n)),
    "conv": lambda m, n: m.nn.functional.conv1d(m.ones(1, 1, 2), m.ones(1, 1, 1), padding=n),
    "conv_transpose": lambda m, n: m.nn.functional.conv_transpose1d(m.ones(1, 1, 2), m.ones(1, 1, 1), stride=n),
    "tensor_split": lambda m, n: m.ones(3, 4).tensor_split(n),
    "sum_of_expanded": lambda m, n: m.ones(1).expand(n).clone(),
}


@pytest.mark.parametrize("size", [2**38, 2**62])
@pytest.mark.parametrize("name", TOO_LARGE)
def test_more_than_the_machine_has(name, size):
    """Refused at once, before any page is touched."""
    start = time.monotonic()
    with pytest.raises((RuntimeError, OverflowError, ValueError)):
        TOO_LARGE[name](rushlight, size)
    assert time.monotonic() - start < 5


def test_index_copy_refuses_negative_indices():
    x = rushlight.zeros(3, 2)
    with pytest.raises(IndexError, match="index -1 is out of bounds"):
        x.index_copy_(0, rushlight.tensor([-1]), rushlight.ones(1, 2))
    assert x.tolist() == [[0, 0]] * 3 and x._version == 0


def test_take_refuses_other_indices():
    with pytest.raises(RuntimeError, match="Expected a long tensor"):
        rushlight.ones(3).take(rushlight.tensor([0.0]))


def test_bitwise_operations_refuse_floats():
    with pytest.raises(NotImplementedError, match="bitwise_and_cpu"):
        rushlight.ones(3) & rushlight.ones(3)


def test_failed_instance_norm_leaves_the_statistics():
    mean, var = rushlight.zeros(3), rushlight.ones(3)
    with pytest.raises((RuntimeError, TypeError)):
        rushlight.nn.functional.instance_norm(rushlight.rand(4, 3, 5), mean, var, rushlight.ones(4))
    assert mean.tolist() == [0, 0, 0] and mean._version == 0 and var._version == 0
