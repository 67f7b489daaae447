"""One container of an engine."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from . import _native, _options, _tar
from .errors import NotFound, Timeout

if TYPE_CHECKING:
    import socket

    from .engine import Engine
    from .resources import Image


class Result(NamedTuple):
    """How a program ended and what it wrote.

    `exit_code` is 128 + N for one that signal N killed; `stdout` and `stderr` are bytes.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """`stdout` as text; bytes that are not UTF-8 become U+FFFD."""
        return self.stdout.decode(errors="replace")


def _socket_of(fd: int) -> socket.socket:
    import socket
    return socket.socket(fileno=fd)


class Container:
    """A container, by its full id. `Engine.create`, `run`, `container` and `containers` make it.

    A context manager: at its end the container is killed and removed, its anonymous volumes too,
    whatever happened inside. Every operation raises seatrial.NotFound "No such container" once it
    is gone and seatrial.Conflict in a state that forbids it.
    """

    def __init__(self, engine: Engine, id: str) -> None:
        self.engine = engine
        self.id = id  # 64 hex digits

    def __repr__(self) -> str:
        return f"<seatrial.Container {self.id[:12]}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Container) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __enter__(self) -> Container:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        try:
            self.remove(force=True, volumes=True)
        except NotFound:
            pass  # removed inside, or by itself

    @property
    def _calls(self) -> _native.Engine:
        return self.engine._open()

    # --- what it is -------------------------------------------------------------------------------

    @property
    def info(self) -> _native.ContainerInfo:
        """All that is known of it now; `config` has what the image adds filled in."""
        return self._calls.inspect(self.id)

    def inspect(self) -> dict[str, Any]:
        """The document of GET /containers/ID/json in Docker's API."""
        return dict(json.loads(self._calls.inspect_json(self.id)))

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def status(self) -> str:
        """"created", "running", "paused", "exited" or "dead"."""
        return self.info.state.status

    @property
    def ip_address(self) -> str:
        """Its address in the first of its networks; empty while it does not run."""
        networks = self.info.networks
        return networks[0].ip_address if networks else ""

    def host_port(self, port: int, protocol: str = "tcp") -> int:
        """The host's port that leads to `port` of the container. NotFound: none does."""
        for binding in self.info.ports:
            if (binding.container_port, binding.protocol) == (port, protocol):
                return binding.host_port
        raise NotFound(f"container {self.id[:12]} publishes no port {port}/{protocol}")

    # --- its life ---------------------------------------------------------------------------------

    def start(self) -> bool:
        """False when it ran already. NotFound, Denied: its program cannot be executed."""
        return self._calls.start(self.id)

    def stop(self, timeout: Optional[int] = None) -> bool:
        """The stop signal, then after `timeout` seconds (None: the container's own, 10) SIGKILL.

        False when it did not run.
        """
        return self._calls.stop(self.id, timeout)

    def restart(self, timeout: Optional[int] = None) -> None:
        """`stop` and `start`."""
        self._calls.restart(self.id, timeout)

    def kill(self, signal: int = signal.SIGKILL) -> None:
        """Sends a signal to its first process. Conflict: it does not run."""
        self._calls.kill(self.id, int(signal))

    def pause(self) -> None:
        """Freezes all of its processes."""
        self._calls.pause(self.id)

    def unpause(self) -> None:
        self._calls.unpause(self.id)

    def wait(self, timeout: Optional[float] = None) -> int:
        """The exit code, once it has ended; also of one that has removed itself (for an hour).

        Timeout: it has not within `timeout` seconds. Signals of Python (Ctrl-C) end the wait.
        """
        code = self._calls.wait(self.id, timeout)
        if code is None:
            raise Timeout(f"container {self.id[:12]} did not end within {timeout} s")
        return code

    def result(self, timeout: Optional[float] = None) -> Result:
        """Waits as `wait` does and collects what its program wrote; with a tty, all is stdout."""
        code = self.wait(timeout)
        streams: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        for entry in self.logs():
            streams[entry.stream].append(entry.data)
        return Result(code, b"".join(streams["stdout"]), b"".join(streams["stderr"]))

    def remove(self, force: bool = False, volumes: bool = False) -> None:
        """Conflict when it runs, unless `force`. `volumes`: its anonymous volumes, too."""
        self._calls.remove(self.id, force, volumes)

    def rename(self, name: str) -> None:
        """Conflict: another container has the name."""
        self._calls.rename(self.id, name)

    def update(self, *, memory: int | str = 0, memory_swap: int | str = 0, cpus: float = 0,
               cpuset_cpus: str = "", pids_limit: int = 0) -> None:
        """Changes its limits, in the units of `Engine.create`; what is 0 or empty stays."""
        self._calls.update(self.id, _options.limits(memory, memory_swap, cpus, cpuset_cpus,
                                                     pids_limit))

    # --- what goes on inside ----------------------------------------------------------------------

    def logs(self, *, stdout: bool = True, stderr: bool = True,
             tail: Optional[int] = None) -> list[_native.LogEntry]:
        """What it has written so far, a line each, oldest first; the last `tail` of them."""
        entries: list[_native.LogEntry] = []
        self._calls.logs(self.id, entries.append, stdout, stderr, False, tail)
        return entries

    def follow(self, sink: Callable[[_native.LogEntry], Optional[bool]], *, stdout: bool = True,
               stderr: bool = True, tail: Optional[int] = None) -> None:
        """Calls `sink` for each line, past and future, until the container has ended or `sink`
        returns False. Signals of Python (Ctrl-C) end it, too."""
        self._calls.logs(self.id, sink, stdout, stderr, True, tail)

    def await_output(self, text: str) -> str:
        """Waits until its output holds `text`; all output up to then. NotFound: it ended without."""
        seen: list[str] = []

        def look(entry: _native.LogEntry) -> bool:
            seen.append(entry.text)
            return text not in "".join(seen)

        self.follow(look)
        if text not in "".join(seen):
            raise NotFound(f'container {self.id[:12]} ended without writing "{text}"')
        return "".join(seen)

    def exec(self, command: Sequence[str], *, env: Optional[_options.Environment] = None,
             user: str = "", working_dir: str = "", privileged: bool = False, stdin: bytes = b"",
             timeout: Optional[float] = None) -> Result:
        """Runs one more program inside and waits for it.

        Its stdio are files in memory, and what it writes is held there. Conflict: the container
        does not run. NotFound, Denied: the program cannot be executed. Timeout: it had not ended
        after `timeout` seconds and was killed.
        """
        with _tar.memory(stdin) as given, _tar.memory() as out, _tar.memory() as err:
            process = self._calls.exec(self.id, _options.words(command, "a command"),
                                        _options.environment(env), user, working_dir, privileged,
                                        given, out, err)
            code: Optional[int] = None
            try:
                code = process.wait(timeout)
            finally:
                if code is None:
                    signal.pidfd_send_signal(process.pidfd, signal.SIGKILL)
                    process.wait(None)
            if code is None:
                raise Timeout(f"{list(command)} did not end within {timeout} s")
            return Result(code, _tar.content_of(out), _tar.content_of(err))

    def attach(self) -> socket.socket:
        """A stream to its stdio: what is sent is its stdin; received are frames of 8 bytes head
        (1 or 2 for stdout or stderr, three zeros, length as big-endian 32 bits) and content, or
        plain bytes with a tty. The caller closes it. Conflict: it does not run."""
        return _socket_of(self._calls.attach(self.id))

    def start_attached(self) -> socket.socket:
        """`start` and `attach` at once, so that nothing is missed."""
        return _socket_of(self._calls.start_attached(self.id))

    def top(self) -> list[dict[str, str]]:
        """Its processes, a dict each with the titles of `ps -ef` as keys."""
        return self._calls.top(self.id)

    def stats(self) -> _native.StatsSample:
        """What it uses now: bytes and nanoseconds."""
        return self._calls.stats(self.id)

    # --- its files --------------------------------------------------------------------------------

    def diff(self) -> list[_native.Change]:
        """What differs from the image: kind "added", "modified" or "deleted", and path."""
        return self._calls.diff(self.id)

    def stat(self, path: str) -> _native.PathStat:
        """Size in bytes, st_mode and so on. NotFound: there is no such path."""
        return self._calls.stat_path(self.id, path)

    def read_file(self, path: str) -> bytes:
        """A file's content; works on a stopped container, too. IsADirectoryError: it is none."""
        return _tar.first_file(self.get_archive(path))

    def write_file(self, path: str, content: bytes | str, mode: int = 0o644) -> None:
        """Makes or replaces a file, owned by root, in a directory that exists (else NotFound)."""
        directory, name = os.path.split(path)
        data = content.encode() if isinstance(content, str) else content
        self.put_archive(directory or "/", _tar.one_file(name, data, mode))

    def get_archive(self, path: str) -> bytes:
        """A tar archive of `path`, whose entries begin with its last component."""
        with _tar.memory() as fd:
            self._calls.copy_from(self.id, path, fd)
            return _tar.content_of(fd)

    def put_archive(self, path: str, archive: _tar.Source) -> None:
        """Unpacks a tar archive (bytes, or a file's path) below the directory `path`."""
        with _tar.reading(archive) as fd:
            self._calls.copy_to(self.id, path, fd)

    def export(self, file: str | os.PathLike[str]) -> None:
        """Writes the whole root file system into `file` as a tar archive."""
        with open(file, "wb") as target:
            self._calls.export_tree(self.id, target.fileno())

    def commit(self, reference: str = "", *, author: str = "", comment: str = "",
               changes: Sequence[str] = (), pause: bool = True) -> Image:
        """An image of what it holds now. `changes`: Dockerfile instructions, 'CMD ["a"]'."""
        from .resources import Image
        return Image(self.engine, self._calls.commit(self.id, reference, author, comment,
                                                      list(changes), pause))
