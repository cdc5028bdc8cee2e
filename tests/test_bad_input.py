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


# Words of NumPy's messages, and of our own insides: whoever calls us knows neither.
INSIDES = (
    "broadcast together|could not be broadcast|could not broadcast|objects cannot be broadcast|not broadcastable|"
    "cannot reshape array|setting an array element|ufunc|axis remapping|for array|array is|Maximum allowed dimension|"
    "casting rule|numpy|to C long|out of bounds for u?int|value array|indexing arrays|<locals>|'_array'"
)


@pytest.mark.parametrize("first", range(0, 6000, 1500))
def test_wrong_arguments(first):
    count = refused = 0
    wrong = []
    for call, theirs, ours in made(first, first + 1500):
        count += 1
        if ours[0] == "ok":
            continue
        refused += 1
        if re.search(INSIDES, ours[1]) and ".__" not in call:
            wrong.append(f"{call} speaks of our insides: {ours[:2]}")
        if not set(ours[0]) & EXPECTED:
            wrong.append(f"{call} raised {ours[:2]}, PyTorch: {theirs[:2]}")
        if ours[2]:
            wrong.append(f"{call} failed ({ours[1]}) and changed its arguments: {ours[2]}")
    assert not wrong, "\n".join(wrong)
    assert count > 1300 and refused > count // 2


# Disagreements that are no fault: (what PyTorch says, what we say) -> why. "ok": the call is taken.
BEYOND = "overflow|Overflow|too big|enforce fail|bad_alloc|max_size|index-sized|cannot be represented|memory descriptor"
TRIPS = "Boolean value of Tensor|object has no attribute|tuple index|to unpack|unhashable|by zero|iteration over a 0-d"
REASONS = {
    (BEYOND, "^(?!ok$)"): "a number that no machine has memory for: refused by both, by us before it is converted",
    (
        "int too big to convert|Overflow when unpacking",
        "^ok$",
    ): "an int beyond 64 bits that counts as a float",
    (TRIPS, "^(?!ok$)"): "PyTorch's own code trips over the value; we name the argument",
    ("INTERNAL ASSERT|internal error", ""): "PyTorch calls it a bug of its own",
    ("primitive descriptor|pad_overflow|greater than zero, but got .*-1", "^(?!ok$)"): (
        "what its convolution library says of sizes near 2**63"
    ),
    ("^ok$", "sizes overflow"): "sizes near 2**63, with which PyTorch's own sums wrap around",
    ("split_size can only be 0", "^ok$"): "2**63 - 1 parts: PyTorch's own sums wrap around",
    (
        "^ok$",
        "OutOfMemoryError|can't allocate|sizes=.*922337",
    ): "more than memory holds; PyTorch's sums wrap around",
    ("SymIntArrayRef|setStorage|negative dimension -4611686", ""): "PyTorch trips over its own sizes",
    ("^$", "^ok$"): "a MemoryError of Python's lists, which we do not fill ahead",
    ("output_size must be 2|equals to 2, but got size 0", "must be int or tuple of ints"): (
        "no size at all: PyTorch takes text, bytes and a tensor for an empty list of sizes"
    ),
    ("with a bool tensor|on a bool tensor|orthogonal|sign is not|ComplexFloat can't", "^ok$"): (
        "a bool or complex factor that computes as a number here"
    ),
    ("got .*NoneType.*expected one of|NoneType. has no len", "^ok$"): "None for an argument whose default it is here",
    ("only one element tensors", "must be real number, not list"): "a tensor of several elements among numbers",
    ("can't be cast to the desired", "argument 'out' must be Tensor, not int"): "out= a number, which PyTorch casts to",
    ("at most 4611686018427387903", "padding not negative"): "sizes near 2**63",
    (
        "not implemented for",
        "should be the same|expected target dtype",
    ): "two types, both wrong",
    ("^ok$", "mixed dtype .* got BFloat16|clamp is not supported for complex"): "a type that PyTorch lets pass unseen",
    ("expected scalar type Float but found BFloat16", "^ok$"): "a bias of another type is converted",
    ("refers to a single memory location", "^ok$"): "an optimizer's step on an expanded parameter",
    ("^ok$", "refers to a single memory location"): "addmv_ into an expanded vector: PyTorch writes one place twice",
    ("^ok$", "saved by NotImplemented"): "the derivative of rounded division is zero there, missing here",
    ("index 0 out of range for tensor of size", "^ok$"): "an empty batch",
    ("^ok$", "argument 'target' .* must be Tensor"): "gaussian_nll_loss of a number, by accident",
    ("dims_self", "Dimension out of range"): "tensordot: numbers for lists of dims, out of range too",
    ("got .Tensor, Tensor, bool", "^ok$"): "min(x, y, keepdim)",
    ("^ok$", "takes (3|from 1 to 2) positional arguments but"): "legacy orders of arguments, deprecated there",
    ("view size is not compatible", "^ok$"): "overlapping memory that PyTorch cannot reshape as a view: we copy",
    ("out tensor|Found dtype|out=", "unexpected keyword argument 'out'"): "out= that PyTorch's docs do not mention",
    ("Boolean alpha|ok", "takes 2 positional arguments but 3"): "add(x, alpha, y), which PyTorch calls deprecated",
    ("Expected one of cpu", "combination of arguments"): "a device's name as bytes",
    ("Dimension out of range", "not implemented for"): "a wrong rank and a type that is not computed in, both wrong",
    (
        "^ok$",
        "Input type .* and bias type .* should be the same",
    ): "conv_tbc: PyTorch casts the bias",
    ("^ok$", "'padding' should contain one int"): "max_unpool1d: PyTorch looks at the first of several sizes only",
    ("^ok$", "Boolean value of Tensor"): "AlphaDropout ignores inplace= in PyTorch, whatever it is",
    ("^ok$", "setStorage|index .* out of bounds for dimension"): "an index out of range of a tensor without elements",
}
# Python calls an operator's method with one operand; with any other arguments PyTorch returns NotImplemented.
CALLED_AS_METHOD = "positional argument|takes 2|expected 1 argument|takes no keyword|unexpected keyword|multiple values"


def disagreement(call, theirs, ours) -> str:
    """What differs that no reason covers; "" where nothing does."""
    them, us = ("ok" if outcome[0] == "ok" else outcome[1] for outcome in (theirs, ours))
    if them == us == "ok" or (them != "ok" and us != "ok" and theirs[0][0].lstrip("_") in ours[0]):
        return ""
    if any(re.search(said, them) and re.search(answer, us) for said, answer in REASONS):
        return ""
    if re.search(r": \.__\w+__\(", call) and them == "ok" and re.search(CALLED_AS_METHOD, us):
        return ""
    return f"{call}: PyTorch {theirs[:2]}, ours {ours[:2]}"


@pytest.mark.parametrize("base", [0, 1000000])
@pytest.mark.parametrize("first", range(0, 6000, 3000))
def test_same_exception_classes(first, base):
    """One wrong thing in a valid call: the class is PyTorch's or derived from it."""
    count, wrong = 0, []
    for call, theirs, ours in made(base + first, base + first + 3000, "--single"):
        count += 1
        wrong += filter(None, [disagreement(call, theirs, ours)])
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


def test_instance_norm_writes_both_statistics_or_none():
    mean, var = rushlight.zeros(3), rushlight.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        rushlight.nn.functional.instance_norm(rushlight.rand(4, 3, 5), mean, var)
    assert mean.tolist() == [0.0] * 3
