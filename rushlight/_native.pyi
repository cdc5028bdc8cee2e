"""The extension module (native/). Its functions take arrays and check them themselves."""

from typing import Any

class TensorRecord:
    """The fields every tensor has (rushlight/tensor.py says what they mean)."""

    _array: Any
    _node: Any
    _nr: Any
    _rg: Any
    _grad: Any
    _view: Any
    _seen: Any
    _cell: Any
    _hooks: Any

class Shortcut:
    """A Python function whose commonest calls go straight to ops (native/runtime/shortcuts.cpp)."""

    def __init__(self, kind: str, function: Any, op: Any, op2: Any = ..., op3: Any = ...) -> None: ...
    def around(self, function: Any) -> Shortcut: ...
    def __getattr__(self, name: str) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

class NodeRecord:
    """The fields every tape node has (rushlight/autograd/graph.py says what they mean)."""

    seq: Any
    next: Any
    ctx: Any
    extra_shapes: Any
    num_outputs: Any
    output_metas: Any
    pre_hooks: Any
    post_hooks: Any
    tensor_hooks: Any
    retained: Any
    display_name: Any
    special: Any

def __getattr__(name: str) -> Any: ...
