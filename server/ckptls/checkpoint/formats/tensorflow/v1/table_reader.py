"""Where the tensors of a V1 file lie: single entries of a table that may be huge.

A block holds many small tensors or one large one. Small and compressed blocks are read as a
whole and verified; in a large one only the headers of the entries are read on the way.

Source: as `metadata` and `codecs/sstable`.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from ckptls.checkpoint.arrays.numpy_arrays import load_numpy
from ckptls.checkpoint.arrays.stored_bytes import read_stored
from ckptls.checkpoint.codecs.protobuf_wire import LENGTH, VARINT, fields, read_varint32
from ckptls.checkpoint.codecs.sstable import (
    MAX_KEY_BYTES,
    UNCOMPRESSED,
    Block,
    Handle,
    block_index,
    entries,
    find_value,
    read_block,
)
from ckptls.checkpoint.core.dtypes import dtype_name
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError
from ckptls.checkpoint.core.types import Extents, Shape
from ckptls.checkpoint.formats.tensorflow.protos import decode_extents, decode_shape, slice_key
from ckptls.checkpoint.formats.tensorflow.v1 import metadata
from ckptls.checkpoint.storage.local_file import OpenFile

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    import numpy as np

_SMALL_BYTES = 1 << 20
_WINDOW_BYTES = 2 * MAX_KEY_BYTES
_HEADER_BYTES = 15  # three varints of at most five bytes


@dataclass(frozen=True, slots=True)
class Tensor:
    """One variable as one V1 file lists it, with the slices that lie in this file."""

    name: str
    key: bytes
    dtype: str
    shape: Shape
    slices: tuple[Extents, ...]

    def slice_keys(self) -> list[bytes]:
        """The keys under which its slices are stored, in the order of `slices`."""
        return [slice_key(self.key, extents) for extents in self.slices]


@dataclass(frozen=True, slots=True)
class InMemory:
    """The value of an entry in a block that was read; a `tensor_proto.Source`."""

    data: bytes
    start: int
    size: int
    where: int | None  # its offset in the file, unless it was compressed

    def read_at(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset` on."""
        return self.data[self.start + offset : self.start + offset + count]

    def array_at(self, offset: int, count: int) -> np.ndarray:
        """The same as an array."""
        numpy = load_numpy()
        content = bytearray(self.read_at(offset, count))
        return numpy.frombuffer(content, numpy.uint8)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class InFile:
    """The value of an entry in a large block, left where it is; a `tensor_proto.Source`."""

    file: OpenFile
    start: int
    size: int

    @property
    def where(self) -> int:
        """Its offset in the file."""
        return self.start

    def read_at(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset` on."""
        return self.file.read_at(self.start + offset, count)

    def array_at(self, offset: int, count: int) -> np.ndarray:
        """The same as an array."""
        return read_stored(self.file, self.start + offset, count)


class V1Reader:
    """An open V1 file in which tensors are looked up.

    Raises:
        CheckpointError: from each method, with the path of the file.
    """

    __slots__ = ("_block", "_ends", "_file", "_large", "_spans", "handles")

    def __init__(self, file: OpenFile) -> None:
        self._block: Block | None = None
        self._spans: dict[bytes, tuple[int, int]] | None = None
        self._large: dict[int, dict[bytes, tuple[int, int]]] = {}
        pairs = block_index(file.read_at, file.size)
        self._file = file
        self._ends = [key for key, _ in pairs]
        self.handles = [handle for _, handle in pairs]

    def tensors(self) -> Iterator[Tensor]:
        """What the file lists, in its own order."""
        meta, where = metadata.read_list(self._file.read_at, self.handles)
        try:
            for number, wire, a, b in fields(meta, 0, len(meta)):
                if number != 1 or wire != LENGTH:
                    continue
                for part, part_wire, start, end in fields(meta, a, b):
                    if part == 1 and part_wire == LENGTH:
                        yield _tensor(meta, start, end)
        except CheckpointError as error:
            raise CheckpointDamaged(error.what, where=where) from error

    def handle_of(self, key: bytes) -> Handle | None:
        """The block in which a key is, if it is anywhere."""
        position = bisect_left(self._ends, key)
        return self.handles[position] if position < len(self.handles) else None

    def find(self, key: bytes) -> InMemory | InFile | None:
        """The value under a key; None if there is none."""
        handle = self.handle_of(key)
        if handle is None:
            return None
        if self._block is None or self._block.where != handle.offset:
            compression = self._file.read_at(handle.offset + handle.size, 1)[0]
            if compression == UNCOMPRESSED and handle.size > _SMALL_BYTES:
                return self._find_in_large(handle, key)
            # Neighbours are often asked for: the block is kept, and from the second key of it
            # on where its values are.
            self._block, self._spans = read_block(self._file.read_at, handle), None
            span = find_value(self._block, key)
        else:
            if self._spans is None:
                found = entries(self._block)
                self._spans = {each: (start, end) for each, start, end in found}
            span = self._spans.get(key)
        if span is None:
            return None
        where = None if self._block.is_compressed else self._block.place(span[0])
        return InMemory(self._block.data, span[0], span[1] - span[0], where)

    def _find_in_large(self, handle: Handle, key: bytes) -> InFile | None:
        """The value in a block of which the headers of all entries are read, once."""
        spans = self._large.get(handle.offset)
        if spans is None:
            found = self.entries_of(handle)
            spans = self._large[handle.offset] = {each: (start, end) for each, start, end in found}
        span = spans.get(key)
        return None if span is None else InFile(self._file, span[0], span[1] - span[0])

    def entries_of(self, handle: Handle) -> Iterator[tuple[bytes, int, int]]:
        """Of each entry of an uncompressed block its key, and where in the file its value is."""
        pos = handle.offset
        restarts = int.from_bytes(self._file.read_at(pos + handle.size - 4, 4), "little")
        end = pos + handle.size - 4 - 4 * restarts
        if end < pos:
            raise CheckpointDamaged("a block is smaller than its own directory", where=pos)
        key, window, base = b"", b"", pos
        while pos < end:
            if pos + _HEADER_BYTES + MAX_KEY_BYTES > base + len(window):
                base, window = pos, self._file.read_at(pos, min(_WINDOW_BYTES, end - pos))
            key, start, value_bytes = _entry(window, pos - base, key, base)
            start += base
            pos = start + value_bytes
            if pos > end:
                raise CheckpointDamaged("an entry does not fit in its block", where=start)
            yield key, start, pos


def shard_files(files: tuple[str, ...]) -> list[str]:
    """Those of a V1 checkpoint's files that hold tensors: all but a state file."""
    from ckptls.checkpoint.layout.directory_files import STATE_NAME, has_table_footer

    return [
        path for path in files if os.path.basename(path) != STATE_NAME or has_table_footer(path)
    ]


def _entry(window: bytes, pos: int, previous: bytes, base: int) -> tuple[bytes, int, int]:
    """(key, where its value starts in the window, bytes of the value)."""
    start = pos
    try:
        shared, pos = read_varint32(window, pos, len(window))
        unshared, pos = read_varint32(window, pos, len(window))
        value_bytes, pos = read_varint32(window, pos, len(window))
    except CheckpointDamaged as error:
        raise CheckpointDamaged(error.what, where=base + start) from error
    if shared > len(previous) or shared + unshared > MAX_KEY_BYTES or pos + unshared > len(window):
        raise CheckpointDamaged("an entry does not fit in its block", where=base + start)
    return previous[:shared] + window[pos : pos + unshared], pos + unshared, value_bytes


def _tensor(meta: bytes, start: int, end: int) -> Tensor:
    """One SavedSliceMeta."""
    key, number = b"", 0
    shape: Shape = ()
    slices: list[Extents] = []
    for field, wire, a, b in fields(meta, start, end):
        if field == 1 and wire == LENGTH:
            key = meta[a:b]
        elif field == 2 and wire == LENGTH:
            shape = decode_shape(meta, a, b)
        elif field == 3 and wire == VARINT:
            number = a
        elif field == 4 and wire == LENGTH:
            slices.append(decode_extents(meta, a, b))
    name = key.decode("utf-8", "backslashreplace")
    return Tensor(name, key, dtype_name(number), shape, tuple(slices))
