"""The types of public functions' arguments: what passes, what is converted, and the TypeError for the rest.

`checked(function)` wraps a public function in a native call that looks at the kind of every argument, a few
nanoseconds each; only values that do not pass at once come here, to `refuse`. What a parameter takes is said by its
annotation or, without one, by its name (signatures.py).
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from . import devices, dtypes, layouts
from . import engine as engines
from .errors import type_name
from .ops.promote import result_type
from .ops.result import write_out
from .signatures import FUNCTIONS, NAMES, OPERANDS, REFUSED_TYPES, WRITTEN
from .tensor import Tensor

TENSOR, NONE, BOOL, INT, FLOAT, COMPLEX, TEXT, INTS, TENSORS, DTYPE, ANYTHING = [1 << bit for bit in range(11)]


class Refused(Exception):
    """The value is none of the kinds that the parameter takes."""


def _tensor(value):
    if not isinstance(value, Tensor):
        raise Refused
    return value


def _plain(value):
    """A 0-d tensor without gradient or a NumPy scalar as a Python number."""
    if isinstance(value, Tensor):
        if value._array.ndim or value.requires_grad:
            raise Refused
        return value.item()
    if hasattr(value, "dtype") and hasattr(value, "item") and not getattr(value, "shape", ()):
        return value.item()
    return value


def _number(value):
    value = _plain(value)
    if not isinstance(value, (bool, int, float, complex)):
        raise Refused
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        raise OverflowError(f"int too big to convert: {value} does not fit into 64 bits")
    return value


def _int(value):
    value = _plain(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused
    if not -(1 << 63) <= value < 1 << 63:
        raise Overflow(value)
    return int(value)


class Overflow(ValueError):
    """An int that 64 bits cannot hold."""

    def __init__(self, value):
        super().__init__(f"{value} does not fit into 64 bits")


def _float(value):
    value = _plain(value)
    if not isinstance(value, (bool, int, float)):
        raise Refused
    return value


def _real(value):
    value = _number(value)
    if isinstance(value, complex):
        raise RuntimeError(
            f"value cannot be converted to type double without overflow: expected a real number, {value}"
        )
    return value


def _bool(value):
    if isinstance(value, Tensor):
        value = _plain(value)
    elif type(value).__module__ == "numpy" and not isinstance(value, bool):
        value = _plain(value)
    if not isinstance(value, bool):
        raise Refused
    return value


def _text(value):
    if not isinstance(value, str):
        raise Refused
    return value


def _ints(value):
    if not isinstance(value, (tuple, list)):
        raise Refused
    items = []
    for position, item in enumerate(value):
        try:
            items.append(int(item) if position and isinstance(item, bool) else _int(item))
        except Refused:
            raise Element(position, item) from None
        except Overflow as error:
            raise Element(position, item, str(error)) from None
    return tuple(items)


class Element(Exception):
    """The element of a list that is wrong."""

    def __init__(self, position, value, why=None):
        self.text = why or f"found element of type {type_name(value)}"
        self.text += f" at pos {position}"


def _tensors(value):
    if not isinstance(value, (tuple, list)):
        raise Refused
    for position, item in enumerate(value):
        if not isinstance(item, Tensor):
            raise Element(position, item)
    return value


def _dtype(value):
    if value not in (float, int, bool, complex) and not isinstance(value, dtypes.DType):
        raise Refused
    return value


def _device(value):
    if not isinstance(value, (str, int, devices.device)) or isinstance(value, bool):
        raise Refused
    return value


def _layout(value):
    if not isinstance(value, layouts.layout):
        raise Refused
    return value


def _memory_format(value):
    if not isinstance(value, layouts.memory_format):
        raise Refused
    return value


# annotation -> (mask of what passes at once, what the message calls it, conversion of the rest)
KINDS: dict[str, tuple[int, str, Any]] = {
    "Tensor": (TENSOR, "Tensor", _tensor),
    "Number": (BOOL | INT | FLOAT | COMPLEX, "Number", _number),
    "Real": (BOOL | INT | FLOAT, "Number", _real),
    "int": (INT, "int", _int),
    "float": (BOOL | INT | FLOAT, "float", _float),
    "bool": (BOOL, "bool", _bool),
    "str": (TEXT, "str", _text),
    "ints": (INTS, "tuple of ints", _ints),
    "Tensors": (TENSORS, "tuple of Tensors", _tensors),
    "DType": (DTYPE, "torch.dtype", _dtype),
    "device": (TEXT, "torch.device", _device),
    "layout": (0, "torch.layout", _layout),
    "memory_format": (0, "torch.memory_format", _memory_format),
    "None": (NONE, "None", None),
    "Any": (ANYTHING, "", None),
}

BY_NAME = {name: kind for kind, names in NAMES.items() for name in names.split()}


def _by_function() -> dict[tuple[str, str], str]:
    table: dict[tuple[str, str], str] = {}
    functions: list[str] = []
    for line in FUNCTIONS.strip().replace("|\n", "| ").replace(",\n", ", ").splitlines():
        names, bar, parameters = line.partition(" | ")
        functions += names.split()
        if bar:  # else the list of functions goes on
            for parameter in parameters.split(", "):
                name, kinds = parameter.split()
                table.update({(function, name): kinds for function in functions})
            functions = []
    return table


BY_FUNCTION = _by_function()


def _refused_types() -> dict[str, list]:
    """Function -> [(types, the error's class, its text)]."""
    table: dict[str, list] = {}
    text = REFUSED_TYPES.strip().replace("\n    ", " ")
    for line in text.splitlines():
        names, types, error = line.split(" | ")
        kind, colon, message = error.partition(": ")
        rule = (
            frozenset(t for word in types.split() for t in TYPE_WORDS.get(word, word).split()),
            {"RuntimeError": RuntimeError}.get(kind, NotImplementedError),
            message if colon else f"\"{error}\" not implemented for '{{}}'",
        )
        for name in names.split():
            for function in (name[:-1], name[:-1] + "_") if name.endswith("*") else (name,):
                table.setdefault(function, []).append(rule)
    return table


TYPE_WORDS = {
    "int": "int8 int16 int32 int64 uint8 uint16 uint32 uint64",
    "float": "float32 float64",
    "half": "float16",
    "complex": "complex64 complex128",
}
BY_TYPE = _refused_types()
WRITES = {name: kind for kind, names in WRITTEN.items() for name in names.split()}
SIZES = frozenset(["size", "sizes", "shape", "dims", "repeats"])  # of *args: at least one, or by keyword
OPERAND_NAMES = frozenset(OPERANDS.split())


def _annotation(parameter, function: str) -> str:
    """What the parameter takes, as alternatives separated by |."""
    name = "*" + parameter.name if parameter.kind == parameter.VAR_POSITIONAL else parameter.name
    if (function, name) in BY_FUNCTION:
        return BY_FUNCTION[function, name]
    if parameter.annotation is parameter.empty or BY_NAME.get(name) == "Any":
        text = BY_NAME.get(name, "Any")
    else:
        text = parameter.annotation.replace("tuple[int, ...]", "ints").replace("Sequence[Tensor]", "Tensors")
    return text + "|None" if parameter.default is None else text


class Plan:
    """What each parameter of one function takes."""

    def __init__(self, function, public_name, is_method):
        import inspect

        self.kinds: dict[str, list] = {}
        self.positional: list[str] = []
        self.rest: str | None = None
        self.required: list[str] = []
        self.refused_types = BY_TYPE.get(public_name, ())
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind == parameter.VAR_KEYWORD:
                continue
            words = [word.strip() for word in _annotation(parameter, public_name).split("|")]
            self.kinds[name] = [KINDS.get(word, KINDS["Any"]) for word in words]
            if parameter.kind == parameter.VAR_POSITIONAL:
                self.rest = name
            elif parameter.kind != parameter.KEYWORD_ONLY:
                self.positional.append(name)
                if parameter.default is parameter.empty:
                    self.required.append(name)
        self.needs_rest = self.rest in SIZES
        self.writes = "" if is_method else WRITES.get(public_name, "")
        self.no_out = is_method

    def mask(self, name) -> int:
        if name == "out" and (self.writes or self.no_out):
            return 0
        mask = 0
        for bits, _, _ in self.kinds[name]:
            mask |= bits
        if any("complex64" in types for types, _, _ in self.refused_types):
            mask &= ~COMPLEX
        return mask

    def type_bits(self) -> int:
        """The element types to look at, as bits of the engine's type numbers; the last bit for bfloat16."""
        bits = 0
        for types, _, _ in self.refused_types:
            for name in types:
                bits |= 1 << (31 if name == "bfloat16" else engines.cpu.to_engine_dtype(dtypes.ALL[name]).num)
        return bits

    def check_types(self, positional, named) -> None:
        """The error when the operands together have a type that the function refuses."""
        if not self.rest and (len(positional) > len(self.positional) or not named.keys() <= self.kinds.keys()):
            return  # the call itself says that there are too many arguments
        if any(name not in named for name in self.required[len(positional) :]):
            return  # or too few
        values = [value for name, value in zip(self.positional, positional) if name in OPERAND_NAMES]
        values += [value for name, value in named.items() if name in OPERAND_NAMES]
        values = [value for value in values if isinstance(value, (Tensor, bool, int, float, complex))]
        if any(isinstance(value, Tensor) for value in values):
            dtype = result_type(*values)
            for types, error, message in self.refused_types:
                if dtype.name in types:
                    raise error(message.format(dtypes.dtype_title(dtype)))


_plans: dict[Any, Plan] = {}


def _plan(checked) -> Plan:
    key = checked.__wrapped__, checked.__name__, checked.is_method
    plan = _plans.get(key)
    if plan is None:
        plan = _plans[key] = Plan(*key)
    return plan


def _prepare(checked):
    """What the native call wants to know: names, masks, how many are positional, the fewest, the mask of *args, ..."""
    plan = _plan(checked)
    names = plan.positional + [name for name in plan.kinds if name not in plan.positional and name != plan.rest]
    rest = plan.mask(plan.rest) if plan.rest else ANYTHING
    return (
        tuple([sys.intern(name) for name in names]),
        tuple([plan.mask(name) for name in names]),
        len(plan.positional),
        len(plan.positional) + 1 if plan.needs_rest else 0,
        rest,
        plan.type_bits(),
        refuse,
    )


def refuse(checked, args, kwargs):
    """The arguments with values converted where a parameter allows it; TypeError naming the first that does not fit.

    And, where out= is to be written here, the function that does so with the result; else None.
    """
    plan = _plan(checked)
    finish = None
    if "out" in kwargs:
        if plan.no_out:
            raise TypeError(f"{checked.__name__}() got an unexpected keyword argument 'out'")
        if plan.writes:
            out = kwargs.pop("out")
            if out is not None:
                finish = functools.partial(write_out, checked.__name__, plan.writes, kwargs.get("dtype"), out)
    if plan.needs_rest and len(args) <= len(plan.positional) and not kwargs.keys() & SIZES:
        raise TypeError(f"{checked.__name__}() missing 1 required positional argument: '{plan.rest}'")
    positional = []
    for i, value in enumerate(args):
        if i < len(plan.positional):
            positional.append(_converted(checked, plan, plan.positional[i], value, i))
        elif plan.needs_rest and i > len(plan.positional) and isinstance(value, bool):
            positional.append(int(value))  # as PyTorch, which looks at the first size
        elif plan.rest:
            positional.append(_converted(checked, plan, plan.rest, value, i))
        else:
            positional.append(value)
    named = {
        name: _converted(checked, plan, name, value, None) if name in plan.kinds else value
        for name, value in kwargs.items()
    }
    if plan.refused_types:
        plan.check_types(positional, named)
    return tuple(positional), named, finish


def _converted(checked, plan, name, value, position):
    kinds = plan.kinds[name]
    words, detail = [], type_name(value)
    for mask, word, convert in kinds:
        if mask & ANYTHING:
            return value
        if convert is None:
            if value is None:
                return None
            continue
        try:
            return convert(value)
        except Refused:
            words.append(word)
        except Element as error:
            words = [word]
            detail = f"{detail}: {error.text}"
        except Overflow as error:
            if name != plan.rest:
                raise
            words.append(word)
            detail = f"{detail}: {error}"
    place = "" if position is None else f" (position {position + (not checked.is_method)})"
    raise TypeError(f"{checked.__name__}(): argument '{name}'{place} must be {' or '.join(words)}, not {detail}")


def checked(function, name: str, owner: str = "", module: str = "rushlight", known_as: str = ""):
    """The function behind a check of its arguments; pickles know it as `name` of `owner`, messages and tables too,
    unless they know it by another name."""
    shortcut = function if isinstance(function, engines.Shortcut) else None
    call = engines.CheckedFunction(shortcut.__wrapped__ if shortcut else function, _prepare)
    call.is_method = bool(owner)
    inner = call.__wrapped__
    qualname = getattr(inner, "__qualname__", name)
    if "<locals>" in qualname or qualname.startswith("_") or qualname.endswith("_function"):
        inner.__qualname__ = known_as or name  # what Python's own errors about the number of arguments say
    calls = [call]
    if shortcut:  # the calls it knows need no check
        calls.append(shortcut.around(call))
        calls[1].__wrapped__ = call
    for each in calls:
        each.__name__ = known_as or name
        each.__qualname__ = f"{owner}.{name}" if owner else name
        each.__module__ = module
        each.__doc__ = function.__doc__
    return calls[-1]


engines.set_dtype_class(dtypes.DType)
