"""joined-names: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_a_comma_in_an_item_of_a_list_fires(project):
    project.checks(
        """
        slim.get_variables_to_restore(exclude=["learning_rate, global_step"])  # warning: [joined-names] write several names as "learning_rate", "global_step"
        slim.get_variables_to_restore(include=["Logits,RGB", "Mixed"])  # warning: [joined-names]
        slim.get_variables_to_restore(exclude=["learning_rate", "global_step"])
        """
    )


def test_the_fix_splits_the_string(project):
    snippet = "slim.get_variables_to_restore(exclude=[{}])"
    assert project.fixed(snippet.format('"a/b, c/d"')) == snippet.format('"a/b", "c/d"')
    assert project.fixed(snippet.format("'a/b,c/d,'")) == snippet.format("'a/b', 'c/d'")
    assert project.marks(snippet.format("'a/b,c/d,'")) == ["a/b,c/d,"]


def test_a_text_that_is_split_afterwards_is_silent(project):
    project.checks(
        """
        exclude = [scope.strip() for scope in "vgg_16/fc7, vgg_16/fc8".split(",")]
        slim.get_variables_to_restore(exclude=exclude)
        """
    )


def test_commas_of_regular_expressions_are_silent(project):
    project.checks(
        """
        slim.get_variables_to_restore(exclude=["conv_{1,2}/weights", "conv[1,2]/weights"])
        """
    )


def test_literals_without_a_comma_between_them_fire(project):
    project.checkpoint("bert.ckpt", adam_v=[2], adam_m=[2], global_step=[])
    snippet = """
        slim.get_variables_to_restore(exclude=["adam_v", "adam_m" "global_step"])
        tf.train.Saver().restore(session, "bert.ckpt")
        """
    assert project.marks(snippet) == ["adam_m"]
    assert '"adam_m", "global_step"]' in project.fixed(snippet)


def test_in_tests_on_names_too(project):
    project.checkpoint("bert.ckpt", adam_v=[2], adam_m=[2], global_step=[])
    project.checks(
        """
        for name, shape in tf.train.list_variables("bert.ckpt"):
            if any(part in name for part in ["adam_v", "adam_m" "global_step"]):  # warning: [joined-names] is a comma missing?
                continue
            if any(part in name for part in ["adam_v", "adam_m", "global_step"]):
                continue
        """
    )


def test_a_long_name_over_two_lines_is_silent(vgg16):
    vgg16.checks(
        """
        slim.get_variables_to_restore(exclude=[
            "vgg_16/"
            "fc8",
            "vgg_16/conv1"
            "/conv1_1",
        ])
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        """
    )


def test_pieces_that_are_no_names_are_silent(vgg16):
    vgg16.checks(
        """
        slim.get_variables_to_restore(exclude=["some" "thing"])
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        """
    )
