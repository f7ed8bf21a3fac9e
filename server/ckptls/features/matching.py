"""Which of many names a person means who typed a few of their letters."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from itertools import islice

_MAX_CANDIDATES = 2_000


def best_matches(typed: str, names: Sequence[str], start: int, limit: int) -> list[str]:
    """Names whose part behind `start` has the letters of `typed` in order, best first.

    Letters that begin a segment or follow each other count for more; shorter names win.
    """
    found = [name for name in names if typed in name]
    if not found:
        search = re.compile(".*?".join(map(re.escape, typed)), re.IGNORECASE).search
        found = list(islice((name for name in names if search(name, start)), _MAX_CANDIDATES))
    return heapq.nsmallest(
        limit, found[:_MAX_CANDIDATES], key=lambda name: cost(typed, name, start)
    )


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
