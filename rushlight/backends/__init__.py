"""Switches that torch code sets: `backends.cudnn.benchmark = True` and its like are kept and read back."""

from . import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
