"""What IPython adds to Python, put out of the way without moving anything.

Magics, shell lines and questions become blanks of the same length, so that every offset of a
cell is what it was. Where Python wants a statement or a value, `_` stands in for it.

Source: IPython/core/inputtransformer2.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The rest of the cell, or of the line, is code of the notebook for these.
_CELL_MAGICS_OF_CODE = frozenset(
    {"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "heat", "snakeviz"}
    | {"scalene", "pyinstrument", "notify", "wandb", "debug"}
)
_LINE_MAGICS_OF_CODE = re.compile(
    r"%(?:time|timeit|prun|memit)[ \t]+(?:-[nrpslDT][ \t]*\S+[ \t]+|-\w+[ \t]+)*(?=\S)"
)
# Databricks marks a cell of another language with one percent sign.
_CELL_MAGIC = re.compile(
    r"((?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r(?!\n)))*[ \t]*)(?:%%([\w.!]*)|%(?:md|sh|scala|fs|r)\b)"
)
_MAGIC_LINE = re.compile(r"[ \t]*(?:[%!?]|[,;/](?=[A-Za-z_]))")
_ASSIGNED = re.compile(r"[ \t]*[^\s#'\"()=!%][^#'\"()=!\r\n]*=[ \t]*(?=!|%[A-Za-z_])")
_LINE_END = re.compile(r"\r\n|\n|\r")
_INDENT = re.compile(r"[ \t]*")
_CONTINUED = re.compile(r"(?:[^\r\n\\]|\\(?!\r|\n)|\\(?:\r\n|\r|\n))*")
_TOKEN = re.compile(
    r"(?P<space>[ \t\f]+)|(?P<comment>#[^\r\n]*)|(?P<continued>\\(?:\r\n|\n|\r))"
    r"|(?P<end>\r\n|\n|\r)|(?P<triple>'''|\"\"\")|(?P<quote>['\"])|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<other>[^\s#\\'\"()\[\]{}]+|.)",
    re.S,
)
_SHORT = {
    "'": re.compile(r"(?:[^'\\\r\n]|\\(?:\r\n|.))*'?", re.S),
    '"': re.compile(r'(?:[^"\\\r\n]|\\(?:\r\n|.))*"?', re.S),
}
_LONG = {
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*(''')?", re.S),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*(""")?', re.S),
}
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_NOT_A_LINE_END = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Plain:
    """A cell as plain Python of the same length; `lacks` is what it leaves open at its end."""

    text: str
    lacks: str


@dataclass(slots=True)
class _Statement:
    """A logical line: where it ends, where its code does, and what is open there."""

    end: int
    code_end: int
    lacks: str


def plain_python(cell: str) -> Plain:
    """A cell without what only IPython understands; all of it blank if it is not Python."""
    pieces: list[str] = []
    start = 0
    while (found := _CELL_MAGIC.match(cell, start)) is not None:
        if found[2] is None or found[2] not in _CELL_MAGICS_OF_CODE:
            return Plain("".join(pieces) + _blank(cell[start:]), "")
        end = _CONTINUED.match(cell, found.end()).end()  # type: ignore[union-attr]
        pieces.append(_blank(cell[start:end]))
        start = end
        line_end = _LINE_END.match(cell, start)
        if line_end is None:
            break
        pieces.append(line_end[0])
        start = line_end.end()
    lacks = ""
    while start < len(cell):
        piece, lacks = _statement(cell, start)
        pieces.append(piece)
        start += len(piece)
    return Plain("".join(pieces), lacks)


def _statement(cell: str, start: int) -> tuple[str, str]:
    """The next logical line as plain Python, and what it leaves open."""
    if _MAGIC_LINE.match(cell, start):
        first = _INDENT.match(cell, start).end()  # type: ignore[union-attr]
        indent = first - start
        kept = _LINE_MAGICS_OF_CODE.match(cell, first)
        if kept is not None:
            before = cell[start:first] + "_" + " " * (kept.end() - first - 2) + ";"
            return _rest(cell, before, kept.end())
        end = _CONTINUED.match(cell, start).end()  # type: ignore[union-attr]
        return _stand_in(cell[start:end], indent, needs_one=indent > 0), ""
    assigned = _ASSIGNED.match(cell, start)
    if assigned is not None:
        kept = _LINE_MAGICS_OF_CODE.match(cell, assigned.end())
        if kept is not None:
            return _rest(cell, assigned[0] + " " * len(kept[0]), kept.end())
        end = _CONTINUED.match(cell, start).end()  # type: ignore[union-attr]
        return _stand_in(cell[start:end], len(assigned[0]), needs_one=True), ""
    return _rest(cell, "", start)


def _rest(cell: str, before: str, start: int) -> tuple[str, str]:
    """Ordinary code from `start` on; a line that ends in a question mark is a question."""
    found = _scan(cell, start)
    text = before + cell[start : found.end]
    if found.code_end > start and cell[found.code_end - 1] == "?" and not found.lacks:
        indent = len(text) - len(text.lstrip(" \t"))
        return _stand_in(text, indent, needs_one=indent > 0), ""
    return text, found.lacks


def _scan(cell: str, start: int) -> _Statement:
    """Reads tokens up to the end of the logical line."""
    opened: list[str] = []
    position = code_end = start
    while position < len(cell):
        token = _TOKEN.match(cell, position)
        assert token is not None  # any character is a token
        kind, position = token.lastgroup, token.end()
        if kind == "end":
            if not opened:
                break
            continue
        if kind in ("space", "comment", "continued"):
            continue
        if kind == "quote":
            position = _SHORT[token[0]].match(cell, position).end()  # type: ignore[union-attr]
            if position == len(cell) and not _is_closed(cell, token.start(), position):
                return _Statement(position, position, token[0] + _closers(opened))
        elif kind == "triple":
            rest = _LONG[token[0]].match(cell, position)
            assert rest is not None
            position = rest.end()
            if rest[1] is None:
                return _Statement(len(cell), len(cell), token[0] + _closers(opened))
        elif kind == "open":
            opened.append(token[0])
        elif kind == "close" and opened:
            opened.pop()
        code_end = position
    return _Statement(position, code_end, "\n" + _closers(opened) if opened else "")


def _is_closed(cell: str, start: int, end: int) -> bool:
    """Whether the string that begins at `start` ends with its quote at `end`."""
    if end - start < 2 or cell[end - 1] != cell[start]:
        return False
    before = cell[start + 1 : end - 1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _closers(opened: list[str]) -> str:
    return "".join(_CLOSERS[each] for each in reversed(opened))


def _stand_in(text: str, kept: int, *, needs_one: bool) -> str:
    """`text` with all but the first `kept` characters blank; `_` where something is needed."""
    blank = _blank(text[kept:])
    if needs_one and blank.startswith(" "):
        blank = "_" + blank[1:]
    return text[:kept] + blank


def _blank(text: str) -> str:
    return _NOT_A_LINE_END.sub(" ", text)
