"""Fixtures for tests with disposable containers. pytest finds them once the package is installed.

`engine`: a seatrial.Engine on a root of its own, with the image `busybox` where busybox-static is
installed. One root serves the whole session, so that images are loaded once; the containers,
networks and volumes of a test are removed when it ends. `container`: a running container of it, of
the image and command that the mark says:

    @pytest.mark.seatrial(image="busybox", command=["httpd", "-f"], ports=["80"])
    def test_answers(container): ...

Nothing is left behind even after SIGKILL of pytest: a watcher process cleans then, and where that
was killed, too, the next session does. Options, on the command line or as ini: `seatrial_base`, the
directory for roots (/dev/shm/seatrial-pytest-UID; needs a file system that overlayfs can write to);
`seatrial_images`, archives that are loaded at the beginning.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from . import _sessions, testing
from .container import Container
from .engine import Engine

_DEFAULT_COMMAND = ("sleep", "2147483647")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("seatrial", "disposable containers")
    group.addoption("--seatrial-base", metavar="DIR", help="where the engine's files lie")
    parser.addini("seatrial_base", "where the engine's files lie", default="")
    parser.addini("seatrial_images", "archives of images to load", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "seatrial(image, command, **options): what the fixture "
                                       "`container` runs; options as of seatrial.Engine.run")


def _base(config: pytest.Config) -> pathlib.Path:
    chosen = config.getoption("seatrial_base") or config.getini("seatrial_base")
    return pathlib.Path(str(chosen) if chosen else f"/dev/shm/seatrial-pytest-{os.getuid()}")


@pytest.fixture(scope="session")
def seatrial_session(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The engine of the whole session, for fixtures of a wider scope than `engine`."""
    if os.geteuid() != 0:
        pytest.skip("containers are made by root alone")
    with _sessions.session(_base(request.config)) as engine:
        if os.path.exists("/bin/busybox"):
            testing.import_busybox(engine)
        for archive in request.config.getini("seatrial_images"):
            engine.load(archive)
        yield engine


@pytest.fixture
def engine(seatrial_session: Engine) -> Iterator[Engine]:
    """An engine without containers, networks or volumes; what the test makes is removed."""
    yield seatrial_session
    _sessions.empty(seatrial_session)


@pytest.fixture
def container(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Container]:
    """A running container, without a network unless the mark `seatrial` says otherwise."""
    mark = request.node.get_closest_marker("seatrial")
    options: dict[str, Any] = {"image": "busybox", "command": _DEFAULT_COMMAND, "network": "none"}
    if mark is not None:
        options.update(zip(("image", "command"), mark.args))
        options.update(mark.kwargs)
        if options.get("ports") and "network" not in mark.kwargs:
            options["network"] = "default"
    with engine.run(**options) as running:
        yield running
