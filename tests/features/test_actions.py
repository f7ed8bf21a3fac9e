"""Quick fixes: what they change, and which of them is preferred."""

from __future__ import annotations

import pytest

from ckptls.features.code_actions.code_actions import fixes


def titles(project, snippet: str) -> list[tuple[str, bool]]:
    _, found = project.findings(snippet)
    return [(fix.title, fix.is_preferred) for fix in fixes(found)]


def test_each_suggestion_is_a_fix_and_the_first_is_preferred(project):
    project.checkpoint("a.ckpt", net__w1=[2], net__w2=[2])
    assert titles(project, 'tf.train.load_variable("a.ckpt", "net/w")') == [
        ("Change to 'net/w1'", True),
        ("Change to 'net/w2'", False),
    ]


def test_a_change_around_the_quotes_goes_first(project):
    snippet = 'import os\ntf.train.load_checkpoint("~/m.ckpt")'
    (wrap, prefers_wrap), (written, prefers_written) = titles(project, snippet)
    assert wrap == "Wrap in os.path.expanduser"
    assert written.endswith("/m.ckpt'")
    assert prefers_wrap
    assert not prefers_written


def test_a_wider_change_leaves_the_marked_range_as_it_is(project):
    text, (finding,) = project.findings("slim.get_variables_to_restore(exclude='a/b')")
    (fix,) = fixes([finding])
    assert text[finding.span.start : finding.span.end] == "a/b"
    assert text[fix.span.start : fix.span.end] == "'a/b'"
    assert fix.new_text == "['a/b']"
    assert finding.suggestions == ()


def test_every_suggestion_replaces_the_marked_range(vgg16):
    for snippet in (
        'tf.train.load_variable("vgg_16.ckpt", "vgg_16/" "fc8/weight")',
        'tf.train.load_checkpoint("vgg_16.ckpt.index")',
        'tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg16/": "a/"})',
        'slim.get_variables_to_restore(exclude=["vgg_16/fc7, vgg_16/fc8"])',
        'tf.train.load_checkpoint("vgg_16.ckpt").get_tensor("vgg_16/fc8/weights:0")',
        'tf.train.Saver().restore(s, "vgg_16.ckpt")\nslim.get_variables("fc8")',
    ):
        text, (finding,) = vgg16.findings(snippet)
        for suggestion in finding.suggestions[:1]:
            start, end = finding.span
            mended = text[:start] + suggestion + text[end:]
            assert vgg16.marks(mended.partition("import tf_slim as slim\n")[2]) == []


@pytest.mark.parametrize(
    ("written", "right"),
    [
        (r'r"vgg_16/cnv\d/"', r'r"vgg_16/conv\d/"'),
        (r'"vgg_16/cnv\\d/"', r'"vgg_16/conv\\d/"'),
        (r'R"""vgg_16/cnv\d"""', r'R"""vgg_16/conv\d"""'),
        (r'rf"vgg_16/cnv\d"', r'rf"vgg_16/conv\d"'),
        (r'u"vgg_16/\x63nv1"', '"vgg_16/conv1"'),
    ],
)
def test_what_is_changed_is_written_as_the_literal_is(vgg16, written, right):
    snippet = 'tf.train.Saver().restore(session, "vgg_16.ckpt")\nslim.get_variables({})'
    fixed = vgg16.fixed(snippet.format(written))
    assert fixed in (snippet.format(right), snippet.format("u" + right))
