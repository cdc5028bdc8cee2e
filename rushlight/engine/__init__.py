"""What arrays can do, by engine: `interface` lists the primitives, `cpu` has them on NumPy and native kernels."""

from .._native import NodeRecord, TensorRecord, set_operators, set_tensor_class, wrap
from . import cpu

is_array = cpu.is_array

__all__ = ["NodeRecord", "TensorRecord", "cpu", "is_array", "set_operators", "set_tensor_class", "wrap"]
