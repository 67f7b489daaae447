"""Seatrial from Python: an engine for disposable containers, and the trials of any engine.

    import seatrial

    with seatrial.Engine() as engine:
        with engine.run("busybox", ["echo", "ahoy"]) as box:
            print(box.result(timeout=10).text)

    report = seatrial.conform(targets=["reference", "oci:runc"], suites=["runtime"])
    for case in report.failures:
        print(case.target, case.name, case.reason)

Everything that is refused or fails raises a subclass of seatrial.Error. Times are datetimes in UTC,
sizes bytes, timeouts seconds.
"""

from typing import TYPE_CHECKING, Any

from ._native import (Change, ContainerInfo, ContainerState, EndpointInfo, Event, ImageSummary,
                      LogEntry, MountPoint, NetworkInfo, PathStat, PortBinding, PruneResult,
                      RecoveryReport, RegistryAuth, StatsSample, SystemInfo, VolumeInfo)
from ._program import find_program
from .container import Container, Result
from .engine import Engine
from .errors import (Conflict, Denied, Error, Exhausted, Internal, InvalidArgument, NotFound,
                     Timeout, Unavailable, Unsupported)
from .resources import Image, Network, Volume

if TYPE_CHECKING:
    from .conformance import CaseResult, Observation, Report, Target, conform

__all__ = [
    "CaseResult", "Change", "Conflict", "Container", "ContainerInfo", "ContainerState", "Denied",
    "EndpointInfo", "Engine", "Error", "Event", "Exhausted", "Image", "ImageSummary", "Internal",
    "InvalidArgument", "LogEntry", "MountPoint", "Network", "NetworkInfo", "NotFound",
    "Observation", "PathStat", "PortBinding", "PruneResult", "RecoveryReport", "RegistryAuth",
    "Report", "Result", "StatsSample", "SystemInfo", "Target", "Timeout", "Unavailable",
    "Unsupported", "Volume", "VolumeInfo", "conform", "find_program",
]


def __getattr__(name: str) -> Any:
    # Imported by who uses it: it costs as much as all the rest.
    if name in ("CaseResult", "Observation", "Report", "Target", "conform"):
        from . import conformance
        return getattr(conformance, name)
    raise AttributeError(f"module 'seatrial' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
