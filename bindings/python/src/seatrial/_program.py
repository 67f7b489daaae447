"""Where the program `seatrial` is."""

from __future__ import annotations

import os
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
    package = os.path.dirname(os.path.abspath(__file__))
    beside = (os.path.join(package, "bin/seatrial"),
              os.path.join(os.path.dirname(os.path.dirname(package)), "bin/seatrial"))
    for path in beside:
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    found = shutil.which("seatrial")
    if found is None:
        raise NotFound("the program seatrial was not found: SEATRIAL_PROGRAM is not set, neither "
                       f"{beside[0]} nor {beside[1]} exists, and PATH has none")
    return os.path.abspath(found)
