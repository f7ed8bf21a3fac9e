"""What was understood before an edit is not kept where the edit changes it.

The table has an edit for each way in which something that is read from outside a statement
or function may change; then come random edits (see `edits`).
"""

from __future__ import annotations

import os
import random
import threading
import time

import pytest

from ckptls.source.document import Document
from source import edits

SECONDS = float(os.environ.get("CKPTLS_EDITS_SECONDS", "5"))
SEED = int(os.environ.get("CKPTLS_EDITS_SEED") or random.SystemRandom().randrange(1 << 40))
READ = "tf.train.load_variable('m', {})\n"
METHOD = "class A{}:\n{}    def m(self):\n        tf.train.load_variable('m', self.x)\n"
USE = "def use():\n    " + READ.format("x")

# (text below `import tensorflow as tf`, what is replaced, by what)
EDITS = {
    "an attribute of a class": (METHOD.format("", "    y = 'a'\n"), "y = 'a'", "x = 'a'"),
    "an attribute that is renamed": (METHOD.format("", "    x = 'a'\n"), "x = 'a'", "y = 'a'"),
    "a base": (
        "class B:\n    x = 'a'\n" + METHOD.format("", ""), "class A:", "class A(B):"
    ),
    "what a base has": (
        "class B:\n    y = 'a'\n" + METHOD.format("(B)", ""), "y = 'a'", "x = 'a'"
    ),
    "an attribute that another method sets": (
        METHOD.format("", "    def __init__(self):\n        self.y = 'a'\n"), "self.y", "self.x"
    ),
    "an attribute set from outside": (
        METHOD.format("", "") + "A.y = 'a'\n", "A.y", "A.x"
    ),
    "a method that another one calls": (
        "class A:\n    def n(self):\n        return 'a'\n"
        "    def m(self):\n        tf.train.load_variable('m', self.n())\n",
        "'a'", "'b'",
    ),
    "names of a library": (
        "load_variable('m', 'a')\n", "load", "from tensorflow.train import *\nload"
    ),
    "names of another library": (
        "from keras import *\nload_variable('m', 'a')\n", "keras", "tensorflow.train"
    ),
    "a name that becomes global": (
        "x = 'a'\ndef f():\n    x = 'b'\n    tf.app\n" + USE, "    x = 'b'",
        "    global x\n    x = 'b'",
    ),
    "a global name at the top": (
        "x = 'a'\ndef f():\n    global y\n    x = 'b'\n    tf.app\n" + READ.format("x") + USE,
        "global y", "global y, x",
    ),
    "a global name that a statement sets and reads": (
        "def f():\n    global y\n    x = 'b'\n    return 'c'\nc = f()\n"
        "if c:\n    x = 'a'\n    " + READ.format("x"), "global y", "global x",
    ),
    "a method of parsed arguments that is set": (
        "import argparse\nn = argparse.Namespace()\nn.path = 'a'\n" + READ.format("n.get"),
        "n.path", "n.get",
    ),
    "a branch before another one": (
        "if c:\n    x = 'b'\n" + USE, "if c:", "x = 'a'\nif c:"
    ),
    "a name that only one branch of a loop sets": (
        "for c in d:\n    if c:\n        x = 'b'\n    else:\n        " + READ.format("x"),
        "for c", "x = 'a'\nfor c",
    ),
    "what a function returned before a name was set again": (
        "def k():\n    return x\ndef j():\n    return k()\n"
        "x = 'a'\nj()\nx = 'b'\n" + READ.format("j()"), "j()\nx = 'b'", "x = 'b'",
    ),
    "a stack that is left to another": (
        "import contextlib\ns = contextlib.ExitStack()\ns.closing()\n"
        "with contextlib.ExitStack() as t:\n    t.enter_context(tf.variable_scope('a'))\n"
        "tf.get_variable('w')\n", "s.closing", "s.pop_all",
    ),
    "a test that is asked quietly": (
        "def f(p):\n    return tf.train.checkpoint_exists(p)\nf('a')\nf('b')\n", "f('a')\n", ""
    ),
    "a word that is part of another": (
        "def f(p):\n    pass\nf('a')\ntf.train.load_variable('m', 'a')\n",
        "load_variable",
        "load_variables",
    ),
}  # fmt: skip


def checked(document: Document) -> object:
    """What an edited document says, which must be what a fresh one does."""
    now = edits.said(document.analysis())
    assert not edits.differences(now, edits.said(Document(document.text).analysis()))
    return now


@pytest.mark.parametrize("case", EDITS)
def test_an_edit_changes_what_rests_on_it_and_can_be_undone(case: str) -> None:
    body, old, new = EDITS[case]
    document = Document("import tensorflow as tf\n" + body)
    before = checked(document)
    start = document.text.index(old)
    document.edit(start, start + len(old), new)
    after = checked(document)
    assert after != before, "the edit is to change something"
    document.edit(start, start + len(new), old)
    assert checked(document) == before


def test_statements_that_an_edit_does_not_touch_are_not_run_again() -> None:
    text = "import tensorflow as tf\nx = 'a'\n" + USE + METHOD.format("", "    x = 'a'\n")
    document = Document(text)
    before = document.analysis().sites
    start = text.index("'a'\n    def")
    document.edit(start, start + 3, "'b'")
    after = document.analysis().sites
    kept = [site for site in after if any(site is each for each in before)]
    assert [site.text.template for site in kept] == ["m", "a"]
    assert "b" in [site.text.template for site in after]


# (texts of modules, the module that is edited, what is replaced, by what)
ABOVE = "import tensorflow as tf\n"
PATH = "tf.train.load_variable({}, 'w')\n"
USE_PATH = "def use():\n    " + PATH.format("x")
MODULES = {
    "a module that defines flags": (
        {"main.py": PATH.format("tf.app.flags.FLAGS.x"),
         "conf.py": "tf.app.flags.DEFINE_string('x', 'a', '')\n"},
        "main.py", "tf.train", "import conf\ntf.train",
    ),
    "a flag in a module": (
        {"main.py": "import conf\n" + PATH.format("tf.app.flags.FLAGS.x"),
         "conf.py": "tf.app.flags.DEFINE_string('y', 'a', '')\n"},
        "conf.py", "'y'", "'x'",
    ),
    "a flag in a module of a module": (
        {"main.py": "import util\n" + PATH.format("tf.app.flags.FLAGS.x"), "util.py": "",
         "conf.py": "tf.app.flags.DEFINE_string('x', 'a', '')\n"},
        "util.py", "as tf\n", "as tf\nimport conf\n",
    ),
    "all names of a module": (
        {"main.py": PATH.format("x"), "conf.py": "x = 'a'\n"},
        "main.py", "tf.train", "from conf import *\ntf.train",
    ),
    "what all names of a module are": (
        {"main.py": "from conf import *\n" + USE_PATH, "conf.py": "y = 'a'\n"},
        "conf.py", "y =", "x =",
    ),
    "an attribute of an object from a module": (
        {"main.py": "import conf\nn = conf.n\n" + PATH.format("n.x"),
         "conf.py": "import argparse\nn = argparse.Namespace()\nn.y = 'a'\n"},
        "conf.py", "n.y", "n.x",
    ),
    "an attribute of a class of a module": (
        {"main.py": "import conf\nclass A(conf.B):\n    def m(self):\n"
                    "        " + PATH.format("self.x"),
         "conf.py": "class B:\n    y = 'a'\n"},
        "conf.py", "y =", "x =",
    ),
    "what a module imports leads to TensorFlow": (
        {"main.py": "import conf\nckpt = 'a'\n", "conf.py": "import util\n",
         "util.py": "x = load_variable\n"},
        "util.py", ABOVE, "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MODULES)
def test_an_edit_of_a_module_changes_what_rests_on_it(case: str) -> None:
    texts, name, old, new = MODULES[case]
    world = edits.World({each: ABOVE + text for each, text in texts.items()}, {})
    before = world.said()
    document = world.documents[name]
    start = document.text.index(old)
    for there, here in ((old, new), (new, old)):
        document.edit(start, start + len(there), here)
        after = world.said()
        assert not edits.differences(after, edits.World(world.texts(), {}).said())
        assert (after["main.py"] == before["main.py"]) == (here == old)


@pytest.mark.parametrize("seed", range(0, 300, 50))
def test_the_same_random_edits_each_time(seed: int) -> None:
    for each in range(seed, seed + 50):
        assert not edits.run(each), f"seed {each}"


def test_random_edits_with_a_fresh_seed(capsys: pytest.CaptureFixture[str]) -> None:
    until = time.monotonic() + SECONDS
    count = 0
    while count < 10 or time.monotonic() < until:
        found = edits.run(SEED + count)
        assert not found, f"CKPTLS_EDITS_SEED={SEED + count} makes it again: {found[:3]}"
        count += 1
    with capsys.disabled():
        print(f"\nrandom edits: {count} runs, CKPTLS_EDITS_SEED={SEED}", end=" ")


def test_documents_are_parsed_in_several_threads_at_once() -> None:
    text = "import tensorflow as tf\n" + PATH.format("'a'") * 400
    expected = len(Document(text).analysis().sites)
    found: list[int] = []

    def parse() -> None:
        found.extend(len(Document(text).analysis().sites) for _ in range(5))

    threads = [threading.Thread(target=parse) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 20
