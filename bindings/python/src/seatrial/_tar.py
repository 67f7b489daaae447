"""Bytes and files as the descriptors that the engine reads archives from and writes them to."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    import tarfile  # imported where archives are made and read: most programs do neither

# What may be given as an archive: its bytes or the path of a file.
Source = Union[bytes, str, "os.PathLike[str]"]


@contextlib.contextmanager
def reading(source: Source) -> Iterator[int]:
    """A descriptor that yields `source` from its beginning."""
    if isinstance(source, bytes):
        with memory(source) as fd:
            yield fd
        return
    fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def memory(content: bytes = b"") -> Iterator[int]:
    """A file in memory, positioned at its beginning."""
    fd = os.memfd_create("seatrial", os.MFD_CLOEXEC)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


def content_of(fd: int) -> bytes:
    """All that a file in memory holds."""
    os.lseek(fd, 0, os.SEEK_SET)
    with open(fd, "rb", closefd=False) as file:
        return file.read()


def one_file(name: str, content: bytes, mode: int) -> bytes:
    """An archive with one file."""
    import tarfile
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), mode
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def first_file(archive_bytes: bytes) -> bytes:
    """The content of the archive's first entry, which must be a file; else IsADirectoryError."""
    import tarfile
    with tarfile.open(fileobj=io.BytesIO(archive_bytes)) as archive:
        for entry in archive:
            file = archive.extractfile(entry)
            if file is None:
                raise IsADirectoryError(f"{entry.name} is no file")
            return file.read()
    raise FileNotFoundError("the archive is empty")


def of_directory(path: "str | os.PathLike[str]") -> bytes:
    """An archive of what lies in a directory, everything owned by root."""
    import tarfile

    def owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        return entry

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in sorted(os.listdir(path)):
            archive.add(os.path.join(path, name), arcname=name, filter=owned_by_root)
    return buffer.getvalue()
