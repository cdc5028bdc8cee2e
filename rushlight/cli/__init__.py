"""The `rushlight` command. Each subcommand is one file, imported when it is asked for."""

from __future__ import annotations

import argparse
import importlib
import sys

_COMMANDS = {
    "demo": "train LeNet on handwritten digits and leave pictures, TensorBoard logs and a checkpoint",
    "run": "run a Python script with `import torch` and `import torchvision` meaning rushlight",
    "summary": "print a model's layers, output shapes, parameters and multiply-adds",
    "info": "print how this copy was built and what it found on this machine",
}


class UsageError(Exception):
    """A wrong argument that only the command itself can see; printed without a traceback, exit status 2."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rushlight", description="torch.nn without the weight.", epilog="rushlight COMMAND --help tells more."
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, text in _COMMANDS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status (0 done, 1 failed, 2 wrong arguments, 130 interrupted)."""
    argv = sys.argv[1:] if argv is None else list(argv)
    parser = _parser()
    # A command's own arguments go to its own parser untouched: a script after `run` may take any.
    known, rest = parser.parse_known_args(argv[:1])
    if known.version:
        from rushlight.version import __version__

        print(f"rushlight {__version__}")
        return 0
    if rest:
        parser.error(f"unknown option {rest[0]}")
    if known.command is None:
        parser.print_help()
        return 2
    command = importlib.import_module(f"rushlight.cli.{known.command}")
    try:
        return command.main(argv[1:])
    except UsageError as error:
        print(f"rushlight {known.command}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
