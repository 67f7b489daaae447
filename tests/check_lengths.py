#!/usr/bin/python3
"""No source file past the hard stop of 600 lines, no README of a room past 20.

usage: check_lengths.py PROJECT_ROOT
"""

import pathlib
import sys

LIMITS = {".h": 600, ".cc": 600, ".py": 600, ".pyi": 600, ".sh": 600, ".cmake": 600, ".groovy": 600}
README_LIMIT = 20


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    checked, complaints = 0, []
    for top in ("bindings", "cmake", "engine", "harness", "jenkins", "suites", "tests"):
        for file in sorted((root / top).rglob("*")):
            limit = README_LIMIT if file.name == "README.md" else LIMITS.get(file.suffix)
            if limit is None or not file.is_file():
                continue
            checked += 1
            lines = len(file.read_text().splitlines())
            if lines > limit:
                complaints.append(f"{file.relative_to(root)}: {lines} lines, the hard stop is {limit}")
    print("\n".join(complaints) or f"{checked} files keep to their lengths")
    return 1 if complaints or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
