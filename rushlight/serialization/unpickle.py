"""A pickle parser that builds data and runs nothing.

Python's unpickler imports and calls whatever a file names. This one interprets the opcodes itself: containers, numbers
and text it makes by itself; every global it meets is looked up in a table that the caller gives, and a name outside of
that table is an error. Nothing is imported, no attribute of a foreign object is touched.

Source of the opcodes: Python's pickletools documentation.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pickle import UnpicklingError
from typing import Any

from rushlight.serialization.numpy_numbers import NumberType

_KEY_ATOMS = (str, bytes, int, float, bool, complex, type(None))
_SIZED = (str, bytes, bytearray, tuple, list, dict, set, frozenset)
_MARK = object()


class Global:
    """A name in a pickle and what calling it with a tuple of arguments builds (None: it may only be passed around)."""

    __slots__ = ("name", "build", "value")

    def __init__(self, name: str, build: Callable[..., Any] | None = None, value: Any = None) -> None:
        self.name = name
        self.build = build
        self.value = value


class Allowed:
    """A class that the user allowed by name: made with __new__ or called, filled by __setstate__ or its __dict__."""

    __slots__ = ("cls",)

    def __init__(self, cls: Any) -> None:
        self.cls = cls


def check_key(key: Any) -> None:
    """UnpicklingError unless `key` is cheap to hash: a plain value, a dtype-like singleton or a small tuple of them.

    A tuple that holds itself many times over takes exponential time to hash, a deep one exhausts the stack.
    """
    pending, seen = [key], 0
    while pending:
        item = pending.pop()
        seen += 1
        if seen > 1000:
            raise UnpicklingError("a dict key or set element is too large a tuple")
        if isinstance(item, (tuple, frozenset)):
            pending.extend(item)
        elif not isinstance(item, _KEY_ATOMS) and type(item).__module__.split(".")[0] != "rushlight":
            raise UnpicklingError(f"a {type(item).__name__} cannot be a dict key or set element")


class Parser:
    """Reads one pickle from `data` at `start`; afterwards `at` is the position behind it.

    `find(module, name)` returns a Global, an Allowed or a plain value for a global the file names, or raises
    UnpicklingError; `persistent(pid)` returns the object behind a persistent id. `allowed` maps classes the user
    allowed to Allowed.

    Errors: UnpicklingError for anything malformed, cut short or refused.
    """

    def __init__(
        self,
        data: bytes | memoryview,
        find: Callable[[str, str], Any],
        persistent: Callable[[Any], Any],
        start: int = 0,
    ) -> None:
        self._data = memoryview(data)
        self._find = find
        self._persistent = persistent
        self.at = start
        self._stack: list[Any] = []
        # Calls copy their arguments, and the memo hands out one argument many times: without a limit, a file of n
        # bytes could ask for n * n.
        self._to_copy = 16 * len(self._data) + 1_000_000
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The object of this pickle."""
        try:
            while True:
                code = self._take(1)[0]
                if code == 0x2E:  # STOP
                    value = self._pop()
                    if isinstance(value, (Global, Allowed)):
                        value = self._plain(value)
                    return value
                step = _STEPS.get(code)
                if step is None:
                    raise UnpicklingError(f"opcode {code:#04x} at byte {self.at - 1} is not supported in a checkpoint")
                step(self)
        except UnpicklingError:
            raise
        except (
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            OverflowError,
            AttributeError,
            RecursionError,
            struct.error,
        ) as error:
            raise UnpicklingError(f"the pickle is damaged near byte {self.at}: {error}") from error

    # reading

    def _take(self, count: int) -> memoryview:
        end = self.at + count
        if count < 0 or end > len(self._data):
            raise UnpicklingError(f"the pickle ends early: {count} bytes wanted at {self.at}, {len(self._data)} there")
        piece = self._data[self.at : end]
        self.at = end
        return piece

    def _number(self, layout: str) -> int:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _line(self) -> str:
        start = self.at
        while self._take(1)[0] != 0x0A:
            if self.at - start > 1000:
                raise UnpicklingError("a name in the pickle does not end")
        return bytes(self._data[start : self.at - 1]).decode("utf-8")

    def _text(self, layout: str) -> str:
        return str(self._take(self._number(layout)), "utf-8", "surrogatepass")

    # the stack

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise UnpicklingError(f"the pickle is damaged near byte {self.at}: nothing on the stack")
        return self._stack.pop()

    def _top(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise UnpicklingError(f"the pickle is damaged near byte {self.at}: nothing on the stack")
        return self._stack[-1]

    def _plain(self, value: Any) -> Any:
        """What a global stands for when it is used as a value, e.g. a dtype in a list."""
        if isinstance(value, Global):
            if value.value is None:
                raise UnpicklingError(f"{value.name} may be called in a checkpoint, but not stored as a value")
            return value.value
        return value.cls if isinstance(value, Allowed) else value

    def _since_mark(self) -> list[Any]:
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] is _MARK:
                items = self._stack[index + 1 :]
                del self._stack[index:]
                return items
        raise UnpicklingError(f"the pickle is damaged near byte {self.at}: no mark on the stack")

    def _pop_tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(items)))

    # containers

    def _append(self, items: list[Any]) -> None:
        target = self._top()
        if type(target) is not list:
            raise UnpicklingError(f"the pickle appends to a {type(target).__name__}")
        target.extend(self._plain(item) for item in items)

    def _set_items(self, items: list[Any]) -> None:
        target = self._top()
        if not isinstance(target, dict) or len(items) % 2:
            raise UnpicklingError(f"the pickle sets items of a {type(target).__name__}")
        for key, value in zip(items[::2], items[1::2]):
            key = self._plain(key)
            check_key(key)
            target[key] = self._plain(value)

    def _add_items(self, items: list[Any]) -> None:
        target = self._top()
        if type(target) is not set:
            raise UnpicklingError(f"the pickle adds to a {type(target).__name__}")
        for item in items:
            item = self._plain(item)
            check_key(item)
            target.add(item)

    def _frozenset(self) -> None:
        items = self._since_mark()
        for item in items:
            check_key(item)
        self._push(frozenset(items))

    # objects

    def _global(self, module: str, name: str) -> None:
        self._push(self._find(module, name))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise UnpicklingError("the pickle names a global by something that is not text")
        self._global(module, name)

    def _reduce(self) -> None:
        args, function = self._pop(), self._pop()
        if not isinstance(args, tuple):
            raise UnpicklingError("the pickle calls something without a tuple of arguments")
        self._to_copy -= sum(len(arg) for arg in args if isinstance(arg, _SIZED))
        if self._to_copy < 0:
            raise UnpicklingError("the pickle builds far more than it holds")
        if isinstance(function, Allowed):
            self._push(function.cls(*[self._plain(arg) for arg in args]))
        elif isinstance(function, Global) and function.build is not None:
            self._push(function.build(*args))
        else:
            name = function.name if isinstance(function, Global) else f"a {type(function).__name__}"
            raise UnpicklingError(f"the pickle calls {name}, which a checkpoint may not do")

    def _newobj(self) -> None:
        args, cls = self._pop(), self._pop()
        if not isinstance(args, tuple):
            raise UnpicklingError("the pickle makes an object without a tuple of arguments")
        if isinstance(cls, Allowed):
            self._push(cls.cls.__new__(cls.cls, *[self._plain(arg) for arg in args]))
        elif isinstance(cls, Global) and cls.build is not None:
            self._push(cls.build(*args))
        else:
            raise UnpicklingError("the pickle makes an object of something that is not an allowed class")

    def _build(self) -> None:
        state = self._pop()
        target = self._top()
        if type(target) in _STATEFUL:
            # An OrderedDict's attributes, such as a state dict's _metadata.
            if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
                raise UnpicklingError(f"the state of a {type(target).__name__} must be a dict of attributes")
            vars(target).update({key: value for key, value in state.items() if not key.startswith("__")})
        elif isinstance(target, NumberType):
            target.set_state(state)
        elif type(target) in self._allowed_types:
            setstate = getattr(target, "__setstate__", None)
            if setstate is not None:
                setstate(state)
            elif isinstance(state, Mapping):
                vars(target).update(state)
            else:
                raise UnpicklingError(f"the state of {type(target).__name__} is a {type(state).__name__}, not a dict")
        else:
            raise UnpicklingError(f"the pickle sets the state of a {type(target).__name__}, which it may not do")

    _allowed_types: frozenset = frozenset()

    def allow(self, classes: Mapping[str, Any]) -> None:
        """Let BUILD fill objects of these classes."""
        self._allowed_types = frozenset(cls for cls in classes.values() if isinstance(cls, type))

    # memo

    def _get(self, key: int) -> None:
        if key not in self._memo:
            raise UnpicklingError(f"the pickle refers to memo entry {key}, which is not there")
        self._push(self._memo[key])

    def _put(self, key: int) -> None:
        self._memo[key] = self._top()

    def _persistent_id(self) -> None:
        self._push(self._persistent(self._pop()))

    def _proto(self) -> None:
        version = self._take(1)[0]
        if version > 5:
            raise UnpicklingError(f"unknown pickle protocol {version}")

    def _long(self, layout: str) -> None:
        self._push(int.from_bytes(self._take(self._number(layout)), "little", signed=True))


_STATEFUL = (OrderedDict,)

_STEPS: dict[int, Callable[[Parser], None]] = {
    ord(code): step
    for code, step in {
        "\x80": Parser._proto,
        "\x95": lambda p: p._take(8) and None,  # FRAME: a length that a reader of a whole buffer does not need
        "(": lambda p: p._push(_MARK),
        "0": lambda p: p._pop() and None,
        "1": lambda p: p._since_mark() and None,
        "2": lambda p: p._push(p._top()),
        "N": lambda p: p._push(None),
        "\x88": lambda p: p._push(True),
        "\x89": lambda p: p._push(False),
        "J": lambda p: p._push(p._number("<i")),
        "K": lambda p: p._push(p._number("<B")),
        "M": lambda p: p._push(p._number("<H")),
        "\x8a": lambda p: p._long("<B"),
        "\x8b": lambda p: p._long("<i"),
        "G": lambda p: p._push(struct.unpack(">d", p._take(8))[0]),
        "X": lambda p: p._push(p._text("<I")),
        "\x8c": lambda p: p._push(p._text("<B")),
        "\x8d": lambda p: p._push(p._text("<Q")),
        "U": lambda p: p._push(str(p._take(p._number("<B")), "latin-1")),
        "T": lambda p: p._push(str(p._take(p._number("<i")), "latin-1")),
        "C": lambda p: p._push(bytes(p._take(p._number("<B")))),
        "B": lambda p: p._push(bytes(p._take(p._number("<I")))),
        "\x8e": lambda p: p._push(bytes(p._take(p._number("<Q")))),
        "\x96": lambda p: p._push(bytearray(p._take(p._number("<Q")))),
        ")": lambda p: p._push(()),
        "]": lambda p: p._push([]),
        "}": lambda p: p._push({}),
        "\x8f": lambda p: p._push(set()),
        "t": lambda p: p._push(tuple(p._since_mark())),
        "\x85": lambda p: p._pop_tuple(1),
        "\x86": lambda p: p._pop_tuple(2),
        "\x87": lambda p: p._pop_tuple(3),
        "l": lambda p: p._push([p._plain(item) for item in p._since_mark()]),
        "a": lambda p: p._append([p._pop()]),
        "e": lambda p: p._append(p._since_mark()),
        "s": lambda p: p._set_items([p._pop(), p._pop()][::-1]),
        "u": lambda p: p._set_items(p._since_mark()),
        "\x90": lambda p: p._add_items(p._since_mark()),
        "\x91": Parser._frozenset,
        "c": lambda p: p._global(p._line(), p._line()),
        "\x93": Parser._stack_global,
        "R": Parser._reduce,
        "\x81": Parser._newobj,
        "b": Parser._build,
        "h": lambda p: p._get(p._number("<B")),
        "j": lambda p: p._get(p._number("<I")),
        "q": lambda p: p._put(p._number("<B")),
        "r": lambda p: p._put(p._number("<I")),
        "\x94": lambda p: p._put(len(p._memo)),
        "Q": Parser._persistent_id,
    }.items()
}
