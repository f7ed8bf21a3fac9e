"""Compiles the one part of ckptls that is written in C, where that is possible.

Hatchling runs this for each install and each wheel. Without a compiler or Python's headers, or
with CKPTLS_PURE_PYTHON set, the package is made without that part and works the same. By hand,
for the sources at hand (setuptools must be there):

    python hatch_build.py
"""

from __future__ import annotations

import os
import platform
import shutil
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
PLACE = "ckptls/checkpoint"
NAME = "_loop"
OLDEST = (3, 10)  # whose stable interface the C file keeps to


class CompileLoop(BuildHookInterface):  # type: ignore[misc]
    """Adds the compiled module to a wheel, or puts it beside its source for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See BuildHookInterface."""
        if self.target_name != "wheel" or not can_be_compiled():
            return
        self._folder = tempfile.mkdtemp(prefix="ckptls-build-")
        built = compiled(Path(self._folder))
        if built is None:
            return
        if version == "editable":
            shutil.copy(built, ROOT / "server" / PLACE / built.name)
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"cp{OLDEST[0]}{OLDEST[1]}-abi3-{platform_tag()}"
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

        source = str(ROOT / "server" / PLACE / f"{NAME}.c")
        extension = Extension(f"{PLACE.replace('/', '.')}.{NAME}", [source], py_limited_api=True)
        command = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
        command.ensure_finalized()
        try:
            command.run()
        except (BaseError, CCompilerError, OSError) as error:
            return _without(error)
        return next((folder / "lib" / PLACE).iterdir())
    except ImportError as error:
        return _without(error)


def _without(error: Exception) -> None:
    print(f"ckptls goes without its compiled part: {error}", file=sys.stderr)


def platform_tag() -> str:
    """What wheels of this machine are called."""
    from packaging.tags import platform_tags

    return next(tag for tag in platform_tags() if "many" not in tag and "musl" not in tag)


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
