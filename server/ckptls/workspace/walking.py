"""Folders and what is below them, looked through without recursion and within limits."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from ckptls.checkpoint.names.glob import translated

_NEVER = {".git", ".hg", ".svn", "node_modules", "__pycache__", "site-packages", ".tox"}
_NEVER |= {".venv", "venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
_MAX_ENTRIES = 1_000_000
_MAGIC = frozenset("*?[")
# So many entries of one folder are taken before it is asked again whether to end.
_ENTRIES_A_LOOK = 1_000


def _never() -> bool:
    return False


@dataclass
class Bounds:
    """How much of a disk one look may go through, and what it left out.

    entries: files and folders that may still be met.
    is_stopped: asked at every folder; ends the look.
    notes: what was cut short, in a sentence; nothing is said of what came after it.
    seconds: how long it may take, from the first folder on.
    """

    entries: int = _MAX_ENTRIES
    is_stopped: Callable[[], bool] = _never
    notes: list[str] = field(default_factory=list)
    seconds: float = math.inf
    _has_noted: bool = False
    _deadline: float | None = None

    def part(self, seconds: float = math.inf) -> Bounds:
        """The same bounds for a look of its own, with less time; it notes in the same list."""
        seconds = min(seconds, self.seconds)
        return Bounds(self.entries, self.is_stopped, self.notes, seconds)

    def is_spent(self, what: str) -> bool:
        """Whether a look has to end; `what` it goes through is noted."""
        if self.is_stopped():
            return True
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self.seconds
        if self.entries <= 0:
            self._note_many(what)
            return True
        if now > self._deadline:
            self.note(
                f"searching {what} takes longer than {self.seconds:g} seconds; the rest is left out"
            )
            return True
        return False

    def _note_many(self, what: str) -> None:
        self.note(f"{what} has too many files and folders; the rest is left out")

    def note(self, sentence: str) -> None:
        """Notes what is cut short, if it is the first; the same sentence is noted once."""
        if not self._has_noted and sentence not in self.notes:
            self.notes.append(sentence)
        self._has_noted = True

    def entries_of(self, directory: str, what: str) -> list[os.DirEntry[str]]:
        """What is in a directory, as far as the number of entries allows; empty if nobody may
        look into it, or its path is longer than the system takes."""
        found: list[os.DirEntry[str]] = []
        try:
            with os.scandir(directory) as items:
                for count, item in enumerate(items):
                    if self.entries <= 0:
                        self._note_many(what)
                        break
                    if count % _ENTRIES_A_LOOK == _ENTRIES_A_LOOK - 1 and self.is_spent(what):
                        break
                    self.entries -= 1
                    found.append(item)
        except OSError:
            pass
        return found


def list_names(directory: str) -> list[str]:
    """The names in a directory, as far as the number of entries allows.

    Raises:
        OSError: nobody may look into it.
    """
    with os.scandir(directory) as items:
        return [item.name for item in islice(items, _MAX_ENTRIES)]


def walk(
    folder: str,
    exclude: tuple[str, ...],
    *,
    root: str | None = None,
    is_ignored: Callable[[str], bool] = lambda path: False,
    bounds: Bounds | None = None,
) -> Iterator[tuple[str, list[str]]]:
    """(directory, file names) of a folder and all below it, in order; links are not followed.

    Exclusions are relative to `root`, by default the folder itself. Folders that
    `is_ignored` says so of are not entered.
    """
    root = folder if root is None else root
    bounds = bounds if bounds is not None else Bounds()
    waiting = [folder]
    what = f"`{folder}`"
    while waiting and not bounds.is_spent(what):
        directory = waiting.pop()
        files: list[str] = []
        below: list[str] = []
        for entry in bounds.entries_of(directory, what):
            if not _is_directory(entry):
                files.append(entry.name)
            elif entry.name not in _NEVER and not entry.is_symlink():
                below.append(entry.path)
        yield directory, files
        waiting += sorted(
            (
                path
                for path in below
                if not is_excluded(os.path.relpath(path, root), exclude) and not is_ignored(path)
            ),
            reverse=True,
        )


def matching(pattern: str, bounds: Bounds, written: str = "") -> Iterator[str]:
    """The paths that an absolute glob names, as `glob.glob` with `**` for folders on any level.

    `written` is the glob as the user wrote it, for a note.

    `**` enters each folder once, whatever links lead to it. Hidden names are found by patterns
    that begin with a dot.
    """
    drive, rest = os.path.splitdrive(pattern)
    parts = [part for part in rest.replace(os.sep, "/").split("/") if part]
    entered: set[tuple[int, int, int]] = set()
    waiting = [(drive + os.sep, 0)]
    what = f"the glob `{written or pattern}`"
    while waiting and not bounds.is_spent(what):
        place, index = waiting.pop()
        plain = index
        while plain < len(parts) and not _MAGIC.intersection(parts[plain]):
            plain += 1
        place = os.path.join(place, *parts[index:plain])
        if plain == len(parts):
            bounds.entries -= 1
            if os.path.lexists(place):
                yield place
            continue
        part = parts[plain]
        fits = _expression(part).match
        if part == "**":
            if not _enters(place, plain, entered):
                continue
            waiting.append((place, plain + 1))
        for entry in bounds.entries_of(place, what):
            name = entry.name
            if part == "**":
                if name.startswith("."):
                    continue
                if _is_directory(entry):
                    waiting.append((entry.path, plain))
                elif plain == len(parts) - 1:
                    yield entry.path
            elif (part.startswith(".") or not name.startswith(".")) and fits(
                os.path.normcase(name)
            ):
                if plain == len(parts) - 1:
                    yield entry.path
                elif _is_directory(entry):
                    waiting.append((entry.path, plain + 1))


def _enters(place: str, index: int, entered: set[tuple[int, int, int]]) -> bool:
    """Notes that a `**`, the part `index` of its glob, enters a folder; whether it does so for
    the first time."""
    try:
        state = os.stat(place)
    except OSError:
        return False
    key = (index, state.st_dev, state.st_ino)
    if key in entered:
        return False
    entered.add(key)
    return True


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path, relative to where the patterns hold, is one of those to leave out."""
    path = os.path.normcase(path.replace(os.sep, "/"))
    return any(each.match(path) for each in _both_forms(patterns))


def fits_glob(path: str, pattern: str) -> bool:
    """Whether a path is what a pattern of the shell names; `*` also stands for slashes."""
    return _expression(pattern).match(os.path.normcase(path)) is not None


@lru_cache(maxsize=64)
def _both_forms(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Each pattern for a file or folder itself, and for all that is in it."""
    forms = (form for each in patterns for form in (each.strip("/"), each.rstrip("/") + "/*"))
    return tuple(re.compile(translated(os.path.normcase(form))) for form in forms)


@lru_cache(maxsize=2_048)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(translated(os.path.normcase(pattern)))
