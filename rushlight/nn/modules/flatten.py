"""Flatten and Unflatten: join and split dimensions between layers."""

from .module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Join dimensions `start_dim` to `end_dim` into one; by default everything but the batch.

    Shapes: input (*, d_start, ..., d_end, *), output (*, d_start * ... * d_end, *).
    """

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input):
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split dimension `dim` into `unflattened_size` (one entry may be -1).

    Shapes: input (*, d, *), output (*, *unflattened_size, *) with d the product of `unflattened_size`.
    Errors: TypeError unless `unflattened_size` is a tuple or list of ints.
    """

    def __init__(self, dim, unflattened_size):
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                f"unflattened_size must be a tuple of ints, but found type {type(unflattened_size).__name__}"
            )
        for position, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    f"unflattened_size must be tuple of ints, but found element of type {type(size).__name__} at pos "
                    f"{position}"
                )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input):
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
