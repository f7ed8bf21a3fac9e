"""Long runs of comments, which the parser is given as blanks.

The grammar's scanner looks through all comments that follow a line end for the indentation
behind them, and does so again behind each of them: the time grows with the square of their
number (half a second for 2,000 lines). Blanks of the same length mean the same to it.
"""

from __future__ import annotations

import re

# Shorter runs cost little.
_MANY = 100
_QUOTE = re.compile(rb"\"\"\"|'''|[\"'#]")
_REST = {
    b'"': re.compile(rb'(?:[^"\\\n]|\\.)*"?', re.S),
    b"'": re.compile(rb"(?:[^'\\\n]|\\.)*'?", re.S),
    b"#": re.compile(rb"[^\n]*"),
}
_VISIBLE = re.compile(rb"[^\s]")


def without_long_comments(data: bytes) -> bytes:
    """A text in which comments are blanks that stand in many lines after each other, with no
    code among them; all else is in its place."""
    if data.count(b"#") < _MANY:
        return data
    runs = _runs(data.split(b"\n"))
    if not runs:
        return data
    made: list[bytes] = []
    done, known = 0, 0
    for first, last in runs:
        known, is_open = scan_strings(data, known, first)
        if not is_open:
            made += [data[done:first], _VISIBLE.sub(b" ", data[first:last])]
            done = last
    return b"".join([*made, data[done:]]) if made else data


def _runs(lines: list[bytes]) -> list[tuple[int, int]]:
    """Where many lines after each other look like comments, or have nothing in them."""
    found: list[tuple[int, int]] = []
    start = place = count = 0
    for line in (*lines, b"."):
        content = line.lstrip()
        if content.startswith(b"#"):
            if not count:
                start = place
            count += 1
        elif content:
            if count >= _MANY:
                found.append((start, min(place, sum(map(len, lines)) + len(lines) - 1)))
            count = 0
        place += len(line) + 1
    return found


def scan_strings(data: bytes, position: int, until: int) -> tuple[int, bool]:
    """Goes on from a place where no string is open to another one; gives a place as far on as
    is known to be such, and whether a string is open at the other one."""
    while True:
        token = _QUOTE.search(data, position, until)
        if token is None:
            return until, False
        quote = token.group()
        if len(quote) == 3:
            end = _closed(data, quote, token.end())
        else:
            rest = _REST[quote].match(data, token.end())
            end = rest.end() if rest is not None else token.end()
        if end > until:
            return position, True
        position = end


def _closed(data: bytes, quote: bytes, position: int) -> int:
    """Where a string of several lines ends, or the text."""
    while True:
        found = data.find(quote, position)
        if found < 0:
            return len(data) + 1
        before = data[max(found - 100, position) : found]
        if (len(before) - len(before.rstrip(b"\\"))) % 2 == 0:
            return found + 3
        position = found + 1
