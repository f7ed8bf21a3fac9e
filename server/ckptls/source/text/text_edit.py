"""The difference of two texts as one edit."""

from __future__ import annotations


def find_edit(before: str, after: str) -> tuple[int, int, str]:
    """Returns (start, end, new) of the one edit that turns `before` into `after`."""
    start = _common(before, after, min(len(before), len(after)))
    room = min(len(before), len(after)) - start
    kept = _common(before[::-1], after[::-1], room)
    return start, len(before) - kept, after[start : len(after) - kept]


def _common(one: str, other: str, limit: int) -> int:
    """Returns the length of the common prefix of two texts; comparing slices is fast."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
