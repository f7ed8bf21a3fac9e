"""Build what is shipped, into dist/, and check it: the sdist, a wheel for every platform, and
wheels with the compiled loop for Linux.

    python tools/build_wheels.py

It needs the packages of tools/requirements.txt. The wheels are built from the sdist, so that
nothing is in them that the sdist lacks. zig compiles for glibc 2.17 and musl 1.1, x86_64 and
aarch64, whatever this machine is. For macOS and Windows see docs/releasing.md; here it is checked
that the C file compiles for them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hatch_build import TARGETS, WHEEL_PLATFORM, source, zig  # noqa: E402

EXAMPLE = ROOT / "examples" / "vgg16" / "ckpts" / "vgg_16.ckpt"
OTHERS = ("aarch64-macos", "x86_64-macos", "x86_64-windows-gnu")
# What the compiled loop may take from the C library.
_C_SYMBOLS = frozenset({"memcpy", "memcmp", "bcmp", "memset", "memmove", "memchr", "strlen"})
_LIBRARIES = {"manylinux": {"libc.so.6"}, "musllinux": {"libc.so"}}
_STRAYS = (".so", ".pyd", ".pyc", ".log", ".md.orig")
# All that an sdist has beside the package itself.
_SDIST = {"README.md", "LICENSE", "CHANGELOG.md", "hatch_build.py", "pyproject.toml", "PKG-INFO"}
_SDIST |= {".gitignore", "SECURITY.md"}


class ReleaseError(Exception):
    """What was built is not fit to be shipped; the text says why."""


def main() -> int:
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    try:
        build(dist)
        check_sdist(next(dist.glob("*.tar.gz")))
        for wheel in sorted(dist.glob("*.whl")):
            check_wheel(wheel)
        run([sys.executable, "-m", "twine", "check", "--strict", *map(str, dist.iterdir())])
        for target in OTHERS:
            compile_for(target)
        installed = [try_out(wheel) for wheel in installable(dist)]
    except (ReleaseError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path in sorted(dist.iterdir()):
        print(f"{path.name}  {path.stat().st_size / 1e3:,.0f} kB")
    print(f"the C file compiles for {', '.join(OTHERS)}")
    print("; ".join(installed))
    return 0


def run(command: list[str], **environment: str) -> str:
    """The output of a command.

    Raises:
        ReleaseError: it failed.
    """
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise ReleaseError(f"{' '.join(command)} failed:\n{done.stdout}")
    return done.stdout


def build(dist: Path) -> None:
    """The sdist, and the wheels from it."""
    # The time of the last commit, so that the same commit gives the same files.
    stamp = run(["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]).strip()
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist)]
    run([*command, "--sdist", str(ROOT)], SOURCE_DATE_EPOCH=stamp)
    with tempfile.TemporaryDirectory(prefix="ckptls-release-") as folder:
        with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
            archive.extractall(folder, filter="data")
        (unpacked,) = Path(folder).iterdir()
        wheel = [*command, "--wheel", str(unpacked)]
        run(wheel, CKPTLS_PURE_PYTHON="1", SOURCE_DATE_EPOCH=stamp)
        for platform in TARGETS:
            run(wheel, SOURCE_DATE_EPOCH=stamp, CKPTLS_PURE_PYTHON="", **{WHEEL_PLATFORM: platform})


def check_sdist(sdist: Path) -> None:
    """Nothing but the package, what builds it and what explains it."""
    with tarfile.open(sdist) as archive:
        names = [member.name.partition("/")[2] for member in archive if member.isfile()]
    tracked = set(run(["git", "-C", str(ROOT), "ls-files", "server"]).split())
    for name in names:
        if name not in _SDIST and name not in tracked:
            raise ReleaseError(f"{sdist.name} has a stray file {name}")
    for name in tracked | _SDIST - {"PKG-INFO"}:
        if name not in names and (ROOT / name).exists():
            raise ReleaseError(f"{sdist.name} lacks {name}")


def check_wheel(wheel: Path) -> None:
    """The files of the package, and a compiled loop exactly where the tag says so."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        loops = [name for name in names if name.endswith(".so")]
        platform = wheel.stem.split("-")[-1]
        if (platform == "any") is bool(loops):
            raise ReleaseError(f"{wheel.name} has {loops or 'no compiled loop'}")
        strays = [n for n in names if n.endswith(_STRAYS) and n not in loops]
        strays += [n for n in names if not n.startswith(("ckptls/", "ckptls-"))]
        if strays:
            raise ReleaseError(f"{wheel.name} has stray files: {', '.join(strays)}")
        if loops:
            with archive.open(loops[0]) as loop:
                check_loop(wheel.name, loop.read(), platform)


def check_loop(name: str, data: bytes, platform: str) -> None:
    """A shared object that any Linux of the platform's kind can load.

    Source: PEP 600 and PEP 656, which say what the tags promise.
    """
    from io import BytesIO

    from elftools.elf.elffile import ELFFile

    elf = ELFFile(BytesIO(data))
    machine = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}.get(elf["e_machine"], "?")
    if not platform.endswith(machine):
        raise ReleaseError(f"{name} has a loop for {machine}")
    dynamic = elf.get_section_by_name(".dynamic")
    needed = {tag.needed for tag in dynamic.iter_tags() if tag.entry.d_tag == "DT_NEEDED"}
    if not needed <= _LIBRARIES[platform.partition("_")[0]]:
        raise ReleaseError(f"{name} needs {', '.join(sorted(needed))}")
    symbols = elf.get_section_by_name(".dynsym").iter_symbols()
    undefined = {s.name for s in symbols if s["st_shndx"] == "SHN_UNDEF" and s.name}
    weak = {"__cxa_finalize", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable"}
    weak |= {"__gmon_start__", "__register_frame_info", "__deregister_frame_info"}
    odd = {s for s in undefined if not s.startswith(("Py", "_Py"))} - _C_SYMBOLS - weak
    if odd:
        raise ReleaseError(f"{name} takes {', '.join(sorted(odd))} from elsewhere")
    versions = elf.get_section_by_name(".gnu.version_r")
    for _, required in versions.iter_versions() if versions is not None else ():
        for version in required:
            if version.name.startswith("GLIBC_") and _number(version.name) > (2, 17):
                raise ReleaseError(f"{name} needs {version.name}")


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.removeprefix("GLIBC_").split(".")))


def compile_for(target: str) -> None:
    """Compile the C file for a platform whose wheels are made on that platform."""
    with tempfile.TemporaryDirectory(prefix="ckptls-release-") as folder:
        options = []
        if "windows" in target:
            # Python's own headers, with what its configuration says of Windows.
            headers = Path(folder, "include")
            shutil.copytree(sysconfig.get_path("include"), headers)
            config = (headers / "pyconfig.h").read_text()
            config = config.replace("#define HAVE_SYS_SELECT_H 1", "")
            config = config.replace("#define SIZEOF_LONG 8", "#define SIZEOF_LONG 4")
            (headers / "pyconfig.h").write_text(config)
            options = ["-DMS_WINDOWS", "-DMS_WIN64", f"-I{headers}"]
        command = zig(target)
        command = [*command[:-1], *options] if options else command
        run([*command, "-c", str(source()), "-o", str(Path(folder, "loop.o"))])


def installable(dist: Path) -> Iterable[Path]:
    """The wheels that this machine can install."""
    from packaging.tags import sys_tags
    from packaging.utils import parse_wheel_filename

    here = frozenset(sys_tags())
    found = [each for each in dist.glob("*.whl") if here & parse_wheel_filename(each.name)[3]]
    if not any(each.name.endswith("-any.whl") for each in found):
        raise ReleaseError("no wheel is for every platform")
    if sys.platform == "linux" and len(found) < 2:
        raise ReleaseError("no wheel with the compiled loop is for this machine")
    return sorted(found)


def try_out(wheel: Path) -> str:
    """Install a wheel into a new environment, and have it list and check the example."""
    with tempfile.TemporaryDirectory(prefix="ckptls-release-") as folder:
        venv.create(folder, with_pip=True)
        scripts = Path(folder, "Scripts" if os.name == "nt" else "bin")
        pip = [str(scripts / "python"), "-m", "pip", "-qq", "--disable-pip-version-check"]
        run([*pip, "install", "--only-binary=:all:", str(wheel)])
        command = str(scripts / "ckptls")
        listed = json.loads(run([command, "ls", "--format", "json", str(EXAMPLE)]))
        if len(listed) != 34:
            raise ReleaseError(f"{wheel.name} lists {len(listed)} variables of {EXAMPLE.name}")
        doctor = run([command, "doctor"])
        loop = next(line for line in doctor.splitlines() if line.startswith("index loop"))
        if (loop.split()[2] == "compiled") is wheel.name.endswith("-any.whl"):
            raise ReleaseError(f"{wheel.name}: {loop}")
        checked = run([command, "check", str(ROOT / "examples" / "vgg16" / "make_checkpoint.py")])
        return f"{wheel.name.split('-', 2)[2]}: {checked.strip()}"


if __name__ == "__main__":
    sys.exit(main())
