"""Checks all files that are not open, in a thread, file by file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from lsprotocol import types

from ckptls.features.diagnostics.diagnostics import findings
from ckptls.lsp.convert import to_proto
from ckptls.lsp.convert.views import View
from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.workspace.closed_files import ClosedFiles
from ckptls.workspace.modules import imported_names

logger = logging.getLogger(__name__)

EVERY = 25  # files between two reports of progress, and in one partial result
_GONE = "gone"
Report = (
    types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport
)
# What the findings of a file rest on: its own state, and the texts of open modules it imports.
_Stamp = tuple[int, int, int]
_Unsaved = tuple[tuple[Path, int], ...]


@dataclass(frozen=True)
class File:
    """The findings in a file; `imported` are the words in the names that it imports."""

    stamp: _Stamp
    unsaved: _Unsaved
    imported: frozenset[str]
    result: str
    items: list[types.Diagnostic]


@dataclass
class CheckedFiles:
    """The findings of an earlier check, by path; `imported` are the words in all names
    that they import.

    `files` belongs to the thread that looks at them, of which there is one at a time.
    """

    files: dict[Path, File] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()


class ReportQueue:
    """Collects the reports of files for a client that has the results `known`, by URI.

    `send`, for a client that supports partial results, gets them from the first change on: a
    check that changes nothing must not answer the request. `left` is what was not sent.
    """

    def __init__(
        self, known: Mapping[str, str], send: Callable[[list[Report]], None] | None
    ) -> None:
        self.left: list[Report] = []
        self.is_news = False
        self._known, self._send = known, send
        self._seen: set[str] = set()

    def take(self, uri: str, result: str, items: list[types.Diagnostic]) -> None:
        """Adds the report of a file; `result` is an ID of its findings."""
        self._seen.add(uri)
        if self._known.get(uri) == result:
            self._add(types.WorkspaceUnchangedDocumentDiagnosticReport(uri, result))
        elif items or self._known.get(uri, _GONE) != _GONE:
            full = types.WorkspaceFullDocumentDiagnosticReport(uri, items, result_id=result)
            self._add(full)

    def take_back(self, without: frozenset[Path] = frozenset()) -> None:
        """Clears the findings of known files that were not checked, except those in `without`."""
        opened = {path.as_uri() for path in without}
        for uri, result in self._known.items():
            if result != _GONE and uri not in self._seen and uri not in opened:
                gone = types.WorkspaceFullDocumentDiagnosticReport(uri, [], result_id=_GONE)
                self._add(gone)

    def _add(self, report: Report) -> None:
        is_first = not self.is_news and isinstance(
            report, types.WorkspaceFullDocumentDiagnosticReport
        )
        self.is_news |= is_first
        self.left.append(report)
        if is_first or len(self.left) >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Sends the collected reports, if there is a change."""
        while self._send is not None and self.is_news and self.left:
            self._send(self.left[:EVERY])
            self.left = self.left[EVERY:]


@dataclass
class ClosedFileCheck:
    """One check of all files that are not open, in a thread, until `stop` is set."""

    closed: ClosedFiles
    client: Client
    generation: int
    checked: CheckedFiles
    queue: ReportQueue
    stop: threading.Event
    report: Callable[[int, int], None]

    def run(self, without: frozenset[Path]) -> None:
        """Reports on each file except those in `without`."""
        unsaved = {path: hash(text) for path, text in self.closed.opened.items()}
        reached = {path: self._reached(path) for path in unsaved}

        def read_by(file: File) -> _Unsaved:
            return tuple(
                (path, unsaved[path])
                for path, names in reached.items()
                if not file.imported.isdisjoint(names)
            )

        files = self.closed.files(without, self.stop.is_set)
        for done, path in enumerate(files, start=1):
            if self.stop.is_set():
                return
            if done % EVERY == 0:
                self.report(done, len(files))
                self.queue.flush()
            stamp = self._stamp(path)
            if stamp is None:
                continue
            before = self.checked.files.get(path)
            if before is None or (before.stamp, before.unsaved) != (stamp, read_by(before)):
                items, imported = self._try_check_file(path)
                name = blake2b(repr(items).encode("utf-8", "replace"), digest_size=12).hexdigest()
                before = File(stamp, (), imported, name, items)
                before = replace(before, unsaved=read_by(before))
                self.checked.files[path] = before
            self.queue.take(path.as_uri(), before.result, before.items)
        self.queue.take_back(without)
        several = (file.imported for file in self.checked.files.values())
        self.checked.imported = frozenset(word for words in several for word in words)

    def _reached(self, path: Path) -> frozenset[str]:
        """Returns the names of a module and of those that import it, also indirectly."""
        found = {module_name(path)}
        while True:
            more = {
                module_name(other)
                for other, file in self.checked.files.items()
                if not file.imported.isdisjoint(found)
            }
            if more <= found:
                return frozenset(found)
            found |= more

    def _stamp(self, path: Path) -> _Stamp | None:
        try:
            state = path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, self.generation

    def _try_check_file(self, path: Path) -> tuple[list[types.Diagnostic], frozenset[str]]:
        """As `_check_file`, but logs an error and returns nothing, so that the check goes on."""
        try:
            return self._check_file(path)
        except Exception:
            logger.exception("%s could not be checked", path)
            return [], frozenset()

    def _check_file(self, path: Path) -> tuple[list[types.Diagnostic], frozenset[str]]:
        data = self.closed.data(path)
        imported = _imported_words(path, data) if data is not None else frozenset()
        opened = self.closed.analyze_file(path, data) if data is not None else None
        if opened is None:
            return [], imported
        workspace = self.closed.workspace
        analysis = opened.document.analysis()
        found = findings(
            workspace.binder(opened, analysis, workspace.load), workspace.settings_for(path)
        )
        opened.document.close()
        view = View(path.as_uri(), analysis.source, self.client.encoding)
        return to_proto.diagnostics(found, view, (view,), self.client), imported


def _imported_words(path: Path, data: bytes) -> frozenset[str]:
    """Returns the words in the names that a file imports; dots count as their package."""
    found = set()
    for name in imported_names(data):
        words = name.lstrip(".")
        found.update(words.split("."))
        if len(words) < len(name):
            package = path.parents[min(len(name) - len(words), len(path.parents)) - 1]
            found.add(package.name)
    return frozenset(found)


def module_name(path: Path) -> str:
    """Returns the name of a module in its folder; for a package that of its folder."""
    return path.parent.name if path.stem == "__init__" else path.stem
