"""A file on another machine, of which only the parts are fetched that are asked for.

Small files are fetched whole. Of others blocks are fetched and kept for a while; who reads
one block after the other gets more and more of them with one request. What was fetched also
goes into `remote_cache`, for the next process.
"""

from __future__ import annotations

from ckptls.checkpoint.core.errors import (
    CheckpointIncomplete,
    CheckpointNotFound,
    CheckpointUnreachable,
    CheckpointUnreadable,
)
from ckptls.checkpoint.storage import block_cache, remote_filesystem, urls
from ckptls.checkpoint.storage.backend import Status
from ckptls.checkpoint.storage.local_file import OpenFile

BLOCK_BYTES = 16 * 1024
_WHOLE_BYTES = 64 * 1024  # a file up to this size is fetched with one request
_LARGE_BYTES = 1 << 20  # a read of this size is a request of its own, and not kept
_MAX_BLOCKS = 512  # in memory, for each open file
_MAX_AHEAD = 64
_GROWTH = 4
_MAX_UNSIZED_BYTES = 64 * 1024 * 1024


class RemoteFile(OpenFile):
    """A file at an address, open for reading; as `OpenFile` in all that callers see.

    Raises:
        CheckpointNotFound: there is no such file.
        CheckpointUnreadable: it is a directory; CheckpointUnreachable: see there.
    """

    __slots__ = ("_ahead", "_blocks", "_expected", "_is_fetched", "_status", "_whole")

    def __init__(self, path: str) -> None:
        self.path = urls.without_credentials(path)
        found = remote_filesystem.status(self.path)
        if found is None:
            raise CheckpointNotFound(f"no file `{self.path}`", self.path)
        if found.is_directory:
            raise CheckpointUnreadable("it is not a regular file", self.path)
        self._status: Status = found
        self._whole: bytes | None = None
        self._blocks: dict[int, bytes] = {}
        self._expected = -1
        self._ahead = 1
        self._is_fetched = False
        if found.size is None:
            self._whole = self._unsized()
        self.size = found.size or 0 if self._whole is None else len(self._whole)
        self.stamp = remote_filesystem.stamp(self.path, found)

    @property
    def descriptor(self) -> int | None:
        """See `OpenFile`."""
        return None

    def close(self) -> None:
        """Give it back to the system; it cannot be used any more."""
        self._blocks.clear()

    def read_at(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes from `offset` on; see `OpenFile`."""
        if offset < 0 or offset + count > self.size:
            raise CheckpointIncomplete(
                "it ended early; it is being written", self.path, min(max(offset, 0), self.size)
            )
        if count <= 0:
            return b""
        if self._whole is None and self.size <= _WHOLE_BYTES:
            self._whole = self._part(0, self.size)
        if self._whole is not None:
            return self._whole[offset : offset + count]
        if count >= _LARGE_BYTES or count == self.size:
            return self._part(offset, offset + count)
        return self._from_blocks(offset, count)

    def check_unchanged_lately(self) -> None:
        """As `check_unchanged`, which has a memory of its own here."""
        self.check_unchanged()

    def check_unchanged(self) -> None:
        """Make sure that what was fetched is what the address still names; see `OpenFile`."""
        if not self._is_fetched:
            return  # all of it came from the cache, where versions are distinguished
        if remote_filesystem.status(self.path, is_fresh=True) != self._status:
            raise CheckpointIncomplete("it changed while it was read", self.path, hint="read again")

    def _from_blocks(self, offset: int, count: int) -> bytes:
        first, last = offset // BLOCK_BYTES, (offset + count - 1) // BLOCK_BYTES
        blocks = {n: self._blocks[n] for n in range(first, last + 1) if n in self._blocks}
        missing = [number for number in range(first, last + 1) if number not in blocks]
        if missing:
            blocks.update(self._fetch_blocks(missing[0], missing[-1]))
        start = offset - first * BLOCK_BYTES
        data = b"".join(blocks[number] for number in range(first, last + 1))
        return data[start : start + count]

    def _fetch_blocks(self, first: int, last: int) -> dict[int, bytes]:
        """Blocks `first` to `last`, and some more where they go on from those before."""
        is_sequel = first == self._expected
        self._ahead = min(self._ahead * _GROWTH, _MAX_AHEAD) if is_sequel else 1
        end = min(max(last + 1, first + self._ahead) * BLOCK_BYTES, self.size)
        self._expected = -(-end // BLOCK_BYTES)
        data = self._part(first * BLOCK_BYTES, end)
        blocks = {
            first + start // BLOCK_BYTES: data[start : start + BLOCK_BYTES]
            for start in range(0, len(data), BLOCK_BYTES)
        }
        self._blocks.update(blocks)
        while len(self._blocks) > _MAX_BLOCKS:
            del self._blocks[next(iter(self._blocks))]
        return blocks

    def _part(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`: from memory, from the cache, or fetched."""
        version = self._status.version
        if self._whole is None:
            data = self._cached(start, end)
            if data is not None:
                return data
            data = self._fetched(start, end)
            if len(data) == end - start:
                if version:
                    block_cache.write(self.path, version, start, data)
                return data
            self._take_whole(data, version)
        assert self._whole is not None
        return self._whole[start:end]

    def _cached(self, start: int, end: int) -> bytes | None:
        version = self._status.version
        if not version:
            return None
        return block_cache.read(self.path, version, start, end, self.size)

    def _take_whole(self, data: bytes, version: str) -> None:
        """The server sent more or less than it was asked for: is that the whole file?"""
        if len(data) != self.size:
            raise CheckpointIncomplete(
                f"{len(data):,} bytes came of {self.size:,}; it is being written", self.path
            )
        self._whole = data
        if version:
            block_cache.write(self.path, version, 0, data)

    def _fetched(self, start: int, end: int) -> bytes:
        self._is_fetched = True
        return remote_filesystem.ask(self.path, lambda system: system.fetch(self.path, start, end))

    def _unsized(self) -> bytes:
        """All of a file whose size nobody tells."""
        data = self._fetched(0, _MAX_UNSIZED_BYTES)
        if len(data) >= _MAX_UNSIZED_BYTES:
            raise CheckpointUnreachable(
                "the server does not tell its size, and it is large", self.path
            )
        return data
