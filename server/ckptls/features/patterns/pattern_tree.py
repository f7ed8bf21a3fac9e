"""What a regular expression is made of, as `re` itself parses it.

`re` decides what is valid. From its tree come an upper bound for the work of a match, which says
whether `re` may run the pattern, and the text by which `regex` runs it otherwise: written
again, it has none of the syntax that only one of the two knows.

Source: Lib/re/_parser.py and Lib/re/_compiler.py of CPython (before 3.11 `sre_parse.py`).
"""

from __future__ import annotations

import re
import sys
import warnings
from dataclasses import dataclass
from math import inf
from typing import Any

if sys.version_info >= (3, 11):
    from re import _parser as parser  # type: ignore[attr-defined]
else:
    import sre_parse as parser

# Longer patterns, and deeper ones, are left alone: compiling them takes long, or all of the stack.
MAX_LENGTH = 4_000
MAX_DEPTH = 40
# Characters in ranges of sets: `re` goes through all of them when it compiles.
_MAX_RANGES = 400_000
# Elements with repeats written out.
_MAX_SIZE = 10_000
# A part that is repeated up to so many times counts as written so often.
_FEW_TIMES = 4
_LETTERS = ((re.I, "i"), (re.M, "m"), (re.S, "s"), (re.A, "a"))
_MAY_BE_NEWLINE = frozenset(
    {"CATEGORY_SPACE", "CATEGORY_NOT_DIGIT", "CATEGORY_NOT_WORD", "CATEGORY_NOT_LINEBREAK"}
)

Items = Any  # a list of (operation, argument), whose types differ by operation


class PatternTooLargeError(Exception):
    """The pattern is too large to analyze."""


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `factor` times the length of the name to the power of `degree`."""

    factor: float = 1.0
    degree: float = 0.0

    def __mul__(self, other: Bound) -> Bound:
        return Bound(self.factor * other.factor, self.degree + other.degree)

    def __add__(self, other: Bound) -> Bound:
        return Bound(self.factor + other.factor, max(self.degree, other.degree))

    def power(self, times: int) -> Bound:
        """The bound multiplied with itself."""
        try:
            return Bound(self.factor**times, self.degree * times)
        except OverflowError:
            return NEVER_ENDING

    def at(self, length: int) -> float:
        """The bound for a name of that length, in steps."""
        try:
            return float(self.factor * max(length, 2) ** self.degree)
        except OverflowError:
            return inf


_ONE = Bound()
_CHAR = Bound(0.25)
_NAME = Bound(1.0, 1.0)
NEVER_ENDING = Bound(inf, 0.0)


@dataclass(frozen=True, slots=True)
class Tree:
    """A pattern that `re` can parse.

    work: an upper bound for the steps of one match at one place of a name.
    stays_in_line: nothing in it can match a line break, or asks where the text begins or ends:
        names joined to lines can be searched at once.
    size: the number of its elements with repeats written out, as `regex` does when it compiles.
    is_ascii: what it matches does not depend on what Unicode says about letters.
    """

    items: Items
    flags: int
    work: Bound
    size: int
    stays_in_line: bool
    is_ascii: bool

    def rewritten(self) -> str:
        """The pattern in syntax that `re` and `regex` understand alike.

        Raises:
            PatternTooLargeError: compiling it could take long.
        """
        if self.size > _MAX_SIZE:
            raise PatternTooLargeError
        flags = "".join(letter for flag, letter in _LETTERS if self.flags & flag)
        return (f"(?{flags})" if flags else "") + _sequence(self.items)


def parse(pattern: str) -> Tree:
    """The tree of a pattern.

    Raises:
        PatternTooLargeError: it is longer or deeper than any pattern for names, or `re` would
            need long to compile it.
        re.error, OverflowError: `re` does not take it.
    """
    if len(pattern) > MAX_LENGTH or _depth(pattern) > MAX_DEPTH:
        raise PatternTooLargeError
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = parser.parse(pattern)
        except (RecursionError, MemoryError) as error:
            raise PatternTooLargeError from error
    facts = _Facts(bool(parsed.state.flags & re.S))
    _, work = facts.sequence(parsed.data)
    if facts.ranges > _MAX_RANGES:
        raise PatternTooLargeError
    is_plain = not (parsed.state.flags & re.I) and not facts.has_categories
    return Tree(parsed.data, parsed.state.flags, work, facts.size, facts.stays_in_line, is_plain)


def _depth(pattern: str) -> int:
    """How deep brackets are nested, at most; those in sets and behind backslashes count too."""
    if pattern.count("(") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for char in pattern:
        depth += (char == "(") - (char == ")" and depth > 0)
        deepest = max(deepest, depth)
    return deepest


class _Facts:
    """What is found out about a tree in one pass.

    Two bounds belong to each part: in how many ways it can match at a place, each of which is
    tried in turn if what follows fails, and how many steps it takes to find them all.
    """

    def __init__(self, is_dot_all: bool) -> None:
        self.is_dot_all = is_dot_all
        self.stays_in_line = True
        self.has_categories = False
        self.ranges = 0
        self.size = 0
        self._times = 1

    def sequence(self, items: Items) -> tuple[Bound, Bound]:
        paths, steps = _ONE, _ONE
        for operation, argument in reversed(items):
            self.size += self._times
            own_paths, own_steps = self._item(str(operation), argument)
            # What follows is tried once for each way of this one.
            paths, steps = own_paths * paths, own_steps + own_paths * steps
        return paths, steps

    def _item(self, operation: str, argument: Any) -> tuple[Bound, Bound]:
        match operation:
            case "LITERAL":
                self.stays_in_line &= argument != 10
            case "NOT_LITERAL":
                self.stays_in_line &= argument == 10
            case "ANY":
                self.stays_in_line &= not self.is_dot_all
            case "AT":
                place = str(argument)
                self.stays_in_line &= place not in ("AT_BEGINNING_STRING", "AT_END_STRING")
                self.has_categories |= "BOUNDARY" in place
            case "IN":
                self._set(argument)
            case "BRANCH":
                return self._branches(argument[1])
            case "SUBPATTERN":
                self.is_dot_all |= bool(argument[1] & re.S)
                self.has_categories |= bool(argument[1] & re.I)
                return self.sequence(argument[3])
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self._repeat(*argument)
            case "ASSERT" | "ASSERT_NOT":
                return _ONE, self.sequence(argument[1])[1]
            case "ATOMIC_GROUP":
                return _ONE, self.sequence(argument)[1]
            case "GROUPREF":
                return _ONE, _NAME
            case "GROUPREF_EXISTS":
                return self._branches([argument[1], argument[2] or []])
            case "FAILURE" | "SUCCESS":
                pass
            case _:
                return NEVER_ENDING, _ONE
        return _ONE, _CHAR

    def _branches(self, several: Items) -> tuple[Bound, Bound]:
        paths, steps = Bound(0.0), _ONE
        for branch in several:
            own_paths, own_steps = self.sequence(branch)
            paths, steps = paths + own_paths, steps + own_steps
        return paths, steps

    def _repeat(self, least: Any, most: Any, items: Items) -> tuple[Bound, Bound]:
        least, most = int(least), int(most)
        times, self._times = self._times, self._times * max(least, 1)
        paths, steps = self.sequence(items)
        self._times = times
        # Of what may be empty, the least number of times is gone through whatever the name is.
        rounds = Bound(float(max(least, 1))) if items.getwidth()[0] == 0 else _ONE
        total = steps * rounds * (Bound(float(most)) if most <= _FEW_TIMES else _NAME)
        is_one_way = paths == _ONE
        if is_one_way:
            choices = most - least + 1
            return (Bound(float(choices)) if choices <= _FEW_TIMES else _NAME), total
        if most > _FEW_TIMES:
            return NEVER_ENDING, total
        ways = Bound(0.0)
        for times in range(least, most + 1):
            ways += paths.power(times)
        return ways, total

    def _set(self, argument: Any) -> None:
        holds_newline = is_negated = False
        for operation, value in argument:
            match str(operation):
                case "NEGATE":
                    is_negated = True
                case "LITERAL":
                    holds_newline |= value == 10
                case "RANGE":
                    holds_newline |= value[0] <= 10 <= value[1]
                    self.ranges += min(value[1] - value[0], 0xFFFF)
                case "CATEGORY":
                    holds_newline |= str(value) in _MAY_BE_NEWLINE
                    self.has_categories = True
        self.stays_in_line &= holds_newline is is_negated


# ---------------------------------------------------------------- written again

_PLACES = {
    "AT_BEGINNING": "^",
    "AT_BEGINNING_STRING": r"\A",
    "AT_BOUNDARY": r"\b",
    "AT_NON_BOUNDARY": r"\B",
    "AT_END": "$",
    "AT_END_STRING": r"\Z",
}
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_MAX_REPEAT = int(parser.MAXREPEAT)


def _sequence(items: Items) -> str:
    return "".join(_written(str(operation), argument) for operation, argument in items)


def _written(operation: str, argument: Any) -> str:
    match operation:
        case "LITERAL":
            return _char(argument)
        case "NOT_LITERAL":
            return f"[^{_char(argument)}]"
        case "ANY":
            return "."
        case "AT":
            return _PLACES[str(argument)]
        case "IN":
            return f"[{''.join(_member(str(kind), value) for kind, value in argument)}]"
        case "BRANCH":
            return f"(?:{'|'.join(map(_sequence, argument[1]))})"
        case "SUBPATTERN":
            group, added, removed, inner = argument
            if group is not None:
                return f"({_sequence(inner)})"
            on = "".join(letter for flag, letter in _LETTERS if added & flag)
            off = "".join(letter for flag, letter in _LETTERS if removed & flag)
            return f"(?{on}{'-' if off else ''}{off}:{_sequence(inner)})"
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _repeated(operation, *argument)
        case "ASSERT" | "ASSERT_NOT":
            sign = "=" if operation == "ASSERT" else "!"
            return f"(?{'<' if argument[0] < 0 else ''}{sign}{_sequence(argument[1])})"
        case "ATOMIC_GROUP":
            return f"(?>{_sequence(argument)})"
        case "GROUPREF":
            return f"(?:\\{argument})"
        case "GROUPREF_EXISTS":
            group, yes, no = argument
            return f"(?({group}){_sequence(yes)}|{_sequence(no or [])})"
        case "FAILURE":
            return "(?!)"
        case _:
            raise PatternTooLargeError


def _repeated(operation: str, least: Any, most: Any, items: Items) -> str:
    end = "" if int(most) == _MAX_REPEAT else str(int(most))
    greed = {"MIN_REPEAT": "?", "POSSESSIVE_REPEAT": "+"}.get(operation, "")
    return f"(?:{_sequence(items)}){{{int(least)},{end}}}{greed}"


def _member(kind: str, value: Any) -> str:
    match kind:
        case "NEGATE":
            return "^"
        case "RANGE":
            return f"{_char(value[0])}-{_char(value[1])}"
        case "CATEGORY":
            return _CATEGORIES[str(value)]
        case _:
            return _char(value)


def _char(code: int) -> str:
    char = chr(code)
    if char.isascii() and char.isalnum():
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"
