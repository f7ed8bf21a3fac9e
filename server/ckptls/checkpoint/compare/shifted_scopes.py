"""Numbered scopes that moved up or down because one was put in or taken out among them.

`conv2d`, `conv2d_1` become `conv2d_1`, `conv2d_2` when a layer is added in front: every name
is still there, but stands for another layer, and the shapes tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from ckptls.checkpoint.core.types import Kind

_MAX_DIGITS = 18  # of a number that Keras counts; int() refuses thousands
_ATTRIBUTES = "/.ATTRIBUTES/"  # what follows belongs to the last segment of an object's key

Pair = tuple[str, str]
Contents = frozenset[tuple[str, Kind]]


def shifted_scopes(
    first: Mapping[str, Kind],
    second: Mapping[str, Kind],
    left: Collection[str],
    right: Collection[str],
) -> list[Pair]:
    """Pairs of variables in scopes that moved; `left` and `right` have no partner that fits.

    Only a series of which the beginning is as it was, the end moved as a whole, and nothing
    is left over on one of the two sides, is believed to have moved.
    """
    if not left or not right:
        return []
    suspects = {_stem(scope) for scope in map(_scope, left) if scope}
    suspects &= {_stem(scope) for scope in map(_scope, right) if scope}
    before, after = _series(first, suspects), _series(second, suspects)
    pairs: list[Pair] = []
    for stem in suspects:
        if stem in before and stem in after:
            pairs += _moved(before[stem], after[stem])
    return sorted(pairs)


def _scope(name: str) -> str:
    return name.partition(_ATTRIBUTES)[0].rpartition("/")[0]


def _stem(scope: str) -> str:
    """A scope without the number at its end."""
    end = len(scope)
    while end and scope[end - 1].isdecimal():
        end -= 1
    return scope[: end - 1] if scope.endswith(("-", "_"), 0, end) else scope[:end]


def _number(scope: str, stem: str) -> int:
    digits = scope[len(stem) :].lstrip("-_")
    return int(digits) if 0 < len(digits) <= _MAX_DIGITS else 0


_Series = list[tuple[int, str, Contents]]


def _series(kinds: Mapping[str, Kind], stems: Collection[str]) -> dict[str, _Series]:
    """stem -> its scopes in the order of their numbers, with what lies right in each."""
    contents: dict[str, set[tuple[str, Kind]]] = defaultdict(set)
    for name, kind in kinds.items():
        scope = _scope(name)
        if scope and _stem(scope) in stems:
            contents[scope].add((name[len(scope) + 1 :], kind))
    found: dict[str, _Series] = defaultdict(list)
    for scope, inside in contents.items():
        stem = _stem(scope)
        found[stem].append((_number(scope, stem), scope, frozenset(inside)))
    return {stem: sorted(series, key=lambda item: item[:2]) for stem, series in found.items()}


def _moved(before: _Series, after: _Series) -> list[Pair]:
    start = 0
    shorter = min(len(before), len(after))
    while start < shorter and before[start][1:] == after[start][1:]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end][2] == after[-1 - end][2]:
        end += 1
    if not end or len(before) == len(after) or start + end < shorter:
        return []
    return [
        (f"{old}/{leaf}", f"{new}/{leaf}")
        for (_, old, inside), (_, new, _) in zip(before[-end:], after[-end:], strict=True)
        if old != new
        for leaf, _ in inside
    ]
