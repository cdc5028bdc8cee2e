"""What runs in a DataLoader worker, be it a thread or a process: seeding, fetching, reporting errors."""

import copy
import random
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .dataset import Dataset, IterableDataset
from .fetch import make_fetcher

_current = threading.local()


@dataclass(frozen=True)
class WorkerRandom:
    """The random state of one worker thread; processes seed the global generators instead."""

    random_generator: random.Random
    torch_generator: Any


@dataclass(frozen=True)
class WorkerInfo:
    """What `get_worker_info()` returns: `dataset` is the worker's own copy, `seed` differs per worker and loader."""

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: WorkerRandom | None = None
    worker_method: str = "thread"


def get_worker_info():
    """The WorkerInfo of the DataLoader worker this runs in; None in the main program."""
    return getattr(_current, "info", None)


class RemoteError:
    """An exception from a worker, with its traceback as text, to be raised again in the main program."""

    def __init__(self, error, where):
        self.kind = type(error)
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self.message = f"Caught {self.kind.__name__} {where}\nOriginal {text}"

    def reraise(self):
        if issubclass(self.kind, KeyError):
            raise self.kind(_Verbatim(self.message))
        try:
            error = self.kind(self.message)
        except Exception:  # the class takes other arguments
            raise RuntimeError(self.message) from None
        raise error


class _Verbatim(str):
    """A message that prints with its line breaks also as the argument of a KeyError, which shows the repr."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


@dataclass
class Job:
    """Everything a worker needs to know once."""

    dataset: Any
    auto_collation: bool
    collate_fn: Callable
    drop_last: bool
    worker_init_fn: Callable | None
    num_workers: int
    base_seed: int
    method: str  # "thread" or "multiprocessing"


class Exhausted:
    """The answer of a worker whose IterableDataset has nothing more to give."""


def numpy_seed(base_seed, worker_id):
    """The words PyTorch seeds NumPy's global generator of a worker process with."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    return numpy.random.SeedSequence(entropy).generate_state(4)


def _seed_process(seed, base_seed, worker_id):
    from ... import manual_seed, set_num_threads

    set_num_threads(1)
    random.seed(seed)
    manual_seed(seed)
    words = numpy_seed(base_seed, worker_id)
    if words is not None:
        sys.modules["numpy"].random.seed(words)


def _thread_random(seed):
    """Generators for this thread; the one for tensors becomes its default, as a process has its own."""
    from ...random import Generator, set_thread_generator

    generator = Generator().manual_seed(seed)
    set_thread_generator(generator)
    return WorkerRandom(random.Random(seed), generator)


def leave_thread():
    """Undo what a worker thread has set up for itself."""
    from ...random import set_thread_generator

    set_thread_generator(None)


def _own_copy(dataset):
    """A shallow copy for a worker thread, so that `worker_init_fn` may set attributes per worker as in a process."""
    return copy.copy(dataset) if isinstance(dataset, Dataset) else dataset


def run_worker(job, worker_id, receive, send):
    """Answer tasks until None comes.

    `receive()` gives (epoch, ticket, index) and `send(epoch, ticket, data)` takes the answer: a batch, a RemoteError or
    Exhausted. A new epoch starts a new iterator over the dataset.
    """
    seed = job.base_seed + worker_id
    where = f"in DataLoader worker process {worker_id}."
    failed = None
    dataset = job.dataset
    try:
        if job.method == "thread":
            where += " (It ran as a thread.)"
            dataset = _own_copy(dataset)
            rng = _thread_random(seed)
        else:
            _seed_process(seed, job.base_seed, worker_id)
            rng = None
        _current.info = WorkerInfo(worker_id, job.num_workers, seed, dataset, rng, job.method)
        if job.worker_init_fn is not None:
            job.worker_init_fn(worker_id)
    except Exception as error:
        failed = RemoteError(error, where)
    fetcher, fetcher_epoch, exhausted = None, None, False
    while (task := receive()) is not None:
        epoch, ticket, index = task
        if epoch != fetcher_epoch:
            fetcher, fetcher_epoch, exhausted = None, epoch, False
        data = failed
        if data is None:
            try:
                if exhausted:
                    data = Exhausted()
                else:
                    if fetcher is None:
                        fetcher = make_fetcher(dataset, job.auto_collation, job.collate_fn, job.drop_last)
                    data = fetcher.fetch(index)
            except Exception as error:
                if isinstance(error, StopIteration) and isinstance(dataset, IterableDataset):
                    data, exhausted = Exhausted(), True
                else:
                    data = RemoteError(error, where)
        send(epoch, ticket, data)
        del data
