"""No public op goes unchecked: all functions and methods have cases, all ops are reached, all listed names load."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings

import pytest
from cases import all_cases
from test_ops import arrays, cotangents, flat, tensors

import rushlight
import rushlight.layers
from rushlight.autograd.inplace import apply_inplace
from rushlight.autograd.op import METHODS, PUBLIC, Op, primitives

rushlight.ops.load_all()
CASES = all_cases()
LAST: list = []  # second gradients of the samples run, whose histories count too
# Public names without a case of tests/cases, and where they are tested.
EXEMPT = {
    "tests/test_random.py: the numbers drawn": """bernoulli bernoulli_ cauchy_ exponential_ geometric_ log_normal_
        multinomial normal normal_ poisson rand rand_like randint randint_like randn randn_like random_ randperm rrelu
        rrelu_ uniform_ binomial""",
    "tests/test_dropout.py: noise": """alpha_dropout alpha_dropout_ dropout dropout_ feature_alpha_dropout
        feature_alpha_dropout_ feature_dropout feature_dropout_ native_dropout""",
    "tests/test_creation.py: uninitialised values and shared memory": """as_tensor asarray empty empty_like
        empty_strided from_numpy frombuffer new new_empty tensor""",
}
# Ops that no case runs, and why.
UNREACHED = {
    "no derivative, or adjoints seen only from the third order on": """floor_divide nextafter
        hardsigmoid gather_planes max_pool_take pad_edges""",
    "tests/test_dropout.py, tests/test_random.py: noise": """dropout feature_dropout alpha_dropout masked_noise
        bernoulli multinomial native_dropout rrelu rrelu_noise normal poisson masked shifted""",
    "tests/test_layouts.py: memory formats": "channels_last_copy copy_laid_out",
    "tests/test_layers.py: PyTorch's float64 gradient has a float32 sixth": "hardsigmoid_grad",
    "only in derivatives of third order and higher": "huber_loss l1_loss_mean l1_loss_none mse_loss smooth_l1_loss",
}


def words(table):
    return {name for names in table.values() for name in names.split()}


def covered():
    """Names with a case, and the other names of the same functions."""
    named = {case.name.split()[0] for case in CASES} | {name for case in CASES for name in case.covers}
    functions = {id(table[name]) for name in named for table in (PUBLIC, METHODS) if name in table}
    return named | {
        name for table in (PUBLIC, METHODS) for name, function in table.items() if id(function) in functions
    }


def test_every_public_op_has_a_case():
    have = covered() | words(EXEMPT)
    twins = have | {name + "_" for name in have} | {name.removesuffix("_") for name in have}
    missing = sorted((set(PUBLIC) | set(METHODS)) - twins)
    assert not missing, f"no row in tests/cases: {' '.join(missing)}"


def test_every_layer_function_of_torch_has_a_case():
    missing = sorted(set(rushlight.layers.__all__) - covered())
    assert not missing, f"no row in tests/cases: {' '.join(missing)}"


@pytest.mark.parametrize("package", ["linalg", "fft", "special"])
def test_every_function_of_a_namespace_has_a_case(package):
    named = {case.name.split()[0] for case in CASES} | {name for case in CASES for name in case.covers}
    names = getattr(rushlight, package).__all__
    missing = [name for name in names if f"{package}.{name}" not in named and name != "LinAlgError"]
    assert not missing, f"no row in tests/cases: {' '.join(missing)}"


def test_late_families_say_what_they_define():
    """ops.LATE names exactly what each of its families makes public."""
    for family, (functions, methods) in rushlight.ops.LATE.items():
        for table, listed in ((PUBLIC, functions), (METHODS, methods)):
            module = f"rushlight.ops.{family}"
            made = {name for name, function in table.items() if getattr(function, "__module__", "") == module}
            assert sorted(made) == sorted(listed.split()), family


def test_late_names_need_no_family_until_used():
    """In a fresh interpreter, a late function and a late method load their family; completion shows both."""
    code = """
import sys, rushlight as rl
assert not [f for f in rl.ops.LATE if f"rushlight.ops.{f}" in sys.modules]
assert {"stft", "fft"} <= set(dir(rl)) and "stft" in dir(rl.Tensor)
x = rl.ones(8)
assert x.stft(4, window=rl.ones(4), return_complex=True).shape == (3, 9)
assert rl.stft(x, 4, window=rl.ones(4), return_complex=True).shape == (3, 9)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_exemptions_are_needed():
    unknown = sorted(words(EXEMPT) - set(PUBLIC) - set(METHODS))
    assert [name for name in unknown if name != "binomial"] == []


def test_a_name_without_a_row_is_noticed(monkeypatch):
    monkeypatch.setitem(PUBLIC, "an_op_of_tomorrow", lambda input: input)
    with pytest.raises(AssertionError, match="an_op_of_tomorrow"):
        test_every_public_op_has_a_case()


def run(case, sample):
    """Values and both orders of gradients: what the generic checks run."""
    inputs = tensors(rushlight, arrays(case, sample, case.dtypes[-1]), requires_grad=case.grad_order > 0)
    leaves = [t for t in inputs if t.requires_grad]
    passed = [t.clone() if case.name.endswith("_") else t for t in inputs]
    outputs = [o for o in flat(case.call(rushlight, *passed, **sample.kwargs)) if getattr(o, "requires_grad", False)]
    if not outputs or not leaves:
        return
    v = [rushlight.tensor(c).to(o.dtype) for c, o in zip(cotangents(outputs), outputs)]
    again = case.grad_order > 1
    for t in v:
        t.requires_grad_(again)
    first = grads_of(outputs, leaves, v, again)
    first = [g for g in first if g is not None and g.requires_grad]
    if again and first:
        second = grads_of(first, leaves + v, [g.detach() for g in first], True)
        LAST.extend(g for g in second if g is not None)


def ops_behind(outputs):
    """The names of all ops in the history of some tensors."""
    names, seen = set(), set()
    todo = [t._node for t in outputs]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            node = node[0]
        if node is None or isinstance(node, rushlight.Tensor) or id(node) in seen:
            continue
        seen.add(id(node))
        if getattr(node, "op", None) is not None:
            names.add(node.op.name)
        todo.extend(node.next)
    return names


def grads_of(outputs, inputs, v, again):
    """Gradients; the history of `outputs` is looked at before it is used up."""
    return rushlight.autograd.grad(outputs, inputs, v, create_graph=again, allow_unused=True)


def is_ours(op):
    """Not an op that a test made."""
    return type(op).__module__.startswith("rushlight.")


def test_every_op_is_reached():
    """Run all cases and note which differentiable ops stand in their histories, up to second gradients."""
    ops = {name: op for name, op in vars(primitives).items() if isinstance(op, Op)}
    ops = {name: op for name, op in ops.items() if op.backward is not None and is_ours(op)}
    reached = set()

    def watch(frame, event, _):
        if event != "call":
            return
        if frame.f_code is apply_inplace.__code__:
            reached.add(frame.f_locals["op"].name)
        elif frame.f_code.co_name == "grads_of":
            reached.update(ops_behind(frame.f_locals["outputs"]))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.setprofile(watch)
        try:
            for case in CASES:
                for sample in case.samples:
                    run(case, sample)
                    reached |= ops_behind(LAST)
                    LAST.clear()
        finally:
            sys.setprofile(None)
    noise = {name for name in ops if name.startswith("refill_")}  # one op per distribution, tests/test_random.py
    missing = sorted(set(ops) - reached - words(UNREACHED) - noise)
    assert not missing, f"ops that no case reaches: {' '.join(missing)}"


@pytest.mark.parametrize(
    "package",
    ["fft", "layers", "linalg", "nn", "nn.functional", "nn.init", "nn.utils", "optim", "settings", "utils.checkpoint"],
)
def test_listed_names_load(package):
    module = importlib.import_module(f"rushlight.{package}")
    for name in module.__all__:
        assert getattr(module, name) is not None, name


def test_lazy_names_load():
    for name in rushlight._LAZY:
        assert getattr(rushlight, name) is not None, name


def test_dir_has_no_dead_names():
    """What completion offers can be had."""
    for name in dir(rushlight.Tensor):
        assert hasattr(rushlight.Tensor, name)
