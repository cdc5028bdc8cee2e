"""PyTorch and rushlight side by side: ratios, share of the machine's measured limits, spread.

    python benchmarks/run.py                      every table
    python benchmarks/run.py kernels models       some of them
    python benchmarks/run.py --filter matmul --threads 1 --quick --json benchmarks/results/today.json

A ratio above 1 means rushlight is faster; ratios compare medians, shares of the machine's limits compare bests.
 Tables: the modules of TABLES (lists ROWS) and import_time.py.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pathlib
import platform
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = ("kernels", "elementwise", "functions", "conv", "layers", "overhead", "calls", "models", "sampling")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help=f"any of {', '.join((*TABLES, 'import'))} (default: all)")
    parser.add_argument("--filter", default="", help="only rows whose name contains this")
    parser.add_argument("--threads", type=int, default=0, help="threads of both sides (default: all cores)")
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 9")
    parser.add_argument("--json", metavar="FILE", help="also write the results there")
    options = parser.parse_args(argv)
    unknown = set(options.tables) - {*TABLES, "import"}
    if unknown:
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    return options


def print_row(result) -> None:
    """One line of a table."""
    share = result.share
    words = f"{100 * share[1]:3.0f} % of {share[0]}" if share else ""
    print(
        f"  {result.row.name:<44} {result.theirs * 1e6:>11.1f} {result.ours * 1e6:>11.1f} {result.ratio:>7.2f} "
        f"{100 * result.spread:>5.0f} %   {words}",
        flush=True,
    )


def main(argv: list[str] | None = None) -> int:
    """Run the tables asked for."""
    options = arguments(argv)
    sys.path[:0] = [str(ROOT)]
    import torch

    import rushlight
    from benchmarks import measure
    from rushlight import _native

    threads = options.threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    rushlight.set_num_threads(threads)
    wanted = options.tables or [*TABLES, "import"]
    machine = {
        "cpu": platform.processor() or platform.machine(),
        "isa": _native.get_isa(),
        "threads": threads,
        "peak_gflops": _native.measure_peak("float32", threads) / 1e9,
        "bandwidth_gbs": _native.measure_bandwidth(threads) / 1e9,
        "torch": torch.__version__,
        "rushlight": rushlight.__version__,
    }
    print(
        f"{threads} thread(s), {machine['isa']}: peak {machine['peak_gflops']:.0f} GFLOP/s, "
        f"{machine['bandwidth_gbs']:.0f} GB/s; torch {machine['torch']}, rushlight {machine['rushlight']}"
    )
    tables: dict[str, list] = {}
    started = time.strftime("%Y-%m-%dT%H:%M:%S")
    for table in wanted:
        print(f"\n{table}{'':<40} {'torch us':>11} {'ours us':>11} {'ratio':>7} {'spread':>6}")
        tables[table] = []
        if table == "import":
            from benchmarks import import_time

            tables[table] = import_time.report(3 if options.quick else 7)
            continue
        for row in importlib.import_module(f"benchmarks.{table}").ROWS:
            if options.filter not in row.name:
                continue
            result = measure.compare(
                row,
                torch,
                rushlight,
                _native,
                threads=threads,
                rounds=3 if options.quick else 9,
                block_s=0.03,
            )
            print_row(result)
            tables[table].append(result.as_dict())
    if options.json:
        pathlib.Path(options.json).write_text(
            json.dumps({"started": started, "machine": machine, "tables": tables}, indent=1) + "\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
