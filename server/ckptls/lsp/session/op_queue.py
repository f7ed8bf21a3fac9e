"""A coalescing queue: work that is asked for more often than it can be done.

The idea is that of `op_queue.rs` in rust-analyzer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]
Start = Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]


class OpQueue:
    """Does `work` in rounds, one after the other. All who ask during a round share the next one.

    `start` runs a task. A round begins `delay` seconds after it was first asked for; between two
    rounds passes at least `rest` times as much time as the first of them took.
    """

    def __init__(self, work: Work, start: Start, *, delay: float = 0.0, rest: float = 0.0) -> None:
        self._work = work
        self._start = start
        self._delay, self._rest = delay, rest
        self._not_before = 0.0
        self._next: asyncio.Task[Any] | None = None
        self._current: asyncio.Task[Any] | None = None
        self._under_way = asyncio.Lock()

    def ask(self) -> asyncio.Task[Any]:
        """Asks for a round that has not begun yet; returns its task."""
        if self._next is None:
            self._next = self._start(self._round())
        return self._next

    def current(self) -> asyncio.Task[Any]:
        """Returns the round that is under way; asks for one if there is none."""
        return self._current or self.ask()

    async def wait_for_next(self) -> None:
        """Asks for a round and waits for its end, even if it fails."""
        await asyncio.wait({self.ask()})

    async def _round(self) -> None:
        if self._delay:
            await asyncio.sleep(self._delay)
        async with self._under_way:
            now = asyncio.get_running_loop().time
            started = now()
            if started < self._not_before:
                await asyncio.sleep(self._not_before - started)
                started = now()
            self._next, self._current = None, self._next
            try:
                await self._work()
            finally:
                self._current = None
                self._not_before = now() + self._rest * (now() - started)
