"""The end of the server: it must not outlive whom it works for.

An editor that crashes says no goodbye. Mostly its end of the pipes closes; but others may hold
that open, and a thread may be busy on a file system that does not answer.
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


def now(reason: str, code: int = 1) -> None:
    """Ends the process whatever goes on in it."""
    logger.warning("ends: %s", reason)
    logging.shutdown()
    os._exit(code)


def soon(code: Callable[[], int]) -> None:
    """Ends the process if it does not end by itself within a moment."""

    def wait() -> None:
        time.sleep(_GRACE_SECONDS)
        os._exit(code())

    threading.Thread(target=wait, daemon=True).start()


def end_with(process: int) -> None:
    """Ends this process when another one has ended.

    Not if there is no such process: it may run outside of the container we are in.
    """
    # On Windows, asking for a process is done by other means; there the pipes must do.
    if sys.platform == "win32" or process <= 0 or not _is_alive(process):
        return

    def watch() -> None:
        _wait_for_end(process)
        now(f"process {process} has ended")

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
