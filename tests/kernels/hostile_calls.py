"""Call every function of rushlight._native with wrong arguments: `hostile_calls.py ISA FIRST LAST` (test_hostile.py).

The arguments are those of valid calls (native_calls.py), each with one to three changes: other dtypes, shapes and
strides, read-only, shared and huge arrays, numbers out of range, NaN, other types, objects that misbehave while they
are read, too few or too many. Call N is always the same. The call under way is the last line of standard output, so a
crash names it. What a call was given must have as many references after it as before.
"""

from __future__ import annotations

import random
import resource
import sys
import warnings
from types import SimpleNamespace

import numpy as np

from rushlight import _native
from tests.kernels import native_calls

GIGABYTE = 1 << 30
NUMBERS = [2**31, 2**40, 2**62, 2**63 - 1, -(2**63), 2**63, -1, -2, 0, 1, 2, 3, 7, 100, 2**31 - 1, 2**33 + 1, 2**70]
REALS = [float("nan"), float("inf"), float("-inf"), -1.0, 0.0, 1e300, 5e-324, None, 3, 1j]
DTYPES = "f8 f4 i8 i4 ? >f4 >f8 O f2 c8 c16 u1 i2 S3 U2 V4 M8[s]".split()  # NumPy crashes when it makes text a date
NAMES = ["out", "axes", "dtype", "alpha", "min", "step", "keepdims", "", "é" * 20]
SELF_SIZED = native_calls.REDUCTIONS  # their time grows with an input that takes no memory


class Liar:
    """Raises, or changes the list that it stands in, when it is asked what it is."""

    cleared = 0

    def __init__(self, victim):
        self.victim = victim

    def act(self):
        if self.victim is None:
            raise ZeroDivisionError("no number, no truth")
        self.victim.clear()
        Liar.cleared += 1
        return 1

    def __index__(self):
        return self.act()

    def __float__(self):
        return float(self.act())

    def __bool__(self):
        return bool(self.act())


def junk(rng):
    return rng.choice(
        [
            lambda: None,
            lambda: "x",
            lambda: "",
            lambda: 1.5,
            lambda: 1j,
            lambda: b"",
            lambda: (),
            lambda: [],
            lambda: {},
            lambda: object(),
            lambda: int,
            lambda: Liar(None),
            lambda: 2**62,
            lambda: np.zeros(0, np.float32),
            lambda: np.float32(2),
            lambda: np.zeros((2, 2)).view(np.matrix),
            lambda: np.ma.masked_array([1.0, 2.0]),
            lambda: np.dtype(rng.choice(DTYPES)),
            lambda: rng.randrange(-2, 40),
        ]
    )()


def array_like(rng, value, others, name):
    """The array with another dtype, shape, layout, owner or values."""
    last = value.shape[-1] if value.ndim else 0
    ways = [
        lambda: value.astype(rng.choice(DTYPES[: -1 if value.dtype.kind in "SU" else None])),
        lambda: value.T,
        lambda: np.asfortranarray(value),
        lambda: np.stack([value, value], -1)[..., 0],
        lambda: value[..., ::-1] if value.ndim else value,
        lambda: value[::-2] if value.ndim else value,
        lambda: np.broadcast_to(value, (2, *value.shape)),
        lambda: np.broadcast_to(value, value.shape),  # read-only
        lambda: np.broadcast_to(np.zeros((), value.dtype), value.shape),  # all strides 0
        lambda: np.zeros([max(0, n + rng.choice([-1, 0, 1])) for n in value.shape], value.dtype),
        lambda: np.zeros([n * rng.choice([0, 1, 3]) for n in value.shape], value.dtype),
        lambda: value[0] if value.ndim and len(value) else value[None],
        lambda: value.reshape((1,) * rng.choice([1, 3, 64 - value.ndim]) + value.shape),
        lambda: value[..., :0],
        lambda: value[..., None],
        lambda: np.zeros((), value.dtype),
        lambda: unaligned(value),
        lambda: np.full(value.shape, rng.choice([100, -100, 2**40] if value.dtype.kind == "i" else [5])).astype(
            value.dtype
        ),
        lambda: np.full(value.shape, rng.choice([np.nan, np.inf, -np.inf])).astype(value.dtype),
        lambda: rng.choice([a for a in others if isinstance(a, np.ndarray)] or [None]),
        lambda: value.view(type("Sub", (np.ndarray,), {})),
        lambda: np.lib.stride_tricks.as_strided(value, value.shape, (0,) * value.ndim),
    ]
    if name not in SELF_SIZED and last:
        ways.append(lambda: np.broadcast_to(np.zeros((), value.dtype), (*value.shape[:-1], 2**40)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return rng.choice(ways)()
        except (TypeError, ValueError, IndexError, MemoryError, RuntimeError):  # too many dimensions for NumPy, say
            return value


def unaligned(value):
    raw = np.zeros(value.nbytes + 1, np.uint8)[1:]
    result = raw.view(value.dtype).reshape(value.shape)
    result[...] = value
    return result


def changed(rng, value, others, name):
    if rng.random() < 0.12:
        return junk(rng)
    if isinstance(value, np.ndarray):
        return array_like(rng, value, others, name)
    if isinstance(value, bool):
        return rng.choice([not value, None, 2, "x", Liar(None), np.zeros(2)])
    if isinstance(value, int):
        return rng.choice([*NUMBERS, Liar(None), np.int64(1)])
    if isinstance(value, float):
        return rng.choice([*REALS, Liar(None)])
    if isinstance(value, str):
        return rng.choice(["", "x", "\0", "é", "/" + 5000 * "a", "\ud800"])
    if isinstance(value, dict):
        result = dict(value)
        key = rng.choice(sorted(result)) if result else 1
        result[key] = junk(rng)
        if rng.random() < 0.5:
            result.pop(key)
        return result
    if isinstance(value, SimpleNamespace):
        fields = changed(rng, vars(value), others, name)
        return SimpleNamespace(**fields) if isinstance(fields, dict) and 1 not in fields else fields
    if isinstance(value, np.dtype):
        return rng.choice([np.dtype(d) for d in DTYPES])
    if isinstance(value, (tuple, list)):
        items = list(value)
        what = rng.random()
        if items and what < 0.5:
            at = rng.randrange(len(items))
            items[at] = changed(rng, items[at], others, name)
        elif items and what < 0.7:
            items.pop(rng.randrange(len(items)))
        elif what < 0.8:
            items *= rng.choice([0, 2, 40])
        elif what < 0.9:
            items.insert(0, Liar(items))
            return items
        else:
            items.append(rng.choice([1, 0, -1, 2**62, None]))
        return type(value)(items)
    return rng.choice([None, 1, np.ones(3, np.float32), 0.5, value])


def wrong_call(number, names, valid):
    """(name, positional arguments, named arguments) of call `number`."""
    rng = random.Random(number)
    name = names[number % len(names)]
    args = list(rng.choice(valid[name]))
    named = {}
    for _ in range(rng.choice([1, 1, 2, 3])):
        if args and rng.random() < 0.9:
            at = rng.randrange(len(args))
            args[at] = changed(rng, args[at], args, name)
        elif args and rng.random() < 0.5:
            args.pop(rng.randrange(len(args)))
        elif rng.random() < 0.5:
            args.append(junk(rng))
        else:
            named[rng.choice(NAMES)] = junk(rng)
    return name, args, named


KEEPS = {"accumulate_grad", "run_backward", "differentiate"}  # a gradient may become a tensor's .grad as it is
PLAIN = (type(None), bool, int, float, complex, str, bytes, type)  # shared with everything else that runs


def references(values):
    return [sys.getrefcount(value) for value in values]


def shown(value):
    if isinstance(value, np.ndarray):
        return f"array({value.shape}, {value.dtype}, {value.strides}, writeable={value.flags.writeable})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join([shown(v) for v in value][:20])})"
    return ascii(value)[:60]


def make(name, args, named):
    """The call; its result and exception are gone on return."""
    try:
        getattr(_native, name)(*args, **named)
    except SystemError:  # an error without an exception, or an exception beside a result
        raise
    except Exception:
        pass


def main(isa: str, first: int, last: int) -> None:
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    _native.set_isa(isa)
    sanitizer = _native.build_info()["sanitizer"]
    if not sanitizer:  # whose shadow memory counts as address space
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 3 * GIGABYTE, resource.RLIM_INFINITY))
    _native.set_memory_cap(GIGABYTE)
    names = sorted(native_calls.methods() - set(native_calls.SLOW))
    valid = native_calls.valid_calls()
    dtypes = [np.dtype(d) for d in (np.float32, np.float64, np.int64)]  # NumPy itself loses references to them
    lost = [0] * len(dtypes)
    for number in range(first, last):
        if number % 2000 == 1999:
            valid = native_calls.valid_calls()  # fills write into what they are given
        name, args, named = wrong_call(number, names, valid)
        given = [value for value in (*args, *named.values()) if not isinstance(value, PLAIN)]
        # one write: another thread's output cannot come between
        sys.stdout.write(f"{number} {name}({', '.join(map(shown, args))}, {named and ascii(named)})"[:900] + "\n")
        sys.stdout.flush()
        before, cleared = references(given), Liar.cleared
        before_call = references(dtypes)
        make(name, args, named)
        lost = [total + now - then for total, now, then in zip(lost, references(dtypes), before_call)]
        if name in native_calls.SETTINGS:
            native_calls.reset()
            _native.set_isa(isa)
            _native.set_memory_cap(GIGABYTE)
        elif name not in KEEPS and Liar.cleared == cleared and (after := references(given)) != before:
            raise AssertionError(f"references before {before}, after {after}")
    assert max(map(abs, lost)) < 100 + (last - first) // 100, f"references to {dtypes} changed by {lost}"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
