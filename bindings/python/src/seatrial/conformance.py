"""The trials of engines, with results as objects: `seatrial conform --json`, run and read."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any, Optional

from ._program import find_program
from .errors import Internal, InvalidArgument, Timeout

# Exit statuses of the program: all kept, the engine failed, the harness failed, nothing ran.
_HARNESS_FAILED = 2
_NOTHING_RAN = 3
# How long the program may take to clean up once it was told to stop.
_CLEANING_SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Observation:
    """One expectation that did not hold."""

    file: str
    line: int
    message: str


@dataclasses.dataclass(frozen=True)
class CaseResult:
    """What one case found on one target, named as the run was told to use it ("oci:runc").

    `verdict`: "pass", "fail" (the engine is wrong), "error" (the harness broke), "skip" (target or
    host lack a need), "not-applicable" (the kernel lacks the thing), "xfail" and "xpass" (a waiver
    names the case). `clauses`: ids of the rules that it tries. `duration`: seconds.
    """

    target: str
    suite: str
    name: str
    clauses: tuple[str, ...]
    verdict: str
    reason: str
    duration: float
    observations: tuple[Observation, ...] = ()
    stdout: str = ""
    stderr: str = ""


@dataclasses.dataclass(frozen=True)
class Target:
    """An engine that was tried. `spec`: as the run was told to use it; `missing`: features that it
    or this host lacks."""

    name: str
    spec: str
    version: str
    oci_version: str
    features: tuple[str, ...]
    missing: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Report:
    """All results of a run. `leftovers`: what the run left on the host, which should be nothing."""

    host: dict[str, Any]
    targets: tuple[Target, ...]
    results: tuple[CaseResult, ...]
    leftovers: tuple[str, ...]

    def with_verdict(self, *verdicts: str) -> list[CaseResult]:
        return [each for each in self.results if each.verdict in verdicts]

    def on(self, target: Target) -> list[CaseResult]:
        """The results of one target."""
        return [each for each in self.results if each.target == target.spec]

    @property
    def failures(self) -> list[CaseResult]:
        """What makes a run red: fail, error and xpass (a waiver that is no longer needed)."""
        return self.with_verdict("fail", "error", "xpass")

    @property
    def kept(self) -> bool:
        """Something was tried and nothing is red."""
        tried = self.with_verdict("pass", "xfail")
        return bool(tried) and not self.failures and not self.leftovers

    @property
    def counts(self) -> dict[str, int]:
        """How many cases had each verdict."""
        return dict(collections.Counter(each.verdict for each in self.results))


def _case(document: dict[str, Any]) -> CaseResult:
    return CaseResult(
        target=document["target"], suite=document["suite"], name=document["case"],
        clauses=tuple(document["clauses"]), verdict=document["verdict"],
        reason=document["reason"], duration=document["duration_ms"] / 1000,
        observations=tuple(Observation(each["file"], each["line"], each["message"])
                           for each in document.get("observations", ())),
        stdout=document.get("stdout", ""), stderr=document.get("stderr", ""))


def _target(document: dict[str, Any]) -> Target:
    return Target(name=document["name"], spec=document["spec"], version=document["version"],
                  oci_version=document["oci_version"], features=tuple(document["features"]),
                  missing=tuple(document["missing"]))


def parse_report(text: str) -> Report:
    """A report from what `seatrial conform --json` wrote. InvalidArgument: it is none."""
    try:
        document = json.loads(text)
        return Report(host=document["host"],
                      targets=tuple(_target(each) for each in document["targets"]),
                      results=tuple(_case(each) for each in document["results"]),
                      leftovers=tuple(document.get("leftovers", ())))
    except (ValueError, KeyError, TypeError) as problem:
        raise InvalidArgument(f"this is no report of seatrial conform: {problem!r}") from problem


def _list(values: Sequence[str], what: str) -> list[str]:
    if isinstance(values, str):
        raise InvalidArgument(f"{what} is a list, as in [{values!r}]")
    return list(values)


def _command(program: str, report: pathlib.Path, options: dict[str, Sequence[str]],
             jobs: int, strict: bool) -> list[str]:
    command = [program, "conform", "--quiet", "--progress", "never", "--json", str(report)]
    for option, values in options.items():
        for value in _list(values, option):
            command += [f"--{option}", value]
    if jobs:
        command += ["--jobs", str(jobs)]
    if strict:
        command.append("--strict")
    return command


def _run(command: list[str], timeout: Optional[float]) -> tuple[int, str]:
    """Exit status and what went to standard error. On a timeout or Ctrl-C, the program is told to
    stop, because it cleans up then; killed only when it does not."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, errors="replace") as process:
        try:
            complaints = process.communicate(timeout=timeout)[1]
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=_CLEANING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        return process.returncode, complaints


def conform(targets: Sequence[str] = ("reference",), suites: Sequence[str] = (), *,
            filters: Sequence[str] = (), cases: Sequence[str] = (), waivers: Sequence[str] = (),
            jobs: int = 0, strict: bool = False,
            program: Optional[str | os.PathLike[str]] = None,
            timeout: Optional[float] = None) -> Report:
    """Puts engines through the trials and returns what was found; a failing case is no exception.

    targets: "reference", "oci:runc" or another command as runc's, "docker:SOCKET".
    suites: "runtime" and so on; none: all. filters: globs of case names, "MaskedPaths.*"; cases:
    exact names. waivers: files of further waivers. jobs: how many cases at once; 0: as many as
    CPUs. strict: a skipped case with a binding clause is a failure. program: the program
    `seatrial`, else as find_program() finds it. timeout: seconds for the whole run.

    NotFound: the program is not there. InvalidArgument: it does not know a target, suite or case,
    or nothing was chosen. Timeout: the run was stopped. Internal: it ended without a report.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-") as directory:
        path = pathlib.Path(directory) / "report.json"
        command = _command(os.fspath(program) if program else find_program(), path,
                           {"target": targets, "suite": suites, "filter": filters, "case": cases,
                            "waivers": waivers}, jobs, strict)
        try:
            status, complaints = _run(command, timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"seatrial conform did not end within {timeout} s") from None
        if path.exists():
            return parse_report(path.read_text())
        said = complaints.strip() or f"it ended with {status} and said nothing"
        if status in (_HARNESS_FAILED, _NOTHING_RAN):
            raise InvalidArgument(said)
        raise Internal(f"seatrial conform: {said}")
