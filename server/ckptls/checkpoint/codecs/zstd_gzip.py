"""Zstandard and gzip, unpacked into no more than they may be.

Source: RFC 8878 (Zstandard), section 3.1.1; the work is done by cramjam and zlib.
"""

from __future__ import annotations

import zlib

from ckptls.checkpoint.core.errors import CheckpointDamaged

_MAGIC = b"\x28\xb5\x2f\xfd"
_CONTENT_SIZE_BYTES = (0, 2, 4, 8)
_DICTIONARY_BYTES = (0, 1, 2, 4)
_FIRST_GUESS_BYTES = 1 << 16


def decoded(data: bytes, max_bytes: int) -> bytes:
    """What one Zstandard frame holds.

    Raises:
        CheckpointDamaged: an invalid frame, or one of more than `max_bytes`.
    """
    import cramjam

    stated = _content_bytes(data)
    if stated is not None and stated > max_bytes:
        raise CheckpointDamaged(f"{stated:,} bytes where at most {max_bytes:,} can be")
    room = min(max_bytes, max(_FIRST_GUESS_BYTES, 8 * len(data))) if stated is None else stated
    while True:
        buffer = bytearray(room + 1)
        try:
            count = cramjam.zstd.decompress_into(data, buffer)
        except (cramjam.DecompressionError, ValueError, TypeError) as error:
            if stated is not None or room >= max_bytes:
                raise CheckpointDamaged(f"invalid Zstandard frame: {str(error)[:200]}") from None
            room = min(max_bytes, room * 8)
            continue
        if count > room or (stated is not None and count != stated):
            raise CheckpointDamaged("Zstandard data of another size than it states")
        return bytes(buffer[:count])


def inflated(data: bytes, max_bytes: int) -> bytes:
    """What gzip or zlib data holds.

    Raises:
        CheckpointDamaged: no such data, or more than `max_bytes`.
    """
    engine = zlib.decompressobj(wbits=47)
    try:
        found = engine.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise CheckpointDamaged(f"invalid gzip stream: {error}") from None
    if len(found) > max_bytes or not engine.eof:
        raise CheckpointDamaged("gzip data of another size than it should have")
    return found


def _content_bytes(data: bytes) -> int | None:
    """The size that a frame states, None if it states none."""
    if data[:4] != _MAGIC or len(data) < 6:
        raise CheckpointDamaged("no Zstandard frame")
    descriptor = data[4]
    is_single = bool(descriptor & 0x20)
    count = _CONTENT_SIZE_BYTES[descriptor >> 6] or int(is_single)
    start = 5 + (not is_single) + _DICTIONARY_BYTES[descriptor & 3]
    if not count or len(data) < start + count:
        return None
    size = int.from_bytes(data[start : start + count], "little")
    return size + 256 if count == 2 else size
