"""conform(): the program found and run, its report read."""

import json
import os
import sys

import pytest

import seatrial

CASE = "MaskedPaths.HideFileContentFromContainerRoot"


@pytest.fixture
def program(tmp_path):
    """Makes a program `seatrial` that does as it is told and is not the real one."""
    def make(body):
        path = tmp_path / "seatrial"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n"
                        "report = sys.argv[sys.argv.index('--json') + 1]\n" + body)
        path.chmod(0o755)
        return path
    return make


def test_a_case_on_the_reference_passes():
    report = seatrial.conform(suites=["runtime"], cases=[CASE], timeout=120)
    assert [(case.name, case.verdict) for case in report.results] == [(CASE, "pass")]
    assert report.results[0].clauses == ("runtime/linux/masked-paths",)
    assert report.on(report.targets[0]) == list(report.results)
    assert report.kept and report.counts == {"pass": 1}


def test_a_failure_is_a_result(program):
    document = {"host": {"kernel": "6"}, "targets": [
        {"name": "x", "spec": "oci:x", "version": "1", "oci_version": "1", "features": [],
         "missing": ["seccomp"]}],
        "results": [{"target": "oci:x", "suite": "runtime", "case": "A.B", "clauses": ["c"],
                     "verdict": "fail", "reason": "why", "duration_ms": 1500,
                     "observations": [{"file": "f", "line": 3, "message": "m"}]}]}
    fake = program(f"open(report, 'w').write({json.dumps(json.dumps(document))})\nsys.exit(1)\n")
    report = seatrial.conform(["oci:x"], program=fake)
    assert not report.kept
    (case,) = report.failures
    assert (case.duration, case.observations[0].line) == (1.5, 3)
    assert report.targets[0].missing == ("seccomp",)


def test_the_options_arrive(program):
    fake = program("sys.exit(' '.join(sys.argv[1:]))\n")
    with pytest.raises(seatrial.Internal) as caught:
        seatrial.conform(["a", "b"], ["s"], filters=["F.*"], cases=["C"], jobs=3, strict=True,
                         program=fake)
    for option in ("--target a --target b", "--suite s", "--filter F.*", "--case C", "--jobs 3",
                   "--strict"):
        assert option in str(caught.value)


def test_mistakes_are_named(program):
    with pytest.raises(seatrial.InvalidArgument, match="nosuchsuite"):
        seatrial.conform(suites=["nosuchsuite"])
    with pytest.raises(seatrial.InvalidArgument, match=r"target is a list, as in \['reference'\]"):
        seatrial.conform("reference")
    with pytest.raises(seatrial.InvalidArgument, match="no report"):
        seatrial.conform(program=program("open(report, 'w').write('{}')\n"))


def test_a_run_that_takes_too_long_is_stopped(program, tmp_path):
    fake = program("try:\n  time.sleep(600)\n"
                   f"except KeyboardInterrupt:\n  open({str(tmp_path / 'cleaned')!r}, 'w')\n")
    with pytest.raises(seatrial.Timeout, match="within 1.5 s"):
        seatrial.conform(program=fake, timeout=1.5)
    assert (tmp_path / "cleaned").exists()


def test_the_program_is_found_in_three_places(program, monkeypatch, tmp_path):
    fake = program("")
    monkeypatch.setenv("SEATRIAL_PROGRAM", str(fake))
    assert seatrial.find_program() == str(fake)
    monkeypatch.setenv("SEATRIAL_PROGRAM", "/none/seatrial")
    with pytest.raises(seatrial.NotFound, match="SEATRIAL_PROGRAM names /none/seatrial"):
        seatrial.conform()
    monkeypatch.delenv("SEATRIAL_PROGRAM")
    from seatrial import _program
    assert seatrial.find_program().endswith("/bin/seatrial")  # beside the package
    monkeypatch.setattr(_program, "__file__", str(tmp_path / "a/b/c.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert seatrial.find_program() == str(fake)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(seatrial.NotFound, match="SEATRIAL_PROGRAM is not set, neither .* PATH"):
        seatrial.find_program()
