"""Data files that are cut short or missing: it is reported where TensorFlow fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from ckptls.checkpoint.data_files import loss_of, needs_of
from ckptls.checkpoint.reader import read_checkpoint
from conftest import Project


def _restore(path: str) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.get_variable("a", [4])
        tf1.get_variable("b", [4])
        tf1.train.Saver().restore(session, path)


READING: dict[str, tuple[str, Callable[[str], object]]] = {
    "restore": ("tf.train.Saver().restore(session, {})", _restore),
    "a": ('tf.train.load_variable({}, "a")', lambda path: tf.train.load_variable(path, "a")),
    "b": ('tf.train.load_variable({}, "b")', lambda path: tf.train.load_variable(path, "b")),
    "reader": (
        'tf.train.load_checkpoint({}).get_tensor("b")',
        lambda path: tf.train.load_checkpoint(path).get_tensor("b"),
    ),
    "names": (
        "tf.train.load_checkpoint({}).get_variable_to_shape_map()",
        lambda path: tf.train.load_checkpoint(path).get_variable_to_shape_map(),
    ),
    "listing": ("tf.train.list_variables({})", tf.train.list_variables),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`a` and `b` in one data file, whole, cut short and empty; and each in a file of its own."""
    root = tmp_path_factory.mktemp("lost")
    for name, is_sharded in (("whole", False), ("shards", True)):
        with tf.Graph().as_default(), tf1.Session() as session:
            with tf.device("/cpu:0"):
                tf1.get_variable("a", [4])
            with tf.device("/cpu:0" if not is_sharded else "/job:localhost/task:0/cpu:0"):
                tf1.get_variable("b", [4])
            session.run(tf1.global_variables_initializer())
            saver = tf1.train.Saver(sharded=is_sharded)
            saver.save(session, f"{root}/{name}", write_state=False, write_meta_graph=False)
    data = (root / "whole.data-00000-of-00001").read_bytes()
    for name, size in (("cut", 20), ("less", 31), ("empty", 0), ("longer", 40)):
        shutil.copy(root / "whole.index", root / f"{name}.index")
        (root / f"{name}.data-00000-of-00001").write_bytes((data + bytes(8))[:size])
    return root


@pytest.mark.parametrize("name", ["whole", "cut", "less", "empty", "longer"])
@pytest.mark.parametrize("way", READING)
def test_lost_values_are_reported_where_they_are_read(way, name, places, monkeypatch):
    monkeypatch.chdir(places)
    code, read = READING[way]
    try:
        read(name)
        works = True
    except (tf.errors.OpError, IndexError):
        works = False
    _, found = Project(places).findings(code.format(repr(name)))
    told = [each.message for each in found if each.code == "unreadable-checkpoint"]
    assert bool(told) == (not works)
    assert all(f"`{name}.data-00000-of-00001` has" in message for message in told)


def test_a_shard_that_is_missing_is_reported_while_another_is_there(places, tmp_path):
    files = sorted(places.glob("shards.data-*"))
    assert len(files) == 2
    for path in places.glob("shards.*"):
        shutil.copy(path, tmp_path)
    checkpoint = read_checkpoint(str(tmp_path / "shards"))
    needs = needs_of(checkpoint)
    assert needs is not None
    assert loss_of(needs) is None
    (tmp_path / files[0].name).unlink()
    loss = loss_of(needs)
    assert loss is not None
    assert "1 of its 2 data files are missing" in loss.what
    (tmp_path / files[1].name).unlink()
    assert loss_of(needs) is None  # an index alone is a way to pass on names
