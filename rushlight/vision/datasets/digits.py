"""The handwritten digits that ship inside the package."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import resources
from typing import Any

import rushlight
from rushlight.creation import tensor

_MAGIC = b"OPTDIGI1"
_SIDE = 8
_PIXEL_MAX = 16
_TEST_EVERY = 6


def read_asset() -> tuple[bytes, bytes]:
    """(pixels, labels) of all images, in file order; the layout is told in tools/make_digits.py."""
    blob = (resources.files(__package__) / "assets" / "optdigits.bin").read_bytes()
    count = int.from_bytes(blob[8:12], "little")
    if blob[:8] != _MAGIC:
        raise RuntimeError("Digits: optdigits.bin does not start with OPTDIGI1; reinstall the package")
    body = zlib.decompress(blob[12:])
    pixels = count * _SIDE * _SIDE
    if len(body) != pixels + count:
        raise RuntimeError(f"Digits: optdigits.bin holds {len(body)} bytes, expected {pixels + count}")
    return body[:pixels], body[pixels:]


class Digits:
    """Handwritten digits: 1797 grey images of 8x8 pixels in ten classes, no download.

    Every sixth image (index 5, 11, 17, ...) is the test set: 1498 images to train on, 299 to test, all 13 writers
    in both. Items are `(image, label)`, the label an int. Without `transform` the image is a PIL image of mode "L"
    (0 black to 255 white) where Pillow is installed, else a uint8 tensor (8, 8); `transform` receives that image.

    Attributes: data, uint8 tensor (N, 8, 8) with the original values 0..16; targets, int64 tensor (N,); classes.
    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    1998, https://doi.org/10.24432/C50P49, CC BY 4.0.
    Example:
        >>> len(Digits(train=True)), len(Digits(train=False))
        (1498, 299)
    """

    classes = [str(digit) for digit in range(10)]

    def __init__(
        self,
        root: Any = None,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> None:
        self.root = root  # torchvision's first argument; the images are in the package, so it is not used
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        pixels, labels = read_asset()
        keep = [i for i in range(len(labels)) if (i % _TEST_EVERY == _TEST_EVERY - 1) != train]
        size = _SIDE * _SIDE
        self._pixels = b"".join(pixels[i * size : (i + 1) * size] for i in keep)
        chosen = bytes(labels[i] for i in keep)
        self.data = tensor(list(self._pixels), dtype=rushlight.uint8).reshape(len(keep), _SIDE, _SIDE)
        self.targets = tensor(list(chosen), dtype=rushlight.int64)
        self._labels = chosen

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        index = int(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"Digits: index {index} is out of range for {len(self)} images")
        index %= len(self)
        image: Any = self._image(index)
        label: Any = self._labels[index]
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def _image(self, index: int) -> Any:
        size = _SIDE * _SIDE
        grey = bytes(round(v * 255 / _PIXEL_MAX) for v in self._pixels[index * size : (index + 1) * size])
        try:
            from PIL import Image
        except ImportError:
            return tensor(list(grey), dtype=rushlight.uint8).reshape(_SIDE, _SIDE)
        return Image.frombytes("L", (_SIDE, _SIDE), grey)

    def __repr__(self) -> str:
        return f"Dataset Digits\n    Number of datapoints: {len(self)}\n    Split: {'Train' if self.train else 'Test'}"
