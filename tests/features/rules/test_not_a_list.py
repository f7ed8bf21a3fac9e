"""not-a-list: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_a_string_for_include_or_exclude_fires(project):
    project.checks(
        """
        slim.get_variables_to_restore(exclude="vgg_16/fc8")  # error: [not-a-list] `exclude` is a string
        slim.get_variables_to_restore("vgg_16")  # error: [not-a-list] `include` is a string
        tf.contrib.framework.filter_variables(v, include_patterns="Conv")  # error: [not-a-list]
        slim.get_variables_to_restore(exclude=["vgg_16/fc8"])
        slim.get_variables_to_restore(("vgg_16",), exclude=None)
        """
    )


def test_the_fix_puts_a_list_around_the_quotes(project):
    snippet = "slim.get_variables_to_restore(exclude={})"
    assert project.fixed(snippet.format("r'vgg_16/fc8'")) == snippet.format("[r'vgg_16/fc8']")
    assert project.fixed(snippet.format('"a/b, c/d"')) == snippet.format('["a/b", "c/d"]')
    assert project.marks(snippet.format("r'vgg_16/fc8'")) == ["vgg_16/fc8"]


def test_a_string_from_elsewhere_is_not_rewritten(project):
    snippet = 'SCOPES = "vgg_16/fc8"\nslim.get_variables_to_restore(exclude=SCOPES)'
    assert project.marks(snippet) == ["vgg_16/fc8"]
    assert project.fixed(snippet) == snippet


def test_functions_that_take_both_are_silent(project):
    project.checks(
        """
        tf.train.warm_start("a.ckpt", vars_to_warm_start="vgg_16.*")
        slim.get_variables("vgg_16")
        """
    )


def test_what_may_be_a_list_is_silent(project):
    project.checks(
        """
        scopes = "vgg_16/fc8"
        if several:
            scopes = ["vgg_16/fc7", "vgg_16/fc8"]
        slim.get_variables_to_restore(exclude=scopes)
        slim.get_variables_to_restore(exclude="vgg_16/fc7,vgg_16/fc8".split(","))
        """
    )
