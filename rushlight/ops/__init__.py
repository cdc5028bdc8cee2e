"""Every differentiable op: forward, shape rule, backward, by family.

Importing this package defines the ops (autograd.op.primitives) and the public functions and methods made from them.
"""

import importlib

from ..tensor import install_methods

FAMILIES = (
    "promote elementwise special shape permute copying slicing joining rearrange reduce "
    "index gather index_select masked compare sorting complex_parts linalg addmm contraction conv padding pool norm "
    "softmax statistics factor lu solve matrix_functions distances windows activation loss noise sampling "
    "view_copies inplace_functions"
).split()

# Families that are imported when one of their names is first used: (functions, methods of Tensor).
LATE = {
    "signal": ("stft istft", "stft istft"),
}
LATE_FUNCTIONS = {name: family for family, (functions, _) in LATE.items() for name in functions.split()}
LATE_METHODS = {name: family for family, (_, methods) in LATE.items() for name in methods.split()}

for _family in FAMILIES:
    importlib.import_module(f".{_family}", __name__)


def load(family: str) -> None:
    """Import a late family and give Tensor its methods."""
    importlib.import_module(f".{family}", __name__)
    install_methods(LATE[family][1].split())


def load_all() -> None:
    """Import all late families: PUBLIC and METHODS are complete."""
    for family in LATE:
        load(family)
