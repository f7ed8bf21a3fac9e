"""`workspace/diagnostic`: findings of files that are not open, where the user wants them.

The answer waits until there is news, so that a client that asks again and again costs nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from lsprotocol import types

from ckptls.features.diagnostics import findings
from ckptls.lsp import to_lsp
from ckptls.lsp.client import Client
from ckptls.lsp.connection import Server
from ckptls.lsp.elsewhere import Progress, files_of, open_modules, open_paths
from ckptls.lsp.views import View
from ckptls.source.text import SourceText
from ckptls.workspace.closed import ClosedFiles
from ckptls.workspace.modules import imported_names

SETTING = "diagnosticMode"
_WORKSPACE = "workspace"
_GONE = "gone"
_EVERY = 25  # files between two reports
_SETTLE_SECONDS = 0.3
Report = (
    types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport
)
# What the findings of a file rest on: its own state, and the texts of open modules it imports.
_Stamp = tuple[int, int, int]
Modules = dict[Path, SourceText]
_Unsaved = tuple[tuple[Path, int], ...]


@dataclass(frozen=True)
class File:
    """What was found in a file; `imported` are the words in the names that it imports."""

    stamp: _Stamp
    unsaved: _Unsaved
    imported: frozenset[str]
    result: str
    items: list[types.Diagnostic]


@dataclass
class Checked:
    """What was found in files before, by their paths; `has_told`: somebody was answered.

    `files` belongs to the thread that looks at them; `imported` are the words in all names that
    they import.
    """

    files: dict[Path, File] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()
    has_told: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def register(server: Server) -> None:
    """Answers `workspace/diagnostic`."""
    checked = Checked()

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def pulled(
        ls: Server, params: types.WorkspaceDiagnosticParams
    ) -> types.WorkspaceDiagnosticReport:
        known = {each.uri: each.value for each in params.previous_result_ids}
        while True:
            altered, known_modules = ls.session.altered, open_modules(ls)
            if ls.session.option(SETTING) == _WORKSPACE:
                async with checked.lock:
                    found = await _check(ls, params, known, checked)
            else:
                found = _gone(known)
            if not checked.has_told or any(_is_news(each) for each in found):
                checked.has_told = True
                return types.WorkspaceDiagnosticReport(_sent(ls, params, found))
            await _news(ls, altered, known_modules, checked)


async def _news(ls: Server, altered: asyncio.Event, known: Modules, checked: Checked) -> None:
    """Waits until files, checkpoints or settings have changed, or an open module did that others
    import; `known` is how these were."""
    while not altered.is_set():
        edited = ls.session.documents.edited
        if ls.session.option(SETTING) == _WORKSPACE and _has_readers(ls, known, checked):
            await asyncio.sleep(_SETTLE_SECONDS)
            return
        waiting = [asyncio.ensure_future(each.wait()) for each in (altered, edited)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()


def _has_readers(ls: Server, known: Modules, checked: Checked) -> bool:
    """Whether a module was edited that closed files import."""
    now = open_modules(ls)
    edited = {_module_name(path) for path in now if known.get(path) is not now[path]}
    return not checked.imported.isdisjoint(edited)


def _is_news(report: Report) -> bool:
    return isinstance(report, types.WorkspaceFullDocumentDiagnosticReport)


def _sent(ls: Server, params: types.WorkspaceDiagnosticParams, found: list[Report]) -> list[Report]:
    """What is left for the answer: nothing, where the client takes it in parts."""
    token = params.partial_result_token
    if token is None:
        return found
    for start in range(0, len(found), _EVERY):
        part = types.WorkspaceDiagnosticReportPartialResult(found[start : start + _EVERY])
        ls.progress(types.ProgressParams(token, part))
    return []


async def _check(
    ls: Server,
    params: types.WorkspaceDiagnosticParams,
    known: Mapping[str, str],
    checked: Checked,
) -> list[Report]:
    progress = await Progress.begin(ls, "Checking the workspace", params.work_done_token)
    stop, loop = threading.Event(), asyncio.get_running_loop()

    def report(done: int, total: int) -> None:
        if done % _EVERY == 0:
            loop.call_soon_threadsafe(progress.report, done, total)

    check = _Check(
        files_of(ls), ls.session.client, ls.session.findings.generation, checked, stop, report
    )
    without = open_paths(ls)
    try:
        found = await asyncio.to_thread(check.run, without)
    finally:
        stop.set()
        progress.end()
    return _reports(found, known, {path.as_uri() for path in without})


@dataclass
class _Check:
    """One way through all files that are not open, in a thread."""

    closed: ClosedFiles
    client: Client
    generation: int
    checked: Checked
    stop: threading.Event
    report: Callable[[int, int], None]

    def run(self, without: frozenset[Path]) -> dict[str, tuple[str, list[types.Diagnostic]]]:
        """(result id, findings) by address, of each file."""
        found = {}
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
                break
            self.report(done, len(files))
            stamp = self._stamp(path)
            if stamp is None:
                continue
            before = self.checked.files.get(path)
            if before is None or (before.stamp, before.unsaved) != (stamp, read_by(before)):
                items, imported = self._looked_at(path)
                name = blake2b(repr(items).encode("utf-8", "replace"), digest_size=12).hexdigest()
                before = File(stamp, (), imported, name, items)
                before = replace(before, unsaved=read_by(before))
                self.checked.files[path] = before
            found[path.as_uri()] = before.result, before.items
        several = (file.imported for file in self.checked.files.values())
        self.checked.imported = frozenset(word for words in several for word in words)
        return found

    def _reached(self, path: Path) -> frozenset[str]:
        """The names of a module and of those that import it, over others too."""
        found = {_module_name(path)}
        while True:
            more = {
                _module_name(other)
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

    def _looked_at(self, path: Path) -> tuple[list[types.Diagnostic], frozenset[str]]:
        data = self.closed.data(path)
        names = imported_names(data) if data is not None else ()
        imported = frozenset(word for name in names for word in name.split("."))
        opened = self.closed.understood(path, data) if data is not None else None
        if opened is None:
            return [], imported
        workspace = self.closed.workspace
        analysis = opened.document.analysis()
        told = findings(
            workspace.binder(opened, analysis, workspace.load), workspace.settings_for(path)
        )
        view = View(path.as_uri(), analysis.source, self.client.encoding)
        return to_lsp.diagnostics(told, view, (view,), self.client), imported


def _module_name(path: Path) -> str:
    return path.parent.name if path.stem == "__init__" else path.stem


def _reports(
    found: Mapping[str, tuple[str, list[types.Diagnostic]]],
    known: Mapping[str, str],
    opened: set[str],
) -> list[Report]:
    reports: list[Report] = []
    for uri, (result, items) in found.items():
        if known.get(uri) == result:
            reports.append(types.WorkspaceUnchangedDocumentDiagnosticReport(uri, result))
        elif items or known.get(uri, _GONE) != _GONE:
            reports.append(
                types.WorkspaceFullDocumentDiagnosticReport(uri, items, result_id=result)
            )
    left = {uri: each for uri, each in known.items() if uri not in found and uri not in opened}
    return reports + _gone(left)


def _gone(known: Mapping[str, str]) -> list[Report]:
    """Takes back what was told of files that are not looked at any more."""
    return [
        types.WorkspaceFullDocumentDiagnosticReport(uri, [], result_id=_GONE)
        for uri, result in known.items()
        if result != _GONE
    ]
