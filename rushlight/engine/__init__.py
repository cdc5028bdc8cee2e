"""What arrays can do, by engine: `interface` lists the primitives, `cpu` has them on NumPy and native kernels."""

from .._native import (
    GradMode,
    NodeRecord,
    OpRecord,
    TensorRecord,
    edge_of,
    next_seq,
    set_autograd_helpers,
    set_operators,
    set_tensor_class,
    wrap,
)
from . import cpu

is_array = cpu.is_array

__all__ = """GradMode NodeRecord OpRecord TensorRecord cpu edge_of is_array next_seq set_autograd_helpers set_operators
set_tensor_class wrap""".split()
