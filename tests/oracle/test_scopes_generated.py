"""Models put together at random: the names that we read off are those that TensorFlow gives.

The seeds are fixed, so it is the same models each time. All of them run in one process with the
Keras of before, which has `tf.layers` and the cells.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from ckptls.source.document import Document
from oracle import keras_of_before

SEEDS = range(40)
HEAD = """
import tensorflow.compat.v1 as tf
import tf_slim as slim
rnn = tf.nn.rnn_cell
x = tf.zeros([2, 6])
image = tf.zeros([1, 8, 8, 3])
steps = tf.zeros([2, 5, 3])
"""
SCRIPT = """
import json, sys
from tf_keras.src import legacy_tf_layers
from tf_keras.src.legacy_tf_layers import normalization
sys.modules.setdefault("tf_keras.legacy_tf_layers", legacy_tf_layers)
sys.modules.setdefault("tf_keras.legacy_tf_layers.normalization", normalization)
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
found = []
for code in json.load(sys.stdin):
    with tf.Graph().as_default():
        exec(code, {})
        found.append([v.op.name for v in tf.global_variables()])
print(json.dumps(found))
"""
# `{n}` is a fresh name, `{o}` a fresh Python name; what ends in a colon has a block inside.
STATEMENTS = [
    'tf.get_variable("{n}", [2])',
    'tf.get_variable(name="{n}" + "/w", shape=(2,))',
    'tf.Variable(1.0, name="{n}")',
    "tf.Variable(1.0)",
    'slim.fully_connected(x, 3, scope="{n}")',
    "slim.conv2d(image, 3, [1, 1])",
    'slim.conv2d(image, 3, [1, 1], normalizer_fn=slim.batch_norm, scope="{n}")',
    'slim.repeat(image, 2, slim.conv2d, 3, [1, 1], scope="{n}")',
    'tf.layers.dense(x, 3, name="{n}")',
    'tf.layers.conv2d(image, 3, 1, use_bias=False, name="{n}")',
    'tf.layers.Dense(3, name="{n}")(x)',
    'tf.nn.dynamic_rnn(rnn.LSTMCell(4, name="{n}"), steps, dtype=tf.float32, scope="{n}s")',
    'tf.nn.dynamic_rnn(rnn.MultiRNNCell([rnn.GRUCell(4)]), steps, dtype=tf.float32, scope="{n}")',
    'with tf.variable_scope("{n}"):',
    'with tf.variable_scope("{n}") as {o}:',
    'with tf.variable_scope(None, default_name="{n}"):',
    'with tf.variable_scope(""):',
    'with tf.name_scope("{n}"):',
    'with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):',
    'for i in range(2):\n    with tf.variable_scope("{n}_%d" % (i + 1)):',
    'for i, j in enumerate(["p", "q"]):\n    with tf.variable_scope("{n}_{{}}_{{}}".format(i, j)):',
]  # fmt: skip
# Functions, at the top level alone, with their calls.
FUNCTIONS = [
    ('def {o}(scope="{n}"):\n    with tf.variable_scope(scope):', '{o}()\n{o}("{n}_2")'),
    ("def {o}(y, scope=None):\n    with tf.variable_scope(scope or '{n}'):", "{o}(x)\n{o}(x, 'v')"),
    ("def {o}(*parts):\n    with tf.variable_scope('/'.join(parts)):", "{o}('{n}', 'z')"),
    ("def {o}(**options):\n    with tf.variable_scope(options['n']):", "{o}(n='{n}')"),
    ("def {o}(y):\n    with tf.variable_scope('in'):", "tf.make_template('{n}', {o})(x)"),
]


class Generator:
    """Lines of one model."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def block(self, depth: int, indent: str) -> Iterator[str]:
        for _ in range(self.random.randint(1, 3)):
            yield from self.statement(depth, indent)

    def statement(self, depth: int, indent: str) -> Iterator[str]:
        self.count += 1
        names = {"n": f"{self.random.choice('abcdef')}{self.count}", "o": f"o{self.count}"}
        after = ""
        if not indent and self.random.random() < 0.4:
            head, after = self.random.choice(FUNCTIONS)
        else:
            head = self.random.choice(STATEMENTS if depth else STATEMENTS[:13])
            if "as {o}" in head:
                after = "with tf.variable_scope('by'), tf.variable_scope({o}):\n"
                after += "    tf.get_variable('{n}again', [2])"
        yield from (indent + line for line in head.format(**names).split("\n"))
        if head.endswith(":"):
            inner = indent + "    " * (head.count("\n") + 1)
            yield from self.block(depth - 1, inner)
        yield from (indent + line for line in after.format(**names).split("\n"))


MODELS = [HEAD + "\n".join(Generator(seed).block(3, "")) + "\n" for seed in SEEDS]


@pytest.fixture(scope="module")
def told():
    """The names of the variables of each model."""
    return keras_of_before.told(SCRIPT, MODELS)


@pytest.mark.parametrize("seed", SEEDS)
def test_variables_are_named_as_in_the_graph(seed, told):
    real = told[seed]
    patterns = {v.name.regex for v in Document(MODELS[seed]).analysis().variables}
    assert not [each for each in real if not any(re.fullmatch(p, each) for p in patterns)]
    assert not [p for p in patterns if not any(re.fullmatch(p, each) for each in real)]
    assert not [p for p in patterns if ".*" in p]
