"""What the files of a project are like: asked at once, or as they were seen the last time."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import NamedTuple

from ckptls.workspace.safe_open import read_start
from ckptls.workspace.walking import list_names

# Larger files are data or generated.
MAX_MODULE_BYTES = 1_000_000
# How long what was seen is taken to be still so.
TRUST_SECONDS = 2.0
_NEVER = float("-inf")

Stamp = tuple[int, int]


class Disk:
    """Asks the file system, and waits for it."""

    def names(self, directory: str) -> frozenset[str]:
        """What may be imported from a directory: Python files, and names without a dot, which may
        be folders; nothing if it cannot be read.

        Folders of images and of records have hundreds of thousands of other files.
        """
        try:
            names = list_names(directory)
        except (OSError, ValueError):
            return frozenset()
        return frozenset(name for name in names if name.endswith(".py") or "." not in name)

    def stamp(self, path: str) -> Stamp | None:
        """When a file was written, and its size; None if there is none."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        return status.st_mtime_ns, status.st_size

    def data(self, path: str) -> bytes | None:
        """What is in a file, up to a byte more than code has; None if it cannot be read."""
        try:
            return read_start(path, MAX_MODULE_BYTES + 1)
        except OSError:
            return None


class _Listing(NamedTuple):
    looked: float
    names: frozenset[str]


class _File(NamedTuple):
    looked: float
    stamp: Stamp | None
    data: bytes | None


class _Look(NamedTuple):
    """What was seen at once: listings and files, by path. A file's data is None where its
    stamp is the one that was known already."""

    listings: dict[str, _Listing]
    files: dict[str, _File]


class Wanted(NamedTuple):
    """What nobody has looked at lately: directories, and files with the stamps known of them."""

    directories: tuple[str, ...]
    files: Mapping[str, Stamp | None]

    def look(self) -> _Look:
        """Looks at it all; from any thread."""
        disk = Disk()
        listings = {each: _Listing(time.monotonic(), disk.names(each)) for each in self.directories}
        files = {}
        for path, known in self.files.items():
            looked, stamp = time.monotonic(), disk.stamp(path)
            data = disk.data(path) if stamp is not None and stamp != known else None
            files[path] = _File(looked, stamp, data)
        return _Look(listings, files)


class SeenDisk(Disk):
    """Answers with what was seen last, and never waits; a path that was never looked at is absent.

    Paths that are asked for and were not looked at lately are collected. The owner takes them
    (`take_wanted_paths`), looks at them in a thread, and records the result (`record_look`). All
    other methods are for one thread.
    """

    def __init__(self) -> None:
        self._listings: dict[str, _Listing] = {}
        self._files: dict[str, _File] = {}
        self._directories: dict[str, None] = {}
        self._wanted: dict[str, None] = {}
        # Whether anything is asked for that was not looked at, or not since files changed.
        self.has_unknown_paths = False

    @property
    def has_wanted_paths(self) -> bool:
        """Whether any path waits to be looked at."""
        return bool(self._directories or self._wanted)

    def names(self, directory: str) -> frozenset[str]:
        known = self._listings.get(directory)
        if self._is_old(known):
            self._directories[directory] = None
        return known.names if known is not None else frozenset()

    def stamp(self, path: str) -> Stamp | None:
        known = self._file(path)
        return known.stamp if known is not None else None

    def data(self, path: str) -> bytes | None:
        known = self._file(path)
        return known.data if known is not None else None

    def has_seen(self, path: str, data: bytes, otherwise: bool) -> bool:
        """Whether a file had this content when last seen; `otherwise` if it was never looked at."""
        known = self._files.get(path)
        return otherwise if known is None else known.data == data

    def _file(self, path: str) -> _File | None:
        known = self._files.get(path)
        if self._is_old(known):
            self._wanted[path] = None
        return known

    def _is_old(self, known: _Listing | _File | None) -> bool:
        if known is None or known.looked == _NEVER:
            self.has_unknown_paths = True
            return True
        return time.monotonic() - known.looked > TRUST_SECONDS

    def invalidate(self) -> None:
        """Marks everything as outdated: each path is looked at again when it is asked for."""
        listings, files = self._listings.items(), self._files.items()
        self._listings = {path: each._replace(looked=_NEVER) for path, each in listings}
        self._files = {path: each._replace(looked=_NEVER) for path, each in files}

    def take_wanted_paths(self) -> Wanted:
        """Removes and returns the paths that wait to be looked at."""
        known = {path: self._files.get(path) for path in self._wanted}
        stamps = {path: file.stamp if file is not None else None for path, file in known.items()}
        wanted = Wanted(tuple(self._directories), stamps)
        self._directories, self._wanted = {}, {}
        self.has_unknown_paths = False
        return wanted

    def record_look(self, seen: _Look) -> bool:
        """Stores what was seen; returns whether any of it differs from earlier answers."""
        is_news = False
        for directory, listing in seen.listings.items():
            before = self._listings.get(directory)
            is_news |= listing.names != (before.names if before is not None else frozenset())
            self._listings[directory] = listing
        for path, file in seen.files.items():
            known = self._files.get(path)
            if known is not None and known.stamp == file.stamp:
                file = known._replace(looked=file.looked)  # noqa: PLW2901
            else:
                is_news |= file.stamp is not None or known is not None
            self._files[path] = file
        return is_news
