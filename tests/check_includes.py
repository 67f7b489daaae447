#!/usr/bin/python3
"""Compares every #include "..." of the tree with the table of rooms in docs/architecture.md.

usage: check_includes.py PROJECT_ROOT

A cell of the third column names rooms (`engine/base`) or single headers
(`engine/plan/wire.h`). Rooms are transitive, single headers are not. Unit tests (x_test.*, and a
room's `testing` folder) may include every room above theirs in the table, too. A file whose folder
is in no room, and an include that its room may not have, are each reported; any report is exit
status 1.
"""

import pathlib
import re
import sys

SOURCES = {".h", ".cc", ".inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
TICKED = re.compile(r"`([^`]+)`")


def read_table(page: pathlib.Path) -> dict[str, list[str]]:
    rooms: dict[str, list[str]] = {}
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("| `") or len(cells) != 3:
            continue
        rooms[TICKED.findall(cells[0])[0]] = TICKED.findall(cells[2])
    return rooms


def room_of(path: str, rooms: dict[str, list[str]]) -> str | None:
    return next((room for room in rooms if path.startswith(room + "/")), None)


def may_include(room: str, rooms: dict[str, list[str]]) -> tuple[set[str], set[str]]:
    """The rooms and the single headers that files of `room` may include."""
    allowed, headers, todo = set(), set(), [room]
    while todo:
        current = todo.pop()
        if current in allowed:
            continue
        allowed.add(current)
        for name in rooms[current]:
            if name.endswith(".h"):
                headers.add(name)
            else:
                todo.append(name)
    return allowed, headers


def is_unit_test(path: str) -> bool:
    return "/testing/" in path or "_test." in path.rsplit("/", 1)[1]


def rooms_above(room: str, rooms: dict[str, list[str]]) -> set[str]:
    order = list(rooms)
    return set(order[:order.index(room)])


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    rooms = read_table(root / "docs/architecture.md")
    unknown = {name for names in rooms.values() for name in names
               if not name.endswith(".h") and name not in rooms}
    complaints = [f"docs/architecture.md: no room is called {name}" for name in sorted(unknown)]
    checked = 0
    for top in ("engine", "harness", "suites", "bindings") if not unknown else ():
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SOURCES:
                continue
            path = str(file.relative_to(root))
            room = room_of(path, rooms)
            if room is None:
                complaints.append(f"{path}: its folder is in no room of docs/architecture.md")
                continue
            allowed, headers = may_include(room, rooms)
            if is_unit_test(path):
                allowed |= rooms_above(room, rooms)
            for include in INCLUDE.findall(file.read_text()):
                checked += 1
                owner = room_of(include, rooms)
                if owner is None:
                    complaints.append(f'{path}: "{include}" does not name a file from the project root')
                elif owner not in allowed and include not in headers:
                    complaints.append(f"{path}: {room} may not include {include}")
    print("\n".join(complaints) or f"{checked} includes keep to the table of {len(rooms)} rooms")
    if checked == 0 and not complaints:
        print("no include was found: is the project root right?")
        return 1
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
