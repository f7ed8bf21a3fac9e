"""The server on a machine whose files are far away.

    python tests/bench/slow_server.py FOLDER SECONDS

Each opening and listing of something below the folder, and each look at what a file there is like,
takes so many seconds longer. As with a network's file system the thread that asks waits, and the
others run. Only the bench starts a server so; the server knows nothing of it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from ckptls.lsp.server import serve_stdio

_SLOW = {"open", "os.listdir", "os.scandir"}


def slow_down(folder: str, seconds: float) -> None:
    """From here on, files below `folder` are slow."""

    def wait_for(path: object) -> None:
        if isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(folder):
            time.sleep(seconds)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _SLOW and arguments:
            wait_for(arguments[0])

    def slowed(look: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def looked(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
            wait_for(path)
            return look(path, *arguments, **named)

        return looked

    sys.addaudithook(hook)
    # Looks at files are not audited.
    os.stat, os.lstat = slowed(os.stat), slowed(os.lstat)


if __name__ == "__main__":
    slow_down(sys.argv[1], float(sys.argv[2]))
    raise SystemExit(serve_stdio())
