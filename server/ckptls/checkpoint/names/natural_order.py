"""Sorting names as people expect: `ckpt-9` before `ckpt-10`."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(\d+)")


def natural_order(path: str) -> list[tuple[int, int, str]]:
    """A sort key by which `m-9` comes before `m-10`."""
    parts = _NUMBER.split(path)
    return [(1, int(part), part) if i % 2 else (0, 0, part) for i, part in enumerate(parts)]
