"""Doing once what many changes ask for within a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

_TOGETHER_SECONDS = 0.05
Work = Callable[[], Coroutine[Any, Any, None]]


class Soon:
    """Runs `work` a moment after it was first asked for; `start` runs a task."""

    def __init__(
        self, work: Work, start: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]]
    ) -> None:
        self._work = work
        self._start = start
        self._waiting = False

    def ask(self) -> None:
        """Has the work done, together with what else asks for it."""
        if not self._waiting:
            self._waiting = True
            self._start(self._later())

    async def _later(self) -> None:
        await asyncio.sleep(_TOGETHER_SECONDS)
        self._waiting = False
        await self._work()
