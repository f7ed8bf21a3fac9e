"""`workspace/diagnostic`: findings of files that are not open, where the user wants them.

The answer waits until there is news, so that a client that asks again and again costs nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from lsprotocol import types

from ckptls.features.diagnostics import findings
from ckptls.lsp import to_lsp
from ckptls.lsp.client import Client
from ckptls.lsp.connection import Server
from ckptls.lsp.elsewhere import Progress, files_of, open_paths
from ckptls.lsp.views import View
from ckptls.workspace.closed import ClosedFiles

SETTING = "diagnosticMode"
_WORKSPACE = "workspace"
_GONE = "gone"
_EVERY = 25  # files between two reports
Report = (
    types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport
)
_Stamp = tuple[int, int, int]


@dataclass
class Checked:
    """What was found in files before, by their paths; `has_told`: somebody was answered."""

    files: dict[Path, tuple[_Stamp, str, list[types.Diagnostic]]] = field(default_factory=dict)
    has_told: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def offer(server: Server) -> None:
    """Answers where the client asks for findings."""
    if not server.session.client.pulls_diagnostics:
        return
    checked = Checked()

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def pulled(
        ls: Server, params: types.WorkspaceDiagnosticParams
    ) -> types.WorkspaceDiagnosticReport:
        known = {each.uri: each.value for each in params.previous_result_ids}
        while True:
            altered = ls.session.altered
            if ls.session.option(SETTING) == _WORKSPACE:
                async with checked.lock:
                    found = await _check(ls, params, known, checked)
            else:
                found = _gone(known)
            if not checked.has_told or any(_is_news(each) for each in found):
                checked.has_told = True
                return types.WorkspaceDiagnosticReport(_sent(ls, params, found))
            await altered.wait()


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
        files = self.closed.files(without, self.stop.is_set)
        for done, path in enumerate(files, start=1):
            if self.stop.is_set():
                break
            self.report(done, len(files))
            stamp = self._stamp(path)
            if stamp is None:
                continue
            before = self.checked.files.get(path)
            if before is None or before[0] != stamp:
                items = self._items(path)
                name = blake2b(repr(items).encode("utf-8", "replace"), digest_size=12)
                before = (stamp, name.hexdigest(), items)
                self.checked.files[path] = before
            found[path.as_uri()] = before[1:]
        return found

    def _stamp(self, path: Path) -> _Stamp | None:
        try:
            state = path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, self.generation

    def _items(self, path: Path) -> list[types.Diagnostic]:
        opened = self.closed.read(path)
        if opened is None:
            return []
        workspace = self.closed.workspace
        analysis = opened.document.analysis()
        told = findings(
            workspace.binder(opened, analysis, workspace.load), workspace.settings_for(path)
        )
        view = View(path.as_uri(), analysis.source, self.client.encoding)
        return to_lsp.diagnostics(told, view, (view,), self.client)


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
