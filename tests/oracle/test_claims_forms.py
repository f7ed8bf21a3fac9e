"""What the rules say about forms of paths, names, maps and patterns, provoked in TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1
import tf_slim as slim

NOT_THERE = (tf.errors.NotFoundError, tf.errors.OpError, RuntimeError, ValueError)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Variables `old/w` [2, 3], `old/b` [3] and `fc8/w` [2], beside a state file."""
    prefix = str(tmp_path_factory.mktemp("forms") / "model.ckpt")
    with tf.Graph().as_default(), tf1.Session() as session:
        for name, shape in (("old/w", [2, 3]), ("old/b", [3]), ("fc8/w", [2])):
            tf1.get_variable(name, shape)
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, prefix)
    return prefix


@pytest.fixture
def graph():
    with tf.Graph().as_default() as opened:
        yield opened


# checkpoint-path-form


def test_an_index_is_taken_for_an_empty_checkpoint(checkpoint):
    assert tf.train.list_variables(checkpoint + ".index") == []
    with pytest.raises(NOT_THERE):
        tf.train.load_variable(checkpoint + ".index", "old/b")


def test_restoring_an_object_from_an_index_says_nothing(checkpoint):
    variable = tf.Variable([1.0, 2.0, 3.0])
    tf.train.Checkpoint(b=variable).restore(checkpoint + ".index")
    np.testing.assert_array_equal(variable, [1.0, 2.0, 3.0])


def test_files_of_a_checkpoint_are_no_checkpoint(checkpoint):
    for end in (".meta", ".data-00000-of-00001"):
        with pytest.raises((tf.errors.OpError, RuntimeError)):
            tf.train.load_checkpoint(checkpoint + end)


def test_the_newest_checkpoint_of_a_prefix_is_none(checkpoint):
    assert tf.train.latest_checkpoint(checkpoint) is None
    assert tf.train.get_checkpoint_state(checkpoint) is None
    assert tf.train.latest_checkpoint(str(Path(checkpoint).parent)) == checkpoint


def test_a_directory_is_no_prefix(checkpoint, graph):
    directory = str(Path(checkpoint).parent)
    tf1.get_variable("old/b", [3])
    with pytest.raises((tf.errors.OpError, RuntimeError)):
        tf1.train.NewCheckpointReader(directory)
    with tf1.Session() as session, pytest.raises((tf.errors.OpError, ValueError)):
        tf1.train.Saver().restore(session, directory)
    assert tf.train.load_checkpoint(directory).has_tensor("old/b")


def test_the_state_file_is_no_checkpoint(checkpoint):
    with pytest.raises((tf.errors.OpError, RuntimeError)):
        tf.train.load_checkpoint(str(Path(checkpoint).parent / "checkpoint"))


def test_a_graph_is_imported_from_its_file_alone(checkpoint, graph):
    with pytest.raises(OSError, match="File does not exist"):
        tf1.train.import_meta_graph(checkpoint)
    tf1.train.import_meta_graph(checkpoint + ".meta")


def test_nobody_expands_a_tilde(checkpoint, monkeypatch):
    monkeypatch.setenv("HOME", str(Path(checkpoint).parent))
    with pytest.raises(NOT_THERE):
        tf.train.load_checkpoint("~/model.ckpt")
    assert tf.train.latest_checkpoint("~") is None


# checkpoint-not-found


def test_nothing_at_a_path_is_an_error_and_no_directory_is_none(checkpoint, tmp_path):
    with pytest.raises(NOT_THERE, match=r"Failed to find any matching files|Couldn't find"):
        tf.train.load_checkpoint(checkpoint + "x")
    assert tf.train.latest_checkpoint(str(tmp_path / "typo")) is None


def test_a_session_with_a_misspelt_directory_starts_from_scratch(checkpoint, tmp_path, graph):
    tf1.train.get_or_create_global_step()
    variable = tf1.get_variable("old/b", [3], initializer=tf1.zeros_initializer())
    with tf1.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path / "typo")) as session:
        np.testing.assert_array_equal(session.run(variable), [0, 0, 0])
    assert (tmp_path / "typo").is_dir()


# unreadable-checkpoint


def test_a_checkpoint_that_is_cut_short_raises_late_and_darkly(checkpoint, tmp_path):
    index = Path(checkpoint + ".index").read_bytes()
    (tmp_path / "cut.ckpt.index").write_bytes(index[:-20])
    with pytest.raises((tf.errors.OpError, RuntimeError), match="not an sstable"):
        tf.train.load_checkpoint(str(tmp_path / "cut.ckpt"))


# not-a-list, invalid-pattern, joined-names, pattern-matches-nothing


def test_a_string_is_no_list(graph):
    for side in ("include", "exclude"):
        with pytest.raises(TypeError, match=f"{side} is provided but is not a list or a tuple"):
            slim.get_variables_to_restore(**{side: "fc8"})


def test_functions_that_do_not_check_take_the_letters(graph):
    variables = [tf1.get_variable("conv/w", [1]), tf1.get_variable("fc/w", [1])]
    assert len(slim.filter_variables(variables, include_patterns="conv")) == 2
    assert len(slim.filter_variables(variables, include_patterns=["conv"])) == 1


def test_patterns_must_compile(checkpoint, graph):
    tf1.get_variable("fc8/w", [2])
    for choose in (
        lambda: slim.get_variables("fc[8"),
        lambda: slim.get_variables_to_restore(exclude=["fc[8"]),
        lambda: tf1.get_collection(tf1.GraphKeys.GLOBAL_VARIABLES, scope="fc[8"),
        lambda: tf1.trainable_variables("fc[8"),
        lambda: tf1.train.warm_start(checkpoint, vars_to_warm_start="fc[8"),
        lambda: slim.filter_variables(slim.get_variables(), include_patterns=["fc[8"]),
    ):
        with pytest.raises(re.error):
            choose()


def test_joined_names_choose_nothing(graph):
    for name in ("learning_rate", "global_step"):
        tf1.get_variable(name, [])
    assert len(slim.get_variables_to_restore(exclude=["learning_rate, global_step"])) == 2
    assert len(slim.get_variables_to_restore(exclude=["learning_rateglobal_step"])) == 2
    assert len(slim.get_variables_to_restore(exclude=["learning_rate", "global_step"])) == 0


def test_filters_begin_where_names_begin_and_are_silent(graph):
    for name in ("vgg_16/fc8/w", "vgg_16/fc7/w"):
        tf1.get_variable(name, [1])
    assert len(slim.get_variables_to_restore(exclude=["fc8"])) == 2
    assert len(slim.get_variables_to_restore(exclude=["vgg_16/fc8"])) == 1
    assert tf1.trainable_variables("fc8") == []
    assert tf1.get_collection(tf1.GraphKeys.GLOBAL_VARIABLES, scope="vgg_16/fcc8") == []


def test_names_end_in_a_number_for_filters(graph):
    tf1.get_variable("old/w", [1])
    assert slim.get_variables("old/w$") == []
    assert len(slim.get_variables("old/w:0$")) == 1


def test_a_warm_start_of_nothing_is_silent(checkpoint, graph):
    variable = tf1.get_variable("old/w", [2, 3], initializer=tf1.zeros_initializer())
    tf1.train.warm_start(checkpoint, vars_to_warm_start="w")
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        assert not session.run(variable).any()


# tensor-suffix


def test_maps_with_an_output_number_raise_a_misleading_error(checkpoint, graph):
    tf1.get_variable("new/b", [3])
    with pytest.raises(ValueError, match="not found"):
        tf1.train.init_from_checkpoint(checkpoint, {"old/b:0": "new/b"})
    with pytest.raises(ValueError, match="scope only name"):
        tf1.train.init_from_checkpoint(checkpoint, {"old/b": "new/b:0"})


def test_a_reader_never_has_a_tensor_with_a_number(checkpoint):
    reader = tf.train.load_checkpoint(checkpoint)
    assert reader.has_tensor("old/b")
    assert not reader.has_tensor("old/b:0")
    assert "old/b:0" not in reader.get_variable_to_shape_map()


def test_tensors_need_a_number_and_operations_refuse_one(graph):
    tf1.placeholder(tf.float32, [], name="x")
    with pytest.raises(ValueError, match="Tensor names must be of the form"):
        graph.get_tensor_by_name("x")
    with pytest.raises(ValueError, match="appears to refer to a Tensor"):
        graph.get_operation_by_name("x:0")
    assert graph.as_graph_element("x") is graph.get_operation_by_name("x")
    assert graph.as_graph_element("x:0") is graph.get_tensor_by_name("x:0")


def test_a_saver_finds_again_a_name_with_a_number(tmp_path, graph):
    variable = tf1.get_variable("w", [2])
    saver = tf1.train.Saver({"w:0": variable})
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        prefix = saver.save(session, str(tmp_path / "m"), write_meta_graph=False)
        saver.restore(session, prefix)
    assert tf.train.load_checkpoint(prefix).has_tensor("w:0")


# assignment-map-form


def test_sides_that_do_not_go_together_raise(checkpoint, graph):
    tf1.get_variable("new/b", [3])
    for entry in ({"old/": "new"}, {"old": "new/"}, {"old/": ""}):
        with pytest.raises(ValueError):
            tf1.train.init_from_checkpoint(checkpoint, entry)


def test_what_stands_behind_the_last_slash_is_thrown_away(checkpoint, graph):
    variable = tf1.get_variable("new/b", [3], initializer=tf1.zeros_initializer())
    tf1.train.init_from_checkpoint(checkpoint, {"old/": "new/typo"})
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        np.testing.assert_array_equal(
            session.run(variable), tf.train.load_variable(checkpoint, "old/b")
        )


def test_a_list_of_pairs_may_repeat_a_key(checkpoint, graph):
    made = [tf1.get_variable(name, [3]) for name in ("one/b", "two/b")]
    tf1.train.init_from_checkpoint(checkpoint, [("old/", "one/"), ("old/", "two/")])
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        one, two = session.run(made)
    np.testing.assert_array_equal(one, two)


# unknown-variable, in other functions


def test_other_functions_read_exact_names_too(checkpoint, graph, capsys):
    from tensorflow.python.tools import inspect_checkpoint

    inspect_checkpoint.print_tensors_in_checkpoint_file(checkpoint, "old/x", False)
    assert "old/x not found in checkpoint" in capsys.readouterr().out
    restored = tf.raw_ops.RestoreV2(
        prefix=checkpoint, tensor_names=["old/x"], shape_and_slices=[""], dtypes=[tf.float32]
    )
    with tf1.Session() as session, pytest.raises(tf.errors.NotFoundError, match="old/x not found"):
        session.run(restored)
    tf1.get_variable("mine", [3])
    with pytest.raises(ValueError, match="old/x is not found"):
        tf1.train.warm_start(checkpoint, ".*", var_name_to_prev_var_name={"mine": "old/x"})


# shape-mismatch, dtype-mismatch


def test_some_restores_make_shapes_fit(checkpoint, graph):
    one, two = (tf1.get_variable(name, [3, 2], use_resource=False) for name in ("one", "two"))
    restore = slim.assign_from_checkpoint_fn(checkpoint, {"old/w": one}, reshape_variables=True)
    with tf1.Session() as session:
        restore(session)
        tf1.train.Saver({"old/w": two}, reshape=True).restore(session, checkpoint)
        np.testing.assert_array_equal(*session.run([one, two]))
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf1.train.Saver({"old/b": two}, reshape=True).restore(session, checkpoint)
    with pytest.raises(ValueError, match="must be unchanged"):
        slim.assign_from_checkpoint(checkpoint, {"old/w": one})


def test_a_saver_does_not_convert(checkpoint, graph):
    variable = tf1.get_variable("mine", [3], tf.float16)
    with tf1.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
        tf1.train.Saver({"old/b": variable}).restore(session, checkpoint)


def test_a_map_does_not_convert_and_says_so_late(checkpoint, graph):
    variable = tf1.get_variable("mine", [3], tf.float16)
    tf1.train.init_from_checkpoint(checkpoint, {"old/b": variable})
    with tf1.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
        session.run(tf1.global_variables_initializer())


def test_assigning_values_converts(checkpoint, graph):
    variable = tf1.get_variable("mine", [3], tf.float16)
    assign, values = slim.assign_from_checkpoint(checkpoint, {"old/b": variable})
    with tf1.Session() as session:
        session.run(assign, values)
        stored = tf.train.load_variable(checkpoint, "old/b")
        np.testing.assert_allclose(session.run(variable), stored, atol=1e-2)


# dead-name-test


def test_names_are_compared_as_they_are_stored(checkpoint):
    """No slip is forgiven, no number added: what no stored name passes is never true."""
    names = [name for name, _ in tf.train.list_variables(checkpoint)]
    assert names == ["fc8/w", "old/b", "old/w"]
    assert names == sorted(tf.train.load_checkpoint(checkpoint).get_variable_to_shape_map())
    assert not any(name.startswith("odl/") or name == "old/w:0" or "/W" in name for name in names)


# unknown-variable: averages


def test_an_average_is_looked_up_under_the_name_it_is_saved_under(checkpoint, graph):
    variable = tf1.get_variable("old/w", [2, 3])
    average = tf1.train.ExponentialMovingAverage(0.9)
    saver = tf1.train.Saver({average.average_name(variable): variable})
    with (
        tf1.Session() as session,
        pytest.raises(
            tf.errors.NotFoundError, match="Key old/w/ExponentialMovingAverage not found"
        ),
    ):
        saver.restore(session, checkpoint)
