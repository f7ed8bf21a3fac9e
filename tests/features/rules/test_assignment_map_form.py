"""assignment-map-form: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

MAP = 'tf.train.init_from_checkpoint("vgg_16.ckpt", {})'


def test_sides_that_do_not_go_together_fire(vgg16):
    vgg16.checks(
        """
        tf.train.init_from_checkpoint("vgg_16.ckpt", {
            "vgg_16/conv1/": "conv1",  # error: [assignment-map-form] did you mean `conv1/`?
            "vgg_16/conv2/": "net/conv2",  # error: [assignment-map-form] TensorFlow ignores `conv2` and fills `net/`
            "vgg_16/conv3": "conv3/",  # error: [assignment-map-form] did you mean `vgg_16/conv3/`?
            "vgg_16/fc8/biases": "fc8/",  # error: [assignment-map-form] is a variable, but `fc8/` is a scope
            "vgg_16/conv4/": "conv4/",
            "vgg_16/fc7/biases": "fc7/biases",
            "/": "everything/",
        })
        """
    )


def test_the_form_needs_no_checkpoint(project):
    project.checks(
        """
        import sys
        tf.train.init_from_checkpoint(sys.argv[1], {"old/": "new"})  # error: [assignment-map-form]
        tf.train.init_from_checkpoint(sys.argv[1], [("old", "new/")])  # error: [assignment-map-form]
        tf.train.init_from_checkpoint(sys.argv[1], {"old/": "new/", "a": "b"})
        """
    )


def test_an_empty_side_is_no_root(vgg16):
    vgg16.checks(
        """
        tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/": ""})  # error: [assignment-map-form] did you mean `/`?
        tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/": "/"})
        """
    )


def test_the_fix_changes_the_side_that_is_wrong(vgg16):
    for wrong, right in (
        ('{"vgg_16/": "net"}', '{"vgg_16/": "net/"}'),
        ('{"vgg_16": "net/"}', '{"vgg_16/": "net/"}'),
        ('{"vgg_16/fc8/biases": "b/"}', '{"vgg_16/fc8/biases": "b"}'),
    ):
        assert vgg16.fixed(MAP.format(wrong)) == MAP.format(right)


def test_both_ways_to_mend_a_tail_are_offered(vgg16):
    _, (finding,) = vgg16.findings(MAP.format('{"vgg_16/": "net/typo"}'))
    assert finding.suggestions == ("net/typo/", "net/")


def test_a_key_that_stands_twice_fires(vgg16):
    vgg16.checks(
        """
        tf.train.init_from_checkpoint("vgg_16.ckpt", {
            "vgg_16/": "a/",
            "vgg_16/": "b/",  # error: [assignment-map-form] is a repeated key of this dictionary
        })
        tf.train.init_from_checkpoint("vgg_16.ckpt", [("vgg_16/", "a/"), ("vgg_16/", "b/")])
        defaults = {"vgg_16/": "a/"}
        tf.train.init_from_checkpoint("vgg_16.ckpt", {**defaults, "vgg_16/": "b/"})
        """
    )


def test_variables_and_texts_with_unknown_ends_are_silent(vgg16):
    vgg16.checks(
        """
        v = tf.get_variable("v", [1000])
        with tf.variable_scope("net") as scope:
            pass
        tf.train.init_from_checkpoint("vgg_16.ckpt", {
            "vgg_16/fc8/biases": v,
            "vgg_16/conv1/": name,
            "vgg_16/conv2/": "net/" + name,
            "vgg_16/conv3/": scope.name + "/",
        })
        """
    )


def test_one_string_gets_one_finding(vgg16):
    vgg16.checks(
        """
        tf.train.init_from_checkpoint("vgg_16.ckpt", {
            "vgg16": "net/",  # error: [assignment-map-form]
            "vgg_16/fc8/biases:0": "net/",  # error: [tensor-suffix]
        })
        """
    )


MODEL = """
with tf.variable_scope("labels/dense"):
    tf.get_variable("kernel", [2])
    tf.get_variable("bias", [2])
with tf.variable_scope("rest"):
    tf.get_variable("own", [2])
"""


def mended(project, entry: str) -> str:
    head = MODEL + 'tf.train.init_from_checkpoint("a.ckpt", '
    return project.fixed(head + entry + ")").removeprefix(head).removesuffix(")")


def test_a_scope_that_is_assigned_to_a_variable(project):
    project.checkpoint("a.ckpt", tagger__dense_37__kernel=[2], tagger__dense_37__bias=[2])
    entry = '{"tagger/dense_37/": "labels/dense/kernel"}'
    call = f'tf.train.init_from_checkpoint("a.ckpt", {entry})'
    expected = "  # error: [assignment-map-form] it is a variable of the model"
    project.checks(MODEL + call + expected)
    assert mended(project, entry) == '{"tagger/dense_37/": "labels/dense/"}'


def test_the_whole_key_where_the_scopes_do_not_go_together(project):
    project.checkpoint("a.ckpt", tagger__kernel=[2])  # no bias
    entry = '{"tagger/": "labels/dense/kernel"}'
    assert mended(project, entry) == '{"tagger/kernel": "labels/dense/kernel"}'


def test_what_would_load_nothing_or_raise_is_not_offered(project):
    project.checkpoint("a.ckpt", old__kernel=[2], old__bias=[2], single=[2])
    for entry in (
        '{"old/": "labels/nowhere"}',  # `rest` is there, and nothing under `labels/nowhere/`
        '{"old/": "nowhere"}',
        '{"old/": "rest/own"}',
        '{"old": "nowhere/"}',
        '{"single": "labels/dense/"}',
    ):
        assert mended(project, entry) == entry
    assert mended(project, '{"old/": "labels/dense"}') == '{"old/": "labels/dense/"}'
    assert mended(project, '{"old": "labels/dense/"}') == '{"old/": "labels/dense/"}'
    assert mended(project, '{"old/": "labels/dense/typo"}') == '{"old/": "labels/dense/"}'


def test_a_variable_for_a_scope_goes_to_the_variable_in_it(project):
    project.checkpoint("a.ckpt", old__kernel=[2])
    entry = '{"old/kernel": "labels/dense/"}'
    assert mended(project, entry) == '{"old/kernel": "labels/dense/kernel"}'
