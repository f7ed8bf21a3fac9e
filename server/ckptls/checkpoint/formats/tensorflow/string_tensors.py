"""String values in a data file: all lengths, their checksum, then the texts.

Variants, whose content nobody decodes here, are alike but for the order. Both have
checksums within the value, and are part of the entry's own in a form of their own.

Source: WriteStringTensor and WriteVariantTensor in
tensorflow/core/util/tensor_bundle/tensor_bundle.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ckptls.checkpoint.codecs.crc32c import Checksum
from ckptls.checkpoint.codecs.protobuf_wire import read_varint
from ckptls.checkpoint.codecs.sstable import ReadAt
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointTooLarge

MAX_STRINGS_BYTES = 1 << 30
_CRC_BYTES = 4
_VARINT_BYTES = 10
_PIECE_BYTES = 4 * 1024 * 1024

ByteOrder = Literal["little", "big"]


@dataclass(frozen=True, slots=True)
class Strings:
    """Where the texts of one value lie, and the checksum of all that comes before them."""

    lengths: list[int]
    start: int
    checksum: Checksum


def read_strings(read_at: ReadAt, size: int, count: int, order: ByteOrder) -> list[bytes]:
    """The `count` strings of a value of `size` bytes; `read_at` counts from its start.

    Raises:
        CheckpointDamaged: the lengths do not match their checksum, or do not fit.
    """
    if size > MAX_STRINGS_BYTES:
        raise CheckpointTooLarge(f"strings of {size:,} bytes; 1 GiB is the limit")
    strings = locate_strings(read_at, size, count, order)
    data = read_at(strings.start, size - strings.start)
    texts = []
    end = 0
    for length in strings.lengths:
        texts.append(data[end : end + length])
        end += length
    return texts


def strings_checksum(read_at: ReadAt, size: int, count: int, order: ByteOrder) -> Checksum:
    """What the entry's checksum covers of a value of strings.

    Raises:
        CheckpointDamaged: as `read_strings`.
    """
    strings = locate_strings(read_at, size, count, order)
    for start in range(strings.start, size, _PIECE_BYTES):
        strings.checksum.add(read_at(start, min(_PIECE_BYTES, size - start)))
    return strings.checksum


def locate_strings(read_at: ReadAt, size: int, count: int, order: ByteOrder) -> Strings:
    """The lengths of `count` strings, held against their checksum and against `size`.

    Raises:
        CheckpointDamaged: one of these does not fit.
    """
    if count + _CRC_BYTES > size:
        raise CheckpointDamaged(f"{count:,} strings do not fit in {size:,} bytes", where=0)
    if count > MAX_STRINGS_BYTES // 8:
        raise CheckpointTooLarge(f"{count:,} strings are more than are read")
    head = read_at(0, min(size, count * _VARINT_BYTES + _CRC_BYTES))
    lengths = []
    pos = 0
    for _ in range(count):
        length, pos = read_varint(head, pos, len(head))
        lengths.append(length)
    checksum = Checksum()
    checksum.add(b"".join(n.to_bytes(8 if n >> 32 else 4, order) for n in lengths))
    stored = head[pos : pos + _CRC_BYTES]
    if not checksum.matches(int.from_bytes(stored, order)):
        raise CheckpointDamaged("the lengths of its strings do not match their checksum", where=0)
    if pos + _CRC_BYTES + sum(lengths) != size:
        raise CheckpointDamaged("its strings have other lengths than stated", where=pos)
    checksum.add(stored)
    return Strings(lengths, pos + _CRC_BYTES, checksum)


def variants_checksum(read_at: ReadAt, size: int, count: int, order: ByteOrder) -> Checksum:
    """What the entry's checksum covers of a value of variants.

    Raises:
        CheckpointDamaged: an element does not fit, or not match its own checksum.
    """
    checksum = Checksum()
    pos = 0
    for _ in range(count):
        head = read_at(pos, min(_VARINT_BYTES, size - pos))
        length, header = read_varint(head, 0, len(head))
        end = pos + header + length
        if end + _CRC_BYTES > size:
            raise CheckpointDamaged("a variant runs past its value", where=pos)
        checksum.add(length.to_bytes(8, order))
        for piece in _pieces(read_at, pos + header, end):
            checksum.add(piece)
        stored = read_at(end, _CRC_BYTES)
        if not checksum.matches(int.from_bytes(stored, order)):
            raise CheckpointDamaged("a variant does not match its checksum", where=pos)
        checksum.add(stored)
        pos = end + _CRC_BYTES
    if pos != size:
        raise CheckpointDamaged("its variants take less than stated", where=pos)
    return checksum


def _pieces(read_at: ReadAt, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        count = min(_PIECE_BYTES, end - start)
        yield read_at(start, count)
        start += count
