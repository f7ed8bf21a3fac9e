"""The latest checkpoint, and what paths lead to, are TensorFlow's wherever it has an answer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import ckptls
from ckptls.checkpoint.compare.diff import compare
from ckptls.checkpoint.compare.value_diff import compare_values
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.locate.steps import Status, read_history
from ckptls.checkpoint.reader import read_checkpoint

v1 = tf.compat.v1


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory `run`, as paths in the tests call it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    return Path("run")


def ours(directory: Path | str) -> str | None:
    found = read_history(str(directory)).latest
    return os.path.abspath(found.prefix) if found else None


def tensorflows(directory: Path | str) -> str | None:
    found = tf.train.latest_checkpoint(str(directory))
    return os.path.abspath(found) if found else None


def check(directory: Path | str, count: int) -> None:
    """TensorFlow's latest is ours, and all that TensorFlow knows is named and finished."""
    assert ours(directory) == tensorflows(directory) is not None
    state = tf.train.get_checkpoint_state(str(directory))
    known = {os.path.abspath(path) for path in state.all_model_checkpoint_paths}
    steps = read_history(str(directory)).steps
    assert len(steps) == count
    assert {step.status for step in steps} == {Status.FINISHED}
    assert {os.path.abspath(step.prefix) for step in steps if step.is_named} == known


def test_a_manager_that_keeps_a_few(run: Path) -> None:
    variable = tf.Variable(1.0)
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=variable), "run", max_to_keep=3)
    for i in range(12):
        manager.save()
        check("run", count=min(i + 1, 3))
        assert ours("run") == os.path.abspath(manager.latest_checkpoint)
    assert [step.number for step in read_history("run").steps] == [10, 11, 12]


def test_a_manager_that_keeps_one_every_some_hours(run: Path) -> None:
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(v=tf.Variable(1.0)),
        str(run.absolute()),
        max_to_keep=1,
        keep_checkpoint_every_n_hours=1e-9,
        checkpoint_name="model.ckpt",
    )
    for _ in range(4):
        manager.save()
    steps = read_history("run").steps
    assert [step.number for step in steps] == [1, 2, 3, 4]
    assert [step.is_named for step in steps] == [False, False, False, True]
    assert ours("run") == os.path.abspath(manager.latest_checkpoint) == tensorflows("run")


def save(prefix: str, steps: range, **options: object) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("a/w", initializer=np.ones([2, 3], np.float32))
        v1.get_variable("b", initializer=np.float32(2))
        v1.get_variable("c", initializer=np.int64(3))
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(**options)
        for step in steps:
            saver.save(session, prefix, global_step=step)


SAVERS = {
    "V2": {},
    "sharded V2": {"sharded": True},
    "V1": {"write_version": v1.train.SaverDef.V1},
    "sharded V1": {"write_version": v1.train.SaverDef.V1, "sharded": True},
}


@pytest.mark.parametrize("kind", SAVERS)
@pytest.mark.parametrize("prefix", ["run/model.ckpt", "{}/run/model.ckpt"])
def test_a_saver(run: Path, kind: str, prefix: str) -> None:
    save(prefix.format(run.absolute().parent), range(0, 3000, 1000), max_to_keep=2, **SAVERS[kind])
    check("run", count=2)
    assert [step.number for step in read_history("run").steps] == [1000, 2000]


@pytest.mark.parametrize("kind", SAVERS)
def test_a_moved_directory_is_still_understood_where_tensorflow_gives_up(
    run: Path, kind: str
) -> None:
    save(str(run.absolute() / "m"), range(2), **SAVERS[kind])
    check("run", count=2)
    run.rename("moved")
    assert tensorflows("moved") is None
    latest = ours("moved")
    assert latest is not None
    assert latest.startswith(os.path.abspath("moved/m-1"))


def test_a_state_file_of_an_older_step(run: Path) -> None:
    save("run/m", range(3), max_to_keep=None)
    v1.train.update_checkpoint_state("run", "run/m-1", ["run/m-0", "run/m-1"])
    check("run", count=3)
    assert ours("run") == os.path.abspath("run/m-1")


def test_weights_of_keras_epoch_by_epoch(run: Path) -> None:
    model = tf_keras.Sequential([tf_keras.layers.Dense(2, input_shape=(3,))])
    for epoch in range(9, 12):
        model.save_weights(f"run/weights.{epoch:02d}.ckpt")
    steps = read_history("run").steps
    assert [step.number for step in steps] == [9, 10, 11]
    assert ours("run") == tensorflows("run") == os.path.abspath("run/weights.11.ckpt")
    for epoch, suffix in ((12, ".weights.h5"), (13, ".keras")):
        path = f"run/epoch_{epoch}{suffix}"
        model.save(path) if suffix == ".keras" else model.save_weights(path)
    steps = read_history("run").steps
    assert [step.number for step in steps] == [9, 10, 11, 12, 13]
    assert {step.status for step in steps} == {Status.FINISHED}
    shutil.copy("run/epoch_12.weights.h5", "run/epoch_14.weights.h5")
    os.truncate("run/epoch_14.weights.h5", os.path.getsize("run/epoch_12.weights.h5") - 100)
    os.truncate("run/epoch_13.keras", os.path.getsize("run/epoch_13.keras") - 1)
    statuses = [step.status for step in read_history("run").steps]
    assert statuses == [Status.FINISHED] * 4 + [Status.UNFINISHED] * 2


def test_an_estimators_directory(run: Path) -> None:
    hook_options = {"checkpoint_dir": "run", "save_checkpoint_steps": 10}
    with tf.Graph().as_default():
        step = v1.train.get_or_create_global_step()
        train = v1.assign_add(step, 1)
        with v1.train.MonitoredTrainingSession(**hook_options) as session:
            for _ in range(25):
                session.run(train)
    (run / "eval").mkdir()
    check("run", count=len(read_history("run").steps))
    numbers = [step.number for step in read_history("run").steps]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert numbers[-1] == 25


def listed(path: str) -> list[tuple[str, list[int]]] | None:
    try:
        return tf.train.list_variables(path) or None  # of `m.index` it says that it is empty
    except (ValueError, tf.errors.OpError):
        return None


PATHS = {
    "V2": "run run/m-1 ./run//m-1 run/m-1.index run/m-1.data-00000-of-00001 run/m-1.meta run/m-*",
    "sharded V2": "run run/m-1 run/m-1.index run/m-?",
    "V1": "run run/m-1 run/m-1.meta run/m-? run/m-*",
    "sharded V1": "run run/m-1 run/m-1-?????-of-00001 run/m-1-* run/m-1-00000-of-00001",
}


@pytest.mark.parametrize(
    ("kind", "path"), [(kind, path) for kind, paths in PATHS.items() for path in paths.split()]
)
def test_what_tensorflow_opens_opens_alike(run: Path, kind: str, path: str) -> None:
    save("run/m", range(1, 2), **SAVERS[kind])
    theirs = listed(path)
    assert ckptls.list_variables(path) == (theirs or listed("run"))


@pytest.fixture
def checkpoint_called_checkpoint(run: Path) -> Iterator[Path]:
    save("run/other", range(1))
    for path in sorted(run.glob("other-0*")):
        path.rename(run / path.name.replace("other-0", "checkpoint"))
    (run / "checkpoint").unlink()
    yield run


@pytest.mark.parametrize("path", ["run/checkpoint", "run/checkpoint.index", "run"])
def test_a_checkpoint_called_checkpoint(checkpoint_called_checkpoint: Path, path: str) -> None:
    assert ckptls.list_variables(path) == listed("run/checkpoint")


@pytest.mark.parametrize("path", ["run", "run/saved_model.pb", "run/variables"])
def test_a_saved_model(run: Path, path: str) -> None:
    module = tf.Module()
    module.w = tf.Variable([1.0, 2.0])
    tf.saved_model.save(module, "run")
    assert listed(path) is None
    assert ckptls.list_variables(path) == listed("run/variables/variables")
    assert ours("run") == os.path.abspath("run/variables/variables")


@pytest.mark.parametrize("path", ["", "~/m", "run/q*", "run/m-9", "nowhere/m", "run/m-1/"])
def test_what_tensorflow_does_not_open_is_an_error_here_too(run: Path, path: str) -> None:
    save("run/m", range(1, 2))
    assert listed(path) is None
    with pytest.raises(CheckpointError):
        ckptls.list_variables(path)


def test_a_model_of_tensorflow_1_and_its_object_based_checkpoint_are_the_same(run: Path) -> None:
    rng = np.random.default_rng(0)
    model = tf_keras.Sequential(
        [
            tf_keras.layers.Dense(4, input_shape=(4,), name="one"),
            tf_keras.layers.Dense(4, name="two"),
            tf_keras.layers.Dense(4, name="three"),
        ]
    )
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    prefix = tf.train.Checkpoint(model=model).save("run/tf2")
    weights = {each.name.removesuffix(":0"): each.numpy() for each in model.weights}
    with tf.Graph().as_default(), v1.Session() as session:
        variables = [v1.get_variable(name, initializer=value) for name, value in weights.items()]
        session.run(v1.global_variables_initializer())
        v1.train.Saver(variables).save(session, "run/tf1")
    before = read_checkpoint("run/tf1", with_objects=True)
    after = read_checkpoint(prefix, with_objects=True)
    for first, second in ((before, after), (after, before)):
        found = compare(first, second)
        assert found.is_empty
        assert found.num_by_full_name == len(found.same) == 6
        for name, other in found.same:
            assert compare_values(first, name, second, other).num_different == 0
