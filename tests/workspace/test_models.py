"""Graphs that the store keeps beside checkpoints."""

from __future__ import annotations

import os

from ckptls.workspace.checkpoint_store import CheckpointStore


def test_a_graph_is_read_once_and_anew_when_it_changes(project):
    project.graph("model.meta", "x")
    store = CheckpointStore()
    path = str(project.root / "model.meta")
    first = store.load(path)
    assert first.model is not None
    assert first.model.node_names == ("x",)
    assert not first.is_absent
    assert store.load(path).model is first.model
    project.graph("model.meta", "x", "y")
    os.utime(path, ns=(1, 1))
    assert store.refresh() == {path}
    entry = store.peek(path)
    assert entry is not None
    assert entry.model is not None
    assert entry.model.has_node("y")


def test_a_damaged_graph_and_none_at_all_are_no_models(project):
    store = CheckpointStore()
    (project.root / "broken.meta").write_bytes(b"\xff" * 40)
    assert store.load(str(project.root / "broken.meta")).model is None
    assert store.load(str(project.root / "nothing.meta")).model is None
    assert store.load(str(project.root)).model is None


def test_a_checkpoint_and_its_graph_come_together(project):
    project.checkpoint("model", w=[2])
    project.graph("model.meta", "w")
    entry = CheckpointStore().load(str(project.root / "model.meta"))
    assert entry.checkpoint is not None
    assert entry.model is not None
    assert CheckpointStore().load(str(project.root / "model")).model is None
