"""Fetchers: from what the sampler gives to collated data, for datasets by index and by iteration."""

from operator import index

from .collate import default_collate
from .dataset import IterableDataset, Subset, TensorDataset


def _whole_batches(dataset):
    """A function from indices to a collated batch, for datasets of tensors: one gather instead of many rows."""
    if type(dataset) is TensorDataset and not any(tensor.requires_grad for tensor in dataset.tensors):
        return lambda indices: [tensor[indices] for tensor in dataset.tensors]
    if type(dataset) is Subset and (whole := _whole_batches(dataset.dataset)) is not None:
        return lambda indices: whole([index(dataset.indices[i]) for i in indices])
    return None


class _MapFetcher:
    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        if auto_collation and collate_fn is default_collate and (whole := _whole_batches(dataset)) is not None:
            self.fetch = lambda indices: whole([index(i) for i in indices])

    def fetch(self, where):
        """The batch at a list of indices, or the sample at one index."""
        if not self.auto_collation:
            data = self.dataset[where]
        elif callable(many := getattr(self.dataset, "__getitems__", None)):
            data = many(where)
        else:
            data = [self.dataset[i] for i in where]
        return self.collate_fn(data)


class _IterableFetcher:
    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.iterator = iter(dataset)
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last

    def fetch(self, where):
        """The next len(where) samples, or the next sample; StopIteration when there are none (or too few)."""
        if not self.auto_collation:
            return self.collate_fn(next(self.iterator))
        data = [sample for _, sample in zip(where, self.iterator, strict=False)]
        if not data or (self.drop_last and len(data) < len(where)):
            raise StopIteration
        return self.collate_fn(data)


def make_fetcher(dataset, auto_collation, collate_fn, drop_last):
    kind = _IterableFetcher if isinstance(dataset, IterableDataset) else _MapFetcher
    return kind(dataset, auto_collation, collate_fn, drop_last)
