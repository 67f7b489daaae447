#!/usr/bin/python3
"""Runs a Python program in mount and network namespaces of its own, with an engine's root of its own.

usage: isolated.py PROGRAM_OR_-m [ARGUMENT...]

The host sees neither mounts nor links; SEATRIAL_ROOT and SEATRIAL_RUN name an empty directory on a
tmpfs, which is removed. The exit status is the program's; 77 where this is not root's to do.
"""

import ctypes
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def isolate() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 or \
            libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def leftovers(directory: str) -> list[str]:
    mounts = [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
              if directory in line]
    containers = pathlib.Path(directory, "root/containers")
    return mounts + ([str(each) for each in containers.iterdir()] if containers.exists() else [])


def main() -> int:
    if os.geteuid() != 0:
        print("containers are made by root here")
        return 77
    isolate()
    directory = tempfile.mkdtemp(prefix="seatrial-python-", dir="/dev/shm")
    try:
        environment = dict(os.environ, SEATRIAL_ROOT=f"{directory}/root",
                           SEATRIAL_RUN=f"{directory}/run", PYTHONDONTWRITEBYTECODE="1")
        status = subprocess.run([sys.executable, *sys.argv[1:]], env=environment).returncode
        left = leftovers(directory)
        for each in left:
            print("left behind:", each)
        return status or (1 if left else 0)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
