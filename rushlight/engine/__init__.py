"""What arrays can do; one module per engine. `interface` lists the primitives, `cpu` has them on NumPy and native kernels."""

from . import cpu

is_array = cpu.is_array

__all__ = ["cpu", "is_array"]
