"""Offsets of a source text: code points, UTF-8 bytes, and lines.

Everything above the parser counts in code points; tree-sitter counts in UTF-8 bytes and
the protocol in lines and UTF-16 units. This module is where the first two meet.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import NamedTuple

# LSP 3.17 knows these line ends and no others; str.splitlines also splits on form feeds.
_LINE_END = re.compile(r"\r\n|\n|\r")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_WIDE = re.compile(r"[^\x00-\x7f]")
# So many questions about bytes are answered by encoding what is before.
_FEW = 12


class Span(NamedTuple):
    """A half-open range of code points, `[start, end)`."""

    start: int
    end: int

    def covers(self, offset: int) -> bool:
        """Whether a cursor at `offset` touches the span (both ends included)."""
        return self.start <= offset <= self.end


class SourceText:
    """One version of a text, with its line starts and its UTF-8 form."""

    __slots__ = ("_asked", "_lines", "_wide", "data", "is_ascii", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode("utf-8", "surrogatepass")
        self.is_ascii = len(self.data) == len(text)
        self._lines: list[int] | None = None
        self._wide: tuple[list[int], list[int], list[int]] | None = None
        self._asked = 0

    @property
    def line_starts(self) -> list[int]:
        """The offsets at which lines begin."""
        if self._lines is None:
            self._lines = _line_starts(self.text)
        return self._lines

    def edited(self, start: int, end: int, new: str) -> SourceText:
        """The version in which `new` stands for the code points from `start` to `end`."""
        after = SourceText(self.text[:start] + new + self.text[end:])
        if self._lines is not None:
            after._lines = _edited_lines(self._lines, after.text, start, end, len(new))
        return after

    def line_of(self, offset: int) -> int:
        """The 0-based line that holds the code point at `offset`."""
        return bisect_right(self.line_starts, offset) - 1

    def line_span(self, line: int) -> Span:
        """The span of a line without its line end."""
        start = self.line_starts[line]
        end = self.line_starts[line + 1] if line + 1 < len(self.line_starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return Span(start, end)

    def byte(self, offset: int) -> int:
        """The UTF-8 offset of a code point offset."""
        if self.is_ascii:
            return offset
        if self._is_asked_little():
            return len(self.text[:offset].encode("utf-8", "surrogatepass"))
        wide, _, extra = self._wide_chars()
        return offset + extra[bisect_left(wide, offset)]

    def point(self, offset: int) -> tuple[int, int]:
        """Row, and column in bytes, of a code point offset, as tree-sitter wants them.

        Rows end at a line feed only, as in tree-sitter, which is given one for a lone carriage
        return (see `line_feeds`).
        """
        if "\r" in self.text:
            row = self.line_of(offset)
            start = self.line_starts[row]
            return row, len(self.text[start:offset].encode("utf-8", "surrogatepass"))
        row = self.text.count("\n", 0, offset)
        start = self.text.rfind("\n", 0, offset) + 1
        return row, len(self.text[start:offset].encode("utf-8", "surrogatepass"))

    def char(self, byte: int) -> int:
        """The code point offset of a UTF-8 offset."""
        if self.is_ascii:
            return byte
        if self._is_asked_little():
            return len(self.data[:byte].decode("utf-8", "surrogatepass"))
        _, ends, extra = self._wide_chars()
        return byte - extra[bisect_right(ends, byte)]

    def _is_asked_little(self) -> bool:
        """Whether a table of the wide characters is not worth its making yet."""
        self._asked += 1
        return self._wide is None and self._asked <= _FEW

    def _wide_chars(self) -> tuple[list[int], list[int], list[int]]:
        """Of the characters beyond ASCII: their offsets, the bytes where they end, and for
        each count of them the bytes that UTF-8 takes beyond one a character."""
        if self._wide is None:
            offsets: list[int] = []
            ends: list[int] = []
            extra = [0]
            for match in _WIDE.finditer(self.text):
                offsets.append(match.start())
                extra.append(extra[-1] + _utf8_length(match.group()) - 1)
                ends.append(match.end() + extra[-1])
            self._wide = offsets, ends, extra
        return self._wide


def line_feeds(data: bytes) -> bytes:
    """A text in which lone carriage returns are line feeds, as Python's tokenizer reads them."""
    return _LONE_RETURN.sub(b"\n", data) if b"\r" in data else data


def _line_starts(text: str) -> list[int]:
    if "\r" in text:
        return [0, *(match.end() for match in _LINE_END.finditer(text))]
    # The same for the common case, several times as fast: this runs on each keystroke.
    starts = list(accumulate(map(len, text.split("\n")), initial=0))
    starts.pop()
    return [start + line for line, start in enumerate(starts)]


def _edited_lines(lines: list[int], text: str, start: int, end: int, length: int) -> list[int]:
    """Where the lines of `text` begin, which had `lines` before `length` code points took the
    place of those from `start` to `end`.

    Looked at again is from the line before, as `\\r` and `\\n` may have met, to the next
    beginning of a line that has its line end behind the edit, too.
    """
    first = max(bisect_right(lines, start) - 2, 0)
    last = bisect_right(lines, end)
    moved = length - (end - start)
    until = lines[last] + moved if last < len(lines) else len(text)
    window = _line_starts(text[lines[first] : until])
    if last < len(lines):
        window.pop()
    begin = lines[first]
    return [
        *lines[:first],
        *[begin + each for each in window],
        *[each + moved for each in lines[last:]],
    ]


def _utf8_length(char: str) -> int:
    code = ord(char)
    if code < 0x800:
        return 2
    return 3 if code < 0x10000 else 4
