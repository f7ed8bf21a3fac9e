"""What the rules say about objects, layers and graphs, provoked in TensorFlow and Keras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1
import tf_keras

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


class Net(tf.Module):
    """One variable that the graph calls `dense/kernel`."""

    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable([1.0, 2.0], name="dense/kernel")


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An object-based checkpoint of `model=Net()`."""
    prefix = str(tmp_path_factory.mktemp("objects") / "tf2")
    return tf.train.Checkpoint(model=Net()).save(prefix)


# missing-value-suffix


def test_a_key_is_read_with_its_end_alone(objects):
    assert tf.train.load_variable(objects, "model/w" + SUFFIX).shape == (2,)
    with pytest.raises((tf.errors.NotFoundError, RuntimeError), match="model/w not found"):
        tf.train.load_variable(objects, "model/w")


def test_a_saver_takes_names_of_the_graph_and_keys(objects):
    with tf.Graph().as_default():
        for name in ("dense/kernel", "model/w" + SUFFIX):
            variable = tf1.get_variable(f"mine_{len(name)}", [2])
            with tf1.Session() as session:
                tf1.train.Saver({name: variable}).restore(session, objects)
                np.testing.assert_array_equal(session.run(variable), [1, 2])
        with tf1.Session() as session, pytest.raises(tf.errors.NotFoundError):
            tf1.train.Saver({"dense/kernle": variable}).restore(session, objects)


# unknown-object


def test_nothing_is_restored_to_a_misspelt_keyword_and_nothing_said(objects):
    net = Net()
    net.w.assign([7.0, 7.0])
    status = tf.train.Checkpoint(modle=net).restore(objects)
    np.testing.assert_array_equal(net.w, [7, 7])
    status.assert_nontrivial_match()
    with pytest.raises(AssertionError):
        status.assert_existing_objects_matched()


def test_a_manager_restores_the_newest(objects):
    net = Net()
    net.w.assign([7.0, 7.0])
    checkpoint = tf.train.Checkpoint(model=net)
    manager = tf.train.CheckpointManager(checkpoint, str(Path(objects).parent), max_to_keep=1)
    assert manager.latest_checkpoint == objects
    manager.restore_or_initialize()
    np.testing.assert_array_equal(net.w, [1, 2])


# unknown-layer


def model(name: str) -> tf_keras.Model:
    return tf_keras.Sequential(
        [tf_keras.layers.Dense(2, name=name, input_shape=(3,)), tf_keras.layers.Dense(1, name="d")]
    )


def test_layers_of_other_names_are_skipped_without_a_word(tmp_path, caplog):
    path = str(tmp_path / "weights.h5")
    saved, read = model("block1"), model("blok1")
    saved.save_weights(path)
    before = read.get_weights()
    read.load_weights(path, by_name=True)
    np.testing.assert_array_equal(read.get_weights()[0], before[0])
    np.testing.assert_array_equal(read.get_weights()[2], saved.get_weights()[2])
    assert not caplog.text
    read.load_weights(path)
    np.testing.assert_array_equal(read.get_weights()[0], saved.get_weights()[0])


def test_a_layer_of_another_name_is_not_got():
    with pytest.raises(ValueError, match="No such layer: blok1"):
        model("block1").get_layer("blok1")


# unknown-tensor


def test_a_node_that_is_not_there_raises(tmp_path):
    with tf.Graph().as_default():
        tf1.placeholder(tf.float32, [], name="input")
        tf1.train.export_meta_graph(str(tmp_path / "model.meta"))
    with tf.Graph().as_default() as graph:
        tf1.train.import_meta_graph(str(tmp_path / "model.meta"))
        assert graph.get_tensor_by_name("input:0") is not None
        with pytest.raises(KeyError, match="refers to a Tensor which does not exist"):
            graph.get_tensor_by_name("imput:0")
        with pytest.raises(KeyError, match="refers to an Operation not in the graph"):
            graph.get_operation_by_name("imput")
