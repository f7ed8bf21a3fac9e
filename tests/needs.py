"""Tests that need a folder which only the environment names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ENDING = "_real.py"  # what the names of their files end with


def leave_out(
    config: pytest.Config,
    items: list[pytest.Item],
    folder: Path,
    variable: str,
    count: pytest.StashKey[int],
) -> None:
    """Without the variable those below `folder` are taken out; `count` holds how many."""
    if os.environ.get(variable):
        return
    left_out = [
        item
        for item in items
        if item.path.name.endswith(_ENDING) and item.path.is_relative_to(folder)
    ]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[count] = len(left_out)
