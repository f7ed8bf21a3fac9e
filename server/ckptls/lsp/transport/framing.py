"""The base protocol: messages in a byte stream, each a header with a length and a JSON body.

Source: Language Server Protocol 3.18, "Base Protocol".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

_PIECE_BYTES = 1 << 20
_MAX_HEADER_BYTES = 8192
_MAX_HEADERS = 16
_MAX_DIGITS = 12
_HEADERS = frozenset({b"content-length", b"content-type"})


class FramingError(Exception):
    """Bytes that are not a message of the protocol, or one that is longer than allowed."""


def decode_body(body: bytes | str) -> Any:
    """Returns the JSON of a body, or the exception if it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError, MemoryError) as error:
        return error


def messages(stream: BinaryIO) -> Iterator[Any]:
    """Yields the messages of a stream as JSON, and an exception for each that is not JSON."""
    for body in bodies(stream):
        yield decode_body(body)


def bodies(stream: BinaryIO) -> Iterator[bytes]:
    """Yields the bodies of messages; a last one that is cut off is left out.

    Lines that are not headers are skipped, up to the next one that gives a length.
    """
    while (length := _length(stream)) is not None:
        body = _read(stream, length)
        if body is None:
            return
        yield body


def read_body(stream: BinaryIO, max_bytes: int) -> bytes | None:
    """Returns the next body of a stream that holds nothing but messages; None at its end.

    Raises:
        FramingError: a line is not a header of the protocol, or the body has more than
            `max_bytes` bytes. Nothing further is read then.
    """
    length = None
    for _ in range(_MAX_HEADERS):
        line = stream.readline(_MAX_HEADER_BYTES)
        if not line:
            return None
        if line in (b"\r\n", b"\n"):
            if length is None:
                raise FramingError("a header without Content-Length")
            return _read(stream, length)
        name, _, value = line.partition(b":")
        kind, digits = name.strip().lower(), value.strip()
        if kind not in _HEADERS or not line.endswith(b"\n"):
            raise FramingError("not a header of the language server protocol")
        if kind == b"content-length":
            if not digits.isdigit() or len(digits) > _MAX_DIGITS or int(digits) > max_bytes:
                raise FramingError(f"a message of more than {max_bytes:,} bytes")
            length = int(digits)
    raise FramingError("too many header lines")


def _read(stream: BinaryIO, length: int) -> bytes | None:
    """Returns `length` bytes; None if the stream ends before."""
    body = bytearray()
    while len(body) < length:
        piece = stream.read(min(length - len(body), _PIECE_BYTES))
        if not piece:
            return None
        body += piece
    return bytes(body)


def _length(stream: BinaryIO) -> int | None:
    """Returns the length of the next body; None at the end of the stream."""
    length = None
    while line := stream.readline(_MAX_HEADER_BYTES):
        name, _, value = line.partition(b":")
        digits = value.strip()
        if name.strip().lower() == b"content-length" and digits.isdigit():
            length = int(digits) if len(digits) <= _MAX_DIGITS else None
        elif length is not None and not line.strip():
            return length
    return None
