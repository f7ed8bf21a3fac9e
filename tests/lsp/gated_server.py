"""A server that asks before it opens a file: a test decides when it may go on (see `gate.Gate`).

    python tests/lsp/gated_server.py FOLDER PORT

A thread that opens a file below the folder waits for an answer from the port. Who waits for a
checkpoint here waits as long as it takes, so that no clock has a part in what is answered.
Nothing else is different; the server knows nothing of it.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from ckptls.lsp.session import session

_FOR_EVER = 1e6
assert session.PATIENCE_SECONDS < _FOR_EVER
session.PATIENCE_SECONDS = _FOR_EVER

# It takes up how patient the session is.
from ckptls.lsp.server import serve_stdio  # noqa: E402


def ask(folder: str, port: int) -> None:
    """From here on, files below `folder` are opened when the gate says so."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], (str, bytes, os.PathLike)):
            return
        path = os.fsdecode(arguments[0])
        if path.startswith(folder):
            with socket.create_connection(("127.0.0.1", port)) as gate:
                gate.sendall(os.fsencode(path) + b"\n")
                gate.recv(1)

    sys.addaudithook(hook)


if __name__ == "__main__":
    ask(sys.argv[1], int(sys.argv[2]))
    raise SystemExit(serve_stdio())
