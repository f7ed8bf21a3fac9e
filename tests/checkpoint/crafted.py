"""A small writer of tables, bundles and V1 checkpoints, with every knob within reach.

It shares no code with the reader. That TensorFlow reads what it writes is for the oracle
tests to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cramjam
import google_crc32c

MAGIC = bytes.fromhex("57fb808b247547db")
FLOAT, INT32, STRING, INT64 = 1, 3, 7, 9


@dataclass(frozen=True)
class Knobs:
    """How a table is laid out."""

    is_compressed: bool = False
    block_bytes: int = 4096
    restart_interval: int = 16


PLAIN = Knobs()
SNAPPY = Knobs(is_compressed=True)


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def number_field(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def bytes_field(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def fixed32_field(field: int, value: int) -> bytes:
    return varint(field << 3 | 5) + value.to_bytes(4, "little")


def masked_crc(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def shared_bytes(one: bytes, other: bytes) -> int:
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count


def block(entries: Iterable[tuple[bytes, bytes]], restart_interval: int = 16) -> bytes:
    """One block without its trailer; `entries` in the order in which they are to stand."""
    out = bytearray()
    restarts = []
    previous = b""
    for i, (key, value) in enumerate(entries):
        shared = shared_bytes(previous, key)
        if i % restart_interval == 0:
            restarts.append(len(out))
            shared = 0
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        previous = key
    for restart in restarts or [0]:
        out += restart.to_bytes(4, "little")
    return bytes(out) + len(restarts or [0]).to_bytes(4, "little")


def stored(content: bytes, *, is_compressed: bool) -> bytes:
    """A block as it stands in the file, compressed or not, with its trailer."""
    payload = bytes(cramjam.snappy.compress_raw(content)) if is_compressed else content
    checked = payload + bytes([is_compressed])
    return checked + masked_crc(checked).to_bytes(4, "little")


def table_of_blocks(blocks: Sequence[tuple[bytes, bytes]], *, is_compressed: bool = False) -> bytes:
    """A table of (last key, content) blocks."""
    out = bytearray()
    index = []
    for last_key, content in blocks:
        body = stored(content, is_compressed=is_compressed)
        index.append((last_key, varint(len(out)) + varint(len(body) - 5)))
        out += body
    handles = b""
    for content in (block([]), block(index, restart_interval=1)):
        body = stored(content, is_compressed=is_compressed)
        handles += varint(len(out)) + varint(len(body) - 5)
        out += body
    return bytes(out) + handles.ljust(40, b"\0") + MAGIC


def table(entries: Iterable[tuple[bytes, bytes]], knobs: Knobs = PLAIN) -> bytes:
    """A table of entries, which are not sorted here."""
    blocks: list[tuple[bytes, bytes]] = []
    pending: list[tuple[bytes, bytes]] = []
    size = 0
    for key, value in entries:
        pending.append((key, value))
        size += len(key) + len(value)
        if size >= knobs.block_bytes:
            blocks.append((key, block(pending, knobs.restart_interval)))
            pending, size = [], 0
    if pending:
        blocks.append((pending[-1][0], block(pending, knobs.restart_interval)))
    return table_of_blocks(blocks, is_compressed=knobs.is_compressed)


def shape_message(shape: Sequence[int]) -> bytes:
    return b"".join(bytes_field(2, number_field(1, size) if size else b"") for size in shape)


def header(shards: int = 1, min_consumer: int = 0) -> bytes:
    version = number_field(1, 1)
    if min_consumer:
        version += number_field(2, min_consumer)
    return number_field(1, shards) + bytes_field(3, version)


def entry(dtype: int, shape: Sequence[int], offset: int = 0, size: int = 0) -> bytes:
    """A BundleEntryProto as TensorFlow lays it out: what is zero is left out."""
    out = number_field(1, dtype) + bytes_field(2, shape_message(shape))
    if offset:
        out += number_field(4, offset)
    if size:
        out += number_field(5, size)
    return out + fixed32_field(6, 0x12345678)


def index(
    variables: Iterable[tuple[str, int, Sequence[int]]],
    knobs: Knobs = PLAIN,
    head: bytes | None = None,
) -> bytes:
    """A V2 index of (name, dtype number, shape); offsets grow by four bytes an element."""
    entries = [(b"", header() if head is None else head)]
    offset = 0
    for name, dtype, shape in sorted(variables, key=lambda v: v[0].encode()):
        size = 4
        for length in shape:
            size *= length
        entries.append((name.encode(), entry(dtype, shape, offset, size)))
        offset += size
    return table(entries, knobs)


def v1_meta(variables: Iterable[tuple[str, int, Sequence[int]]]) -> bytes:
    """The value of a V1 table's first entry."""
    tensors = b""
    for name, dtype, shape in variables:
        slices = bytes_field(1, b"") * len(shape)
        tensors += bytes_field(
            1,
            bytes_field(1, name.encode())
            + bytes_field(2, shape_message(shape))
            + number_field(3, dtype)
            + bytes_field(4, slices),
        )
    return bytes_field(1, tensors + bytes_field(2, number_field(1, 1)))


def v1(
    variables: Iterable[tuple[str, int, Sequence[int]]],
    tensors: Sequence[tuple[bytes, bytes]] = ((b"\x00x\x00\x01\x00", b"tensor"),),
    knobs: Knobs = PLAIN,
) -> bytes:
    """A V1 file: what it lists, and entries that stand for its tensors."""
    return table([(b"", v1_meta(variables)), *tensors], knobs)
