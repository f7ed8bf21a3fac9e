"""Raw snappy blocks: with cramjam where it is installed, else decoded here.

Source: the snappy format description (format_description.txt of google/snappy).
"""

from __future__ import annotations

from collections.abc import Callable

from ckptls.checkpoint.codecs.protobuf_wire import read_varint32
from ckptls.checkpoint.core.errors import CheckpointDamaged

MAX_DECODED_BYTES = 64 * 1024 * 1024
_MAX_RATIO = 32
_RATIO_SLACK_BYTES = 64 * 1024


def decode(stored: bytes) -> bytes:
    """The content of one raw snappy block.

    The length that the block declares is held against the size of the block before
    anything is allocated for it.

    Raises:
        CheckpointDamaged: not a snappy block, or one that expands beyond all measure.
    """
    declared, _ = read_varint32(stored, 0, len(stored))
    if declared > min(MAX_DECODED_BYTES, _MAX_RATIO * len(stored) + _RATIO_SLACK_BYTES):
        raise CheckpointDamaged(
            f"{len(stored):,} compressed bytes claim to hold {declared:,}", where=0
        )
    compiled = compiled_decode()
    return decode_pure(stored) if compiled is None else compiled(stored)


def decode_pure(stored: bytes) -> bytes:
    """As `decode` without its limit on size, in Python: some 8 ms a megabyte and up."""
    declared, pos = read_varint32(stored, 0, len(stored))
    out = _expand(stored, pos, declared, is_prefix=False)
    if len(out) != declared:
        raise CheckpointDamaged(
            f"a compressed block declares {declared:,} bytes and holds {len(out):,}",
            where=len(stored),
        )
    return bytes(out)


def decode_prefix(stored: bytes, wanted: int) -> bytes:
    """The first `wanted` decoded bytes, or as many as the first stored bytes give.

    `stored` may be cut off anywhere.
    """
    declared, pos = read_varint32(stored, 0, len(stored))
    return bytes(_expand(stored, pos, min(declared, wanted), is_prefix=True)[:wanted])


def compiled_decode() -> Callable[[bytes], bytes] | None:
    """cramjam's decoder under our own error, or None without cramjam."""
    try:
        import cramjam
    except ImportError:
        return None

    def decode_compiled(stored: bytes) -> bytes:
        try:
            return bytes(cramjam.snappy.decompress_raw(stored))
        except cramjam.DecompressionError:
            return decode_pure(stored)  # it says what is wrong, and where

    return decode_compiled


def _expand(stored: bytes, pos: int, wanted: int, *, is_prefix: bool) -> bytearray:
    """Decode the elements from `pos` on until `wanted` bytes are there."""
    out = bytearray()
    end = len(stored)
    while pos < end and (len(out) < wanted or not is_prefix):
        tag = stored[pos]
        header = _header_bytes(tag)
        if pos + header > end:
            if is_prefix:
                break
            raise CheckpointDamaged("a compressed block ends inside an element", where=pos)
        if tag & 3 == 0:
            length = (tag >> 2) + 1
            if header > 1:
                length = int.from_bytes(stored[pos + 1 : pos + header], "little") + 1
            literal = stored[pos + header : pos + header + length]
            if len(literal) < length and not is_prefix:
                raise CheckpointDamaged("a compressed block ends inside a literal", where=pos)
            out += literal
            pos += header + length
        else:
            _copy(out, tag, stored[pos + 1 : pos + header], pos)
            pos += header
        if len(out) > wanted and not is_prefix:
            raise CheckpointDamaged("a compressed block holds more than it declares", where=pos)
    return out


def _header_bytes(tag: int) -> int:
    """How many bytes the element's tag takes together with its length or offset."""
    kind = tag & 3
    if kind:
        return (0, 2, 3, 5)[kind]
    length = tag >> 2
    return 1 if length < 60 else length - 58


def _copy(out: bytearray, tag: int, operand: bytes, pos: int) -> None:
    """Append a stretch that is already in `out`; it may overlap its own copy."""
    offset = int.from_bytes(operand, "little")
    length = (tag >> 2) + 1
    if tag & 3 == 1:
        offset |= (tag >> 5) << 8
        length = (tag >> 2 & 7) + 4
    if not 1 <= offset <= len(out):
        raise CheckpointDamaged("a compressed block copies from before its start", where=pos)
    start = len(out) - offset
    if offset >= length:
        out += out[start : start + length]
        return
    stretch = bytes(out[start:])
    out += (stretch * (length // offset + 1))[:length]
