"""The forms in which people write the same thing: the names that are found, in order."""

from __future__ import annotations

from textwrap import dedent

import pytest

from ckptls.source.document import Document
from ckptls.source.semantics.sites import Role

HEAD = """
import contextlib, functools, itertools, os
import tensorflow as tf
import tf_slim as slim
read = tf.train.load_checkpoint("p").get_tensor
"""


def names(code: str, *roles: Role) -> list[str]:
    """The texts of the certain sites of these roles, each once, where they are written."""
    text = HEAD + dedent(code)
    found = {}
    for site in Document(text).analysis().sites:
        if site.role in roles and site.is_certain:
            at = tuple(part.span.start for part in site.parts)
            found[at, site.full_text.template] = None
    return [template for _, template in sorted(found)]


READS = {
    "from elsewhere import *": (
        'from tensorflow.contrib.framework import *\nload_variable("p", "a/b")'
    ),
    "a map of methods": 'for n in map(str.strip, "a/b ,".split(",")): read(n) if n else None',
    "a filter": 'for n in filter(None, ["a/b", ""]): read(n)',
    "lines": 'for n in "a/b".splitlines(): read(n)',
    "a dictionary beside another": ('tf.train.init_from_checkpoint("p", {} | {"a/b": v})'),
    "a dictionary filled": (
        'm = {}\nm.setdefault("a/b", v)\ntf.train.init_from_checkpoint("p", m)'
    ),
    "pairs in a comprehension": (
        'tf.train.init_from_checkpoint("p", [("a/" + x, x) for x in ("b",)])'
    ),
    "a dictionary of columns": ('tf.train.init_from_checkpoint("p", dict(zip(["a/b"], [v])))'),
    "arguments in a tuple": 'args = ("p", "a/b")\ntf.train.load_variable(*args)',
    "arguments in a dictionary": (
        'tf.train.load_variable(**{"ckpt_dir_or_file": "p", "name": "a/b"})'
    ),
    "a function of any arguments": (
        'def f(*args): return tf.train.load_variable(*args)\nf("p", "a/b")'
    ),
    "a function of any keywords": (
        'def f(**kw): return tf.train.load_variable("p", **kw)\nf(name="a/b")'
    ),
    "one of any keywords": ('def f(**kw): return tf.train.load_variable("p", kw["n"])\nf(n="a/b")'),
    "names one by one": (
        "def f(p, *names):\n    for n in names: yield tf.train.load_variable(p, n)\n"
        'list(f("p", "a/b"))'
    ),
    "a part of a function": ('functools.partial(tf.train.load_variable, "p")("a/b")'),
    "an object that is called": (
        "class R:\n    def __init__(self, p): self.p = p\n"
        '    def __call__(self, n): return tf.train.load_variable(self.p, n)\nR("p")("a/b")'
    ),
    "a property": (
        "class R:\n    @property\n    def r(self): return tf.train.load_checkpoint('p')\n"
        'R().r.get_tensor("a/b")'
    ),
    "a class inside a function": (
        "def f(p):\n    class R:\n"
        "        def __init__(self, q): self.r = tf.train.load_checkpoint(q)\n"
        "        def get(self, n): return self.r.get_tensor(n)\n    return R(p)\n"
        'f("p").get("a/b")'
    ),
    "a class that a function makes": (
        "def f(scope):\n    class R:\n        def get(self, n): return read(scope + n)\n"
        "    return R\n"
        'R = f("a/")\nR().get("b")'
    ),
    "a class over another one inside a function": (
        "def f():\n    class R:\n        def get(self, n): return read(n)\n"
        "    class S(R):\n        def get(self, n): return super().get('a/' + n)\n"
        '    return S().get("b")'
    ),
    "one's own default": 'def f(n=None): read(n or "a/b")\nf()',
    "a default set later": 'def f(n=None):\n    if n is None:\n        n = "a/b"\n    read(n)\nf()',
    "no default needed": 'def f(n=None):\n    if not n:\n        n = "c"\n    read(n)\nf("a/b")',
    "a choice by the value": 'def f(n=None): read("a/" + (n if n else "b"))\nf()',
    "what a generator gives": (
        'def f(s):\n    for n in ["b"]: yield s + n\nfor n in f("a/"): read(n)'
    ),
    "getattr": 'getattr(tf.train, "load_variable")("p", "a/b")',
}


@pytest.mark.parametrize("code", READS.values(), ids=READS.keys())
def test_one_name_is_read(code):
    assert names(code, Role.VARIABLE) == ["a/b"]


COMPOSED = {
    'for i in range(2): read("l%d" % (i + 1))': ["l1", "l2"],
    'for i in range(len(["x", "y"])): read("l%02d" % i)': ["l00", "l01"],
    'for i in range(2, 2 * 2): read("l" + str(i).zfill(2))': ["l02", "l03"],
    'for i in reversed(range(2)): read(f"l{i - 1}")': ["l-1", "l0"],
    'for c in "abc": read("res2" + c)': ["res2a", "res2b", "res2c"],
    'n = 1\nn += 1\nread("l%d" % n)': ["l2"],
    'for n in ["a"] * 2: read(n)': ["a"],
    'for p in itertools.product("ab", ["w"]): read("/".join(p))': ["a/w", "b/w"],
    'read("{}/{:02d}".format("a", 3))': ["a/03"],
    'read("%(s)s/w" % dict(s="a"))': ["a/w"],
    'i = 3\nread(f"a/{i=}")': ["a/{}"],
    'read("a/b:0".rsplit(":", 1)[0])': ["a/b"],
    'read("model/a/b"[len("model/"):])': ["a/b"],
    'x, y = "a,b".split(",")\nread(x); read(y)': ["a", "b"],
    'read("a\\N{SOLIDUS}b" rf"/c\\d")': [r"a/b/c\d"],
    # A number that is not known, or that counts rounds which nobody knows.
    'for i in range(n): read("l%d" % (i + 1))': ["l{}"],
    'for s in "logits": read(s + "/w")': ["{}/w"],
}


@pytest.mark.parametrize("code", COMPOSED)
def test_texts_are_composed(code):
    assert names(code, Role.VARIABLE) == COMPOSED[code]


LISTED = {
    'tf.flags.DEFINE_list("ex", "a,b", "")': "tf.flags.FLAGS.ex",
    'tf.app.flags.DEFINE_list("ex", ["a", "b"], "")': "tf.app.flags.FLAGS.ex",
    'from absl import flags\nflags.DEFINE_spaceseplist("ex", "a b", "")': "flags.FLAGS.ex",
    'from absl import flags\nflags.DEFINE_list("ex", "a, b", "")': "flags.FLAGS.ex",
    'tf.flags.DEFINE_string("ex", "a, b", "")': 'tf.flags.FLAGS.ex.replace(" ", "").split(",")',
    'tf.flags.DEFINE_string("ex", "a,b,", "")': '[s for s in tf.flags.FLAGS.ex.split(",") if s]',
    """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--ex", type=lambda s: s.split(","), default="a,b")
""": "parser.parse_args().ex",
    """
import argparse
def listed(text):
    return [each.strip() for each in text.split(",")]
parser = argparse.ArgumentParser()
parser.add_argument("-e", "--ex", default="a, b", type=listed)
""": "parser.parse_args().ex",
}


@pytest.mark.parametrize("before", LISTED)
def test_a_flag_is_a_list_of_names(before):
    code = f"{before.strip()}\nslim.get_variables_to_restore(exclude={LISTED[before]})"
    assert names(code, Role.PATTERN)[:2] == ["a", "b"]


SCOPES = {
    "a default of one's own": (
        "def net(scope=None):\n    with tf.variable_scope(scope or 'net'): tf.get_variable('w')\n"
        "net()\nnet('other')",
        ["net/w", "other/w"],
    ),
    "a default set later": (
        "def net(scope=None):\n    if scope is None:\n        scope = 'net'\n"
        "    with tf.variable_scope(scope): tf.get_variable('w')\nnet()\nnet('other')",
        ["net/w", "other/w"],
    ),
    "a context manager of one's own": (
        "@contextlib.contextmanager\ndef inside(name):\n"
        "    with tf.variable_scope(name, reuse=tf.AUTO_REUSE) as scope:\n        yield scope\n"
        "with inside('a'):\n    with inside('b') as scope: tf.get_variable('w')\n"
        "with tf.variable_scope(scope): tf.get_variable('v')",
        ["a/b/v", "a/b/w"],
    ),
    "a context manager without a scope": (
        "@contextlib.contextmanager\ndef timed(name):\n    yield\n"
        "with tf.variable_scope('a'), timed('b'): tf.get_variable('w')",
        ["a/w"],
    ),
    "a scope that is opened before it is entered": (
        "scope = tf.variable_scope('a')\nwith scope: tf.get_variable('w')",
        ["a/w"],
    ),
    "a stack of scopes": (
        "with contextlib.ExitStack() as stack:\n"
        "    scope = stack.enter_context(tf.variable_scope('a'))\n    tf.get_variable('w')\n"
        "    stack.enter_context(open('file'))\n    stack.enter_context(tf.variable_scope('b'))\n"
        "    tf.get_variable('w')\ntf.get_variable('w')\n"
        "with tf.variable_scope(scope): tf.get_variable('v')",
        ["a/b/w", "a/v", "a/w", "w"],
    ),
    "a context manager of one's own over a stack": (
        "@contextlib.contextmanager\ndef inside(*names):\n"
        "    with contextlib.ExitStack() as stack:\n"
        "        for n in names: stack.enter_context(tf.variable_scope(n))\n        yield\n"
        "with inside('a', 'b'): tf.get_variable('w')\ntf.get_variable('v')",
        ["a/b/w", "v"],
    ),
    "a stack that may have a scope": (
        "def net(name):\n    with contextlib.ExitStack() as stack:\n"
        "        if name: stack.enter_context(tf.variable_scope(name))\n"
        "        tf.get_variable('w')\n    tf.get_variable('v')\nnet('a')\nnet('')\nnet(some)",
        ["a/w", "v", "w", "{}w"],
    ),
    # Where it is closed is not known, so what stands around the code behind it is not either.
    "a stack that is closed elsewhere": (
        "stack = contextlib.ExitStack()\nstack.enter_context(open('file'))\ntf.get_variable('w')\n"
        "stack.enter_context(tf.variable_scope('a'))\ntf.get_variable('v')\n"
        "stack.close()\ntf.get_variable('u')",
        ["w", "{}u", "{}v"],
    ),
    "a stack that a function is given": (
        "def enter(stack, name): stack.enter_context(tf.variable_scope(name))\n"
        "with contextlib.ExitStack() as stack:\n    tf.get_variable('u')\n"
        "    enter(stack, 'a')\n    tf.get_variable('w')\ntf.get_variable('v')",
        ["u", "v", "{}w"],
    ),
    "a stack that is handed on": (
        "def enter(name):\n    with contextlib.ExitStack() as stack:\n"
        "        stack.enter_context(tf.variable_scope(name))\n        return stack.pop_all()\n"
        "def build():\n    tf.get_variable('u')\n    for name in 'ab':\n"
        "        stack = enter(name)\n        tf.get_variable('w')\n        stack.close()\nbuild()",
        ["u", "{}w"],
    ),
    "a stack of an object": (
        "class Net:\n    def __init__(self):\n        self.stack = contextlib.ExitStack()\n"
        "        self.stack.enter_context(tf.variable_scope('a'))\n        tf.get_variable('w')\n"
        "tf.get_variable('u')\nNet()\ntf.get_variable('v')",
        ["u", "{}v", "{}w"],
    ),
    "a class inside a function": (
        "def build(name):\n    class Net:\n        def __init__(self):\n"
        "            with tf.variable_scope(name) as self.scope: tf.get_variable('w')\n"
        "        def more(self):\n            with tf.variable_scope(self.scope): self.last('v')\n"
        "        def last(self, name): tf.get_variable(name)\n"
        "    Net().more()\nwith tf.variable_scope('a'): build('b')",
        ["a/b/v", "a/b/w"],
    ),
    "methods called in a scope": (
        "class Net:\n    def __init__(self, name):\n"
        "        with tf.variable_scope(name) as self.scope: self.build()\n"
        "    def build(self):\n        for n in range(2):\n"
        "            with tf.variable_scope('l%d' % (n + 1)): self.unit(n)\n"
        "    def unit(self, n): tf.get_variable('w', [n])\n"
        "    def more(self):\n        with tf.variable_scope(self.scope): tf.get_variable('v')\n"
        "Net('a').more()",
        ["a/l1/w", "a/l2/w", "a/v"],
    ),
}


@pytest.mark.parametrize(("code", "made"), SCOPES.values(), ids=SCOPES.keys())
def test_scopes_are_followed(code, made):
    text = HEAD + code
    variables = {v.name.template for v in Document(text).analysis().variables}
    assert sorted(variables) == made


def test_what_no_call_says_may_be_otherwise():
    """Numbers given as defaults are those of one call among many, which are not seen."""
    code = 'def f(name, i=0, scope="a"):\n    read("%s/%s_%d" % (scope, name, i))\n{}'
    assert names(code.format(""), Role.VARIABLE) == ["a/{}_{}"]
    assert names(code.format('f("b")'), Role.VARIABLE) == ["a/b_0"]
    inner = 'def outer():\n    def f(name, i=0): read("%s_%d" % (name, i))\n    f("b", 3)\nouter()'
    assert "b_3" in names(inner, Role.VARIABLE)
    assert not [each for each in names(inner, Role.VARIABLE) if each.endswith("_0")]


def test_a_choice_in_a_loop_of_which_one_round_is_run_is_open():
    code = """
    path, first = "a", None
    for each in found():
        if first is not None:
            path = "b"
        first = each
    tf.train.load_variable(path, "w")
    """
    sites = Document(HEAD + dedent(code)).analysis().sites
    assert {use.text.literal for site in sites for use in site.paths} >= {"a", "b"}


def test_classes_of_one_function_are_told_apart():
    """Which of them it is nobody knows: each reads the name where it reads."""
    code = """
    def f(is_one):
        class One:
            def get(self, n): return tf.train.load_variable("one", n)
        class Two:
            def get(self, n): return tf.train.load_variable("two", n)
        class Three:
            def put(self, n): return tf.train.load_variable("three", n)
        x = One() if is_one else Two()
        Three().get("b")
        return x.get("a")
    """
    sites = Document(HEAD + dedent(code)).analysis().sites
    found = {(site.paths[0].text.literal, site.text.literal) for site in sites if site.paths}
    assert {each for each in found if each[1] in ("a", "b")} == {("one", "a"), ("two", "a")}


def test_called_string_template_is_not_a_template_of_tensorflow():
    """`string.Template` and `tf.make_template` are objects of two kinds."""
    code = """
        import string
        t = string.Template("a/$x")
        t()
        read(t.substitute(x="b"))
        with tf.variable_scope("s"):
            made = tf.make_template("t", lambda: tf.get_variable("v", [1]))
            made()
    """
    assert names(code, Role.VARIABLE) == ["a/b"]
    assert names(code, Role.GRAPH_VARIABLE) == ["s/t{}/v", "s/v"]


def test_partial_with_arguments_that_are_too_large_is_called():
    """A value that is not followed is unknown; the names of the arguments stay as they are."""
    row = "[" + ", ".join(f"[{i}, {i}]" for i in range(60)) + "]"
    rows = "[" + ", ".join(["row"] * 16) + "]"
    code = f"""
        row = {row}
        rows = {rows}
        functools.partial(tf.train.load_variable, "p", "a/b", rows, rows)()
        functools.partial(tf.train.load_variable, "p")("a/c")
    """
    assert "a/c" in names(code, Role.VARIABLE)
