"""Ends the server process when its client dies.

A client that crashes sends no `exit`. Usually its end of the pipes closes, but another process may
hold that open, and a thread may be busy on a file system that does not answer.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)
_GRACE_SECONDS = 2.0
_POLL_SECONDS = 2.0


def exit_now(reason: str, code: int = 1) -> None:
    """Ends the process at once, whatever its threads do."""
    logger.warning("exiting: %s", reason)
    logging.shutdown()
    os._exit(code)


def exit_soon(code: Callable[[], int]) -> None:
    """Ends the process in 2 seconds if it does not end by itself."""

    def wait() -> None:
        time.sleep(_GRACE_SECONDS)
        os._exit(code())

    threading.Thread(target=wait, daemon=True).start()


def exit_with(process: int) -> None:
    """Ends this process when another one has ended.

    Does nothing if there is no such process: it may run outside of our container.
    """
    # Windows needs other means to watch a process; there closing pipes must suffice.
    if sys.platform == "win32" or process <= 0 or not _is_alive(process):
        return

    def watch() -> None:
        _wait_for_end(process)
        exit_now(f"process {process} has ended")

    threading.Thread(target=watch, daemon=True).start()


def _wait_for_end(process: int) -> None:
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    except (OSError, AttributeError):  # an older Linux, or another system
        while _is_alive(process):
            time.sleep(_POLL_SECONDS)
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
