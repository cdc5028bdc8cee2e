"""Every differentiable op: forward, shape rule, backward, by family.

Importing this package defines the ops (autograd.op.primitives) and the public functions and methods made from them.
"""

import importlib

FAMILIES = (
    "promote elementwise special shape permute copying slicing joining rearrange reduce "
    "index gather index_select masked compare sorting complex_parts linalg addmm contraction conv padding pool norm "
    "softmax statistics factor lu solve matrix_functions distances windows activation loss noise sampling "
    "view_copies inplace_functions"
).split()

for _family in FAMILIES:
    importlib.import_module(f".{_family}", __name__)
