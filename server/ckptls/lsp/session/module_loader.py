"""Other modules of the project, looked at in a thread while everything else goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ckptls.lsp.session.scheduler import Lane
from ckptls.workspace.disk import SeenDisk

Start = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[Any]"]


class ModuleLoader:
    """Has a thread look at what analyses asked `disk` for; `news` is called when any of it is
    other than they were told. `start` runs a task."""

    def __init__(self, disk: SeenDisk, start: Start, lane: Lane, news: Callable[[], None]) -> None:
        self._disk, self._start, self._lane, self._news = disk, start, lane, news
        self._task: asyncio.Task[Any] | None = None
        # Whether what is being looked at has been asked for by somebody who knew nothing of it.
        self._is_learning = False

    def look(self) -> None:
        """Begins to look at what was asked for, if anything was."""
        if self._disk.is_asked and (self._task is None or self._task.done()):
            self._task = self._start(self._look())

    async def is_more_known(self, deadline: float) -> bool:
        """Waits for what was asked for and has never been looked at, if there is any.

        True if it may be asked again now, False if all was known or the time is up; a deadline
        is one of the event loop's clock.
        """
        left = deadline - asyncio.get_running_loop().time()
        is_all_known = not self._disk.is_ignorant and not self._is_learning
        self.look()
        if is_all_known or left <= 0:
            return False
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=left)
        return True

    async def _look(self) -> None:
        try:
            while self._disk.is_asked:
                self._is_learning = self._disk.is_ignorant
                wanted = self._disk.take()
                if self._disk.tell(await self._lane.run(wanted.look)):
                    self._news()
        finally:
            self._is_learning = False
