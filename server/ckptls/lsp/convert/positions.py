"""Converts code point offsets to lines and characters of the protocol, in any encoding."""

from __future__ import annotations

from lsprotocol import types

from ckptls.source.text.source_text import SourceText, Span

Encoding = types.PositionEncodingKind | str


def to_position(source: SourceText, offset: int, encoding: Encoding) -> types.Position:
    """Returns the protocol's position of a code point offset."""
    line = source.line_of(offset)
    start = source.line_starts[line]
    if source.is_ascii:
        return types.Position(line, offset - start)
    return types.Position(line, count_units(source.text[start:offset], encoding))


def to_range(source: SourceText, span: Span, encoding: Encoding) -> types.Range:
    """Returns the protocol's range of a span."""
    start = to_position(source, span.start, encoding)
    return types.Range(start, to_position(source, span.end, encoding))


def to_offset(source: SourceText, position: types.Position, encoding: Encoding) -> int:
    """Returns the code point offset of a position, at most the end of its line."""
    if position.line >= len(source.line_starts):
        return len(source.text)
    start, end = source.line_span(max(position.line, 0))
    if source.is_ascii:
        return min(start + max(position.character, 0), end)
    line = source.text[start:end]
    if line.isascii():
        return min(start + max(position.character, 0), end)
    counted = 0
    for index, char in enumerate(line):
        if counted >= position.character:
            return start + index
        counted += count_units(char, encoding)
    return end


def count_units(text: str, encoding: Encoding) -> int:
    """Returns the length of a text in the units of an encoding."""
    if encoding == types.PositionEncodingKind.Utf32 or text.isascii():
        return len(text)
    if encoding == types.PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
