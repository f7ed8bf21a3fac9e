"""Memory that was needed for a moment goes back to the system."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from ctypes import CDLL
from pathlib import Path

import pytest

from ckptls.lsp.memory import Resting, give_back
from ckptls.workspace.workspace import Workspace
from source.test_memory import CODE, tree_bytes

BLOCK_BYTES = 64 * 1024


def resident_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def is_glibc() -> bool:
    return sys.platform == "linux" and hasattr(CDLL(None), "malloc_trim")


@pytest.mark.skipif(not is_glibc(), reason="only glibc can be asked to")
def test_blocks_freed_between_others_are_given_back():
    blocks = [b"x" * BLOCK_BYTES for _ in range(2_000)]
    kept = blocks[::50]
    del blocks
    before = resident_bytes()
    give_back()
    assert resident_bytes() < before - 1_000 * BLOCK_BYTES
    assert len(kept) == 40


def test_asking_is_no_error_anywhere():
    give_back()
    give_back()


@pytest.fixture
def opened() -> Iterator[Workspace]:
    tracemalloc.start()
    workspace = Workspace()
    for name in "ab":
        workspace.open(name, None, CODE).document.analysis()
    yield workspace
    tracemalloc.stop()


def test_a_document_that_is_left_alone_rests_once_another_is_edited(opened: Workspace):
    resting, both = Resting(), tree_bytes()
    resting.look(opened.documents, 0.0)
    opened.documents["a"].document.edit(0, 0, "x = 1\n")
    opened.documents["a"].document.analysis()
    resting.look(opened.documents, 5.0)
    assert tree_bytes() > 0.9 * both  # not yet
    resting.look(opened.documents, 12.0)
    assert tree_bytes() < 0.7 * both  # that of `b`
    resting.look(opened.documents, 60.0)
    assert tree_bytes() > 0.4 * both  # that of `a`, where whoever paused goes on


def test_documents_of_which_none_was_edited_do_not_rest(opened: Workspace):
    resting, both = Resting(), tree_bytes()
    for seconds in (0.0, 60.0):
        resting.look(opened.documents, seconds)
    assert tree_bytes() > 0.9 * both
