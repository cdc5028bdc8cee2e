"""Matrix products against PyTorch and against the multiply-add peak at the same clock.

    python -m benchmarks.gemm [THREADS [DTYPE]]

Short windows alternate: ours, peak, PyTorch; the table gives medians of quotients of neighbours. One thread is
timed by its processor time, so that other programs disturb little; several threads by the wall clock.
"""

import statistics
import sys
import time

import numpy as np
import torch

from benchmarks.measure import let_workers_sleep
from rushlight import _native

SHAPES = [
    (256, 256, 256),
    (512, 512, 512),
    (1024, 1024, 1024),
    (128, 512, 784),
    (2048, 1024, 256),
    (32, 1024, 256),
    (8, 512, 512),
]
WINDOW = 0.003  # seconds
ROUNDS = 16


def main(threads=1, dtype="float32"):
    clock = time.thread_time if threads == 1 else time.perf_counter
    torch.set_num_threads(threads)
    _native.set_num_threads(threads)

    def matrix(rows, cols):  # in memory of our allocator, for both
        rng = np.random.default_rng(0)
        return _native.matmul(rng.random((rows, 1), dtype), rng.random((1, cols), dtype))

    def rate(call, work, repeats):
        let_workers_sleep(threads)
        for _ in range(repeats // 4 + 1):
            call()
        start = clock()
        for _ in range(repeats):
            call()
        return work * repeats / (clock() - start)

    for m, n, k in SHAPES:
        a, b, ours, theirs = matrix(m, k), matrix(k, n), matrix(m, n), matrix(m, n)
        ta, tb, tc = map(torch.from_numpy, (a, b, theirs))
        work = 2.0 * m * n * k
        repeats = max(1, int(WINDOW * threads * 340e9 / np.dtype(dtype).itemsize * 2 / work))

        pairs = []
        for _ in range(ROUNDS + 3):
            mine = rate(lambda: _native.matmul(a, b, ours), work, repeats)  # noqa: B023
            peak = _native.measure_peak(dtype, threads)
            other = rate(lambda: torch.matmul(ta, tb, out=tc), work, repeats)  # noqa: B023
            pairs.append((mine / peak, other / peak, mine / other))
        mine, other, quotient = map(statistics.median, zip(*pairs[3:], strict=True))
        print(
            f"{m}x{n}x{k} {dtype} {threads}T: {mine:.0%} of peak, PyTorch {other:.0%}, ratio {quotient:.2f}", flush=True
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:3])
