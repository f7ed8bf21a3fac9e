"""Files that stay open while values are read from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import Closing, OpenFile

MAX_OPEN = 64  # far fewer than a process may have, more than most checkpoints have shards

_T = TypeVar("_T", bound=Closing)


class Opened(Closing, Generic[_T]):
    """What `make` opens by path, kept open; the one that was used longest ago is closed first."""

    def __init__(self, make: Callable[[str], _T], limit: int = MAX_OPEN) -> None:
        self._make = make
        self._limit = limit
        self._open: dict[str, _T] = {}

    def open(self, path: str) -> _T:
        """What is at `path`, opened if it is not.

        Raises:
            CheckpointError: as `make`.
        """
        found = self._open.get(path)
        if found is None:
            found = self._make(path)
        elif len(self._open) == 1:
            return found
        else:
            del self._open[path]
        self._open[path] = found  # now the last one
        if len(self._open) > self._limit:
            self._open.pop(next(iter(self._open))).close()
        return found

    def close(self) -> None:
        """Close all of them."""
        while self._open:
            self._open.popitem()[1].close()


class OpenFiles(Opened[OpenFile]):
    """Plain files that are kept open."""

    def __init__(self) -> None:
        super().__init__(open_file)
