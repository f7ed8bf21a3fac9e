"""The store reads a file once as long as it does not change, and again when it does."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from checkpoint import crafted, crafted_objects
from checkpoint.crafted import FLOAT
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.workspace.checkpoint_store import CheckpointStore
from support.formats import write_shards

OPENED: list[str] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str) and "store-test" in arguments[0]:
        OPENED.append(arguments[0])


sys.addaudithook(_note)  # it stays for the life of the process: there is no way to remove one


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index that was written a minute ago; what is opened of it is in OPENED."""
    path = tmp_path / "store-test.index"
    path.write_bytes(crafted.index([("a", FLOAT, [2])]))
    os.utime(path, (path.stat().st_mtime - 60,) * 2)
    OPENED.clear()
    return path


def test_a_file_that_did_not_change_is_opened_once(index: Path) -> None:
    store = CheckpointStore()
    path = str(index)[: -len(".index")]
    first = store.load(path).checkpoint
    for _ in range(5):
        assert store.refresh() == set()
        assert store.load(path).checkpoint is first
    assert store.load(str(index)).checkpoint is first
    assert [str(index)] == OPENED


def test_a_file_that_changed_is_opened_again(index: Path) -> None:
    store = CheckpointStore()
    path = str(index)[: -len(".index")]
    store.load(path)
    index.write_bytes(crafted.index([("b", FLOAT, [2])]))
    os.utime(index, (index.stat().st_mtime - 30,) * 2)
    OPENED.clear()
    assert store.refresh() == {path}
    assert [str(index)] == OPENED
    checkpoint = store.load(path).checkpoint
    assert checkpoint is not None
    assert checkpoint.names == ("b",)


def test_a_file_written_twice_within_a_tick_of_the_clock_is_seen_anew(index: Path) -> None:
    store = CheckpointStore()
    path = str(index)[: -len(".index")]
    for name in ("b", "c"):  # in place, to the same size, and with the same time
        index.write_bytes(crafted.index([(name, FLOAT, [2])]))
        if name == "b":
            first_ns = index.stat().st_mtime_ns
        os.utime(index, ns=(first_ns, first_ns))
        checkpoint = store.load(path).checkpoint
        assert checkpoint is not None
        assert checkpoint.names == (name,)


def full_names(store: CheckpointStore, prefix: Path) -> tuple[str, ...]:
    checkpoint = store.load(str(prefix)).checkpoint
    assert checkpoint is not None and checkpoint.object_graph is not None
    return checkpoint.object_graph.full_names(f"net/w{crafted_objects.SUFFIX}")


def test_objects_are_known_when_their_data_file_comes_after_the_index(tmp_path: Path) -> None:
    prefix = crafted_objects.write(tmp_path / "m", crafted_objects.GRAPH)
    data = tmp_path / "m.data-00000-of-00001"
    content = data.read_bytes()
    data.unlink()
    store = CheckpointStore()
    assert full_names(store, prefix) == ()
    data.write_bytes(content)
    assert store.refresh() == {str(prefix)}
    assert full_names(store, prefix) == ("net/w",)
    assert store.refresh() == set()


def test_objects_are_known_when_their_data_file_is_written_to_its_end(tmp_path: Path) -> None:
    prefix = crafted_objects.write(tmp_path / "m", crafted_objects.GRAPH)
    data = tmp_path / "m.data-00000-of-00001"
    content = data.read_bytes()
    data.write_bytes(content[:20])
    store = CheckpointStore()
    assert full_names(store, prefix) == ()
    data.write_bytes(content)
    assert store.refresh() == {str(prefix)}
    assert full_names(store, prefix) == ("net/w",)
    data.unlink()
    assert store.refresh() == {str(prefix)}
    assert full_names(store, prefix) == ()


def test_a_shard_that_comes_later_is_read(tmp_path: Path) -> None:
    write_shards(tmp_path, {"a": "m-1.safetensors", "b": "m-2.safetensors"})
    path = str(tmp_path / "m.safetensors.index.json")
    late = tmp_path / "m-2.safetensors"
    content = late.read_bytes()
    late.unlink()
    store = CheckpointStore()
    assert store.load(path).checkpoint.names == ("a",)
    late.write_bytes(content)
    assert store.refresh() == {path}
    assert store.load(path).checkpoint.names == ("a", "b")


def test_a_v1_shard_that_comes_later_is_read(tmp_path: Path) -> None:
    for i, name in enumerate("ab"):
        shard = tmp_path / f"m-0000{i}-of-00002"
        shard.write_bytes(crafted.v1([(name, FLOAT, [2])]))
    late = tmp_path / "m-00001-of-00002"
    content = late.read_bytes()
    late.unlink()
    store = CheckpointStore()
    prefix = str(tmp_path / "m")
    assert store.load(prefix).checkpoint.names == ("a",)
    late.write_bytes(content)
    assert store.refresh() == {prefix}
    assert store.load(prefix).checkpoint.names == ("a", "b")


def test_paths_that_nobody_asks_for_any_more_are_forgotten_once_they_are_many(index: Path) -> None:
    store = CheckpointStore()
    here = str(index)[: -len(".index")]
    store.load(here)
    typed = [f"{here}{number}" for number in range(400)]
    for path in typed:
        store.load(path)
    store.evict_unreferenced(lambda: [store.peek(path) for path in typed[-10:]])
    assert [path for path in typed if store.peek(path) is not None] == typed[-10:]
    # What is there stays, asked for or not.
    assert store.peek(here) is not None
    assert set(store.due()[0]) == {here, *typed[-10:]}


def test_a_few_paths_with_nothing_there_are_kept_whoever_asks(index: Path) -> None:
    store = CheckpointStore()
    typed = [f"{index}{number}" for number in range(100)]
    for path in typed:
        store.load(path)
    store.evict_unreferenced(lambda: None)
    assert all(store.peek(path) is not None for path in typed)


def test_many_paths_that_are_all_asked_for_are_kept(index: Path) -> None:
    store = CheckpointStore()
    named = [f"{index}{number}" for number in range(1_000)]
    for _ in range(2):
        for path in named:
            store.load(path)
        store.evict_unreferenced(lambda: [store.peek(path) for path in named])
        assert all(store.peek(path) is not None for path in named)


@pytest.mark.parametrize("content", [None, b"no index"], ids=["absent", "damaged"])
def test_why_nothing_is_read_is_kept_without_what_was_at_work(
    index: Path, content: bytes | None
) -> None:
    """Frames would stay as long as the entry: with what was read, and who asked for it."""
    index.unlink()
    if content is not None:
        index.write_bytes(content)
    error = CheckpointStore().load(str(index)[: -len(".index")]).error
    assert error is not None
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_listings_that_were_replaced_are_not_kept(index: Path) -> None:
    """A training run replaces its checkpoint for days, and a listing may be large."""
    store = CheckpointStore()
    path = str(index)[: -len(".index")]
    others = [f"{index}{number}" for number in range(200)]
    for each in others:  # the more paths are known, the more might be kept
        store.load(each)
    for size in range(1, 51):
        index.write_bytes(crafted.index([("a", FLOAT, [1] * size)]))
        store.refresh([path])
    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, Checkpoint)]
    assert [each.prefix for each in kept].count(path) == 1
