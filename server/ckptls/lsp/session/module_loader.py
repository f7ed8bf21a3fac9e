"""Reads other modules of the project in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ckptls.lsp.session.scheduler import Lane
from ckptls.workspace.disk import SeenDisk

Start = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[Any]"]


class ModuleLoader:
    """Reads what analyses asked `disk` for; `news` is called when any of it differs from what
    they got. `start` runs a task."""

    def __init__(self, disk: SeenDisk, start: Start, lane: Lane, news: Callable[[], None]) -> None:
        self._disk, self._start, self._lane, self._news = disk, start, lane, news
        self._task: asyncio.Task[Any] | None = None
        # Whether anything is being read that was never read before.
        self._is_learning = False

    def look(self) -> None:
        """Begins to read what was asked for, if anything was."""
        if self._disk.has_wanted_paths and (self._task is None or self._task.done()):
            self._task = self._start(self._look())

    async def is_more_known(self, deadline: float) -> bool:
        """Waits for what was asked for and was never read before, if there is any.

        Returns whether to ask again: False if all was known or the deadline, by the clock of the
        event loop, has passed.
        """
        left = deadline - asyncio.get_running_loop().time()
        is_all_known = not self._disk.has_unknown_paths and not self._is_learning
        self.look()
        if is_all_known or left <= 0:
            return False
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=left)
        return True

    async def _look(self) -> None:
        try:
            while self._disk.has_wanted_paths:
                self._is_learning = self._disk.has_unknown_paths
                wanted = self._disk.take_wanted_paths()
                if self._disk.record_look(await self._lane.run(wanted.look)):
                    self._news()
        finally:
            self._is_learning = False
