"""Graphs as TensorFlow reads them, to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework import variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from ckptls.checkpoint.graphs.meta_graph import Model

COLLECTIONS = ("variables", "trainable_variables", "local_variables", "model_variables")


def meta_graph(path: Path) -> meta_graph_pb2.MetaGraphDef:
    message = meta_graph_pb2.MetaGraphDef()
    message.ParseFromString(path.read_bytes())
    return message


def definitions(
    message: meta_graph_pb2.MetaGraphDef, key: str
) -> Iterator[variable_pb2.VariableDef]:
    for value in message.collection_def[key].bytes_list.value:
        yield variable_pb2.VariableDef.FromString(value)


def check_nodes(model: Model, nodes: list) -> None:
    """Node names, and dtype and shape of every variable, are those of the nodes."""
    assert set(model.node_names) == {node.name for node in nodes}
    by_name = {node.name: node for node in nodes}
    for variable in model.variables:
        attributes = by_name[variable.name].attr
        assert variable.dtype == tf.as_dtype(attributes["dtype"].type).base_dtype.name
        shape = tf.TensorShape(attributes["shape"].shape)
        assert variable.shape == (None if shape.rank is None else tuple(shape.as_list()))


def check_collections(model: Model, message: meta_graph_pb2.MetaGraphDef) -> None:
    for key in COLLECTIONS:
        expected = {d.variable_name.removesuffix(":0") for d in definitions(message, key)}
        assert {v.name for v in model.variables if key in v.collections} == expected
    every = {d.variable_name[:-2]: d for key in COLLECTIONS for d in definitions(message, key)}
    assert {v.name for v in model.variables} >= every.keys()
    for variable in model.variables:
        info = every[variable.name].save_slice_info_def if variable.name in every else None
        if info is None or not info.full_name:
            assert variable.part is None
            continue
        assert variable.part is not None
        assert variable.saved_name == info.full_name
        assert variable.part.full_shape == tuple(info.full_shape)
        assert variable.part.offset == tuple(info.var_offset)
        assert variable.part.shape == tuple(info.var_shape)


def saved_model(path: Path) -> saved_model_pb2.SavedModel:
    message = saved_model_pb2.SavedModel()
    message.ParseFromString(path.read_bytes())
    return message
