"""The engine: containers, images, networks and volumes under one root directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Concatenate, Optional, ParamSpec, TypeVar

from . import _native, _options, _tar
from ._program import find_program
from .container import Container
from .errors import InvalidArgument, NotFound
from .resources import Image, Network, Volume

_P = ParamSpec("_P")
_R = TypeVar("_R")
Filters = Mapping[str, Sequence[str]]
Progress = Callable[[_native.Progress], None]


def _takes_what(other: Callable[Concatenate[Any, _P], Any]) -> Callable[
        [Callable[..., _R]], Callable[Concatenate[Any, _P], _R]]:
    """Gives a method the parameters of another, so that they are listed once."""
    def typed(method: Callable[..., _R]) -> Callable[Concatenate[Any, _P], _R]:
        method.__wrapped__ = other  # type: ignore[attr-defined]  # for help() and inspect
        return method
    return typed


def _lists(filters: Optional[Filters]) -> dict[str, list[str]]:
    return {key: list(values) for key, values in (filters or {}).items()}


def _directory(given: Optional[str | os.PathLike[str]], variable: str, otherwise: str) -> str:
    return os.path.abspath(given or os.environ.get(variable) or otherwise)


class Engine:
    """An engine on the state under `root` (data) and `run` (what a reboot takes).

    No daemon runs: any number of engines and of `seatrial` programs may work on the same
    directories, and what was started goes on when the engine is closed. May be used from several
    threads; the GIL is released while the engine works. Not to be used in a child after fork().

    A context manager: at its end the engine is closed; containers, images and the rest stay.
    """

    def __init__(self, root: Optional[str | os.PathLike[str]] = None,
                 run: Optional[str | os.PathLike[str]] = None, *,
                 exit_command: Optional[Sequence[str]] = None, cgroup_parent: str = "/seatrial",
                 insecure_registries: Sequence[str] = (),
                 registry_certificates: str | os.PathLike[str] = "/etc/docker/certs.d",
                 docker_config: str | os.PathLike[str] = "") -> None:
        """`root`, `run`: else SEATRIAL_ROOT and SEATRIAL_RUN, else /var/lib/seatrial and
        /run/seatrial. `exit_command`: run with a container's id when it has ended, so that it is
        tidied up at once; None: the program `seatrial` where it is found, [] : nothing, and the
        next operation that looks at the container does it. `insecure_registries`: spoken to over
        plain HTTP. `docker_config`: config.json with credentials; empty: ~/.docker/config.json.

        Denied: the caller is not root.
        """
        self.root = _directory(root, "SEATRIAL_ROOT", "/var/lib/seatrial")
        self.run_directory = _directory(run, "SEATRIAL_RUN", "/run/seatrial")
        if exit_command is None:
            exit_command = self._settle_command()
        self._engine: Optional[_native.Engine] = _native.Engine(
            self.root, self.run_directory, list(exit_command), cgroup_parent,
            list(insecure_registries), os.fspath(registry_certificates), os.fspath(docker_config))

    def _settle_command(self) -> list[str]:
        try:
            program = find_program()
        except NotFound:
            return []
        return [program, "--root", self.root, "--run", self.run_directory, "settle"]

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<seatrial.Engine {self.root}{'' if self._engine else ', closed'}>"

    def close(self) -> None:
        """Lets go of the engine's files; a second time does nothing. Calls under way finish."""
        self._engine = None

    def _open(self) -> _native.Engine:
        if self._engine is None:
            raise InvalidArgument(f"the engine on {self.root} is closed")
        return self._engine

    # --- containers -------------------------------------------------------------------------------

    def create(self, image: str | Image, command: Sequence[str] = (), *, name: str = "",
               entrypoint: Optional[Sequence[str]] = None,
               env: Optional[_options.Environment] = None, user: str = "", working_dir: str = "",
               hostname: str = "", labels: Optional[Mapping[str, str]] = None, tty: bool = False,
               open_stdin: bool = False, stop_signal: str = "", stop_timeout: Optional[int] = None,
               volumes: Sequence[str] = (), mounts: Sequence[str] = (), tmpfs: Sequence[str] = (),
               volumes_from: Sequence[str] = (), ports: Optional[_options.Ports] = None,
               publish_all_ports: bool = False, network: str | Network = "default",
               ip: str = "", aliases: Sequence[str] = (), dns: Sequence[str] = (),
               extra_hosts: Sequence[str] = (), remove: bool = False, privileged: bool = False,
               read_only: bool = False, init: bool = False, cap_add: Sequence[str] = (),
               cap_drop: Sequence[str] = (), security_opt: Sequence[str] = (),
               group_add: Sequence[str] = (),
               ulimits: Optional[Mapping[str, int | tuple[int, int]]] = None,
               devices: Sequence[str] = (), sysctls: Optional[Mapping[str, str]] = None,
               pid_mode: str = "", ipc_mode: str = "", uts_mode: str = "",
               shm_size: int | str = "64m", memory: int | str = 0, memory_swap: int | str = 0,
               cpus: float = 0, cpuset_cpus: str = "", pids_limit: int = 0) -> Container:
        """Makes a container, which does not run yet.

        image: an Image, a name, an id or a prefix of one.
        command: the program's words; empty: the image's. entrypoint likewise, [] takes the image's
            away. env: {"NAME": "value"} or ["NAME=value"]. user: "uid|name[:gid|group]".
        stop_timeout: seconds from the stop signal to SIGKILL.
        volumes: docker's -v, "name:/path[:ro]", "/host:/path" or "/path". mounts: its --mount,
            "type=tmpfs,target=/x". tmpfs: its --tmpfs, "/run:size=1m".
        ports: ["8080:80", "127.0.0.1::53/udp"] or {"80/tcp": 8080, "53/udp": ("127.0.0.1", 0)};
            0 or no host port: a free one, see Container.host_port.
        network: "bridge", "none", "host", "container:ID", a network's name or a Network; ip and
            aliases: its address and further names in it.
        remove: the engine removes it when it has ended, with what it wrote; the exit code is kept.
        memory, memory_swap, shm_size: bytes or "64m". cpus: number of CPUs, 0.5 is half of one.
        ulimits: {"nofile": 1024} or {"nofile": (soft, hard)}.

        NotFound: no such image (pull it first) or network. Conflict: the name is taken.
        InvalidArgument: a value that says nothing sensible.
        """
        network_id = network.id if isinstance(network, Network) else network
        attachments = [_native.NetworkAttachment(network=network_id, ip=ip, aliases=list(aliases))
                       ] if ip or aliases else []
        request = _native.ContainerRequest(
            image=image.id if isinstance(image, Image) else image, name=name,
            cmd=_options.words(command, "a command"),
            entrypoint=None if entrypoint is None else _options.words(entrypoint, "an entrypoint"),
            env=_options.environment(env), user=user, working_dir=working_dir, hostname=hostname,
            labels=dict(labels or {}), tty=tty, open_stdin=open_stdin, stdin_once=open_stdin,
            stop_signal=stop_signal, stop_timeout=stop_timeout,
            mounts=_options.mount_specs(volumes, mounts, tmpfs), volumes_from=list(volumes_from),
            ports=_options.port_bindings(ports), publish_all_ports=publish_all_ports,
            network_mode=network_id, networks=attachments, dns=list(dns),
            extra_hosts=list(extra_hosts), auto_remove=remove, privileged=privileged,
            read_only_rootfs=read_only, init=init, cap_add=list(cap_add), cap_drop=list(cap_drop),
            security_opt=list(security_opt), group_add=list(group_add),
            ulimits=_options.ulimit_list(ulimits), devices=_options.device_list(devices),
            sysctls=dict(sysctls or {}), pid_mode=pid_mode, ipc_mode=ipc_mode, uts_mode=uts_mode,
            shm_size=_options.size_of(shm_size),
            resources=_options.limits(memory, memory_swap, cpus, cpuset_cpus, pids_limit))
        return Container(self, self._open().create(request))

    @_takes_what(create)
    def run(self, *arguments: Any, **options: Any) -> Container:
        """`create` and `start`: returns the running container, which stays until it is removed.

        One that cannot be started is removed again. Raises what `create` and `Container.start` do.
        """
        container = self.create(*arguments, **options)
        try:
            container.start()
        except BaseException:
            container.__exit__(None, None, None)
            raise
        return container

    def container(self, name: str) -> Container:
        """By name, id or an unambiguous prefix of an id. NotFound: no such container."""
        return Container(self, self._open().inspect(name).id)

    def containers(self, all: bool = False, filters: Optional[Filters] = None) -> list[Container]:
        """Those that run, or `all`; filters as docker's: {"label": ["a=b"], "status": [...]}."""
        return [Container(self, each.id) for each in self._open().list(all, _lists(filters))]

    def prune_containers(self, filters: Optional[Filters] = None) -> _native.PruneResult:
        """Removes those that do not run."""
        return self._open().prune_containers(_lists(filters))

    # --- images -----------------------------------------------------------------------------------

    def pull(self, reference: str, *, platform: str = "",
             auth: Optional[_native.RegistryAuth] = None,
             progress: Optional[Progress] = None) -> Image:
        """Fetches an image from its registry. `platform`: "linux/amd64"; empty: this host's.
        `auth`: else what config.json holds. `progress` is called from threads of the engine.

        NotFound: no such image there. Denied: the registry refuses. Unavailable: it does not
        answer.
        """
        return Image(self, self._open().pull(reference, platform, auth or _native.RegistryAuth(),
                                             progress))

    def push(self, reference: str, *, auth: Optional[_native.RegistryAuth] = None,
             progress: Optional[Progress] = None) -> str:
        """Sends an image to the registry of its name; the manifest's digest. Raises as `pull`."""
        return self._open().push(reference, auth or _native.RegistryAuth(), progress)

    def load(self, archive: _tar.Source) -> list[Image]:
        """The images of an archive of `docker save` or an OCI layout as tar: bytes, or a path."""
        with _tar.reading(archive) as fd:
            return [self.image(name) for name in self._open().load(fd)]

    def save(self, images: Sequence[str | Image], file: str | os.PathLike[str]) -> None:
        """Writes images into one archive."""
        names = [each.id if isinstance(each, Image) else each for each in images]
        with open(file, "wb") as target:
            self._open().save(names, target.fileno())

    def import_tar(self, archive: _tar.Source, reference: str, *, changes: Sequence[str] = (),
                   message: str = "") -> Image:
        """An image of one layer from a root file system's archive (bytes, or a path).
        `changes`: Dockerfile instructions for its configuration, 'CMD ["/bin/sh"]'."""
        with _tar.reading(archive) as fd:
            return Image(self, self._open().import_tar(fd, reference, list(changes), message))

    def import_directory(self, directory: str | os.PathLike[str], reference: str, *,
                         changes: Sequence[str] = (), message: str = "") -> Image:
        """The same from a directory; everything in it becomes root's."""
        return self.import_tar(_tar.of_directory(directory), reference, changes=changes,
                               message=message)

    def image(self, name: str) -> Image:
        """By name, id or prefix. NotFound: no such image."""
        return Image(self, self._open().inspect_image(name).id)

    def has_image(self, name: str) -> bool:
        return self._open().has_image(name)

    def images(self, all: bool = False, filters: Optional[Filters] = None) -> list[Image]:
        return [Image(self, each.id) for each in self._open().images(all, _lists(filters))]

    def prune_images(self, all: bool = False) -> _native.PruneResult:
        """Removes those without a name; `all`: all that no container uses."""
        return self._open().prune_images(all)

    # --- networks ---------------------------------------------------------------------------------

    def create_network(self, name: str, *, internal: bool = False, subnet: str = "",
                       gateway: str = "", options: Optional[Mapping[str, str]] = None,
                       labels: Optional[Mapping[str, str]] = None) -> Network:
        """A bridge network. `subnet`: CIDR; empty: a free one is chosen. `internal`: no way out.

        Conflict: the name or the subnet is taken.
        """
        request = _native.NetworkRequest(name=name, internal=internal, subnet=subnet,
                                         gateway=gateway, options=dict(options or {}),
                                         labels=dict(labels or {}))
        return Network(self, self._open().create_network(request))

    def network(self, name: str) -> Network:
        """By name, id or prefix. NotFound: no such network."""
        return Network(self, self._open().inspect_network(name).id)

    def networks(self, filters: Optional[Filters] = None) -> list[Network]:
        return [Network(self, each.id) for each in self._open().networks(_lists(filters))]

    def prune_networks(self) -> _native.PruneResult:
        """Removes those that no container names."""
        return self._open().prune_networks()

    def release_networks(self) -> None:
        """Takes the bridges and rules of all networks that no running container is in from the
        kernel; who needs one next makes it again. For who is done with a root."""
        self._open().release_networks()

    # --- volumes ----------------------------------------------------------------------------------

    def create_volume(self, name: str = "", *, driver_opts: Optional[Mapping[str, str]] = None,
                      labels: Optional[Mapping[str, str]] = None) -> Volume:
        """A volume; one that is there already is returned. An empty name: 64 hex digits."""
        request = _native.VolumeRequest(name=name, driver_opts=dict(driver_opts or {}),
                                        labels=dict(labels or {}))
        return Volume(self, self._open().create_volume(request).name)

    def volume(self, name: str) -> Volume:
        """NotFound: no such volume."""
        return Volume(self, self._open().inspect_volume(name).name)

    def volumes(self, filters: Optional[Filters] = None) -> list[Volume]:
        return [Volume(self, each.name) for each in self._open().volumes(_lists(filters))]

    def prune_volumes(self, all: bool = False) -> _native.PruneResult:
        """Removes the anonymous ones that no container names; `all`: the named ones, too."""
        return self._open().prune_volumes(all)

    # --- system -----------------------------------------------------------------------------------

    def events(self, *, since: float = 0, until: Optional[float] = None,
               filters: Optional[Filters] = None) -> list[_native.Event]:
        """What has happened between two times (seconds since the epoch), oldest first."""
        events: list[_native.Event] = []
        self._open().events(events.append, since, until, False, _lists(filters))
        return events

    def follow_events(self, sink: Callable[[_native.Event], Optional[bool]], *,
                      since: Optional[float] = None, until: Optional[float] = None,
                      filters: Optional[Filters] = None) -> None:
        """Calls `sink` for each event to come (and those since `since`) until the time `until` or
        until `sink` returns False. Signals of Python (Ctrl-C) end it, too."""
        self._open().events(sink, since, until, True, _lists(filters))

    def info(self) -> _native.SystemInfo:
        """The host and the counts; memory in bytes."""
        return self._open().info()

    def recover(self) -> _native.RecoveryReport:
        """Cleans or adopts what killed processes have left."""
        return self._open().recover()
