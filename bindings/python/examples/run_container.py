#!/usr/bin/python3
"""Runs programs in disposable containers. As root; needs busybox-static for the image."""

import seatrial
from seatrial import testing


def main() -> None:
    with seatrial.Engine() as engine:
        if not engine.has_image("busybox"):
            testing.import_busybox(engine)  # with a registry at hand: engine.pull("busybox")

        # One program to its end. Leaving the block removes the container, whatever happens in it.
        with engine.run("busybox", ["echo", "ahoy"], network="none") as box:
            result = box.result(timeout=30)
        print(f"it said {result.text.strip()!r} and ended with {result.exit_code}")

        # A container to work in: more programs, files in and out, limits.
        with engine.run("busybox", ["sleep", "600"], network="none", memory="64m") as box:
            box.write_file("/tmp/cargo", "42 barrels\n")
            counted = box.exec(["wc", "-w", "/tmp/cargo"])
            print("words and file:", counted.text.strip())
            print("its limit:", box.stats().memory_limit // 2**20, "MiB")

        # What cannot be is an exception that says why.
        try:
            engine.run("busybox", ["no-such-program"], network="none")
        except seatrial.NotFound as problem:
            print("refused:", problem)


if __name__ == "__main__":
    main()
