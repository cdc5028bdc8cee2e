"""Checkpoints: PyTorch's files read, ours read by PyTorch, hostile files refused."""

import collections
import io
import os
import pickle
import random
import struct
import zipfile
import zlib

import numpy as np
import pytest
import torch

import rushlight
from rushlight import nn
from rushlight.serialization import add_safe_globals, clear_safe_globals, safe_globals
from rushlight.serialization import safetensors as st

DTYPES = "bool uint8 int8 int16 uint16 int32 uint32 int64 uint64 float16 bfloat16 float32 float64".split()
DTYPES += ["complex64", "complex128"]
ERRORS = (pickle.UnpicklingError, RuntimeError, EOFError)


def sample(library, dtype):
    """(3, 4) values that every dtype holds."""
    return (library.arange(12) % 2 if dtype == "bool" else library.arange(12)).reshape(3, 4).to(getattr(library, dtype))


def equal(ours, theirs):
    """Same dtype, shape, stride, flags and bytes."""
    assert str(ours.dtype) == str(theirs.dtype) and tuple(ours.shape) == tuple(theirs.shape)
    assert ours.requires_grad == theirs.requires_grad
    if ours.dtype == rushlight.bfloat16:
        ours, theirs = ours.float(), theirs.float()
    assert ours.detach().numpy().tobytes() == theirs.detach().contiguous().numpy().tobytes()


def through(save, load, value):
    stream = io.BytesIO()
    save(value, stream)
    stream.seek(0)
    return load(stream)


def theirs_to_ours(value, **options):
    return through(lambda v, f: torch.save(v, f, **options), rushlight.load, value)


def ours_to_theirs(value):
    return through(rushlight.save, lambda f: torch.load(f, weights_only=True), value)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("zipped", [True, False])
def test_read_every_dtype(dtype, zipped):
    tensor = sample(torch, dtype)
    equal(theirs_to_ours({"x": tensor}, _use_new_zipfile_serialization=zipped)["x"], tensor)


@pytest.mark.parametrize("dtype", DTYPES)
def test_write_every_dtype(dtype):
    tensor = sample(rushlight, dtype)
    equal(tensor, ours_to_theirs([tensor])[0])
    equal(through(rushlight.save, rushlight.load, tensor), sample(torch, dtype))


def layouts(library):
    base = library.arange(24, dtype=library.float32).reshape(2, 3, 4)
    return {
        "transposed": base.permute(2, 0, 1),
        "window": base[:, 1:, ::2],
        "expanded": library.ones(1, 3).expand(4, 3),
        "scalar": library.tensor(2.5),
        "empty": library.empty(0, 3),
        "grad": library.ones(2, requires_grad=True),
    }


@pytest.mark.parametrize("name", list(layouts(torch)))
@pytest.mark.parametrize("zipped", [True, False])
def test_layouts_both_ways(name, zipped):
    tensor = layouts(torch)[name]
    read = theirs_to_ours(tensor, _use_new_zipfile_serialization=zipped)
    equal(read.contiguous() if name != "grad" else read, tensor)
    assert tuple(read.stride()) == tuple(tensor.stride())
    ours = layouts(rushlight)[name]
    back = ours_to_theirs(ours)
    assert tuple(back.stride()) == tuple(ours.stride()) and back.storage_offset() == ours.storage_offset()
    equal(ours.contiguous() if name != "grad" else ours, back)


@pytest.mark.parametrize("load", [rushlight.load, lambda f: torch.load(f, weights_only=True)])
def test_shared_storage_stays_shared(load):
    base = rushlight.arange(1000, dtype=rushlight.float32)
    stream = io.BytesIO()
    rushlight.save({"all": base, "part": base[10:20], "bits": base.view(rushlight.int32)}, stream)
    assert len(stream.getvalue()) < 2 * 4000  # stored once
    stream.seek(0)
    read = load(stream)
    read["all"][10] = -7.0
    assert read["part"][0].item() == -7.0
    assert read["bits"][10].item() == struct.unpack("<i", struct.pack("<f", -7.0))[0]


def test_torch_shared_storage_read():
    base = torch.arange(6.0)
    read = theirs_to_ours([base[1:], base.view(2, 3)])
    read[0].zero_()
    assert read[1].tolist() == [[0, 0, 0], [0, 0, 0]]
    # independent tensors on one memory: neither is a view of the other to autograd
    assert read[0]._base is None and read[0].is_leaf


PLAIN = {
    "numbers": [0, 255, 256, 65535, 65536, -1, -(2**31), 2**31, 2**80, -(2**80), 1.5, float("inf"), True, None],
    "text": ["", "ä", "x" * 300, "\ud800"],
    "bytes": [b"", b"\x00\xff"],
    "complex": 1 - 2j,
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "nested": {"a": [{"b": ({1, 2}, frozenset({3}))}], 3: "three", (1, "k"): 0},
    "ordered": collections.OrderedDict(z=1, a=2),
    "bytearray": bytearray(b"ab"),
    "many": list(range(3000)),
    "wide": {str(i): i for i in range(3000)},
}


@pytest.mark.parametrize("key", list(PLAIN))
def test_plain_data(key):
    value = PLAIN[key]
    assert through(rushlight.save, rushlight.load, value) == value
    assert theirs_to_ours(value) == value
    stream = io.BytesIO()
    rushlight.save(value, stream)
    stream.seek(0)
    assert torch.load(stream, weights_only=False) == value


def test_torch_objects():
    value = {"size": rushlight.Size([1, 2]), "device": rushlight.device("cuda", 1), "dtype": rushlight.float16}
    back = ours_to_theirs(value)
    assert back == {"size": torch.Size([1, 2]), "device": torch.device("cuda:1"), "dtype": torch.float16}
    assert type(back["size"]) is torch.Size
    read = theirs_to_ours(back)
    assert read == value and type(read["size"]) is rushlight.Size and read["dtype"] is rushlight.float16


def test_shared_and_circular_containers():
    inner = [1]
    loop = [inner, inner]
    loop.append(loop)
    read = through(rushlight.save, rushlight.load, loop)
    assert read[0] is read[1] and read[2] is read
    ring = ([],)
    ring[0].append(ring)
    read = through(rushlight.save, rushlight.load, ring)
    assert read[0][0] is read


def test_state_dict_both_ways(tmp_path):
    ours = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    state = rushlight.load(tmp_path / "theirs.pt")
    assert state._metadata[""] == {"version": 1} and state._metadata["1"] == {"version": 2}
    assert str(ours.load_state_dict(state)) == "<All keys matched successfully>"
    rushlight.save(ours.state_dict(), tmp_path / "ours.pt")
    back = torch.load(tmp_path / "ours.pt", weights_only=True)
    assert back._metadata == theirs.state_dict()._metadata
    for key, tensor in theirs.state_dict().items():
        assert torch.equal(back[key], tensor)
    x = torch.randn(5, 3)
    out = ours.eval()(rushlight.from_numpy(x.numpy()))
    expected = theirs.eval()(x).detach()
    # 3 products per output and one normalisation, all of size about 1
    assert abs(torch.from_numpy(out.detach().numpy()) - expected).max() < 16 * torch.finfo(torch.float32).eps


def test_parameters():
    read = theirs_to_ours(torch.nn.Parameter(torch.ones(2)))
    assert isinstance(read, nn.Parameter) and read.requires_grad
    frozen = theirs_to_ours(torch.nn.Parameter(torch.ones(2), requires_grad=False))
    assert isinstance(frozen, nn.Parameter) and not frozen.requires_grad
    back = ours_to_theirs({"p": nn.Parameter(rushlight.ones(2)), "t": rushlight.ones(2, requires_grad=True)})
    assert type(back["p"]) is torch.nn.Parameter and type(back["t"]) is torch.Tensor and back["t"].requires_grad


@pytest.mark.parametrize("protocol", [2, 4])
def test_numpy_numbers_become_python_numbers(protocol):
    values = [
        np.float64(1.5),
        np.float32(0.1),
        np.float16(2),
        np.int64(-3),
        np.uint8(7),
        np.bool_(True),
        np.complex64(1j),
    ]
    values.append(np.dtype(">i4").type(5))
    read = theirs_to_ours({"v": values}, pickle_protocol=protocol)["v"]
    assert read == [value.item() for value in values]
    assert [type(value) for value in read] == [float, float, float, int, int, bool, complex, int]
    with pytest.raises(pickle.UnpicklingError, match="_reconstruct"):
        theirs_to_ours(np.zeros(3), pickle_protocol=protocol)
    with pytest.raises(pickle.UnpicklingError):
        theirs_to_ours(np.datetime64("2020-01-01"), pickle_protocol=protocol)


def test_tensor_attributes_survive():
    tensor = torch.ones(2)
    tensor.note = "hello"
    assert theirs_to_ours(tensor).note == "hello"


def test_alignment_and_stock_zip(tmp_path):
    path = tmp_path / "model.pt"
    rushlight.save([rushlight.ones(n) for n in (1, 3, 100)], path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert {"model/data.pkl", "model/version", "model/byteorder", "model/data/2"} <= set(names)
        for entry in archive.infolist():
            archive.fp.seek(entry.header_offset)
            head = archive.fp.read(30)
            assert (entry.header_offset + 30 + sum(struct.unpack("<HH", head[26:30]))) % 64 == 0
    assert torch.load(path, weights_only=True, mmap=True)[2].sum() == 100


def test_zip64_directory(monkeypatch):
    """Sizes past 32 bits, tried with the limit lowered: the stock reader must understand the extra fields."""
    from rushlight.serialization import zip_writer

    monkeypatch.setattr(zip_writer, "_U32", 100)
    stream = io.BytesIO()
    writer = zip_writer.ZipWriter(stream)
    for i in range(3):
        writer.add(f"e{i}", bytes([i]) * 150)
    writer.finish()
    data = stream.getvalue()
    # Put back the markers that real 64-bit entries carry, in the local headers, the directory and its end.
    assert data.count(b"PK\x06\x06") == 1 and data.count(b"PK\x06\x07") == 1
    marked = data.replace(struct.pack("<I", 100), b"\xff" * 4)
    with zipfile.ZipFile(io.BytesIO(marked)) as archive:
        assert [archive.read(f"e{i}") for i in range(3)] == [bytes([i]) * 150 for i in range(3)]


def test_mmap_is_private(tmp_path):
    path = tmp_path / "m.pt"
    rushlight.save({"x": rushlight.arange(5)}, path)
    before = path.read_bytes()
    read = rushlight.load(path, mmap=True)
    read["x"].zero_()
    assert read["x"].tolist() == [0] * 5 and path.read_bytes() == before
    with pytest.raises(ValueError, match="mmap"):
        rushlight.load(io.BytesIO(before), mmap=True)


def test_save_is_atomic(tmp_path):
    path = tmp_path / "x.pt"
    rushlight.save([1], path)
    os.chmod(path, 0o640)
    with pytest.raises(pickle.PicklingError, match="object"):
        rushlight.save([object()], path)
    assert rushlight.load(path) == [1] and os.listdir(tmp_path) == ["x.pt"]
    link = tmp_path / "link.pt"
    link.symlink_to(path)
    rushlight.save([2], link)
    assert link.is_symlink() and rushlight.load(path) == [2]
    assert os.stat(path).st_mode & 0o777 == 0o640
    with pytest.raises(RuntimeError, match="Parent directory"):
        rushlight.save([1], tmp_path / "none" / "x.pt")


def test_refused_to_save():
    with pytest.raises(pickle.PicklingError, match="state_dict"):
        rushlight.save(nn.Linear(1, 1), io.BytesIO())
    with pytest.raises(pickle.PicklingError, match="function"):
        rushlight.save([lambda: 0], io.BytesIO())
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(pickle.PicklingError, match="deep"):
        rushlight.save(deep, io.BytesIO())


class Evil:
    def __init__(self, function, *args):
        self.made = (function, args)

    def __reduce__(self):
        return self.made


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("weights_only", [None, True, False])
def test_code_is_never_run(tmp_path, protocol, zipped, weights_only):
    marker = tmp_path / "marker"
    stream = io.BytesIO()
    torch.save(
        {"x": Evil(os.mkdir, str(marker))}, stream, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped
    )
    stream.seek(0)
    with pytest.raises(pickle.UnpicklingError, match=r"(posix|nt)\.mkdir"):
        rushlight.load(stream, weights_only=weights_only)
    assert not marker.exists()


@pytest.mark.parametrize(
    "value, match",
    [
        (Evil(eval, "1"), "eval"),
        (torch.nn.Linear(1, 1), "Linear.*state_dict"),
        (torch.ones(2, 2).to_sparse(), "sparse"),
        (Evil(getattr, "a", "upper"), "getattr"),
        (Evil(bytearray, 10**12), "bytes"),
    ],
    ids=["eval", "module", "sparse", "getattr", "bytearray"],
)
@pytest.mark.filterwarnings("ignore")
def test_refused_globals_are_named(value, match):
    with pytest.raises(pickle.UnpicklingError, match=match):
        theirs_to_ours(value)


class Point:
    def __init__(self, x=0):
        self.x = x


def test_allowed_classes():
    stream = io.BytesIO()
    torch.save([Point(3)], stream)

    def read():
        stream.seek(0)
        return rushlight.load(stream)

    with pytest.raises(pickle.UnpicklingError, match="Point"):
        read()
    with safe_globals([Point]):
        assert read()[0].x == 3
    with pytest.raises(pickle.UnpicklingError):
        read()
    add_safe_globals([Point])
    assert type(read()[0]) is Point
    clear_safe_globals()


def test_map_location():
    stream = io.BytesIO()
    torch.save(torch.ones(2), stream)
    data = stream.getvalue()
    # A file from a GPU says so beside each storage.
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            target.writestr(name, body.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))

    def read(**options):
        stream.seek(0)
        return rushlight.load(stream, **options)

    with pytest.raises(RuntimeError, match="map_location='cpu'"):
        read()
    for where in ("cpu", rushlight.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert read(map_location=where).tolist() == [1, 1]


# hostile files


def archive(pickled, storages=(), **changes):
    """A checkpoint around a hand-made pickle."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **changes) as out:
        out.writestr("a/data.pkl", pickled)
        for key, data in storages:
            out.writestr(f"a/data/{key}", data)
    return stream.getvalue()


def tensor_pickle(size, stride, offset, count=4, kind="FloatStorage"):
    """A pickle of one tensor with any geometry."""

    class Marked:
        def __init__(self, pid):
            self.pid = pid

    class Pickler(pickle._Pickler):
        def persistent_id(self, value):
            return ("storage", Name("torch", kind), "0", "cpu", count) if isinstance(value, Marked) else None

        def save_name(self, value):
            self.write(f"c{value.module}\n{value.name}\n".encode())

        def save_call(self, value):
            self.save(value.name)
            self.save(value.args)
            self.write(b"R")

    class Name:
        def __init__(self, module, name):
            self.module, self.name = module, name

    class Call:
        def __init__(self, name, *args):
            self.name, self.args = name, args

    Pickler.dispatch = {**pickle._Pickler.dispatch, Name: Pickler.save_name, Call: Pickler.save_call}
    stream = io.BytesIO()
    hooks = Call(Name("collections", "OrderedDict"))
    rebuild = Name("torch._utils", "_rebuild_tensor_v2")
    Pickler(stream, 2).dump(Call(rebuild, Marked(0), offset, size, stride, False, hooks))
    return stream.getvalue()


FOUR_FLOATS = [("0", struct.pack("<4f", 1, 2, 3, 4))]


def test_hand_made_archive_is_read():
    data = archive(tensor_pickle((2, 2), (2, 1), 0), FOUR_FLOATS)
    assert rushlight.load(io.BytesIO(data)).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "size, stride, offset, count",
    [
        ((5,), (1,), 0, 4),
        ((4,), (1,), 1, 4),
        ((2,), (4,), 0, 4),
        ((2,), (-1,), 1, 4),
        ((-1,), (1,), 0, 4),
        ((1,), (1,), -1, 4),
        ((2**62,), (0,), 0, 4),
        ((2**31, 2**31), (0, 0), 0, 4),
        ((1,), (1,), 2**63, 4),
        ((2,), (2**63,), 0, 4),
        ((1, 1), (1,), 0, 4),
        ((1,) * 65, (1,) * 65, 0, 4),
        ((1.0,), (1,), 0, 4),
        ((True,), (1,), 0, 4),
        (4, 1, 0, 4),
        ((4,), (1,), 0, 5),
        ((4,), (1,), 0, -4),
        ((4,), (1,), 0, 2**62),
        ((4,), (1,), None, 4),
    ],
)
def test_tensors_stay_inside_their_storage(size, stride, offset, count):
    data = archive(tensor_pickle(size, stride, offset, count), FOUR_FLOATS)
    with pytest.raises(pickle.UnpicklingError):
        rushlight.load(io.BytesIO(data))


@pytest.mark.parametrize(
    "kind, layout",
    [("FloatStorage", ">4f"), ("LongStorage", ">4q"), ("ComplexFloatStorage", ">8f"), ("ByteStorage", ">4B")],
)
def test_big_endian_archive(kind, layout):
    values = [1, 2, 3, 4] * (2 if kind.startswith("Complex") else 1)
    data = archive(tensor_pickle((4,), (1,), 0, kind=kind), [("0", struct.pack(layout, *values))])
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as out:
        out.writestr("a/byteorder", "big")
    expected = [1 + 2j, 3 + 4j, 1 + 2j, 3 + 4j] if len(values) == 8 else values
    assert rushlight.load(io.BytesIO(stream.getvalue())).tolist() == expected


def test_torchscript_is_told_apart():
    stream = io.BytesIO(archive(tensor_pickle((4,), (1,), 0), FOUR_FLOATS))
    with zipfile.ZipFile(stream, "a") as out:
        out.writestr("a/constants.pkl", b"\x80\x02).")
    with pytest.raises(RuntimeError, match="TorchScript"):
        rushlight.load(io.BytesIO(stream.getvalue()))


def test_damaged_archives():
    good = archive(tensor_pickle((4,), (1,), 0), FOUR_FLOATS)
    cases = {
        "missing storage": archive(tensor_pickle((4,), (1,), 0)),
        "compressed": archive(tensor_pickle((4,), (1,), 0), FOUR_FLOATS, compression=zipfile.ZIP_DEFLATED),
        "no pickle": archive(b"", ()).replace(b"data.pkl", b"data.txt"),
        "wrong bytes": good.replace(struct.pack("<4f", 1, 2, 3, 4), struct.pack("<4f", 1, 2, 3, 5)),
        "cut": good[:-30],
    }
    for name, data in cases.items():
        with pytest.raises(ERRORS):
            rushlight.load(io.BytesIO(data))
            pytest.fail(name)
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = archive(tensor_pickle((4,), (1,), 0), FOUR_FLOATS * 2)
    with pytest.raises(RuntimeError, match="twice"):
        rushlight.load(io.BytesIO(twice))
    with pytest.raises(EOFError):
        rushlight.load(io.BytesIO())
    with pytest.raises(pickle.UnpicklingError):
        rushlight.load(io.BytesIO(b"no checkpoint at all"))


@pytest.mark.parametrize(
    "pickled",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02(.",
        b"\x80\x09K\x01.",
        b"\x80\x02h\x07.",
        b"\x80\x02X\xff\xff\xff\xffabc.",
        b"\x80\x02\x8b\xff\xff\xff\x7f.",
        b"\x80\x02\x8b\xff\xff\xff\xff.",
        b"\x80\x02}]K\x01s.",  # unhashable key
        b"\x80\x02K\x01K\x02a.",
        b"\x80\x02cos\nsystem\n.",
        b"\x80\x02ccollections\nOrderedDict\nK\x01R.",
        b"\x80\x02c__builtin__\nset\n]]a\x85R.",
        b"\x80\x02U\x01aQ.",
        b"\x80\x02(U\x07storageU\x01aU\x010U\x03cpuK\x01tQ.",
        b"\x80\x02K\x01}b.",
        b"\x80\x02i.",
        b"\x80\x02" + b"(" * 100_000 + b"t" * 99_999 + b".",
        # a tuple that holds itself twice, thirty levels deep, as a key: hashing it would take 2**30 steps
        b"\x80\x02}K\x01" + b"q\x00h\x00\x86" * 30 + b"K\x01s.",
        b"\x80\x02})" + b"\x85" * 100_000 + b"K\x01s.",
    ],
)
def test_malformed_pickles(pickled):
    for data in (archive(pickled), pickled):
        try:
            rushlight.load(io.BytesIO(data))
        except ERRORS:
            pass
        else:
            # deep nesting alone is harmless
            assert pickled[2:3] == b"("


def test_small_file_cannot_ask_for_much():
    """One long text, encoded to bytes a hundred thousand times by reference: a gigabyte from 600 kB."""
    text = b"X" + struct.pack("<I", 10_000) + b"a" * 10_000 + b"q\x00"
    pickled = b"\x80\x02" + text + b"c_codecs\nencode\nq\x01(" + b"h\x01h\x00\x85R" * 100_000 + b"t."
    with pytest.raises(pickle.UnpicklingError, match="more than it holds"):
        rushlight.load(io.BytesIO(archive(pickled)))


def test_fuzz():
    """Random damage to valid files: nothing but the documented errors comes out, and nothing hangs or crashes."""
    rng = random.Random(0)
    state = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).state_dict()
    seeds = []
    for value in (state, {"x": torch.arange(6).reshape(2, 3).t(), "l": [1, 2.5, "s", (None, True)]}):
        for zipped in (True, False):
            stream = io.BytesIO()
            torch.save(value, stream, _use_new_zipfile_serialization=zipped)
            seeds.append(stream.getvalue())
    stream = io.BytesIO()
    rushlight.save({"p": nn.Parameter(rushlight.ones(3)), "b": rushlight.ones(2).bfloat16()}, stream)
    seeds.append(stream.getvalue())
    refused = 0
    for _ in range(4000):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 2, 8))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.1:
            del data[rng.randrange(len(data)) :]
        # repair the pickle's checksum, so that damage reaches the parser
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as source:
                entry = next(e for e in source.infolist() if e.filename.endswith("data.pkl"))
                at = entry.header_offset + 30
                at += sum(struct.unpack("<HH", data[entry.header_offset + 26 : entry.header_offset + 30]))
                crc = struct.pack("<I", zlib.crc32(bytes(data[at : at + entry.file_size])))
                data = data.replace(struct.pack("<I", entry.CRC), crc)
        except Exception:
            pass
        try:
            found = rushlight.load(io.BytesIO(bytes(data)))
        except ERRORS:
            refused += 1
        else:
            repr(found)
    assert refused > 500


# safetensors


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "complex128"])
def test_safetensors_both_ways(dtype, tmp_path):
    import safetensors.torch

    safetensors.torch.save_file({"x": sample(torch, dtype)}, tmp_path / "theirs.safetensors")
    equal(st.load_file(tmp_path / "theirs.safetensors")["x"], sample(torch, dtype))
    st.save_file({"x": sample(rushlight, dtype).t()}, tmp_path / "ours.safetensors", {"note": "hi"})
    equal(sample(rushlight, dtype).t().contiguous(), safetensors.torch.load_file(tmp_path / "ours.safetensors")["x"])


def test_safetensors_refusals(tmp_path):
    import safetensors

    x = rushlight.ones(3)
    with pytest.raises(ValueError, match="share"):
        st.save_file({"a": x, "b": x[1:]}, tmp_path / "x")
    with pytest.raises(ValueError, match="not a tensor"):
        st.save_file({"a": 1}, tmp_path / "x")
    with pytest.raises(ValueError, match="complex128"):
        st.save_file({"a": x.to(rushlight.complex128)}, tmp_path / "x")
    with pytest.raises(safetensors.SafetensorError):
        st.load(b"\xff" * 40)
    assert not list(tmp_path.iterdir())
