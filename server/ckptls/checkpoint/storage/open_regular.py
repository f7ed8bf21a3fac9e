"""Opening regular files: the only place where ckptls opens a file that it did not make itself.

A workspace may hold anything under any name. Opening a named pipe waits for its other end, a
device may never end or may act when it is opened, and a sparse file may claim terabytes. So
the kind of a file is asked for before it is opened and again afterwards, opening never blocks,
and a caller that reads a file whole says how many bytes it may have.
"""

from __future__ import annotations

import errno
import os
import stat

_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
_PIECE_BYTES = 1 << 22
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotRegularError(OSError):
    """There is something at the path, but not a regular file; `kind` says what it is."""

    def __init__(self, path: str, kind: str) -> None:
        super().__init__(errno.EINVAL, f"it is {kind}, not a regular file", path)
        self.kind = kind


class TooLargeError(OSError):
    """A file has more bytes than its reader takes."""

    def __init__(self, path: str, limit: int) -> None:
        super().__init__(errno.EFBIG, f"it has more than {_size(limit)}", path)
        self.limit = limit


def special_kind(path: str) -> str:
    """What is at a path, links followed, that is neither a file nor a directory; else empty."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return "" if stat.S_ISDIR(mode) else _kind(mode)


def open_regular(path: str) -> tuple[int, os.stat_result]:
    """A descriptor of the regular file at `path`, open for reading, and its status.

    Raises:
        NotRegularError: it is a directory, a named pipe, a socket or a device.
        OSError: the system refuses, or there cannot be such a path.
    """
    descriptor = regular_opener(path, os.O_RDONLY)
    return descriptor, os.fstat(descriptor)


def regular_opener(path: str, flags: int) -> int:
    """A descriptor of the regular file at `path`; also for `open(path, opener=regular_opener)`.

    Raises:
        OSError: as `open_regular`.
    """
    try:
        mode = os.stat(path).st_mode
        _demand_regular(path, mode)
        descriptor = os.open(path, flags | _FLAGS)
    except ValueError:  # a null character, or half a surrogate pair
        raise OSError(errno.EINVAL, "there cannot be a file of that name", path) from None
    try:
        _demand_regular(path, os.fstat(descriptor).st_mode)  # it may have been replaced
    except NotRegularError:
        os.close(descriptor)
        raise
    return descriptor


def read_regular(path: str | os.PathLike[str], limit: int) -> bytes:
    """All bytes of a regular file of at most `limit` bytes.

    Raises:
        TooLargeError: it has more.
        OSError: as `open_regular`.
    """
    data = read_start(path, limit + 1)
    if len(data) > limit:
        raise TooLargeError(os.fspath(path), limit)
    return data


def read_start(path: str | os.PathLike[str], limit: int) -> bytes:
    """The first `limit` bytes of a regular file, or all if it has fewer.

    Raises:
        OSError: as `open_regular`.
    """
    descriptor, status = open_regular(os.fspath(path))
    try:
        # Not more room than the file needs. What /proc shows has no size until it is read.
        wanted = min(status.st_size + 1, limit) if status.st_size else limit
        data = os.read(descriptor, min(wanted, _PIECE_BYTES))
        pieces = [data]
        count = len(data)
        while data and count < limit:
            data = os.read(descriptor, min(limit - count, _PIECE_BYTES))
            pieces.append(data)
            count += len(data)
    finally:
        os.close(descriptor)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _demand_regular(path: str, mode: int) -> None:
    kind = _kind(mode)
    if kind:
        raise NotRegularError(path, kind)


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    return next((name for is_it, name in _KINDS if is_it(mode)), "no file")


def _size(count: int) -> str:
    return f"{count // 1_000_000} MB" if count >= 1_000_000 else f"{count // 1000} kB"
