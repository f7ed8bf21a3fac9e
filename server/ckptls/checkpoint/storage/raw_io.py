"""A file of a checkpoint, or a stretch of it, as the file-like object that libraries read from."""

from __future__ import annotations

import errno
import io

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointIncomplete
from ckptls.checkpoint.storage.local_file import OpenFile


class FilePart:
    """Bytes `start` to `start + size` of an open file, as if they were a file.

    Attributes:
        file, start: the whole file, and where in it the part begins.
        path: the path of the whole file.
    """

    def __init__(self, file: OpenFile | FilePart, start: int, size: int) -> None:
        self.file, self.start = place_of(file, start)
        self.size = size
        self.path: str = file.path

    def read_at(self, offset: int, count: int) -> bytes:
        """As `OpenFile.read_at`.

        Raises:
            CheckpointIncomplete: the part ends before.
            CheckpointError: as `OpenFile.read_at`.
        """
        if offset < 0 or count < 0 or offset + count > self.size:
            raise CheckpointIncomplete("it ends early", self.path, self.start + self.size)
        return self.file.read_at(self.start + offset, count)


def place_of(file: OpenFile | FilePart, offset: int) -> tuple[OpenFile, int]:
    """The whole file, and the offset in it, of an offset in a file or a part of one."""
    return (file.file, file.start + offset) if isinstance(file, FilePart) else (file, offset)


class Stream(io.RawIOBase):
    """Bytes `start` to `start + size` of an open file: read-only, seekable, never loaded whole.

    Attributes:
        error: the first error that reading met. A library may turn it into one of its own;
            this one says what happened.
    """

    def __init__(self, file: OpenFile | FilePart, start: int = 0, size: int | None = None) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size = file.size - start if size is None else size
        self._place = 0
        self.error: CheckpointError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a seek to before the start")
        self._place = base + offset
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._place))
        try:
            view[:count] = self._file.read_at(self._start + self._place, count)
        except CheckpointError as error:
            self.error = self.error or error
            raise OSError(str(error)) from error
        self._place += count
        return count
