"""Renaming names of the model."""

from __future__ import annotations

import pytest

from ckptls.features.navigation.rename import CannotRenameError, check_name, places, target


def renamed(project, snippet: str, new: str = "NEW") -> str:
    """The snippet after renaming what is under the cursor."""
    opened, offset = project.opened(snippet)
    found = target(opened.document.at(offset)[0])
    text = opened.document.text
    for span in reversed(places(found.name, [opened.document.analysis()])[0]):
        text = text[: span.start] + new + text[span.end :]
    return text.partition("slim\n")[2].strip()


def refused(project, snippet: str) -> str:
    opened, offset = project.opened(snippet)
    with pytest.raises(CannotRenameError) as error:
        target(opened.document.at(offset)[0])
    return str(error.value)


def test_a_scope_is_renamed_where_it_is_opened_and_in_longer_names(project):
    assert renamed(
        project,
        """
with tf.variable_scope("net"):
    with tf.variable_scope("conv<cursor>1"):
        tf.get_variable("w", [2])
        tf.get_variable("conv1", [2])
tf.train.init_from_checkpoint("a.ckpt", {"old/conv1/": "net/conv1/"})
other = slim.get_variables_to_restore(exclude=["net/conv1"])
""",
    ) == (
        'with tf.variable_scope("net"):\n'
        '    with tf.variable_scope("NEW"):\n'
        '        tf.get_variable("w", [2])\n'
        '        tf.get_variable("conv1", [2])\n'
        'tf.train.init_from_checkpoint("a.ckpt", {"old/conv1/": "net/NEW/"})\n'
        'other = slim.get_variables_to_restore(exclude=["net/NEW"])'
    )


def test_the_segment_under_the_cursor_is_renamed_and_no_other(project):
    assert renamed(project, 'tf.get_variable("a/b<cursor>/c", [2])') == (
        'tf.get_variable("a/NEW/c", [2])'
    )


def test_a_name_that_a_function_makes_in_two_scopes_is_renamed_in_both(project):
    assert (
        renamed(
            project,
            """
def block(scope):
    with tf.variable_scope(scope):
        tf.get_variable("weig<cursor>hts", [2])
block("one")
block("two")
tf.train.init_from_checkpoint("a.ckpt", {"x": "one/weights", "y": "two/weights"})
""",
        ).count("NEW")
        == 3
    )


def test_names_of_checkpoints_are_refused_with_a_reason(vgg16):
    text = refused(vgg16, 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/mean<cursor>_rgb")')
    assert text == ("`vgg_16/mean_rgb` is a variable of a checkpoint; renaming changes code alone")


def test_what_the_program_composes_is_refused(project):
    assert refused(project, 'tf.get_variable("layer<cursor>_%d/w" % step(), [2])') == (
        "computed at run time: `layer_{}`"
    )


@pytest.mark.parametrize("name", ["", "a b", "/a", "a/", "a//b", "é", 'a"'])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(CannotRenameError, match="is not a valid name"):
        check_name(name)
