"""Fill vscode-extension/bundled/ with the server and all it needs, for several Pythons at once.

    python tools/bundle_server.py [--target linux-x64]

The libraries are those of vscode-extension/python/requirements.lock, whose hashes pip compares;
`make lock` writes it again. They are wheels unzipped over each other: pure ones, and for each
CPython that we support the compiled ones, whose file names carry the ABI and so do not collide.
Only the standard library and pip are used; nothing is compiled.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
EXTENSION = ROOT / "vscode-extension"
LOCK = EXTENSION / "python" / "requirements.lock"
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
LINUX_TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
# What VS Code calls a target -> how pip and environment markers name it.
TARGETS = {
    "linux-x64": ([f"{tag}_x86_64" for tag in LINUX_TAGS], "linux", "Linux", "x86_64"),
    "linux-arm64": ([f"{tag}_aarch64" for tag in LINUX_TAGS], "linux", "Linux", "aarch64"),
    "darwin-x64": (["macosx_11_0_x86_64", "macosx_10_9_x86_64"], "darwin", "Darwin", "x86_64"),
    "darwin-arm64": (["macosx_11_0_arm64"], "darwin", "Darwin", "arm64"),
    "win32-x64": (["win_amd64"], "win32", "Windows", "AMD64"),
}
# Only compilers and type checkers read these; the test suites of libraries are not ours to run;
# rapidfuzz does without its AVX2 twins (18 MB of them for five Pythons).
UNUSED = re.compile(
    r"\.(pyi|pxd|pyx|hpp|h|c|exe)$|/tests?/|^bin/|/RECORD$|\.data/scripts/|^rapidfuzz/.*_avx2\."
)


class BundleError(Exception):
    """The bundle cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    python: str

    @property
    def markers(self) -> dict[str, str]:
        _, sys_platform, system, machine = TARGETS[self.name]
        return {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "sys_platform": sys_platform,
            "platform_system": system,
            "platform_machine": machine,
            "os_name": "nt" if sys_platform == "win32" else "posix",
            "extra": "",
        }

    @property
    def pip_options(self) -> list[str]:
        platforms = [f"--platform={tag}" for tag in TARGETS[self.name][0]]
        return [*platforms, "--implementation=cp", f"--python-version={self.python}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", choices=TARGETS, default=host_target())
    target = parser.parse_args().target
    try:
        with tempfile.TemporaryDirectory(prefix="ckptls-bundle-") as folder:
            bundle(target, Path(folder))
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def bundle(target: str, scratch: Path) -> None:
    """Make bundled/ anew: libs/, launch.py, bundle.json."""
    own_wheel = build_own_wheel(scratch)
    libraries = cached_libraries(target, locked_libraries(requirements_of(own_wheel)))
    made = scratch / "bundled"
    shutil.copytree(libraries, made / "libs")
    unzip(own_wheel, made / "libs")
    shutil.copy(EXTENSION / "python" / "launch.py", made / "launch.py")
    version = own_wheel.name.split("-")[1]
    description = {"version": version, "target": target, "pythons": PYTHONS}
    (made / "bundle.json").write_text(json.dumps(description, indent=2) + "\n")
    final = EXTENSION / "bundled"
    shutil.rmtree(final, ignore_errors=True)
    shutil.move(made, final)
    print(f"bundled ckptls {version} for {target}, Python {PYTHONS[0]} to {PYTHONS[-1]}")


def host_target() -> str:
    for name, (_, sys_platform, _, machine) in TARGETS.items():
        if (sys.platform, platform.machine()) == (sys_platform, machine):
            return name
    return "linux-x64"


def build_own_wheel(folder: Path) -> Path:
    # Without its compiled part: what is bundled is for machines and Pythons other than this.
    os.environ["CKPTLS_PURE_PYTHON"] = "1"
    pip("wheel", "--no-deps", f"--wheel-dir={folder}", str(ROOT))
    wheel = next(folder.glob("ckptls-*.whl"))
    if not wheel.name.endswith("-py3-none-any.whl"):
        raise BundleError(f"{wheel.name} is not for every platform")
    return wheel


def cached_libraries(target: str, libraries: list[Locked]) -> Path:
    """The unzipped libraries; made once for a target and a lock."""
    wanted = json.dumps([target, PYTHONS, LOCK.read_text(), Path(__file__).read_text()])
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:12]
    folder = ROOT / "build" / f"libraries-{target}-{digest}"
    if not folder.is_dir():
        for outdated in folder.parent.glob(f"libraries-{target}-*"):
            shutil.rmtree(outdated)
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as half_made:
            wheels, libs = Path(half_made, "wheels"), Path(half_made, "libs")
            download_all(target, libraries, wheels)
            for wheel in sorted(wheels.rglob("*.whl")):
                unzip(wheel, libs)
            libs.rename(folder)
    return folder


# ---------------------------------------------------------------- which wheels


@dataclass(frozen=True, slots=True)
class Locked:
    """A library of the lock: its one version, and the hashes that its wheels may have."""

    requirement: Requirement
    hashes: tuple[str, ...]


def locked_libraries(own: list[Requirement]) -> list[Locked]:
    """The libraries of the lock, which has all that the server needs.

    Raises:
        BundleError: a library that the server itself needs is missing there, or another version.
    """
    text = LOCK.read_text().replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    found = [
        Locked(Requirement(line.partition(" --hash=")[0]), tuple(HASH.findall(line)))
        for line in lines
    ]
    for need in own:
        there = [each for each in found if is_same(each.requirement.name, need.name)]
        if not any(need.specifier.contains(version_of(each)) for each in there):
            raise BundleError(f"{LOCK.name} has no {need}; run `make lock`")
    return found


def is_same(one: str, other: str) -> bool:
    return re.sub(r"[-_.]+", "-", one).lower() == re.sub(r"[-_.]+", "-", other).lower()


def version_of(library: Locked) -> str:
    return str(library.requirement.specifier).removeprefix("==")


def download_all(target: str, libraries: list[Locked], folder: Path) -> None:
    """Download the wheels of all libraries, for every Python."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        for _ in pool.map(lambda each: download(target, each, folder), libraries):
            pass


def download(target: str, library: Locked, folder: Path) -> None:
    """Download one library for every Python that wants it; pip compares the hashes."""
    name = library.requirement.name
    wanted = folder / f"{name}.txt"
    wanted.parent.mkdir(parents=True, exist_ok=True)
    pin = f"{name}=={version_of(library)}"
    wanted.write_text(" ".join([pin, *(f"--hash={each}" for each in library.hashes)]) + "\n")
    for place in (Target(target, python) for python in PYTHONS):
        if not applies(library.requirement, place):
            continue
        wheels = folder / name / place.python
        pip(
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
            f"--dest={wheels}",
            *place.pip_options,
            f"--requirement={wanted}",
        )
        wheel = next(wheels.glob("*.whl"))
        if wheel.name.endswith(("-none-any.whl", f"-abi3-{wheel.stem.split('-')[-1]}.whl")):
            break


def applies(requirement: Requirement, target: Target) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(target.markers)


def requirements_of(wheel: Path) -> list[Requirement]:
    """What a wheel needs, by its own words, without its extras."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(name).decode())
    requirements = map(Requirement, headers.get_all("Requires-Dist", []))
    return [r for r in requirements if "extra ==" not in str(r.marker)]


# ---------------------------------------------------------------- laying them over each other


def unzip(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name, content in used_files(archive):
            path = folder / re.sub(r"^[^/]*\.data/(purelib|platlib)/", "", name)
            if is_conflict(path, content):
                raise BundleError(f"{wheel.name} brings another {name} than a wheel before it")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def used_files(archive: zipfile.ZipFile) -> Iterable[tuple[str, bytes]]:
    names = (n for n in archive.namelist() if not n.endswith("/") and not UNUSED.search(n))
    return ((name, archive.read(name)) for name in names)


def is_conflict(path: Path, content: bytes) -> bool:
    if not path.exists() or ".dist-info/" in path.as_posix():
        return False
    return path.read_bytes() != content


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "-qq", "--disable-pip-version-check"]
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise BundleError(f"pip {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
