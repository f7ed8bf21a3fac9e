"""The modules of the workspace's folders that are not open: what their strings name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ckptls.source.document import Analysis
from ckptls.workspace.checkpoint_store import CheckpointStore
from ckptls.workspace.project import sources_below
from ckptls.workspace.safe_open import read_regular
from ckptls.workspace.settings import Settings
from ckptls.workspace.source_files import SourceError, source_file
from ckptls.workspace.workspace import OpenDocument, Workspace

_WORD = re.compile(r"[^\W\d_]{2,}")
_MAX_BYTES = 1_000_000
_OPEN = "open:"


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder as it was when the question was put."""

    path: Path
    settings: Settings
    known: tuple[str, ...]


class ClosedFiles:
    """Reads files that are not open; made for one question, and used in one thread.

    `opened` are the texts of modules that are open: what others import of them is that.
    """

    def __init__(
        self,
        store: CheckpointStore,
        folders: Iterable[FolderState],
        is_remote_allowed: bool,
        opened: Mapping[Path, str] | None = None,
    ) -> None:
        self.workspace = Workspace(store)
        self.workspace.is_remote_allowed = is_remote_allowed
        # Callers of a file's functions are read only for files that somebody works on.
        self.workspace.is_patient = False
        self._states = list(folders)
        for state in self._states:
            self.workspace.add_folder(state.path, state.settings).known = state.known
        self.opened = opened or {}
        for path, text in self.opened.items():
            self.workspace.open(f"{_OPEN}{path}", path, text)

    def files(self, without: frozenset[Path], is_stopped: Callable[[], bool]) -> list[Path]:
        """The modules of all folders, but not those that are open."""
        found: dict[Path, None] = {}
        for state in self._states:
            for path in sources_below(state.path, state.path, state.settings.exclude):
                if is_stopped():
                    return []
                if path.suffix == ".py" and path not in without:
                    found[path] = None
        return list(found)

    def data(self, path: Path) -> bytes | None:
        """What stands in a file; None if it cannot be read or is too large to be code."""
        try:
            return read_regular(path, _MAX_BYTES)
        except OSError:
            return None

    def analyze_file(self, path: Path, data: bytes) -> OpenDocument | None:
        """Analyze a file with this content; None if it cannot name anything."""
        try:
            if not self.workspace.is_relevant(path, data):
                return None
            text = source_file(path, data).program
        except (OSError, SourceError):
            return None
        key = str(path)
        try:
            return self.workspace.open(key, path, text)
        finally:
            self.workspace.close(key)

    def find_files_naming(
        self, name: str, without: frozenset[Path], is_stopped: Callable[[], bool]
    ) -> Iterator[tuple[int, int, tuple[Path, Analysis] | None]]:
        """(files done, files in all, a file that may write a part of the name) one by one."""
        files = self.files(without, is_stopped)
        words = words_of(name)
        for done, path in enumerate(files, start=1):
            if is_stopped():
                return
            data = self.data(path)
            may_name = data is not None and (not words or any(word in data for word in words))
            opened = self.analyze_file(path, data) if data is not None and may_name else None
            found = (path, opened.document.analysis()) if opened is not None else None
            yield done, len(files), found
            if opened is not None:
                opened.document.close()


def words_of(name: str) -> frozenset[bytes]:
    """Of each segment the longest word, one of which a file must have that writes the name."""
    longest = (
        max(_WORD.findall(segment), key=len, default="") for segment in name.split("/") if segment
    )
    words = [word.encode() for word in longest]
    return frozenset(words) if all(words) else frozenset()
