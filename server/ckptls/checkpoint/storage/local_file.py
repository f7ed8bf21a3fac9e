"""A regular file of this machine, open for reading at any offset."""

from __future__ import annotations

import os
import time

from ckptls.checkpoint.core.errors import (
    CheckpointIncomplete,
    CheckpointNotFound,
    CheckpointUnreadable,
)
from ckptls.checkpoint.core.types import FileStamp
from ckptls.checkpoint.storage.open_regular import open_regular

_CHECK_SECONDS = 0.001


def _pread_by_seeking(descriptor: int, count: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, count)


_pread = getattr(os, "pread", _pread_by_seeking)  # not on Windows
_preadv = getattr(os, "preadv", None)  # nor there, nor on an older macOS
TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")


class Closing:
    """What is closed at the end of a `with` statement."""

    __slots__ = ()

    def __enter__(self: _T) -> _T:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what it holds; it cannot be used any more."""
        raise NotImplementedError


class OpenFile(Closing):
    """A regular file, open for reading at any offset; use it in a `with` statement.

    Attributes:
        size: its length in bytes when it was opened.
        stamp: (path, mtime in ns, size, inode) at that moment.

    Raises:
        CheckpointNotFound: there is no such file.
        CheckpointUnreadable: not a regular file, or not permitted.
    """

    __slots__ = ("_checked_at", "_descriptor", "path", "size", "stamp")

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._descriptor, status = open_regular(path)
        except OSError as error:
            raise os_error(path, error) from error
        self.size = status.st_size
        self.stamp = stamp_from_status(path, status)
        self._checked_at = 0.0

    @property
    def descriptor(self) -> int | None:
        """The number under which the system knows it; None for a file on another machine."""
        return self._descriptor

    def close(self) -> None:
        """Give it back to the system; it cannot be used any more."""
        os.close(self._descriptor)

    def read_at(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes from `offset` on.

        Raises:
            CheckpointIncomplete: the file has become shorter.
            CheckpointUnreadable: the system reports an error.
        """
        try:
            data = _pread(self._descriptor, count, offset)
            while len(data) < count:
                more = _pread(self._descriptor, count - len(data), offset + len(data))
                if not more:
                    raise CheckpointIncomplete(
                        "it ended early; it is being written", self.path, offset + len(data)
                    )
                data += more
        except OSError as error:
            raise os_error(self.path, error) from error
        return data

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill a buffer with the bytes from `offset` on; see `read_at`, which needs a copy more."""
        descriptor = self.descriptor
        if descriptor is None or _preadv is None:
            buffer[:] = self.read_at(offset, len(buffer))
            return
        done = 0
        try:
            while done < len(buffer):
                count = _preadv(descriptor, [buffer[done:]], offset + done)
                if not count:
                    raise CheckpointIncomplete(
                        "it ended early; it is being written", self.path, offset + done
                    )
                done += count
        except OSError as error:
            raise os_error(self.path, error) from error

    def check_unchanged(self) -> None:
        """Make sure that what was read is what the path still names.

        Raises:
            CheckpointIncomplete: the file was rewritten or replaced in the meantime.
        """
        try:
            stamp = stamp_from_status(self.path, os.stat(self.path))
        except (OSError, ValueError):
            stamp = None
        if stamp != self.stamp:
            raise CheckpointIncomplete("it changed while it was read", self.path, hint="read again")

    def check_unchanged_lately(self) -> None:
        """As `check_unchanged`, which takes longer than to read a small value: once a millisecond.

        A file that was replaced is still open here as it was, so values are not mixed.
        """
        now = time.monotonic()
        if now - self._checked_at > _CHECK_SECONDS:
            self.check_unchanged()
            self._checked_at = now


def stamp_from_status(path: str, status: os.stat_result) -> FileStamp:
    return path, status.st_mtime_ns, status.st_size, status.st_ino


def os_error(path: str, error: OSError) -> CheckpointNotFound | CheckpointUnreadable:
    if isinstance(error, FileNotFoundError):
        return CheckpointNotFound(f"no file `{path}`", path)
    return CheckpointUnreadable(error.strerror or str(error), path)
