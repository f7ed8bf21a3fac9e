"""Repositories as they are: no file crashes or hangs, and what is found is known and judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corpus.run import surveys


def repositories() -> list[str]:
    root = Path(os.environ.get("CKPTLS_CORPUS", os.devnull))
    folders = root.iterdir() if root.is_dir() else ()
    return sorted(each.name for each in folders if each.is_dir() and each.name[0] != ".")


@pytest.mark.parametrize("repository", repositories())
def test_every_file_is_understood_and_nothing_is_found_wrong(repository: str) -> None:
    (done,) = surveys(Path(os.environ["CKPTLS_CORPUS"]), [repository])
    assert not done.crashes
    assert not done.hangs
    # Without the checkpoints that the code names, nothing can be wrong with them.
    assert not [row for row in done.findings if row.checkpoint is None]
