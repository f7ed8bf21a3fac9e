"""Compiles the one part of ckptls that is written in C, where that is possible.

Hatchling runs this for each install and each wheel. Without a compiler or Python's headers, or
with CKPTLS_PURE_PYTHON set, the package is made without that part and works the same. By hand,
for the sources at hand (setuptools must be there):

    python hatch_build.py

With CKPTLS_WHEEL_PLATFORM set to a tag of `TARGETS`, the wheel is made for that platform: zig
(the package `ziglang`) compiles for every Linux on any Linux. `tools/build_wheels.py` does that.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # it is run by hand
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
PLACE = "ckptls/checkpoint/formats/tensorflow/v2"
NAME = "_loop"
OLDEST = (3, 10)  # whose stable interface the C file keeps to
WHEEL_PLATFORM = "CKPTLS_WHEEL_PLATFORM"
# Tags that an index accepts, and what zig calls the platform. PEP 600, PEP 656.
TARGETS = {
    "manylinux_2_17_x86_64": "x86_64-linux-gnu.2.17",
    "manylinux_2_17_aarch64": "aarch64-linux-gnu.2.17",
    "musllinux_1_1_x86_64": "x86_64-linux-musl",
    "musllinux_1_1_aarch64": "aarch64-linux-musl",
}


class CompileLoop(BuildHookInterface):  # type: ignore[misc]
    """Adds the compiled module to a wheel, or puts it beside its source for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See BuildHookInterface."""
        if self.target_name != "wheel" or not can_be_compiled():
            return
        self._folder = tempfile.mkdtemp(prefix="ckptls-build-")
        wanted = os.environ.get(WHEEL_PLATFORM)
        if wanted:
            built: Path | None = cross_compiled(Path(self._folder), TARGETS[wanted])
        else:
            built = compiled(Path(self._folder))
        if built is None:
            return
        if version == "editable":
            shutil.copy(built, ROOT / "server" / PLACE / built.name)
            return
        build_data["pure_python"] = False
        tag = wanted or platform_tag(sysconfig.get_platform())
        build_data["tag"] = f"cp{OLDEST[0]}{OLDEST[1]}-abi3-{tag}"
        build_data["force_include"][str(built)] = f"{PLACE}/{built.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """See BuildHookInterface."""
        shutil.rmtree(getattr(self, "_folder", ""), ignore_errors=True)


def can_be_compiled() -> bool:
    """Whether this Python has the stable interface, and the part in C is wanted."""
    is_free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    is_cpython = platform.python_implementation() == "CPython"
    return is_cpython and not is_free_threaded and not os.environ.get("CKPTLS_PURE_PYTHON")


def compiled(folder: Path) -> Path | None:
    """The module, made in a folder; None, with a line that says why, if it cannot be made."""
    try:
        from setuptools import Distribution, Extension
        from setuptools.errors import BaseError, CCompilerError

        extension = Extension(
            f"{PLACE.replace('/', '.')}.{NAME}", [str(source())], py_limited_api=True
        )
        command = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
        command.ensure_finalized()
        try:
            command.run()
        except (BaseError, CCompilerError, OSError) as error:
            _report(error)
            return None
        return next((folder / "lib" / PLACE).iterdir())
    except ImportError as error:
        _report(error)
        return None


def cross_compiled(folder: Path, target: str) -> Path:
    """The module for a Linux that zig calls `target`, made in a folder.

    Raises:
        subprocess.CalledProcessError: zig is not installed, or cannot compile it.
    """
    built = folder / f"{NAME}.abi3.so"
    flags = ["-shared", "-fPIC", "-O2", "-g0", "-s", "-Wl,--build-id=none"]
    subprocess.run([*zig(target), *flags, str(source()), "-o", str(built)], check=True)
    return built


def zig(target: str) -> list[str]:
    """The command that compiles C for a platform, with Python's headers."""
    headers = sysconfig.get_path("include")
    return [sys.executable, "-m", "ziglang", "cc", "-target", target, f"-I{headers}"]


def source() -> Path:
    """The C file."""
    return ROOT / "server" / PLACE / f"{NAME}.c"


def _report(error: Exception) -> None:
    print(f"ckptls goes without its compiled part: {error}", file=sys.stderr)


def platform_tag(name: str) -> str:
    """What wheels are called that are made on a platform; `name` is sysconfig's.

    On macOS it holds the oldest version that the module runs on: that of this Python, or of the
    variable MACOSX_DEPLOYMENT_TARGET.
    """
    return re.sub(r"[-.]", "_", name)


def main() -> int:
    """Put the compiled module beside its source."""
    with tempfile.TemporaryDirectory() as folder:
        built = compiled(Path(folder))
        if built is None:
            return 1
        print(shutil.copy(built, ROOT / "server" / PLACE / built.name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
