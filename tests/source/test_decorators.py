"""Functions that are called through a decorator of the project."""

from __future__ import annotations

import pytest

from source.told import sites, told

KAFFE = """
def layer(op):
    def layer_decorated(self, *args, **kwargs):
        name = kwargs.setdefault("name", self.get_unique_name(op.__name__))
        layer_input = self.terminals[0]
        layer_output = op(self, layer_input, *args, **kwargs)
        self.feed(layer_output)
        return self
    return layer_decorated

class Network(object):
    def feed(self, *args):
        self.terminals = list(args)
        return self

    @layer
    def conv(self, inp, k_h, k_w, c_o, s_h, s_w, name, relu=True):
        with tf.variable_scope(name):
            tf.get_variable("weights", shape=[k_h, k_w, 3, c_o])

    @layer
    def relu(self, inp, name):
        return tf.nn.relu(inp, name=name)

class Net(Network):
    def setup(self):
        (self.feed("data")
             .conv(7, 7, 64, 2, 2, name="conv1")
             .relu(name="relu1")
             .conv(3, 3, 16, 1, 1, "conv2"))

Net().setup()
"""


def test_an_argument_that_the_wrapper_puts_in_moves_the_others():
    made = {s.full_text.literal: s.shape for s in sites(KAFFE) if s.shape is not None}
    assert made == {"conv1/weights": (7, 7, 3, 64), "conv2/weights": (3, 3, 3, 16)}


def test_a_chain_goes_on_where_the_wrapper_gives_the_object_back():
    assert "graph-scope conv2" in told(KAFFE)
    without = KAFFE.replace(
        "        return self\n    return", "        return layer_output\n    return"
    )
    assert "graph-scope conv1" in told(without)
    assert "graph-scope conv2" not in told(without)


LOAD = """
@{}
def load(path, name="n"):
    tf.train.load_variable(path, name)
load("a.ckpt", "x")
"""
PLAIN = "def {}(function):\n    def wrapper(*args, **kwargs):\n        {}\n    return wrapper\n"


@pytest.mark.parametrize(
    ("before", "decorator", "line"),
    [
        ("", "tf.function", "variable x < a.ckpt"),
        ("", "elsewhere.decorator", "variable x < a.ckpt"),
        ("def same(f):\n    f.known = True\n    return f\n", "same", "variable x < a.ckpt"),
        (
            PLAIN.format("timed", "start()\n        return function(*args, **kwargs)"),
            "timed",
            "variable x < a.ckpt",
        ),
        (
            "def swapped(f):\n    def wrapper(name, path):\n        return f(path, name)\n"
            "    return wrapper\n",
            "swapped",
            "variable a.ckpt < x",
        ),
    ],
)
def test_what_a_decorator_passes_on(before, decorator, line):
    assert line in told(before + LOAD.format(decorator))


@pytest.mark.parametrize(
    ("before", "decorator"),
    [
        (PLAIN.format("sent", "return send(function, args)"), "sent"),
        (PLAIN.format("either", "return function() if x else function(*args)"), "either"),
        ("def made(kind):\n    return other(kind)\n", "made('x')"),
        ("def listed(f):\n    REGISTER.append(f)\n    return Call(f)\n", "listed"),
    ],
)
def test_what_nobody_knows_of_a_decorator_is_not_guessed(before, decorator):
    found = told(before + LOAD.format(decorator))
    assert not [line for line in found if line.startswith("variable x") or "a.ckpt" in line]
    assert not [line for line in found if line.startswith("variable n <")]
