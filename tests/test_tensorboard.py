"""Event files: framing and encoding by our own readers, the whole by TensorBoard's where it is installed."""

import io
import os
import struct
import subprocess
import sys
import time
import types
import zlib
from pathlib import Path

import pytest

import rushlight
from rushlight import nn
from rushlight.utils.tensorboard import SummaryWriter, wire
from rushlight.utils.tensorboard.histogram import histogram
from rushlight.utils.tensorboard.records import crc32c, frame, masked_crc32c, read_records


def events(folder):
    """Every event of a folder's files as parsed fields, in order of file and record."""
    out = []
    for path in sorted(Path(folder).glob("events.out.tfevents.*")):
        with open(path, "rb") as file:
            out += [wire.parse(record) for record in read_records(file)]
    return out


def values(folder):
    """(tag, step, fields of the value) of every summary value."""
    found = []
    for event in events(folder):
        for summary in event.get(5, []):
            for value in wire.parse(summary).get(1, []):
                fields = wire.parse(value)
                found.append((fields[1][0].decode(), event.get(2, [None])[0], fields))
    return found


def png_pixels(data):
    """(width, height, channels, pixels) of a PNG of ours, checking every checksum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        parts[kind] = body
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    raw, stride = zlib.decompress(parts[b"IDAT"]), width * channels
    assert depth == 8 and len(raw) == height * (stride + 1)
    rows = [raw[i * (stride + 1) : (i + 1) * (stride + 1)] for i in range(height)]
    assert all(row[0] == 0 for row in rows)
    return width, height, channels, b"".join(row[1:] for row in rows)


@pytest.mark.parametrize(
    "data, crc",
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (b"a", 0xC1D04330)],
)
def test_crc32c_known_values(data, crc):
    # RFC 3720, appendix B.4, and the customary check value
    assert crc32c(data) == crc


def test_records_detect_damage():
    record = frame(b"hello")
    assert list(read_records(io.BytesIO(record * 2))) == [b"hello", b"hello"]
    assert record[8:12] == struct.pack("<I", masked_crc32c(record[:8]))
    for at in range(len(record)):
        broken = bytearray(record)
        broken[at] ^= 1
        with pytest.raises(ValueError):
            list(read_records(io.BytesIO(bytes(broken))))
    for length in range(1, len(record)):
        with pytest.raises(ValueError):
            list(read_records(io.BytesIO(record[:length])))


def test_wire_format():
    # the worked examples of the format's documentation: field 1 = 150, field 2 = "testing"
    assert wire.integer(1, 150) == bytes.fromhex("089601")
    assert wire.block(2, "testing") == bytes.fromhex("120774657374696e67")
    assert wire.parse(wire.integer(1, -1))[1] == [2**64 - 1]
    assert struct.unpack("<f", wire.single(3, 1e300)[1:])[0] == float("inf")
    with pytest.raises(ValueError):
        wire.parse(b"\x0a\x05abc")


def test_first_record_and_scalars(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", rushlight.tensor(0.5), 3, walltime=12.5)
        writer.add_scalar("loss", 0.25, 4)
        writer.add_scalar("no step", 1)
    first = events(tmp_path)[0]
    assert first[3] == [b"brain.Event:2"]
    found = values(tmp_path)
    assert [(tag, step, struct.unpack("<f", fields[2][0])[0]) for tag, step, fields in found] == [
        ("loss", 3, 0.5),
        ("loss", 4, 0.25),
        ("no step", None, 1.0),
    ]
    assert struct.unpack("<d", events(tmp_path)[1][1][0])[0] == 12.5


def test_scalars_go_to_their_own_runs(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("a/b", {"x": 1.0, "y": 2.0}, 7)
    for key, number in (("x", 1.0), ("y", 2.0)):
        ((tag, step, fields),) = values(tmp_path / f"a_b_{key}")
        assert (tag, step, struct.unpack("<f", fields[2][0])[0]) == ("a/b", 7, number)


def test_images_grid_and_values(tmp_path):
    batch = rushlight.zeros(9, 1, 2, 3)
    batch[0] = 1.0
    batch[8] = 0.5
    batch[1] = 7.0  # clipped
    batch[2] = float("nan")
    with SummaryWriter(tmp_path) as writer:
        writer.add_images("grid", batch.requires_grad_(), 0)
        writer.add_image("rgb", rushlight.ones(3, 2, 2), 1)
        writer.add_image("hw", rushlight.tensor([[0, 255]], dtype=rushlight.uint8), 1, dataformats="HW")
    by_tag = {tag: wire.parse(fields[4][0]) for tag, _, fields in values(tmp_path)}
    width, height, channels, pixels = png_pixels(by_tag["grid"][4][0])
    assert (width, height, channels) == (24, 4, 1)  # eight pictures to a row
    assert by_tag["grid"][1] == [4] and by_tag["grid"][2] == [24] and by_tag["grid"][3] == [1]
    assert pixels[:9] == b"\xff" * 6 + b"\x00" * 3
    assert pixels[2 * 24 : 2 * 24 + 4] == b"\x7f" * 3 + b"\x00"
    assert png_pixels(by_tag["rgb"][4][0]) == (2, 2, 3, b"\xff" * 12)
    assert png_pixels(by_tag["hw"][4][0]) == (2, 1, 1, b"\x00\xff")


@pytest.mark.parametrize(
    "shape, formats, message",
    [
        ((2, 2, 2), "CHW", "channels"),
        ((3, 2), "CHW", "dataformats"),
        ((3, 0, 2), "CHW", "empty"),
        ((3, 2), "CH", "lacks"),
    ],
)
def test_image_errors(tmp_path, shape, formats, message):
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(ValueError, match=message):
            writer.add_image("x", rushlight.zeros(*shape), dataformats=formats)


def test_figures_through_matplotlibs_canvas(tmp_path, monkeypatch):
    """A stand-in for matplotlib's Agg canvas: what it draws arrives as the picture, and figures are closed."""
    closed = []

    class Canvas:
        def __init__(self, figure):
            self.shade = figure

        def draw(self):
            self.drawn = True

        def get_width_height(self):
            return 3, 2

        def buffer_rgba(self):
            assert self.drawn
            return memoryview(bytes([self.shade, 1, 2, 255]) * 6)

    for name in ("matplotlib", "matplotlib.backends", "matplotlib.backends.backend_agg", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["matplotlib.backends.backend_agg"].FigureCanvasAgg = Canvas
    sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]
    sys.modules["matplotlib.pyplot"].close = closed.append
    with SummaryWriter(tmp_path) as writer:
        writer.add_figure("one", 7, 1)
        writer.add_figure("two", [8, 9], 1, close=False)
    pictures = {tag: png_pixels(wire.parse(fields[4][0])[4][0]) for tag, _, fields in values(tmp_path)}
    assert pictures["one"] == (3, 2, 3, bytes([7, 1, 2]) * 6)
    assert pictures["two"] == (6, 2, 3, (bytes([8, 1, 2]) * 3 + bytes([9, 1, 2]) * 3) * 2)
    assert closed == [7]


def test_histogram_counts_every_value():
    data = rushlight.tensor([-3.0, -1e-13, 0.0, 1e-13, 2.0, 2.0, 1e6, float("inf"), float("nan")])
    stats, limits, counts = histogram(data.numpy(), "tensorflow", None)
    assert stats["num"] == sum(counts) == 7 and stats["min"] == -3 and stats["max"] == 1e6
    assert len(limits) == len(counts) and limits == sorted(limits)
    stats, limits, counts = histogram(data.numpy()[:7], 4, None)
    assert sum(counts) == 7 and counts[0] == 0 and limits[-1] == 1e6
    _, limits, counts = histogram(rushlight.arange(8).numpy(), [0, 2, 4, 8], None)
    assert limits == [0, 2, 4, 8] and counts == [0, 2, 2, 4]
    _, limits, counts = histogram(rushlight.arange(100).numpy(), 50, 10)
    assert len(counts) == 11 and sum(counts) == 100
    with pytest.raises(ValueError, match="finite"):
        histogram(data.numpy()[7:], "tensorflow", None)
    with pytest.raises(ValueError, match="bins"):
        histogram(data.numpy(), "no such rule", None)


def test_text_hparams_embedding(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("note", "**bold**", 2)
        writer.add_hparams({"lr": 0.1, "bn": True, "opt": "sgd", "none": None}, {"acc": 0.9}, run_name="run")
        writer.add_embedding(rushlight.eye(2), ["a\tb", "c"], rushlight.ones(2, 3, 4, 4), 1, "points")
        with pytest.raises(TypeError, match="bad"):
            writer.add_hparams({"bad": [1]}, {})
        with pytest.raises(ValueError, match="labels"):
            writer.add_embedding(rushlight.eye(2), ["a"])
    tag, step, fields = values(tmp_path)[0]
    tensor = wire.parse(fields[8][0])
    assert (tag, step, tensor[8]) == ("note/text_summary", 2, [b"**bold**"])
    assert [tag for tag, _, _ in values(tmp_path / "run")] == [
        "_hparams_/experiment",
        "_hparams_/session_start_info",
        "_hparams_/session_end_info",
        "acc",
    ]
    folder = tmp_path / "00001" / "points"
    assert (folder / "tensors.tsv").read_text() == "1.0\t0.0\n0.0\t1.0\n"
    assert (folder / "metadata.tsv").read_text() == "a b\nc\n"
    assert png_pixels((folder / "sprite.png").read_bytes())[:3] == (8, 8, 3)
    assert '"00001/points/tensors.tsv"' in (tmp_path / "projector_config.pbtxt").read_text()


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 3), nn.ReLU())

    def forward(self, x):
        return self.inner(x) + self.inner(x * 2)


def test_graph_knows_its_modules(tmp_path):
    from rushlight.utils.tensorboard.graph import module_graph

    model = Twice()
    nodes = {node.name: node for node in module_graph(model, rushlight.ones(2, 3))}
    scope = "Twice/Sequential[inner]/Linear[0]"
    assert f"{scope}/weight" in nodes and f"{scope}/bias" in nodes
    assert sum(name.startswith("Twice/Sequential[inner]/ReLU[1]/Relu") for name in nodes) == 2
    assert nodes["output/output.0"].shape == (2, 3)
    assert nodes["output/output.0"].inputs == ["Twice/Add"]
    assert all(source in nodes for node in nodes.values() for source in node.inputs)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, rushlight.ones(2, 3))
        with pytest.raises(ValueError, match="input_to_model"):
            writer.add_graph(model)
    graph = wire.parse(events(tmp_path)[1][4][0])
    assert {wire.parse(node)[1][0].decode() for node in graph[1]} == set(nodes)


def test_flush_close_and_reopen(tmp_path):
    writer = SummaryWriter(tmp_path, flush_secs=0.05)
    writer.add_scalar("x", 1, 0)
    deadline = time.monotonic() + 20
    while len(values(tmp_path)) < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(values(tmp_path)) == 1  # arrived without flush
    writer.add_scalar("x", 2, 1)
    writer.flush()
    assert len(values(tmp_path)) == 2
    writer.close()
    writer.close()
    writer.add_scalar("x", 3, 2)
    writer.close()
    assert len(values(tmp_path)) == 3 and len(list(tmp_path.iterdir())) == 2


def test_written_at_exit(tmp_path):
    code = (
        "from rushlight.utils.tensorboard import SummaryWriter\n"
        f"w = SummaryWriter({str(tmp_path)!r}, filename_suffix='.end')\n"
        "for i in range(50): w.add_scalar('x', i, i)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [step for _, step, _ in values(tmp_path)] == list(range(50))
    assert next(tmp_path.iterdir()).name.endswith(".end")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_neither_hangs_nor_repeats(tmp_path):
    code = (
        "import os\n"
        "from rushlight.utils.tensorboard import SummaryWriter\n"
        f"w = SummaryWriter({str(tmp_path)!r})\n"
        "for i in range(20): w.add_scalar('parent', i, i)\n"
        "child = os.fork()\n"
        "for i in range(20): w.add_scalar('child' if child == 0 else 'parent', i, 20 + i)\n"
        "if child: assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    steps = {"parent": [], "child": []}
    for tag, step, _ in values(tmp_path):
        steps[tag].append(step)
    assert steps == {"parent": list(range(40)), "child": list(range(20, 40))}


def test_purge_step(tmp_path):
    SummaryWriter(tmp_path, purge_step=5).close()
    event = events(tmp_path)[1]
    assert event[2] == [5] and wire.parse(event[7][0])[1] == [1]


def test_write_error_reaches_the_caller(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer._main_file()._file.close()
    writer.add_scalar("x", 1)
    with pytest.raises(OSError, match="writing"):
        writer.flush()


@pytest.mark.filterwarnings("ignore")
def test_stock_tensorboard_reads_all(tmp_path):
    """TensorBoard's own reader is the oracle of the whole."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with SummaryWriter(tmp_path) as writer:
        for step in range(20):
            writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_scalar("exact", 1 / 3, 0, new_style=True, double_precision=True)
        writer.add_histogram("weights", rushlight.linspace(-1, 1, 101), 1)
        writer.add_image("picture", rushlight.ones(3, 4, 5), 1)
        writer.add_audio("tone", rushlight.zeros(100), 1, sample_rate=8000)
        writer.add_graph(nn.Linear(2, 1), rushlight.ones(1, 2))
    sizes = {kind: 0 for kind in ("scalars", "histograms", "images", "tensors", "audio")}
    reader = accumulator.EventAccumulator(str(tmp_path), size_guidance=sizes).Reload()
    assert [event.value for event in reader.Scalars("loss")] == [
        struct.unpack("<f", struct.pack("<f", 1 / (step + 1)))[0] for step in range(20)
    ]
    assert reader.Tensors("exact")[0].tensor_proto.double_val[0] == 1 / 3
    (found,) = reader.Histograms("weights")
    assert found.histogram_value.num == sum(found.histogram_value.bucket) == 101
    (image,) = reader.Images("picture")
    assert (image.width, image.height) == (5, 4)
    assert reader.Audio("tone")[0].length_frames == 100
    assert any(node.name == "Linear/weight" for node in reader.Graph().node)
