"""The session of one client: its workspace, open documents, and work in the background.

All state belongs to the event loop. Jobs in threads (see `scheduler`) get a snapshot and return a
value, which the loop stores.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Collection, Coroutine, Iterable
from pathlib import Path
from typing import Any

from lsprotocol import types

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import is_remote, shown
from ckptls.features.common.results import Finding
from ckptls.features.diagnostics.diagnostics import find_unread_places
from ckptls.lsp.convert.views import Seen, View
from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.protocol.foreground import Foreground
from ckptls.lsp.session.document_diagnostics import Findings
from ckptls.lsp.session.documents import Documents, path_of
from ckptls.lsp.session.folder_scanner import FolderScanner
from ckptls.lsp.session.folder_settings import FolderSettings
from ckptls.lsp.session.memory import IdleCollector, IdleTreeEvictor, give_back
from ckptls.lsp.session.module_loader import ModuleLoader
from ckptls.lsp.session.op_queue import OpQueue, Work
from ckptls.lsp.session.program_follower import ProgramFollower
from ckptls.lsp.session.revision import Input, Revision
from ckptls.lsp.session.scheduler import Lane, Scheduler
from ckptls.workspace.binding import Binder
from ckptls.workspace.disk import SeenDisk
from ckptls.workspace.keras_version import chosen_environment
from ckptls.workspace.workspace import Workspace

logger = logging.getLogger(__name__)

# How long a hover, or a completion that would be empty, waits for a checkpoint.
PATIENCE_SECONDS = 0.3
_POLL_SECONDS = 2.0
# What a client is asked to ask again for changes several times within a moment.
_TOGETHER_SECONDS = 0.05


Publish = Callable[[tuple[View, ...], list[Finding]], None]


class Session:
    """The state of one client; `publish` sends the findings of a program,
    `refresh` has the client ask again for what it asked for itself, and `report_settings` sends
    what is wrong in files of settings. Findings and other work in
    the background give way to what is in the `foreground`."""

    def __init__(
        self,
        publish: Publish,
        refresh: Work,
        report_settings: Work,
        client: Client,
        foreground: Foreground | None = None,
    ) -> None:
        self.started_ns = time.time_ns()
        self._disk = SeenDisk()
        self.workspace = Workspace(disk=self._disk)
        # Other files are read in the background, and documents looked at again afterwards.
        self.workspace.is_patient = False
        self.workspace.environment = client.interpreter or chosen_environment(os.environ)
        self.client = client
        self._foreground = foreground or Foreground()
        # The listings that the client shows, by URI: the paths and checkpoints that they are of.
        self.listings: dict[str, tuple[str, Checkpoint]] = {}
        # The published findings in files of settings, by URI.
        self.published_settings: dict[str, list[types.Diagnostic]] = {}
        self.revision = Revision()
        self.documents = Documents(self.workspace, self.revision, lambda: self.client.encoding)
        self._publish = publish
        self.scheduler = Scheduler()
        self._refresh = refresh
        self._refreshing = OpQueue(self._ask_client, self.start, delay=_TOGETHER_SECONDS)
        self._scanner = FolderScanner(
            self.workspace,
            self.scheduler.folders,
            self.start,
            self.refresh_all,
            self._reanalyze_all,
        )
        # On a slow disk this takes longer than the pauses between changes.
        self._looking_near = OpQueue(self._look_near, self.start)
        self._near: set[str] = set()
        self._reading: dict[str, asyncio.Task[Any]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self.settings = FolderSettings(
            self.workspace,
            self.scheduler.local_io,
            self.start,
            lambda: self.refresh_all(Input.SETTINGS),
        )
        # Reports what is wrong in files of settings.
        self.settings_reporting = OpQueue(report_settings, self.start)
        module_io = self.scheduler.module_io
        self.module_loader = ModuleLoader(self._disk, self.start, module_io, self._reanalyze_all)
        self.findings = Findings(
            *(
                self.workspace,
                self.revision,
                self.start,
                self._report,
                self._report_again,
                self._look,
            ),
            self.is_more_known,
            self._foreground.turn,
        )
        self._program_follower = ProgramFollower(
            self.workspace,
            self.scheduler.cpu,
            self.start,
            lambda: self._foreground.idle_seconds,
            self._program_changed,
        )
        self._is_closing = False
        self._asking: asyncio.Task[Any] | None = None
        # Whether much was freed since memory was last given back: listings, documents.
        self._has_freed = False
        self._evictor = IdleTreeEvictor()
        self._collector = IdleCollector(lambda: self._foreground.idle_seconds)

    # Documents

    def open(self, item: types.TextDocumentItem) -> None:
        if item.uri.startswith("ckptls:"):
            return  # a listing from this server
        self.documents.open(item)
        self.revision.advance(Input.DOCUMENTS)
        if not self._is_as_on_disk(item.uri, otherwise=True):
            # An editor keeps what was not saved, and opens it so.
            self.findings.ask_others()
        self._schedule(item.uri)

    def change(self, params: types.DidChangeTextDocumentParams) -> None:
        if self.documents.change(params):
            self._edited(params.text_document.uri)

    def close(self, uri: str) -> None:
        if not self._is_as_on_disk(uri, otherwise=False):
            self.findings.ask_others()
        self.documents.close(uri)
        self._forget(uri)

    def _is_as_on_disk(self, uri: str, otherwise: bool) -> bool:
        """Whether a document has the text of its file; `otherwise` if that was not read."""
        opened = self.workspace.documents.get(uri)
        if opened is None or opened.path is None:
            return True
        return self._disk.has_seen(str(opened.path), opened.document.source.data, otherwise)

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        self.documents.open_notebook(params)
        self._schedule(params.notebook_document.uri)

    def change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> list[str]:
        """Applies a change, and returns the URIs of cells that were removed."""
        gone = self.documents.change_notebook(params)
        if gone is not None:
            self._edited(params.notebook_document.uri)
        return gone or []

    def close_notebook(self, uri: str) -> list[str]:
        """Forgets a notebook, and returns the URIs of its cells."""
        self._forget(uri)
        return self.documents.close_notebook(uri)

    def seen(self, uri: str) -> Seen | None:
        """Returns the document or cell with that URI, if it is open."""
        return self.documents.seen(uri)

    # Findings

    async def _ask_client(self) -> None:
        """Has the client ask again, without waiting for its answers."""
        self.start(self._refresh())

    def _report(self, uri: str, found: list[Finding]) -> None:
        if not self.client.pulls_diagnostics:
            self._publish(self.documents.views(uri), found)

    def _report_again(self, uri: str, found: list[Finding]) -> None:
        if self.client.pulls_diagnostics:
            self._refreshing.ask()
        else:
            self._publish(self.documents.views(uri), found)

    def _look(self, binder: Binder) -> None:
        """Begins to read checkpoints and calls that a binder needs and were not read yet."""
        self.read(find_unread_places(binder))
        self._scanner.look_for_calls()
        self._program_follower.ask()

    def _program_changed(self, uri: str) -> None:
        self.findings.invalidate(uri)
        self._refreshing.ask()
        self._schedule(uri)

    def _edited(self, uri: str) -> None:
        self._program_follower.stop()
        self.findings.note_edit(uri)
        self._schedule(uri)

    def _forget(self, uri: str) -> None:
        self.revision.advance(Input.DOCUMENTS)
        self._has_freed = True
        self.findings.forget(uri)

    def _schedule(self, uri: str, *, may_rest: bool = False) -> None:
        # A client that requests findings does not get them published.
        if not self.client.pulls_diagnostics:
            self.findings.schedule(uri, may_rest=may_rest)

    def refresh_all(self, changed: Input = Input.DISK) -> None:
        """Finds all findings again, because something that they rest on has changed."""
        self.revision.advance(changed)
        self._refreshing.ask()
        for uri in self.workspace.documents:
            if self.client.pulls_diagnostics:
                self.findings.prepare(uri)
            self._schedule(uri, may_rest=True)

    # Checkpoints

    def read(self, paths: Iterable[str]) -> list[asyncio.Task[Any]]:
        """Reads checkpoints in the background, and finds findings again afterwards."""
        tasks = []
        for path in paths:
            task = self._reading.get(path)
            if task is None:
                task = self.start(self._read(path))
                self._reading[path] = task
            tasks.append(task)
        return tasks

    async def _read(self, path: str) -> None:
        try:
            await self.scheduler.lane_of(path).run(self.workspace.store.load, path)
        finally:
            self._reading.pop(path, None)
            self._has_freed = True
            # What is read from other machines may take long; nothing waits for it.
            if all(map(is_remote, self._reading)) and not self._is_closing:
                self.refresh_all()

    async def wait_for(self, paths: Iterable[str], uri: str = "") -> None:
        """Waits a moment for checkpoints that are being read for the first time, or until the text
        with that URI is edited."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        waiting: set[asyncio.Future[Any]] = set(self.read(paths))
        seen = self.seen(uri)
        while waiting and (left := deadline - loop.time()) > 0:
            number = self.revision.number(Input.TEXT)
            edited = asyncio.ensure_future(self.revision.wait_beyond(number, Input.TEXT))
            try:
                both = {*waiting, edited}
                await asyncio.wait(both, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                edited.cancel()
            waiting = {task for task in waiting if not task.done()}
            now = self.seen(uri)
            if seen is not None and (now is None or now.view.source is not seen.view.source):
                return

    @property
    def is_closing(self) -> bool:
        """Whether jobs in threads have to end."""
        return self._is_closing

    async def watch(self) -> None:
        """Checks every 2 seconds whether a checkpoint that was read has changed."""
        while not self._is_closing:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                await self._watch_once()
            except Exception:
                logger.exception("checking for changed checkpoints failed")

    async def _watch_once(self) -> None:
        self.workspace.store.evict_unreferenced(self._look_up_named)
        here, there = self.workspace.store.due()
        if there and (self._asking is None or self._asking.done()):
            self._asking = self.start(self._look_again(there, self.scheduler.remote_io))
        await self._look_again(here, self.scheduler.local_io)
        await self._tidy_up()

    async def _tidy_up(self) -> None:
        """Returns memory that is not needed any more to the system."""
        self._evictor.look(self.workspace.documents, time.monotonic())
        self.workspace.rest_modules()
        has_collected = self._collector.look()
        if (self._has_freed and not self._reading) or has_collected:
            self._has_freed = False
            await self.scheduler.cpu.run(give_back)

    def _look_up_named(self) -> None:
        """Looks up all checkpoints that the open documents name, so that they are kept."""
        for opened in self.workspace.documents.values():
            find_unread_places(self.workspace.binder(opened, opened.document.analysis()))

    async def _look_again(self, paths: Iterable[str], lane: Lane) -> None:
        """Reads known checkpoints again where they have changed."""
        changed = await lane.run(self.workspace.store.refresh, paths)
        if changed:
            self._has_freed = True
            logger.info("changed: %s", ", ".join(sorted(map(shown, changed))))
            self.refresh_all()

    async def files_changed(self, paths: Iterable[str], kept: Collection[str] = ()) -> None:
        """Handles files that were created, changed or deleted; `kept` are those that were only
        changed."""
        wants_scan = wants_reload = False
        for path in paths:
            if path.endswith(".py"):
                self._python_changed(path)
                continue
            wants_scan = wants_scan or not (path in kept and self._is_known(path))
            if os.path.basename(path) in ("ckptls.toml", "pyproject.toml"):
                wants_reload = True
            else:
                self._near.update(self.workspace.store.paths_near(path))
        if wants_reload:
            await self.settings.reload()
        if self._near:
            await self._looking_near.wait_for_next()
        if wants_scan:
            await self.scan()

    def _is_known(self, path: str) -> bool:
        """Whether a file is the index of a checkpoint that was found in a folder."""
        prefix, end = os.path.splitext(path)
        return end == ".index" and any(prefix in each.known for each in self.workspace.folders)

    async def _look_near(self) -> None:
        near, self._near = self._near, set()
        await self._look_again(near, self.scheduler.local_io)

    # Folders and settings

    def add_folder(self, uri: str) -> None:
        path = path_of(uri)
        if path is None or path == Path(path.anchor):
            logger.warning("not a workspace folder: %s", uri)
            return
        self.settings.add_folder(path)

    def remove_folder(self, uri: str) -> None:
        path = path_of(uri)
        if path is not None:
            self.settings.remove_folder(path)
            self.refresh_all(Input.SETTINGS)

    def outdated_listings(self) -> list[str]:
        """Returns the URIs of listings whose checkpoint has changed."""
        peek = self.workspace.store.peek
        return [
            uri
            for uri, (path, made_of) in self.listings.items()
            if (entry := peek(path)) is not None and entry.checkpoint is not made_of
        ]

    async def scan(self) -> None:
        """Looks for the checkpoints in all folders."""
        await self.settings.wait_until_read()
        await self._scanner.scan()

    # Modules of the project

    async def is_more_known(self, deadline: float) -> bool:
        """Waits for settings, and until a deadline for modules, that an analysis would know if
        they had been read; returns whether to analyze again."""
        if await self.settings.wait_until_read():
            return True
        return await self.module_loader.is_more_known(deadline)

    def _python_changed(self, path: str) -> None:
        folder = self.workspace.folder_of(Path(path))
        if folder is not None:
            folder.forget_calls()
        self._disk.invalidate()
        self._reanalyze_all()

    def _reanalyze_all(self) -> None:
        self.workspace.invalidate_modules()
        self.findings.reanalyze_all()
        self.refresh_all()

    # Tasks

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Starts a task in the background, and logs its error if it fails."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("background work failed", exc_info=error)

    def shut_down(self) -> None:
        self._is_closing = True
        self._scanner.stop()
        for task in list(self._background):
            task.cancel()
