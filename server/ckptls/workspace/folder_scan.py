"""Which checkpoints and Python files lie in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain

from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.checkpoint.formats.detection import may_be_in, prefixes_in
from ckptls.checkpoint.layout.directory_files import (
    find_checkpoints,
    is_checkpoint_name,
    stem_of_part,
)
from ckptls.checkpoint.storage.filesystem import is_remote
from ckptls.workspace.settings import Settings
from ckptls.workspace.walking import Bounds, is_excluded, matching, walk

_MAX_SECONDS = 10.0
_MAX_CHECKPOINTS = 2_000


def scan_checkpoints(
    folder: str, exclude: tuple[str, ...] = (), bounds: Bounds | None = None
) -> tuple[str, ...]:
    """The prefixes of all checkpoints below a folder, TensorFlow's first.

    It is cut short after ten seconds, or after 2,000 checkpoints. Of files the names tell, then
    their first or last bytes.
    """
    bounds = (bounds if bounds is not None else Bounds()).part(_MAX_SECONDS)
    found: list[str] = []
    others: list[str] = []
    for directory, files in walk(folder, exclude, is_ignored=_is_in_orbax, bounds=bounds):
        if any(is_checkpoint_name(name) for name in files):
            found += find_checkpoints(directory)
        if may_be_in(files):
            others += prefixes_in(directory)
        if len(found) >= _MAX_CHECKPOINTS:
            bounds.note(
                f"there are more than {_MAX_CHECKPOINTS:,} checkpoints in `{folder}`;"
                " the rest is left out"
            )
            break
    return tuple(dict.fromkeys((*found, *others)))[:_MAX_CHECKPOINTS]


def _is_in_orbax(path: str) -> bool:
    """Whether a directory is a part of an Orbax checkpoint, which may have thousands of them."""
    return os.path.isfile(os.path.join(os.path.dirname(path), "_METADATA"))


def matching_checkpoints(
    folder: str, patterns: tuple[str, ...], bounds: Bounds | None = None
) -> tuple[str, ...]:
    """The prefixes that globs, relative to a folder, name: of indexes, or of files themselves."""
    found: dict[str, None] = {}
    bounds = (bounds if bounds is not None else Bounds()).part(_MAX_SECONDS)
    for pattern in patterns:
        if is_remote(pattern):
            continue
        place = os.path.abspath(os.path.join(folder, expanded_home(pattern)))
        indexes = (path[: -len(".index")] for path in matching(place + ".index", bounds, pattern))
        for path in chain(indexes, map(stem_of_part, matching(place, bounds, pattern))):
            found[os.path.normpath(path)] = None
            if len(found) >= _MAX_CHECKPOINTS:
                bounds.note(
                    f"the globs of `checkpoints` name more than {_MAX_CHECKPOINTS:,} files;"
                    " the rest is left out"
                )
                return tuple(sorted(found))
    return tuple(sorted(found))


def known_checkpoints(
    folder: str, settings: Settings, bounds: Bounds | None = None
) -> tuple[str, ...]:
    """All that is known in a folder: what settings name, then what lies in it.

    `bounds` are those of each of the two, and get the notes of both.
    """
    bounds = bounds if bounds is not None else Bounds()
    named = matching_checkpoints(folder, settings.checkpoints, bounds)
    # An address is known as it stands: this is done whenever files come and go.
    remote = [path for path in settings.checkpoints if settings.remote and is_remote(path)]
    lying = scan_checkpoints(folder, settings.exclude, bounds)
    return tuple(dict.fromkeys((*named, *remote, *lying)))


def python_files(
    folder: str, exclude: tuple[str, ...] = (), bounds: Bounds | None = None
) -> Iterator[str]:
    """The Python files below a folder, in order."""
    for directory, files in walk(folder, exclude, bounds=bounds):
        for name in sorted(files):
            path = os.path.join(directory, name)
            if name.endswith(".py") and not is_excluded(os.path.relpath(path, folder), exclude):
                yield path
