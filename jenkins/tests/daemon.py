#!/usr/bin/python3
"""Runs a command beside a dockerd of its own, which nobody else sees and which ends with it.

usage: daemon.py --image NAME=PROGRAM [...] -- COMMAND [ARGUMENT...]

dockerd runs in pid, mount, network, ipc and uts namespaces of its own, without bridge or firewall,
with all its data in a directory that is removed. COMMAND gets ENGINE and DOCKER_HOST. --image NAME=PROGRAM
imports an image whose root holds a static program as /bin/PROGRAM-NAME and, where that is busybox,
links for its applets. The exit status is COMMAND's; 77 where the host has no dockerd.
"""

import argparse
import io
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

START_DEADLINE = 60
HIDDEN = ("/run", "/var/run", "/root", "/etc/docker", "/opt")

# Inside the namespaces: what dockerd writes outside of what it is told is hidden by empty
# directories; v2 beside v1 would make it take the host for one that systemd manages.
INSIDE = r"""
set -e
mount -t proc proc /proc
ip link set lo up 2>/dev/null || true
for dir in $HIDDEN; do
  if [ -d "$dir" ] && [ ! -L "$dir" ]; then mount -t tmpfs tmpfs "$dir"; fi
done
umount /sys/fs/cgroup/unified 2>/dev/null || true
exec /usr/sbin/dockerd --config-file "$1/daemon.json" --host "unix://$1/docker.sock" \
  --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/dockerd.pid" --bridge=none \
  --iptables=false --ip6tables=false --ip-forward=false --cgroup-parent "/$2" >"$1/log" 2>&1
"""


def root_of(program: pathlib.Path) -> bytes:
    """A tar of an image's root that holds a static program and, where that is busybox, links for its applets."""
    root = io.BytesIO()
    with tarfile.open(fileobj=root, mode="w") as tar:
        for folder in ("bin", "tmp", "proc", "dev", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        tar.add(program, f"bin/{program.name}")
        if program.name == "busybox":
            applets = subprocess.run([program, "--list"], capture_output=True, text=True,
                                     check=True).stdout.split()
            for applet in applets:
                if applet == "busybox":
                    continue
                entry = tarfile.TarInfo(f"bin/{applet}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
    return root.getvalue()


class Daemon:
    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.name = directory.name
        (directory / "daemon.json").write_text("{}\n")
        self.environment = dict(os.environ, DOCKER_HOST=f"unix://{directory}/docker.sock",
                                DOCKER_CONFIG=str(directory))
        # Whoever ends this program, or unshare, ends dockerd and its containers.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount", "--propagation", "private",
             "--net", "--ipc", "--uts", "sh", "-c", INSIDE, "sh", str(directory), self.name],
            env=dict(os.environ, HIDDEN=" ".join(HIDDEN)), start_new_session=True,
            stdin=subprocess.DEVNULL)

    def docker(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(["/usr/bin/docker", *arguments], env=self.environment, **options)

    def wait(self) -> None:
        deadline = time.monotonic() + START_DEADLINE
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.docker("version", capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        log = self.directory / "log"
        sys.exit(f"dockerd did not answer: {log.read_text()[-2000:] if log.exists() else 'no log'}")

    def import_image(self, name: str, program: pathlib.Path) -> None:
        self.docker("import", "-", name, input=root_of(program), check=True,
                    stdout=subprocess.DEVNULL)

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        # The kernel ends everybody in the namespace; their cgroups are empty a moment later.
        deadline = time.monotonic() + 10
        while self.remove_cgroups() and time.monotonic() < deadline:
            time.sleep(0.05)

    def remove_cgroups(self) -> bool:
        """Whether some are still there."""
        for top in pathlib.Path("/sys/fs/cgroup").glob(f"*/{self.name}"):
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
        return any(pathlib.Path("/sys/fs/cgroup").glob(f"*/{self.name}"))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", action="append", default=[])
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    for program in ("/usr/sbin/dockerd", "/usr/bin/docker"):
        if not os.access(program, os.X_OK):
            print(f"skipped: {program} is not installed")
            return 77
    directory = pathlib.Path(tempfile.mkdtemp(prefix="seatrial-dockerd-"))
    daemon = Daemon(directory)
    try:
        daemon.wait()
        for image in arguments.image:
            name, program = image.split("=", 1)
            daemon.import_image(name, pathlib.Path(program))
        return subprocess.run(arguments.command, env=dict(daemon.environment, ENGINE="/usr/bin/docker"), check=False).returncode
    finally:
        daemon.end()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
