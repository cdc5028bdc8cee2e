"""What arrays can do, by engine: `interface` lists the primitives, `cpu` has them on NumPy and native kernels."""

from .._native import (
    CheckedFunction,
    GradMode,
    NodeRecord,
    OpRecord,
    Shortcut,
    TensorRecord,
    accumulate_grad,
    differentiate,
    edge_of,
    next_seq,
    one_like,
    run_backward,
    set_autograd_helpers,
    set_dtype_class,
    set_module_class,
    set_module_slots,
    set_operators,
    set_size_class,
    set_tensor_class,
    shape_of,
    wrap,
)
from . import cpu

is_array = cpu.is_array

__all__ = """CheckedFunction GradMode NodeRecord OpRecord TensorRecord Shortcut accumulate_grad cpu differentiate
edge_of is_array next_seq one_like run_backward set_autograd_helpers set_dtype_class set_module_class set_module_slots
set_operators set_size_class set_tensor_class shape_of wrap""".split()
