"""Exchanges messages with one client over any transport."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ckptls.lsp.session.connection import Server

# How many messages are read ahead.
AHEAD = 256


class Inbox:
    """Messages that a thread has read and the event loop has not handled yet.

    `put`, `end` and `wait_until_done` belong to the reading thread, the others to the event loop.
    """

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._is_abandoned = False
        self._is_done = threading.Event()

    def put(self, message: Any) -> bool:
        """Adds a message; waits while too many are unhandled. Returns False after `abandon`."""
        self._server.protocol.note(message)
        self._room.acquire()
        return not self._is_abandoned and self._hand_over(message)

    def end(self) -> None:
        """Ends the queue after the messages in it."""
        self._hand_over(_END)

    def abandon(self) -> None:
        """Stops handling messages, and wakes a thread that waits in `put`."""
        self._is_abandoned = True
        self._room.release()
        self._is_done.set()

    def wait_until_done(self) -> None:
        """Waits, in the reading thread, for `abandon`."""
        self._is_done.wait()

    def _hand_over(self, message: Any) -> bool:
        # The loop may have ended in the meantime.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._queue.put_nowait, message)
            return True
        return False

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (message := await self._queue.get()) is not _END:
            self._room.release()
            yield message


_END = object()


async def exchange(server: Server, incoming: AsyncIterator[Any] | Inbox) -> int:
    """Handles the messages of a client until they end or it sends `exit`; returns the exit code."""
    code = 0
    try:
        async for message in incoming:
            server.protocol.take(message)
            # Handlers that the message started must see the documents as they are now.
            await asyncio.sleep(0)
            server.equip()
    except SystemExit as goodbye:
        code = int(goodbye.code or 0)
    finally:
        server.protocol.leave()
        server.shut_down()
    return code
