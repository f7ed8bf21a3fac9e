"""Reading files of a workspace: regular files only, and never more of one than makes sense."""

from __future__ import annotations

from ckptls.checkpoint.storage.open_regular import (
    NotRegularError,
    TooLargeError,
    read_regular,
    read_start,
    regular_opener,
    special_kind,
)

__all__ = [
    "NotRegularError",
    "TooLargeError",
    "decode_text",
    "read_regular",
    "read_start",
    "regular_opener",
    "special_kind",
]


def decode_text(data: bytes) -> str:
    """The text of bytes: what is not UTF-8 in it is replaced, a byte order mark is not part of it,
    and each line ends in a line feed."""
    text = data.decode("utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
