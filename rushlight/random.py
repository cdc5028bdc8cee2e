"""Generators of random numbers: PyTorch's CPU generator, seed for seed and state byte for state byte."""

from __future__ import annotations

import contextlib
import operator
import os
import threading
from typing import Any

from . import devices
from . import engine as engines
from .dtypes import uint8
from .tensor import Tensor

__all__ = ["set_rng_state", "get_rng_state", "manual_seed", "seed", "initial_seed", "fork_rng", "thread_safe_generator"]

_cpu: Any = engines.cpu
_DEFAULT_SEED = 67280421310721


class Generator:
    """A stream of random numbers of its own: an mt19937 whose draws are PyTorch's for the same seed.

    Pass it as `generator=` to whatever draws. Safe to share between threads: each call draws its numbers in one go.
    Errors: RuntimeError for a device other than the CPU.
    """

    def __init__(self, device="cpu"):
        self.device = devices.check(device)
        self._handle = _cpu.new_generator(_DEFAULT_SEED)

    def manual_seed(self, seed) -> Generator:
        """Start the stream anew. `seed` lies in [-2**63, 2**64); negative ones count from 2**64. Returns itself."""
        try:
            number = operator.index(seed)
        except TypeError:
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}") from None
        if not -(1 << 63) <= number < 1 << 64:
            raise ValueError(f"Overflow when unpacking long long: manual_seed takes -2**63 to 2**64 - 1, got {number}")
        _cpu.seed_generator(self._handle, seed=number & 0xFFFFFFFFFFFFFFFF)
        return self

    def seed(self) -> int:
        """Seed from the operating system's entropy; returns the seed."""
        number = int.from_bytes(os.urandom(8), "little")
        _cpu.seed_generator(self._handle, seed=number)
        return number

    def initial_seed(self) -> int:
        """The seed last set."""
        return _cpu.generator_seed(self._handle)

    def get_state(self) -> Tensor:
        """The whole state, as uint8 (5056,); torch.Generator.set_state takes the same bytes."""
        return Tensor._wrap(_cpu.generator_state(self._handle))

    def set_state(self, new_state: Tensor) -> Generator:
        """Continue from a state of `get_state` (or of torch's).

        Errors: TypeError unless it is a uint8 tensor, RuntimeError when it has another size or is no mt19937 state.
        """
        if not isinstance(new_state, Tensor):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if new_state.dtype is not uint8:
            raise TypeError(f"RNG state must be a torch.ByteTensor, got {new_state.dtype}")
        _cpu.set_generator_state(self._handle, new_state._array)
        return self

    def clone_state(self) -> Generator:
        """A new generator that will draw what this one would."""
        return Generator(self.device).set_state(self.get_state())

    def get_offset(self) -> int:
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset: int) -> Generator:
        raise RuntimeError("CPU Generator does not use offset")

    def __reduce__(self):
        return (Generator, (self.device,), bytes(_cpu.generator_state(self._handle)))

    def __setstate__(self, state) -> None:
        _cpu.set_generator_state(self._handle, _cpu.from_buffer(state, "uint8"))

    def __deepcopy__(self, memo) -> Generator:
        return self.clone_state()


default_generator = Generator()
_of_thread: dict[int, Generator] = {}  # DataLoader worker threads draw from generators of their own


def set_thread_generator(generator: Generator | None) -> None:
    """Make `generator` the default one in this thread only; None undoes it."""
    if generator is None:
        _of_thread.pop(threading.get_ident(), None)
    else:
        _of_thread[threading.get_ident()] = generator


def _default() -> Generator:
    return _of_thread.get(threading.get_ident(), default_generator) if _of_thread else default_generator


def handle_of(generator: Generator | None, op: str = "random"):
    """The engine's handle of `generator`, or of the default one; TypeError for other objects."""
    if generator is None:
        return _default()._handle
    if isinstance(generator, Generator):
        return generator._handle
    raise TypeError(f"{op}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}")


def manual_seed(seed) -> Generator:
    """Seed the default generator: same seed, same numbers. Returns it."""
    return _default().manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system's entropy; returns the seed."""
    return _default().seed()


def initial_seed() -> int:
    """The default generator's seed."""
    return _default().initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state, uint8 (5056,)."""
    return _default().get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the default generator's state."""
    _default().set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices", device_type=None):
    """Inside the `with` block draw freely: afterwards the default generator is where it was."""
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)


def thread_safe_generator() -> Generator | None:
    """The generator of the DataLoader worker thread this runs in, None elsewhere."""
    from .utils.data import get_worker_info

    info = get_worker_info()
    rng = getattr(info, "rng", None)
    return None if rng is None else rng.torch_generator
