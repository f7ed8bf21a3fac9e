"""Where a server waits before it opens files, until the test that owns the gate lets it go on."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

SERVER = Path(__file__).with_name("gated_server.py")
SECONDS = 60.0


class Gate:
    """All files of a folder may be opened, but for those that are held.

    command: starts a server behind this gate.
    opened: the names of the files that were to be opened, in order.
    """

    def __init__(self, folder: Path) -> None:
        self.opened: list[str] = []
        self._held: set[str] = set()
        self._change = threading.Condition()
        self._socket = socket.create_server(("127.0.0.1", 0))
        port = self._socket.getsockname()[1]
        self.command = [sys.executable, str(SERVER), str(folder), str(port)]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self, name: str) -> None:
        """Who opens a file of that name waits from now on."""
        with self._change:
            self._held.add(name)

    def release(self, name: str) -> None:
        with self._change:
            self._held.discard(name)
            self._change.notify_all()

    def wait_for(self, name: str, times: int = 1) -> None:
        """Waits until a file has been asked for so often."""
        with self._change:
            came = self._change.wait_for(lambda: self.opened.count(name) >= times, SECONDS)
        assert came, f"{name} was not to be opened, but {self.opened}"

    def close(self) -> None:
        self._socket.close()
        with self._change:
            self._held.clear()
            self._change.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                asking, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(asking,), daemon=True).start()

    def _answer(self, asking: socket.socket) -> None:
        with asking, asking.makefile("rb") as stream:
            name = os.path.basename(os.fsdecode(stream.readline().rstrip(b"\n")))
            with self._change:
                self.opened.append(name)
                self._change.notify_all()
                self._change.wait_for(lambda: name not in self._held)
