"""Images for tests without a registry or any network."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile

from .engine import Engine
from .errors import NotFound
from .resources import Image

_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}


def busybox_archive(program: str | os.PathLike[str] = "/bin/busybox") -> bytes:
    """A root file system as tar: a static busybox (Debian: busybox-static) with a link in /bin for
    each of its programs, and the accounts root and nobody. NotFound: `program` is not there."""
    try:
        with open(program, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise NotFound(f"{os.fspath(program)} is not there (Debian: apt-get install "
                       "busybox-static)") from None
    applets = subprocess.run([program, "--list"], check=True, capture_output=True, text=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        def add(name: str, kind: bytes, mode: int, data: bytes = b"", link: str = "") -> None:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(data), link
            archive.addfile(entry, io.BytesIO(data))

        for directory in ("bin", "etc", "root", "srv"):
            add(directory, tarfile.DIRTYPE, 0o755)
        add("tmp", tarfile.DIRTYPE, 0o1777)
        add("bin/busybox", tarfile.REGTYPE, 0o755, content)
        for applet in applets.stdout.split():
            if applet != "busybox":
                add(f"bin/{applet}", tarfile.SYMTYPE, 0o777, link="busybox")
        for name, text in _ACCOUNTS.items():
            add(name, tarfile.REGTYPE, 0o644, text.encode())
    return buffer.getvalue()


def import_busybox(engine: Engine, reference: str = "busybox",
                   program: str | os.PathLike[str] = "/bin/busybox") -> Image:
    """Makes the image `busybox` of busybox_archive()."""
    return engine.import_tar(busybox_archive(program), reference,
                             changes=['CMD ["/bin/sh"]', "ENV PATH=/bin"])
