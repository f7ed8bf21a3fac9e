"""Memory that was needed for a moment goes back to the system."""

from __future__ import annotations

import gc
import sys
import tracemalloc
import weakref
from collections.abc import Iterator
from ctypes import CDLL
from pathlib import Path

import pytest

from ckptls.lsp.session.memory import IdleCollector, IdleTreeEvictor, give_back
from ckptls.workspace.workspace import Workspace
from support.memory import CODE, tree_bytes

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


def test_give_back_raises_nothing_on_any_system():
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


def test_evictor_drops_the_tree_of_an_idle_document(opened: Workspace):
    resting, both = IdleTreeEvictor(), tree_bytes()
    resting.look(opened.documents, 0.0)
    opened.documents["a"].document.edit(0, 0, "x = 1\n")
    opened.documents["a"].document.analysis()
    resting.look(opened.documents, 5.0)
    assert tree_bytes() > 0.9 * both  # not yet
    resting.look(opened.documents, 12.0)
    assert tree_bytes() < 0.7 * both  # that of `b`
    resting.look(opened.documents, 60.0)
    assert tree_bytes() > 0.4 * both  # that of `a`, where whoever paused goes on


def test_evictor_keeps_trees_while_no_document_is_edited(opened: Workspace):
    resting, both = IdleTreeEvictor(), tree_bytes()
    for seconds in (0.0, 60.0):
        resting.look(opened.documents, seconds)
    assert tree_bytes() > 0.9 * both


class Client:
    """When it was last heard, by a clock that stands still."""

    now = 100.0
    heard = 100.0

    def idle_seconds(self) -> float:
        return self.now - self.heard

    def clock(self) -> float:
        return self.now


@pytest.fixture
def quiet() -> Iterator[Client]:
    yield Client()
    gc.unfreeze()


def make_circle() -> weakref.ref[Client]:
    circle = Client()
    circle.itself = circle  # type: ignore[attr-defined]
    return weakref.ref(circle)


def test_garbage_is_collected_once_in_each_pause_of_the_client(quiet: Client):
    collector = IdleCollector(quiet.idle_seconds, quiet.clock)
    gc.disable()
    try:
        for _ in range(2):
            garbage = make_circle()
            quiet.now = quiet.heard = quiet.now + 5
            assert not collector.look()  # it was heard a moment ago
            assert garbage() is not None
            quiet.now += 5
            assert collector.look()
            assert garbage() is None
            quiet.now += 100
            assert not collector.look()  # nothing was done since
    finally:
        gc.enable()


def test_a_client_that_never_pauses_is_interrupted_once_in_a_minute(quiet: Client):
    collector = IdleCollector(quiet.idle_seconds, quiet.clock)
    collected = []
    for second in range(1, 200):
        quiet.now, quiet.heard = 100.0 + second, 100.0 + second - 0.01
        if collector.look():
            collected.append(second)
    assert collected == [60, 120, 180]


def test_a_closed_document_leaves_no_objects_behind():
    workspace = Workspace()

    def opened_and_closed() -> int:
        workspace.open("a", None, CODE).document.analysis()
        workspace.close("a")
        gc.collect()
        return len(gc.get_objects())

    before = opened_and_closed()
    assert opened_and_closed() - before < 20
