"""The names that we read off the code are those that TensorFlow gives the variables."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from ckptls.source.document import Document
from ckptls.source.semantics.sites import Role

MODELS = {
    "nested": """
        with tf.variable_scope("a"):
            with tf.variable_scope("b/c"):
                tf.get_variable("w", [2])
            tf.get_variable("v", [])
        tf.get_variable("u", [2, 3])
        """,
    "name scopes do not count": """
        with tf.name_scope("n"), tf.variable_scope("a"), tf.name_scope("m"):
            tf.get_variable("w", [2])
        """,
    "by object": """
        with tf.variable_scope("a") as scope:
            pass
        with tf.variable_scope("b"):
            with tf.variable_scope(scope):
                tf.get_variable("w", [2])
            tf.get_variable("v", [2])
        """,
    "empty scopes": """
        with tf.variable_scope(""):
            tf.get_variable("w", [2])
        with tf.variable_scope("a"):
            with tf.variable_scope(""):
                tf.get_variable("v", [2])
        with tf.variable_scope("b/"):
            tf.get_variable("u", [2])
        """,
    "a function called in scopes": """
        def layer(scope, size, name="weights"):
            with tf.variable_scope(scope):
                tf.get_variable(name, [size])

        with tf.variable_scope("net"):
            layer("first", 2)
            layer("second", size=3, name="kernel")
        layer("third", 4)
        """,
    "loops": """
        for i in range(3):
            with tf.variable_scope("layer_%d" % i):
                for name in ["w", "b"]:
                    tf.get_variable(name, [2])
        """,
    "a class": """
        class Model:
            def __init__(self, name):
                self.name = name
                self.build()

            def build(self):
                with tf.variable_scope(self.name):
                    self.w = tf.get_variable("w", [2])

        with tf.variable_scope("outer"):
            Model("inner")
        """,
    "a class inside a function": """
        def build(name):
            class Model:
                def __init__(self):
                    with tf.variable_scope(name) as self.scope:
                        tf.get_variable("w", [2])

                def more(self):
                    with tf.variable_scope(self.scope):
                        tf.get_variable("v", [3])

            Model().more()

        with tf.variable_scope("outer"):
            build("b")
        """,
    "branches and reuse": """
        for reuse in (False, True):
            with tf.variable_scope("a", reuse=reuse):
                tf.get_variable("w", [2])
        if reuse:
            with tf.variable_scope("b"):
                tf.get_variable("w", [2])
        """,
    "exit stacks": """
        import contextlib

        @contextlib.contextmanager
        def inside(*names):
            with contextlib.ExitStack() as stack:
                for name in names:
                    stack.enter_context(tf.variable_scope(name))
                yield

        with contextlib.ExitStack() as stack:
            scope = stack.enter_context(tf.variable_scope("a"))
            tf.get_variable("w", [2])
            stack.enter_context(tf.name_scope("n"))
            stack.enter_context(tf.variable_scope("b"))
            tf.get_variable("w", [3])
        with inside("c", "d"):
            tf.get_variable("w", [2])
        with tf.variable_scope(scope):
            tf.get_variable("v", [2])
        tf.get_variable("u", [2])
        """,
    "formats": """
        scope = "block{}".format(7)
        with tf.variable_scope(scope + "/" + "unit"):
            tf.get_variable("%s_%d" % ("w", 3), [2])
            tf.get_variable(f"v_{scope}", [2])
        """,
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_names_and_shapes_are_those_of_the_graph(model):
    code = "import tensorflow.compat.v1 as tf\n" + dedent(model)
    with tf.Graph().as_default():
        exec(compile(code, "model", "exec"), {})
        made = {v.op.name: tuple(v.shape.as_list()) for v in tf1.global_variables()}
    told = {
        site.full_text.literal: site.shape
        for site in Document(code).analysis().sites
        if site.role is Role.GRAPH_VARIABLE
    }
    assert made.keys() == told.keys()
    for name, shape in made.items():
        wanted = told[name]
        assert wanted is not None
        assert all(size in (None, real) for size, real in zip(wanted, shape, strict=True))


# Which scopes are entered is settled elsewhere.
OPEN = {
    "a stack that is closed": """
        stack = contextlib.ExitStack()
        stack.enter_context(tf.variable_scope("a"))
        tf.get_variable("w", [2])
        stack.close()
        tf.get_variable("v", [2])
        """,
    "a stack that is left open": """
        contextlib.ExitStack().enter_context(tf.variable_scope("a"))
        tf.get_variable("w", [2])
        """,
    "a stack that a function is given": """
        def enter(stack, name):
            stack.enter_context(tf.variable_scope(name))

        with contextlib.ExitStack() as stack:
            enter(stack, "a")
            tf.get_variable("w", [2])
        tf.get_variable("v", [2])
        """,
    "a stack that is handed on": """
        def enter(name):
            with contextlib.ExitStack() as stack:
                stack.enter_context(tf.variable_scope(name))
                return stack.pop_all()

        stack = enter("a")
        tf.get_variable("w", [2])
        stack.close()
        tf.get_variable("v", [2])
        """,
    "a stack that a branch uses": """
        def net(name):
            with contextlib.ExitStack() as stack:
                if name:
                    stack.enter_context(tf.variable_scope(name))
                tf.get_variable("w", [2])

        net("")
        net("ab"[:1])
        """,
}


@pytest.mark.parametrize("model", OPEN.values(), ids=OPEN.keys())
def test_names_that_are_not_known_are_left_open(model):
    code = "import contextlib\nimport tensorflow.compat.v1 as tf\n" + dedent(model)
    with tf.Graph().as_default():
        exec(compile(code, "model", "exec"), {})
        made = {v.op.name for v in tf1.global_variables()}
    told = [variable.name for variable in Document(code).analysis().variables]
    assert {each for name in told if (each := name.literal) is not None} <= made
    assert all(any(re.fullmatch(name.regex, each) for name in told) for each in made)
