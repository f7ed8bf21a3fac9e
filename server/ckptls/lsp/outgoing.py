"""Standard output, written by a thread of its own.

A client may send for a while without reading. If the event loop wrote and the pipe were full,
it would read nothing either, and both would wait for each other for ever.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import BinaryIO

from ckptls.lsp import ending


class Outgoing:
    """A writer that never waits: messages are written in the order in which they are given."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Takes one message; what the client does not read is kept meanwhile."""
        self._queue.put(data)

    def close(self) -> None:
        """Waits until all is written."""
        self._queue.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        while (data := self._queue.get()) is not None:
            try:
                self._stream.write(data)
                self._stream.flush()
            except (OSError, ValueError) as error:
                ending.now(f"the client is gone: {error}")
