"""missing-value-suffix: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import pytest

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.fixture
def tf2(project):
    project.objects("tf2-1", "net/w=dense/kernel", "net/b=dense/bias")
    return project


def test_a_key_without_its_end_fires(tf2):
    tf2.checks(
        """
        tf.train.load_variable("tf2-1", "net/w")  # error: [missing-value-suffix] ends in `/.ATTRIBUTES/VARIABLE_VALUE`
        tf.train.load_variable("tf2-1", "net/w:0")  # error: [missing-value-suffix]
        tf.train.load_checkpoint("tf2-1").get_tensor("net/b")  # error: [missing-value-suffix]
        tf.train.load_variable("tf2-1", "net/w/.ATTRIBUTES/VARIABLE_VALUE")
        """
    )


def test_the_fix_appends_it(tf2):
    snippet = 'tf.train.load_variable("tf2-1", "net/" + "{}")'
    assert tf2.fixed(snippet.format("w")) == snippet.format("w" + SUFFIX)
    assert tf2.fixed(snippet.format("w:0")) == snippet.format("w" + SUFFIX)


def test_a_template_is_completed_too(tf2):
    tf2.checks(
        """
        def read(name):
            tf.train.load_variable("tf2-1", "net/%s" % name)
            tf.train.load_variable("tf2-1", "%s/w" % name)  # error: [missing-value-suffix]
            tf.train.load_variable("tf2-1", "%s/w/.ATTRIBUTES/VARIABLE_VALUE" % name)
        """
    )


def test_other_unknown_names_are_the_matter_of_another_rule(tf2):
    tf2.checks('tf.train.load_variable("tf2-1", "net/ww")  # error: [unknown-variable]')


def test_a_checkpoint_of_a_saver_is_silent(vgg16):
    vgg16.checks('tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/weights")')


def test_a_saver_may_use_the_names_of_the_graph(tf2):
    tf2.checks(
        """
        tf.train.Saver({"dense/kernel": v, "net/b/.ATTRIBUTES/VARIABLE_VALUE": w}).restore(s, "tf2-1")
        tf.train.Saver({"dense/kernle": v}).restore(s, "tf2-1")  # error: [unknown-variable]
        """
    )
