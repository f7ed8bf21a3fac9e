"""The sorted table that holds a V2 `.index` and a whole V1 checkpoint.

A table is data blocks, an index block that says where they are, and a footer that says
where the index block is. This module finds, verifies and unpacks blocks; what is in them
is for `v2/index` and `v1/metadata` to say.

Source: tensorflow/core/lib/io/{format,block,table_builder}.cc, a descendant of LevelDB's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ckptls.checkpoint.codecs import crc32c, snappy
from ckptls.checkpoint.codecs.protobuf_wire import read_varint, read_varint32
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointIncomplete,
    CheckpointUnsupported,
)

FOOTER_BYTES = 48
MAGIC = bytes.fromhex("57fb808b247547db")
TRAILER_BYTES = 5
MAX_BLOCK_BYTES = 64 * 1024 * 1024
MAX_KEY_BYTES = 4096

UNCOMPRESSED = 0
SNAPPY = 1

# (offset, count) -> exactly that many bytes; the caller has checked that they are there.
ReadAt = Callable[[int, int], bytes]


# Plain classes: a dozen of these are made for a listing, and frozen dataclasses take three
# times as long to make.


class Handle:
    """Where one block lies in the file, in bytes and without its trailer."""

    __slots__ = ("offset", "size")

    def __init__(self, offset: int, size: int) -> None:
        self.offset = offset
        self.size = size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and (self.offset, self.size) == (other.offset, other.size)

    def __hash__(self) -> int:
        return hash((self.offset, self.size))


class Block:
    """One unpacked block: entries in data[:end]; `where` is its offset in the file."""

    __slots__ = ("_text", "data", "end", "is_compressed", "where")

    def __init__(self, data: bytes, end: int, where: int, is_compressed: bool) -> None:
        self.data = data
        self.end = end
        self.where = where
        self.is_compressed = is_compressed
        self._text: str | None = None

    @property
    def text(self) -> str:
        """Its data as latin-1, made once: a character a byte."""
        if self._text is None:
            self._text = self.data.decode("latin-1")
        return self._text

    def place(self, pos: int) -> int:
        """The file offset of position `pos`: of the block itself if it is compressed."""
        return self.where if self.is_compressed else self.where + pos


def data_handles(read_at: ReadAt, file_bytes: int) -> list[Handle]:
    """Where the data blocks of a table are, in key order.

    Raises:
        CheckpointIncomplete: it does not end like a table.
        CheckpointDamaged: its footer or its index block is corrupt.
    """
    return [handle for _, handle in block_index(read_at, file_bytes)]


def block_index(read_at: ReadAt, file_bytes: int) -> list[tuple[bytes, Handle]]:
    """As `data_handles`, and before each a key that no key in its block exceeds."""
    _, index = _footer(read_at, file_bytes)
    return _handles(read_at, index, file_bytes)


def all_handles(read_at: ReadAt, file_bytes: int) -> tuple[Handle | None, list[Handle]]:
    """Where the metaindex block is, which nobody needs, and where the data blocks are.

    The first is None if it is said to be outside of the file.
    """
    metaindex, index = _footer(read_at, file_bytes)
    is_inside = metaindex.offset + metaindex.size + TRAILER_BYTES <= file_bytes - FOOTER_BYTES
    data = [handle for _, handle in _handles(read_at, index, file_bytes)]
    return metaindex if is_inside else None, data


def _handles(read_at: ReadAt, index: Handle, file_bytes: int) -> list[tuple[bytes, Handle]]:
    block = read_block(read_at, index)
    pairs = []
    for key, start, end in entries(block):
        offset, after = read_varint(block.data, start, end)
        size, _ = read_varint(block.data, after, end)
        pairs.append((key, _checked(Handle(offset, size), file_bytes, "a data block")))
    return pairs


def _footer(read_at: ReadAt, file_bytes: int) -> tuple[Handle, Handle]:
    """Where the metaindex block is, not checked, and where the index block is."""
    if file_bytes < FOOTER_BYTES:
        raise CheckpointIncomplete(
            f"{file_bytes} bytes are too few for a checkpoint",
            where=file_bytes,
            hint="it was cut off, or is being written",
        )
    footer = read_at(file_bytes - FOOTER_BYTES, FOOTER_BYTES)
    if footer[-8:] != MAGIC:
        raise CheckpointIncomplete(
            "it does not end as a checkpoint does (bad magic number)", where=file_bytes - 8
        )
    try:
        numbers = []
        pos = 0
        for _ in range(4):
            number, pos = read_varint(footer, pos, FOOTER_BYTES - 8)
            numbers.append(number)
    except CheckpointDamaged as error:
        place = file_bytes - FOOTER_BYTES + (error.where or 0)
        raise CheckpointDamaged("its footer is corrupt", where=place) from error
    index = Handle(numbers[2], numbers[3])
    return Handle(numbers[0], numbers[1]), _checked(index, file_bytes, "the index block")


def _checked(handle: Handle, file_bytes: int, what: str) -> Handle:
    end = handle.offset + handle.size + TRAILER_BYTES
    if end > file_bytes - FOOTER_BYTES:
        raise CheckpointDamaged(
            f"{what} should end at byte {end:,} of a file of {file_bytes:,}", where=handle.offset
        )
    return handle


def read_block(read_at: ReadAt, handle: Handle) -> Block:
    """The whole block at `handle`, verified and decompressed.

    Raises:
        CheckpointDamaged: its checksum, its compression or its size is wrong.
        CheckpointUnsupported: a compression that TensorFlow does not write.
    """
    if handle.size > MAX_BLOCK_BYTES:
        raise CheckpointDamaged(f"a block of {handle.size:,} bytes", where=handle.offset)
    stored = read_at(handle.offset, handle.size + TRAILER_BYTES)
    verify(stored, handle.offset)
    return unpack(stored[:-TRAILER_BYTES], stored[-TRAILER_BYTES], handle.offset)


def verify(stored: bytes, where: int) -> None:
    """Hold a block, given with its trailer, against its checksum."""
    expected = int.from_bytes(stored[-4:], "little")
    if not crc32c.matches(stored[:-4], expected):
        raise CheckpointDamaged("a block does not match its checksum", where=where)


def unpack(payload: bytes, kind: int, where: int) -> Block:
    """The block of a payload whose trailer says it is of compression `kind`."""
    if kind not in (UNCOMPRESSED, SNAPPY):
        raise CheckpointUnsupported(f"a block has compression type {kind}", where=where)
    data = payload
    if kind == SNAPPY:
        try:
            data = snappy.decode(payload)
        except CheckpointDamaged as error:
            raise CheckpointDamaged(error.what, where=where + (error.where or 0)) from error
    restarts = int.from_bytes(data[-4:], "little")
    end = len(data) - 4 - 4 * restarts
    if len(data) < 4 or end < 0:
        raise CheckpointDamaged("a block is smaller than its own directory", where=where)
    return Block(data, end, where, kind == SNAPPY)


def entries(block: Block) -> Iterator[tuple[bytes, int, int]]:
    """Each entry's key, and where its value starts and ends in block.data.

    Raises:
        CheckpointDamaged: an entry runs past the block or shares more than there is.
    """
    key = b""
    pos = 0
    while pos < block.end:
        key_start, shared, unshared, value_bytes = entry_header(block, pos, len(key))
        start = key_start + unshared
        key = key[:shared] + block.data[key_start:start]
        pos = start + value_bytes
        yield key, start, pos


def find_value(block: Block, key: bytes) -> tuple[int, int] | None:
    """Where the value under `key` starts and ends in block.data; None if there is none.

    The restart points, entries with their whole keys, are bisected; then at most as many
    entries are looked at as stand between two of them.

    Raises:
        CheckpointDamaged: a restart point or an entry on the way is corrupt.
    """
    count = int.from_bytes(block.data[-4:], "little")
    low, high = 0, max(count - 1, 0)
    while low < high:
        middle = (low + high + 1) // 2
        if _key_at(block, _restart(block, middle)) <= key:
            low = middle
        else:
            high = middle - 1
    current = b""
    pos = _restart(block, low) if count else 0
    while pos < block.end:
        start, shared, unshared, value_bytes = entry_header(block, pos, len(current))
        value = start + unshared
        current = current[:shared] + block.data[start:value]
        pos = value + value_bytes
        if current >= key:
            return (value, pos) if current == key else None
    return None


def _restart(block: Block, number: int) -> int:
    place = block.end + 4 * number
    pos = int.from_bytes(block.data[place : place + 4], "little")
    if pos > block.end:
        raise CheckpointDamaged("a block's directory is corrupt", where=block.place(place))
    return pos


def _key_at(block: Block, pos: int) -> bytes:
    """The key of the entry at a restart point, which shares nothing with the one before."""
    start, _, unshared, _ = entry_header(block, pos, 0)
    return block.data[start : start + unshared]


def entry_header(block: Block, pos: int, previous_bytes: int) -> tuple[int, int, int, int]:
    """(where the key's own bytes start, shared, unshared, value length) of the entry at `pos`.

    `previous_bytes` is the length of the key before it, of which the first `shared` recur.
    """
    start = pos
    try:
        shared, pos = read_varint32(block.data, pos, block.end)
        unshared, pos = read_varint32(block.data, pos, block.end)
        value_bytes, pos = read_varint32(block.data, pos, block.end)
    except CheckpointError as error:
        raise CheckpointDamaged(error.what, where=block.place(error.where or 0)) from error
    if shared > previous_bytes or pos + unshared + value_bytes > block.end:
        raise CheckpointDamaged("an entry does not fit in its block", where=block.place(start))
    if shared + unshared > MAX_KEY_BYTES:
        raise CheckpointDamaged(f"a name of {shared + unshared:,} bytes", where=block.place(start))
    return pos, shared, unshared, value_bytes
