"""Run the quick tests with the oldest libraries that we say we work with, on each Python found.

    python tools/check_versions.py

Pythons from 3.10 to 3.14 are looked for on the PATH and among those of pyenv; those that are not
here are named. For each of them, here or not, it is resolved that wheels of all libraries exist.
It needs the package `uv`, see tools/requirements.txt.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
# What uses each of the libraries, and runs without TensorFlow in a minute.
TESTS = (
    *("checkpoint/test_formats.py", "checkpoint/test_values.py", "checkpoint/test_nearest.py"),
    *("checkpoint/test_compression.py", "workspace/test_settings.py", "source/test_sites.py"),
    *("features/test_expressions.py", "features/test_completion.py", "features/test_hover.py"),
)
_RUNNERS = ("pytest>=9", "pytest-asyncio>=1.2", "hypothesis>=6.168", "safetensors>=0.5")


def main() -> int:
    found = {each: path for each in PYTHONS if (path := python_of(each)) is not None}
    missing = [each for each in PYTHONS if each not in found]
    with tempfile.TemporaryDirectory(prefix="ckptls-versions-") as folder:
        for version in PYTHONS:
            resolve(version, Path(folder))
        print(f"the oldest libraries have wheels for Python {', '.join(PYTHONS)}", flush=True)
        # The oldest Python goes with the oldest libraries; the newest with the oldest for it.
        chosen = sorted({min(found, key=number), max(found, key=number)}, key=number)
        failed = [each for each in chosen if not passes(each, found[each], Path(folder))]
    if missing:
        print(f"not on this machine: Python {', '.join(missing)}")
    if failed:
        print(f"error: tests fail on Python {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or not found else 0


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def python_of(version: str) -> str | None:
    """An interpreter of a version that runs; None if there is none."""
    named = shutil.which(f"python{version}")
    own = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    fits = re.compile(rf"{re.escape(version)}\.\d+")
    installed = [each / "bin" / "python" for each in own.glob("*") if fits.fullmatch(each.name)]
    for candidate in (named, *map(str, installed)):
        if candidate is not None and _says(candidate) == version:
            return candidate
    return None


def _says(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *arguments], check=True)


def resolve(version: str, folder: Path) -> None:
    """Writes the oldest versions that pyproject.toml allows and that have wheels."""
    uv(
        *("pip", "compile", "--python-version", version, "--resolution", "lowest-direct"),
        *("--only-binary", ":all:", "--extra", "all", str(ROOT / "pyproject.toml")),
        *("-o", str(folder / f"{version}.txt")),
    )


def passes(version: str, python: str, folder: Path) -> bool:
    """Whether the tests pass on an interpreter, with the oldest libraries for it."""
    print(f"== Python {version} with the oldest libraries", flush=True)
    made = folder / version
    uv("venv", "--python", python, str(made))
    oldest = str(folder / f"{version}.txt")
    uv("pip", "install", "--python", str(made / "bin" / "python"), "-r", oldest)
    uv(
        *("pip", "install", "--python", str(made / "bin" / "python")),
        *("-c", oldest, *_RUNNERS),
    )
    tests = [str(ROOT / "tests" / name) for name in TESTS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "server")}
    command = [str(made / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *tests], cwd=ROOT, env=environment, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
