"""The package as a whole: its types, its stub, and its installation."""

import os
import pathlib
import shutil
import subprocess
import sys

import seatrial

PACKAGE = pathlib.Path(seatrial.__file__).parent
SOURCE = pathlib.Path(__file__).parent.parent
USE = """
import seatrial
def f(engine: seatrial.Engine) -> int:
    with engine.run("busybox", ["true"], ports={"80/tcp": 8080}) as box:
        return box.wait(timeout=1.5)
"""
MISUSE = {
    "engine.run('busybox', nmae='x')": 'Unexpected keyword argument "nmae"',
    "engine.run('busybox', ports=80)": 'Argument "ports" to "run"',
    "engine.image('x').stop()": '"Image" has no attribute "stop"',
    "return engine.run('busybox').name": "Incompatible return value type",
}


def mypy(*arguments, **options):
    return subprocess.run(
        ["/usr/bin/mypy", "--strict", "--python-executable", sys.executable, *arguments],
        env=dict(os.environ, MYPYPATH=str(PACKAGE.parent)), capture_output=True, text=True,
        **options)


def test_the_package_is_strictly_typed(tmp_path):
    checked = mypy("--cache-dir", str(tmp_path), str(PACKAGE), *map(str, SOURCE.glob("examples/*.py")))
    assert checked.returncode == 0, checked.stdout


def test_mistakes_of_users_are_found(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    checked = mypy("use.py", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    mistakes = "import seatrial\ndef f(engine: seatrial.Engine) -> int:\n" + "".join(
        f"    {line}\n" for line in MISUSE)
    (tmp_path / "use.py").write_text(mistakes)
    checked = mypy("use.py", cwd=tmp_path)
    for complaint in MISUSE.values():
        assert complaint in checked.stdout, checked.stdout


def test_the_stub_is_what_the_module_has(tmp_path):
    command = ["/usr/bin/stubtest", "seatrial._native", "--allowlist",
               str(SOURCE / "tests/stubtest.allow"), "--ignore-unused-allowlist"]
    environment = dict(os.environ, PYTHONPATH=str(PACKAGE.parent), MYPYPATH=str(PACKAGE.parent))
    checked = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_everything_public_says_what_it_does():
    silent = []
    for name in seatrial.__all__:
        thing = getattr(seatrial, name)
        if not thing.__module__.startswith("seatrial.") or thing.__module__ == "seatrial._native":
            continue
        if not thing.__doc__:
            silent.append(name)
    assert silent == []


def test_pip_installs_it_offline(tmp_path):
    # From a copy, because setuptools builds in place.
    source = tmp_path / "source"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__", "build"))
    environment = dict(os.environ, SEATRIAL_BUILD=str(PACKAGE.parent.parent))
    subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "pip", "install", "--no-build-isolation",
         "--no-index", "--quiet", "--root-user-action=ignore", "--target", str(tmp_path / "site"),
         str(source)], env=environment, check=True)
    file = tmp_path / "test_installed.py"
    file.write_text("import seatrial\n"
                    "def test_it(engine):\n"
                    f"    assert seatrial.__file__.startswith({str(tmp_path)!r})\n"
                    "    assert engine.has_image('busybox')\n")
    environment["PYTHONPATH"] = str(tmp_path / "site")
    # pytest finds the plugin by its entry point.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--seatrial-base",
         f"/dev/shm/seatrial-installed-{os.getpid()}", str(file)],
        env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site/seatrial/py.typed").exists()


def test_all_that_is_public_can_be_completed():
    assert set(seatrial.__all__) <= set(dir(seatrial))


def test_importing_it_imports_little():
    code = ("import sys, seatrial; seen = set(sys.modules); seatrial.conform; "
            "print(sorted(seen & {'pytest', 'asyncio', 'dataclasses', 'socket', 'subprocess',"
            " 'tarfile'}), 'subprocess' in sys.modules)")
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True,
                          check=True)
    assert done.stdout == "[] True\n"
