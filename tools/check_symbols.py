"""Fail when code for a wide instruction set could run on a machine that lacks it.

A *.simd.cpp is compiled once per instruction set. A function that every copy emits as a weak symbol (an inline function
or template of the standard library, say) is merged by the linker, and the copy it keeps may hold AVX-512 instructions:
an illegal instruction for everybody else. So weak symbols of the v3 and v4 objects must carry their own namespace.

python tools/check_symbols.py BUILD_FOLDER
"""

import subprocess
import sys
from pathlib import Path

WEAK_CODE = set("Ww")  # nm's letters for functions; weak data holds no instructions


def stray_symbols(build: Path) -> list[str]:
    """Weak symbols outside rl::v3 / rl::v4 that the objects of these instruction sets define."""
    found = []
    for isa in ("v3", "v4"):
        for path in sorted((build / "CMakeFiles" / f"simd_{isa}.dir").rglob("*.o")):
            lines = subprocess.run(["nm", path], check=True, capture_output=True, text=True).stdout.splitlines()
            for line in lines:
                *_, kind, name = line.split()
                undefined = line.startswith(" ")
                if kind in WEAK_CODE and not undefined and f"2rl2{isa}" not in name:
                    found.append(f"{path.relative_to(build)}: {name}")
    return found


def main() -> int:
    build = Path(sys.argv[1])
    objects = list(build.glob("CMakeFiles/simd_v[34].dir/**/*.o"))
    if not objects:
        print(f"check_symbols: no v3 or v4 objects under {build}")
        return 0 if not list(build.glob("CMakeFiles/simd_v2.dir")) else 1
    found = stray_symbols(build)
    print("\n".join(found + [f"check_symbols: {len(objects)} objects, {len(found)} stray weak symbols"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
