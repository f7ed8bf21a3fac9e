"""A document that is edited says the same as one that is read anew."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ckptls.source.document import Document
from source.edits import said
from support.edit_example import EXAMPLE

SNIPPETS = st.sampled_from(
    [
        *("x", '"', "'", "(", ")", "\n", "    ", "#", "é", "😀", "\r\n", "\f", '"""'),
        'tf.get_variable("w", [3])\n',
        'with tf.variable_scope("s"):\n    ',
        "def f(a, b=CHECKPOINT):\n    return a\n",
        "class A:\n    def m(self):\n        self.x = 1\n",
        "tf.app.flags.DEFINE_string('ckpt', CHECKPOINT, '')\n",
        "f(tf.app.flags.FLAGS.ckpt)\n",
        "def loader(p):\n    def get(n):\n        tf.train.load_variable(p, n)\n    return get\n",
        "def kind(p):\n    class K:\n        def get(self, n):\n"
        "            tf.train.load_variable(p, n)\n    return K()\n",
        "kind(CHECKPOINT).get('vgg_16/w')\nk = kind('other')\nk.get('v')\n",
        "get = loader(CHECKPOINT)\nget('vgg_16/y')\n",
        "a = A()\na.x = CHECKPOINT\ntf.train.load_variable(a.x, 'z')\n",
        "with tf.name_scope('n'):\n    tf.Variable(1, name='v')\n",
        "ns = [n for n in ('a', 'b')]\nfor n in ns:\n    tf.train.load_variable(CHECKPOINT, n)\n",
        "d = {}\nd['k/'] = 'v/'\ntf.train.init_from_checkpoint(CHECKPOINT, d)\n",
        "tf.train.load_variable(CHECKPOINT, 'vgg_16/x')\n",
        "if 'x' not in names:\n    raise KeyError\n",
        "cell = tf.nn.rnn_cell.GRUCell(3, name='c')\ntf.nn.dynamic_rnn(cell, x)\n",
        "t = tf.make_template('t', f)\nt(CHECKPOINT)\n",
        "stack.enter_context(tf.variable_scope('e'))\ntf.get_variable('f')\n",
        "n = None\nif n is None:\n    n = 'vgg_16/q'\ntf.train.load_variable(CHECKPOINT, n)\n",
    ]
)
EDITS = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 40), SNIPPETS), min_size=1, max_size=12
)


# Text that is broken and not ASCII: what counts bytes and what counts characters must agree.
BROKEN = """import tensorflow as tf
CHECKPOINT = "é😀.ckpt"
r = tf.train.load_checkpoint(CHECKPOINT)
def f(é, x="ß😀"):
    w = r.get_tensor("vgg_16/é/w")  # 😀
    return [w, "日本"]
x = f("ü"); y = r.get_tensor("日本/😀/w")
with tf.variable_scope("ö"):
    tf.get_variable("wé", [3])
print r.get_tensor("a/é")
"""
WIDE_SNIPPETS = st.sampled_from(
    [
        *("é", "😀", "日", "\u2028", "\f", "\ufeff", "\ud800", '"', "'", "(", ")", "[", "{", "}"),
        *("\n", "\r\n", "\r", ":", "    ", "#", "\\", "=", ",", '"""', 'f"{'),
        *("ß = r.get_tensor('é😀/x')\n", "def ü(:\n", "class 😀:\n    x = r.get_tensor('é')\n"),
        *("if é:\n  r.get_tensor('日/é')\n", "tf.train.load_variable('é', '😀')"),
        "w = r.get_tensor('😀é",
    ]
)
WIDE_EDITS = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 30), WIDE_SNIPPETS), min_size=1, max_size=10
)


@settings(max_examples=60, deadline=None)
@given(EDITS)
def test_edits_lead_to_what_a_fresh_document_says(edits):
    document = Document(EXAMPLE.read_text("utf-8"))
    document.analysis()
    for place, length, new in edits:
        start = place % (len(document.text) + 1)
        document.edit(start, min(start + length, len(document.text)), new)
        document.analysis()
    assert said(document.analysis()) == said(Document(document.text).analysis())


@settings(max_examples=40, deadline=None)
@given(EDITS, st.integers(0, 10**6))
def test_asking_about_a_cursor_changes_nothing(edits, place):
    document = Document(EXAMPLE.read_text("utf-8"))
    for start, length, new in edits:
        begin = start % (len(document.text) + 1)
        document.edit(begin, min(begin + length, len(document.text)), new)
        text = document.text
        document.at(place % (len(text) + 1))
        assert document.text == text
    assert said(document.analysis()) == said(Document(document.text).analysis())


def cursors(document: Document, place: int) -> list[object]:
    return [
        (each.site.full_text.template, each.part.span, each.part.literal, each.typed, each.written)
        for each in document.at(place)
    ]


@settings(max_examples=60, deadline=None)
@given(WIDE_EDITS, st.integers(0, 10**6), st.booleans())
def test_broken_text_that_is_not_ascii_says_the_same(edits, place, is_asked_between):
    document = Document(BROKEN)
    document.analysis()
    for start, length, new in edits:
        begin = start % (len(document.text) + 1)
        document.edit(begin, min(begin + length, len(document.text)), new)
        if is_asked_between:
            document.at(begin + len(new))
    place %= len(document.text) + 1
    assert cursors(document, place) == cursors(Document(document.text), place)
    assert said(document.analysis()) == said(Document(document.text).analysis())


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.integers(0, 300))
def test_any_text_is_analysed_and_asked(text, place):
    document = Document("import tensorflow as tf\n" + text)
    document.analysis()
    document.at(min(place, len(document.text)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5000))
def test_every_beginning_of_a_file_is_analysed_and_asked(length):
    document = Document(EXAMPLE.read_text("utf-8")[:length])
    document.analysis()
    document.at(len(document.text))


def test_what_stood_before_a_branch_counts_when_it_comes_later():
    document = Document(
        "import tensorflow as tf\n"
        "if unknown:\n    names = ['b']\n"
        "for name in names:\n    tf.train.load_variable('m', name)\n"
    )
    assert "a" not in [site.full_text.template for site in document.analysis().sites]
    document.edit(0, 0, "names = ['a']\n")
    fresh = Document(document.text).analysis()
    assert "a" in [site.full_text.template for site in fresh.sites]
    assert said(document.analysis()) == said(fresh)


def test_the_name_of_a_comprehension_is_not_what_it_was_further_up():
    before = "n = 'gone'\n"
    document = Document(
        "import tensorflow as tf\n" + before + "ns = [n for n in ('a', 'b')]\n"
        "tf.train.load_variable('m', n)\n"
    )
    assert "gone" in [site.full_text.template for site in document.analysis().sites]
    start = document.text.index(before)
    document.edit(start, start + len(before), "")
    assert "gone" not in [site.full_text.template for site in document.analysis().sites]


def test_what_a_call_enters_stands_around_what_follows():
    head = "import contextlib\nimport tensorflow as tf\n"
    enter = "contextlib.ExitStack().enter_context(tf.variable_scope('a'))\n"
    inside = "def enter(stack):\n    stack.enter_context(tf.variable_scope('a'))\n"
    code = inside + "tf.get_variable('w')\ntf.get_variable('v')\n"
    document = Document(head + code)
    document.analysis()
    for new in (enter, "enter(contextlib.ExitStack())\n"):
        place = len(head) + len(inside)
        for start, end, text in ((place, place, new), (place, place + len(new), "")):
            document.edit(start, end, text)
            names = [variable.name.template for variable in document.analysis().variables]
            assert names == (["{}w", "{}v"] if text else ["w", "v"])
            assert said(document.analysis()) == said(Document(document.text).analysis())
