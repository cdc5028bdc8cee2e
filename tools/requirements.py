"""Print what a part of pyproject.toml requires, one requirement a line, for `pip install -r /dev/stdin`.

python tools/requirements.py build runtime test dev    (build: [build-system]; runtime: dependencies; others: extras)
"""

import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10: pip brings a reader along
    from pip._vendor import tomli as tomllib  # type: ignore[no-redef]


def requirements(parts: list[str]) -> list[str]:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    tables = dict(project["project"]["optional-dependencies"])
    tables["build"] = [*project["build-system"]["requires"], "cmake>=3.20", "ninja"]
    tables["runtime"] = project["project"]["dependencies"]
    return [line for part in parts for line in tables[part]]


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
