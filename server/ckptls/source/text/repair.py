"""The string that is still open under the cursor.

While a string is typed its closing quote, and often the brackets after it, are not there
yet, and a parser loses the call around it. What is missing is put in behind the text that
is being typed, in a copy that lives as long as one question.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from ckptls.source.text.source_text import SourceText

_TOKEN = re.compile(r"""\"\"\"|'''|["'#]""")
# To its quote, or else as far as it could go on: what a search for the quote alone would go
# through again from each line of the string.
_REST = {
    '"': re.compile(r'(?:[^"\\\r\n]|\\(?:\r\n|.))*("?)', re.S),
    "'": re.compile(r"(?:[^'\\\r\n]|\\(?:\r\n|.))*('?)", re.S),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*((?:""")?)', re.S),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*((?:''')?)", re.S),
}
_LINE_END = re.compile(r"[\r\n]")
_NAME_END = re.compile(r"[,)\]}\s#\"']")
_BRACKET = re.compile(r"[()\[\]{}]")
_CLOSER = {"(": ")", "[": "]", "{": "}"}
_COMPOUND = re.compile(r"\s*(?:async\s+)?(?:with|for|while|if|elif|def|class)\b")
# How far brackets are looked for, before the cursor and behind it.
_WINDOW_LINES = 80


@dataclass(frozen=True, slots=True)
class Insertion:
    """Text to put in at an offset so that the string under the cursor is whole."""

    offset: int
    text: str
    is_string_open: bool = False


def missing(source: SourceText, cursor: int, first: int = 0) -> Insertion | None:
    """What the string or call under the cursor lacks; None if it is whole or no string.

    `first` is a place before the cursor at which no string and no bracket is open.
    """
    quiet, literal = _scan(source.text, cursor, first)
    if literal is None:
        return None
    start, quote, end = literal
    if end is not None:
        # The string is whole; its brackets may not be.
        brackets = _missing_brackets(source, quiet, start, end, first)
        return Insertion(end, brackets) if brackets else None
    found = _NAME_END.search(source.text, max(cursor, start))
    end = found.start() if found is not None else len(source.text)
    return Insertion(end, quote + _missing_brackets(source, quiet, start, end, first), True)


def _scan(
    text: str, cursor: int, position: int
) -> tuple[list[tuple[int, int]], tuple[int, str, int | None] | None]:
    """Strings and comments before the cursor, and the string that it stands in.

    The latter is (start of its content, its quotes, its end or None when it has none).
    """
    spans: list[tuple[int, int]] = []
    while True:
        token = _TOKEN.search(text, position)
        if token is None or token.start() >= cursor:
            return spans, None
        kind = token.group()
        if kind == "#":
            end = _line_end(text, token.end())
            if cursor <= end:
                return spans, None
        else:
            rest = _REST[kind].match(text, token.end())
            assert rest is not None  # it can be empty
            if not rest[1] and len(kind) == 3:
                return spans, None
            end = rest.end()
            if token.end() <= cursor <= end - len(rest[1]):
                return spans, (token.end(), kind, end if rest[1] else None)
        spans.append((token.start(), end))
        position = end


def _line_end(text: str, position: int) -> int:
    found = _LINE_END.search(text, position)
    return found.start() if found is not None else len(text)


def _missing_brackets(
    source: SourceText, quiet: list[tuple[int, int]], start: int, end: int, first: int
) -> str:
    """The brackets open at `start` that nothing behind `end` closes, as their closers; none is
    open at `first`."""
    line = source.line_of(start)
    first = max(first, source.line_starts[max(line - _WINDOW_LINES, 0)])
    opened: list[int] = []
    for match in _BRACKET.finditer(source.text, first, start):
        if _is_inside(quiet, match.start()):
            continue
        if match.group() in _CLOSER:
            opened.append(match.start())
        elif opened:
            opened.pop()
    if not opened:
        return ""
    remaining = _unclosed(source, opened, end)
    closers = "".join(_CLOSER[source.text[place]] for place in reversed(opened[:remaining]))
    return closers + _colon(source, opened[0], end, is_closed=remaining == 0)


def _is_inside(spans: list[tuple[int, int]], offset: int) -> bool:
    index = bisect_left(spans, (offset + 1, 0)) - 1
    return index >= 0 and spans[index][0] <= offset < spans[index][1]


def _unclosed(source: SourceText, opened: list[int], end: int) -> int:
    """How many of the brackets are still open where the statement must have ended."""
    text = source.text
    remaining = len(opened)
    depth = 0
    statement = source.line_of(opened[0])
    indent = _indent(source, statement)
    last = min(source.line_of(end) + _WINDOW_LINES, len(source.line_starts) - 1)
    for number in range(source.line_of(end), last + 1):
        low, high = source.line_span(number)
        line = text[low:high]
        if number > source.line_of(end) and line.strip():
            is_closer = line.lstrip()[0] in ")]}"
            if _indent(source, number) <= indent and not is_closer:
                break
        position = max(low, end)
        while position < high and remaining:
            char = text[position]
            if char == "#":
                break
            if char in "\"'":
                rest = _REST[char].match(text, position + 1)
                assert rest is not None  # it can be empty
                position = rest.end() if rest[1] else high
                continue
            if char in _CLOSER:
                depth += 1
            elif char in ")]}":
                if depth:
                    depth -= 1
                elif _CLOSER[text[opened[remaining - 1]]] == char:
                    remaining -= 1
                else:
                    return remaining
            position += 1
    return remaining


def _indent(source: SourceText, line: int) -> int:
    low, high = source.line_span(line)
    text = source.text[low:high]
    return len(text) - len(text.lstrip())


def _colon(source: SourceText, opened: int, end: int, is_closed: bool) -> str:
    """The colon of a `with …` whose line ends at the cursor."""
    low, high = source.line_span(source.line_of(opened))
    if is_closed or not _COMPOUND.match(source.text[low:high]):
        return ""
    line_end = source.line_span(source.line_of(end)).end
    return ":" if not source.text[end:line_end].strip() else ""
