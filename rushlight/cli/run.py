"""`rushlight run`: a Python script, with torch and torchvision answered by rushlight."""

from __future__ import annotations

import io
import os
import runpy
import sys
import types

from rushlight import compat

_USAGE = """usage: rushlight run SCRIPT [ARGUMENT ...]
       rushlight run -m MODULE [ARGUMENT ...]

Run a Python script (or module) as `python` would, with `import torch` and `import torchvision` meaning rushlight.
"""


def main(argv: list[str]) -> int:
    from rushlight.cli import UsageError

    if argv and argv[0] in ("-h", "--help"):
        print(_USAGE, end="")
        return 0
    if not argv or (argv[0] == "-m" and len(argv) < 2):
        raise UsageError("which script? See rushlight run --help")
    if argv[0].startswith("-") and argv[0] != "-m":
        raise UsageError(f"unknown option {argv[0]}; options of the script go behind its name")
    compat.install()
    if argv[0] == "-m":
        sys.argv = argv[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        return 0
    script = argv[0]
    try:
        with io.open_code(os.path.abspath(script)) as file:
            code = compile(file.read(), script, "exec")
    except OSError as error:
        raise UsageError(f"cannot open {script}: {error.strerror}") from None
    sys.argv = list(argv)
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    # The script's own __main__, kept after it ends: threads and exit handlers may still use it.
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=script, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    exec(code, module.__dict__)
    return 0
