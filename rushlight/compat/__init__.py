"""Makes `import torch` and `import torchvision` resolve to rushlight, whether or not the real ones are installed.

    import rushlight.compat
    rushlight.compat.install()
    import torch.nn.functional as F           # the very module rushlight.nn.functional

`rushlight run script.py` does this before it runs a script.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

ALIASES = {"torch": "rushlight", "torchvision": "rushlight.vision"}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for torch, torchvision and everything below them with rushlight's module objects."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        root, dot, rest = fullname.partition(".")
        if root not in ALIASES:
            return None
        real = ALIASES[root] + dot + rest
        try:
            found = importlib.util.find_spec(real)
        except ModuleNotFoundError:
            found = None
        if found is None:
            # Answering None would let other finders look for the real package's modules inside of ours.
            raise ModuleNotFoundError(f"No module named {fullname!r}: rushlight has no {real}", name=fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=found.submodule_search_locations is not None)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        root, dot, rest = spec.name.partition(".")
        module = importlib.import_module(ALIASES[root] + dot + rest)
        self._own = (module, module.__spec__)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module has run under its own name; give it back its own spec, which the import system replaced."""
        own, spec = self._own
        if own is module:
            module.__spec__ = spec


_finder = _Finder()


def _loaded(name: str) -> list[str]:
    return [module for module in sys.modules if module == name or module.startswith(name + ".")]


def install() -> None:
    """Put the aliases in place; does nothing when they are.

    Errors: RuntimeError when the real torch or torchvision is already imported, since code may hold its objects.
    """
    if _finder in sys.meta_path:
        return
    for name, real in ALIASES.items():
        if name in sys.modules and sys.modules[name] is not sys.modules.get(real):
            raise RuntimeError(f"compat.install: {name} is already imported; install the aliases before importing it")
    sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Take the aliases away; modules that imported them keep what they have."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for name in ALIASES:
        for module in _loaded(name):
            del sys.modules[module]


class installed:  # noqa: N801  (reads as `with compat.installed():`)
    """The aliases inside a `with` block."""

    def __enter__(self) -> installed:
        install()
        return self

    def __exit__(self, *error: Any) -> None:
        uninstall()
