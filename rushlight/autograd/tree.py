"""Nested tuples, lists and dicts of values: taken apart, mapped, put together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any


def flatten(tree: Any) -> tuple[list, Any]:
    """(the leaves in order, what `unflatten` needs to put others in their places)."""
    if isinstance(tree, (dict, OrderedDict)):
        parts = [flatten(tree[key]) for key in tree]
        return [leaf for leaves, _ in parts for leaf in leaves], (type(tree), list(tree), [form for _, form in parts])
    if isinstance(tree, (tuple, list)):
        parts = [flatten(part) for part in tree]
        kind = type(tree)
        return [leaf for leaves, _ in parts for leaf in leaves], (kind, None, [form for _, form in parts])
    return [tree], None


def unflatten(leaves: list, form: Any) -> Any:
    """The tree of a form, with these leaves."""
    rest = iter(leaves)
    return _rebuilt(rest, form)


def _rebuilt(rest, form):
    if form is None:
        return next(rest)
    kind, keys, forms = form
    parts = [_rebuilt(rest, part) for part in forms]
    if keys is not None:
        return kind(zip(keys, parts))
    if hasattr(kind, "_fields"):  # a namedtuple
        return kind(*parts)
    return kind(parts)


def tree_map(function: Callable, tree: Any) -> Any:
    """The same tree with function(leaf) for every leaf."""
    leaves, form = flatten(tree)
    return unflatten([function(leaf) for leaf in leaves], form)
