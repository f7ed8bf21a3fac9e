"""Files that are not open, looked through until somebody has enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckptls.workspace.checkpoint_store import CheckpointStore
from ckptls.workspace.closed_files import ClosedFiles, FolderState
from ckptls.workspace.settings import Settings

CODE = "import tensorflow as tf\ntf.train.load_variable('a.ckpt', 'net/weights')\n"


@pytest.fixture
def closed(tmp_path: Path) -> ClosedFiles:
    for number in range(5):
        (tmp_path / f"{number}.py").write_text(CODE)
    state = FolderState(tmp_path, Settings(), ())
    return ClosedFiles(CheckpointStore(), [state], is_remote_allowed=False)


def test_every_file_is_looked_at(closed):
    done = [
        (number, total)
        for number, total, _ in closed.find_files_naming("net/weights", frozenset(), bool)
    ]
    assert done == [(number, 5) for number in range(1, 6)]


def test_a_search_ends_behind_the_file_at_which_it_is_stopped(closed):
    done: list[int] = []
    for number, _, hit in closed.find_files_naming(
        "net/weights", frozenset(), lambda: len(done) == 2
    ):
        assert hit is not None
        done.append(number)
    assert done == [1, 2]


def test_a_search_that_is_stopped_at_once_lists_no_files(closed):
    assert closed.files(frozenset(), lambda: True) == []
    assert list(closed.find_files_naming("net/weights", frozenset(), lambda: True)) == []
