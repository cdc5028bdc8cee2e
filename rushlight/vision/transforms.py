"""Steps between a data set's pictures and a network's tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import rushlight

__all__ = ["Compose", "Lambda", "Normalize", "ToTensor"]


class Compose:
    """Apply `transforms` one after another."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for step in self.transforms:
            img = step(img)
        return img

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *(f"    {step}" for step in self.transforms), ")"])


class ToTensor:
    """A picture as a float32 tensor (C, H, W): PIL images and uint8 arrays (H, W, C) or (H, W) divided by 255.

    Arrays of other types keep their values. Errors: TypeError for anything else; ValueError for other than 2 or 3 axes.
    """

    def __call__(self, pic: Any) -> Any:
        if hasattr(pic, "getbands"):  # a PIL image
            mode = {"1": "L", "P": "RGB"}.get(pic.mode, pic.mode)
            if mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"):
                raise TypeError(f"ToTensor: PIL images of mode {pic.mode!r} are not supported; convert to 'L' or 'RGB'")
            pic = pic.convert(mode)
            data = rushlight.frombuffer(bytearray(pic.tobytes()), dtype=rushlight.uint8)
            pixels = data.reshape(pic.height, pic.width, len(pic.getbands()))
        elif isinstance(pic, rushlight.Tensor):
            pixels = pic
        elif hasattr(pic, "__array__") and hasattr(pic, "dtype"):
            pixels = rushlight.from_numpy(pic)
        else:
            raise TypeError(f"ToTensor: expected a PIL image or an array, got {type(pic).__name__}")
        if pixels.dim() not in (2, 3):
            raise ValueError(f"ToTensor: expected 2 or 3 axes, got shape {tuple(pixels.shape)}")
        if pixels.dim() == 2:
            pixels = pixels.unsqueeze(2)
        pixels = pixels.permute(2, 0, 1).contiguous()
        return pixels.to(rushlight.float32) / 255 if pixels.dtype == rushlight.uint8 else pixels

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize:
    """(x - mean) / std per channel of (..., C, H, W). Errors: ValueError for a std of 0, TypeError for integers."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def __call__(self, tensor: Any) -> Any:
        if not (isinstance(tensor, rushlight.Tensor) and tensor.is_floating_point()):
            raise TypeError("Normalize: expected a floating-point tensor; put ToTensor before it")
        if tensor.dim() < 3:
            raise ValueError(f"Normalize: expected (..., C, H, W), got shape {tuple(tensor.shape)}")
        if 0 in self.std:
            raise ValueError(f"Normalize: std {self.std} holds a zero, which would divide by zero")
        mean = rushlight.as_tensor(list(self.mean), dtype=tensor.dtype).reshape(-1, 1, 1)
        std = rushlight.as_tensor(list(self.std), dtype=tensor.dtype).reshape(-1, 1, 1)
        if self.inplace:
            tensor -= mean
            tensor /= std
            return tensor
        return (tensor - mean) / std

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Lambda:
    """Any function as a step."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"
