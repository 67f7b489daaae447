"""Builds the compiled module with the project's own CMake, which knows the rooms that it links.

SEATRIAL_BUILD names a build directory; else build/release of the project is used, and configured
where it is not there yet.
"""

import os
import pathlib
import shutil
import subprocess

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = pathlib.Path(__file__).absolute().parent


def build_directory() -> pathlib.Path:
    chosen = os.environ.get("SEATRIAL_BUILD")
    if chosen:
        return pathlib.Path(chosen).absolute()
    project = HERE.parent.parent
    if not (project / "CMakePresets.json").exists():
        raise SystemExit("seatrial's sources are not around this directory: set SEATRIAL_BUILD to "
                         "a build directory of the project")
    build = project / "build/release"
    if not (build / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=project, check=True)
    return build


class CMakeBuild(build_ext):
    def build_extension(self, extension: Extension) -> None:
        build = build_directory()
        subprocess.run(["cmake", "--build", str(build), "--target", "seatrial_python"], check=True)
        target = pathlib.Path(self.get_ext_fullpath(extension.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(build / "python/seatrial" / target.name, target)
        subprocess.run(["strip", "--strip-debug", str(target)], check=True)


setup(ext_modules=[Extension("seatrial._native", sources=[])],
      cmdclass={"build_ext": CMakeBuild})
