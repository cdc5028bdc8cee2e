"""Lines per folder and kind of file, so that growth is seen: python tools/size.py"""

import subprocess
from collections import Counter
from pathlib import Path

SUFFIXES = {".py", ".cpp", ".h", ".inc", ".md"}


def main() -> None:
    root = Path(__file__).resolve().parent.parent
    names = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True).stdout.split("\n")
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for name in filter(None, names):
        path = root / name
        if path.suffix in SUFFIXES and path.is_file():
            folder = "/".join(name.split("/")[:-1][:3]) or "."
            lines[folder] += len(path.read_text(encoding="utf-8").splitlines())
            files[folder] += 1
    width = max(map(len, lines))
    for folder in sorted(lines):
        print(f"{folder:{width}}  {files[folder]:4} files  {lines[folder]:7,} lines")
    print(f"{'all':{width}}  {sum(files.values()):4} files  {sum(lines.values()):7,} lines")


if __name__ == "__main__":
    main()
