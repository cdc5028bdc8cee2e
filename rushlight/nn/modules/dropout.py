"""Dropout layers: in training they drop, after `eval()` they hand their input through."""

from __future__ import annotations

from .. import functional as F
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _DropoutNd(Module):
    """What the dropout layers share: the probability `p` and the flag `inplace`."""

    __constants__ = ["p", "inplace"]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Zero each element with probability p and scale the others by 1 / (1 - p); a new mask at every call.

    Shapes: any, output as input. Errors: ValueError for p outside [0, 1].
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    Example:
        >>> import rushlight
        >>> bool(Dropout(p=1.0)(rushlight.ones(3)).any())
        False
    """

    def forward(self, input):
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """Zero whole channels with probability p: neighbours on a map are alike, so single elements would not drop much.

    Shapes: (N, C, L) or (C, L), output as input.
    Errors: ValueError for p outside [0, 1]; RuntimeError for other numbers of dimensions.
    Source: Tompson et al. 2015, arXiv:1411.4280.
    """

    def forward(self, input):
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """Zero whole channels with probability p.

    Shapes: (N, C, H, W), output as input; (N, C, L) with a warning. Errors: ValueError for p outside [0, 1].
    Source: Tompson et al. 2015, arXiv:1411.4280.
    """

    def forward(self, input):
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """Zero whole channels with probability p.

    Shapes: (N, C, D, H, W) or (C, D, H, W), output as input. Errors: ValueError for p outside [0, 1].
    Source: Tompson et al. 2015, arXiv:1411.4280.
    """

    def forward(self, input):
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout for SELU networks: keeps mean 0 and standard deviation 1.

    Dropped elements become -s, s = 1.7580993408473766; then a * x + a * p * s, a = 1 / sqrt((1 - p) * (1 + p * s^2)).

    Shapes: any, output as input. Errors: ValueError for p outside [0, 1].
    Source: Klambauer et al. 2017, arXiv:1706.02515.
    """

    def forward(self, input):
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels.

    Shapes: (N, C, ...), output as input. Errors: ValueError for p outside [0, 1].
    """

    def forward(self, input):
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
