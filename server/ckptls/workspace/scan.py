"""Which checkpoints and Python files lie in a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from glob import glob

from ckptls.checkpoint import formats
from ckptls.checkpoint.files import is_remote
from ckptls.checkpoint.listing import find_checkpoints, is_checkpoint_name, stem_of_part
from ckptls.workspace.settings import Settings

_NEVER = {".git", ".hg", ".svn", "node_modules", "__pycache__", "site-packages", ".tox"}
_NEVER |= {".venv", "venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
_MAX_SECONDS = 10.0
_MAX_CHECKPOINTS = 2_000


def walk(
    folder: str,
    exclude: tuple[str, ...],
    is_stopped: Callable[[], bool] = lambda: False,
    *,
    root: str | None = None,
    is_ignored: Callable[[str], bool] = lambda path: False,
) -> Iterator[tuple[str, list[str]]]:
    """(directory, file names) of a folder and all below it; links are not followed.

    What to exclude is told relative to `root`, by default the folder itself. Folders that
    `is_ignored` says so of are not entered.
    """
    root = folder if root is None else root
    for directory, names, files in os.walk(folder):
        if is_stopped():
            return
        names[:] = sorted(
            name
            for name in names
            if name not in _NEVER
            and not is_excluded(os.path.relpath(os.path.join(directory, name), root), exclude)
            and not is_ignored(os.path.join(directory, name))
        )
        yield directory, files


def scan_checkpoints(
    folder: str, exclude: tuple[str, ...] = (), is_stopped: Callable[[], bool] = lambda: False
) -> tuple[str, ...]:
    """The prefixes of all checkpoints below a folder, TensorFlow's first.

    It is cut short after ten seconds. Of files the names tell, then their first or last bytes.
    """
    deadline = time.monotonic() + _MAX_SECONDS
    found: list[str] = []
    others: list[str] = []
    for directory, files in walk(folder, exclude, is_stopped, is_ignored=_is_in_orbax):
        if any(is_checkpoint_name(name) for name in files):
            found += find_checkpoints(directory)
        if formats.may_be_in(files):
            others += formats.prefixes_in(directory)
        if len(found) >= _MAX_CHECKPOINTS or time.monotonic() > deadline:
            break
    return tuple(dict.fromkeys((*found, *others)))[:_MAX_CHECKPOINTS]


def _is_in_orbax(path: str) -> bool:
    """Whether a directory is a part of an Orbax checkpoint, which may have thousands of them."""
    return os.path.isfile(os.path.join(os.path.dirname(path), "_METADATA"))


def matching_checkpoints(folder: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The prefixes that globs, relative to a folder, name: of indexes, or of files themselves."""
    found: dict[str, None] = {}
    for pattern in patterns:
        if is_remote(pattern):
            continue
        place = os.path.join(folder, os.path.expanduser(pattern))
        found.update(dict.fromkeys(path[: -len(".index")] for path in glob(place + ".index")))
        found.update(dict.fromkeys(stem_of_part(path) for path in glob(place, recursive=True)))
        if len(found) >= _MAX_CHECKPOINTS:
            break
    return tuple(sorted(os.path.normpath(path) for path in found))[:_MAX_CHECKPOINTS]


def known_checkpoints(
    folder: str, settings: Settings, is_stopped: Callable[[], bool] = lambda: False
) -> tuple[str, ...]:
    """All that is known in a folder: what settings name, then what lies in it."""
    named = matching_checkpoints(folder, settings.checkpoints)
    # An address is known as it stands: this is done whenever files come and go.
    remote = [path for path in settings.checkpoints if settings.remote and is_remote(path)]
    lying = scan_checkpoints(folder, settings.exclude, is_stopped)
    return tuple(dict.fromkeys((*named, *remote, *lying)))


def python_files(folder: str, exclude: tuple[str, ...] = ()) -> Iterator[str]:
    """The Python files below a folder, in order."""
    for directory, files in walk(folder, exclude):
        for name in sorted(files):
            path = os.path.join(directory, name)
            if name.endswith(".py") and not is_excluded(os.path.relpath(path, folder), exclude):
                yield path


def is_excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path, relative to where the patterns hold, is one of those to leave out."""
    path = path.replace(os.sep, "/")
    return any(
        fnmatch(path, pattern.strip("/")) or fnmatch(path, pattern.rstrip("/") + "/*")
        for pattern in patterns
    )
