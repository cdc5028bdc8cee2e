"""Call the functions of rushlight._native with wrong arguments: `bad_kernel_calls.py ISA COUNT` (test_bad_input.py).

The arguments are those of calls that the layers make, each with one to three changes: other dtypes, shapes, strides,
read-only or shared arrays, numbers out of range, other types, too few or too many. The call under way is the last
line of standard output, so a crash names it.
"""

from __future__ import annotations

import random
import resource
import sys
import warnings

import bad_calls
import numpy as np

import rushlight
from rushlight import _native

SETTINGS = ("set_", "measure_", "get_isa", "task_counts", "wrap", "empty_cache")
NUMBERS = [2**31, 2**40, 2**62, 2**63 - 1, -(2**63), 2**63, -1, -2, 0, 1, 2, 3, 7, 100, 2**31 - 1, 2**33 + 1]
DTYPES = "float64 float32 int64 int32 bool >f4 O float16 complex64".split()


def functions() -> dict:
    names = [n for n in dir(_native) if not n.startswith(("_", *SETTINGS))]
    return {n: getattr(_native, n) for n in names if not isinstance(getattr(_native, n), type)}


def valid_calls(originals) -> dict:
    """{name: argument lists} of what the table's calls pass down."""
    seen: dict = {}

    def recorder(name, function):
        def record(*args, **kwargs):
            calls = seen.setdefault(name, {})
            key = str([(a.shape, a.dtype) if isinstance(a, np.ndarray) else a for a in args])
            if len(calls) < 6 and key not in calls:
                calls[key] = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
            return function(*args, **kwargs)

        return record

    for name, function in originals.items():
        setattr(_native, name, recorder(name, function))
    for call in bad_calls.base_calls():
        bad_calls.outcome(rushlight, call)
    model = rushlight.nn.Linear(3, 4)
    for optimizer in (rushlight.optim.SGD(model.parameters(), 0.1, 0.9), rushlight.optim.Adam(model.parameters())):
        model(rushlight.ones(5, 3)).sum().backward()
        optimizer.step()
    for name, function in originals.items():
        setattr(_native, name, function)
    x = np.ones((2, 3), np.float32)
    for name in originals:
        seen.setdefault(name, {"": [x, x, x], " ": [x, x], "  ": [x]})
    return {name: list(calls.values()) for name, calls in seen.items()}


def changed(rng, value, others):
    if rng.random() < 0.12:
        return rng.choice([None, "x", 1.5, 1j, b"", (), [], {}, object(), 0, -1, 2**62, np.zeros(0, np.float32)])
    if isinstance(value, np.ndarray):
        ways = [
            lambda: value.astype(rng.choice(DTYPES)),
            lambda: value.T,
            lambda: np.stack([value, value], -1)[..., 0],
            lambda: np.broadcast_to(value, (2, *value.shape)),
            lambda: np.broadcast_to(value, value.shape),  # read-only
            lambda: np.zeros([max(0, n + rng.choice([-1, 0, 1])) for n in value.shape], value.dtype),
            lambda: value[0] if value.ndim and len(value) else value[None],
            lambda: value[..., None],
            lambda: value[::-1] if value.ndim else value,
            lambda: np.full(value.shape, rng.choice([100, -100 if value.dtype.kind == "i" else 5])).astype(value.dtype),
            lambda: rng.choice([a for a in others if isinstance(a, np.ndarray)] or [None]),
        ]
        return rng.choice(ways)()
    if isinstance(value, bool):
        return rng.choice([not value, None, 2, "x"])
    if isinstance(value, int):
        return rng.choice(NUMBERS)
    if isinstance(value, float):
        return rng.choice([float("nan"), float("inf"), -1.0, 0.0, 1e300, None])
    if isinstance(value, (tuple, list)):
        items = list(value)
        if items and rng.random() < 0.6:
            at = rng.randrange(len(items))
            items[at] = changed(rng, items[at], others)
        elif items and rng.random() < 0.5:
            items.pop()
        else:
            items.append(rng.choice([1, 0, -1, 2**62]))
        return type(value)(items)
    return rng.choice([None, 1, np.ones(3, np.float32), 0.5, value])


def main() -> None:
    isa, count = sys.argv[1], int(sys.argv[2])
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    _native.set_isa(isa)
    originals = functions()
    valid = valid_calls(originals)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 3 * bad_calls.GIGABYTE, resource.RLIM_INFINITY))
    names = sorted(valid)
    for number in range(count):
        rng = random.Random(number)
        name = names[number % len(names)]
        args = [a.copy() if isinstance(a, np.ndarray) else a for a in rng.choice(valid[name])]
        for _ in range(rng.choice([1, 1, 2, 3])):
            if args and rng.random() < 0.95:
                at = rng.randrange(len(args))
                args[at] = changed(rng, args[at], args)
            elif args and rng.random() < 0.5:
                args.pop()
            else:
                args.append(rng.choice([None, 1, np.ones((2, 3), np.float32)]))
        shown = [(a.shape, str(a.dtype), a.strides) if isinstance(a, np.ndarray) else a for a in args]
        print(f"{number} {name} {shown}"[:600], flush=True)
        try:
            originals[name](*args)
        except SystemError as error:
            raise AssertionError(f"{name}: {error}") from error
        except Exception:
            continue


if __name__ == "__main__":
    main()
