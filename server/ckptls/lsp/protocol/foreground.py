"""Requests that a client waits for, which have priority over work in the background."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lsprotocol import types

# Answered from what is known. None waits for findings, which would wait for it in turn.
_URGENT = frozenset(
    {
        *(types.TEXT_DOCUMENT_COMPLETION, types.COMPLETION_ITEM_RESOLVE, types.TEXT_DOCUMENT_HOVER),
        *(types.TEXT_DOCUMENT_DEFINITION, types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT),
        *(types.TEXT_DOCUMENT_PREPARE_RENAME, types.TEXT_DOCUMENT_DOCUMENT_SYMBOL),
        *(types.TEXT_DOCUMENT_INLAY_HINT, types.TEXT_DOCUMENT_CODE_LENS),
        *(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE),
        *(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA, types.TEXT_DOCUMENT_FOLDING_RANGE),
        types.TEXT_DOCUMENT_DOCUMENT_LINK,
    }
)
_LOOK_SECONDS = 0.001
# How long background work waits for a request, which may itself wait for a disk.
_MOST_SECONDS = 0.05


class Foreground:
    """Counts the messages and requests of one client that are not handled yet.

    Messages may be counted from any thread (`count_read`); all else belongs to the event loop.
    A turn waits for requests, but no longer than `most_seconds`.
    """

    def __init__(self, most_seconds: float = _MOST_SECONDS) -> None:
        self._most_seconds = most_seconds
        self._read = self._handled = 0
        self._urgent: set[int | str] = set()
        self._heard = time.monotonic()
        self._turn = asyncio.Lock()

    def count_read(self) -> None:
        """Counts a message that was read and will be handled."""
        self._read += 1

    def count_handled(self) -> None:
        """Counts a message whose handler has ended or was started."""
        self._handled += 1
        self._heard = time.monotonic()

    def begin(self, identifier: int | str, method: str) -> None:
        """Notes that a request is about to be answered."""
        if method in _URGENT:
            self._urgent.add(identifier)

    def end(self, identifier: int | str) -> None:
        """Notes that a request has been answered."""
        self._urgent.discard(identifier)

    @property
    def is_busy(self) -> bool:
        """Whether the client waits for an urgent request or an unhandled message."""
        return bool(self._urgent) or self._read > self._handled

    @property
    def idle_seconds(self) -> float:
        """Seconds since the last message was handled; 0 while the client waits for an answer."""
        return 0.0 if self.is_busy else time.monotonic() - self._heard

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Gives a turn to background work, one at a time, when the client waits for nothing.

        Work in it cannot be interrupted, so it must take a few milliseconds at most.
        """
        async with self._turn:
            # Also lets the event loop take up what has been read.
            await asyncio.sleep(0)
            deadline = time.monotonic() + self._most_seconds
            while self.is_busy and time.monotonic() < deadline:
                await asyncio.sleep(_LOOK_SECONDS)
            yield
