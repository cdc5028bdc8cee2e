"""DataLoader: batches of a dataset, in the sampler's order, made here or by workers ahead of time."""

import itertools
import math
import warnings

from .collate import default_collate, default_convert
from .dataset import IterableDataset
from .fetch import make_fetcher
from .pool import ProcessPool, ThreadPool, TimedOut, WorkerDied
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, _draw_seed
from .worker import Exhausted, Job, RemoteError, get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]


class _InfiniteConstantSampler(Sampler):
    """None without end: an IterableDataset decides itself what comes next."""

    def __iter__(self):
        return itertools.repeat(None)


class DataLoader:
    """Iterates over batches of `dataset`.

    Order: `shuffle`, or a `sampler` of indices, or a `batch_sampler` of lists of indices. Samples are collated to
    batches of `batch_size` (the last one smaller, or left out with `drop_last`); with `batch_size=None` they come
    singly. The same seed gives the same order as in PyTorch.

    With `num_workers` > 0 batches are prepared ahead, `prefetch_factor` per worker. Workers are threads: the kernels
    and most file reading release the interpreter, and nothing is copied. `multiprocessing_context="fork"` (or "spawn",
    "forkserver", or a context) asks for processes. `in_order=False` yields batches as they get ready,
    `persistent_workers` keeps the workers between epochs, `timeout` (seconds) bounds the wait for one batch.

    Errors: ValueError for options that exclude each other; an exception in a worker is raised here with the worker's
    traceback in its message; RuntimeError when a worker dies or the wait is too long.
    Example:
        >>> [batch.tolist() for batch in DataLoader(range(5), batch_size=2)]
        [[0, 1], [2, 3], [4]]
    """

    _initialized = False
    _iterator = None

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=None,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        pin_memory_device="",
        in_order=True,
    ):
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing. Let num_workers > 0 to enable "
                "multiprocessing, otherwise set prefetch_factor to None."
            )
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")

        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.generator = generator
        self.persistent_workers = persistent_workers
        self._set_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn
        self._initialized = True

    def _set_order(self, batch_size, shuffle, sampler, batch_sampler, drop_last):
        """Settle sampler and batch sampler, refusing combinations that mean nothing."""
        if isinstance(self.dataset, IterableDataset):
            for option, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {option} option, but got "
                        f"{option}={value}"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if isinstance(self.dataset, IterableDataset):
                sampler = _InfiniteConstantSampler()
            elif shuffle:
                sampler = RandomSampler(self.dataset, generator=self.generator)
            else:
                sampler = SequentialSampler(self.dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler

    @property
    def multiprocessing_context(self):
        return self.__multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context):
        if context is not None:
            import multiprocessing.context  # here, because most programs need no processes

            if self.num_workers == 0:
                raise ValueError(
                    "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
                    f"num_workers={self.num_workers}"
                )
            if isinstance(context, str):
                methods = multiprocessing.get_all_start_methods()
                if context not in methods:
                    raise ValueError(
                        f"multiprocessing_context option should specify a valid start method in {methods!r}, but got "
                        f"multiprocessing_context={context!r}"
                    )
                context = multiprocessing.get_context(context)
            if not isinstance(context, multiprocessing.context.BaseContext):
                raise TypeError(
                    "multiprocessing_context option should be a valid context object or a string specifying the start "
                    f"method, but got multiprocessing_context={context}"
                )
        self.__multiprocessing_context = context

    def __setattr__(self, name, value):
        fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
        if self._initialized and name in fixed:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def _auto_collation(self):
        return self.batch_sampler is not None

    @property
    def _index_sampler(self):
        return self.batch_sampler if self._auto_collation else self.sampler

    def __iter__(self):
        if not self.persistent_workers:
            return self._get_iterator()
        if self._iterator is None:
            self._iterator = self._get_iterator()
        else:
            self._iterator._reset()
        return self._iterator

    def _get_iterator(self):
        if self.timeout and not self.num_workers:
            raise AssertionError(f"DataLoader: timeout={self.timeout} needs workers; expected 0 with num_workers=0")
        return _WorkerIterator(self) if self.num_workers else _Iterator(self)

    def __len__(self):
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)


class _Iterator:
    """One pass over a loader, every batch made when it is asked for."""

    def __init__(self, loader):
        self._loader = loader
        self._num_yielded = 0
        self._length_said = None  # by an IterableDataset, to warn when it gives more
        self._sampler_iter = iter(loader._index_sampler)
        # One draw per iterator, before the sampler's own, as in PyTorch: the same seed then gives the same order.
        self._base_seed = _draw_seed(loader.generator)
        if loader.pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be "
                "used.",
                stacklevel=3,
            )
        self._open()

    def _open(self):
        loader = self._loader
        self._fetcher = make_fetcher(loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last)

    def _next_data(self):
        return self._fetcher.fetch(next(self._sampler_iter))

    def __iter__(self):
        return self

    def __next__(self):
        data = self._next_data()
        self._num_yielded += 1
        if isinstance(self._loader.dataset, IterableDataset) and hasattr(self._loader.dataset, "__len__"):
            self._check_length()
        return data

    def _check_length(self):
        if self._length_said is None:
            self._length_said = len(self._loader)
        if self._num_yielded > self._length_said:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {self._length_said} (when "
                f"accessing len(dataloader)), but {self._num_yielded} samples have been fetched. With several workers, "
                "each should yield its own share of the data: see get_worker_info().",
                stacklevel=3,
            )

    def __len__(self):
        return len(self._loader._index_sampler)


class _WorkerIterator(_Iterator):
    """One pass (or, with persistent workers, many) over a loader whose batches are made by workers.

    Every batch has a ticket. Tasks go round the workers that still have data, `prefetch_factor` ahead each; answers of
    an earlier epoch are dropped. In order, an answer waits until its ticket is due.
    """

    def _open(self):
        loader = self._loader
        context = loader.multiprocessing_context
        job = Job(
            loader.dataset,
            loader._auto_collation,
            loader.collate_fn,
            loader.drop_last,
            loader.worker_init_fn,
            loader.num_workers,
            self._base_seed,
            "thread" if context is None else "multiprocessing",
        )
        self._epoch = 0
        self._pool = ThreadPool(job) if context is None else ProcessPool(job, context)
        self._begin()

    def _reset(self):
        self._sampler_iter = iter(self._loader._index_sampler)
        self._num_yielded = 0
        self._length_said = None
        self._begin()

    def _begin(self):
        count = self._loader.num_workers
        self._epoch += 1
        self._sent = 0  # tickets given out
        self._due = 0  # the ticket to yield next, when in order
        self._worker_of = {}  # ticket -> worker, of tasks not answered yet
        self._answers = {}  # ticket -> (worker, data), of answers not used yet
        self._active = [True] * count
        self._turn = 0
        for _ in range((self._loader.prefetch_factor or 1) * count):
            self._submit()

    def _submit(self):
        """Give the next task to the next worker in turn, if there are both."""
        worker = self._next_worker()
        if worker is None:
            return
        try:
            index = next(self._sampler_iter)
        except StopIteration:
            return
        self._worker_of[self._sent] = worker
        try:
            self._pool.submit(worker, (self._epoch, self._sent, index))
        except WorkerDied as death:
            self._report(death)
        self._sent += 1

    def _next_worker(self):
        count = len(self._active)
        candidates = [(self._turn + i) % count for i in range(count)]
        candidates = [worker for worker in candidates if self._active[worker]]
        if not candidates:
            return None
        if not self._loader.in_order:  # the least busy one, so that a slow batch does not hold up the others
            load = list(self._worker_of.values())
            worker = min(candidates, key=load.count)
        else:
            worker = candidates[0]
        self._turn = (worker + 1) % count
        return worker

    def _next_data(self):
        while True:
            worker, data = self._next_answer()
            if isinstance(data, Exhausted):
                self._active[worker] = False
                self._submit()
                continue
            self._submit()
            if isinstance(data, RemoteError):
                data.reraise()
            return data

    def _next_answer(self):
        """The (worker, data) that is due; StopIteration when all tickets are used."""
        while True:
            if self._loader.in_order:
                if self._due in self._answers:
                    self._due += 1
                    return self._answers.pop(self._due - 1)
            elif self._answers:
                return self._answers.pop(next(iter(self._answers)))
            if not self._worker_of:
                if not self._loader.persistent_workers:
                    self._pool.stop()
                raise StopIteration
            self._receive()

    def _receive(self):
        """Take in one answer."""
        timeout = self._loader.timeout or None
        try:
            epoch, ticket, data = self._pool.receive(timeout)
        except TimedOut:
            self._pool.stop()
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds") from None
        except WorkerDied as death:
            self._report(death)
        if epoch == self._epoch:
            self._answers[ticket] = (self._worker_of.pop(ticket), data)

    def _report(self, death):
        self._pool.stop()
        raise RuntimeError(f"DataLoader worker (pid(s) {death}) exited unexpectedly") from None

    def __del__(self):
        pool = getattr(self, "_pool", None)
        if pool is not None:
            pool.stop()
