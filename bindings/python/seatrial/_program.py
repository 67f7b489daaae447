"""Where the program `seatrial` is."""

from __future__ import annotations

import os
import pathlib
import shutil

from .errors import NotFound


def find_program() -> str:
    """The absolute path of the program `seatrial`.

    `SEATRIAL_PROGRAM` decides where it is set; else beside the package (`bin/seatrial` in the
    package, or in the directory above the one that holds the package, where a build tree has it),
    else `PATH`. Raises NotFound that says what was tried.
    """
    chosen = os.environ.get("SEATRIAL_PROGRAM", "")
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise NotFound(f"SEATRIAL_PROGRAM names {chosen}, which is no program")
        return os.path.abspath(found)
    package = pathlib.Path(__file__).absolute().parent
    beside = (package / "bin/seatrial", package.parent.parent / "bin/seatrial")
    for path in beside:
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    found = shutil.which("seatrial")
    if found is None:
        raise NotFound("the program seatrial was not found: SEATRIAL_PROGRAM is not set, neither "
                       f"{beside[0]} nor {beside[1]} exists, and PATH has none")
    return os.path.abspath(found)
