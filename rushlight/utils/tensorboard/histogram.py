"""Counting values into buckets."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any


@functools.lru_cache(maxsize=1)
def exponential_edges() -> tuple[float, ...]:
    """TensorBoard's default bucket edges: 0 and +-1e-12 * 1.1^k up to 1e20."""
    edges = []
    edge = 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1
    return tuple(-e for e in reversed(edges)) + (0.0,) + tuple(edges)


def bucket_count(ordered: Any, rule: str) -> int:
    """How many equal buckets a rule of thumb asks for; `ordered` is a sorted array, not empty.

    sqrt: sqrt(n); rice: 2 n^(1/3); sturges: log2(n) + 1; fd: range * n^(1/3) / (2 * interquartile range);
    auto: the larger of sturges and fd.
    """
    n = len(ordered)
    span = float(ordered[-1] - ordered[0])
    quartiles = float(ordered[(3 * (n - 1)) // 4] - ordered[(n - 1) // 4])
    freedman = span * n ** (1 / 3) / (2 * quartiles) if quartiles > 0 else 1.0
    sturges = math.log2(n) + 1
    rules = {
        "sqrt": math.sqrt(n),
        "rice": 2 * n ** (1 / 3),
        "sturges": sturges,
        "fd": freedman,
        "auto": max(sturges, freedman),
    }
    if rule not in rules:
        raise ValueError(
            f"add_histogram: bins must be 'tensorflow', a number, edges or one of {sorted(rules)}; got {rule!r}"
        )
    return max(1, min(1_000_000, math.ceil(rules[rule])))


def histogram(array: Any, bins: str | int | Sequence[float], max_bins: int | None) -> tuple[dict, list, list]:
    """(stats, upper limits, counts) of the finite values of an array; neighbouring buckets merge above `max_bins`.

    Errors: ValueError for no finite value or for edges that do not rise.
    """
    flat = array.astype("float64").reshape(-1)
    flat = flat[abs(flat) < math.inf]  # False for NaN too
    if flat.size == 0:
        raise ValueError("add_histogram: the input has no finite value")
    flat.sort()
    low, high = float(flat[0]), float(flat[-1])
    if isinstance(bins, str) and bins == "tensorflow":
        edges: list[float] = list(exponential_edges())
    else:
        if isinstance(bins, str):
            bins = bucket_count(flat, bins)
        if isinstance(bins, int):
            if bins < 1:
                raise ValueError(f"add_histogram: bins must be at least 1, got {bins}")
            width = (high - low) / bins if high > low else 1.0 / bins
            first = low if high > low else low - 0.5
            edges = [first + i * width for i in range(bins)] + [max(high, first + bins * width)]
        else:
            edges = [float(edge) for edge in bins]
            if len(edges) < 2 or any(not a < b for a, b in zip(edges, edges[1:])):
                raise ValueError("add_histogram: bins as edges must be at least two rising numbers")
    # Buckets hold left <= value < right, the last one also its right edge.
    below = [int(i) for i in flat.searchsorted(edges, side="left")]
    below[-1] = int(flat.searchsorted(edges[-1], side="right"))
    counts = [float(b - a) for a, b in zip(below, below[1:])]
    if max_bins is not None and len(counts) > max_bins > 0:
        step = math.ceil(len(counts) / max_bins)
        counts = [sum(counts[i : i + step]) for i in range(0, len(counts), step)]
        edges = edges[::step] if (len(edges) - 1) % step == 0 else edges[::step] + [edges[-1]]
    filled = [i for i, count in enumerate(counts) if count]
    if not filled:
        raise ValueError("add_histogram: no value lies inside the given bins")
    first_bucket, last_bucket = filled[0], filled[-1]
    # TensorBoard reads a bucket's left edge from the limit before it, so one empty bucket goes first.
    limits = edges[first_bucket : last_bucket + 2]
    stats = {
        "min": low,
        "max": high,
        "num": float(flat.size),
        "sum": float(flat.sum()),
        "sum_squares": float((flat * flat).sum()),
    }
    return stats, limits, [0.0, *counts[first_bucket : last_bucket + 1]]
