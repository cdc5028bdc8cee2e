"""The command line, the demo above all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rushlight
from rushlight.cli import main
from rushlight.utils.tensorboard import wire
from rushlight.utils.tensorboard.records import read_records
from rushlight.vision.models import LeNet

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
COMMAND = [sys.executable, "-m", "rushlight"]


def heed_interrupts():
    """In a child: a suite started in the background ignores Ctrl-C, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def tags(folder):
    """Tag -> steps of every summary value in a folder of event files."""
    found = {}
    for path in folder.glob("events.out.tfevents.*"):
        with open(path, "rb") as file:
            for record in read_records(file):
                event = wire.parse(record)
                for summary in event.get(5, []):
                    for value in wire.parse(summary)[1]:
                        found.setdefault(wire.parse(value)[1][0].decode(), []).append(event[2][0])
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The output of one full demo, and its folder."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run([*COMMAND, "demo"], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, folder / "rushlight-demo"


def test_demo_learns_the_digits(finished):
    output, _ = finished
    rows = [line for line in output.splitlines() if line.startswith("epoch")]
    assert len(rows) == 15
    accuracy = float(rows[-1].split("test accuracy")[1].split("%")[0])
    assert accuracy >= 97.0, rows[-1]
    assert f"{accuracy:.1f}% of 299 test images right" in output
    for name in ("lenet.pt", "learning-curve.png", "feature-maps.png", "tensorboard", "try next"):
        assert name in output


def test_demo_leaves_readable_files(finished):
    import torch
    from PIL import Image

    output, out = finished
    assert sorted(os.listdir(out)) == ["feature-maps.png", "learning-curve.png", "lenet.pt", "tensorboard"]
    for name in ("learning-curve.png", "feature-maps.png"):
        with Image.open(out / name) as image:
            assert image.width > 400 and image.height > 200 and len(set(image.convert("L").tobytes())) > 20
    state = torch.load(out / "lenet.pt", weights_only=True)
    assert sum(tensor.numel() for tensor in state.values()) == 61706
    # the checkpoint is the network whose accuracy was printed
    from rushlight.cli.demo import enlarge, evaluate
    from rushlight.vision.datasets import Digits

    model = LeNet(in_channels=1)
    model.load_state_dict(rushlight.load(out / "lenet.pt"))
    test = Digits(train=False)
    _, accuracy = evaluate(model, enlarge(test.data), test.targets)
    assert f"{100 * accuracy:.1f}% of 299" in output


def test_demo_logs_for_tensorboard(finished):
    found = tags(finished[1] / "tensorboard" / "run-1")
    assert {"train/loss", "test/accuracy", "digits", "conv1 feature maps", "conv1.weight"} <= set(found)
    assert found["test/accuracy"] == list(range(1, 16)) == found["conv1 feature maps"]


def test_demo_same_seed_same_numbers_and_new_run(tmp_path, capsys):
    def rows():
        assert (
            main(["demo", "--epochs", "1", "--out", str(tmp_path / "o"), "--threads", "1", "--batch-size", "100"]) == 0
        )
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
        return [line.rsplit("  ", 1)[0] for line in lines]

    threads = rushlight.get_num_threads()
    try:
        assert rows() == rows()
    finally:
        rushlight.set_num_threads(threads)
    assert sorted(os.listdir(tmp_path / "o" / "tensorboard")) == ["run-1", "run-2"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--epochs", "0"], "between 1 and"),
        (["--epochs", "x"], "whole number"),
        (["--batch-size", "1499"], "between 1 and 1498"),
        (["--threads", "-1"], "between 1 and"),
        (["--seed", str(2**63)], "between 0 and"),
        (["--colour"], "--colour"),
    ],
)
def test_demo_wrong_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["demo", *arguments])
    assert stop.value.code == 2 and message in capsys.readouterr().err


def test_demo_output_is_a_file(tmp_path, capsys):
    (tmp_path / "f").write_text("")
    assert main(["demo", "--out", str(tmp_path / "f")]) == 2
    assert main(["demo", "--out", str(tmp_path / "f" / "g")]) == 2
    assert "--out" in capsys.readouterr().err


def test_demo_interrupted_leaves_a_checkpoint(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "demo", "--epochs", "500"],
        cwd=tmp_path,
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    for line in process.stdout:
        if line.startswith("epoch   2"):
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted after" in errors and "Traceback" not in errors
    state = rushlight.load(tmp_path / "rushlight-demo" / "lenet.pt")
    assert str(LeNet(in_channels=1).load_state_dict(state)) == "<All keys matched successfully>"
    assert (tmp_path / "rushlight-demo" / "learning-curve.png").exists()


def test_demo_without_optional_packages(tmp_path):
    code = (
        "import sys\n"
        "for name in ('rich', 'PIL', 'matplotlib', 'tensorboard', 'safetensors'): sys.modules[name] = None\n"
        "from rushlight.cli import main\n"
        "sys.exit(main(['demo', '--epochs', '1']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Pillow" in done.stdout and (tmp_path / "rushlight-demo" / "lenet.pt").exists()


def test_live_bar_on_a_terminal(tmp_path):
    """On a terminal the bar moves: rich's, and the plain one without rich."""
    import pty

    for hide in ("", "sys.modules['rich'] = None\n"):
        leader, follower = pty.openpty()
        code = f"import sys\n{hide}from rushlight.cli import main\nsys.exit(main(['demo', '--epochs', '1']))\n"
        process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env={**ENVIRONMENT, "TERM": "xterm"},
                                   stdout=follower, stderr=follower)  # fmt: skip
        os.close(follower)
        seen = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        os.close(leader)
        assert process.wait() == 0
        assert seen.count(b"epoch 1/1") > 1 and b"47/47" in seen and b"test accuracy" in seen


def test_version_help_and_unknown(capsys):
    from rushlight.version import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rushlight {__version__}\n"
    assert main([]) == 2
    assert "demo" in capsys.readouterr().out
    for wrong in (["no-such-command"], ["--no-such-option"]):
        with pytest.raises(SystemExit) as stop:
            main(wrong)
        assert stop.value.code == 2
        assert "no-such" in capsys.readouterr().err


def test_info(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert "NumPy" in out and "threads:" in out


def test_summary(capsys, tmp_path):
    assert main(["summary", "vision.models:LeNet"]) == 0
    assert "62,006" in capsys.readouterr().out
    assert main(["summary", "vision.models:LeNet", "--set", "in_channels=1", "--input-size", "4,1,32,32"]) == 0
    assert "(4, 6, 28, 28)" in capsys.readouterr().out
    (tmp_path / "mine.py").write_text("from rushlight import nn\nnet = nn.Linear(2, 3)\nnumber = 3\n")
    assert main(["summary", f"{tmp_path / 'mine.py'}:net", "--input-size", "1,2"]) == 0
    assert "9 (9 trainable)" in capsys.readouterr().out
    for wrong, message in (
        (["LeNet"], "module:Name"),
        (["vision.models:NoNet"], "has no 'NoNet'"),
        (["no.such.place:X"], "no module"),
        (["none.py:X"], "no file"),
        ([f"{tmp_path / 'mine.py'}:number"], "cannot build"),
        (["vision.models:LeNet", "--set", "x=1"], "cannot build"),
        (["vision.models:LeNet", "--input-size", "1,1,32,32"], "does not accept"),
    ):
        assert main(["summary", *wrong]) == 2
        assert message in capsys.readouterr().err


def test_start_is_light():
    """The command line imports no optional package, and none of its own commands before they are asked for."""
    code = (
        "import sys\n"
        "from rushlight.cli import main\n"
        "main(['--version'])\n"
        "heavy = {'rich', 'PIL', 'tensorboard', 'safetensors', 'matplotlib', 'torch', 'rushlight.cli.demo'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_interrupt_is_quick_to_end():
    """A Ctrl-C in a script run by `rushlight run` ends with status 130."""
    code = "import time; print('up', flush=True); time.sleep(60)"
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"rushlight-sleep-{os.getpid()}.py"
    path.write_text(code)
    try:
        process = subprocess.Popen([*COMMAND, "run", str(path)], env=ENVIRONMENT, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts)  # fmt: skip
        process.stdout.readline()
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130 and time.monotonic() - start < 30
    finally:
        path.unlink()
