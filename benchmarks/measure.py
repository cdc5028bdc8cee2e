"""Time PyTorch and rushlight against each other: alternating blocks in one process, medians and spread.

A `Row` is one line of a table: `prepare(m)` is called with m = torch and m = rushlight and returns the call to time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Row:
    """One thing to time. flops and bytes: the work of one call, whatever a library does for it."""

    name: str
    prepare: Callable[[Any], Callable[[], object]]
    flops: float = 0.0
    bytes: float = 0.0
    dtype: str = "float32"


@dataclass
class Result:
    """Median seconds of a call, and each block's, for both sides; the peaks after our blocks; the bandwidth."""

    row: Row
    theirs: float
    ours: float
    their_blocks: list[float] = field(repr=False)
    our_blocks: list[float] = field(repr=False)
    peaks: list[float] = field(repr=False)
    bandwidth: float

    @property
    def ratio(self) -> float:
        """PyTorch's time over ours: above 1, we are faster."""
        return self.theirs / self.ours

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles of the per-round ratios, relative to their median."""
        ratios = [a / b for a, b in zip(self.their_blocks, self.our_blocks, strict=True)]
        if len(ratios) < 3:
            return 0.0
        low, middle, high = statistics.quantiles(ratios, n=4)
        return (high - low) / 2 / middle

    @property
    def share(self) -> tuple[str, float] | None:
        """Our share of the machine's measured limit: ("flops" or "bytes", fraction).

        A block of ours is held against the multiply-add peak at the clock it ran at, measured right after it. Bandwidth
        is the best of several short runs, so the best block is held against it: a median would count other programs
        against the kernel only.
        """
        if self.row.flops and self.peaks:
            pairs = zip(self.our_blocks, self.peaks, strict=True)
            return "flops", statistics.median(self.row.flops / block / peak for block, peak in pairs)
        if self.row.bytes and self.bandwidth:
            return "bytes", self.row.bytes / min(self.our_blocks) / self.bandwidth
        return None

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        share = self.share
        return {
            "name": self.row.name,
            "torch_us": self.theirs * 1e6,
            "rushlight_us": self.ours * 1e6,
            "ratio": self.ratio,
            "spread": self.spread,
            "share": share[1] if share else None,
            "share_of": share[0] if share else None,
            "peak_gflops": statistics.median(self.peaks) / 1e9 if self.peaks else 0.0,
            "bandwidth_gbs": self.bandwidth / 1e9,
        }


def clock(threads: int) -> Callable[[], float]:
    """CPU time for one thread, where other programs then hardly count; wall time for several."""
    return time.process_time if threads == 1 else time.perf_counter


def calls_per_block(call: Callable[[], object], block_s: float, now: Callable[[], float]) -> int:
    """How many calls fill a block."""
    count = 1
    while True:
        start = now()
        for _ in range(count):
            call()
        passed = now() - start
        if passed >= block_s / 4:
            return max(1, int(count * block_s / passed))
        count *= 2 if passed <= 0 else min(16, max(2, int(block_s / 3 / passed)))


def time_block(call: Callable[[], object], count: int, now: Callable[[], float]) -> float:
    """Seconds per call."""
    start = now()
    for _ in range(count):
        call()
    return (now() - start) / count


REST = 0.03  # seconds


def let_workers_sleep(threads: int) -> None:
    """Wait until no worker thread spins: PyTorch's do for some milliseconds, on cores the other side needs."""
    if threads > 1:
        time.sleep(REST)


def compare(row: Row, theirs: Any, ours: Any, native: Any, *, threads: int, rounds: int, block_s: float) -> Result:
    """Run the row on both sides, `rounds` blocks each, in alternating order."""
    now = clock(threads)
    sides = [row.prepare(theirs), row.prepare(ours)]
    for call in sides:
        call()
    counts = [calls_per_block(call, block_s, now) for call in sides]
    blocks: list[list[float]] = [[], []]
    peaks, bandwidths = [], []
    for round_number in range(rounds):
        for side in (0, 1) if round_number % 2 == 0 else (1, 0):
            let_workers_sleep(threads)
            time_block(sides[side], counts[side] // 8 + 1, now)
            blocks[side].append(time_block(sides[side], counts[side], now))
            if side == 1 and row.flops:
                peaks.append(native.measure_peak(row.dtype, threads))
        if row.bytes and not row.flops and round_number < 3:
            let_workers_sleep(threads)
            bandwidths.append(native.measure_bandwidth(threads))
    return Result(
        row,
        statistics.median(blocks[0]),
        statistics.median(blocks[1]),
        blocks[0],
        blocks[1],
        peaks,
        max(bandwidths, default=0.0),
    )
