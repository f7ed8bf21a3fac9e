"""Searches files that are not open, in a thread and with progress."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from lsprotocol import types

from ckptls.lsp.session.connection import Server
from ckptls.source.document import Analysis
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.closed_files import ClosedFiles, FolderState

Token = int | str
_EVERY = 25  # files between two reports


async def search_closed_files(
    ls: Server, name: str, title: str, token: Token | None
) -> list[tuple[str, Analysis]]:
    """Returns (URI, analysis) of the closed files that may write a part of a name.

    If the request is cancelled, the thread stops too.
    """
    progress = await Progress.begin(ls, title, token)
    stop = threading.Event()
    loop = asyncio.get_running_loop()

    def report(done: int, total: int) -> None:
        if done % _EVERY == 0:
            loop.call_soon_threadsafe(progress.report, done, total)

    closed = snapshot_closed_files(ls)
    try:
        search = (closed, name, open_paths(ls), stop, report)
        return await ls.session.scheduler.folders.run(_search, *search)
    finally:
        stop.set()
        progress.end()


def snapshot_closed_files(ls: Server) -> ClosedFiles:
    """Returns a snapshot of the files of the workspace's folders."""
    workspace = ls.session.workspace
    states = [FolderState(each.path, each.settings, each.known) for each in workspace.folders]
    opened = open_modules(ls)
    texts = {path: source.text for path, source in opened.items()}
    return ClosedFiles(workspace.store, states, workspace.is_remote_allowed, texts)


def open_modules(ls: Server) -> dict[Path, SourceText]:
    """Returns the texts of the open modules, saved or not."""
    opened = ls.session.workspace.documents.values()
    return {
        each.path: each.document.source
        for each in opened
        if each.path is not None and each.path.suffix == ".py"
    }


def open_paths(ls: Server) -> frozenset[Path]:
    """Returns the paths of the open files."""
    opened = ls.session.workspace.documents.values()
    return frozenset(each.path for each in opened if each.path is not None)


def _search(
    closed: ClosedFiles,
    name: str,
    without: frozenset[Path],
    stop: threading.Event,
    report: Callable[[int, int], None],
) -> list[tuple[str, Analysis]]:
    found = []
    for done, total, hit in closed.find_files_naming(name, without, stop.is_set):
        report(done, total)
        if hit is not None:
            found.append((hit[0].as_uri(), hit[1]))
    return found


class Progress:
    """Progress that the client shows, under its token or, if it supports that, one of ours."""

    def __init__(self, ls: Server, token: Token | None) -> None:
        self._ls, self._token = ls, token

    @classmethod
    async def begin(cls, ls: Server, title: str, token: Token | None) -> Progress:
        """Creates a token if need be, and sends the beginning."""
        if token is None and ls.session.client.work_progress:
            token = str(uuid.uuid4())
            create = types.WorkDoneProgressCreateParams(token)
            try:
                await ls.window_work_done_progress_create_async(create)
            except Exception:  # noqa: BLE001 - no progress is shown
                token = None
        progress = cls(ls, token)
        progress._send(types.WorkDoneProgressBegin(title, percentage=0))
        return progress

    def report(self, done: int, total: int) -> None:
        """Sends how many files are done."""
        share = 100 * done // max(total, 1)
        self._send(types.WorkDoneProgressReport(message=f"{done}/{total} files", percentage=share))

    def end(self) -> None:
        self._send(types.WorkDoneProgressEnd())
        self._token = None

    def _send(self, value: object) -> None:
        if self._token is not None:
            self._ls.progress(types.ProgressParams(self._token, value))
