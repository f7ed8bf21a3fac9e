"""Comparison of names with texts that have holes, in time linear in both.

A text with several holes must not become a regular expression that backtracks: eight holes
around `_` need hours for a name of 120 characters. Here a part of a text is tried at most once
at each place of a name. The answers are those of the regular expression `Text.regex`: a hole
takes as much as it can, or as little in a lazy matcher, and gives way where the rest fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from ckptls.source.semantics.pattern_text import Hole, Piece, Text

# Gives the places where a part can end that begins at a place of a name, the preferred one
# first. The set holds the ends that this part has already given for the name; they are left out.
_Ends = Callable[[str, int, "_Seen"], Iterator[int]]

OWN = Hole(".+?")
"""A hole for the text of a part itself: as short as possible, at least one character."""

# A regular expression is faster than the search in Python. It is taken where its backtracking
# is bounded: by the number of holes that may end at several places, and the length of the name.
_LONGEST = {0: 4_096, 1: 512, 2: 128}
_NUMBER = frozenset("-+.eE")


class _Seen:
    """The lowest and highest place, of each run of characters, that a hole has begun at."""

    __slots__ = ("_lowest",)

    def __init__(self) -> None:
        self._lowest: dict[int, int] = {}

    def unseen(self, first: int, last: int) -> range:
        """Of the ends `first` to `last` those that are new; all ends of a run are alike.

        `last` is where the run ends, whatever place the hole begins at.
        """
        known = self._lowest.get(last)
        if known is None or first < known:
            self._lowest[last] = first
        return range(first, last + 1 if known is None else known)


class TextMatcher:
    """A text to compare names with.

    is_lazy: holes take as little as they can; else as much.
    """

    __slots__ = (
        *("_ends", "_expression", "_head", "_is_plain", "_longest", "_parts", "_pieces"),
        *("_size", "_tail"),
    )

    def __init__(self, parts: tuple[Piece | Hole, ...], is_lazy: bool = False) -> None:
        merged = _merged(parts)
        self._parts = merged
        self._ends: list[_Ends] = [
            _literal_ends(part) if isinstance(part, str) else _hole_ends(part, is_lazy)
            for part in merged
        ]
        self._pieces = [part for part in merged if isinstance(part, str)]
        self._size = sum(map(len, self._pieces))
        self._is_plain = all(isinstance(part, str) or part == _ANY for part in merged)
        self._head = merged[0] if merged and isinstance(merged[0], str) else ""
        is_open = len(merged) < 2 or not isinstance(merged[-1], str)
        self._tail = "" if is_open else self._pieces[-1]
        self._longest = _LONGEST.get(_count_ambiguous(merged), 0)
        self._expression = re.compile(_expression_of(merged, is_lazy)) if self._longest else None

    def fits(self, name: str) -> bool:
        """Whether the text may be the whole name."""
        if not self._may_fit(name):
            return False
        if self._expression is not None and len(name) <= self._longest:
            return self._expression.fullmatch(name) is not None
        if self._is_plain and "\n" not in name:
            return self._has_pieces(name)
        return self._search(name, is_whole=True) is not None

    def end(self, name: str) -> int | None:
        """Where the text ends that the name begins with; None if it does not begin so."""
        if not name.startswith(self._head):
            return None
        if self._expression is not None and len(name) <= self._longest:
            match = self._expression.match(name)
            return match.end() if match is not None else None
        ends = self._search(name, is_whole=False)
        return None if ends is None else ends[-1]

    def own(self, name: str) -> str | None:
        """What stands for the hole `OWN` in a name that the whole text fits."""
        if not self._may_fit(name):
            return None
        if self._expression is not None and len(name) <= self._longest:
            match = self._expression.fullmatch(name)
            return match["own"] if match is not None else None
        ends = self._search(name, is_whole=True)
        if ends is None:
            return None
        index = self._parts.index(OWN)
        return name[ends[index] : ends[index + 1]]

    def _may_fit(self, name: str) -> bool:
        """Whether a name has the pieces of the text, in order; tells most names apart."""
        if len(name) < self._size or not name.startswith(self._head):
            return False
        if not name.endswith(self._tail):
            return False
        at = 0
        for piece in self._pieces:
            at = name.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return True

    def _has_pieces(self, name: str) -> bool:
        """Whether the pieces between the first and the last stand in a name, in order, where
        holes may hold anything: the leftmost place of each leaves most for the others."""
        at, end = len(self._head), len(name) - len(self._tail)
        inner = self._pieces[bool(self._head) : len(self._pieces) - bool(self._tail)]
        for piece in inner:
            at = name.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return at <= end

    def _search(self, name: str, is_whole: bool) -> list[int] | None:
        """The ends of all parts, 0 before them, in the first way in which they fit.

        A depth-first search, in which no part is entered twice at one place.
        """
        ends = [0]
        if not self._ends:
            return ends if not (is_whole and name) else None
        last = len(self._ends)
        seen = [_Seen() for _ in self._ends]
        entered: list[set[int]] = [set() for _ in self._ends]
        stack = [self._ends[0](name, 0, seen[0])]
        while stack:
            end = next(stack[-1], None)
            if end is None:
                stack.pop()
                ends.pop()
                continue
            index = len(stack)
            if index == last:
                if not is_whole or end == len(name):
                    return [*ends, end]
            elif end not in entered[index]:
                entered[index].add(end)
                ends.append(end)
                stack.append(self._ends[index](name, end, seen[index]))
        return None


def matcher(text: Text, *, is_lazy: bool = False) -> TextMatcher:
    """The matcher of a text; the newest are kept."""
    return _matcher(tuple(_plain(part) for part in text.parts), is_lazy)


def _plain(part: Piece | Hole) -> Piece | Hole:
    """The part without the place that it is written at."""
    return part if isinstance(part, Hole) or part.origin is None else Piece(part.text)


@lru_cache(maxsize=512)
def _matcher(parts: tuple[Piece | Hole, ...], is_lazy: bool) -> TextMatcher:
    return TextMatcher(parts, is_lazy)


def _merged(parts: tuple[Piece | Hole, ...]) -> tuple[str | Hole, ...]:
    """The parts with adjacent pieces joined, and without all but one of adjacent `.*`."""
    merged: list[str | Hole] = []
    pieces: list[str] = []
    for part in (*parts, None):
        if isinstance(part, Piece):
            pieces.append(part.text)
            continue
        if any(pieces):
            merged.append("".join(pieces))
        pieces = []
        if part is not None and not (part == _ANY and merged[-1:] == [_ANY]):
            merged.append(part)
    return tuple(merged)


def _literal_ends(piece: str) -> _Ends:
    def ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
        if name.startswith(piece, start):
            yield start + len(piece)

    return ends


# ---------------------------------------------------------------- holes

_ANY = Hole()


def _hole_ends(hole: Hole, is_lazy: bool) -> _Ends:
    if hole.choices:
        return _choice_ends(hole.choices)
    if is_lazy and hole.pattern in _LAZY_ENDS:
        return _LAZY_ENDS[hole.pattern]
    return _ENDS[hole.pattern]


def _line_end(name: str, start: int) -> int:
    end = name.find("\n", start)
    return end if end >= 0 else len(name)


def _digits_end(name: str, start: int) -> int:
    while start < len(name) and name[start].isdecimal():
        start += 1
    return start


def _any_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    yield from reversed(seen.unseen(start, _line_end(name, start)))


def _lazy_any_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    yield from seen.unseen(start, _line_end(name, start))


def _own_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    end = _line_end(name, start)
    if start < end:
        yield from seen.unseen(start + 1, end)


def _digit_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    if start < len(name) and name[start].isdecimal():
        yield from reversed(seen.unseen(start + 1, _digits_end(name, start)))


def _signed_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    yield from _digit_ends(name, start + name.startswith("-", start), seen)


def _float_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    end = start
    while end < len(name) and (name[end] in _NUMBER or name[end].isdecimal()):
        end += 1
    if end > start:
        yield from reversed(seen.unseen(start + 1, end))


def _counted_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    if name.startswith("_", start):
        yield from _digit_ends(name, start + 1, seen)


def _numbered_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    yield from _counted_ends(name, start, seen)
    yield start


def _scope_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    places = seen.unseen(start, _line_end(name, start))
    yield from (at + 1 for at in reversed(places) if name.startswith("/", at))
    yield start


def _lazy_scope_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    yield from (at + 1 for at in _slashes(name, start, seen))
    yield start


def _anywhere_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    yield start
    yield from (at + 1 for at in _slashes(name, start, seen))


def _slashes(name: str, start: int, seen: _Seen) -> Iterator[int]:
    places = seen.unseen(start, _line_end(name, start))
    return (at for at in places if name.startswith("/", at))


def _ending_ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
    if name.startswith(("-", ".", "/"), start):
        yield from reversed(seen.unseen(start + 1, _line_end(name, start + 1)))
    yield start


def _choice_ends(choices: tuple[str, ...]) -> _Ends:
    def ends(name: str, start: int, seen: _Seen) -> Iterator[int]:
        return (start + len(each) for each in choices if name.startswith(each, start))

    return ends


ANYWHERE = Hole("(?:.*?/)??")
"""Nothing, or all up to one of the slashes, the first one preferred."""

ENDING = Hole(r"([-./].*)?")
"""What may follow the path of a checkpoint: its step, an ending, a file below it."""

_ENDS: dict[str, _Ends] = {
    ".*": _any_ends,
    OWN.pattern: _own_ends,
    r"\d+": _digit_ends,
    r"-?\d+": _signed_ends,
    r"[-+.\deE]+": _float_ends,
    r"(_\d+)?": _numbered_ends,
    r"_\d+": _counted_ends,
    r"(.*/)?": _scope_ends,
    ANYWHERE.pattern: _anywhere_ends,
    ENDING.pattern: _ending_ends,
}
_LAZY_ENDS: dict[str, _Ends] = {".*": _lazy_any_ends, r"(.*/)?": _lazy_scope_ends}


# ---------------------------------------------------------------- where an expression will do


def _expression_of(parts: tuple[str | Hole, ...], is_lazy: bool) -> str:
    written = []
    for part in parts:
        if isinstance(part, str):
            written.append(re.escape(part))
        elif part == OWN:
            written.append("(?P<own>.+?)")
        elif is_lazy and part.pattern in _LAZY_ENDS:
            written.append(part.pattern.replace(".*", ".*?"))
        else:
            written.append(part.pattern)
    return "".join(written)


# With what a text must go on behind a hole that would end there or further on.
_OF_HOLE: dict[str, Callable[[str], bool]] = {
    r"\d+": str.isdecimal,
    r"-?\d+": str.isdecimal,
    r"_\d+": str.isdecimal,
    r"(_\d+)?": lambda char: char == "_" or char.isdecimal(),
    r"[-+.\deE]+": lambda char: char in _NUMBER or char.isdecimal(),
}


def _count_ambiguous(parts: tuple[str | Hole, ...]) -> int:
    """The number of holes that may end at several places before what follows them."""
    number = 0
    for part, following in zip(parts, (*parts, "")[1:], strict=True):
        if isinstance(part, str):
            continue
        may_hold = _OF_HOLE.get(part.pattern)
        is_clear = isinstance(following, str) and may_hold is not None
        if not is_clear or (following and may_hold is not None and may_hold(str(following)[0])):
            number += 1
    return number
