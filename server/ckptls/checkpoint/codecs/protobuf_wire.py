"""Protocol-buffer wire format, every read checked against its bounds.

Source: the protocol buffers encoding guide; limits as for any untrusted input.
"""

from __future__ import annotations

from collections.abc import Iterator

from ckptls.checkpoint.core.errors import CheckpointDamaged

VARINT = 0
FIXED64 = 1
LENGTH = 2
FIXED32 = 5


def read_varint(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """The unsigned 64-bit varint at `pos`, and the position after it.

    Raises:
        CheckpointDamaged: it runs past `end`, takes more than 10 bytes or exceeds 64 bits.
    """
    value = shift = 0
    while pos < end:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                raise CheckpointDamaged("a number exceeds 64 bits", where=pos - 1)
            return value, pos
        shift += 7
        if shift == 70:
            raise CheckpointDamaged("a number takes more than 10 bytes", where=pos - 1)
    raise CheckpointDamaged("the data ends inside a number", where=end)


def read_varint32(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """As `read_varint`, for numbers that the format limits to 32 bits."""
    value, after = read_varint(data, pos, end)
    if value >> 32:
        raise CheckpointDamaged("a number exceeds 32 bits", where=pos)
    return value, after


def varint(value: int) -> bytes:
    """The varint of a number of at most 64 bits: what `read_varint` reads."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> int:
    """The int64 whose two's complement is the varint `value`."""
    return value - (1 << 64) if value >> 63 else value


def fields(data: bytes, pos: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of one message in data[pos:end], in order.

    Yields (number, wire type, a, b): for LENGTH the value is data[a:b], for the others
    the value is `a` and b is the position after it. Which wire type a field must have is
    the caller's to check: a known number with another type is an unknown field.

    Raises:
        CheckpointDamaged: a field runs past `end`, or its tag is not valid.
    """
    while pos < end:
        tag, after = read_varint(data, pos, end)
        number, wire = tag >> 3, tag & 7
        if number == 0 or tag >> 32:
            raise CheckpointDamaged("a message field has no valid number", where=pos)
        if wire == VARINT:
            value, pos = read_varint(data, after, end)
            yield number, wire, value, pos
            continue
        size = _field_bytes(data, wire, after, end)
        start = size[1]
        pos = start + size[0]
        if pos > end:
            raise CheckpointDamaged("a message field runs past its message", where=after)
        if wire == LENGTH:
            yield number, wire, start, pos
        else:
            yield number, wire, int.from_bytes(data[start:pos], "little"), pos


def _field_bytes(data: bytes, wire: int, pos: int, end: int) -> tuple[int, int]:
    """(bytes of the value, where it starts) of a field that is no varint."""
    if wire == LENGTH:
        return read_varint32(data, pos, end)
    if wire == FIXED32:
        return 4, pos
    if wire == FIXED64:
        return 8, pos
    raise CheckpointDamaged(f"a message field has wire type {wire}", where=pos - 1)
