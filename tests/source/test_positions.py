"""Where a name is written, exactly: what is marked is what a fix replaces."""

from __future__ import annotations

import pytest

from ckptls.features.common.literal_edits import find_marked_span
from ckptls.source.document import Document
from ckptls.source.semantics.sites import Role

HEAD = "import tensorflow as tf\nimport tf_slim as slim\né = '漢😀'\n"


def marked(code: str, role: Role = Role.VARIABLE) -> list[tuple[str, str]]:
    """The text of each written piece, and what is marked of the source for it."""
    document = Document(HEAD + code)
    found = []
    for site in document.analysis().sites:
        if site.role is role:
            for part in site.parts:
                span = find_marked_span(part)
                found.append((part.text, document.text[span.start : span.end]))
    return found


READ = 'tf.train.load_variable("p", {})'


@pytest.mark.parametrize(
    ("literal", "pieces"),
    [
        ('"a/b"', [("a/b", "a/b")]),
        ('"a/" "b"', [("a/", "a/"), ("b", "b")]),
        ('("a/"\n    "b"  # no\n    \'c\')', [("a/", "a/"), ("b", "b"), ("c", "c")]),
        ("'''a/b'''", [("a/b", "a/b")]),
        ('"""a/\\\nb"""', [("a/b", "a/\\\nb")]),
        ('r"a\\b"', [("a\\b", "a\\b")]),
        ('b"a/b"', [("a/b", "a/b")]),
        ('u"a/\\u0062"', [("a/b", "a/\\u0062")]),
        ('"a\\/b"', [("a\\/b", "a\\/b")]),
        ('"é/" + "漢"', [("é/", "é/"), ("漢", "漢")]),
        ('f"a/{x}/b"', [("a/", "a/{x}/b"), ("/b", "a/{x}/b")]),
        ('f"a{{}}/{x}"', [("a{}/", "a{{}}/{x}")]),
        ('"a/%s/c" % "b"', [("a/", "a/%s/c"), ("b", "b"), ("/c", "a/%s/c")]),
        ('"{}/{}".format("a", "b")', [("a", "a"), ("/", "{}/{}"), ("b", "b")]),
        ('"/".join(["a", "b"])', [("a", "a"), ("/", "/"), ("b", "b")]),
        ('"x/a/b"[2:]', [("a/b", "x/a/b")]),
        ('" a/b ".strip()', [("a/b", " a/b ")]),
        ('"a/b:0".split(":")[0]', [("a/b", "a/b")]),
    ],
)
def test_every_way_to_write_a_name(literal, pieces):
    assert marked(READ.format(literal)) == pieces


def test_items_of_one_literal_are_marked_one_by_one():
    code = 'slim.get_variables_to_restore(exclude=[s.strip() for s in "a/b, c , d".split(",")])'
    assert marked(code, Role.PATTERN) == [("a/b", "a/b"), ("c", "c"), ("d", "d")]


def test_items_of_a_flags_default_are_marked_one_by_one():
    code = (
        "tf.app.flags.DEFINE_string('skip', 'a/b,c', 'help')\n"
        "skipped = tf.app.flags.FLAGS.skip\n"
        "slim.get_variables_to_restore(exclude=skipped.split(','))\n"
    )
    assert marked(code, Role.PATTERN) == [("a/b", "a/b"), ("c", "c")]


def test_positions_move_with_text_that_is_typed_above():
    code = "def f():\n    if x:\n        return " + READ.format('"a/b"') + "\nf()\n"
    document = Document(HEAD + code)
    document.analysis()
    document.edit(0, 0, "# 漢\n" * 3)
    (site,) = (s for s in document.analysis().sites if s.role is Role.VARIABLE)
    span = site.parts[0].span
    assert document.text[span.start : span.end] == "a/b"


def test_half_typed_code_around_a_name_does_not_move_it():
    for code in (
        "def broken(:\n    pass\n" + READ.format('"a/b"'),
        READ.format('"a/b"') + "\nx = [1, 2\n",
        "class A\n    def m(self):\n        pass\n" + READ.format('"a/b"') + "\n",
        'print "x"\n' + READ.format('"a/b"'),
    ):
        assert ("a/b", "a/b") in marked(code), code
