"""The messages that both checkpoint versions share: shapes, slices and slice keys.

Source: tensorflow/core/framework/{tensor_shape,tensor_slice}.proto,
tensorflow/core/util/saved_tensor_slice_util.cc, tensorflow/core/lib/strings/ordered_code.cc.
"""

from __future__ import annotations

from ckptls.checkpoint.codecs.protobuf_wire import LENGTH, VARINT, fields, signed
from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.core.types import Extents, Shape

MAX_RANK = 254
FULL_EXTENT = -1
_ESCAPES = {0x00: b"\x00\xff", 0xFF: b"\xff\x00"}


def decode_shape(data: bytes, start: int, end: int) -> Shape:
    """The shape in one TensorShapeProto; `()` for an unknown rank, as TensorFlow lists it.

    Raises:
        CheckpointDamaged: a negative size, more than 254 dimensions, or 2^63 elements.
    """
    sizes: list[int] = []
    has_unknown_rank = False
    for number, wire, a, b in fields(data, start, end):
        if number == 2 and wire == LENGTH:
            sizes.append(_dimension(data, a, b))
        elif number == 3 and wire == VARINT:
            has_unknown_rank = bool(a)
    if has_unknown_rank:
        return ()
    if len(sizes) > MAX_RANK:
        raise CheckpointDamaged(f"a shape of {len(sizes)} dimensions", where=start)
    _check_elements(sizes, start)
    return tuple(sizes)


def _dimension(data: bytes, start: int, end: int) -> int:
    size = 0
    for number, wire, value, _ in fields(data, start, end):
        if number == 1 and wire == VARINT:
            size = signed(value)
    if size < 0:
        raise CheckpointDamaged(f"a shape with a dimension of {size}", where=start)
    return size


def _check_elements(sizes: list[int], where: int) -> None:
    elements = 1
    for size in sizes:
        elements *= size
        if elements >> 63:
            raise CheckpointDamaged("a shape with 2^63 elements or more", where=where)


def decode_extents(data: bytes, start: int, end: int) -> Extents:
    """The (start, length) of each dimension in one TensorSliceProto."""
    extents: list[tuple[int, int]] = []
    for number, wire, a, b in fields(data, start, end):
        if number == 1 and wire == LENGTH:
            begin, length = 0, FULL_EXTENT
            for part, part_wire, value, _ in fields(data, a, b):
                if part == 1 and part_wire == VARINT:
                    begin = signed(value)
                elif part == 2 and part_wire == VARINT:
                    length = signed(value)
            extents.append((begin, length))
    return tuple(extents)


def slice_key(name: bytes, extents: Extents) -> bytes:
    """The table key under which one slice of a partitioned variable is stored."""
    escaped = b"".join(_ESCAPES.get(byte) or bytes([byte]) for byte in name)
    key = _ordered_number(0) + escaped + b"\x00\x01" + _ordered_number(len(extents))
    return key + b"".join(_ordered_signed(n) for extent in extents for n in extent)


def _ordered_number(value: int) -> bytes:
    """A natural number that sorts by value: count of bytes, then big-endian bytes."""
    body = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(body)]) + body


def _ordered_signed(value: int) -> bytes:
    """A signed number that sorts by value: n bytes start with n one-bits and hold 7n - 1 bits."""
    magnitude = ~value if value < 0 else value
    count = magnitude.bit_length() // 7 + 1
    header = ((1 << count) - 1) << (7 * count)
    encoded = (header | magnitude).to_bytes(count, "big")
    return bytes(byte ^ 0xFF for byte in encoded) if value < 0 else encoded
