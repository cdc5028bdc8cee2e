"""What is shipped: the wheel's contents, size and metadata, an install without the source tree; README's code."""

import email
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import rushlight
from tools.check_symbols import stray_symbols

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "dev"  # `make native` left its objects there


def build_wheel(folder):
    pytest.importorskip("scikit_build_core")
    reuse = ["-C", f"build-dir={BUILD}"] if BUILD.exists() else []
    scripts = os.path.dirname(sys.executable)  # cmake and ninja stand beside this interpreter
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-build-isolation"]
        + ["--no-deps", "--wheel-dir", str(folder), *reuse, str(ROOT)],
        env={**os.environ, "PATH": scripts + os.pathsep + os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("rushlight-*.whl")
    return wheel


def test_wheel(tmp_path):
    archive = zipfile.ZipFile(build_wheel(tmp_path))
    names = [name for name in archive.namelist() if not name.endswith("/")]

    tops = {name.split("/")[0] for name in names}
    assert tops == {"rushlight", f"rushlight-{rushlight.__version__}.dist-info"}
    assert len([name for name in names if re.fullmatch(r"rushlight/_native\..*\.so", name)]) == 1
    shipped = {name for name in names if name.startswith("rushlight/") and name.endswith(".py")}
    tracked = subprocess.run(["git", "ls-files", "rushlight/*.py"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode == 0 and tracked.stdout:
        assert set(tracked.stdout.split()) - shipped == set()
    assert not [name for name in names if name.endswith((".cpp", ".h", ".o", ".pyc", ".a"))]
    assert sum(info.file_size for info in archive.infolist()) < 15e6, "own files are to stay under 15 MB"

    metadata = email.message_from_bytes(archive.read(f"rushlight-{rushlight.__version__}.dist-info/METADATA"))
    required = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    assert sorted(re.split(r"[<>=]", line)[0] for line in required) == ["ml_dtypes", "numpy"]
    assert {"demo", "safetensors", "test", "dev"} <= set(metadata.get_all("Provides-Extra"))
    torch = [line.replace('"', "'") for line in metadata.get_all("Requires-Dist") if line.startswith("torch")]
    assert torch == ["torch==2.13.0; extra == 'test'"]
    assert b"rushlight = rushlight.cli:main" in archive.read(
        f"rushlight-{rushlight.__version__}.dist-info/entry_points.txt"
    )

    site = tmp_path / "site"
    archive.extractall(site)
    code = (
        "import rushlight, os; from rushlight import _native\n"
        "assert os.path.dirname(_native.__file__) == os.path.dirname(rushlight.__file__), _native.__file__\n"
        "print(rushlight.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == site / "rushlight"


def test_no_code_for_wide_instruction_sets_leaks():
    if not BUILD.exists():
        pytest.skip("needs the objects of `make native`")
    assert stray_symbols(BUILD) == []


def test_stray_symbol_is_found(tmp_path):
    """The check itself: an inline function outside the instruction set's namespace must be reported."""
    folder = tmp_path / "CMakeFiles" / "simd_v4.dir"
    folder.mkdir(parents=True)
    source = tmp_path / "stray.cpp"
    source.write_text(
        "template <class T> __attribute__((noinline)) T twice(T x) { return x + x; }\n"
        "namespace rl::v4 {\n"
        "template <class T> __attribute__((noinline)) T thrice(T x) { return x + x + x; }\n"
        "int entry(int x) { return twice(x) + thrice(x); }\n"
        "}\n"
    )
    subprocess.run(["g++", "-std=c++20", "-O1", "-c", source, "-o", folder / "stray.o"], check=True)
    found = stray_symbols(tmp_path)
    assert len(found) == 1 and "twice" in found[0]


def test_readme_example_runs(tmp_path, capsys, monkeypatch):
    pytest.importorskip("rushlight.optim")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    exec(compile(code, "README.md", "exec"), {})
    assert re.match(r"tensor\(\d\.\d{4}, grad_fn=<\w+>\)", capsys.readouterr().out)
    assert (tmp_path / "model.pt").exists()


def test_version_is_one():
    assert rushlight.__version__ == rushlight.version.__version__
    assert f"version: {rushlight.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {rushlight.__version__}" in (ROOT / "CHANGELOG.md").read_text()
