"""Object graphs as TensorFlow reads them, to compare with."""

from __future__ import annotations

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.objects.object_graph import ObjectGraph
from ckptls.checkpoint.reader import read_checkpoint


def message_of(prefix: str) -> trackable_object_graph_pb2.TrackableObjectGraph:
    message = trackable_object_graph_pb2.TrackableObjectGraph()
    message.ParseFromString(tf.train.load_checkpoint(prefix).get_tensor(OBJECT_GRAPH_NAME))
    return message


def check(prefix: str) -> tuple[Checkpoint, ObjectGraph]:
    """The graph is TensorFlow's, edge by edge."""
    checkpoint = read_checkpoint(prefix, with_objects=True)
    graph = checkpoint.object_graph
    assert graph is not None
    assert graph.is_complete
    assert not checkpoint.problems
    message = message_of(prefix)
    nodes = graph.nodes
    assert len(nodes) == len(message.nodes)
    for i, node in enumerate(message.nodes):
        assert nodes.children(i) == [(c.local_name, c.node_id) for c in node.children]
        assert [(a.name, a.full_name, a.key) for a in nodes.attributes.get(i, ())] == [
            (a.name, a.full_name, a.checkpoint_key) for a in node.attributes
        ]
        assert [(s.original, s.name, s.slot) for s in nodes.slot_variables.get(i, ())] == [
            (s.original_variable_node_id, s.slot_name, s.slot_variable_node_id)
            for s in node.slot_variables
        ]
    check_names(graph, message)
    check_declared_slots(graph, message)
    return checkpoint, graph


def check_names(
    graph: ObjectGraph, message: trackable_object_graph_pb2.TrackableObjectGraph
) -> None:
    attributes = [a for node in message.nodes for a in node.attributes if a.full_name]
    for attribute in attributes:
        assert attribute.full_name in graph.full_names(attribute.checkpoint_key)
        assert attribute.checkpoint_key in graph.keys_of(attribute.full_name)
    assert set(graph.root_children) == {c.local_name for c in message.nodes[0].children}


def check_declared_slots(
    graph: ObjectGraph, message: trackable_object_graph_pb2.TrackableObjectGraph
) -> None:
    for node in message.nodes:
        for each in node.slot_variables:
            owners = message.nodes[each.original_variable_node_id].attributes
            for value in message.nodes[each.slot_variable_node_id].attributes:
                slot = graph.slot(value.checkpoint_key)
                assert slot is not None
                assert (slot.owner_key, slot.slot_name) == (
                    owners[0].checkpoint_key,
                    each.slot_name,
                )
                assert value.checkpoint_key in graph.slots_of(slot.owner_key)
