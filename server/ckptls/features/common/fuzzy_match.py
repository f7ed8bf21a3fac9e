"""Fuzzy matching: finds the names that contain typed letters in order."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Sequence
from itertools import islice

from ckptls.checkpoint.model.checkpoint import Checkpoint

_MAX_CANDIDATES = 2_000


class Narrowing:
    """What was found in some names last: further typing narrows the search."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: tuple[str, list[str]] | None = None

    def before(self, typed: str) -> list[str] | None:
        """All names that the letters are in order in, if fewer of them were looked for last, and
        perhaps others."""
        last = self._last
        return last[1] if last is not None and typed.startswith(last[0]) else None

    def keep(self, typed: str, found: list[str]) -> None:
        """These are all names that have the letters in order."""
        self._last = typed, found


def best_matches(
    typed: str, names: Sequence[str], start: int, limit: int, narrowing: Narrowing | None = None
) -> list[str]:
    """Names whose part behind `start` has the letters of `typed` in order, best first.

    Letters that begin a segment or follow each other count for more; shorter names win.
    `narrowing` is of the same names and the same start.
    """
    known = narrowing.before(typed) if narrowing is not None else None
    # What has not even all these letters does not have them in one piece.
    found = [name for name in names if typed in name] if known is None else []
    if not found:
        fits = _in_order(typed)
        candidates = known if known is not None else names
        found = list(islice((n for n in candidates if fits(n, start)), _MAX_CANDIDATES))
        if narrowing is not None and len(found) < _MAX_CANDIDATES:
            narrowing.keep(typed, found)
    return heapq.nsmallest(
        limit, found[:_MAX_CANDIDATES], key=lambda name: cost(typed, name, start)
    )


def narrowing(checkpoint: Checkpoint, base: str = "", are_scopes: bool = False) -> Narrowing:
    """That of the names, or scopes, below a scope of a checkpoint."""
    return checkpoint.tree.noted(("narrowing", base, are_scopes), Narrowing)


def _in_order(typed: str) -> Callable[[str, int], object]:
    """Tells whether a name has the letters, in order, from a place on; in one pass over it."""
    pattern = "".join(f"[^{letter}]*{letter}" for letter in map(re.escape, typed))
    return re.compile(pattern, re.IGNORECASE).match


def cost(typed: str, name: str, start: int) -> tuple[int, int, str]:
    """How badly the letters fit: jumps inside segments cost, jumps to their starts do not."""
    lowered = name.lower()
    wanted = typed.lower()
    place = lowered.find(wanted, start)
    if place >= 0:
        at_start = place == start or name[place - 1] in "/_"
        return (0 if at_start else 1, len(name), name)
    cost = 2
    position = start
    previous = start - 1
    for letter in wanted:
        found = _next(lowered, letter, position)
        if found < 0:
            return (1_000, len(name), name)
        if found != previous + 1 and name[found - 1] not in "/_":
            cost += 3
        elif found != previous + 1:
            cost += 1
        previous, position = found, found + 1
    return (cost, len(name), name)


def _next(name: str, letter: str, position: int) -> int:
    """Where the letter comes next, rather at the start of a segment than inside one."""
    near = name.find(letter, position)
    if near == position or letter == "/":
        return near
    at_start = name.find("/" + letter, max(position - 1, 0))
    return at_start + 1 if at_start >= 0 else near
