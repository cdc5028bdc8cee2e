"""SummaryWriter: what a user calls to log to TensorBoard."""

from __future__ import annotations

import io
import os
import socket
import time
import wave
from collections.abc import Mapping, Sequence
from typing import Any

from rushlight.utils import images
from rushlight.utils.tensorboard import messages
from rushlight.utils.tensorboard.embedding import write_embedding
from rushlight.utils.tensorboard.event_file import EventFile
from rushlight.utils.tensorboard.graph import module_graph
from rushlight.utils.tensorboard.histogram import histogram

_BATCH_COLUMNS = 8


class SummaryWriter:
    """Log scalars, images, histograms, text, graphs and more to event files that TensorBoard reads.

    `log_dir` defaults to runs/DATE_HOST + `comment`. Events are written by a thread: at most `max_queue` wait in
    memory, and what was added is on disk after `flush_secs` seconds, after `flush()` or `close()`, and at exit.
    With `purge_step`, readers drop earlier events at or after that step. Adding after `close()` opens a new file.

    Example:
        >>> with SummaryWriter("runs/demo") as writer:                            # doctest: +SKIP
        ...     writer.add_scalar("loss", 0.25, global_step=1)
    """

    def __init__(
        self,
        log_dir: str | os.PathLike | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            log_dir = os.path.join("runs", f"{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self._files: dict[str, EventFile] = {}
        self._configs: dict[str, str] = {}
        self._main_file()
        if purge_step is not None:
            self._main_file().add(messages.session_start(time.time(), purge_step))

    # files

    def _file(self, folder: str) -> EventFile:
        file = self._files.get(folder)
        if file is None or file.closed:
            file = EventFile(folder, self.max_queue, self.flush_secs, self.filename_suffix)
            self._files[folder] = file
        return file

    def _main_file(self) -> EventFile:
        return self._file(self.log_dir)

    def _add(self, summary: bytes, step: Any, walltime: float | None, folder: str | None = None) -> None:
        now = time.time() if walltime is None else walltime
        step = None if step is None else int(step)
        self._file(folder or self.log_dir).add(messages.event(now, step, summary=summary))

    def get_logdir(self) -> str:
        return self.log_dir

    def flush(self) -> None:
        """Write everything added so far to disk."""
        for file in list(self._files.values()):
            file.flush()

    def close(self) -> None:
        """Write everything and close the files."""
        files, self._files = list(self._files.values()), {}
        for file in files:
            file.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    # numbers

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """One number (Python, array or tensor with one element). `new_style` stores it as a tensor."""
        value = _number(scalar_value)
        summary = messages.scalar_tensor(tag, value, double_precision) if new_style else messages.scalar(tag, value)
        self._add(summary, global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Several curves in one chart: each key gets its own run, the folder LOG_DIR/main_tag_key."""
        for tag, value in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            self._add(messages.scalar(main_tag, _number(value)), global_step, walltime, folder)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: str | int | Sequence[float] = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """The distribution of `values`; `bins` is 'tensorflow', a rule ('auto', 'fd', ...), a number or edges."""
        stats, limits, counts = histogram(images.as_array(values), bins, max_bins)
        self._add(messages.histogram(tag, stats, limits, counts), global_step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: float,
        max: float,
        num: float,
        sum: float,
        sum_squares: float,
        bucket_limits: Sequence[float],
        bucket_counts: Sequence[float],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """A histogram counted elsewhere: bucket_counts[i] values up to bucket_limits[i]."""
        if len(bucket_limits) != len(bucket_counts):
            got = f"{len(bucket_limits)} and {len(bucket_counts)}"
            raise ValueError(f"add_histogram_raw: expected as many limits as counts, got {got}")
        stats = {"min": min, "max": max, "num": num, "sum": sum, "sum_squares": sum_squares}
        stats = {key: _number(value) for key, value in stats.items()}
        limits, counts = [_number(x) for x in bucket_limits], [_number(x) for x in bucket_counts]
        self._add(messages.histogram(tag, stats, limits, counts), global_step, walltime)

    # pictures and sound

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """One picture, uint8 or floats in 0..1 (clipped), 1, 3 or 4 channels; dataformats e.g. 'CHW', 'HWC', 'HW'."""
        array = _ordered("add_image", images.to_bytes(img_tensor), dataformats, "HWC")
        self._add(_image(tag, array), global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """A batch as one grid, eight pictures to a row; formats 'NCHW', 'NHWC', 'NHW' (a list is stacked)."""
        if isinstance(img_tensor, (list, tuple)):
            import rushlight

            img_tensor = rushlight.stack([rushlight.as_tensor(picture) for picture in img_tensor])
            dataformats = dataformats if "N" in dataformats.upper() else "N" + dataformats
        batch = _ordered("add_images", images.to_bytes(img_tensor), dataformats, "NHWC")
        self._add(_image(tag, images.tile(batch, _BATCH_COLUMNS)), global_step, walltime)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """A matplotlib figure (or a list of them, as a grid). Needs matplotlib, which made the figure."""
        figures = figure if isinstance(figure, (list, tuple)) else [figure]
        pictures = []
        for one in figures:
            from matplotlib.backends.backend_agg import FigureCanvasAgg

            canvas = FigureCanvasAgg(one)
            canvas.draw()
            width, height = canvas.get_width_height()
            import rushlight

            rgba = rushlight.frombuffer(bytearray(canvas.buffer_rgba()), dtype=rushlight.uint8)
            pictures.append(rgba.reshape(height, width, 4)[:, :, :3])
            if close:
                import matplotlib.pyplot

                matplotlib.pyplot.close(one)
        if isinstance(figure, (list, tuple)):
            self.add_images(tag, pictures, global_step, walltime, dataformats="NHWC")
        else:
            self.add_image(tag, pictures[0], global_step, walltime, dataformats="HWC")

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: int | None = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Mono sound: one row of samples in -1..1 (clipped), stored as 16-bit WAV."""
        samples = (images.as_array(snd_tensor).reshape(-1).astype("float64").clip(-1.0, 1.0) * 32767.0).astype("<i2")
        stream = io.BytesIO()
        with wave.open(stream, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(int(sample_rate))
            out.writeframes(samples.tobytes())
        self._add(messages.audio(tag, sample_rate, 1, len(samples), stream.getvalue()), global_step, walltime)

    # text, graph, embedding, hyper-parameters

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Text, shown as Markdown."""
        self._add(messages.text(tag, text_string), global_step, walltime)

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """The graph of one call of `model` on `input_to_model` (a tensor or a tuple of arguments).

        Nodes are the autograd operations of that call, grouped by the module that ran them, and the parameters.
        `verbose` prints them; `use_strict_trace` is accepted for compatibility and has no effect.
        """
        nodes = module_graph(model, input_to_model)
        if verbose:
            print("\n".join(f"{n.name} = {n.op}({', '.join(n.inputs)})" for n in nodes))
        encoded = messages.graph(messages.node(n.name, n.op, n.inputs, n.shape, n.note) for n in nodes)
        self._main_file().add(messages.event(time.time(), graph=encoded))

    def add_embedding(
        self,
        mat: Any,
        metadata: Sequence[Any] | None = None,
        label_img: Any = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        """Points for the projector: `mat` (N, D), a label each (`metadata`), a picture each (`label_img`, NCHW)."""
        folder = f"{0 if global_step is None else int(global_step):05d}/{tag}"
        config = write_embedding(self.log_dir, folder, mat, metadata, label_img, metadata_header)
        self._configs[folder] = config
        with open(os.path.join(self.log_dir, "projector_config.pbtxt"), "w", encoding="utf-8") as out:
            out.write("".join(self._configs.values()))

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Sequence[Any]] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """One row of the hparams table: settings (bool, number, text) and the metrics they led to.

        Written as a run of its own, LOG_DIR/run_name (the time by default).
        Errors: TypeError when an argument is not a dict or a value has another type.
        """
        if not isinstance(hparam_dict, Mapping) or not isinstance(metric_dict, Mapping):
            raise TypeError("add_hparams: hparam_dict and metric_dict must be dictionaries")
        values: dict[str, Any] = {}
        for name, value in hparam_dict.items():
            if value is None:
                continue
            if not isinstance(value, (bool, int, float, str)):
                try:
                    value = _number(value)
                except (TypeError, ValueError, AttributeError):
                    raise TypeError(f"add_hparams: {name!r} must be a bool, number or string, got {value!r}") from None
            values[name] = value
        now = time.time()
        folder = os.path.join(self.log_dir, run_name or str(now))
        for summary in messages.hparams(values, list(metric_dict), hparam_domain_discrete or {}, now):
            self._add(summary, None, now, folder)
        for tag, value in metric_dict.items():
            self._add(messages.scalar(tag, _number(value)), global_step, now, folder)
        self._file(folder).flush()


def _number(value: Any) -> float:
    """A float of a number, or of a tensor or array with one element."""
    if hasattr(value, "item"):
        return float(value.item())
    return float(value)


def _ordered(op: str, array: Any, have: str, want: str) -> Any:
    """`array` with its axes, named by `have`, in the order of `want`; a missing channel axis is added."""
    have = have.upper()
    if len(have) != array.ndim or len(set(have)) != len(have) or not set(have) <= set(want):
        got = f"{have!r} does not fit an input of shape {tuple(array.shape)}"
        raise ValueError(f"{op}: dataformats {got}; expected some order of {want}")
    missing = set(want) - set(have)
    if missing - {"C"}:
        raise ValueError(f"{op}: dataformats {have!r} lacks {', '.join(sorted(missing - {'C'}))}")
    if missing:
        array, have = array.reshape(*array.shape, 1), have + "C"
    array = array.transpose([have.index(axis) for axis in want])
    if array.shape[-1] not in (1, 3, 4):
        raise ValueError(f"{op}: expected 1, 3 or 4 channels, got {array.shape[-1]} (shape {tuple(array.shape)})")
    if 0 in array.shape:
        raise ValueError(f"{op}: the input is empty, shape {tuple(array.shape)}")
    return array


def _image(tag: str, hwc: Any) -> bytes:
    height, width, channels = hwc.shape
    return messages.image(tag, height, width, channels, images.encode_png(hwc))
