"""Every differentiable op: forward, shape rule, backward, by family.

Importing this package defines the ops (autograd.op.primitives) and the public functions and methods made from them.
"""

import importlib

from ..tensor import install_methods

FAMILIES = (
    "promote elementwise clamping combining special shape permute copying slicing joining rearrange reduce "
    "index gather index_select masked compare sorting complex_parts linalg addmm contraction conv padding pool norm "
    "softmax statistics distances activation loss noise sampling inplace_functions"
).split()

# Families that are imported when one of their names is first used: (functions, methods of Tensor).
LATE = {
    "factor": ("cholesky qr svd", "cholesky qr svd"),
    "lu": ("lu lu_solve lu_unpack", "lu lu_solve"),
    "solve": (
        "cholesky_inverse cholesky_solve det inverse logdet pinverse slogdet triangular_solve",
        "cholesky_inverse cholesky_solve det inverse logdet pinverse slogdet triangular_solve",
    ),
    "matrix_functions": (
        "cross frobenius_norm matrix_exp matrix_power nuclear_norm orgqr vander",
        "cross matrix_exp matrix_power orgqr",
    ),
    "differences": ("gradient", ""),
    "lowrank": ("pca_lowrank svd_lowrank", ""),
    "histogram": ("histogram histogramdd", "histogram"),
    "tensor_details": (
        "resize_as_",
        """__reversed__ const_data_ptr dim_order is_distributed is_set_to map2_ map_ new_empty_strided polygamma_
        resize_as_ to_dense""",
    ),
    "special_functions": ("frexp igamma igammac", "frexp igamma igamma_ igammac igammac_"),
    "signal": ("stft istft", "stft istft"),
    "windows": ("bartlett_window blackman_window hamming_window hann_window kaiser_window", ""),
    "view_copies": (
        """alias_copy as_strided_copy detach_copy diagonal_copy expand_copy permute_copy select_copy slice_copy
        split_copy split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsqueeze_copy
        view_as_complex_copy view_as_real_copy view_copy""",
        "",
    ),
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
