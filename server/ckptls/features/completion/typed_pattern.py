"""A regular expression as far as it is typed: what of it a name goes on from.

`vgg_16/(fc6|fc` goes on from `vgg_16/` with names that begin with `fc`, `.*/conv1/` from
whatever `.*/conv1/` fits, `^layer\\.1/` from `layer.1/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")
_TOKEN = re.compile(
    r"(?P<group>\((?:\?(?:[:=!]|<[=!]|P<\w+>))?)|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<repeat>[*+?]|\{\d*(?:,\d*)?\})|(?P<anchor>\^|\\[AbB])|\\(?P<escaped>[^\w\s])"
    r"|(?P<any>\.|\\\w|\$|\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<char>[^\\\[*+?])",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class TypedPattern:
    """`begin` characters stay as they are; a name goes on behind what they fit.

    before: what they fit as plain text; None where only `regex` says it.
    partial: the plain text of what is typed behind them.
    """

    begin: int
    before: str | None
    regex: str
    partial: str


@dataclass(frozen=True, slots=True)
class _Atom:
    """An element as it is written, and the plain text that it fits, if it is one."""

    source: str
    plain: str | None
    end: int


def escape_pattern(text: str) -> str:
    """Plain text as a regular expression."""
    return _SPECIAL.sub(lambda match: "\\" + match[0], text)


def read(source: str, fixed: int) -> TypedPattern | None:
    """What a name goes on from at the end of `source`; None where no name can.

    The first `fixed` characters are written elsewhere: what goes on begins behind them.
    """
    atoms = _atoms(source)
    if atoms is None:
        return None
    ends = (atom.end for atom in atoms.level if atom.plain in ("/", ""))
    begin = max(fixed, atoms.start, *ends)
    head = [atom for atom in atoms.level if atom.end <= begin]
    tail = [atom.plain for atom in atoms.level if atom.end > begin]
    if None in tail:
        return None
    plain = [atom.plain for atom in head]
    return TypedPattern(
        begin,
        None if None in plain else "".join(each or "" for each in plain),
        "".join(atom.source for atom in head),
        "".join(each or "" for each in tail),
    )


@dataclass(frozen=True, slots=True)
class _Atoms:
    """The elements that lead to the end of a text; its last alternative begins at `start`."""

    level: list[_Atom]
    start: int


def _atoms(source: str) -> _Atoms | None:
    level: list[_Atom] = []
    # Of each open group what stood before it, and where it begins.
    groups: list[tuple[list[_Atom], int]] = []
    start = position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            return None
        position = match.end()
        if match["group"]:
            groups.append((level, match.start()))
            is_aside = match["group"].startswith(("(?=", "(?!", "(?<"))
            level, start = [] if is_aside and not level else list(level), position
        elif match["bar"]:
            level, start = list(groups[-1][0]) if groups else [], position
        elif match["close"]:
            if not groups:
                return None
            level, opened = groups.pop()
            level = [*level, _Atom(source[opened:position], None, position)]
        elif match["repeat"]:
            if not level or position == start:
                return None
            last = level[-1]
            level = [*level[:-1], _Atom(last.source + match[0], None, position)]
        else:
            plain = match["escaped"] or match["char"]
            if match["anchor"]:
                plain = ""
            level = [*level, _Atom(match[0], plain, position)]
    return _Atoms(level, start)
