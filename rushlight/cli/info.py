"""`rushlight info`: how this copy was built, and what it found on this machine."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata

_OPTIONAL = ("ml_dtypes", "safetensors", "rich", "pillow", "matplotlib", "tensorboard", "mpi4py", "jax")


def main(argv: list[str]) -> int:
    argparse.ArgumentParser(prog="rushlight info", description=__doc__).parse_args(argv)
    import rushlight
    from rushlight.version import __version__

    print(f"rushlight {__version__}, Python {platform.python_version()}, NumPy {metadata.version('numpy')}")
    print(f"{platform.system()} {platform.release()}, {platform.machine()}")
    print(rushlight.__config__.show().rstrip())
    print(f"threads: {rushlight.get_num_threads()}")
    found = []
    for name in _OPTIONAL:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    print("optional: " + ", ".join(found))
    return 0
