#!/usr/bin/python3
"""Runs one pipeline of pipelines/ in the simulator, and looks at what came of it.

usage: pipelines_test.py BUILD_DIRECTORY SCENARIO

Prints the build's log. Exit status 77: skipped, with the reason.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOM = HERE.parent
PROJECT = ROOM.parent
SCHEMA = PROJECT / "harness/report/testdata/junit-strict.xsd"
DEADLINE = 900


class Outcome:
    """What a build left: its log, build.json, and its records below `directory`."""

    def __init__(self, directory: pathlib.Path, log: str) -> None:
        self.directory = directory
        self.log = log
        self.build = json.loads((directory / "build.json").read_text())

    def expect(self, result: str, *lines: str) -> None:
        if self.build["result"] != result:
            sys.exit(f"the result is {self.build['result']} instead of {result}")
        for line in lines:
            if line not in self.log:
                sys.exit(f"the log does not say \"{line}\"")

    def expect_not(self, *lines: str) -> None:
        for line in lines:
            if line in self.log:
                sys.exit(f"the log says \"{line}\"")


def simulate(scratch: pathlib.Path, pipeline: pathlib.Path, *options: str, **environment: str) -> Outcome:
    command = [ROOM / "simulator/simulate", "--directory", scratch, "--schema", SCHEMA,
               "--library", f"seatrial={ROOM / 'library'}", *options]
    for name, value in environment.items():
        command += ["--env", f"{name}={value}"]
    run = subprocess.run([*command, pipeline], capture_output=True, text=True, timeout=DEADLINE)
    print(run.stdout, run.stderr, sep="")
    if not (scratch / "build.json").exists():
        sys.exit(f"the simulator itself failed, with status {run.returncode}")
    nobody_works_in(scratch)
    return Outcome(scratch, run.stdout)


def nobody_works_in(scratch: pathlib.Path) -> None:
    """Whatever ended the build ended the processes that it had started in its workspaces."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve(strict=True).is_relative_to(scratch):
                sys.exit(f"still running: {(process / 'cmdline').read_bytes()!r}")
        except OSError:
            continue


def scenario(name: str, *options: str, **environment: str):
    return lambda scratch: simulate(scratch, HERE / f"pipelines/{name}.groovy", *options, **environment)


# --- the simulator itself

def declarative(scratch: pathlib.Path, build: pathlib.Path) -> None:
    outcome = scenario("declarative")(scratch)
    outcome.expect("FAILURE", "seen: success of a stage", "seen: steps after a timeout run",
                   "seen: post after a failure", "seen: always with FAILURE", "seen: failure",
                   'Stage "Skipped" skipped due to when conditional', "as it was meant to")
    outcome.expect_not("must not run", "has run", "Error when executing")
    stages = {stage["name"]: stage["result"] for stage in outcome.build["stages"]}
    assert stages["Cells"] == "FAILURE" and stages["Slow"] == "ABORTED", stages
    assert not (scratch / "workspace").exists(), "deleteDir left the workspace"


def refused(scratch: pathlib.Path, build: pathlib.Path) -> None:
    outcome = scenario("misspelt")(scratch / "misspelt")
    outcome.expect("FAILURE", "stage 'Two': 'stepz' is no section or directive there")
    outcome.expect_not("the first stage ran")
    outcome = scenario("junit")(scratch / "junit")
    outcome.expect("FAILURE", "Recorded 3 tests of 1 files: 1 failed, 1 skipped",
                   "junit: b.xml is not as Jenkins' schema has it", "flavour")
    assert outcome.build["tests"]["total"] == 3, outcome.build


def abort(scratch: pathlib.Path, build: pathlib.Path) -> None:
    outcome = scenario("abort", "--abort-when", "now")(scratch)
    outcome.expect("ABORTED", "seen: caught", "seen: finally")
    outcome.expect_not("went on")


# --- seatrialConform

def conform(scratch: pathlib.Path, build: pathlib.Path, **environment: str) -> Outcome:
    return scenario("conform", SEATRIAL=str(build / "bin/seatrial"),
                    FILTERS="MaskedPaths.*", **environment)(scratch)


def whole_report(outcome: Outcome, targets: list[str]) -> None:
    """Two shards of each target, together: every case once, in every form of the report."""
    document = json.loads((outcome.directory / "archive/out/conform.json").read_text())
    assert [target["spec"] for target in document["targets"]] == targets, document["targets"]
    judged = [(result["target"], result["case"]) for result in document["results"]]
    cases = {case for _, case in judged}
    assert len(judged) == len(set(judged)) == len(targets) * len(cases), judged
    shards = sorted((outcome.directory / "stashes").glob("*/*.json"))
    shares = [len(json.loads(shard.read_text())["results"]) for shard in shards]
    assert len(shards) == 2 * len(targets) and min(shares) > 0, shares
    assert outcome.build["tests"]["total"] == len(judged), outcome.build["tests"]
    assert (outcome.directory / "htmlreports/Seatrial/index.html").exists()


def conform_kept(scratch: pathlib.Path, build: pathlib.Path) -> None:
    targets = ["reference", f"oci:{build}/bin/seatrial-runtime"]
    outcome = conform(scratch, build, TARGETS=" ".join(targets))
    outcome.expect("SUCCESS", "seatrialConform returned 0", "the pipeline goes on")
    whole_report(outcome, targets)
    assert outcome.build["tests"]["failed"] == 0, outcome.build


def conform_lie(scratch: pathlib.Path, build: pathlib.Path) -> None:
    targets = ["reference", f"oci:{build}/bin/liars/ignores-masked-paths"]
    outcome = conform(scratch / "unstable", build, TARGETS=" ".join(targets))
    outcome.expect("UNSTABLE", "seatrialConform returned 1", "the pipeline goes on")
    whole_report(outcome, targets)
    failed = outcome.build["tests"]["failed"]
    assert failed > 0 and f"{failed} of" in outcome.build["description"], outcome.build
    strict = conform(scratch / "failure", build, TARGETS=targets[1], ON_FAILURE="FAILURE")
    strict.expect("FAILURE", "an engine failed a case")
    strict.expect_not("the pipeline goes on")


def conform_broken(scratch: pathlib.Path, build: pathlib.Path) -> None:
    outcome = conform(scratch / "target", build, TARGETS="reference oci:/no/such/runtime")
    outcome.expect("FAILURE")
    assert "/no/such/runtime" in outcome.build["description"], outcome.build
    assert outcome.build["tests"]["total"] > 0, "what the other target did was not published"
    outcome = scenario("conform", SEATRIAL=str(build / "bin/seatrial"), TARGETS="reference",
                       FILTERS="No.Such")(scratch / "nothing")
    outcome.expect("FAILURE")
    assert "nothing ran" in outcome.build["description"], outcome.build


# --- withContainer, with the engine that daemon.py or engine_site.py tells of

ENGINE_VARIABLES = ("ENGINE", "DOCKER_HOST", "DOCKER_CONFIG", "SEATRIAL_ROOT", "SEATRIAL_RUN")


def container(scratch: pathlib.Path, name: str, *options: str) -> Outcome:
    engine = {name: os.environ[name] for name in ENGINE_VARIABLES if name in os.environ}
    outcome = scenario(f"container_{name}", *options, **engine)(scratch / name)
    left = subprocess.run([engine["ENGINE"], "ps", "-aq"], capture_output=True, text=True, check=True)
    if left.stdout:
        sys.exit(f"{name} left containers: {left.stdout}")
    return outcome


def container_success(scratch: pathlib.Path, build: pathlib.Path) -> None:
    container(scratch, "success").expect("SUCCESS", "all is as it should be", "by its own interpreter")


def container_failure(scratch: pathlib.Path, build: pathlib.Path) -> None:
    outcome = container(scratch, "failure")
    outcome.expect("FAILURE", "inside", "script returned exit code 3")
    outcome.expect_not("the body ran")
    container(scratch, "kept").expect("UNSTABLE", "is kept, because its steps failed")


def container_abort(scratch: pathlib.Path, build: pathlib.Path) -> None:
    container(scratch, "abort", "--abort-when", "busy").expect("ABORTED", "Aborted by simulated user")
    container(scratch, "timeout").expect("UNSTABLE", "Timeout has been exceeded")


# --- the project's own pipeline

def jenkinsfile(scratch: pathlib.Path, build: pathlib.Path) -> None:
    preset = build.name
    # Under another name: of its own file ninja always says that it may have to be made again.
    plan = scratch / "plan.ninja"
    plan.write_text((build / "build.ninja").read_text())
    pending = subprocess.run(["ninja", "-n", "-C", build, "-f", plan], capture_output=True, text=True,
                             check=True)
    if "no work to do" not in pending.stdout:
        print("skipped: the pipeline would build, as this tree is not built to the end")
        sys.exit(77)
    # A view of the tree with test logs of its own: another ctest is writing the tree's.
    view = scratch / "view"
    (view / "build" / preset).mkdir(parents=True)
    for entry in PROJECT.iterdir():
        if entry.name not in ("build", ".git", "results"):
            (view / entry.name).symlink_to(entry)
    for entry in build.iterdir():
        if entry.name != "Testing":
            (view / "build" / preset / entry.name).symlink_to(entry)
    outcome = simulate(scratch / "build", ROOM / "Jenkinsfile", "--source", view,
                       "--param", f"PRESET={preset}", "--param", "TESTS=-L house",
                       "--param", "TARGETS=reference", "--param", "FILTERS=MaskedPaths.*",
                       "--param", "SHARDS=2")
    outcome.expect("SUCCESS", "100% tests passed")
    assert [stage["name"] for stage in outcome.build["stages"]] == ["Build", "Test", "Conform", "Publish"]
    assert outcome.build["tests"]["total"] > 0, outcome.build
    assert (outcome.directory / "archive/seatrial-runtime").exists()


SCENARIOS = {function.__name__: function for function in (
    declarative, refused, abort, conform_kept, conform_lie, conform_broken, container_success,
    container_failure, container_abort, jenkinsfile)}


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="seatrial-jenkins-") as scratch:
        SCENARIOS[sys.argv[2]](pathlib.Path(scratch), build)
    return 0


if __name__ == "__main__":
    sys.exit(main())
