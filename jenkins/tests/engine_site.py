#!/usr/bin/python3
"""Runs a command beside a reference engine's data of its own, in mount and network namespaces of its own.

usage: engine_site.py --engine SEATRIAL --image NAME=PROGRAM [...] -- COMMAND [ARGUMENT...]

COMMAND gets ENGINE, SEATRIAL_ROOT and SEATRIAL_RUN; --image is as daemon.py has it. The exit status is
COMMAND's.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from daemon import root_of


def enter_namespaces() -> None:
    """Starts this program again, where the engine's links and mounts are nobody else's."""
    os.environ["ENGINE_SITE"] = "entered"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "--net",
                          sys.executable, *sys.argv])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", required=True)
    parser.add_argument("--image", action="append", default=[])
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    if "ENGINE_SITE" not in os.environ:
        enter_namespaces()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory(prefix="seatrial-site-") as site:
        environment = dict(os.environ, ENGINE=arguments.engine, SEATRIAL_ROOT=f"{site}/root",
                           SEATRIAL_RUN=f"{site}/run")

        def engine(*words: str, **options) -> subprocess.CompletedProcess:
            return subprocess.run([arguments.engine, *words], env=environment, check=True, **options)

        for image in arguments.image:
            name, program = image.split("=", 1)
            engine("import", "-", name, input=root_of(pathlib.Path(program)), stdout=subprocess.DEVNULL)
        try:
            return subprocess.run(arguments.command, env=environment, check=False).returncode
        finally:
            left = engine("ps", "-aq", capture_output=True, text=True).stdout.split()
            if left:
                engine("rm", "-f", *left)


if __name__ == "__main__":
    sys.exit(main())
