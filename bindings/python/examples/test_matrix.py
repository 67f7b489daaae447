#!/usr/bin/python3
"""A small test matrix: one script in several images and settings, all cells at once."""

import concurrent.futures
import itertools

import seatrial
from seatrial import testing

SCRIPT = 'test "$(cat /etc/edition)" = modern && test "$COLOUR" != grey'
SETTINGS = {"blue": {"COLOUR": "blue"}, "grey": {"COLOUR": "grey"}}


def build(engine: seatrial.Engine, edition: str) -> seatrial.Image:
    """An image on top of busybox: a container that is changed and then committed."""
    with engine.create("busybox", network="none") as box:
        box.write_file("/etc/edition", edition + "\n")
        return box.commit(f"matrix:{edition}")


def run_cell(engine: seatrial.Engine, image: seatrial.Image, env: dict[str, str]) -> bool:
    with engine.run(image, ["sh", "-c", SCRIPT], env=env, network="none") as box:
        return box.wait(timeout=60) == 0


def main() -> None:
    with seatrial.Engine() as engine:
        if not engine.has_image("busybox"):
            testing.import_busybox(engine)
        images = {edition: build(engine, edition) for edition in ("classic", "modern")}
        cells = list(itertools.product(images, SETTINGS))
        # The engine works without the GIL, so that threads do run side by side.
        with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
            passed = list(pool.map(lambda cell: run_cell(engine, images[cell[0]],
                                                         SETTINGS[cell[1]]), cells))
        for (edition, setting), good in zip(cells, passed):
            print(f"{edition:8} {setting:5} {'pass' if good else 'fail'}")
        for image in images.values():
            image.remove()
        assert dict(zip(cells, passed)) == {cell: cell == ("modern", "blue") for cell in cells}


if __name__ == "__main__":
    main()
