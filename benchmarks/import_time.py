"""How long `import` takes in a fresh interpreter, and how much memory it leaves in use."""

from __future__ import annotations

import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = """
import sys, time
sys.path.insert(0, {root!r})
start = time.perf_counter()
import {module}
passed = time.perf_counter() - start
try:  # of this program alone; getrusage's maximum would still hold the parent's
    with open("/proc/self/status") as status:
        kilobytes = next(line.split()[1] for line in status if line.startswith("VmHWM"))
except OSError:
    kilobytes = "nan"
print(passed, kilobytes)
"""


def measure(module: str, rounds: int) -> tuple[float, float]:
    """Median seconds and megabytes."""
    seconds, megabytes = [], []
    for _ in range(rounds):
        script = SCRIPT.format(root=str(ROOT), module=module)
        out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        passed, kilobytes = out.split()
        seconds.append(float(passed))
        megabytes.append(float(kilobytes) / 1024)
    return statistics.median(seconds), statistics.median(megabytes)


def report(rounds: int) -> list[dict[str, float | str]]:
    """Print and return the table: numpy alone, rushlight (which imports it), torch."""
    rows: list[dict[str, float | str]] = []
    for module in ("numpy", "rushlight", "rushlight.nn", "torch"):
        seconds, megabytes = measure(module, rounds)
        print(f"  import {module:<36} {seconds * 1e3:>8.1f} ms {megabytes:>8.1f} MB", flush=True)
        rows.append({"name": f"import {module}", "seconds": seconds, "megabytes": megabytes})
    return rows


if __name__ == "__main__":
    report(7)
