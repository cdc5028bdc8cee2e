"""The demo's pictures, drawn with Pillow: a learning curve and a sheet of feature maps."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

_SCALE = 2  # drawn twice as large, then shrunk, for smooth lines
_INK, _GREY, _GRID, _PAPER = "#1c2430", "#667080", "#e4e8ee", "#ffffff"
_TRAIN, _TEST = "#8aa4c8", "#d1495b"


def _font(size: float) -> Any:
    return ImageFont.load_default(size=size * _SCALE)


def _png(image: Image.Image) -> bytes:
    small = image.resize((image.width // _SCALE, image.height // _SCALE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "PNG")
    return out.getvalue()


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers that cover low..high in about so many steps of 1, 2 or 5 times a power of ten."""
    raw = max(high - low, 1e-9) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, max(last, first + 1) + 1)]


class _Panel:
    """One chart: a box in pixels, its scales, and what is drawn into it."""

    def __init__(self, draw: Any, box: tuple[float, ...], xs: Sequence[float], ys: Sequence[float]) -> None:
        self.draw, self.box = draw, tuple(v * _SCALE for v in box)
        self.xs, self.ys = xs, ys

    def at(self, x: float, y: float) -> tuple[float, float]:
        left, top, right, bottom = self.box
        width = max(self.xs[-1] - self.xs[0], 1e-9)
        height = self.ys[-1] - self.ys[0]
        return (
            left + (x - self.xs[0]) / width * (right - left) if len(self.xs) > 1 else (left + right) / 2,
            bottom - (y - self.ys[0]) / height * (bottom - top),
        )

    def axes(self, title: str, x_labels: Sequence[float], form: str) -> None:
        left, top, right, bottom = self.box
        small = _font(11)
        for y in self.ys:
            _, at = self.at(self.xs[0], y)
            self.draw.line([(left, at), (right, at)], fill=_GRID, width=_SCALE)
            self.draw.text((left - 8 * _SCALE, at), form.format(y), font=small, fill=_GREY, anchor="rm")
        for x in x_labels:
            at, _ = self.at(x, self.ys[0])
            self.draw.text((at, bottom + 8 * _SCALE), f"{x:g}", font=small, fill=_GREY, anchor="mt")
        self.draw.line([(left, bottom), (right, bottom)], fill=_GREY, width=_SCALE)
        self.draw.text(((left + right) / 2, bottom + 26 * _SCALE), "epoch", font=small, fill=_GREY, anchor="mt")
        self.draw.text((left, top - 16 * _SCALE), title, font=_font(14), fill=_INK, anchor="ls")

    def curve(self, values: Sequence[float], colour: str) -> None:
        points = [self.at(x, min(max(y, self.ys[0]), self.ys[-1])) for x, y in zip(self.xs, values)]
        if len(points) > 1:
            self.draw.line(points, fill=colour, width=int(2.5 * _SCALE), joint="curve")
        for x, y in points:
            r = 2.6 * _SCALE
            self.draw.ellipse([x - r, y - r, x + r, y + r], fill=colour)


def _legend(draw: Any, right: float, y: float) -> None:
    at = right * _SCALE
    for name, colour in (("test", _TEST), ("train", _TRAIN)):
        font = _font(12)
        width = draw.textlength(name, font=font)
        draw.text((at - width, y * _SCALE), name, font=font, fill=_INK, anchor="ls")
        line = at - width - 8 * _SCALE
        middle = (y - 4) * _SCALE
        draw.line([(line - 18 * _SCALE, middle), (line, middle)], fill=colour, width=3 * _SCALE)
        at = line - 34 * _SCALE


def learning_curve(history: Sequence[dict[str, float]]) -> bytes:
    """PNG of loss and accuracy per epoch; rows have epoch, loss, accuracy, test_loss, test_accuracy (0..1)."""
    image = Image.new("RGB", (860 * _SCALE, 380 * _SCALE), _PAPER)
    draw = ImageDraw.Draw(image)
    epochs = [row["epoch"] for row in history]
    every = max(1, math.ceil(len(epochs) / 10))
    labels = [epoch for i, epoch in enumerate(epochs) if i % every == every - 1 or len(epochs) == 1]
    losses = [[row[key] for row in history] for key in ("loss", "test_loss")]
    high = max((v for v in losses[0] + losses[1] if math.isfinite(v)), default=1.0)
    left = _Panel(draw, (64, 84, 404, 316), epochs, _ticks(0.0, high, 5))
    left.axes("loss (cross-entropy)", labels, "{:g}")
    for values, colour in zip(losses, (_TRAIN, _TEST)):
        left.curve([v if math.isfinite(v) else high for v in values], colour)
    rates = [[100 * row[key] for row in history] for key in ("accuracy", "test_accuracy")]
    right = _Panel(draw, (492, 84, 832, 316), epochs, _ticks(min(rates[0] + rates[1]), 100.0, 5))
    right.axes("accuracy", labels, "{:g}%")
    for values, colour in zip(rates, (_TRAIN, _TEST)):
        right.curve(values, colour)
    _legend(draw, 832, 30)
    rate, epoch = 100 * history[-1]["test_accuracy"], history[-1]["epoch"]
    title = f"LeNet on handwritten digits: {rate:.1f}% of the test images right after epoch {epoch:g}"
    draw.text((64 * _SCALE, 30 * _SCALE), title, font=_font(15), fill=_INK, anchor="ls")
    return _png(image)


def _shade(value: int) -> tuple[int, int, int]:
    """A map from 0..255 to colours from near-black over blue and green to pale yellow."""
    stops = ((13, 17, 43), (38, 70, 131), (33, 145, 140), (122, 201, 98), (250, 236, 150))
    at = value / 255 * (len(stops) - 1)
    low = min(int(at), len(stops) - 2)
    part = at - low
    a, b = stops[low], stops[low + 1]
    return round(a[0] + (b[0] - a[0]) * part), round(a[1] + (b[1] - a[1]) * part), round(a[2] + (b[2] - a[2]) * part)


_SHADES = [_shade(value) for value in range(256)]


def _tile(values: bytes, side: int, size: int) -> Image.Image:
    """A square map as a picture of size x size, pixels kept sharp."""
    image = Image.new("RGB", (side, side))
    image.putdata([_SHADES[v] for v in values])
    return image.resize((size * _SCALE, size * _SCALE), Image.Resampling.NEAREST)


def feature_sheet(title: str, groups: Sequence[tuple[str, int, Sequence[bytes]]]) -> bytes:
    """PNG of maps in columns, left to right as the network computes them.

    `groups` holds (caption, side, maps); each map is side * side bytes, 0 dark to 255 bright.
    """
    layout = []
    x = 28
    for caption, side, maps in groups:
        columns = max(1, math.ceil(math.sqrt(len(maps) * 0.75)))
        rows = math.ceil(len(maps) / columns)
        gap = 6
        size = (300 - gap * (rows - 1)) // rows if len(maps) > 1 else 200
        layout.append((x, caption, side, maps, columns, size, gap))
        x += columns * (size + gap) - gap + 44
    image = Image.new("RGB", ((x - 44 + 28) * _SCALE, 420 * _SCALE), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((28 * _SCALE, 32 * _SCALE), title, font=_font(15), fill=_INK, anchor="ls")
    for left, caption, side, maps, columns, size, gap in layout:
        top = 88
        draw.text((left * _SCALE, 72 * _SCALE), caption, font=_font(12), fill=_GREY, anchor="ls")
        for index, values in enumerate(maps):
            at = (left + index % columns * (size + gap), top + index // columns * (size + gap))
            image.paste(_tile(values, side, size), (at[0] * _SCALE, at[1] * _SCALE))
    return _png(image)
