"""Writes the byte stream to the client in a thread of its own.

A client may send for a while without reading. If the event loop wrote and the pipe were full,
it would not read either: a deadlock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import BinaryIO


class Outgoing:
    """A writer that never waits: a thread writes the messages in order.

    on_failure: called once, in the writing thread, if the stream cannot be written; or at once
        if more than `max_waiting_bytes` wait for a client that does not read.
    """

    def __init__(
        self,
        stream: BinaryIO,
        on_failure: Callable[[Exception], None],
        max_waiting_bytes: int | None = None,
    ) -> None:
        self._stream = stream
        self._on_failure = on_failure
        self._max_waiting_bytes = max_waiting_bytes
        self._given = self._written = 0
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Queues one message until the client reads it."""
        self._given += len(data)
        limit = self._max_waiting_bytes
        if limit is not None and self._given - self._written > limit:
            self._on_failure(OSError(f"{limit:,} bytes wait for a client that does not read"))
            return
        self._queue.put(data)

    def close(self, seconds: float | None = None) -> None:
        """Waits until all is written, for at most that many seconds."""
        self._queue.put(None)
        self._thread.join(seconds)

    def _write_all(self) -> None:
        while (data := self._queue.get()) is not None:
            try:
                self._stream.write(data)
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._on_failure(error)
                return
            self._written += len(data)
