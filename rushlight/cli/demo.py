"""`rushlight demo`: train LeNet on the handwritten digits of the package, and show what it learned."""

from __future__ import annotations

import argparse
import itertools
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from rushlight.cli import UsageError
from rushlight.cli.progress import progress

SIDE = 32
SHIFT = 3  # pixels by which training images are moved at most
LEARNING_RATE = 3e-3


def _whole(least: int, most: int):
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must lie between {least} and {most}, got {value}")
        return value

    return parse


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rushlight demo", description=__doc__)
    parser.add_argument(
        "--epochs", type=_whole(1, 10_000), default=15, help="passes over the training set (default 15)"
    )
    parser.add_argument("--seed", type=_whole(0, 2**63 - 1), default=0, help="same seed, same numbers (default 0)")
    parser.add_argument(
        "--out", type=Path, default=Path("rushlight-demo"), help="output folder (default rushlight-demo)"
    )
    parser.add_argument("--threads", type=_whole(1, 1024), default=None, help="threads to use (default: all cores)")
    parser.add_argument("--batch-size", type=_whole(1, 1498), default=32, help="images per step (default 32)")
    return parser.parse_args(argv)


def _prepare(out: Path) -> Path:
    """The output folder, made if needed, and a new folder in it for this run's TensorBoard files."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        logs = next(path for n in itertools.count(1) if not (path := out / "tensorboard" / f"run-{n}").exists())
        logs.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"--out {out} is a file; give a folder") from None
    except OSError as error:
        raise UsageError(f"cannot write to --out {out}: {error.strerror}") from None
    return logs


def enlarge(images: Any) -> Any:
    """(N, 8, 8) values 0..16 to (N, 1, 32, 32) values 0..1, each pixel a block of 4x4."""
    count, side = images.size(0), images.size(1)
    times = SIDE // side
    blocks = (images.float() / 16)[:, None, :, None, :, None].expand(count, 1, side, times, side, times)
    return blocks.reshape(count, 1, SIDE, SIDE)


def _shift(images: Any, rows: int, columns: int) -> Any:
    """Move pictures down and right (negative: up and left), black where nothing moves in."""
    import rushlight

    out = rushlight.zeros_like(images)
    height, width = images.size(2), images.size(3)
    to = (slice(max(rows, 0), height + min(rows, 0)), slice(max(columns, 0), width + min(columns, 0)))
    source = (slice(max(-rows, 0), height + min(-rows, 0)), slice(max(-columns, 0), width + min(-columns, 0)))
    out[:, :, to[0], to[1]] = images[:, :, source[0], source[1]]
    return out


def evaluate(model: Any, images: Any, labels: Any) -> tuple[float, float]:
    """(mean loss, share of right answers) without gradients."""
    import rushlight
    from rushlight.nn import functional as F

    model.eval()
    with rushlight.no_grad():
        scores = model(images)
        loss = F.cross_entropy(scores, labels).item()
        right = (scores.argmax(dim=1) == labels).sum().item()
    model.train()
    return float(loss), right / len(labels)


class Session:
    """One training run: data, model, optimizer, history, and the files it leaves."""

    def __init__(self, args: argparse.Namespace, logs: Path) -> None:
        import rushlight
        from rushlight.optim import Adam
        from rushlight.utils.data import DataLoader, TensorDataset
        from rushlight.utils.tensorboard import SummaryWriter
        from rushlight.vision.datasets import Digits
        from rushlight.vision.models import LeNet

        rushlight.manual_seed(args.seed)
        train, test = Digits(train=True), Digits(train=False)
        self.args = args
        self.out: Path = args.out
        self.logs = logs
        self.test_images, self.test_labels = enlarge(test.data), test.targets
        self.loader = DataLoader(
            TensorDataset(enlarge(train.data), train.targets), batch_size=args.batch_size, shuffle=True
        )
        self.train_count = len(train)
        self.model = LeNet(in_channels=1)
        self.optimizer = Adam(self.model.parameters(), lr=LEARNING_RATE)
        self.history: list[dict[str, float]] = []
        self.writer = SummaryWriter(logs)
        self.written: list[tuple[Path, str]] = []
        self.writer.add_graph(self.model, self.test_images[:1])
        self.writer.add_images("digits", self.test_images[:32], 0)

    def train(self, bar: Any) -> None:
        """All epochs; a KeyboardInterrupt ends them early and passes on."""
        for epoch in range(1, self.args.epochs + 1):
            # Cosine decay from LEARNING_RATE to almost nothing.
            rate = LEARNING_RATE * (1 + math.cos(math.pi * (epoch - 1) / self.args.epochs)) / 2
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            start = time.perf_counter()
            loss, accuracy = self._epoch(epoch, bar)
            seconds = time.perf_counter() - start
            test_loss, test_accuracy = evaluate(self.model, self.test_images, self.test_labels)
            row = {"epoch": epoch, "loss": loss, "accuracy": accuracy, "test_loss": test_loss,
                   "test_accuracy": test_accuracy}  # fmt: skip
            self.history.append(row)
            for key in ("loss", "accuracy"):
                self.writer.add_scalar(f"train/{key}", row[key], epoch)
                self.writer.add_scalar(f"test/{key}", row[f"test_{key}"], epoch)
            self.writer.add_scalar("learning_rate", rate, epoch)
            self._log_maps(epoch)
            bar.row(
                f"epoch {epoch:3d}/{self.args.epochs}  loss {loss:.4f}  accuracy {100 * accuracy:5.1f}%  "
                f"test loss {test_loss:.4f}  test accuracy {100 * test_accuracy:5.1f}%  {seconds:.2f} s"
            )
            self.save_checkpoint()

    def _epoch(self, epoch: int, bar: Any) -> tuple[float, float]:
        """One pass over the training set; (mean loss, share of right answers) as seen while training."""
        import rushlight
        from rushlight.nn import functional as F

        total = right = seen = 0.0
        self.model.train()
        bar.start(f"epoch {epoch}/{self.args.epochs}", len(self.loader))
        for images, labels in self.loader:
            rows, columns = rushlight.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
            self.optimizer.zero_grad()
            scores = self.model(_shift(images, rows, columns))
            loss = F.cross_entropy(scores, labels)
            loss.backward()
            self.optimizer.step()
            count = len(labels)
            total += loss.item() * count
            right += (scores.detach().argmax(dim=1) == labels).sum().item()
            seen += count
            bar.advance(total / seen)
        return total / seen, right / seen

    def _log_maps(self, epoch: int) -> None:
        """conv1's view of one test image, its six maps side by side, as the epochs go by."""
        from rushlight.explain import feature_maps, to_unit

        self.model.eval()
        maps = feature_maps(self.model, self.test_images[:1], ["conv1"])["conv1"]
        self.model.train()
        self.writer.add_images("conv1 feature maps", to_unit(maps).transpose(0, 1), epoch)
        self.writer.add_histogram("conv1.weight", self.model.conv1.weight, epoch)

    # files

    def _note(self, path: Path, what: str) -> None:
        if (path, what) not in self.written:
            self.written.append((path, what))

    def save_checkpoint(self) -> None:
        from rushlight.serialization import save

        path = self.out / "lenet.pt"
        save(self.model.state_dict(), path)
        self._note(path, "the trained weights, a state_dict that torch.load reads too")

    def finish(self) -> None:
        """Close the logs and draw the pictures."""
        self.writer.close()
        self._note(self.logs, "scalars, digits and conv1 feature maps for TensorBoard")
        try:
            from rushlight.cli import charts
        except ImportError:
            print("no pictures: they are drawn with Pillow (pip install 'rushlight[demo]')")
            return
        if self.history:
            self._picture("learning-curve.png", charts.learning_curve(self.history), "loss and accuracy per epoch")
        self._picture("feature-maps.png", self._sheet(charts), "one digit as the layers see it")

    def _sheet(self, charts: Any) -> bytes:
        from rushlight.explain import feature_maps, to_unit

        index = next(i for i, label in enumerate(self.test_labels.tolist()) if label == 3)
        image = self.test_images[index : index + 1]
        self.model.eval()
        maps = feature_maps(self.model, image, ["conv1", "conv2", "fc3"])
        answer = int(maps.pop("fc3").argmax().item())
        groups = [(f"input: {SIDE} x {SIDE}", SIDE, [_bytes(image[0, 0])])]
        for name, found in maps.items():
            side, count = found.size(-1), found.size(1)
            caption = f"{name}: {count} maps of {side} x {side}"
            groups.append((caption, side, [_bytes(to_unit(found)[0, i]) for i in range(count)]))
        return charts.feature_sheet(f"A test image of a 3, and what LeNet makes of it: a {answer}", groups)

    def _picture(self, name: str, data: bytes, what: str) -> None:
        from rushlight.serialization.save_load import replace_file

        with replace_file(str((self.out / name).resolve())) as file:
            file.write(data)
        self._note(self.out / name, what)


def _bytes(unit: Any) -> bytes:
    """0..1 to bytes 0..255."""
    return bytes(min(255, max(0, round(v * 255))) for v in unit.reshape(-1).tolist())


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return f"{sum(p.stat().st_size for p in files) / 1024:.0f} kB"


def _command() -> str:
    """How this command line is called from here: by name where the shell finds it, else by path or through python."""
    called = Path(sys.argv[0])
    if called.name != "rushlight":
        return f"{os.path.basename(sys.executable)} -m rushlight"
    return "rushlight" if shutil.which("rushlight") == str(called) else os.path.relpath(called)


def _report(session: Session, seconds: float) -> None:
    last = session.history[-1]
    print(
        f"\n{100 * last['test_accuracy']:.1f}% of {len(session.test_labels)} test images right, {seconds:.1f} s in all."
    )
    print(f"\nwritten to {session.out}{os.sep}")
    width = max(len(os.path.relpath(path, session.out)) for path, _ in session.written)
    for path, what in session.written:
        print(f"  {os.path.relpath(path, session.out):<{width}}  {_size(path):>7}  {what}")
    print("\ntry next")
    print(f"  tensorboard --logdir {session.out / 'tensorboard'}          # pip install tensorboard")
    command = _command()
    print(f"  {command} summary vision.models:LeNet --input-size 1,1,32,32 --set in_channels=1")
    print(f"  {command} demo --epochs {2 * session.args.epochs} --seed 1         # TensorBoard then compares both runs")
    print(f"  {command} run your_script.py               # a script that imports torch, on rushlight")


def main(argv: list[str]) -> int:
    args = _arguments(argv)
    start = time.perf_counter()
    logs = _prepare(args.out)

    import rushlight

    if args.threads is not None:
        rushlight.set_num_threads(args.threads)
    session = Session(args, logs)
    parameters = sum(p.numel() for p in session.model.parameters())
    print(
        f"LeNet, {parameters:,} parameters, on {session.train_count} handwritten digits; "
        f"{len(session.test_labels)} kept for testing; {rushlight.get_num_threads()} thread(s)"
    )
    try:
        with progress() as bar:
            session.train(bar)
    except KeyboardInterrupt:
        if not session.history:
            session.save_checkpoint()
        session.finish()
        done = len(session.history)
        print(f"\ninterrupted after {done} epoch(s); {args.out / 'lenet.pt'} holds the weights", file=sys.stderr)
        return 130
    session.finish()
    _report(session, time.perf_counter() - start)
    return 0
