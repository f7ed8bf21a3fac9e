"""`workspace/diagnostic`: findings of files that are not open, if the user enables that.

The answer waits until findings change, so that a client that polls costs nothing. A client that
supports partial results gets them during the check.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types

from ckptls.lsp.session.closed_file_diagnostics import (
    EVERY,
    CheckedFiles,
    ClosedFileCheck,
    Report,
    ReportQueue,
    module_name,
)
from ckptls.lsp.session.closed_file_search import (
    Progress,
    open_modules,
    open_paths,
    snapshot_closed_files,
)
from ckptls.lsp.session.connection import Server
from ckptls.lsp.session.revision import SURROUNDINGS, Input
from ckptls.source.text.source_text import SourceText

SETTING = "diagnosticMode"
_WORKSPACE = "workspace"
_SETTLE_SECONDS = 0.3
# What makes an answer outdated that closed files have been checked for.
_ALTERING = (Input.DOCUMENTS, *SURROUNDINGS)
Modules = dict[Path, SourceText]


@dataclass
class _State:
    """What is known of one client's files; `has_told`: somebody was answered.

    `work` is the thread that looks at them: when its request is cancelled, it still has the
    file to end that it is at, and no other may begin before.
    """

    checked: CheckedFiles = field(default_factory=CheckedFiles)
    has_answered: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    work: asyncio.Future[Any] | None = None


class _Parts:
    """Sends parts of an answer, the first of which is a report itself, until they are `ended`."""

    def __init__(self, ls: Server, token: int | str) -> None:
        self._ls, self._token = ls, token
        self._is_first = True
        self.ended = False

    def send(self, reports: list[Report]) -> None:
        if self.ended:
            return
        first, later = types.WorkspaceDiagnosticReport, types.WorkspaceDiagnosticReportPartialResult
        part = first(reports) if self._is_first else later(reports)
        self._is_first = False
        self._ls.progress(types.ProgressParams(self._token, part))


def register(server: Server) -> None:
    """Answers `workspace/diagnostic`."""
    state = _State()

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def pulled(
        ls: Server, params: types.WorkspaceDiagnosticParams
    ) -> types.WorkspaceDiagnosticReport:
        token = params.partial_result_token
        parts = _Parts(ls, token) if token is not None else None
        try:
            return types.WorkspaceDiagnosticReport(await _pulled(ls, params, state, parts))
        finally:
            if parts is not None:
                parts.ended = True


async def _pulled(
    ls: Server, params: types.WorkspaceDiagnosticParams, state: _State, parts: _Parts | None
) -> list[Report]:
    """Returns the reports for the answer: none if they were sent as partial results."""
    known = {each.uri: each.value for each in params.previous_result_ids}
    await ls.session.settings.wait_until_read()
    while True:
        number, known_modules = ls.session.revision.number(*_ALTERING), open_modules(ls)
        if ls.session.settings.option(SETTING) == _WORKSPACE:
            async with state.lock:
                queue = await _check(ls, params, known, state, parts)
        else:
            queue = ReportQueue(known, None)
            queue.take_back()
        if queue.is_news or not state.has_answered:
            state.has_answered = True
            if parts is None:
                return queue.left
            for start in range(0, len(queue.left), EVERY):
                parts.send(queue.left[start : start + EVERY])
            return []
        await _wait_for_news(ls, number, known_modules, state.checked)


async def _wait_for_news(ls: Server, number: int, known: Modules, checked: CheckedFiles) -> None:
    """Waits until `_ALTERING` has changed since it had that number, or an open module did that
    others import; `known` is how these were."""
    revision = ls.session.revision
    while revision.number(*_ALTERING) == number:
        if ls.session.settings.option(SETTING) == _WORKSPACE and _has_readers(ls, known, checked):
            await asyncio.sleep(_SETTLE_SECONDS)
            return
        await revision.wait_beyond(revision.number(*Input), *Input)


def _has_readers(ls: Server, known: Modules, checked: CheckedFiles) -> bool:
    """Whether a module was edited that closed files import."""
    now = open_modules(ls)
    edited = {module_name(path) for path in now if known.get(path) is not now[path]}
    return not checked.imported.isdisjoint(edited)


async def _check(
    ls: Server,
    params: types.WorkspaceDiagnosticParams,
    known: Mapping[str, str],
    state: _State,
    parts: _Parts | None,
) -> ReportQueue:
    """Checks all files, and sends partial results; returns the reports that are left."""
    if state.work is not None:
        await asyncio.wait({state.work})
    progress = await Progress.begin(ls, "Checking the workspace", params.work_done_token)
    stop, loop = threading.Event(), asyncio.get_running_loop()

    def report(done: int, total: int) -> None:
        loop.call_soon_threadsafe(progress.report, done, total)

    def send(reports: list[Report]) -> None:
        if parts is not None:
            loop.call_soon_threadsafe(parts.send, reports)

    queue = ReportQueue(known, send if parts is not None else None)
    generation = ls.session.revision.number(*SURROUNDINGS)
    check = ClosedFileCheck(
        snapshot_closed_files(ls), ls.session.client, generation, state.checked, queue, stop, report
    )
    without = open_paths(ls)
    state.work = asyncio.ensure_future(ls.session.scheduler.folders.run(check.run, without))
    try:
        await asyncio.shield(state.work)
    finally:
        stop.set()
        progress.end()
    return queue
