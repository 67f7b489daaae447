"""The fixtures leave nothing behind, however a session ends."""

import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys

import pytest

from seatrial import _sessions

DEADLINE = 60

TEST_FILE = """
import json, os, pathlib, pytest

def test_first(engine, container):
    engine.create_volume("left")
    engine.create_network("deck")
    engine.run("busybox", ["sleep", "2147483647"], network="deck")
    assert len(engine.containers()) == 2

def test_second(engine):
    assert engine.containers(all=True) == [] and engine.volumes() == []
    assert engine.networks({"type": ["custom"]}) == []
    assert engine.has_image("busybox")

@pytest.mark.seatrial(command=["sh", "-c", "echo marked; sleep 2147483647"], labels={"a": "b"})
def test_marked(container):
    assert container.await_output("marked") == "marked\\n"
    assert container.info.config.labels == {"a": "b"}
"""

# Starts what a session may hold, tells of it and waits to be killed.
KILLED_FILE = """
import json, os, sys

def test_killed(engine, container):
    bridged = engine.run("busybox", ["sleep", "2147483647"], ports=["80"], volumes=["/data"])
    engine.create_network("deck")
    facts = {"root": engine.root, "pids": [each.info.state.pid for each in (container, bridged)]}
    os.write(int(os.environ["FACTS_FD"]), json.dumps(facts).encode() + b"\\n")
    sys.stdin.read()
"""


@pytest.fixture
def base():
    path = pathlib.Path(f"/dev/shm/seatrial-plugin-test-{os.getpid()}")
    yield path
    left = list(path.rglob("*"))
    _sessions.clean_abandoned(path)  # whatever a failed test left
    shutil.rmtree(path, ignore_errors=True)
    assert left == []


def pytest_command(base, file):
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p",
            "seatrial.pytest_plugin", "--seatrial-base", str(base), str(file)]


def watcher_of(directory):
    """The pid of the process that watches over a session."""
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"seatrial._sessions" in words and os.fsencode(directory) in words:
                return int(entry.name)
    raise LookupError("no watcher")


def await_end(pidfd):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(DEADLINE * 1000), "it did not end"


class Doomed:
    """A pytest in the midst of a test, with containers, ports, networks and volumes."""

    def __init__(self, base, file):
        file.write_text(KILLED_FILE)
        receiving, sending = os.pipe()
        self.process = subprocess.Popen(
            [*pytest_command(base, file), "-s"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            pass_fds=[sending], env=dict(os.environ, FACTS_FD=str(sending)))
        os.close(sending)
        with open(receiving) as facts_file:
            facts = json.loads(facts_file.readline())
        self.directory = pathlib.Path(facts["root"]).parent
        self.pidfds = [os.pidfd_open(pid) for pid in facts["pids"]]
        self.watcher = watcher_of(self.directory)
        self.watcher_fd = os.pidfd_open(self.watcher)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def close(self):
        self.kill()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.watcher_fd, signal.SIGKILL)
        for pidfd in (*self.pidfds, self.watcher_fd):
            os.close(pidfd)

    def assert_nothing_is_left(self):
        for pidfd in self.pidfds:
            await_end(pidfd)
        assert not self.directory.exists()
        assert str(self.directory) not in pathlib.Path("/proc/self/mountinfo").read_text()
        name = f"seatrial-{self.directory.parent.name}-{self.directory.name}"
        assert list(pathlib.Path("/sys/fs/cgroup").glob(f"*/{name}")) == []
        links = pathlib.Path("/proc/net/dev").read_text()  # of this test's own namespace
        assert "st-" not in links and "sv" not in links, links


@pytest.fixture
def doomed(base, tmp_path):
    with contextlib.closing(Doomed(base, tmp_path / "test_killed.py")) as session:
        yield session


def test_each_test_begins_with_an_empty_engine(pytester, base):
    file = pytester.makepyfile(TEST_FILE)
    done = subprocess.run(pytest_command(base, file), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_the_watcher_cleans_after_sigkill(base, doomed):
    assert doomed.directory.exists()
    doomed.kill()
    await_end(doomed.watcher_fd)
    doomed.assert_nothing_is_left()
    base.rmdir()


def test_the_next_session_cleans_when_the_watcher_was_killed_too(base, doomed):
    signal.pidfd_send_signal(doomed.watcher_fd, signal.SIGKILL)
    await_end(doomed.watcher_fd)
    doomed.kill()
    assert doomed.directory.exists()  # the control: nobody has cleaned
    with _sessions.session(base):
        assert list(base.iterdir()) != [] and not doomed.directory.exists()
    doomed.assert_nothing_is_left()


def test_a_session_of_a_living_owner_is_left_alone(base):
    with _sessions.session(base) as engine:
        mine = pathlib.Path(engine.root).parent
        assert _sessions.clean_abandoned(base) == []
        assert mine.exists()
        # The same pid, but another start: not the process that made it.
        record = json.loads((mine / "owner.json").read_text())
        (mine / "owner.json").write_text(json.dumps({**record, "started": "1"}))
        assert _sessions.clean_abandoned(base) == []
        assert not mine.exists()
