"""Patterns of `.gitignore` files, compared with paths in time linear in both.

A pattern becomes a regular expression that never goes back: what follows a `*` is taken at the
first place where it fits, which leaves most for the rest, and folders behind a `**` likewise.

Source: gitignore(5); wildmatch.c and dir.c of git.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

# Longer lines fit no path that a file system takes; more lines no person has written.
_MAX_LENGTH = 4_096
_MAX_LINES = 20_000
# Patterns that can only be compared one by one, with each path.
_MAX_WILD = 1_000
_MAGIC = frozenset("*?[\\")
_STARS = re.compile(r"\*+")
_TRAILING = re.compile(r"(?<!\\)[ \t]+\Z|(?<=\\\\)[ \t]+\Z")
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


# By the length of a text and then by the text: numbers of patterns, in order.
_Table = dict[int, dict[str, list[int]]]


class _NoPatternError(Exception):
    """Git never matches it: a bracket that is not closed, a backslash before nothing."""


@dataclass(frozen=True)
class Pattern:
    """One line.

    text: the pattern without the signs around it.
    ignores: what it matches is ignored; with `!` before it, it is not.
    is_for_folders: files do not match.
    is_anchored: it is for the whole path, not for the last name.
    """

    text: str
    ignores: bool
    is_for_folders: bool
    is_anchored: bool

    @cached_property
    def _expression(self) -> re.Pattern[str] | None:
        try:
            written = _path(self.text) if self.is_anchored else _name(self.text, _Groups())
            return re.compile(written + r"\Z")
        except (_NoPatternError, re.error):
            return None

    def fits(self, path: str, name: str) -> bool:
        """Whether it matches a path whose last name is `name`."""
        expression = self._expression
        text = path if self.is_anchored else name
        return expression is not None and expression.match(text) is not None


@dataclass(frozen=True)
class IgnoreRules:
    """The lines of some files, the later ones counting more.

    Most lines are a name, a path, `*.ext` or `begin*`: these are looked up, by numbers of
    patterns. The others are compared one by one, the last thousand of them.
    `is_cut` says whether lines were left out.
    """

    patterns: tuple[Pattern, ...]
    is_cut: bool = False
    _names: _Table = field(default_factory=dict)
    _paths: _Table = field(default_factory=dict)
    _ends: _Table = field(default_factory=dict)
    _begins: _Table = field(default_factory=dict)
    _wild: list[int] = field(default_factory=list)

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> IgnoreRules:
        """The patterns among some lines."""
        found = [each for line in lines if (each := _parse(line)) is not None]
        kept = tuple(found[-_MAX_LINES:])
        is_wild = [_literal(pattern) is None for pattern in kept]
        rules = cls(kept, len(found) > _MAX_LINES or sum(is_wild) > _MAX_WILD)
        for number, pattern in enumerate(kept):
            literal = _literal(pattern)
            if literal is None:
                rules._wild.append(number)
                continue
            if pattern.is_anchored:
                table = rules._paths
            elif pattern.text.startswith("*"):
                table = rules._ends
            else:
                table = rules._begins if pattern.text.endswith("*") else rules._names
            table.setdefault(len(literal), {}).setdefault(literal, []).append(number)
        del rules._wild[:-_MAX_WILD]
        return rules

    def verdict(self, path: str) -> bool | None:
        """Whether a path is ignored, folders with a slash at their end; None if no line says.

        The folders around it are not looked at: what is in an ignored one is ignored, too.
        """
        is_folder = path.endswith("/")
        path = path.rstrip("/")
        name = path.rpartition("/")[2]
        last = -1
        for numbers in self._match_literals(path, name):
            for number in reversed(numbers):
                if number < last:
                    break
                if is_folder or not self.patterns[number].is_for_folders:
                    last = number
                    break
        for number in reversed(self._wild):
            if number < last:
                break
            pattern = self.patterns[number]
            if (is_folder or not pattern.is_for_folders) and pattern.fits(path, name):
                last = number
                break
        return self.patterns[last].ignores if last >= 0 else None

    def _match_literals(self, path: str, name: str) -> Iterator[list[int]]:
        """The numbers of the patterns without anything special that match."""
        yield self._names.get(len(name), {}).get(name, [])
        yield self._paths.get(len(path), {}).get(path, [])
        for length, table in self._ends.items():
            if length <= len(name):
                yield table.get(name[-length:], [])
        for length, table in self._begins.items():
            if length <= len(name):
                yield table.get(name[:length], [])


def _literal(pattern: Pattern) -> str | None:
    """What a pattern has beside a star at its begin or end; None if it has to be compared."""
    text = pattern.text
    if not pattern.is_anchored:
        if text.startswith("*"):
            text = text[1:]
        elif text.endswith("*"):
            text = text[:-1]
    return text if text and not _MAGIC.intersection(text) else None


def _parse(line: str) -> Pattern | None:
    """The pattern of a line; None for a comment, or nothing."""
    if line.startswith("#") or len(line) > _MAX_LENGTH:
        return None
    text = _without_spaces(line.removesuffix("\r"))
    ignores = not text.startswith("!")
    text = text if ignores else text[1:]
    is_for_folders = text.endswith("/")
    text = text[:-1] if is_for_folders else text
    is_anchored = "/" in text
    text = text.removeprefix("/")
    return Pattern(text, ignores, is_for_folders, is_anchored) if text else None


def _without_spaces(line: str) -> str:
    """The line without spaces at its end, but for one behind a backslash."""
    end = len(line)
    while end and line[end - 1] == " ":
        end -= 1
    backslashes = len(line[:end]) - len(line[:end].rstrip("\\"))
    return line[: end + (backslashes % 2 and end < len(line))]


# ---------------------------------------------------------------- as regular expressions


class _Groups:
    """Names of groups: a look-ahead and a reference to what it found are never gone back into."""

    def __init__(self) -> None:
        self._number = 0

    def atomic(self, expression: str) -> str:
        """The expression, of whose matches only the first counts."""
        self._number += 1
        group = f"g{self._number}"
        return f"(?=(?P<{group}>{expression}))(?P={group})"


def _path(pattern: str) -> str:
    """The pattern of a whole path. Between two `**` a fixed number of folders is named, so that
    the first place where they fit leaves most for what follows."""
    groups = _Groups()
    several = _components(pattern)
    runs: list[list[str]] = [[]]
    for each in several:
        if _STARS.fullmatch(each) and len(each) == 2:
            runs.append([])
        else:
            runs[-1].append(each)
    written = []
    for index, run in enumerate(runs):
        is_last = index == len(runs) - 1
        names = [_name(each, groups) for each in run]
        if index == 0:
            written.append("".join(f"{name}/" for name in names[: None if not is_last else -1]))
            written.append(names[-1] if is_last and names else "")
        elif is_last:
            written.append(r"(?:[^/]+/)*?" + "/".join(names) if names else r"[\s\S]+")
        elif names:
            chunk = "".join(f"{name}/" for name in names)
            written.append(groups.atomic(rf"(?:[^/]+/)*?{chunk}"))
    return "".join(written)


def _components(pattern: str) -> list[str]:
    """The parts between slashes; those in brackets separate nothing."""
    found: list[str] = []
    begin = position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "[":
            _, position = _set(pattern, position)
        elif char == "\\" and pattern[position : position + 1] != "/":
            position += 1
        elif char in "/\\":
            found.append(pattern[begin : position - 1])
            begin = position = position + (char == "\\")
    return [*found, pattern[begin:]]


def _name(pattern: str, groups: _Groups) -> str:
    """The pattern of one name in a path."""
    first, *chunks = _chunks(pattern)
    written = [first]
    for index, chunk in enumerate(chunks):
        if index == len(chunks) - 1:
            written.append(f"[^/]*{chunk}(?=/|\\Z)")
        else:
            written.append(groups.atomic(f"[^/]*?{chunk}"))
    return "".join(written)


def _chunks(pattern: str) -> list[str]:
    """What stands between stars, as expressions of which each matches a fixed number of
    characters."""
    chunks: list[list[str]] = [[]]
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            if position >= len(pattern) or pattern[position] != "*":
                chunks.append([])
        elif char == "?":
            chunks[-1].append("[^/]")
        elif char == "[":
            written, position = _set(pattern, position)
            chunks[-1].append(written)
        elif char == "\\":
            if position >= len(pattern):
                raise _NoPatternError
            chunks[-1].append(re.escape(pattern[position]))
            position += 1
        else:
            chunks[-1].append(re.escape(char))
    return ["".join(each) for each in chunks]


def _set(pattern: str, position: int) -> tuple[str, int]:
    """A set in brackets, and the position behind it. A slash is in none."""
    is_negated = pattern[position : position + 1] in ("!", "^")
    position += is_negated
    members: list[str] = []
    is_first, previous = True, ""
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "]" and not is_first:
            if not members:  # `[z-a]`: no character is in it
                return ("[^/]" if is_negated else r"[^\s\S]"), position
            sign = "^" if is_negated else ""
            return rf"(?!/)[{sign}{''.join(members)}]", position
        is_first = False
        if char == "-" and previous and pattern[position : position + 1] not in ("", "]"):
            position += pattern[position] == "\\"
            if position >= len(pattern):
                break
            last = pattern[position]
            position += 1
            members.pop()
            if previous <= last:
                members.append(f"{_escaped(previous)}-{_escaped(last)}")
            else:  # the first of them stands for itself in git
                members.append(_escaped(previous))
            previous = ""
        elif char == "[" and pattern[position : position + 1] == ":":
            end = pattern.find("]", position + 1)
            if end < 0:
                raise _NoPatternError
            if pattern[end - 1] != ":" or end - 1 == position:
                members.append(_escaped("["))
                previous = "["
                continue
            if pattern[position + 1 : end - 1] not in _CLASSES:
                raise _NoPatternError
            members.append(_CLASSES[pattern[position + 1 : end - 1]])
            position, previous = end + 1, ""
        else:
            if char == "\\":
                if position >= len(pattern):
                    break
                char = pattern[position]
                position += 1
            members.append(_escaped(char))
            previous = char
    raise _NoPatternError


def _escaped(char: str) -> str:
    return f"\\U{ord(char):08x}"
