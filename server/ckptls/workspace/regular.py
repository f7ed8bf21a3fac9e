"""Opening what is a file, and nothing that keeps its reader waiting."""

from __future__ import annotations

import errno
import os
import stat


def regular(path: str, flags: int) -> int:
    """For `open(path, opener=regular)`.

    Raises:
        OSError: there is no regular file. A named pipe would keep us until somebody writes.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor
