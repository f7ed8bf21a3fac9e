"""Doing once what many changes ask for within a moment, or while it is being done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

_TOGETHER_SECONDS = 0.05
Work = Callable[[], Coroutine[Any, Any, None]]
Start = Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]


class Soon:
    """Runs `work` a moment after it was first asked for; `start` runs a task."""

    def __init__(self, work: Work, start: Start) -> None:
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


class Rounds:
    """Does `work` again and again as it is asked for, one round after the other; whoever asks
    during a round shares the next one. `start` runs a task; between two rounds `rest` times as
    much time goes by as the first of them took."""

    def __init__(self, work: Work, start: Start, rest: float = 0.0) -> None:
        self._work = work
        self._start = start
        self._rest = rest
        self._not_before = 0.0
        self._next: asyncio.Task[Any] | None = None
        self._under_way = asyncio.Lock()

    async def next(self) -> None:
        """Waits for the end of a round that has not begun yet."""
        if self._next is None:
            self._next = self._start(self._round())
        await asyncio.wait({self._next})

    async def _round(self) -> None:
        async with self._under_way:
            now = asyncio.get_running_loop().time
            started = now()
            if started < self._not_before:
                await asyncio.sleep(self._not_before - started)
                started = now()
            self._next = None
            try:
                await self._work()
            finally:
                self._not_before = now() + self._rest * (now() - started)
