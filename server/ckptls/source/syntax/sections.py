"""Where a broken text is cut into sections, so that an error spoils no more than its own.

A section begins at a line of the top level that starts a statement, and is parsed alone. Strings
and brackets are followed lexically. A string of one line that is not closed ends with its line,
together with the brackets around it; a bracket that nothing closes holds only up to the next line
that may begin a statement.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

# Lines that begin with other characters, as `(` or a digit, go on with what is before them.
_TOKEN = re.compile(
    r"""
    (?P<whole>
        \"\"\" [^"\\]* (?: (?: \\. | "(?!"") ) [^"\\]* )* \"\"\"
      | ''' [^'\\]* (?: (?: \\. | '(?!'') ) [^'\\]* )* '''
      | \# [^\n]*
      | \\ \r? \n
    )
  | (?P<endless> (?: \"\"\" | ''' ) .* )
  | (?P<short>
        " [^"\\\r\n]* (?: \\ (?: \r\n | . ) [^"\\\r\n]* )* "?
      | ' [^'\\\r\n]* (?: \\ (?: \r\n | . ) [^'\\\r\n]* )* '?
    )
  | (?P<open> [(\[{] )
  | (?P<close> [)\]}] )
  | (?P<line> \n (?: (?=@) | (?= [^\W\d] ) (?! (?: else | elif | except | finally ) \b ) ) )
    """,
    re.S | re.X,
)
_OPENER = {")": "(", "]": "[", "}": "{"}
# What may stand before the quote of a formatted string, whose braces may hold line ends.
_FORMATTED = re.compile(r"(?:[fFtT][rR]?|[rR][fFtT])\Z")
_PREFIX_LENGTH = 2


class Sections(NamedTuple):
    """The code points where the sections of a text begin, and the end of the last one.

    `is_doubtful`: the text may be read in another way than it was cut.
    """

    bounds: list[int]
    is_doubtful: bool


def cut_sections(text: str) -> Sections:
    """The sections of a text; takes time in proportion to its length."""
    # What happens at which place: +1 or -1 for a bracket that is closed, 0 for a line.
    events: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []  # the brackets that are open, and their events
    counts = {"(": 0, "[": 0, "{": 0}
    is_doubtful = False
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "line":
            events.append((token.end(), 0))
        elif kind == "open":
            opened.append((token[0], len(events)))
            counts[token[0]] += 1
            events.append((token.start(), 2))
        elif kind == "close":
            wanted = _OPENER[token[0]]
            while counts[wanted]:
                bracket, index = opened.pop()
                counts[bracket] -= 1
                if bracket == wanted:
                    events[index] = (events[index][0], 1)
                    events.append((token.start(), -1))
                    break
        elif kind == "short" and not _is_closed(token[0]):
            opened.clear()
            counts = dict.fromkeys(counts, 0)
            is_doubtful = is_doubtful or _may_go_on(text, token)
    return Sections([*_starts(text, events), len(text)], is_doubtful)


def _is_closed(string: str) -> bool:
    """Whether a string of one line ends with its quote."""
    if len(string) < 2 or string[-1] != string[0]:
        return False
    content = string[1:-1]
    return (len(content) - len(content.rstrip("\\"))) % 2 == 0


def _may_go_on(text: str, token: re.Match[str]) -> bool:
    """Whether an open string of one line may go on in the next one, inside a brace."""
    start = token.start()
    if token[0].rfind("{") <= token[0].rfind("}"):
        return False
    return _FORMATTED.search(text, max(start - _PREFIX_LENGTH, 0), start) is not None


def _starts(text: str, events: list[tuple[int, int]]) -> list[int]:
    """Where sections begin: at lines outside brackets, but for what is decorated."""
    starts = [0]
    depth = 0
    is_decorator = text.startswith("@")
    for place, change in events:
        if change in (1, -1):
            depth += change
        elif change == 0 and depth == 0:
            if not is_decorator:
                starts.append(place)
            is_decorator = text.startswith("@", place)
    return starts


def slices(text: str, bounds: list[int]) -> list[str]:
    """The texts between bounds that follow each other."""
    return [text[start:end] for start, end in pairwise(bounds)]
