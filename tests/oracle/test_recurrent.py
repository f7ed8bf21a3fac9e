"""Cells, templates and averages: their variables are named as TensorFlow names them.

The cells of TensorFlow 1 are there only with the Keras of before, so all models run in one
process of their own, which prints the names of each.
"""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from ckptls.source.document import Document
from ckptls.source.semantics.sites import Role
from oracle import keras_of_before

HEAD = """
import tensorflow.compat.v1 as tf
rnn = tf.nn.rnn_cell
f = tf.float32
x = tf.zeros([2, 5, 3])
"""
MODELS = {
    "each cell": """
        for cell in (rnn.BasicRNNCell(4), rnn.BasicLSTMCell(4), rnn.GRUCell(4), rnn.LSTMCell(4)):
            tf.nn.dynamic_rnn(cell, x, dtype=f)
        with tf.variable_scope("peepholes"):
            cell = rnn.LSTMCell(4, use_peepholes=True, num_proj=2)
            tf.nn.dynamic_rnn(cell, x, dtype=f)
        """,
    "a cell is named where it runs, not where it is made": """
        with tf.variable_scope("made"):
            one = rnn.GRUCell(4, name="gates")
            other = rnn.BasicLSTMCell(4)
        with tf.variable_scope("net"):
            tf.nn.dynamic_rnn(one, x, dtype=f, scope="encoder")
            tf.nn.dynamic_rnn(other, x, None, None, f, None, False, False, "decoder")
        """,
    "cells upon each other": """
        def layer(size, keep):
            return rnn.DropoutWrapper(rnn.LSTMCell(size), output_keep_prob=keep)

        cell = rnn.MultiRNNCell([layer(4, 0.5) for _ in range(2)])
        tf.nn.dynamic_rnn(cell, x, dtype=f)
        mixed = []
        for size in [3, 5]:
            mixed.append(rnn.BasicLSTMCell(size))
        mixed.append(rnn.ResidualWrapper(rnn.GRUCell(5, name="last")))
        with tf.variable_scope("mixed"):
            tf.nn.dynamic_rnn(rnn.DropoutWrapper(rnn.MultiRNNCell(mixed), 0.5), x, dtype=f)
        """,
    "both directions": """
        tf.nn.bidirectional_dynamic_rnn(rnn.LSTMCell(4), rnn.GRUCell(4), x, dtype=f)
        with tf.variable_scope("net"):
            forth, back = (rnn.MultiRNNCell([rnn.GRUCell(4), rnn.GRUCell(4)]) for _ in range(2))
            tf.nn.bidirectional_dynamic_rnn(forth, back, x, dtype=f, scope="both")
        """,
    "unrolled": """
        steps = tf.unstack(x, axis=1)
        tf.nn.static_rnn(rnn.LSTMCell(4), steps, dtype=f)
        tf.nn.static_bidirectional_rnn(rnn.LSTMCell(4), rnn.LSTMCell(4), steps, dtype=f)
        """,
    "step by step": """
        cell = rnn.GRUCell(4)
        state = cell.zero_state(2, f)
        with tf.variable_scope("decoder"):
            for step in range(2):
                y, state = cell(x[:, step], state)
        with tf.variable_scope("given"):
            rnn.GRUCell(4, name="ignored")(x[:, 0], state, scope="mine")
            rnn.MultiRNNCell([rnn.GRUCell(4)])(x[:, 0], (state,), "many")
        rnn.MultiRNNCell([rnn.GRUCell(4)])(x[:, 0], (state,))
        """,
    "a scope by its object": """
        with tf.variable_scope("a") as scope:
            pass
        with tf.variable_scope("b"):
            tf.nn.dynamic_rnn(rnn.GRUCell(4), x, dtype=f, scope=scope)
        """,
    "templates": """
        def net(x, size=3):
            return tf.get_variable("w", [size])

        template = tf.make_template("net", net)
        template(x)
        template(x)
        with tf.variable_scope("a"):
            tf.make_template("inner", net, size=4)(x)
            now = tf.make_template("now", net, create_scope_now_=True)
            unique = tf.make_template("unused", net, unique_name_="unique")
        now(x)
        unique(x)
        """,
    "a template of a method": """
        class Model:
            def __init__(self, name):
                self.run = tf.make_template(name, self.build)

            def build(self, x):
                with tf.variable_scope("layer"):
                    return tf.get_variable("w", [2])

            def twice(self):
                with tf.variable_scope("outer"):
                    self.run(x)
                    self.run(x)

        Model("one").twice()
        Model("two").twice()
        """,
}
AVERAGES = {
    "keys of a map": """
        w = tf.get_variable("a/w", [2])
        v = tf.get_variable("v", [2])
        average = tf.train.ExponentialMovingAverage(0.9)
        keys = {average.average_name(w): w, v.op.name: v}
        """,
    "another name": """
        with tf.variable_scope("net"):
            w = tf.get_variable("w", [2])
        average = tf.train.ExponentialMovingAverage(0.9, name="Shadow")
        keys = average.variables_to_restore([w])
        """,
}
_SCRIPT = """
import json, sys
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
found = {}
for name, code in json.load(sys.stdin).items():
    with tf.Graph().as_default():
        names = {}
        exec(code, names)
        made = [v.op.name for v in tf.global_variables()]
    found[name] = [made, list(names.get("keys", ()))]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def told():
    """Of each model the names of its variables, and the keys of its map."""
    codes = {name: HEAD + dedent(code) for name, code in (MODELS | AVERAGES).items()}
    return keras_of_before.told(_SCRIPT, codes)


@pytest.mark.parametrize("name", MODELS)
def test_variables_are_named_as_in_the_graph(name, told):
    real = set(told[name][0])
    patterns = {v.name.regex for v in Document(HEAD + dedent(MODELS[name])).analysis().variables}
    assert not [each for each in real if not any(re.fullmatch(p, each) for p in patterns)], patterns
    assert not [p for p in patterns if not any(re.fullmatch(p, each) for each in real)], real


@pytest.mark.parametrize("name", AVERAGES)
def test_averages_are_saved_under_the_names_that_tensorflow_asks_for(name, told):
    code = HEAD + dedent(AVERAGES[name]) + 'tf.train.Saver(keys).restore(session, "a.ckpt")\n'
    sites = Document(code).analysis().sites
    keys = {s.full_text.literal for s in sites if s.role is Role.VARIABLE}
    assert keys
    assert keys <= set(told[name][1])
