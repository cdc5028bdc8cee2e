"""`rushlight summary`: a table of a model's layers."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
from pathlib import Path
from typing import Any

from rushlight.cli import UsageError


def find(spec: str) -> Any:
    """The object that MODULE:NAME or FILE.py:NAME names; modules of rushlight may be given without its name."""
    place, colon, name = spec.rpartition(":")
    if not colon or not place or not name:
        raise UsageError(f"MODEL must look like module:Name or file.py:Name, got {spec!r}")
    if place.endswith(".py"):
        path = Path(place)
        if not path.is_file():
            raise UsageError(f"no file {place}")
        module_spec = importlib.util.spec_from_file_location(path.stem, path)
        assert module_spec is not None and module_spec.loader is not None
        module = importlib.util.module_from_spec(module_spec)
        module_spec.loader.exec_module(module)
    else:
        module = _module(place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(f"{place} has no {part!r}")
        found = getattr(found, part)
    return found


def _module(place: str) -> Any:
    for full in (f"rushlight.{place}", place):
        try:
            return importlib.import_module(full)
        except ModuleNotFoundError as error:
            if error.name is None or not (full == error.name or full.startswith(error.name + ".")):
                raise
    raise UsageError(f"no module {place!r}")


def _size(text: str) -> tuple[int, ...]:
    try:
        size = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected integers like 1,3,32,32, got {text!r}") from None
    if any(n < 0 for n in size):
        raise argparse.ArgumentTypeError(f"sizes must not be negative, got {text!r}")
    return size


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="rushlight summary", description="Print a model's layers.")
    parser.add_argument("model", metavar="MODEL", help="module:Name or file.py:Name, e.g. vision.models:LeNet")
    parser.add_argument(
        "--input-size", type=_size, default=(1, 3, 32, 32), metavar="N,C,H,W", help="batch included (default 1,3,32,32)"
    )
    parser.add_argument("--set", type=_setting, action="append", default=[], metavar="NAME=VALUE", dest="settings",
                        help="an argument of the model, e.g. num_classes=100; may be repeated")  # fmt: skip
    args = parser.parse_args(argv)
    model = find(args.model)

    import rushlight
    from rushlight.explain import summary

    if not isinstance(model, rushlight.nn.Module):
        try:
            model = model(**dict(args.settings))
        except TypeError as error:
            raise UsageError(f"cannot build {args.model}: {error}") from None
    if not isinstance(model, rushlight.nn.Module):
        raise UsageError(f"{args.model} is a {type(model).__name__}, not a module")
    try:
        print(summary(model, args.input_size))
    except (RuntimeError, ValueError, IndexError) as error:
        raise UsageError(f"the model does not accept input {args.input_size}: {error}") from None
    return 0
