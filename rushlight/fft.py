"""Fourier transforms under the names of torch.fft. The functions stand in rushlight/ops/fourier.py."""

from .arguments import checked
from .ops import fourier

__all__ = """fft fft2 fftfreq fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ihfft ihfft2 ihfftn irfft irfft2
irfftn rfft rfft2 rfftfreq rfftn""".split()

globals().update({name: checked(getattr(fourier, name), f"fft_{name}", module="rushlight.fft") for name in __all__})
