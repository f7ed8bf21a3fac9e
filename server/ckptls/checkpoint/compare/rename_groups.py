"""Renames that have one cause, reported once: `old/* -> new/*`, `*/weights -> */kernel`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]

_DIGITS = re.compile(r"\d+")
_ANY_NUMBER = "N"
_FEWEST = 2  # renames of which a scope is believed to be renamed


@dataclass(frozen=True, slots=True)
class RenameGroup:
    """Renames that follow one pattern.

    In `before` and `after` a `*` stands for the same text on both sides, and `N` for the
    same numbers. Of a single rename they are the names themselves.
    """

    before: str
    after: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class _Cause:
    """What a rename did: to the scopes in front, and to the end; empty where nothing."""

    scope: Pair
    leaf: Pair


def rename_groups(pairs: Iterable[Pair]) -> list[RenameGroup]:
    """The renames by what they have in common, the largest groups first."""
    by_cause: dict[_Cause, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_cause[_cause(*pair)].append(pair)
    groups = [_group(*each) for each in _numbered_as_one(by_cause).items()]
    return sorted(groups, key=lambda group: (-len(group.pairs), group.before))


def renamed_scopes(pairs: Iterable[Pair]) -> list[Pair]:
    """(scope, scope) of the scopes that renames have in common, the innermost first.

    The empty scope is the root: `("", "model")` puts all into `model/`.
    """
    counts: dict[Pair, int] = defaultdict(int)
    for pair in pairs:
        cause = _cause(*pair)
        if cause.scope != ("", "") and cause.leaf == ("", ""):
            counts[cause.scope] += 1
    found = [scope for scope, count in counts.items() if count >= _FEWEST]
    return sorted(found, key=lambda scope: (-len(scope[0]), scope))


def counterparts(names: Iterable[str], scopes: Sequence[Pair]) -> Iterator[Pair]:
    """(name, what it would be called) for each of the renamed scopes that a name lies in."""
    for name in names:
        for old, new in scopes:
            if not old or name.startswith(old + "/"):
                rest = name[len(old) + 1 :] if old else name
                yield name, f"{new}/{rest}" if new else rest


def _cause(before: str, after: str) -> _Cause:
    old, new = before.split("/"), after.split("/")
    same = 0
    while same < min(len(old), len(new)) and old[-1 - same] == new[-1 - same]:
        same += 1
    if same:
        return _Cause(_joined(old, new, same), ("", ""))
    leaf = (old[-1], new[-1])
    while 1 + same < min(len(old), len(new)) and old[-2 - same] == new[-2 - same]:
        same += 1
    if not same and (len(old) > 1 or len(new) > 1):
        return _Cause((before, after), ("", ""))  # nothing in common
    return _Cause(_joined(old, new, same + 1), leaf)


def _joined(old: list[str], new: list[str], dropped: int) -> Pair:
    return "/".join(old[: len(old) - dropped]), "/".join(new[: len(new) - dropped])


def _numbered_as_one(by_cause: Mapping[_Cause, list[Pair]]) -> dict[_Cause, list[Pair]]:
    """Causes that are equal but for numbers, which are the same on both sides, put together."""
    merged: dict[_Cause, list[_Cause]] = defaultdict(list)
    for cause in by_cause:
        old, new = cause.scope
        are_equal = old and _DIGITS.findall(old) == _DIGITS.findall(new)
        scope = (_without_numbers(old), _without_numbers(new)) if are_equal else cause.scope
        merged[_Cause(scope, cause.leaf)].append(cause)
    found = {}
    for general, causes in merged.items():
        pairs = [pair for cause in causes for pair in by_cause[cause]]
        found[general if len(causes) > 1 else causes[0]] = pairs
    return found


def _without_numbers(text: str) -> str:
    return _DIGITS.sub(_ANY_NUMBER, text)


def _group(cause: _Cause, pairs: list[Pair]) -> RenameGroup:
    if len(pairs) == 1:
        return RenameGroup(*pairs[0], tuple(pairs))
    (old, new), (old_leaf, new_leaf) = cause.scope, cause.leaf
    return RenameGroup(_pattern(old, old_leaf), _pattern(new, new_leaf), tuple(sorted(pairs)))


def _pattern(scope: str, leaf: str) -> str:
    return "/".join(part for part in (scope, "*", leaf) if part)
