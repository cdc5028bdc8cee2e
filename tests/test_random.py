"""Same seed, same numbers: rushlight against PyTorch, bit for bit; the states after the draws are equal too."""

import copy
import os
import pickle
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
import torch

import rushlight

SIZES = [0, 1, 5, 15, 16, 17, 31, 32, 33, 100, 1000, 100003]
SEEDS = [0, 1, -1, 2**40 + 7]
FLOATS = ["float32", "float64", "float16", "bfloat16"]
COMPLEX = ["complex64", "complex128"]
INTEGERS = ["int64", "int32", "int16", "int8", "uint8", "bool"]


def raw(t):
    """Dtype name, shape and bytes of a tensor of either library."""
    t = t.detach().contiguous()
    name = str(t.dtype).removeprefix("torch.")
    if name == "bfloat16":
        t = t.to(torch.float32 if isinstance(t, torch.Tensor) else rushlight.float32)
    return name, tuple(t.shape), t.numpy().tobytes()


def states_equal():
    return torch.get_rng_state().numpy().tobytes() == rushlight.get_rng_state().numpy().tobytes()


def assert_same(draw, seed=0):
    """`draw(library)` gives the same bits in both and leaves both generators in the same state."""
    results = []
    for library in (torch, rushlight):
        library.manual_seed(seed)
        results.append(draw(library))
    assert raw(results[1]) == raw(results[0])
    assert states_equal()


REFILLS = {
    "uniform_": (lambda t: t.uniform_(), FLOATS + COMPLEX),
    "uniform_ range": (lambda t: t.uniform_(-0.3, 0.9), FLOATS + COMPLEX),
    "normal_": (lambda t: t.normal_(), FLOATS + COMPLEX),
    "normal_ around": (lambda t: t.normal_(1.3, 0.7), FLOATS + COMPLEX),
    "exponential_": (lambda t: t.exponential_(1.7), FLOATS),
    "log_normal_": (lambda t: t.log_normal_(0.3, 0.7), FLOATS),
    "cauchy_": (lambda t: t.cauchy_(0.3, 0.7), FLOATS),
    "geometric_": (lambda t: t.geometric_(0.3), FLOATS + INTEGERS[:-1]),
    "bernoulli_": (lambda t: t.bernoulli_(0.3), FLOATS + INTEGERS),
    "random_": (lambda t: t.random_(), FLOATS + INTEGERS),
    "random_ to": (lambda t: t.random_(2), FLOATS + INTEGERS),
    "random_ from to": (lambda t: t.random_(-7, 90), FLOATS + INTEGERS[:4]),
    "random_ wide": (lambda t: t.random_(-(2**40), 2**62 + 1), ["int64"]),
    "random_ 2^28": (lambda t: t.random_(0, 2**28), ["int64", "int32", "float64"]),
    "random_ below 2^28": (lambda t: t.random_(0, 2**28 - 1), ["int64", "int32", "float64"]),
    "random_ from": (lambda t: t.random_(-5, None), FLOATS + INTEGERS[:4]),
    "random_ all bits": (lambda t: t.random_(-(2**63), None), ["int64", "float32", "float64", "bfloat16"]),
}


@pytest.mark.parametrize("name, dtype", [(name, dtype) for name, (_, dtypes) in REFILLS.items() for dtype in dtypes])
def test_refills(name, dtype):
    refill = REFILLS[name][0]
    for n in SIZES:
        for seed in SEEDS if n <= 100 else SEEDS[:1]:
            assert_same(lambda lib, n=n: refill(lib.empty(n, dtype=getattr(lib, dtype))), seed)


LAYOUTS = {
    "transposed": lambda lib, n, dtype: lib.empty(n, 7, dtype=dtype).t(),
    "every other column": lambda lib, n, dtype: lib.empty(n, 6, dtype=dtype)[:, ::2],
    "permuted": lambda lib, n, dtype: lib.empty(3, n, 5, dtype=dtype).permute(1, 2, 0),
    "permuted and cut": lambda lib, n, dtype: lib.empty(3, n, 5, dtype=dtype).permute(2, 0, 1)[:, :, 1::2],
    "one column": lambda lib, n, dtype: lib.empty(n, 3, dtype=dtype)[:, 1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["uniform_", "normal_", "bernoulli_", "exponential_", "random_"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_strided_outputs_are_filled_in_memory_order(layout, name, dtype):
    for n in (0, 1, 3, 16, 40):
        assert_same(lambda lib, n=n: REFILLS[name][0](LAYOUTS[layout](lib, n, getattr(lib, dtype))))


CREATORS = {
    "rand": lambda lib: lib.rand(3, 5),
    "rand float64": lambda lib: lib.rand((2, 3), dtype=lib.float64),
    "rand complex": lambda lib: lib.rand(4, dtype=lib.complex64),
    "rand 0-d": lambda lib: lib.rand(()),
    "randn small": lambda lib: lib.randn(3, 5),
    "randn": lambda lib: lib.randn(4, 5, 6),
    "randn 0-d": lambda lib: lib.randn(()),
    "randn odd twice": lambda lib: lib.cat([lib.randn(3), lib.randn(4)]),
    "randint": lambda lib: lib.randint(10, (3, 4)),
    "randint low": lambda lib: lib.randint(-5, 10, (3, 4)),
    "randint float": lambda lib: lib.randint(0, 10, (3, 4), dtype=lib.float32),
    "randint high and size=": lambda lib: lib.randint(10, size=(3, 4)),
    "randint low, high and size=": lambda lib: lib.randint(-2, 10, size=(3, 4)),
    "randint keywords": lambda lib: lib.randint(low=2, high=9, size=(7,), dtype=lib.uint8),
    "rand_like": lambda lib: lib.rand_like(lib.empty(3, 4).t()),
    "randn_like": lambda lib: lib.randn_like(lib.empty(30, 4).t(), dtype=lib.float64),
    "randint_like": lambda lib: lib.randint_like(lib.empty(30, 4), 3, 50),
    "normal numbers": lambda lib: lib.normal(2.0, 3.0, (5, 6)),
    "normal mean tensor": lambda lib: lib.normal(lib.arange(40.0), 2.0),
    "normal std tensor": lambda lib: lib.normal(2.0, lib.arange(40.0)),
    "normal tensors": lambda lib: lib.normal(lib.arange(40.0).reshape(4, 10), lib.arange(10.0)),
    "bernoulli": lambda lib: lib.bernoulli(lib.linspace(0, 1, 50)),
    "bernoulli float64": lambda lib: lib.bernoulli(lib.linspace(0, 1, 50, dtype=lib.float64)),
    "bernoulli transposed": lambda lib: lib.bernoulli(lib.linspace(0, 1, 50).reshape(5, 10).t()),
    "bernoulli p": lambda lib: lib.bernoulli(lib.empty(50), 0.3),
    "bernoulli_ tensor": lambda lib: lib.empty(4, 50).bernoulli_(lib.linspace(0, 1, 50)),
    "bernoulli_ int": lambda lib: lib.empty(50, dtype=lib.int64).bernoulli_(lib.linspace(0, 1, 50, dtype=lib.float64)),
    "multinomial one": lambda lib: lib.multinomial(lib.arange(1.0, 11.0), 1),
    "multinomial": lambda lib: lib.multinomial(lib.arange(1.0, 41.0).reshape(4, 10), 6),
    "multinomial replacement": lambda lib: lib.multinomial(lib.arange(1.0, 41.0).reshape(4, 10), 60, True),
    "multinomial zero weights": lambda lib: lib.multinomial(lib.tensor([0.0, 1.0, 0.0, 3.0]), 100, replacement=True),
    "multinomial transposed": lambda lib: lib.multinomial(lib.arange(1.0, 41.0).reshape(4, 10).t(), 3),
    "bernoulli p transposed": lambda lib: lib.bernoulli(lib.empty(5, 10).t(), 0.3),
    "poisson transposed": lambda lib: lib.poisson(lib.arange(0.0, 40.0).reshape(4, 10).t()),
    "multinomial float64": lambda lib: lib.multinomial(lib.arange(1.0, 11.0, dtype=lib.float64), 5),
    "poisson": lambda lib: lib.poisson(lib.arange(0.0, 40.0, 0.5)),
    "poisson float64": lambda lib: lib.poisson(lib.arange(0.0, 40.0, 0.5, dtype=lib.float64)),
}


@pytest.mark.parametrize("name", CREATORS)
def test_creators(name):
    for seed in SEEDS:
        assert_same(CREATORS[name], seed)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 100, 1000, 100003])
@pytest.mark.parametrize("dtype", ["int64", "int32", "float64"])
def test_randperm(n, dtype):
    assert_same(lambda lib: lib.randperm(n, dtype=getattr(lib, dtype)), n)


@pytest.mark.parametrize("seed", [0, 1, -1, -(2**63), 2**32, 2**63, 2**64 - 1])
def test_seeds(seed):
    assert rushlight.manual_seed(seed).initial_seed() == torch.manual_seed(seed).initial_seed()
    assert rushlight.initial_seed() == torch.initial_seed()
    assert_same(lambda lib: lib.rand(20), seed)


def test_documented_numbers():
    """The sequences people know from PyTorch's seed 0."""

    def first(draw):
        rushlight.manual_seed(0)
        return draw().tolist()

    assert first(lambda: rushlight.randperm(5)) == [4, 0, 1, 3, 2]
    assert first(lambda: rushlight.randint(0, 10, (5,))) == [4, 9, 3, 0, 3]
    np.testing.assert_allclose(first(lambda: rushlight.rand(3)), [0.4963, 0.7682, 0.0885], atol=5e-5)
    np.testing.assert_allclose(first(lambda: rushlight.randn(3)), [1.5410, -0.2934, -2.1788], atol=5e-5)


def test_a_long_mixed_script_stays_in_step():
    def script(lib):
        parts = []
        for i in range(60):
            parts += [
                lib.rand(i),
                lib.randn(i),
                lib.randn(16 + i),
                lib.randperm(i).float(),
                lib.randint(0, 9, (3,)).float(),
            ]
            parts += [lib.empty(i).bernoulli_(0.4), lib.empty(i).exponential_(), lib.empty(i).log_normal_()]
        return lib.cat(parts)

    assert_same(script, 3)


# -- generators and states ---------------------------------------------------------------------------------------------


def test_generator_arguments_draw_from_that_generator():
    results = []
    for lib in (torch, rushlight):
        lib.manual_seed(0)
        before = lib.get_rng_state().numpy().tobytes()
        g = lib.Generator().manual_seed(5)
        parts = [lib.rand(4, generator=g), lib.randn(20, generator=g), lib.randperm(9, generator=g).float()]
        parts += [lib.randint(7, (3,), generator=g).float(), lib.empty(3).uniform_(-1, 1, generator=g)]
        parts += [lib.normal(0.0, 1.0, (3,), generator=g), lib.multinomial(lib.ones(6), 3, generator=g).float()]
        parts += [lib.bernoulli(lib.full((5,), 0.5), generator=g), lib.poisson(lib.ones(5), generator=g)]
        parts += [lib.rand_like(lib.ones(3), generator=g), lib.empty(4).random_(0, 9, generator=g)]
        assert lib.get_rng_state().numpy().tobytes() == before
        results.append(raw(lib.cat(parts)) + (g.get_state().numpy().tobytes(),))
    assert results[0] == results[1]


@pytest.mark.parametrize("draws", [0, 1, 3, 623, 624, 625, 2000])
def test_states_carry_over_both_ways(draws):
    torch.manual_seed(9)
    torch.rand(draws), torch.randn(3)
    rushlight.manual_seed(1)
    rushlight.set_rng_state(rushlight.from_numpy(torch.get_rng_state().numpy().copy()))
    assert states_equal()
    assert raw(rushlight.randn(2001)) == raw(torch.randn(2001))
    rushlight.randn(5)
    torch.set_rng_state(torch.from_numpy(rushlight.get_rng_state().numpy().copy()))
    assert raw(rushlight.randn(7)) == raw(torch.randn(7))


def test_generator_object():
    g = rushlight.Generator()
    assert g.initial_seed() == torch.Generator().initial_seed() == 67280421310721
    assert str(g.device) == "cpu" and g.get_state().dtype is rushlight.uint8 and tuple(g.get_state().shape) == (5056,)
    g.manual_seed(3)
    rushlight.rand(3, generator=g), rushlight.randn(3, generator=g)
    copies = [g.clone_state(), copy.deepcopy(g), pickle.loads(pickle.dumps(g))]
    expected = raw(rushlight.randn(9, generator=g))
    for twin in copies:
        assert twin.initial_seed() == 3
        assert raw(rushlight.randn(9, generator=twin)) == expected
    assert g.seed() == g.initial_seed() != g.seed()
    assert rushlight.seed() == rushlight.initial_seed()
    assert rushlight.default_generator.initial_seed() == rushlight.initial_seed()


def test_fork_rng():
    rushlight.manual_seed(4)
    expected = rushlight.rand(3).tolist()
    rushlight.manual_seed(4)
    with rushlight.random.fork_rng():
        rushlight.rand(100)
    assert rushlight.rand(3).tolist() == expected
    state = raw(rushlight.get_rng_state())
    with rushlight.random.fork_rng(enabled=False):
        rushlight.rand(1)
    assert raw(rushlight.get_rng_state()) != state


GENERATOR_ERRORS = {
    "seed too large": lambda lib: lib.manual_seed(2**64),
    "seed too small": lambda lib: lib.manual_seed(-(2**63) - 1),
    "seed text": lambda lib: lib.manual_seed("a"),
    "float seed": lambda lib: lib.Generator().manual_seed(1.5),
    "short state": lambda lib: lib.Generator().set_state(lib.zeros(3, dtype=lib.uint8)),
    "zero state": lambda lib: lib.Generator().set_state(lib.zeros(5056, dtype=lib.uint8)),
    "float state": lambda lib: lib.Generator().set_state(lib.zeros(5056)),
    "no state": lambda lib: lib.Generator().set_state(3),
    "offset": lambda lib: lib.Generator().get_offset(),
    "no generator": lambda lib: lib.empty(3).uniform_(generator=3),
    "no generator rand": lambda lib: lib.rand(3, generator="cpu"),
}

ERRORS = {
    "uniform_ order": lambda lib: lib.empty(3).uniform_(1, 0),
    "uniform_ nan": lambda lib: lib.empty(3).uniform_(float("nan"), 1),
    "uniform_ inf": lambda lib: lib.empty(3).uniform_(0, float("inf")),
    "uniform_ width": lambda lib: lib.empty(3).uniform_(-3e38, 3e38),
    "uniform_ half": lambda lib: lib.empty(3, dtype=lib.float16).uniform_(0, 70000),
    "uniform_ int": lambda lib: lib.empty(3, dtype=lib.int64).uniform_(),
    "uniform_ text": lambda lib: lib.empty(3).uniform_("a"),
    "uniform_ leaf": lambda lib: lib.ones(3, requires_grad=True).uniform_(),
    "uniform_ expanded": lambda lib: lib.empty(1).expand(4).uniform_(),
    "normal_ std": lambda lib: lib.empty(3).normal_(0, -1),
    "normal_ nan": lambda lib: lib.empty(3).normal_(0, float("nan")),
    "normal_ int": lambda lib: lib.empty(3, dtype=lib.int64).normal_(),
    "log_normal_ std": lambda lib: lib.empty(3).log_normal_(0, 0),
    "log_normal_ int": lambda lib: lib.empty(3, dtype=lib.int64).log_normal_(),
    "exponential_ rate": lambda lib: lib.empty(3).exponential_(-1),
    "exponential_ int": lambda lib: lib.empty(3, dtype=lib.int64).exponential_(),
    "geometric_ 0": lambda lib: lib.empty(3).geometric_(0),
    "geometric_ 1": lambda lib: lib.empty(3).geometric_(1.0),
    "geometric_ bool": lambda lib: lib.empty(3, dtype=lib.bool).geometric_(0.5),
    "cauchy_ sigma": lambda lib: lib.empty(3).cauchy_(0, -1),
    "cauchy_ int": lambda lib: lib.empty(3, dtype=lib.int64).cauchy_(),
    "bernoulli_ p": lambda lib: lib.empty(3).bernoulli_(1.5),
    "bernoulli_ complex": lambda lib: lib.empty(3, dtype=lib.complex64).bernoulli_(0.5),
    "bernoulli_ int p": lambda lib: lib.empty(3).bernoulli_(lib.tensor([1, 0, 1])),
    "bernoulli p": lambda lib: lib.bernoulli(lib.tensor([0.5, -0.1])),
    "bernoulli nan": lambda lib: lib.bernoulli(lib.tensor([float("nan")])),
    "bernoulli int": lambda lib: lib.bernoulli(lib.tensor([1, 0])),
    "random_ empty range": lambda lib: lib.empty(3).random_(3, 3),
    "random_ negative to": lambda lib: lib.empty(3, dtype=lib.int64).random_(-1),
    "random_ uint8 to": lambda lib: lib.empty(3, dtype=lib.uint8).random_(0, 300),
    "random_ uint8 from": lambda lib: lib.empty(3, dtype=lib.uint8).random_(-1, 3),
    "random_ half": lambda lib: lib.empty(3, dtype=lib.float16).random_(0, 70000),
    "random_ all bits of int32": lambda lib: lib.empty(3, dtype=lib.int32).random_(-(2**63), None),
    "random_ float": lambda lib: lib.empty(3).random_(1.5),
    "rand negative": lambda lib: lib.rand(2, -1),
    "rand int": lambda lib: lib.rand(2, dtype=lib.int64),
    "randn int": lambda lib: lib.randn(2, dtype=lib.int64),
    "rand_like int": lambda lib: lib.rand_like(lib.ones(2, dtype=lib.int64)),
    "randint order": lambda lib: lib.randint(5, 3, (2,)),
    "randint float": lambda lib: lib.randint(1.5, (2,)),
    "randint size": lambda lib: lib.randint(3, 4),
    "randint uint8": lambda lib: lib.randint(0, 300, (2,), dtype=lib.uint8),
    "randint_like order": lambda lib: lib.randint_like(lib.ones(3), 3, 1),
    "randperm negative": lambda lib: lib.randperm(-1),
    "randperm float": lambda lib: lib.randperm(3.0),
    "randperm uint8": lambda lib: lib.randperm(300, dtype=lib.uint8),
    "randperm half": lambda lib: lib.randperm(3000, dtype=lib.float16),
    "randperm bool": lambda lib: lib.randperm(3, dtype=lib.bool),
    "randperm grad": lambda lib: lib.randperm(3, requires_grad=True),
    "normal std": lambda lib: lib.normal(0.0, -1.0, (2,)),
    "normal std tensor": lambda lib: lib.normal(lib.zeros(2), lib.tensor([1.0, -1.0])),
    "normal no size": lambda lib: lib.normal(0.0, 1.0),
    "normal int": lambda lib: lib.normal(lib.tensor([1, 2]), 1.0),
    "normal shapes": lambda lib: lib.normal(lib.zeros(2), lib.ones(3)),
    "poisson negative": lambda lib: lib.poisson(lib.tensor([-1.0])),
    "poisson int": lambda lib: lib.poisson(lib.tensor([1])),
    "multinomial zero": lambda lib: lib.multinomial(lib.zeros(2), 1),
    "multinomial zero row": lambda lib: lib.multinomial(lib.tensor([[1.0, 1.0], [0.0, 0.0]]), 3, True),
    "multinomial negative": lambda lib: lib.multinomial(lib.tensor([-1.0, 1.0]), 1),
    "multinomial negative with replacement": lambda lib: lib.multinomial(lib.tensor([-1.0, 1.0]), 3, True),
    "multinomial inf": lambda lib: lib.multinomial(lib.tensor([1.0, float("inf")]), 3, True),
    "multinomial nan": lambda lib: lib.multinomial(lib.tensor([1.0, float("nan")]), 1),
    "multinomial too many": lambda lib: lib.multinomial(lib.ones(2), 3),
    "multinomial none": lambda lib: lib.multinomial(lib.ones(2), 0),
    "multinomial int": lambda lib: lib.multinomial(lib.tensor([1, 1]), 1),
    "multinomial 3-d": lambda lib: lib.multinomial(lib.ones(2, 2, 2), 1),
    "multinomial no tensor": lambda lib: lib.multinomial([1.0], 1),
    "rand_like no tensor": lambda lib: lib.rand_like(3),
    "normal tensor with size": lambda lib: lib.normal(lib.zeros(2), lib.ones(2), size=(3,)),
    "normal int size": lambda lib: lib.normal(0.0, 1.0, size=2),
    "random_ uint16": lambda lib: lib.ones(2, dtype=lib.uint16).random_(),
    "multinomial 0-d": lambda lib: lib.multinomial(lib.tensor(1.0), 1),
}


@pytest.mark.parametrize("name", [*GENERATOR_ERRORS, *ERRORS])
def test_errors_are_of_torchs_class(name):
    call = {**GENERATOR_ERRORS, **ERRORS}[name]
    with pytest.raises(Exception) as expected:
        call(torch)
    with pytest.raises(expected.type) as got:
        call(rushlight)
    assert got.type is expected.type


def test_a_range_beyond_the_mantissa_warns():
    for lib in (torch, rushlight):
        with pytest.warns(UserWarning, match="out of bounds"):
            lib.empty(3).random_(0, 2**26)


# -- in-place bookkeeping and gradients --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, (_, dtypes) in REFILLS.items() if "float32" in dtypes])
def test_refilling_counts_as_a_write_and_cuts_the_gradient(name):
    refill = REFILLS[name][0]
    observed = []
    for lib in (torch, rushlight):
        leaf = lib.ones(4, requires_grad=True)
        x = leaf * 2
        version = x._version
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = refill(x)
        assert y is x
        (x * 3).sum().backward()
        observed.append((type(y.grad_fn).__name__, x._version - version, leaf.grad.tolist()))
    assert observed[0] == observed[1]


@pytest.mark.parametrize(
    "draw",
    [
        lambda lib, p: lib.bernoulli(p),
        lambda lib, p: lib.poisson(p),
        lambda lib, p: lib.normal(p, 1.0),
        lambda lib, p: lib.normal(0.0, p),
    ],
)
def test_draws_around_a_tensor_have_zero_gradient(draw):
    observed = []
    for lib in (torch, rushlight):
        p = lib.full((5,), 0.5, requires_grad=True)
        draw(lib, p).sum().backward()
        observed.append(p.grad.tolist())
    assert observed[0] == observed[1] == [0.0] * 5


def test_requires_grad_and_out():
    assert rushlight.rand(3, requires_grad=True).requires_grad and rushlight.randn(3, requires_grad=True).is_leaf
    for lib in (torch, rushlight):
        lib.manual_seed(0)
    ours, theirs = rushlight.empty(3, 4), torch.empty(3, 4)
    assert rushlight.rand(3, 4, out=ours) is ours
    torch.rand(3, 4, out=theirs)
    assert raw(ours) == raw(theirs)


def test_two_threads_draw_different_numbers():
    rushlight.manual_seed(0)
    drawn = []
    threads = [threading.Thread(target=lambda: drawn.append(rushlight.rand(20000).numpy())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rushlight.manual_seed(0)
    whole = rushlight.rand(4, 20000).numpy()
    assert sorted(d.tobytes() for d in drawn) == sorted(row.tobytes() for row in whole)


FORKING = """
import os, threading, warnings
import rushlight

warnings.simplefilter("ignore")
stop = False

def draw():
    while not stop:
        rushlight.randn(200000)

threads = [threading.Thread(target=draw) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        rushlight.rand(1000)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop = True
for thread in threads:
    thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_during_a_draw_can_draw():
    root = os.path.dirname(os.path.dirname(rushlight.__file__))
    subprocess.run([sys.executable, "-c", FORKING], check=True, timeout=120, cwd=root)
