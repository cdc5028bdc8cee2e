"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`. Per thread."""

from __future__ import annotations

import functools
import inspect

from ..engine import GradMode

mode = GradMode()  # .enabled (True), .inference (False) and .watched (False: see saved.py) of the current thread


def is_grad_enabled() -> bool:
    """True if operations on tensors that require grad are recorded."""
    return mode.enabled


def is_inference_mode_enabled() -> bool:
    return mode.inference


class _Switch:
    """Sets the mode inside a `with` block or a decorated function (generator functions included)."""

    def __init__(self, enabled: bool):
        self._enabled = enabled
        self._previous: list[bool] = []

    def __enter__(self):
        self._previous.append(mode.enabled)
        mode.enabled = self._enabled
        return None

    def __exit__(self, *exc_info) -> None:
        mode.enabled = self._previous.pop()

    def _again(self):
        return type(self)()

    def __call__(self, function):
        if inspect.isclass(function):
            raise TypeError("grad modes decorate functions, not classes: decorate the methods instead")
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with self._again():
                return function(*args, **kwargs)

        return wrapper

    def _wrap_generator(self, function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            generator = function(*args, **kwargs)
            value = None
            try:
                while True:
                    with self._again():
                        item = generator.send(value)
                    try:
                        value = yield item
                    except GeneratorExit:
                        generator.close()
                        raise
                    except BaseException as error:  # thrown in by the caller: hand it to the function
                        with self._again():
                            item = generator.throw(error)
                        value = yield item
            except StopIteration as stop:
                return stop.value

        return wrapper


class no_grad(_Switch):  # noqa: N801
    """Operations inside are not recorded: `with no_grad(): ...` or `@no_grad()`."""

    def __init__(self):
        super().__init__(False)

    def __new__(cls, function=None):
        instance = super().__new__(cls)
        if function is None:
            return instance
        instance.__init__()
        return instance(function)  # @no_grad without parentheses


class enable_grad(_Switch):  # noqa: N801
    """Operations inside are recorded, also within `no_grad`."""

    def __init__(self):
        super().__init__(True)

    def __new__(cls, function=None):
        instance = super().__new__(cls)
        if function is None:
            return instance
        instance.__init__()
        return instance(function)


class set_grad_enabled(_Switch):  # noqa: N801
    """Sets the mode at once; as a context manager, until the block ends."""

    def __init__(self, mode: bool):  # noqa: A002
        super().__init__(bool(mode))
        self._previous.append(_set(bool(mode)))

    def __enter__(self):
        mode.enabled = self._enabled

    def __exit__(self, *exc_info) -> None:
        mode.enabled = self._previous[-1]

    def __call__(self, function):
        mode.enabled = self._previous[-1]  # used as a decorator: only the function runs in the mode
        return super().__call__(function)

    def _again(self):
        return set_grad_enabled(self._enabled)


def _set(enabled: bool) -> bool:
    previous = mode.enabled
    mode.enabled = enabled
    return previous


class inference_mode(_Switch):  # noqa: N801
    """As `no_grad`; results are plain tensors (rushlight keeps no separate inference tensors)."""

    def __init__(self, mode: bool = True):  # noqa: A002
        self._inference = bool(mode)
        self._outer: list[bool] = []
        super().__init__(not self._inference)

    def __new__(cls, mode=True):
        instance = super().__new__(cls)
        if callable(mode):
            instance.__init__()
            return instance(mode)
        return instance

    def __enter__(self):
        self._outer.append(mode.inference)
        mode.inference = self._inference
        super().__enter__()

    def __exit__(self, *exc_info) -> None:
        mode.inference = self._outer.pop()
        super().__exit__(*exc_info)

    def _again(self):
        return inference_mode(self._inference)
