"""Engines that end with the process that made them: what the pytest plugin stands on.

A session is a directory with an engine's root. Who cleans it:
- its owner, at its end;
- else, when the owner was killed, a watcher: a process in a session of its own that the owner
  started and that holds a pidfd of it, so no other process can be taken for it;
- else, when that was killed as well (or the machine lost power), the next session in the same
  place: `owner.json` records pid, start time, pid namespace and boot of the owner.
Cleaning holds a flock on the directory, so that it happens once, and may be interrupted anywhere.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from .engine import Engine
from .errors import Error, NotFound

_OWNER = "owner.json"
_PREFIX = "session-"
_UNBORN = "new-"  # has no record yet, and no engine
_HOUR = 3600


def _identity(pid: int) -> dict[str, object]:
    """What tells a process from every other one. ProcessLookupError: there is none."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None
    # After the name, which may hold anything: state is field 3, the start time field 22.
    fields = stat[stat.rindex(")") + 2:].split()
    if fields[0] in "ZX":
        raise ProcessLookupError(pid)
    return {"pid": pid, "started": fields[19], "namespace": os.readlink("/proc/self/ns/pid"),
            "boot": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()}


def _owner_lives(directory: pathlib.Path) -> bool:
    try:
        recorded = json.loads((directory / _OWNER).read_text())
        here = _identity(os.getpid())
        if recorded["boot"] == here["boot"] and recorded["namespace"] != here["namespace"]:
            return True  # cannot be known from here
        return bool(_identity(recorded["pid"]) == recorded)
    except (ProcessLookupError, FileNotFoundError):
        return False
    except (ValueError, KeyError):
        return False  # killed while it wrote


def open_engine(directory: pathlib.Path) -> Engine:
    return Engine(directory / "root", directory / "run", exit_command=[],
                  cgroup_parent=f"/seatrial-{directory.parent.name}-{directory.name}")


def empty(engine: Engine) -> None:
    """Removes all containers, user-defined networks and volumes of an engine."""
    for container in engine.containers(all=True):
        with contextlib.suppress(NotFound):
            container.remove(force=True, volumes=True)
    for network in engine.networks({"type": ["custom"]}):
        with contextlib.suppress(NotFound):
            network.remove()
    for volume in engine.volumes():
        with contextlib.suppress(NotFound):
            volume.remove(force=True)


def clean(directory: pathlib.Path) -> bool:
    """Takes a session away with everything in it. False: somebody else is doing that."""
    try:
        lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if (directory / "root").exists():
            with open_engine(directory) as engine:
                engine.recover()
                empty(engine)
                engine.release_networks()
        # A cleaning that is killed in between is taken up again: without a record, or with one of
        # an owner that is gone, the directory is still a session.
        shutil.rmtree(directory)
        return True
    finally:
        os.close(lock)


def clean_abandoned(base: pathlib.Path) -> list[str]:
    """Cleans the sessions in `base` whose owners are gone; a line for each that cannot be."""
    complaints = []
    for unborn in base.glob(_UNBORN + "*"):  # its maker was killed, or has just begun
        with contextlib.suppress(FileNotFoundError):
            if time.time() - unborn.stat().st_mtime > _HOUR:
                shutil.rmtree(unborn)
    for directory in sorted(base.glob(_PREFIX + "*")):
        try:
            if not _owner_lives(directory):
                clean(directory)
        except (Error, OSError) as problem:
            complaints.append(f"{directory}: {problem}")
    return complaints


def _start_watcher(directory: pathlib.Path) -> "subprocess.Popen[bytes]":
    pidfd = os.pidfd_open(os.getpid())
    try:
        path = os.pathsep.join(each for each in sys.path if each)
        return subprocess.Popen(
            [sys.executable, "-m", "seatrial._sessions", str(pidfd), str(directory)],
            pass_fds=[pidfd], start_new_session=True, stdin=subprocess.DEVNULL, cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, PYTHONPATH=path))
    finally:
        os.close(pidfd)


@contextlib.contextmanager
def session(base: pathlib.Path) -> Iterator[Engine]:
    """An engine in a new directory below `base` that leaves nothing behind, whatever ends this
    process."""
    base.mkdir(parents=True, exist_ok=True)
    clean_abandoned(base)
    # Made under another name: what has the session's prefix has its record.
    directory = pathlib.Path(tempfile.mkdtemp(prefix=_UNBORN, dir=base))
    (directory / _OWNER).write_text(json.dumps(_identity(os.getpid())))
    directory = directory.rename(base / (_PREFIX + directory.name[len(_UNBORN):]))
    watcher = _start_watcher(directory)
    try:
        with open_engine(directory) as engine:
            yield engine
    finally:
        if clean(directory):  # else the watcher does it later
            watcher.send_signal(signal.SIGTERM)
            watcher.wait()
        with contextlib.suppress(OSError):
            base.rmdir()  # when this was the last


def _watch(pidfd: int, directory: pathlib.Path) -> None:
    # Ctrl-C and a closed terminal are for the owner, which cleans up itself.
    for each in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(each, signal.SIG_IGN)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll()
    clean(directory)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), pathlib.Path(sys.argv[2]))
