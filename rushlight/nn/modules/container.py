"""Sequential, ModuleList, ModuleDict: modules that hold modules (those for parameters: `parameter_container`)."""

import operator
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from itertools import chain, groupby

from .module import Module, _addindent
from .parameter_container import ParameterDict, ParameterList

__all__ = ["Container", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


def _position(index, length):
    """`index` counted from the front; TypeError unless it is an integer, IndexError outside [-length, length)."""
    index = operator.index(index)
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of range")
    return index % length if length else index


def _without_digits(names):
    return [name for name in names if not name.isdigit()]


class Container(Module):
    """Modules given by keyword. Deprecated: subclass Module."""

    def __init__(self, **kwargs):
        super().__init__()
        warnings.warn(
            "`nn.Container` is deprecated. All of its functionality is now implemented in `nn.Module`. Subclass that "
            "instead.",
            FutureWarning,
            stacklevel=2,
        )
        for name, module in kwargs.items():
            self.add_module(name, module)


class Sequential(Module):
    """Modules applied one after another, each to the output of the one before.

    Takes modules (named '0', '1', ...) or one OrderedDict of names to modules. Indexing, slicing, `del`, `append`,
    `insert`, `extend`, `pop`, `+` and `*` work as on a list; slices are Sequentials that keep their names.

    Errors: TypeError for anything that is no Module; IndexError outside the range.
    Example:
        >>> Sequential(Module(), Module())[-1]
        Module()
    """

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            named = args[0].items()
        else:
            named = ((str(i), module) for i, module in enumerate(args))
        for name, module in named:
            self.add_module(name, module)

    def forward(self, input):
        for module in self._modules.values():
            input = module(input)
        return input

    def _name_at(self, index):
        return list(self._modules)[_position(index, len(self))]

    def _renumber(self, modules):
        """Hold exactly `modules`, named by position; in place, since the table may be referred to."""
        modules = list(modules)
        self._modules.clear()
        self._modules.update((str(i), module) for i, module in enumerate(modules))

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, idx):
        if isinstance(idx, slice):
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        return self._modules[self._name_at(idx)]

    def __setitem__(self, idx, module):
        setattr(self, self._name_at(idx), module)

    def __delitem__(self, idx):
        for name in list(self._modules)[idx] if isinstance(idx, slice) else [self._name_at(idx)]:
            delattr(self, name)
        self._renumber(self._modules.values())

    def pop(self, key):
        """Remove and return the module (or slice of modules) at `key`."""
        value = self[key]
        del self[key]
        return value

    def append(self, module):
        """Add `module` at the end; returns self."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index, module):
        """Put `module` before position `index`; returns self."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def extend(self, sequential):
        """Add every module of an iterable at the end; returns self."""
        for module in list(sequential):
            self.append(module)
        return self

    def __add__(self, other):
        self._check_sequential(other)
        return Sequential(*self, *other)

    def __iadd__(self, other):
        self._check_sequential(other)
        return self.extend(other)

    def _check_sequential(self, other):
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")

    def _check_factor(self, other):
        if not isinstance(other, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(other)}")
        if other <= 0:
            raise ValueError(f"Non-positive multiplication factor {other} for {type(self)}")

    def __mul__(self, other):
        self._check_factor(other)
        return Sequential(*list(self) * other)

    __rmul__ = __mul__

    def __imul__(self, other):
        self._check_factor(other)
        return self.extend(list(self) * (other - 1))

    def __dir__(self):
        return _without_digits(super().__dir__())


class ModuleList(Module):
    """A list of registered modules, without a forward of its own.

    Indexing, slicing, `append`, `extend`, `insert`, `pop`, `del`, `+` and `+=` work as on a list.

    Errors: TypeError for anything that is no Module, and from `extend` for anything that cannot be iterated.
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _get_abs_string_index(self, idx):
        return str(_position(idx, len(self)))

    def _renumber(self, modules):
        modules = list(modules)
        self._modules.clear()
        self._modules.update((str(i), module) for i, module in enumerate(modules))

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, idx):
        if isinstance(idx, slice):
            return type(self)(list(self._modules.values())[idx])
        return self._modules[self._get_abs_string_index(idx)]

    def __setitem__(self, idx, module):
        setattr(self, self._get_abs_string_index(idx), module)

    def __delitem__(self, idx):
        modules = list(self._modules.values())
        del modules[idx if isinstance(idx, slice) else _position(idx, len(self))]
        self._renumber(modules)

    def append(self, module):
        """Add `module` at the end; returns self."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules):
        """Add every module of an iterable at the end; returns self."""
        if not isinstance(modules, Iterable):
            raise TypeError(f"ModuleList.extend should be called with an iterable, but got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index, module):
        """Put `module` before position `index`."""
        modules = list(self._modules.values())
        modules.insert(index, module)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._renumber(modules)

    def pop(self, key):
        """Remove and return the module (or slice of modules) at `key`."""
        value = self[key]
        del self[key]
        return value

    def __add__(self, other):
        return type(self)(chain(self, other))

    def __iadd__(self, modules):
        return self.extend(modules)

    def __dir__(self):
        return _without_digits(super().__dir__())

    def __repr__(self):
        """As any module, with neighbours that print alike folded into one line: `(0-2): 3 x ReLU()`."""
        lines = []
        first = 0
        for text, run in groupby(map(repr, self)):
            count = len(list(run))
            where = f"({first})" if count == 1 else f"({first}-{first + count - 1})"
            times = "" if count == 1 else f"{count} x "
            lines.append(_addindent(f"{where}: {times}{text}", 2))
            first += count
        return f"{self._get_name()}(" + ("\n  " + "\n  ".join(lines) + "\n" if lines else "") + ")"


class ModuleDict(Module):
    """A dict of registered modules, in insertion order, from a mapping or from pairs; keys are strings.

    Errors: TypeError for a key that is no string or a value that is no Module; KeyError for a missing key.
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key):
        return self._modules[key]

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __delitem__(self, key):
        del self._modules[key]

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key):
        return key in self._modules

    def clear(self):
        """Remove every module."""
        self._modules.clear()

    def pop(self, key):
        """Remove the module at `key` and return it (the module alone)."""
        return self._modules.pop(key)

    def keys(self):
        """The names."""
        return self._modules.keys()

    def items(self):
        """(name, module) pairs."""
        return self._modules.items()

    def values(self):
        """The modules."""
        return self._modules.values()

    def update(self, modules):
        """Add or replace modules from a mapping, another ModuleDict, or an iterable of pairs."""
        for key, module in _pairs(modules, "ModuleDict", "ModuleDict"):
            self[key] = module


def _pairs(source, kind, title):
    """The (key, value) pairs of a mapping, of a container with `items`, or of an iterable of pairs."""
    if isinstance(source, (Mapping, ModuleDict, ParameterDict)):
        return list(source.items())
    if not isinstance(source, Iterable):
        raise TypeError(
            f"{title}.update should be called with an iterable of key/value pairs, but got {type(source).__name__}"
        )
    return [_pair(i, item, kind) for i, item in enumerate(source)]


def _pair(position, item, kind):
    if not isinstance(item, Iterable):
        raise TypeError(f"{kind} update sequence element #{position} should be Iterable; is {type(item).__name__}")
    pair = tuple(item)
    if len(pair) != 2:
        raise ValueError(f"{kind} update sequence element #{position} has length {len(pair)}; 2 is required")
    return pair
