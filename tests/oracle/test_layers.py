"""Variables of layers, scopes of operations and repeated layers: named as TensorFlow names them."""

from __future__ import annotations

import re
import sys
from textwrap import dedent

import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from ckptls.source.document import Document
from oracle import keras_of_before

MODELS = {
    "get_variable in name scopes": """
        with tf.name_scope("n"):
            tf.get_variable("w", [2])
            with tf.variable_scope("a"):
                tf.get_variable("w", [2])
        """,
    "variables of operations": """
        tf.Variable(1.0, name="v")
        tf.Variable(1.0)
        with tf.name_scope("n"):
            tf.Variable(1.0, name="v")
            with tf.variable_scope("a"):
                tf.Variable(1.0, name="v")
        with tf.variable_scope("b") as scope:
            tf.Variable(1.0, name="v")
        with tf.variable_scope("c"):
            with tf.variable_scope(scope):
                tf.Variable(1.0, name="v")
        with tf.variable_scope("b"):
            tf.Variable(1.0, name="u")
            with tf.variable_scope(""):
                tf.Variable(1.0, name="t")
        with tf.variable_scope("") as root:
            tf.Variable(1.0, name="s")
        with tf.variable_scope("d"):
            with tf.variable_scope(root):
                tf.Variable(1.0, name="r")
        """,
    "default names": """
        for _ in range(2):
            with tf.variable_scope(None, default_name="conv"):
                tf.get_variable("w", [2])
        with tf.variable_scope("given", default_name="conv"):
            tf.get_variable("w", [2])
        """,
    "a scope from a parameter": """
        def net(scope="model", reuse=None):
            with tf.variable_scope(scope, "default", reuse=reuse):
                tf.get_variable("w", [2])

        net()
        net("other")
        net(scope=None)
        """,
    "the scope of the moment": """
        with tf.variable_scope("a"):
            with tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE):
                tf.get_variable("w", [2])
            name = tf.get_variable_scope().name
        with tf.variable_scope(name + "/b"):
            tf.get_variable("w", [2])
        """,
    "methods called in a scope": """
        class Net:
            def __init__(self, scope):
                self.scope = scope
                with tf.variable_scope(self.scope):
                    self.body()

            def body(self):
                def unit(name):
                    with tf.variable_scope(name):
                        tf.get_variable("w", [2])
                unit("first")
                unit("second")

        Net("net")
        """,
}
SLIM = {
    "slim layers": """
        with tf.variable_scope("net"):
            x = slim.conv2d(x, 4, [3, 3], scope="conv1")
            x = slim.conv2d(x, 4, [3, 3])
            x = slim.separable_conv2d(x, 4, [3, 3], 1, scope="sep")
            x = slim.conv2d_transpose(x, 4, [3, 3], scope="up")
            x = slim.conv2d(x, 4, [1, 1], biases_initializer=None, scope="no_biases")
            x = slim.flatten(slim.max_pool2d(x, [2, 2], scope="pool1"))
            slim.fully_connected(x, 5, scope="fc")
        """,
    "repeat and stack": """
        x = slim.repeat(x, 3, slim.conv2d, 4, [3, 3], scope="conv3")
        x = slim.repeat(x, 2, slim.conv2d, 4, [3, 3], scope="a/conv4")
        slim.stack(slim.flatten(x), slim.fully_connected, [3, 4], scope="fc")
        """,
    "a normalizer from an arg_scope": """
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):
            x = slim.conv2d(x, 4, [3, 3], scope="conv1")
            x = slim.conv2d(x, 4, [3, 3], normalizer_fn=None, scope="plain")
            with slim.arg_scope([slim.batch_norm], scale=True):
                x = slim.conv2d(x, 4, [3, 3], scope="scaled")
        x = slim.conv2d(x, 4, [3, 3], scope="outside")
        x = slim.conv2d(
            x, 4, [3, 3], normalizer_fn=slim.batch_norm,
            normalizer_params={"scale": True, "center": False}, scope="params",
        )
        """,
    "an arg_scope from a function": """
        def arguments(norm=slim.batch_norm):
            with slim.arg_scope([slim.conv2d, slim.fully_connected], normalizer_fn=norm):
                with slim.arg_scope([slim.conv2d], padding="SAME") as scope:
                    return scope

        with slim.arg_scope(arguments()):
            with tf.variable_scope("net"):
                slim.conv2d(x, 4, [3, 3], scope="conv1")
        """,
}


def given(code: str) -> set[str]:
    with tf.Graph().as_default():
        exec(compile(code, "model", "exec"), {})
        return {v.op.name for v in tf1.global_variables()}


def compare(code: str, real: set[str]) -> None:
    """Each name has its pattern, and each pattern its name."""
    patterns = {v.name.regex for v in Document(code).analysis().variables}
    assert not [name for name in real if not any(re.fullmatch(p, name) for p in patterns)], patterns
    assert not [p for p in patterns if not any(re.fullmatch(p, name) for name in real)], real


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_variables_are_named_as_in_the_graph(model):
    code = "import tensorflow.compat.v1 as tf\n" + dedent(model)
    compare(code, given(code))


@pytest.fixture(scope="module")
def slim_head():
    """The imports of a slim model, with an image to begin with."""
    from tf_keras.src import legacy_tf_layers
    from tf_keras.src.legacy_tf_layers import normalization

    # TensorFlow looks for these in a package that does not have them any more.
    sys.modules.setdefault("tf_keras.legacy_tf_layers", legacy_tf_layers)
    sys.modules.setdefault("tf_keras.legacy_tf_layers.normalization", normalization)
    return "import tensorflow.compat.v1 as tf\nimport tf_slim as slim\nx = tf.zeros([1, 8, 8, 3])\n"


@pytest.mark.parametrize("model", SLIM.values(), ids=SLIM.keys())
def test_layers_make_the_variables_that_slim_makes(model, slim_head):
    code = slim_head + dedent(model)
    compare(code, given(code))


def test_tf_layers_make_the_variables_that_they_make():
    """`tf.layers` is there only with the Keras of before, so in a process of its own."""
    code = "import tensorflow.compat.v1 as tf\nx = tf.zeros([1, 8, 8, 3])\n" + dedent(
        """
        with tf.name_scope("n"), tf.variable_scope("net"):
            x = tf.layers.conv2d(x, 4, 3, name="conv1")
            x = tf.layers.conv2d(x, 4, 3, use_bias=False)
            x = tf.layers.separable_conv2d(x, 4, 3, name="sep")
            x = tf.layers.batch_normalization(x, name="bn")
            x = tf.layers.batch_normalization(x, scale=False, name="unscaled")
        x = tf.layers.flatten(x)
        for i in range(2):
            x = tf.layers.dense(x, 4)
            x = tf.layers.dense(x, 4, name="dense_named_%d" % i)
        with tf.variable_scope("made"):
            named = tf.layers.Dense(4, name="named")
            plain = tf.layers.Dense(4, use_bias=False)
        with tf.variable_scope("used"):
            x = plain(named(x))
        normal = tf.layers.BatchNormalization(scale=False)
        x = normal(x, training=True)
        """
    )
    script = (
        "import json, sys, tensorflow.compat.v1 as tf\nwith tf.Graph().as_default():\n"
        "    exec(json.load(sys.stdin), {})\n"
        "    print(json.dumps([v.op.name for v in tf.global_variables()]))"
    )
    compare(code, set(keras_of_before.told(script, code)))
