"""What the engine and the harness raise: one class per kind of error, closed like the engine's set.

Each has `kind` (the engine's word for it) and `sys_errno` (the kernel's errno, 0 where no system
call failed); `str()` is one sentence. Where Python has a fitting class of its own, the error is one
of those, too: `except TimeoutError` and `except LookupError` work.
"""

from __future__ import annotations


class Error(Exception):
    """Anything that the engine refuses or fails at."""

    kind: str = "internal"

    def __init__(self, message: str = "", sys_errno: int = 0) -> None:
        super().__init__(message)
        self.sys_errno = sys_errno

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidArgument(Error, ValueError):
    """The caller's input is wrong."""

    kind = "invalid argument"


class NotFound(Error, LookupError):
    """The container, image, network, volume or file named does not exist."""

    kind = "not found"


class Conflict(Error):
    """The thing exists already, or is in a state that forbids the operation."""

    kind = "conflict"


class Denied(Error):
    """The kernel or a policy refused."""

    kind = "denied"


class Unsupported(Error):
    """This host or this build cannot do it."""

    kind = "unsupported"


class Exhausted(Error):
    """A limit or a resource ran out."""

    kind = "exhausted"


class Unavailable(Error):
    """A peer (a registry, a monitor) is not there or hung up."""

    kind = "unavailable"


class Timeout(Error, TimeoutError):
    """A deadline passed."""

    kind = "timeout"


class Internal(Error):
    """A defect of the engine."""

    kind = "internal"


_CLASSES: dict[str, type[Error]] = {
    each.kind: each
    for each in (InvalidArgument, NotFound, Conflict, Denied, Unsupported, Exhausted, Unavailable,
                 Timeout, Internal)
}


def error_of(kind: str, message: str, sys_errno: int) -> Error:
    """The exception for an error of the engine. Called by the compiled module."""
    return _CLASSES.get(kind, Internal)(message, sys_errno)
