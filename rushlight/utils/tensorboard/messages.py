"""The messages inside an event file, built field by field.

Field numbers are those of TensorBoard's public .proto files (event, summary, histogram, tensor, graph, hparams).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rushlight.utils.tensorboard.wire import block, double, doubles, integer, single

_DT_FLOAT, _DT_STRING = 1, 7


def event(wall_time: float, step: int | None = None, *, version: str = "", graph: bytes = b"", summary: bytes = b""):
    """Event: one record of the file."""
    out = double(1, wall_time)
    if step is not None:
        out += integer(2, step)
    if version:
        out += block(3, version)
    if graph:
        out += block(4, graph)
    if summary:
        out += block(5, summary)
    return out


def session_start(wall_time: float, step: int) -> bytes:
    """The event that tells readers to drop everything at or after `step` (purge_step)."""
    return event(wall_time, step) + block(7, integer(1, 1))


def _value(tag: str, body: bytes, metadata: bytes = b"") -> bytes:
    return block(1, block(1, tag) + body + (block(9, metadata) if metadata else b""))


def plugin(name: str, content: bytes = b"") -> bytes:
    """SummaryMetadata naming the TensorBoard plugin that shows the value."""
    return block(1, block(1, name) + (block(2, content) if content else b""))


def scalar(tag: str, value: float) -> bytes:
    return _value(tag, single(2, value))


def scalar_tensor(tag: str, value: float, double_precision: bool) -> bytes:
    """The newer form of a scalar: a 0-d tensor for the scalars plugin."""
    tensor = integer(1, 2) + double(6, value) if double_precision else integer(1, _DT_FLOAT) + single(5, value)
    return _value(tag, block(8, tensor), plugin("scalars"))


def image(tag: str, height: int, width: int, channels: int, encoded: bytes) -> bytes:
    return _value(tag, block(4, integer(1, height) + integer(2, width) + integer(3, channels) + block(4, encoded)))


def audio(tag: str, rate: float, channels: int, frames: int, encoded: bytes) -> bytes:
    body = single(1, rate) + integer(2, channels) + integer(3, frames) + block(4, encoded) + block(5, "audio/wav")
    return _value(tag, block(6, body))


def text(tag: str, value: str) -> bytes:
    """A string tensor of shape (1,) for the text plugin."""
    tensor = integer(1, _DT_STRING) + block(2, block(2, integer(1, 1))) + block(8, value)
    return _value(tag + "/text_summary", block(8, tensor), plugin("text"))


def histogram(tag: str, stats: Mapping[str, float], limits: Sequence[float], counts: Sequence[float]) -> bytes:
    """HistogramProto: counts[i] values lie in (limits[i-1], limits[i]]; stats has min max num sum sum_squares."""
    body = b"".join(double(i, stats[k]) for i, k in enumerate(("min", "max", "num", "sum", "sum_squares"), 1))
    return _value(tag, block(5, body + doubles(6, limits) + doubles(7, counts)))


def shape(sizes: Iterable[int]) -> bytes:
    """TensorShapeProto."""
    return b"".join(block(2, integer(1, size)) for size in sizes)


def node(name: str, op: str, inputs: Iterable[str] = (), sizes: Sequence[int] | None = None, note: str = "") -> bytes:
    """NodeDef of a graph, with its output shape and a note where known."""
    out = block(1, name) + block(2, op) + b"".join(block(3, source) for source in inputs)
    if sizes is not None:
        out += block(5, block(1, "_output_shapes") + block(2, block(1, block(7, shape(sizes)))))
    if note:
        out += block(5, block(1, "attr") + block(2, block(2, note)))
    return out


def graph(nodes: Iterable[bytes]) -> bytes:
    """GraphDef."""
    return b"".join(block(1, item) for item in nodes) + block(4, integer(1, 22))


def _plain(value: Any) -> bytes:
    """google.protobuf.Value of a bool, number or string."""
    if isinstance(value, bool):
        return integer(4, value)
    if isinstance(value, (int, float)):
        return double(2, value)
    return block(3, value)


def hparams(
    values: Mapping[str, Any], metrics: Iterable[str], domains: Mapping[str, Sequence[Any]], now: float
) -> tuple[bytes, bytes, bytes]:
    """The three summaries of the hparams plugin: experiment, session start, session end."""
    infos = b""
    for name, value in values.items():
        kind = 2 if isinstance(value, bool) else 3 if isinstance(value, (int, float)) else 1
        info = block(1, name) + integer(4, kind)
        if name in domains:
            info += block(5, b"".join(block(1, _plain(choice)) for choice in domains[name]))
        infos += block(4, info)
    infos += b"".join(block(5, block(1, block(2, tag))) for tag in metrics)
    start = b"".join(block(1, block(1, name) + block(2, _plain(value))) for name, value in values.items())
    parts = (
        ("experiment", block(2, infos)),
        ("session_start_info", block(3, start + double(5, now))),
        ("session_end_info", block(4, integer(1, 1) + double(2, now))),
    )
    made = [_value(f"_hparams_/{name}", b"", plugin("hparams", integer(1, 0) + body)) for name, body in parts]
    return made[0], made[1], made[2]
