"""Searches the folders of a workspace for checkpoints, launch configurations, versions of Keras,
and calls of functions that open documents define."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from ckptls.lsp.session.op_queue import OpQueue, Start
from ckptls.lsp.session.scheduler import Lane
from ckptls.workspace.folder_scan import known_checkpoints
from ckptls.workspace.walking import Bounds
from ckptls.workspace.workspace import Folder, Workspace

logger = logging.getLogger(__name__)
# A run that saves again and again must not keep a processor busy with looking for checkpoints.
_REST = 4.0
# For each look through a folder: on a slow disk it ends before all is seen.
_MAX_SECONDS = 30.0


class FolderScanner:
    """Scans the folders of a workspace.

    `lane` runs the scans, `start` a task; `refresh` is called when checkpoints or configurations
    have come or gone, `reanalyze_all` when other calls were found.
    """

    def __init__(
        self,
        workspace: Workspace,
        lane: Lane,
        start: Start,
        refresh: Callable[[], None],
        reanalyze_all: Callable[[], None],
    ) -> None:
        self._workspace, self._lane, self._start = workspace, lane, start
        self._refresh, self._reanalyze_all = refresh, reanalyze_all
        # On a slow disk a scan takes longer than the pauses between changes.
        self._rounds = OpQueue(self._scan_all, start, rest=_REST)
        self._looking: list[Folder] = []
        self._is_stopped = False
        self._noted: set[tuple[Path, str]] = set()

    async def scan(self) -> None:
        """Scans all folders, and waits for the end."""
        await self._rounds.wait_for_next()

    def stop(self) -> None:
        """Stops the scans that are under way."""
        self._is_stopped = True

    async def _scan_all(self) -> None:
        for folder in list(self._workspace.folders):
            await self._scan(folder)

    async def _scan(self, folder: Folder) -> None:
        place = str(folder.path), folder.settings
        bounds = self._bounds()
        found = await self._lane.run(known_checkpoints, *place, bounds)
        self._log_notes(folder, bounds)
        if found != folder.known:
            folder.known = found
            logger.info("%d checkpoints in %s", len(found), folder.path)
            self._refresh()
        before = folder.launches, folder.keras
        bounds = self._bounds()
        folder.launches = await self._lane.run(folder.read_launches, bounds)
        self._log_notes(folder, bounds)
        environment = self._workspace.environment
        bounds = self._bounds()
        folder.keras = await self._lane.run(folder.read_keras, None, environment, bounds)
        self._log_notes(folder, bounds)
        if (folder.launches, folder.keras) != before:
            self._refresh()

    def _bounds(self) -> Bounds:
        return Bounds(is_stopped=lambda: self._is_stopped, seconds=_MAX_SECONDS)

    def _log_notes(self, folder: Folder, bounds: Bounds) -> None:
        """Logs what was left out, once for each folder."""
        for note in bounds.notes:
            if (folder.path, note) not in self._noted:
                self._noted.add((folder.path, note))
                logger.warning("%s", note)

    def look_for_calls(self) -> None:
        """Begins to search for the calls that documents have asked for."""
        for folder in self._workspace.folders:
            if folder.wanted and folder not in self._looking:
                self._looking.append(folder)
                self._start(self._read_callers(folder))

    async def _read_callers(self, folder: Folder) -> None:
        try:
            while folder.wanted and not self._is_stopped:
                asked, calls = next(iter(folder.wanted)), folder.calls
                bounds = self._bounds()
                try:
                    found = await self._lane.run(folder.read_calls, *asked, bounds)
                except BaseException:
                    folder.keep_calls(asked, None, calls)
                    raise
                folder.keep_calls(asked, found, calls)
                if found:
                    self._reanalyze_all()
                self._log_notes(folder, bounds)
        finally:
            self._looking.remove(folder)
            folder.rest()
