"""Shapes behind names, in the line itself."""

from __future__ import annotations

from ckptls.features.annotations.inlay_hints import hints
from ckptls.source.text.source_text import Span


def hinted(project, snippet: str) -> list[str]:
    """The lines of the snippet that have hints, with these in the text."""
    binder = project.binder(snippet)
    text = binder.analysis.source.text
    found = hints(binder, Span(0, len(text)))
    for hint in reversed(found):
        text = f"{text[: hint.offset]}<{hint.label}>{text[hint.offset :]}"
    return [line.strip() for line in text.splitlines() if "<[" in line]


def test_a_key_has_its_shape_behind_the_quotes(vgg16):
    assert hinted(vgg16, 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/biases")') == [
        'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/biases"<[1000]>)'
    ]


def test_triple_quotes_end_behind_the_third(vgg16):
    snippet = "tf.train.load_variable('vgg_16.ckpt', '''vgg_16/fc8/biases''')"
    (line,) = hinted(vgg16, snippet)
    assert line.endswith("biases'''<[1000]>)")


def test_a_shape_that_the_code_says_is_not_repeated(vgg16):
    snippet = """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16/fc8"):
            tf.get_variable("biases", [1000])
            tf.get_variable("weights")
    """
    assert hinted(vgg16, snippet) == ['tf.get_variable("weights"<[1, 1, 4096, 1000]>)']


def test_a_name_that_is_not_there_has_none(vgg16):
    assert hinted(vgg16, 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc9/biases")') == []


def test_a_guess_has_none(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    snippet = """
        def read(path):
            return tf.train.load_variable(path, "vgg_16/fc8/biases")
    """
    assert hinted(vgg16, snippet) == []


def test_a_string_that_is_several_names_has_none_unless_they_agree(project):
    project.checkpoint("a.ckpt", a__w=[1], b__w=[2], a__v=[3], b__v=[3])
    snippet = """
        tf.train.Saver().restore(session, "a.ckpt")
        for scope in ["a", "b"]:
            with tf.variable_scope(scope):
                tf.get_variable("w")
                tf.get_variable("v")
    """
    assert hinted(project, snippet) == ['tf.get_variable("v"<[3]>)']
