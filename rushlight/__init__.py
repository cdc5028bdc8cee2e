"""rushlight: torch.nn without the weight.

    import rushlight as torch
    from rushlight import nn

The names of `torch`, on CPU kernels of our own. Submodules (`nn`, `optim`, `utils`, ...) load on first use.
"""

from __future__ import annotations

import importlib

from . import devices as _devices
from . import dtypes as _dtypes
from . import layouts as _layouts
from .autograd.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .autograd.op import PUBLIC as _PUBLIC
from .devices import device
from .dtypes import DType as dtype
from .dtypes import FInfo as finfo
from .dtypes import IInfo as iinfo
from .dtypes import get_default_dtype, promote_types, set_default_dtype
from .layouts import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    sparse_coo,
    strided,
)
from .size import Size
from .tensor import Tensor, complete_class

from . import ops as _ops  # isort: skip  (defines the ops; needs Tensor)
from . import creation as _creation  # isort: skip
from .arguments import checked as _checked  # isort: skip
from .queries import *  # noqa: F403  isort: skip
from math import e, inf, nan, pi  # isort: skip
from .version import __version__

globals().update(_dtypes.ALL)
globals().update(_dtypes.ALIASES)
globals().update({_name: _checked(_function, _name) for _name, _function in _PUBLIC.items()})
globals().update(_creation.LEGACY_TYPES)
complete_class(_ops.LATE_METHODS)

newaxis = None

_SUBMODULES = frozenset(
    "amp autograd backends compat compiler cli explain fft func linalg nn ops optim random serialization signal "
    "special testing utils version vision memory printing threads cuda cpu".split()
)
_LAZY = {
    name: module
    for module, names in {
        "random": "manual_seed seed initial_seed get_rng_state set_rng_state default_generator Generator fork_rng",
        "printing": "set_printoptions get_printoptions",
        "compiler": "compile",
        "serialization": "save load",
        "threads": "set_num_threads get_num_threads set_num_interop_threads get_num_interop_threads",
        "memory": "memory_stats empty_cache set_memory_cap OutOfMemoryError",
        "amp": "autocast get_autocast_dtype is_autocast_enabled",
        "autograd.vmap": "vmap",
        "autograd.anomaly": "is_anomaly_check_nan_enabled is_anomaly_enabled set_anomaly_enabled",
        "layers": """batch_norm binary_cross_entropy_with_logits constant_pad_nd convolution cosine_embedding_loss
            group_norm hinge_embedding_loss instance_norm kl_div layer_norm margin_ranking_loss norm_except_dim
            poisson_nll_loss rms_norm triplet_margin_loss""",
        "settings": """are_deterministic_algorithms_enabled get_default_device get_deterministic_debug_mode
            get_file_path get_float32_matmul_precision is_deterministic_algorithms_warn_only_enabled
            is_warn_always_enabled set_default_device set_deterministic_debug_mode set_float32_matmul_precision
            set_flush_denormal set_warn_always typename use_deterministic_algorithms""",
    }.items()
    for name in names.split()
}


def __getattr__(name):
    """Submodules, and functions of modules that most scripts do not touch."""
    if name in _LAZY:
        value = getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
    elif name in _ops.LATE_FUNCTIONS:
        _ops.load(_ops.LATE_FUNCTIONS[name])
        value = _checked(_PUBLIC[name], name)
    elif name in _SUBMODULES or name == "__config__":
        return importlib.import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module 'rushlight' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(_LAZY) | set(_ops.LATE_FUNCTIONS) | _SUBMODULES)
