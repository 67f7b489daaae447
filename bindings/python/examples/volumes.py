#!/usr/bin/python3
"""Data that outlives containers: a named volume, a directory of the host, and a tmpfs."""

import pathlib
import tempfile

import seatrial
from seatrial import testing


def shell(engine: seatrial.Engine, script: str, *volumes: str) -> seatrial.Result:
    with engine.run("busybox", ["sh", "-c", script], volumes=volumes, tmpfs=["/scratch:size=1m"],
                    network="none") as box:
        return box.result(timeout=30)


def main() -> None:
    with seatrial.Engine() as engine, tempfile.TemporaryDirectory() as directory:
        if not engine.has_image("busybox"):
            testing.import_busybox(engine)
        host = pathlib.Path(directory)
        (host / "manifest").write_text("barrels 42\n")
        with engine.create_volume("hold") as hold:
            shell(engine, "cp /host/manifest /hold/ && echo crates 7 >>/hold/manifest",
                  "hold:/hold", f"{host}:/host:ro")
            print(shell(engine, "cat /hold/manifest", "hold:/hold").text, end="")

            # :ro holds, and a tmpfs ends with its container.
            refused = shell(engine, "echo x >/hold/manifest", "hold:/hold:ro")
            assert refused.exit_code != 0 and b"Read-only" in refused.stderr, refused
            shell(engine, "echo gone >/scratch/x")
            assert shell(engine, "ls /scratch").stdout == b""
            print("kept in", hold.info.mountpoint)


if __name__ == "__main__":
    main()
