"""Python string literals: from the characters between the quotes to the text they mean.

Source: the lexical analysis chapter of the Python language reference (2.7 and 3).
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPE = re.compile(
    r"\\(\r\n|\n|\r|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|.)", re.S
)
_BRACES = re.compile(r"\{\{|\}\}")
_SINGLE = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


def decode(
    raw: str, start: int, prefix: str, is_formatted: bool
) -> tuple[str, tuple[int, ...] | None]:
    """The text that `raw` means, and the source offset of each of its characters.

    The offsets are None where text and source run in step. An escape that Python would
    refuse is kept as written: half-typed code is no error.
    """
    has_escapes = "\\" in raw and "r" not in prefix
    has_braces = is_formatted and ("{{" in raw or "}}" in raw)
    if not has_escapes and not has_braces:
        return raw, None
    pieces: list[str] = []
    offsets: list[int] = []
    position = 0
    pattern = _ESCAPE if has_escapes else _BRACES
    if has_escapes and has_braces:
        pattern = re.compile(f"{_ESCAPE.pattern}|{_BRACES.pattern}", re.S)
    for match in pattern.finditer(raw):
        plain = raw[position : match.start()]
        pieces.append(plain)
        offsets.extend(range(start + position, start + match.start()))
        meaning = _meaning(match.group(), is_bytes="b" in prefix)
        pieces.append(meaning)
        if len(meaning) == match.end() - match.start():
            offsets.extend(range(start + match.start(), start + match.end()))
        else:
            offsets.extend([start + match.start()] * len(meaning))
        position = match.end()
    pieces.append(raw[position:])
    offsets.extend(range(start + position, start + len(raw) + 1))
    return "".join(pieces), tuple(offsets)


def _meaning(escape: str, is_bytes: bool) -> str:
    if escape[0] != "\\":
        return escape[0]
    body = escape[1:]
    if body in _SINGLE:
        return _SINGLE[body]
    if body in ("\n", "\r\n", "\r"):
        return ""
    if body[0] in "01234567":
        return chr(int(body, 8))
    if body[0] == "x" and len(body) == 3:
        return chr(int(body[1:], 16))
    if is_bytes:
        return escape
    if body[0] in "uU" and len(body) in (5, 9):
        return chr(min(int(body[1:], 16), 0x10FFFF))
    if body.startswith("N{"):
        try:
            return unicodedata.lookup(body[2:-1])
        except KeyError:
            return escape
    return escape
