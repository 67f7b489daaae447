#!/usr/bin/python3
"""The package seatrial as a Python program uses it: what engine_in_process.cc does, call by call.

usage: lifecycle_python CONTROL_FD DIRECTORY PROGRAM
"""

import io
import os
import pathlib
import socket
import struct
import sys
import tarfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).absolute().parent.parent / "python"))

import seatrial  # noqa: E402  (found by the line above)


def archive_of(program: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(program, arcname="true")
    return buffer.getvalue()


def lifecycle(engine: seatrial.Engine) -> None:
    with engine.run("true", ["/true"], network="none") as box:
        code = box.wait()
    if code != 0:
        raise RuntimeError("the container did not end with 0")


def resident_kib() -> int:
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    directory = pathlib.Path(sys.argv[2])
    with seatrial.Engine(directory / "root", directory / "run", exit_command=[]) as engine:
        engine.import_tar(archive_of(sys.argv[3]), "true")
        lifecycle(engine)  # what an Engine prepares once does not count
        while control.recv(1):
            begin = time.monotonic_ns()
            lifecycle(engine)
            took = time.monotonic_ns() - begin
            control.send(struct.pack("=qq", took, resident_kib()))  # control.h's Reply


if __name__ == "__main__":
    main()
