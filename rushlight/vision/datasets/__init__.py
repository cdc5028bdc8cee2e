"""Data sets under torchvision's names, and those that ship inside the package."""

from rushlight.vision.datasets.digits import Digits as Digits
