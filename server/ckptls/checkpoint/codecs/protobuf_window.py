"""Messages in a file, read by windows: what is passed over is not loaded.

Source: the protocol buffers encoding guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ckptls.checkpoint.codecs.protobuf_wire import FIXED32, FIXED64, LENGTH, VARINT, read_varint
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointTooLarge

WINDOW_BYTES = 256 * 1024
_HEAD_BYTES = 20  # no tag with a number behind it takes more
_MAX_FIELDS = 5_000_000  # looked at one by one; more would take minutes


class Skimmer:
    """A file of messages; offsets are those of the file.

    Attributes:
        size: bytes of the file.
    """

    __slots__ = ("_end", "_left", "_read_at", "_start", "_window", "size")

    def __init__(self, read_at: Callable[[int, int], bytes], size: int) -> None:
        """`read_at` gives as many bytes from an offset as it is asked for."""
        self.size = size
        self._read_at = read_at
        self._left = _MAX_FIELDS
        self._window = b""
        self._start = self._end = 0

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, which lie in the file."""
        if start < self._start or end > self._end:
            if end - start > WINDOW_BYTES:
                return self._read_at(start, end - start)
            self.window(start)
        return self._window[start - self._start : end - self._start]

    def window(self, start: int) -> bytes:
        """What is loaded at once from `start` on."""
        count = min(WINDOW_BYTES, self.size - start)
        if start != self._start or self._end - start < count:
            self._window = self._read_at(start, count)
            self._start, self._end = start, start + count
        return self._window

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """As `wire.fields`; the value of a LENGTH field lies from `a` to `b` in the file.

        Raises:
            CheckpointDamaged: a field runs past `end`, or its tag is not valid.
        """
        pos = start
        while pos < end:
            self._left -= 1
            if self._left < 0:
                raise CheckpointTooLarge("more fields than any model has", where=pos)
            head = self.read(pos, min(end, pos + _HEAD_BYTES))
            number, wire, value, taken = _head(head, pos)
            pos += taken
            if wire == LENGTH:
                start, pos = pos, pos + value
                value = start
            elif wire in (FIXED32, FIXED64):
                pos += 4 if wire == FIXED32 else 8
            if pos > end:
                raise CheckpointDamaged("a message field runs past its message", where=pos)
            yield number, wire, value, pos


def _head(head: bytes, where: int) -> tuple[int, int, int, int]:
    """(number, wire type, number behind it or 0, bytes taken) of the field that begins here."""
    try:
        tag, pos = read_varint(head, 0, len(head))
        number, wire = tag >> 3, tag & 7
        if number == 0 or tag >> 32 or wire not in (VARINT, FIXED64, LENGTH, FIXED32):
            raise CheckpointDamaged("a message field has no valid tag", where=0)
        value = 0
        if wire in (VARINT, LENGTH):
            value, pos = read_varint(head, pos, len(head))
    except CheckpointDamaged as error:
        raise CheckpointDamaged(error.what, where=where + (error.where or 0)) from error
    return number, wire, value, pos
