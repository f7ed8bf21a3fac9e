"""Converts content changes of the protocol to edits, also where they split a character.

A client that counts in UTF-16 may exchange one half of a surrogate pair for another, or write
them one after the other. Together they are one character again, as if it had come at once.
"""

from __future__ import annotations

import re

from lsprotocol import types

from ckptls.lsp.convert.positions import Encoding, to_offset, to_position
from ckptls.source.text.source_text import SourceText

_HALF = re.compile("[\ud800-\udfff]")


def to_edit(
    source: SourceText, change: types.TextDocumentContentChangePartial, encoding: Encoding
) -> tuple[int, int, str]:
    """Returns (start, end, new): the text that replaces the code points from start to end."""
    new = change.text
    places = sorted(
        (change.range.start, change.range.end), key=lambda each: (each.line, each.character)
    )
    start, end = (to_offset(source, place, encoding) for place in places)
    if encoding != types.PositionEncodingKind.Utf16 or source.is_ascii:
        return start, max(start, end), new
    if _is_cut(source, start, places[0]):
        start -= 1
        new = _halves(source.text[start])[0] + new
    if _is_cut(source, end, places[1]):
        new += _halves(source.text[end - 1])[1]
    return _whole(source.text, start, end, new)


def _is_cut(source: SourceText, offset: int, place: types.Position) -> bool:
    """Whether a position is inside the character before an offset."""
    if not offset or source.text[offset - 1] <= "\uffff":
        return False
    here = to_position(source, offset, types.PositionEncodingKind.Utf16)
    return here.line == place.line and here.character == place.character + 1


def _halves(char: str) -> tuple[str, str]:
    code = ord(char) - 0x10000
    return chr(0xD800 + (code >> 10)), chr(0xDC00 + (code & 0x3FF))


def _whole(text: str, start: int, end: int, new: str) -> tuple[int, int, str]:
    """Returns the same edit with adjacent halves joined to characters."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if not _HALF.search(before + new + after):
        return start, end, new
    if _HALF.match(before):
        start, new = start - 1, before + new
    if _HALF.match(after):
        end, new = end + 1, new + after
    joined = new.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return start, end, joined
