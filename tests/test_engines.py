"""Every engine provides exactly the primitives of engine/interface.py, under the same names and parameters."""

from __future__ import annotations

import importlib
import inspect

import pytest

from rushlight.engine.interface import INTERFACE

ENGINES = ["cpu"]
ROWS = [(family, name) for family, rows in INTERFACE.items() for name in rows]


def parameters(text: str) -> list[str]:
    """Parameter names of 'a, *, axis, keepdims=False'."""
    return [part.split("=")[0].strip() for part in text.split(",") if part.strip() not in ("*", "")]


@pytest.mark.parametrize("engine", ENGINES)
def test_families(engine):
    assert list(importlib.import_module(f"rushlight.engine.{engine}").FAMILIES) == list(INTERFACE)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("family", INTERFACE)
def test_names(engine, family):
    module = importlib.import_module(f"rushlight.engine.{engine}.{family}")
    assert sorted(module.__all__) == sorted(INTERFACE[family])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("family", "name"), ROWS)
def test_parameters(engine, family, name):
    """Python functions take the listed parameters; C functions say theirs when called wrongly, in their own tests."""
    function = getattr(importlib.import_module(f"rushlight.engine.{engine}"), name)
    assert callable(function)
    signature, meaning = INTERFACE[family][name]
    assert meaning
    if inspect.isbuiltin(function):
        return
    given = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in given):
        return  # made from a table of NumPy functions, any number of inputs
    assert [p.name for p in given] == [word.lstrip("*") for word in parameters(signature)]
    for parameter in given:
        by_name = parameter.kind is parameter.KEYWORD_ONLY
        after_star = ", *, " in f", {signature}" and parameter.name in parameters(f", {signature}".split(", *, ", 1)[1])
        assert by_name == after_star, parameter.name
