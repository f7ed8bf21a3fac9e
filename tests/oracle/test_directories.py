"""A directory as a checkpoint: nothing is told of names where TensorFlow would not open it.

Each function is asked in TensorFlow whether it opens a path, and ckptls whether it accuses a
name that no checkpoint there has. It must do so exactly where TensorFlow gets so far.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

READERS: dict[str, str] = {
    "load_checkpoint": 'tf.train.load_checkpoint("{}").get_tensor("a/typo")',
    "list_variables": 'dict(tf.train.list_variables("{}"))["a/typo"]',
    "load_variable": 'tf.train.load_variable("{}", "a/typo")',
    "NewCheckpointReader": 'tf.train.NewCheckpointReader("{}").get_tensor("a/typo")',
    "init_from_checkpoint": 'tf.train.init_from_checkpoint("{}", {{"a/typo": v}})',
    "Saver.restore": 'tf.train.Saver({{"a/typo": v}}).restore(session, "{}")',
    "latest_checkpoint": (
        'tf.train.Saver({{"a/typo": v}}).restore(session, tf.train.latest_checkpoint("{}"))'
    ),
    "get_checkpoint_state": (
        'state = tf.train.get_checkpoint_state("{}")\n'
        'tf.train.Saver({{"a/typo": v}}).restore(session, state.model_checkpoint_path)'
    ),
}


def _restore(path: str | None) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.train.Saver({"a/w": tf1.get_variable("w", [2])}).restore(session, path)


def _initialise(path: str) -> None:
    with tf.Graph().as_default():
        tf1.train.init_from_checkpoint(path, {"a/w": tf1.get_variable("w", [2])})


OPENING: dict[str, Callable[[str], object]] = {
    "load_checkpoint": lambda path: tf.train.load_checkpoint(path).get_tensor("a/w"),
    "list_variables": lambda path: dict(tf.train.list_variables(path))["a/w"],
    "load_variable": lambda path: tf.train.load_variable(path, "a/w"),
    "NewCheckpointReader": lambda path: tf1.train.NewCheckpointReader(path).get_tensor("a/w"),
    "init_from_checkpoint": _initialise,
    "Saver.restore": _restore,
    "latest_checkpoint": lambda path: _restore(tf.train.latest_checkpoint(path)),
    "get_checkpoint_state": lambda path: _restore(
        tf.train.get_checkpoint_state(path).model_checkpoint_path
    ),
}
# What they raise for a path that they do not take.
REFUSALS = (ValueError, AttributeError, KeyError, tf.errors.OpError, RuntimeError)

PLACES = (
    "a.ckpt",  # a prefix
    "one",  # a directory with a checkpoint, without a state file
    "two",  # with several
    "stated",  # with a state file that names one
    "stated/m.ckpt",
    "stale",  # with a state file that names what is gone
    "beside",  # a directory, and a checkpoint of that name beside it
    "beside_stated",  # the same, and the state file inside names another
    "empty",
    ".",
)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("places")
    with tf.Graph().as_default(), tf1.Session() as session:
        variable = tf1.get_variable("a/w", [2])
        session.run(variable.initializer)
        written = tf1.train.Saver().save(session, str(root / "a.ckpt"), write_state=False)
    for copy in ("one/m", "two/m", "two/n", "stated/m", "stale/m", "beside_stated/m"):
        _copied(written, root / f"{copy}.ckpt")
    for copy in ("beside", "beside_stated"):
        _copied(written, root / copy)
    for empty in ("beside", "empty"):
        (root / empty).mkdir()
    for name in ("stated", "beside_stated"):
        (root / name / "checkpoint").write_text('model_checkpoint_path: "m.ckpt"\n')
    (root / "stale" / "checkpoint").write_text('model_checkpoint_path: "gone.ckpt"\n')
    return root


def _copied(prefix: str, to: Path) -> None:
    to.parent.mkdir(exist_ok=True)
    for end in (".index", ".data-00000-of-00001"):
        shutil.copy(prefix + end, f"{to}{end}")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("reader", READERS)
def test_names_are_accused_where_tensorflow_opens_the_path(
    reader, place, places, monkeypatch, project
):
    monkeypatch.chdir(places)
    try:
        OPENING[reader](place)
        opens = True
    except REFUSALS:
        opens = False
    shutil.copytree(places, project.root, dirs_exist_ok=True)
    _, found = project.findings(READERS[reader].format(place))
    accused = [each for each in found if each.code == "unknown-variable"]
    assert opens or not accused
    # Of the directory that has both we see what its state file names, and can only be silent.
    assert accused or not opens or place == "beside_stated"


@pytest.mark.parametrize("place", ["one", "."])
def test_completion_helps_where_tensorflow_would_not_open_it(place, project):
    project.checkpoint("one/m.ckpt" if place == "one" else "m.ckpt", a__w=[2])
    project.completes(f'tf.train.load_variable("{place}", "<cursor>")', offers=["a/w"])
