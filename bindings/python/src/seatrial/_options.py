"""What containers are asked for, from Python's shapes to the engine's request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Optional, Union

from . import _native
from .errors import InvalidArgument

# "8080:80", "127.0.0.1:8080:80/udp", "80" (a free host port) or a mapping from "80/tcp" to a host
# port, an (address, port) pair, or None for a free port.
HostSide = Union[int, tuple[str, int], None]
Ports = Union[Sequence[str], Mapping[str, HostSide]]
Environment = Union[Sequence[str], Mapping[str, str]]


def size_of(size: int | str) -> int:
    """Bytes, from a number or docker's way of writing it ("64m", "1.5g"; powers of 1024)."""
    if isinstance(size, int):
        return size
    parsed = _native.parse_size(size)
    if parsed is None:
        raise InvalidArgument(f'"{size}" is not a size')
    return parsed


def environment(env: Optional[Environment]) -> list[str]:
    if env is None:
        return []
    if isinstance(env, Mapping):
        return [f"{name}={value}" for name, value in env.items()]
    return list(env)


def words(command: Sequence[str] | str, what: str) -> list[str]:
    """A command's words. A text is refused: it would become one word per letter."""
    if isinstance(command, str):
        raise InvalidArgument(f'{what} is a list of words, as in ["sh", "-c", {command!r}]')
    return list(command)


def _number(text: str, whole: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise InvalidArgument(f'"{whole}" is not a port: "{text}" is no number up to 65535')
    return int(text)


def _container_side(text: str, whole: str) -> tuple[int, str]:
    port, _, protocol = text.partition("/")
    if protocol not in ("", "tcp", "udp"):
        raise InvalidArgument(f'"{whole}" is not a port: "{protocol}" is neither tcp nor udp')
    return _number(port, whole), protocol or "tcp"


def _parse_port(text: str) -> _native.PortBinding:
    *host, container = text.rsplit(":", 2)
    port, protocol = _container_side(container, text)
    host_port = _number(host[-1], text) if host and host[-1] else 0
    return _native.PortBinding(container_port=port, protocol=protocol,
                               host_ip=host[0] if len(host) == 2 else "", host_port=host_port)


def port_bindings(ports: Optional[Ports]) -> list[_native.PortBinding]:
    if ports is None:
        return []
    if not isinstance(ports, Mapping):
        return [_parse_port(text) for text in ports]
    bindings = []
    for container, host in ports.items():
        port, protocol = _container_side(container, container)
        address, host_port = host if isinstance(host, tuple) else ("", host or 0)
        bindings.append(_native.PortBinding(container_port=port, protocol=protocol,
                                            host_ip=address, host_port=host_port))
    return bindings


def mount_specs(volumes: Sequence[str], mounts: Sequence[str],
                tmpfs: Sequence[str]) -> list[_native.MountSpec]:
    return ([_native.parse_volume_option(text) for text in volumes] +
            [_native.parse_mount_option(text) for text in mounts] +
            [_native.parse_tmpfs_option(text) for text in tmpfs])


def limits(memory: int | str = 0, memory_swap: int | str = 0, cpus: float = 0,
           cpuset_cpus: str = "", pids_limit: int = 0) -> _native.ResourceLimits:
    return _native.ResourceLimits(memory=size_of(memory), memory_swap=size_of(memory_swap),
                                  nano_cpus=round(cpus * 1e9), cpuset_cpus=cpuset_cpus,
                                  pids_limit=pids_limit)


def ulimit_list(ulimits: Optional[Mapping[str, int | tuple[int, int]]]) -> list[_native.Ulimit]:
    result = []
    for name, value in (ulimits or {}).items():
        soft, hard = value if isinstance(value, tuple) else (value, value)
        result.append(_native.Ulimit(name=name, soft=soft, hard=hard))
    return result


def device_list(devices: Sequence[str]) -> list[_native.DeviceMapping]:
    """"/dev/fuse", "/dev/fuse:/dev/x" or "/dev/fuse:/dev/x:r"."""
    result = []
    for text in devices:
        parts = text.split(":")
        if len(parts) > 3 or not parts[0].startswith("/"):
            raise InvalidArgument(f'"{text}" is not a device')
        result.append(_native.DeviceMapping(path_on_host=parts[0],
                                            path_in_container=parts[1] if len(parts) > 1 else "",
                                            permissions=parts[2] if len(parts) > 2 else "rwm"))
    return result
