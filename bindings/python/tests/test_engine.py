"""Containers from Python, end to end."""

import faulthandler
import os
import signal
import threading
import time

import pytest

import seatrial

SLEEP = ["sleep", "2147483647"]


def test_a_program_runs_to_its_end_and_says_how(engine):
    with engine.run("busybox", ["sh", "-c", "echo out; echo err >&2; exit 3"],
                    network="none") as box:
        assert box.result(timeout=30) == seatrial.Result(3, b"out\n", b"err\n")
        assert box.status == "exited"
        assert box.inspect()["State"]["ExitCode"] == 3
        assert [entry.text for entry in box.logs(stderr=False)] == ["out\n"]


def test_what_a_container_is_asked_for_arrives_inside(engine):
    script = "id -u; echo $COLOUR; hostname; pwd; cat /proc/self/limits; ls /none 2>/dev/null"
    with engine.run("busybox", ["sh", "-c", script], network="none", user="nobody",
                    env={"COLOUR": "red"}, hostname="berth", working_dir="/tmp",
                    ulimits={"nofile": (100, 200)}, memory="64m", labels={"a": "b"}) as box:
        lines = box.result(timeout=30).text.splitlines()
        assert lines[:4] == ["65534", "red", "berth", "/tmp"]
        assert any(line.split()[3:5] == ["100", "200"] for line in lines[4:]), lines
        assert box.info.config.resources.memory == 64 * 2**20
        assert engine.containers(all=True, filters={"label": ["a=b"]}) == [box]


def test_leaving_the_block_removes_the_container_whatever_happened(engine):
    with pytest.raises(ZeroDivisionError):
        with engine.run("busybox", SLEEP, network="none") as box:
            1 / 0
    assert engine.containers(all=True) == []
    with pytest.raises(seatrial.NotFound, match=f"No such container: {box.id}"):
        box.info
    with engine.create("busybox", network="none") as gone:
        gone.remove()  # leaving is no error then


def test_a_container_that_does_not_start_is_not_left_behind(engine):
    with pytest.raises(seatrial.NotFound, match="no-such-program") as caught:
        engine.run("busybox", ["no-such-program"], network="none")
    assert caught.value.kind == "not found"
    assert engine.containers(all=True) == []


def test_errors_have_the_class_of_their_kind(engine, container):
    with pytest.raises(seatrial.NotFound, match="No such image: nobody") as caught:
        engine.create("nobody")
    assert isinstance(caught.value, (seatrial.Error, LookupError))
    assert caught.value.sys_errno == 0
    with pytest.raises(seatrial.Conflict, match="remove a running container"):
        container.remove()
    with pytest.raises(seatrial.InvalidArgument, match="invalid filter 'colour'") as wrong:
        engine.containers(filters={"colour": ["red"]})
    assert isinstance(wrong.value, ValueError)
    with pytest.raises(seatrial.Timeout, match="did not end within 0.05 s") as late:
        container.wait(timeout=0.05)
    assert isinstance(late.value, TimeoutError)
    with pytest.raises(seatrial.Denied, match="pre-defined"):
        engine.network("bridge").remove()


@pytest.mark.parametrize("options, complaint", [
    ({"command": "echo hello"}, "a command is a list of words"),
    ({"memory": "much"}, '"much" is not a size'),
    ({"ports": ["80/icmp"]}, '"icmp" is neither tcp nor udp'),
    ({"ports": ["80000"]}, "no number up to 65535"),
    ({"volumes": ["./x:/x"]}, "./x"),
    ({"devices": ["null"]}, '"null" is not a device'),
])
def test_arguments_that_say_nothing_are_refused(engine, options, complaint):
    with pytest.raises(seatrial.InvalidArgument, match=complaint):
        engine.create("busybox", **options)
    with engine.create("busybox", ["true"]):  # the control
        pass


def test_other_threads_go_on_while_the_engine_waits(container):
    # Were the GIL held, no thread could say so: this one ends the process then.
    faulthandler.dump_traceback_later(60, exit=True)
    say = ["sh", "-c", "echo line >/proc/1/fd/1"]
    inside = threading.Event()
    lines = []

    def look(entry):  # called by the engine, which goes back to waiting for the next line
        lines.append(entry.text)
        inside.set()
        return len(lines) < 2

    thread = threading.Thread(target=container.follow, args=(look,))
    thread.start()
    container.exec(say)
    inside.wait()
    container.exec(say)
    thread.join()
    faulthandler.cancel_dump_traceback_later()
    assert lines == ["line\n", "line\n"]


def test_threads_share_an_engine(engine):
    failures = []

    def work(number):
        try:
            for _ in range(3):
                with engine.run("busybox", ["sh", "-c", f"exit {number}"], network="none") as box:
                    assert box.wait(timeout=60) == number
        except BaseException as problem:
            failures.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert engine.containers(all=True) == []


@pytest.mark.parametrize("wait", [
    lambda container: container.wait(timeout=60),
    lambda container: container.follow(print),
    lambda container: container.await_output("what it never says"),
    lambda container: container.engine.follow_events(print, until=time.time() + 60),
], ids=["wait", "follow", "await_output", "follow_events"])
def test_ctrl_c_ends(container, wait):
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    begin = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        wait(container)
    timer.join()
    assert time.monotonic() - begin < 30
    assert container.status == "running"


def test_what_a_callback_raises_arrives(container):
    container.exec(["sh", "-c", "echo line >/proc/1/fd/1"])

    def refuse(entry):
        raise KeyError(entry.text)

    with pytest.raises(KeyError, match="line"):
        container.follow(refuse)


def test_the_exit_code_outlives_a_container_that_removes_itself(engine):
    box = engine.run("busybox", ["sh", "-c", "exit 7"], network="none", remove=True)
    assert box.wait(timeout=30) == 7
    assert engine.containers(all=True) == []
    assert box.wait(timeout=30) == 7
    with pytest.raises(seatrial.NotFound):
        seatrial.Container(engine, "0" * 64).wait(timeout=1)


def test_exec_gives_and_takes_bytes(container):
    result = container.exec(["sh", "-c", "cat; echo err >&2; exit 4"], stdin=b"\xff\x00in")
    assert result == seatrial.Result(4, b"\xff\x00in", b"err\n")
    big = container.exec(["head", "-c", "3000000", "/dev/zero"])  # more than any pipe holds
    assert len(big.stdout) == 3_000_000
    assert container.exec(["sh", "-c", "echo $A; id -u"], env={"A": "1"},
                          user="nobody").text == "1\n65534\n"
    with pytest.raises(seatrial.NotFound, match="no-such-program"):
        container.exec(["no-such-program"])
    with pytest.raises(seatrial.Timeout, match="did not end within 0.1 s"):
        container.exec(SLEEP, timeout=0.1)
    assert [row["CMD"] for row in container.top()] == [" ".join(SLEEP)]


def test_files_go_in_and_out(container):
    container.write_file("/tmp/cargo", b"\x00barrels", mode=0o600)
    assert container.read_file("/tmp/cargo") == b"\x00barrels"
    assert container.stat("/tmp/cargo").mode == 0o100600
    assert ("added", "/tmp/cargo") in [(each.kind, each.path) for each in container.diff()]
    with pytest.raises(seatrial.NotFound):
        container.read_file("/tmp/none")
    with pytest.raises(IsADirectoryError):
        container.read_file("/tmp")


def test_a_name_that_is_no_utf8_stays_a_name(container):
    container.exec(["sh", "-c", r"touch $(printf '/tmp/\377')"])
    assert os.fsencode(container.diff()[-1].path) == b"/tmp/\xff"


def test_attached_streams_carry_stdin(engine):
    with engine.create("busybox", ["cat"], network="none", open_stdin=True) as box:
        with box.start_attached() as stream:
            stream.sendall(b"typed\n")
            stream.shutdown(1)
            received = b"".join(iter(lambda: stream.recv(4096), b""))
        assert received == b"\x01\0\0\0\0\0\0\x06typed\n"
        assert box.wait(timeout=30) == 0


def test_pause_signals_and_limits(container):
    container.pause()
    assert container.status == "paused"
    with pytest.raises(seatrial.Conflict):
        container.exec(["true"])
    container.unpause()
    container.update(pids_limit=9)
    assert container.stats().pids_limit == 9
    container.kill()
    assert container.wait(timeout=30) == 137
    with pytest.raises(seatrial.Conflict):
        container.kill()


def test_images_come_and_go(engine, container, tmp_path):
    container.write_file("/etc/edition", "first")
    image = container.commit("edition:1", changes=['CMD ["cat", "/etc/edition"]'])
    image.tag("edition:2")
    assert sorted(image.tags) == ["edition:1", "edition:2"]
    image.save(tmp_path / "edition.tar")
    assert image.remove(force=True).untagged
    with pytest.raises(seatrial.NotFound, match="No such image"):
        image.info
    assert engine.load(tmp_path / "edition.tar")[0] == image
    with engine.run("edition:1", network="none") as box:
        assert box.result(timeout=30).text == "first"
    assert image.inspect()["Config"]["Cmd"] == ["cat", "/etc/edition"]
    assert len(image.history()) >= 2
    image.remove(force=True)


def test_volumes_outlive_containers(engine):
    with engine.create_volume("hold", labels={"a": "b"}) as hold:
        for script, expected in (("echo kept >/hold/x", ""), ("cat /hold/x", "kept\n")):
            with engine.run("busybox", ["sh", "-c", script], volumes=["hold:/hold"],
                            network="none") as box:
                assert box.result(timeout=30).text == expected
                with pytest.raises(seatrial.Conflict, match="in use"):
                    hold.remove()
        assert hold.info.labels == {"a": "b"}
    assert engine.volumes() == []


def test_networks_give_addresses_names_and_ports(engine):
    with engine.create_network("deck", subnet="10.79.0.0/24") as deck:
        with engine.run("busybox", SLEEP, network=deck, ip="10.79.0.9", name="anchor",
                        aliases=["iron"], ports=["127.0.0.1::80"]) as box:
            assert box.ip_address == "10.79.0.9"
            assert box.host_port(80) > 0
            with pytest.raises(seatrial.NotFound, match="publishes no port 81/tcp"):
                box.host_port(81)
            assert list(deck.info.containers) == [box.id]
            with pytest.raises(seatrial.Conflict, match="active endpoints"):
                deck.remove()
            with engine.run("busybox", ["cat", "/etc/hosts"], network="deck") as other:
                assert "10.79.0.9\tanchor" in other.result(timeout=30).text
            deck.disconnect(box)
            assert box.ip_address == ""
    with pytest.raises(seatrial.NotFound):
        engine.network("deck")


def test_events_tell_the_life(engine):
    with engine.run("busybox", ["true"], network="none") as box:
        box.wait(timeout=30)
    of_it = {"container": [box.id]}
    assert [each.action for each in engine.events(filters=of_it)] == [
        "create", "start", "die", "destroy"]
    first = []
    engine.follow_events(lambda event: first.append(event.action) or False, since=0, filters=of_it)
    assert first == ["create"]


def test_a_closed_engine_says_so(tmp_path):
    engine = seatrial.Engine(tmp_path / "root", tmp_path / "run")
    engine.close()
    engine.close()
    with pytest.raises(seatrial.InvalidArgument, match="is closed"):
        engine.info()
