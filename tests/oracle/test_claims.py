"""What the rules say about TensorFlow, provoked in TensorFlow."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1
import tf_slim as slim


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Variables `old/w` [2, 3] and `old/b` [3]."""
    prefix = str(tmp_path_factory.mktemp("claims") / "model.ckpt")
    with tf.Graph().as_default(), tf1.Session() as session:
        with tf1.variable_scope("old"):
            tf1.get_variable("w", [2, 3])
            tf1.get_variable("b", [3])
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, prefix, write_meta_graph=False)
    return prefix


@pytest.fixture
def graph():
    with tf.Graph().as_default() as opened:
        yield opened


def test_unknown_variable_reading_raises(checkpoint):
    with pytest.raises(tf.errors.NotFoundError, match="Key old/x not found in checkpoint"):
        tf.train.load_variable(checkpoint, "old/x")
    reader = tf.train.load_checkpoint(checkpoint)
    # The reader of this version raises what its C++ side raises, under either name.
    with pytest.raises((tf.errors.NotFoundError, RuntimeError), match="old/x not found"):
        reader.get_tensor("old/x")
    with pytest.raises(KeyError):
        reader.get_variable_to_shape_map()["old/x"]
    assert not reader.has_tensor("old/x")


def test_only_load_variable_takes_an_output_number(checkpoint):
    assert tf.train.load_variable(checkpoint, "old/b:0").shape == (3,)
    with pytest.raises((tf.errors.NotFoundError, RuntimeError)):
        tf.train.load_checkpoint(checkpoint).get_tensor("old/b:0")


def test_unknown_variable_restoring_raises(checkpoint, graph):
    variable = tf1.get_variable("mine", [3])
    with (
        tf1.Session() as session,
        pytest.raises(tf.errors.NotFoundError, match="Key old/x not found in checkpoint"),
    ):
        tf1.train.Saver({"old/x": variable}).restore(session, checkpoint)
    with pytest.raises(ValueError, match="old/x"):
        slim.assign_from_checkpoint(checkpoint, {"old/x": variable})
    with pytest.raises(ValueError, match="old/x is not found in"):
        tf1.train.init_from_checkpoint(checkpoint, {"old/x": variable})


def test_ignored_missing_variables_are_only_logged(checkpoint, graph, caplog):
    variable = tf1.get_variable("mine", [3])
    logging.getLogger("tensorflow").propagate = True
    with caplog.at_level(logging.WARNING):
        slim.assign_from_checkpoint_fn(checkpoint, {"old/x": variable}, ignore_missing_vars=True)
    assert "old/x" in caplog.text


def test_unknown_scope_raises_where_the_model_has_variables(checkpoint, graph):
    with tf1.variable_scope("new"):
        tf1.get_variable("w", [2, 3])
    with pytest.raises(ValueError, match="is not found in"):
        tf1.train.init_from_checkpoint(checkpoint, {"odl/": "new/"})


def test_unknown_scope_is_silent_where_the_model_has_none(checkpoint, graph):
    tf1.get_variable("w", [2, 3])
    tf1.train.init_from_checkpoint(checkpoint, {"odl/": "nothing/here/"})


def test_the_root_is_written_as_a_slash(checkpoint, graph):
    with tf1.variable_scope("new/old"):
        variable = tf1.get_variable("b", [3])
    tf1.train.init_from_checkpoint(checkpoint, {"/": "new/"})
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        np.testing.assert_array_equal(
            session.run(variable), tf.train.load_variable(checkpoint, "old/b")
        )


def test_misspelled_scope_fails_when_everything_is_restored(checkpoint, graph):
    with tf1.variable_scope("odl"):
        tf1.get_variable("b", [3])
    with tf1.Session() as session, pytest.raises(tf.errors.NotFoundError, match="Key odl/b"):
        tf1.train.Saver().restore(session, checkpoint)


def test_shape_mismatch_of_a_map_raises(checkpoint, graph):
    variable = tf1.get_variable("mine", [5])
    with pytest.raises(ValueError, match="doesn't match with shape of tensor old/b"):
        tf1.train.init_from_checkpoint(checkpoint, {"old/b": variable})


def test_shape_mismatch_of_a_saver_raises_or_loads_silently(checkpoint, graph):
    reference = tf1.get_variable("reference", [5], use_resource=False)
    resource = tf1.get_variable("resource", [5], use_resource=True)
    with tf1.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf1.train.Saver({"old/b": reference}).restore(session, checkpoint)
        tf1.train.Saver({"old/b": resource}).restore(session, checkpoint)
        assert session.run(resource).shape == (3,)


def test_an_exclude_list_leaves_variables_out_by_the_start_of_their_names(graph):
    for name in ("vgg_16/fc8/weights", "vgg_16/fc8_new/weights", "vgg_16/fc7/weights"):
        tf1.get_variable(name, [1])
    kept = slim.get_variables_to_restore(exclude=["vgg_16/fc8"])
    assert [variable.op.name for variable in kept] == ["vgg_16/fc7/weights"]
    kept = slim.get_variables_to_restore(include=["vgg_16/fc8/"])
    assert [variable.op.name for variable in kept] == ["vgg_16/fc8/weights"]


def test_the_example_makes_the_names_of_its_checkpoint(graph, monkeypatch):
    import importlib.util

    import ckptls

    folder = Path(__file__).parents[2] / "examples" / "vgg16"
    spec = importlib.util.spec_from_file_location("finetune", folder / "finetune.py")
    assert spec is not None and spec.loader is not None
    finetune = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(finetune)
    finetune.vgg_16(tf1.zeros([1, 224, 224, 3]), num_classes=5, is_training=False)
    made = {
        variable.op.name: variable.shape.as_list()
        for variable in slim.get_variables_to_restore(["vgg_16"], ["vgg_16/flowers"])
    }
    stored = dict(ckptls.list_variables(str(folder / finetune.CHECKPOINT)))
    assert len(made) == 30
    assert made == {name: stored[name] for name in made}


def test_missing_variables_raise_or_are_skipped(checkpoint, graph, caplog):
    """What `missing-variables` says of each way to restore."""
    with tf1.variable_scope("old"):
        tf1.get_variable("w", [2, 3])
        tf1.get_variable("b", [3])
    tf1.get_variable("head", [3])
    everything = tf1.train.Saver()
    some = tf1.train.Saver([v for v in tf1.global_variables() if not v.op.name.startswith("head")])
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        with pytest.raises(tf.errors.NotFoundError, match="Key head not found in checkpoint"):
            everything.restore(session, checkpoint)
        some.restore(session, checkpoint)
        with pytest.raises(tf.errors.NotFoundError, match="head"):
            slim.assign_from_checkpoint_fn(checkpoint, tf1.global_variables())(session)
        skips = slim.assign_from_checkpoint_fn(
            checkpoint, tf1.global_variables(), ignore_missing_vars=True
        )
        skips(session)
    named = tf1.train.Saver({v.name: v for v in tf1.global_variables()})
    with tf1.Session() as session, pytest.raises(tf.errors.NotFoundError, match="head:0 not found"):
        named.restore(session, checkpoint)


def test_missing_variables_of_an_optimizer(checkpoint, graph):
    """Slots of `missing-variables`: a saver of all variables asks for them, too."""
    with tf1.variable_scope("old"):
        loss = tf.reduce_sum(tf1.get_variable("w", [2, 3])) + tf.reduce_sum(
            tf1.get_variable("b", [3])
        )
    tf1.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    with tf1.Session() as session, pytest.raises(tf.errors.NotFoundError, match="Momentum"):
        tf1.train.Saver().restore(session, checkpoint)
    with tf1.Session() as session:
        tf1.train.Saver(tf1.trainable_variables()).restore(session, checkpoint)
