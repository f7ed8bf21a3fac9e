"""Patterns of the shell on names: `*`, `?`, `[ab]`, held against many names at once.

`*` also stands for slashes, so `**` is the same; upper and lower case are different.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

_WILD = re.compile(r"[*?\[]")


def translated(pattern: str) -> str:
    """The regular expression of a pattern, as `fnmatch.translate` makes it, in linear time.

    That looks for the end of each bracket up to the end of the pattern; behind the last `]`
    there is none, so a bracket stands for itself there.
    """
    head, closing, tail = pattern.rpartition("]")
    if "[" not in tail:
        return translate(pattern)
    plain = translate(tail.replace("[", "[[]"))
    if not closing:
        return plain
    before = translate(head + closing)
    return before[: before.rindex(")") + 1] + plain


def literal_start(pattern: str) -> str:
    """The text with which every name that matches begins."""
    wild = _WILD.search(pattern)
    return pattern[: wild.start()] if wild else pattern


def matching(pattern: str, names: Sequence[str]) -> list[str]:
    """Those of the names that match, in their order.

    The common forms need no regular expression, and the others are tried only on names
    that hold what the pattern writes out.
    """
    start, *rest = re.split(r"\*+", pattern)
    if _WILD.search("".join([start, *rest])):
        return _by_expression(pattern, names)
    if not rest:
        return [name for name in names if name == pattern]
    *inner, end = rest
    if len(inner) > 1:
        return _by_expression(pattern, names)
    return _by_parts(start, "".join(inner), end, names)


def _by_parts(start: str, inner: str, end: str, names: Sequence[str]) -> list[str]:
    """The names that begin with one text and end with another, with a third between them."""
    found = names if not start else [name for name in names if name.startswith(start)]
    if end:
        found = [name for name in found if name.endswith(end)]
    shortest = len(start) + len(end)
    if not shortest:
        return [name for name in found if inner in name]
    if not inner:
        return [name for name in found if len(name) >= shortest]
    return [name for name in found if name.find(inner, len(start), len(name) - len(end)) >= 0]


def _by_expression(pattern: str, names: Sequence[str]) -> list[str]:
    matches = re.compile(translated(pattern)).match
    part, end = _longest_part(pattern), re.split(r"[*?\[\]]", pattern)[-1]
    return [name for name in names if part in name and name.endswith(end) and matches(name)]


def _longest_part(pattern: str) -> str:
    """The longest text that every name that matches has in it.

    What follows a bracket is left out: where it closes is for the regular expression to say.
    """
    return max(re.split(r"[*?]", pattern.partition("[")[0]), key=len)
