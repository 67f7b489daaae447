"""Images, networks and volumes of an engine."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Optional, Self

from . import _native
from .container import Container
from .errors import NotFound

if TYPE_CHECKING:
    from .engine import Engine


class _Resource:
    """What images, networks and volumes share: an engine and a name in it that stays."""

    def __init__(self, engine: Engine, id: str) -> None:
        self.engine = engine
        self.id = id

    def __repr__(self) -> str:
        return f"<seatrial.{type(self).__name__} {self.id[:19]}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, _Resource) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def _calls(self) -> _native.Engine:
        return self.engine._open()


class Image(_Resource):
    """An image, by its id "sha256:...". `Engine.image`, `pull`, `load` and `import_tar` make it."""

    @property
    def info(self) -> _native.ImageSummary:
        """Names, size of all layers in bytes, labels and platform."""
        return self._calls.inspect_image(self.id)

    def inspect(self) -> dict[str, Any]:
        """The document of GET /images/ID/json in Docker's API."""
        return dict(json.loads(self._calls.inspect_image_json(self.id)))

    @property
    def tags(self) -> list[str]:
        """Its names, as "busybox:latest"."""
        return self.info.repo_tags

    def history(self) -> list[_native.ImageHistory]:
        """Its layers, the newest first."""
        return self._calls.history(self.id)

    def tag(self, reference: str) -> None:
        """Gives it one more name; InvalidArgument: `reference` is none."""
        self._calls.tag(self.id, reference)

    def save(self, file: str | os.PathLike[str]) -> None:
        """Writes it into `file`, an archive that `docker load` reads; its names go along."""
        with open(file, "wb") as target:
            self._calls.save(self.tags or [self.id], target.fileno())

    def remove(self, force: bool = False) -> _native.ImageDeletion:
        """Conflict while a container uses it or it has several names, unless `force`."""
        return self._calls.remove_image(self.id, force)


class _Disposable(_Resource):
    """What is removed at the end of its block, unless it was inside."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        try:
            self.remove()
        except NotFound:
            pass  # removed inside

    def remove(self) -> None:
        raise NotImplementedError


class Network(_Disposable):
    """A network, by its id. `Engine.create_network`, `network` and `networks` make it.

    A context manager: at its end it is removed, which is a Conflict while a container is in it.
    """

    @property
    def info(self) -> _native.NetworkInfo:
        """Subnet, gateway and who is in it."""
        return self._calls.inspect_network(self.id)

    def inspect(self) -> dict[str, Any]:
        """The document of GET /networks/ID in Docker's API."""
        return dict(json.loads(self._calls.inspect_network_json(self.id)))

    @property
    def name(self) -> str:
        return self.info.name

    def connect(self, container: Container | str, *, ip: str = "", mac: str = "",
                aliases: Sequence[str] = ()) -> None:
        """Conflict: it is in the network already, or `ip` is taken."""
        attachment = _native.NetworkAttachment(network=self.id, ip=ip, mac=mac,
                                               aliases=list(aliases))
        self._calls.connect(attachment, container if isinstance(container, str) else container.id)

    def disconnect(self, container: Container | str, force: bool = False) -> None:
        """NotFound: it is not in the network, unless `force`."""
        self._calls.disconnect(self.id,
                                container if isinstance(container, str) else container.id, force)

    def remove(self) -> None:
        """Conflict while a running container is in it; Denied for the predefined ones."""
        self._calls.remove_network(self.id)


class Volume(_Disposable):
    """A volume, by its name. `Engine.create_volume`, `volume` and `volumes` make it.

    A context manager: at its end it is removed, which is a Conflict while a container names it.
    """

    @property
    def name(self) -> str:
        return self.id

    @property
    def info(self) -> _native.VolumeInfo:
        """Where it lies on the host, its labels, and how many containers name it."""
        return self._calls.inspect_volume(self.id)

    def inspect(self) -> dict[str, Any]:
        """The document of GET /volumes/NAME in Docker's API."""
        return dict(json.loads(self._calls.inspect_volume_json(self.id)))

    def remove(self, force: bool = False) -> None:
        """Conflict while a container names it; `force`: one that is not there is no error."""
        self._calls.remove_volume(self.id, force)
