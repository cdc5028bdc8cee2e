"""Fetchers: from what the sampler gives to collated data, for datasets by index and by iteration."""

from .dataset import IterableDataset


class _MapFetcher:
    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn

    def fetch(self, index):
        """The batch at a list of indices, or the sample at one index."""
        if not self.auto_collation:
            data = self.dataset[index]
        elif callable(many := getattr(self.dataset, "__getitems__", None)):
            data = many(index)
        else:
            data = [self.dataset[i] for i in index]
        return self.collate_fn(data)


class _IterableFetcher:
    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.iterator = iter(dataset)
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last

    def fetch(self, index):
        """The next len(index) samples, or the next sample; StopIteration when there are none (or too few)."""
        if not self.auto_collation:
            return self.collate_fn(next(self.iterator))
        data = [sample for _, sample in zip(index, self.iterator, strict=False)]
        if not data or (self.drop_last and len(data) < len(index)):
            raise StopIteration
        return self.collate_fn(data)


def make_fetcher(dataset, auto_collation, collate_fn, drop_last):
    kind = _IterableFetcher if isinstance(dataset, IterableDataset) else _MapFetcher
    return kind(dataset, auto_collation, collate_fn, drop_last)
