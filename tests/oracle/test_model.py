"""Models that TensorFlow writes, read as TensorFlow's own messages read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import ckptls
from ckptls.checkpoint.graphs.meta_graph import find_model, read_model
from support.graph_oracle import (
    check_collections,
    check_nodes,
    definitions,
    meta_graph,
    saved_model,
)

v1 = tf.compat.v1


def built(is_resource: bool) -> tf.Graph:
    """A graph with variables of every kind, a constant of 3 MB and a function library."""
    graph = v1.Graph()
    with graph.as_default(), v1.variable_scope("", use_resource=is_resource):
        with v1.variable_scope("net"):
            weights = v1.get_variable("w", [3, 4])
            v1.get_variable("frozen", [2], tf.float64, trainable=False)
            v1.get_variable("half", [5], tf.bfloat16, initializer=v1.zeros_initializer())
        v1.get_variable("count", [], tf.int64, collections=["local_variables"])
        parts = v1.get_variable("emb", [7, 4], partitioner=v1.fixed_size_partitioner(3))
        v1.get_variable("mine", [2, 2], collections=["variables", "kept"])
        v1.Variable([[1, 2]], name="old", expected_shape=[1, 2])
        big = tf.constant(np.random.default_rng(1).random(375_000))

        @tf.function
        def inner(x: tf.Tensor) -> tf.Tensor:
            return x * 2.0

        loss = tf.reduce_sum(inner(weights)) + tf.reduce_sum(tf.concat(list(parts), 0))
        loss += tf.cast(tf.reduce_sum(big), tf.float32)
        v1.train.AdamOptimizer().minimize(loss)
        v1.train.get_or_create_global_step()
    return graph


def written(graph: tf.Graph, path: Path) -> Path:
    with graph.as_default():
        v1.train.export_meta_graph(str(path), saver_def=v1.train.Saver().as_saver_def())
    return path


@pytest.mark.parametrize("is_resource", [False, True], ids=["ref", "resource"])
def test_a_meta_file_is_read_as_by_tensorflow(tmp_path: Path, is_resource: bool) -> None:
    path = written(built(is_resource), tmp_path / "m.meta")
    message = meta_graph(path)
    model = read_model(path)
    assert not model.is_saved_model
    assert message.graph_def.library.function  # whose nodes are no nodes of the graph
    check_nodes(model, list(message.graph_def.node))
    check_collections(model, message)
    trainable = {d.variable_name[:-2] for d in definitions(message, "trainable_variables")}
    assert {v.name for v in model.variables if v.is_trainable} == trainable


def test_what_a_saver_saves_is_what_the_model_says(tmp_path: Path) -> None:
    graph = built(is_resource=False)
    with v1.Session(graph=graph) as session, graph.as_default():
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver().save(session, str(tmp_path / "m"))
    found = find_model(ckptls.open(prefix))
    assert found == f"{prefix}.meta"
    model = read_model(found)
    local = {v.name for v in model.variables if "variables" not in v.collections}
    assert local == {"count"}
    assert set(model.saved_names) - local == set(ckptls.open(prefix).names)
    for variable in model.variables:
        if variable.name not in local and variable.part is None:
            assert variable.shape == ckptls.open(prefix)[variable.saved_name].shape
    kept = model.get("mine")
    assert kept is not None
    assert "kept" in kept.collections


def test_without_collections_the_nodes_tell_the_variables(tmp_path: Path) -> None:
    graph = built(is_resource=True)
    for key in list(graph.get_all_collection_keys()):
        graph.clear_collection(key)
    path = tmp_path / "m.meta"
    with graph.as_default():
        v1.train.export_meta_graph(str(path))
    expected = {n.name for n in graph.as_graph_def().node if n.op == "VarHandleOp"}
    model = read_model(path)
    assert {variable.name for variable in model.variables} == expected
    check_nodes(model, list(graph.as_graph_def().node))


def test_a_constant_is_not_loaded(tmp_path: Path) -> None:
    """Its bytes are never asked for but for what lies in the window beside other nodes."""
    from ckptls.checkpoint.codecs.protobuf_window import WINDOW_BYTES, Skimmer
    from ckptls.checkpoint.graphs.node_scan import Scan, scan_nodes

    with v1.Graph().as_default():
        tf.constant(np.zeros(1_000_000) + 1 / 3)
        v1.get_variable("w", [2])
        path = tmp_path / "m.pb"
        path.write_bytes(v1.get_default_graph().as_graph_def().SerializeToString())
    data = path.read_bytes()
    asked: list[int] = []

    def read_at(offset: int, count: int) -> bytes:
        asked.append(count)
        return data[offset : offset + count]

    scan = Scan()
    scan_nodes(Skimmer(read_at, len(data)), 0, len(data), scan)
    assert scan.variables.keys() == {"w"}
    assert sum(asked) < 5 * WINDOW_BYTES < len(data)


@pytest.fixture(scope="module")
def keras_model() -> tf_keras.Model:
    model = tf_keras.Sequential(
        [
            tf_keras.Input((3,)),
            tf_keras.layers.Dense(2, name="dn"),
            tf_keras.layers.BatchNormalization(),
        ]
    )
    model.compile("adam", "mse")
    model.fit(np.ones([4, 3]), np.ones([4, 2]), verbose=0)
    return model


def test_a_saved_model_tells_its_variables_by_objects(
    tmp_path: Path, keras_model: tf_keras.Model
) -> None:
    keras_model.save(tmp_path / "saved", save_format="tf")
    path = tmp_path / "saved" / "saved_model.pb"
    assert find_model(ckptls.open(tmp_path / "saved")) == str(path)
    message = saved_model(path).meta_graphs[0]
    saved = [
        n.variable for n in message.object_graph_def.nodes if n.WhichOneof("kind") == "variable"
    ]
    model = read_model(path)
    assert model.is_saved_model
    assert [(v.name, v.dtype, v.shape, v.is_trainable) for v in model.variables] == sorted(
        (v.name, tf.as_dtype(v.dtype).name, tuple(tf.TensorShape(v.shape)), v.trainable)
        for v in saved
    )
    assert set(model.node_names) == {node.name for node in message.graph_def.node}


def test_a_saved_model_of_tensorflow_1_tells_them_by_collections(tmp_path: Path) -> None:
    with v1.Graph().as_default(), v1.Session() as session:
        w = v1.get_variable("w", [2, 3])
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(tmp_path / "s"), {"x": w}, {"y": w * 2.0})
    model = read_model(tmp_path / "s" / "saved_model.pb")
    assert [(v.name, v.shape, v.is_trainable) for v in model.variables] == [("w", (2, 3), True)]
    assert "variables" in model.variables[0].collections
