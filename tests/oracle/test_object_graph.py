"""Object graphs, held against TensorFlow's own message: children, attributes, slots."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import ckptls
from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.formats.tensorflow.v2.object_graph_reader import read_object_graph
from ckptls.checkpoint.graphs.variable_role import PurposeKind, purpose_of, slots_of
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.reader import read_checkpoint
from support.object_graph_oracle import check

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
X, Y = np.ones([4, 3], "float32"), np.ones([4, 2], "float32")


def slots(checkpoint: Checkpoint, path: str) -> list[str]:
    """What is kept for the variable at an object's path."""
    found = slots_of(path + SUFFIX, checkpoint)
    return sorted(purpose_of(name, checkpoint).slot for name in found)


def kinds(checkpoint: Checkpoint) -> dict[str, str]:
    """The purpose of each key, without the suffix."""
    return {
        name.removesuffix(SUFFIX): purpose_of(name, checkpoint).kind.value
        for name in checkpoint.names
    }


def tf_keras_model(optimizer: object) -> tf_keras.Model:
    layers = [tf_keras.Input((3,)), tf_keras.layers.Dense(2, name="dn")]
    model = tf_keras.Sequential(layers)
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    return model


def keras_model(optimizer: object) -> keras.Model:
    layers = [keras.layers.Dense(4, name="hidden"), keras.layers.Dense(2, name="dn")]
    model = keras.Sequential([keras.Input((3,)), *layers], name="seq")
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    return model


def test_lists_dicts_and_odd_names(tmp_path: Path) -> None:
    root = tf.train.Checkpoint(
        net=tf.train.Checkpoint(w=tf.Variable([1.0], name="w")),
        layers=[tf.Variable(1.0), tf.Variable(2.0)],
        table={"k/1": tf.Variable(3.0), "a.b": tf.Variable(4.0), "..S/": tf.Variable(5.0)},
        step=tf.Variable(1),
    )
    checkpoint, graph = check(root.save(str(tmp_path / "m")))
    assert graph.root_children == ("layers", "net", "save_counter", "step", "table")
    assert graph.full_names("net/w" + SUFFIX) == ("w",)
    assert len(graph.keys_of("Variable")) == 6  # names need not be unique
    assert graph.full_names("table/k.S1" + SUFFIX) == ("Variable",)
    assert kinds(checkpoint)["save_counter"] == "bookkeeping"
    assert graph.is_internal(OBJECT_GRAPH_NAME)
    assert not graph.is_internal("step" + SUFFIX)


def test_shared_objects_and_cycles(tmp_path: Path) -> None:
    one, other = tf.train.Checkpoint(), tf.train.Checkpoint()
    one.other, other.one = other, one
    one.w = other.also_w = tf.Variable([1.0], name="shared")
    _, graph = check(tf.train.Checkpoint(one=one, again=one).save(str(tmp_path / "m")))
    assert len(graph.keys_of("shared")) == 1


def test_a_manager_and_states_of_python(tmp_path: Path) -> None:
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)
    iterator = iter(tf.data.Dataset.range(3))
    root = tf.train.Checkpoint(table=table, iterator=iterator, v=tf.Variable(1.0))
    prefix = tf.train.CheckpointManager(root, str(tmp_path), 2).save()
    checkpoint, graph = check(prefix)
    assert graph.is_internal("iterator/.ATTRIBUTES/ITERATOR_STATE")
    assert kinds(checkpoint)["table/.ATTRIBUTES/table-keys"] == "ordinary"


@pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop", "Adagrad", "Ftrl", "Adadelta"])
def test_a_legacy_optimizer_declares_its_slots(tmp_path: Path, name: str) -> None:
    optimizer = getattr(tf_keras.optimizers.legacy, name)()
    model = tf_keras_model(optimizer)
    root = tf.train.Checkpoint(model=model, optimizer=optimizer)
    checkpoint, _ = check(root.save(str(tmp_path / "m")))
    declared = sorted(optimizer.get_slot_names())
    assert slots(checkpoint, "model/layer_with_weights-0/kernel") == declared
    assert kinds(checkpoint)["optimizer/iter"] == "bookkeeping"
    assert kinds(checkpoint)["model/layer_with_weights-0/bias"] == "ordinary"


def test_an_optimizer_of_tensorflow_1_in_objects(tmp_path: Path) -> None:
    v = tf.Variable([1.0, 2.0], name="v")
    optimizer = tf.compat.v1.train.AdamOptimizer()
    optimizer.minimize(lambda: tf.reduce_sum(v * v), var_list=[v])
    root = tf.train.Checkpoint(v=v, optimizer=optimizer)
    checkpoint, _ = check(root.save(str(tmp_path / "m")))
    assert slots(checkpoint, "v") == ["m", "v"]
    assert kinds(checkpoint)["optimizer/beta1_power"] == "bookkeeping"


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Adam", ["m", "v"]), ("RMSprop", ["velocity"]), ("Adagrad", ["accumulator"])],
)
def test_a_new_optimizer_of_keras_2_tells_slots_by_their_names(
    tmp_path: Path, name: str, kept: list[str]
) -> None:
    model = tf_keras_model(getattr(tf_keras.optimizers, name)())
    root = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
    checkpoint, _ = check(root.save(str(tmp_path / "m")))
    assert slots(checkpoint, "model/layer_with_weights-0/kernel") == kept
    assert kinds(checkpoint)["optimizer/_learning_rate"] == "bookkeeping"


def test_weights_that_keras_2_saves(tmp_path: Path) -> None:
    model = tf_keras_model("adam")
    model.save_weights(str(tmp_path / "w"), save_format="tf")
    checkpoint, graph = check(str(tmp_path / "w"))
    assert graph.full_names("layer_with_weights-0/kernel" + SUFFIX) == ("dn/kernel",)
    assert slots(checkpoint, "layer_with_weights-0/kernel") == ["m", "v"]


@pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop", "Adafactor", "Lion", "Ftrl", "Nadam"])
def test_an_optimizer_of_keras_3_tells_slots_by_their_names(tmp_path: Path, name: str) -> None:
    options = {"momentum": 0.9} if name == "SGD" else {}
    model = keras_model(getattr(keras.optimizers, name)(**options))
    root = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
    checkpoint, graph = check(root.save(str(tmp_path / "m")))
    found = kinds(checkpoint)
    for variable in model.trainable_variables:
        (key,) = graph.keys_of(variable.path)
        assert found[key.removesuffix(SUFFIX)] == "ordinary"
        ours = {graph.full_names(each)[0] for each in slots_of(key, checkpoint)}
        flat = variable.path.replace("/", "_")
        theirs = {
            each.path
            for each in model.optimizer.variables
            if each.path.split("/")[-1].startswith(flat + "_")
        }
        assert theirs
        assert ours == theirs
    assert found["optimizer/_iterations"] == "bookkeeping"


def test_owners_that_are_called_alike_are_told_apart_by_their_place(tmp_path: Path) -> None:
    """`a/b_c` and `a_b/c` are both `a_b_c` in the names of slots."""
    first = keras.Variable(np.zeros(2), name="c")
    with keras.name_scope("a"):
        one = keras.Variable(np.zeros([2]), name="b_c")
    with keras.name_scope("a_b"):
        two = keras.Variable(np.zeros([3]), name="c")
    optimizer = keras.optimizers.SGD(momentum=0.5)
    optimizer.build([first, one, two])
    checkpoint, graph = check(tf.train.Checkpoint(optimizer=optimizer).save(str(tmp_path / "m")))
    for variable in (one, two):
        (key,) = graph.keys_of(variable.path)
        (slot,) = slots_of(key, checkpoint)
        assert checkpoint[slot].shape == tuple(variable.shape)


def test_variables_of_a_saved_model(tmp_path: Path) -> None:
    model = tf_keras_model("adam")
    model.save(tmp_path / "saved", save_format="tf")
    checkpoint, graph = check(str(tmp_path / "saved" / "variables" / "variables"))
    assert graph.keys_of("dn/kernel")
    assert "bookkeeping" in kinds(checkpoint).values()


def test_without_the_data_file_the_keys_tell_what_they_can(tmp_path: Path) -> None:
    optimizer = tf_keras.optimizers.legacy.Adam()
    model = tf_keras_model(optimizer)
    root = tf.train.Checkpoint(model=model, optimizer=optimizer)
    prefix = root.save(str(tmp_path / "m"))
    with_data, _ = check(prefix)
    Path(f"{prefix}.data-00000-of-00001").unlink()
    checkpoint = read_checkpoint(prefix, with_objects=True)
    graph = checkpoint.object_graph
    assert graph is not None
    assert not graph.is_complete
    assert not checkpoint.problems
    assert checkpoint.shapes() == with_data.shapes()
    assert slots(checkpoint, "model/layer_with_weights-0/kernel") == ["m", "v"]
    assert graph.root_children == ("model", "optimizer", "save_counter")
    assert graph.full_names("model/layer_with_weights-0/kernel" + SUFFIX) == ()


def test_averages_and_slots_of_tensorflow_1_are_known_by_name(tmp_path: Path) -> None:
    """Every slot that TensorFlow says it made is one, and of its variable, scope or not."""
    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("net"):
            w, b = v1.get_variable("w", [3, 2]), v1.get_variable("b", [])
        loss = tf.reduce_sum(w) * b
        makers = [
            v1.train.AdamOptimizer(), v1.train.MomentumOptimizer(0.1, 0.9),
            v1.train.RMSPropOptimizer(0.1, centered=True), v1.train.AdagradOptimizer(0.1),
            v1.train.AdadeltaOptimizer(), v1.train.FtrlOptimizer(0.1),
            v1.train.AdamOptimizer(name="MyOwn"), v1.train.ProximalAdagradOptimizer(0.1),
        ]  # fmt: skip
        operations = [maker.minimize(loss) for maker in makers]
        with v1.variable_scope("opt"):
            makers.append(v1.train.AdamOptimizer())
            operations.append(makers[-1].minimize(loss))
        average = tf.train.ExponentialMovingAverage(0.9)
        operations.append(average.apply([w, b]))
        v1.train.get_or_create_global_step()
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver().save(session, str(tmp_path / "m"))
        made = {
            maker.get_slot(variable, name).op.name: variable.op.name
            for maker in makers
            for name in maker.get_slot_names()
            for variable in (w, b)
        }
        averages = {average.average_name(variable): variable.op.name for variable in (w, b)}
    checkpoint = ckptls.open(prefix)
    assert read_object_graph(checkpoint) is None
    by_kind = {name: purpose_of(name, checkpoint) for name in checkpoint.names}
    named = {name: owner for name, owner in made.items() if "MyOwn" not in name or owner[-1] == "w"}
    for name, owner in named.items():
        assert (by_kind[name].kind, by_kind[name].owner) == (PurposeKind.SLOT, owner), name
    for name, owner in averages.items():
        assert by_kind[name].kind is PurposeKind.MOVING_AVERAGE
        assert by_kind[name].owner == owner
    others = [name for name in checkpoint.names if name not in made and name not in averages]
    ordinary = {name for name in others if by_kind[name].is_ordinary}
    assert ordinary == {"net/w", "net/b"}
    assert set(slots_of("net/w", checkpoint)) == {
        name for name, owner in {**made, **averages}.items() if owner == "net/w"
    }
