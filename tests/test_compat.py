"""`import torch` meaning rushlight. Run in fresh interpreters: this suite has the real torch imported."""

import subprocess
import sys

import pytest


def run(code, *args):
    return subprocess.run([sys.executable, "-W", "error", "-c", code, *args], capture_output=True, text=True)


def test_the_very_same_modules():
    code = """
import rushlight.compat
rushlight.compat.install(); rushlight.compat.install()
import torch, torchvision
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import models
import torchvision.datasets
import rushlight, rushlight.nn.functional, rushlight.vision.models
assert torch is rushlight and F is rushlight.nn.functional and torchvision is rushlight.vision
assert models is rushlight.vision.models and nn.Module is rushlight.nn.Module
assert rushlight.__name__ == "rushlight" == rushlight.__spec__.name and F.__spec__.name == "rushlight.nn.functional"
assert sum(id(m) == id(rushlight) for m in __import__("sys").modules.values()) == 2
import importlib
importlib.reload(importlib.import_module("torch.version"))
for name in ("torch.no_such_part", "torchvision.no_such_part"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert error.name == name and "rushlight" in str(error)
    else:
        raise AssertionError(name)
rushlight.compat.uninstall()
assert not [m for m in __import__("sys").modules if m.split(".")[0] in ("torch", "torchvision")]
print("done")
"""
    done = run(code)
    assert done.stdout == "done\n", done.stderr


def test_context_and_real_torch():
    code = """
from rushlight import compat
with compat.installed():
    import torch
    assert torch.__name__ == "rushlight"
import sys, types
sys.modules["torch"] = types.ModuleType("torch")
try:
    compat.install()
except RuntimeError as error:
    print(error)
"""
    done = run(code)
    assert "already imported" in done.stdout, done.stderr


SCRIPT = """
import sys
import torch
from torch import nn
print(__name__, sys.argv[1:], torch.__name__, helper())
x = nn.Linear(2, 1)(torch.ones(3, 2))
print(tuple(x.shape))
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize("form", ["file", "module"])
def test_run(tmp_path, form):
    (tmp_path / "own.py").write_text("def helper():\n    return 'sibling'\n")
    (tmp_path / "script.py").write_text("from own import helper\n" + SCRIPT)
    what = [str(tmp_path / "script.py")] if form == "file" else ["-m", "script"]
    command = [sys.executable, "-m", "rushlight", "run", *what, "7", "--flag", "-m"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment())
    assert done.stdout == "__main__ ['7', '--flag', '-m'] rushlight sibling\n(3, 1)\n", done.stderr
    assert done.returncode == 7


def environment():
    import os
    from pathlib import Path

    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


def test_run_errors(tmp_path):
    (tmp_path / "broken.py").write_text("import torch\nraise KeyError('mine')\n")
    for arguments, status, message in (
        (["none.py"], 2, "cannot open none.py"),
        ([], 2, "which script"),
        (["-x"], 2, "unknown option"),
        (["broken.py"], 1, "KeyError: 'mine'"),
    ):
        command = [sys.executable, "-m", "rushlight", "run", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment())
        assert done.returncode == status and message in done.stderr
    assert 'broken.py", line 2' in done.stderr
