"""All parameters as one vector, and back."""

from __future__ import annotations

from ...ops.joining import cat
from ...tensor import Tensor


def parameters_to_vector(parameters):
    """The values of all parameters one after the other, as a 1-d tensor (recorded by autograd)."""
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec, parameters) -> None:
    """Make consecutive parts of `vec` the data of the parameters; they share its memory from then on.

    Errors: TypeError if `vec` is no tensor.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for p in parameters:
        end = start + p.numel()
        p.data = vec[start:end].view(p.shape).data
        start = end
