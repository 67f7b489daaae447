#!/usr/bin/python3
"""A web server in a container, reached from the host and, by its name, from a second container."""

import urllib.request

import seatrial
from seatrial import testing

SERVE = """mkdir -p /srv && echo ahoy >/srv/index.html &&
httpd -h /srv && echo listening && sleep 2147483647"""


def main() -> None:
    with seatrial.Engine() as engine:
        if not engine.has_image("busybox"):
            testing.import_busybox(engine)
        with engine.create_network("harbour") as harbour:
            # Host port 0: a free one is chosen.
            with engine.run("busybox", ["sh", "-c", SERVE], network=harbour, name="lighthouse",
                            ports={"80/tcp": ("127.0.0.1", 0)}) as server:
                server.await_output("listening")
                url = f"http://127.0.0.1:{server.host_port(80)}/"
                with urllib.request.urlopen(url, timeout=10) as answer:
                    print(url, "answers", answer.read().decode().strip())
                with engine.run("busybox", ["wget", "-qO-", "http://lighthouse/"],
                                network=harbour) as client:
                    result = client.result(timeout=30)
                print("the client read", result.text.strip(), "from", server.ip_address)
                assert result.exit_code == 0, result


if __name__ == "__main__":
    main()
