"""unknown-tensor: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import pytest


@pytest.fixture
def graph(project):
    project.graph("model.meta", "input", "phase_train", "embeddings/add", "fc1")
    return project


IMPORT = 'tf.train.import_meta_graph("model.meta")\n'


def test_a_node_near_one_of_the_graph_fires(graph):
    graph.checks(
        """
        saver = tf.train.import_meta_graph("model.meta")
        graph = tf.get_default_graph()
        graph.get_tensor_by_name("imput:0")  # warning: [unknown-tensor] did you mean `input`?
        graph.get_operation_by_name("embeddings/ad")  # warning: [unknown-tensor] `embeddings/add`
        graph.get_tensor_by_name("input:0")
        graph.get_tensor_by_name("phase_train:0")
        """
    )


def test_the_fix_keeps_the_number(graph):
    snippet = IMPORT + 'tf.get_default_graph().get_tensor_by_name("{}:0")'
    assert graph.fixed(snippet.format("imput")) == snippet.format("input")


def test_nodes_that_the_code_adds_are_known(graph):
    snippet = IMPORT + '{}tf.get_default_graph().get_tensor_by_name("imput:0")'
    assert graph.marks(snippet.format("")) == ["imput:0"]
    assert graph.marks(snippet.format('tf.placeholder(tf.float32, name="imput")\n')) == []


def test_names_that_resemble_nothing_are_silent(graph):
    graph.checks(
        """
        tf.train.import_meta_graph("model.meta")
        tf.get_default_graph().get_tensor_by_name("softmax:0")
        tf.get_default_graph().get_tensor_by_name("fc2:0")
        """
    )


def test_without_a_known_graph_nothing_is_said(graph):
    graph.checks(
        """
        tf.get_default_graph().get_tensor_by_name("imput:0")
        """
    )
    graph.checks(
        """
        import sys
        tf.train.import_meta_graph(sys.argv[1])
        tf.get_default_graph().get_tensor_by_name("imput:0")
        """
    )
    graph.checks(
        """
        tf.train.import_meta_graph("model.meta")
        tf.import_graph_def(definition, name="")
        tf.get_default_graph().get_tensor_by_name("imput:0")
        """
    )
