"""Datasets, samplers, collating and the DataLoader, beside PyTorch's for the same seed."""

import collections
import functools
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
import torch
import torch.utils.data
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight

ours = rushlight.utils.data
theirs = torch.utils.data
Point = collections.namedtuple("Point", ["x", "y"])


def plain(value):
    """Any batch as nested lists and scalars, with the element type of every tensor."""
    if isinstance(value, (rushlight.Tensor, torch.Tensor)):
        return (str(value.dtype), tuple(value.shape), value.tolist())
    if isinstance(value, dict):
        return (type(value).__name__, {key: plain(item) for key, item in value.items()})
    if isinstance(value, (list, tuple, collections.deque)):
        return (type(value).__name__, [plain(item) for item in value])
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value


def outcome(function):
    """What a call gives: its value, or the class and the words of its error."""
    try:
        return plain(function())
    except Exception as error:
        return (type(error).__name__, str(error))


class Squares:
    def __len__(self):
        return 23

    def __getitem__(self, index):
        return index, index**2 / 2


def both(make):
    """The same expression over (library, its data package)."""
    return make(rushlight, ours), make(torch, theirs)


# Order: the same seed gives the same batches


LOADERS = {
    "plain": {},
    "batches": {"batch_size": 4},
    "drop_last": {"batch_size": 4, "drop_last": True},
    "shuffle": {"batch_size": 4, "shuffle": True},
    "single": {"batch_size": None},
    "single_shuffled": {"batch_size": None, "shuffle": True},
    "threads": {"batch_size": 3, "shuffle": True, "num_workers": 3},
}


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("with_generator", [False, True])
def test_same_order(name, with_generator):
    def epochs(lib, data):
        lib.manual_seed(5)
        options = dict(LOADERS[name])
        if lib is torch:
            options.pop("num_workers", None)
        if with_generator:
            options["generator"] = lib.Generator().manual_seed(11)
        loader = data.DataLoader(Squares(), **options)
        return [plain(list(loader)) for _ in range(3)] + [lib.rand(2).tolist(), len(loader)]

    mine, reference = both(epochs)
    assert mine == reference


SAMPLERS = {
    "random": lambda lib, data: data.RandomSampler(range(10)),
    "random_more": lambda lib, data: data.RandomSampler(range(10), num_samples=25),
    "replacement": lambda lib, data: data.RandomSampler(range(10), replacement=True, num_samples=70),
    "subset": lambda lib, data: data.SubsetRandomSampler([3, 1, 4, 15, 9]),
    "weighted": lambda lib, data: data.WeightedRandomSampler([0.1, 3, 1, 0.0, 2], 20),
    "weighted_once": lambda lib, data: data.WeightedRandomSampler([0.1, 3, 1, 4], 4, replacement=False),
    "batches": lambda lib, data: data.BatchSampler(data.RandomSampler(range(10)), 3, False),
    "distributed": lambda lib, data: data.DistributedSampler(range(11), 3, 1, seed=4),
    "distributed_drop": lambda lib, data: data.DistributedSampler(range(11), 3, 2, drop_last=True),
    "distributed_tiny": lambda lib, data: data.DistributedSampler(range(2), 5, 4, shuffle=False),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name):
    def draws(lib, data):
        lib.manual_seed(3)
        sampler = SAMPLERS[name](lib, data)
        first = list(sampler)
        if name.startswith("distributed"):
            sampler.set_epoch(1)
        return first, list(sampler), len(sampler)

    mine, reference = both(draws)
    assert mine == reference


@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(1, 40),
    batch_size=st.integers(1, 9),
    drop_last=st.booleans(),
    shuffle=st.booleans(),
    workers=st.integers(0, 3),
    prefetch=st.integers(1, 3),
    seed=st.integers(0, 2**40),
)
def test_every_combination(count, batch_size, drop_last, shuffle, workers, prefetch, seed):
    common = {"batch_size": batch_size, "drop_last": drop_last, "shuffle": shuffle}
    torch.manual_seed(seed)
    expected = [batch.tolist() for batch in theirs.DataLoader(range(count), **common)]
    rushlight.manual_seed(seed)
    extra = {"prefetch_factor": prefetch} if workers else {}
    loader = ours.DataLoader(range(count), num_workers=workers, **common, **extra)
    assert [batch.tolist() for batch in loader] == expected
    assert len(loader) == len(expected)


SPLITS = [[3, 7], [0.3, 0.3, 0.4], [0.33, 0.33, 0.34], [0.5, 0.5], [10], [0.0, 1.0], [3, 3], [0.5, 1.5], [0.5, 0.3]]


@pytest.mark.parametrize("lengths", SPLITS, ids=str)
@pytest.mark.filterwarnings("ignore:Length of split")
def test_random_split(lengths):
    def split(lib, data):
        lib.manual_seed(0)
        return outcome(lambda: [list(part.indices) for part in data.random_split(range(10), lengths)])

    mine, reference = both(split)
    assert mine == reference


# Datasets


class Count:
    """An iterable dataset of either library."""

    def __new__(cls, data, start, end):
        class Range(data.IterableDataset):
            def __iter__(self):
                info = data.get_worker_info()
                step, first = (info.num_workers, info.id) if info else (1, 0)
                return iter(range(start + first, end, step))

        return Range()


DATASETS = {
    "tensors": lambda lib, data: list(data.TensorDataset(lib.arange(3), lib.arange(6).reshape(3, 2))),
    "tensors_mismatch": lambda lib, data: data.TensorDataset(lib.arange(3), lib.arange(4)),
    "no_getitem": lambda lib, data: data.Dataset()[0],
    "no_len": lambda lib, data: hasattr(data.Dataset(), "__len__"),
    "stack_tuple": lambda lib, data: data.StackDataset([1, 2], [3, 4])[1],
    "stack_dict": lambda lib, data: data.StackDataset(a=[1, 2], b=[3, 4])[0],
    "stack_many": lambda lib, data: data.StackDataset(a=[1, 2], b=[3, 4]).__getitems__([1, 0]),
    "stack_none": lambda lib, data: data.StackDataset(),
    "stack_both": lambda lib, data: data.StackDataset([1], a=[2]),
    "stack_mismatch": lambda lib, data: data.StackDataset([1], [1, 2]),
    "concat": lambda lib, data: [data.ConcatDataset([[1, 2], [3], [4, 5]])[i] for i in (0, 1, 2, 3, 4, -1, -5)],
    "concat_len": lambda lib, data: len(data.ConcatDataset([[1, 2], [3]])),
    "concat_sizes": lambda lib, data: data.ConcatDataset([[1, 2], [3]]).cumulative_sizes,
    "concat_low": lambda lib, data: data.ConcatDataset([[1], [2]])[-3],
    "concat_high": lambda lib, data: data.ConcatDataset([[1], [2]])[2],
    "concat_none": lambda lib, data: data.ConcatDataset([]),
    "concat_iterable": lambda lib, data: data.ConcatDataset([Count(data, 0, 2)]),
    "plus": lambda lib, data: list(data.TensorDataset(lib.arange(2)) + data.TensorDataset(lib.arange(1))),
    "chain": lambda lib, data: list(Count(data, 0, 2) + Count(data, 5, 7)),
    "chain_other": lambda lib, data: list(data.ChainDataset([[1]])),
    "subset": lambda lib, data: [data.Subset([5, 6, 7], [2, 0])[0], len(data.Subset([5, 6, 7], [2, 0]))],
    "subset_many": lambda lib, data: data.Subset([5, 6, 7], [2, 0]).__getitems__([1, 0]),
    "sampler_empty": lambda lib, data: data.RandomSampler([]),
    "sampler_count": lambda lib, data: data.RandomSampler([1], num_samples=0),
    "sampler_kind": lambda lib, data: data.RandomSampler([1], replacement=3),
    "weights_shape": lambda lib, data: data.WeightedRandomSampler([[1.0, 2.0]], 3),
    "weights_count": lambda lib, data: data.WeightedRandomSampler([1.0, 2.0], -1),
    "weights_kind": lambda lib, data: data.WeightedRandomSampler([1.0, 2.0], 1, replacement=3),
    "batch_zero": lambda lib, data: data.BatchSampler([1], 0, False),
    "batch_bool": lambda lib, data: data.BatchSampler([1], True, False),
    "batch_drop": lambda lib, data: data.BatchSampler([1], 2, 3),
    "rank": lambda lib, data: data.DistributedSampler([1, 2], 2, 2),
}


@pytest.mark.parametrize("name", DATASETS)
def test_datasets(name):
    mine, reference = both(lambda lib, data: outcome(lambda: DATASETS[name](lib, data)))
    assert mine == reference


# Collating


def collate_cases(lib):
    tensor = lib.tensor([1.0, 2.0])
    return {
        "ints": [1, 2],
        "floats": [1.0, 2.5],
        "int_float": [1, 2.5],
        "bools": [True, False],
        "text": ["a", "b"],
        "bytes": [b"a"],
        "tensors": [tensor, tensor],
        "scalars": [tensor[0], tensor[1]],
        "mismatch": [tensor, tensor[:1]],
        "arrays": [np.zeros(2), np.ones(2)],
        "arrays32": [np.zeros((2, 1), np.float32)],
        "array_scalars": [np.float32(1), np.float32(2)],
        "int16": [np.int16(3)],
        "numpy_bool": [np.bool_(True)],
        "array_0d": [np.array(3), np.array(4)],
        "array_text": [np.array("a")],
        "array_object": [np.array([None], dtype=object)],
        "dict": [{"a": 1, "b": 2.0}, {"a": 3, "b": 4.0}],
        "ordered": [collections.OrderedDict(a=1)],
        "defaultdict": [collections.defaultdict(int, {"a": 1})],
        "namedtuple": [Point(1, tensor), Point(3, tensor)],
        "tuples": [(1, "x"), (2, "y")],
        "lists": [[1, tensor], [2, tensor]],
        "uneven": [[1, 2], [3]],
        "nested": [{"a": [(1, 2.0)]}, {"a": [(3, 4.0)]}],
        "ranges": [range(3), range(3)],
        "deque": [collections.deque([1, 2]), collections.deque([3, 4])],
        "none": [None],
        "complex": [1j],
        "class": [object],
    }


@pytest.mark.parametrize("name", collate_cases(torch))
def test_collate(name):
    for function in ("default_collate", "default_convert"):

        def run(lib, data, function=function):
            samples = collate_cases(lib)[name]
            return outcome(lambda: getattr(data, function)(samples if function == "default_collate" else samples[0]))

        mine, reference = both(run)
        if name == "mismatch" and function == "default_collate":
            assert mine[0] == reference[0] == "RuntimeError"  # the words are those of stack
        else:
            assert mine == reference


def test_collate_own_type():
    from rushlight.utils.data.collate import collate

    assert collate([Point(1, 2), Point(3, 4)], collate_fn_map={Point: lambda batch, *, collate_fn_map: len(batch)}) == 2


@pytest.mark.parametrize("form", ["whole", "subset", "subset of subset", "own collate", "grad", "tuples"])
def test_tensor_dataset_batches(form):
    """Batches of a TensorDataset are gathered at once: the same values and kinds as sample by sample."""

    def run(lib, data):
        tensors = lib.arange(20.0).reshape(10, 2), lib.arange(10)
        if form == "grad":
            tensors[0].requires_grad_()
        dataset = data.TensorDataset(*tensors)
        if form.startswith("subset"):
            dataset = data.Subset(dataset, [9, 3, 5, 1, 0])
        if form == "subset of subset":
            dataset = data.Subset(dataset, lib.tensor([4, -1, 2]))
        options = {"collate_fn": len} if form == "own collate" else {}
        sampler = [(1, 2), (0,)] if form == "tuples" else [[1, 2], [0]]
        loader = data.DataLoader(dataset, batch_sampler=sampler, **options)
        return [plain(batch) for batch in loader], [batch[0].requires_grad for batch in loader if not options]

    mine, reference = both(run)
    assert mine == reference


# Options and their errors


ERRORS = {
    "workers": {"num_workers": -1},
    "timeout": {"timeout": -1},
    "prefetch_negative": {"num_workers": 1, "prefetch_factor": -1},
    "persistent": {"persistent_workers": True},
    "sampler_shuffle": {"shuffle": True, "sampler": [1]},
    "batch_sampler_size": {"batch_sampler": [[1]], "batch_size": 2},
    "batch_sampler_drop": {"batch_sampler": [[1]], "drop_last": True},
    "single_drop": {"batch_size": None, "drop_last": True},
    "context_no_workers": {"multiprocessing_context": "fork"},
    "context_name": {"num_workers": 1, "multiprocessing_context": "teleport"},
    "context_kind": {"num_workers": 1, "multiprocessing_context": 3},
    "batch_zero": {"batch_size": 0},
    "batch_float": {"batch_size": 2.5},
}


@pytest.mark.parametrize("name", ERRORS)
def test_option_errors(name):
    mine, reference = both(lambda lib, data: outcome(lambda: data.DataLoader([1, 2], **ERRORS[name])))
    assert mine == reference


@pytest.mark.parametrize("option", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}], ids=str)
def test_iterable_option_errors(option):
    mine, reference = both(lambda lib, data: outcome(lambda: data.DataLoader(Count(data, 0, 3), **option)))
    assert mine == reference


def test_prefetch_needs_workers():
    with pytest.raises(ValueError, match="prefetch_factor"):
        ours.DataLoader([1], prefetch_factor=2)


def test_fixed_attributes():
    loader = ours.DataLoader([1, 2])
    with pytest.raises(ValueError, match="batch_size attribute should not be set after DataLoader is initialized"):
        loader.batch_size = 3
    loader.num_workers = 0


def test_empty():
    assert list(ours.DataLoader([])) == []
    with pytest.raises(ValueError, match="num_samples"):
        ours.DataLoader([], shuffle=True)


def test_pin_memory_warns():
    with pytest.warns(UserWarning, match="'pin_memory' argument is set as true but no accelerator is found"):
        assert len(list(ours.DataLoader(range(3), pin_memory=True))) == 3


def test_own_samplers():
    assert [b.tolist() for b in ours.DataLoader(range(5), sampler=[4, 0, 2], batch_size=2)] == [[4, 0], [2]]
    assert [b.tolist() for b in ours.DataLoader(range(5), batch_sampler=[[1], [2, 3]])] == [[1], [2, 3]]
    assert list(ours.DataLoader(range(3), collate_fn=sum, batch_size=2)) == [1, 2]


def test_getitems():
    class Many(Squares):
        def __getitems__(self, indices):
            return [-i for i in indices]

    assert [b.tolist() for b in ours.DataLoader(Many(), batch_size=12)] == [
        [-i for i in range(12)],
        [-i for i in range(12, 23)],
    ]


# Workers: threads by default, processes on request


METHODS = [None, "fork", "spawn"]


class Numbers(ours.Dataset):
    def __init__(self, count=12):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return index


class Failing(Numbers):
    def __init__(self, error):
        super().__init__(4)
        self.error = error

    def __getitem__(self, index):
        raise self.error


class Awkward(Exception):
    def __init__(self, one, other):
        super().__init__(one, other)


class Whoami(Numbers):
    def __getitem__(self, index):
        info = ours.get_worker_info()
        return info.id, info.num_workers, info.seed


class Random(Numbers):
    def __getitem__(self, index):
        return rushlight.rand(2)


class Slow(Numbers):
    def __getitem__(self, index):
        time.sleep(2.0 if index == 0 else 0.0)
        return index


class Dying(Numbers):
    def __getitem__(self, index):
        if index == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


class Leaving(Numbers):
    def __getitem__(self, index):
        raise SystemExit(3)


class Shared(ours.IterableDataset):
    """Each worker gives its share: every num_workers-th number, from its own start."""

    def __init__(self, ends):
        self.ends = ends

    def __iter__(self):
        info = ours.get_worker_info()
        end = self.ends[info.id] if info else 7
        return iter(range(100 * (info.id if info else 0), 100 * (info.id if info else 0) + end))


class TheirShared(theirs.IterableDataset):
    def __init__(self, ends):
        self.ends = ends

    def __iter__(self):
        info = theirs.get_worker_info()
        return iter(range(100 * info.id, 100 * info.id + self.ends[info.id]))


def set_count(worker_id):
    ours.get_worker_info().dataset.count = 100 + worker_id


class Counted(Numbers):
    def __getitem__(self, index):
        return self.count


def with_workers(dataset, method, **options):
    options.setdefault("num_workers", 2)
    return ours.DataLoader(dataset, multiprocessing_context=method, **options)


@pytest.mark.parametrize("method", METHODS)
def test_workers_keep_order(method):
    loader = with_workers(Numbers(), method, batch_size=5)
    for _ in range(2):
        assert [b.tolist() for b in loader] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]


@pytest.mark.parametrize("method", METHODS)
def test_worker_info(method):
    assert ours.get_worker_info() is None
    rushlight.manual_seed(1)
    torch.manual_seed(1)
    base = torch.empty((), dtype=torch.int64).random_().item()
    rows = [tuple(int(x) for x in row) for row in with_workers(Whoami(4), method)]
    assert rows == [(0, 2, base), (1, 2, base + 1), (0, 2, base), (1, 2, base + 1)]


@pytest.mark.parametrize("method", [None, "fork"])
@pytest.mark.parametrize("error", [ValueError("boo"), KeyError("a\nb"), Awkward(1, 2)], ids=repr)
def test_worker_errors(method, error):
    expected = RuntimeError if isinstance(error, Awkward) else type(error)
    with pytest.raises(expected) as raised:
        list(with_workers(Failing(error), method))
    text = str(raised.value)
    assert text.startswith(f"Caught {type(error).__name__} in DataLoader worker process 0.")
    assert "\nOriginal Traceback (most recent call last):\n" in text
    assert "raise self.error" in text
    assert text.rstrip().splitlines()[-1].startswith((type(error).__name__, "test_data.", f"{__name__}."))


@pytest.mark.parametrize("method", [None, "fork"])
def test_init_function(method):
    values = [int(b) for b in with_workers(Counted(4), method, worker_init_fn=set_count)]
    assert values == [100, 101, 100, 101]

    def fail(worker_id):
        raise ValueError("no start")

    with pytest.raises(ValueError, match="no start"):
        list(with_workers(Numbers(), method, worker_init_fn=fail))


@pytest.mark.parametrize("method", [None, "fork"])
def test_worker_random_numbers(method):
    """Worker w draws from a generator seeded with base seed + w, in threads as in processes."""
    rushlight.manual_seed(3)
    mine = [b[0].tolist() for b in with_workers(Random(4), method)]
    torch.manual_seed(3)
    base = torch.empty((), dtype=torch.int64).random_().item()
    expected = []
    for worker in range(2):
        torch.manual_seed(base + worker)
        expected.append([torch.rand(2).tolist() for _ in range(2)])
    assert mine == [expected[0][0], expected[1][0], expected[0][1], expected[1][1]]


@pytest.mark.parametrize("ends", [(5, 5), (1, 9), (9, 1), (0, 3), (4, 5)], ids=str)
@pytest.mark.parametrize("method", [None, "fork"])
@pytest.mark.parametrize("drop_last", [False, True])
def test_iterable_workers(ends, method, drop_last):
    options = {"batch_size": 2, "drop_last": drop_last}
    mine = [b.tolist() for b in with_workers(Shared(ends), method, **options)]
    everything = sorted(x for batch in mine for x in batch)
    kept = [end - end % 2 if drop_last else end for end in ends]
    assert everything == [100 * worker + i for worker in range(2) for i in range(kept[worker])]
    for worker in range(2):  # each worker's samples keep their order
        own = [x for batch in mine for x in batch if x // 100 == worker]
        assert own == sorted(own)


def test_iterable_workers_as_pytorch():
    mine = [b.tolist() for b in with_workers(Shared((6, 5)), None, batch_size=2)]
    loader = theirs.DataLoader(TheirShared((6, 5)), batch_size=2, num_workers=2, multiprocessing_context="fork")
    assert mine == [b.tolist() for b in loader]


def test_iterable_length():
    class Said(ours.IterableDataset):
        def __len__(self):
            return 3

        def __iter__(self):
            return iter(range(5))

    loader = ours.DataLoader(Said(), batch_size=2)
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="was reported to be 2"):
        assert len(list(loader)) == 3
    with pytest.raises(TypeError):
        len(ours.DataLoader(Shared((1, 1))))


@pytest.mark.parametrize("method", [None, "fork"])
def test_out_of_order(method):
    loader = with_workers(Slow(6), method, in_order=False)
    values = [int(b) for b in loader]
    assert sorted(values) == list(range(6))
    assert values.index(0) >= 3  # the slow one holds up only what its own worker has in its queue


@pytest.mark.parametrize("method", [None, "fork"])
def test_timeout(method):
    with pytest.raises(RuntimeError, match="DataLoader timed out after 0.2 seconds"):
        list(with_workers(Slow(4), method, timeout=0.2))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_killed_worker(method):
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid\(s\) .*\) exited unexpectedly"):
        list(with_workers(Dying(), method))


@pytest.mark.parametrize("method", [None, "fork"])
def test_worker_that_leaves(method):
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(with_workers(Leaving(), method))


def our_threads():
    return [t for t in threading.enumerate() if t.name.startswith("rushlight-data")]


@pytest.mark.parametrize("method", [None, "fork"])
def test_early_break_leaves_no_worker(method):
    import multiprocessing

    before = set(multiprocessing.active_children()) | set(our_threads())
    for batch in with_workers(Numbers(1000), method, num_workers=3):
        assert batch.tolist() == [0]
        break
    deadline = time.monotonic() + 10
    while (set(multiprocessing.active_children()) | set(our_threads())) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not (set(multiprocessing.active_children()) | set(our_threads())) - before


class Big(Numbers):
    """Batches much larger than a pipe holds."""

    def __getitem__(self, index):
        return rushlight.full((200_000,), float(index))


@pytest.mark.parametrize("read", [1, 4])
def test_large_batches_from_processes(read):
    started = time.monotonic()
    loader = with_workers(Big(8), "fork", batch_size=2, num_workers=2)
    for i, batch in zip(range(read), loader, strict=False):
        assert batch[:, 7].tolist() == [2.0 * i, 2.0 * i + 1]
    del loader, batch
    assert time.monotonic() - started < 30  # a stuck worker would be waited for much longer


@pytest.mark.parametrize("method", [None, "fork"])
def test_persistent_workers(method):
    rushlight.manual_seed(0)
    loader = with_workers(Whoami(4), method, persistent_workers=True)
    first = [plain(b) for b in loader]
    partial = iter(loader)
    next(partial)  # a broken epoch does not leak into the next
    assert [plain(b) for b in loader] == first  # the same workers: the same seeds
    assert iter(loader) is partial


def test_shuffled_persistent_epochs_as_pytorch():
    def epochs(lib, data, **options):
        lib.manual_seed(9)
        loader = data.DataLoader(
            range(9), batch_size=2, shuffle=True, num_workers=2, persistent_workers=True, **options
        )
        return [[b.tolist() for b in loader] for _ in range(3)]

    assert epochs(rushlight, ours) == epochs(torch, theirs, multiprocessing_context="fork")


def test_threads_share_memory():
    data = rushlight.zeros(4, 3)
    loader = ours.DataLoader(data, batch_size=None, num_workers=1)
    for row in loader:
        row.fill_(1.0)
    assert data.sum().item() == 12.0


def test_loader_in_loader():
    """A dataset may itself use a loader with workers."""

    class Outer(Numbers):
        def __getitem__(self, index):
            return sum(int(b) for b in ours.DataLoader(range(index + 1), num_workers=2))

    assert [int(b) for b in ours.DataLoader(Outer(4), num_workers=2)] == [0, 1, 3, 6]


def test_unpicklable_answer():
    class Locks(Numbers):
        def __getitem__(self, index):
            return threading.Lock()

    with pytest.raises((TypeError, RuntimeError), match="pickle"):
        list(with_workers(Locks(), "fork", collate_fn=functools.partial(list)))


def test_python_random_untouched_by_threads():
    random.seed(4)
    expected = random.random()
    random.seed(4)
    list(ours.DataLoader(Numbers(), num_workers=2))
    assert random.random() == expected


EXIT = """
import rushlight
from rushlight.utils.data import DataLoader, Dataset

class Busy(Dataset):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        x = rushlight.randn(200, 200)
        for _ in range(5):
            x = x * x + 1.0
        return x

loader = DataLoader(Busy(), batch_size=4, num_workers=2, multiprocessing_context={method!r}, persistent_workers=True)
batches = iter(loader)
next(batches)
print("left in the middle")
"""


@pytest.mark.parametrize("method", [None, "fork"])
def test_program_may_end_in_the_middle(method):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", EXIT.format(method=method)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "left in the middle\n", "")


def test_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(ours.DataLoader(Numbers(), num_workers=2, batch_size=3))
