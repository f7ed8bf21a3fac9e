"""pattern-matches-nothing: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

from textwrap import dedent

import pytest

RESTORE = 'tf.train.Saver().restore(session, "vgg_16.ckpt")\n'


@pytest.mark.parametrize(
    ("call", "right"),
    [
        ('slim.get_variables_to_restore(exclude=["fc8"])', "vgg_16/fc8"),
        ('slim.get_variables_to_restore(include=["vgg_16/cnv1"])', "vgg_16/conv1"),
        ('slim.get_variables("vgg16/fc8")', "vgg_16/fc8"),
        ('slim.get_variables("VGG_16/fc8")', "vgg_16/fc8"),
        ('tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="fc8")', "vgg_16/fc8"),
        ('tf.trainable_variables("vgg_16/fcc8")', "vgg_16/fc8"),
        ('slim.get_variables("vgg_16/fc8/weights$")', "vgg_16/fc8/weights:0$"),
        ('slim.get_variables("vgg_16/fc8$")', "vgg_16/fc8"),
        ('slim.get_variables("vgg_16/cov[123]/")', "vgg_16/conv[123]/"),
    ],
)
def test_a_filter_that_finds_nothing_fires_with_the_spelling_that_would(vgg16, call, right):
    _, found = vgg16.findings(RESTORE + call)
    assert [each.code for each in found] == ["pattern-matches-nothing"]
    assert found[0].severity.label == "warning"
    assert found[0].suggestions[0] == right


def test_warm_starts_are_filters_too(project):
    project.checkpoint("model.ckpt", hidden1__w=[2], hidden2__w=[2])
    project.checks(
        """
        tf.train.warm_start("model.ckpt", vars_to_warm_start="hiden[123]")  # warning: [pattern-matches-nothing] did you mean `hidden[123]`?
        tf.train.warm_start("model.ckpt", vars_to_warm_start="hidden[123]")
        tf.train.warm_start("model.ckpt", vars_to_warm_start=["hidden1/w$"])  # warning: [pattern-matches-nothing] `hidden1/w:0$`
        tf.train.warm_start("model.ckpt", vars_to_warm_start=["hidden1/w"])
        tf.train.warm_start("model.ckpt")
        """
    )


def test_lists_that_go_into_startswith_fire_at_their_items(vgg16):
    snippet = """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        exclusions = [scope.strip() for scope in "vgg_16/fc8, fc7".split(",")]
        for variable in slim.get_model_variables():
            for exclusion in exclusions:
                if variable.op.name.startswith(exclusion):
                    break
        """
    assert vgg16.marks(snippet) == ["fc7"]
    assert "vgg_16/fc8, vgg_16/fc7" in vgg16.fixed(snippet)


def test_filters_that_find_something_are_silent(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        slim.get_variables_to_restore(exclude=["vgg_16/fc", ".*/biases", "vgg_16/conv[1-3]"])
        slim.get_variables("vgg_16/fc8/weights:0$")
        """
    )


def test_heads_that_are_absent_by_design_are_silent(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        slim.get_variables_to_restore(exclude=["aspp", "adam_vars", ".*Momentum.*", "mobilenet_conv"])
        slim.get_variables_to_restore(exclude=["InceptionV1/Logits", "InceptionV1/AuxLogits"])
        slim.get_variables_to_restore(exclude=["vgg_16/fc9", "vgg_16/logits"])
        """
    )


def test_names_that_the_code_makes_are_known(vgg16):
    snippet = """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        {}
        slim.get_variables_to_restore(exclude=["fc8"])
        """
    code = dedent(snippet)
    assert vgg16.marks(code.format("")) == ["fc8"]
    assert vgg16.marks(code.format('slim.conv2d(net, 5, [1, 1], scope="fc8")')) == []
    assert vgg16.marks(code.format('tf.get_variable("fc8/w", [2])')) == []
    assert vgg16.marks(code.format("tf.get_variable(name, [2])")) == []


def test_without_a_checkpoint_nothing_is_said(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    vgg16.checks('slim.get_variables_to_restore(exclude=["fc8"])')


def test_suffixes_are_found_anywhere(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        slim.filter_variables(slim.get_variables(), include_patterns=["biases", "fc8"])
        slim.filter_variables(slim.get_variables(), exclude_patterns=["biasses"])  # warning: [pattern-matches-nothing]
        """
    )


def test_an_invalid_pattern_is_told_as_such(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        slim.get_variables("vgg_16/fc[8")  # error: [invalid-pattern]
        """
    )


def test_slots_that_are_absent_are_silent(project):
    project.checkpoint("a.ckpt", w=[2], w__adam_v=[2])
    project.checks(
        """
        tf.train.Saver().restore(session, "a.ckpt")
        slim.get_variables_to_restore(exclude=[".*/adam_m"])
        """
    )


def test_a_pattern_that_ends_before_the_number_never_matches(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        slim.get_variables("aspp$")  # warning: [pattern-matches-nothing] because names end in `:0`
        slim.get_variables("aspp")
        slim.get_variables(".*/weights:0$")
        """
    )


def test_patterns_with_flags_or_line_ends_are_compared_name_by_name(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        slim.get_variables("(?i)VGG_16/FC8")
        slim.get_variables("(?i)NOTHING$")  # warning: [pattern-matches-nothing]
        slim.get_variables("vgg_16/(conv1|conv2)/")
        slim.get_variables("^vgg_16/fc8/weights:0$")
        """
    )


def test_a_number_that_tensorflow_gives_is_no_slip(project):
    project.checkpoint("a.ckpt", Conv__BatchNorm__beta=[3], conv1__BatchNorm__beta=[3])
    project.checks(
        """
        tf.train.Saver().restore(session, "a.ckpt")
        slim.get_variables("Conv_1/BatchNorm")
        slim.get_variables("Cnov/BatchNorm")  # warning: [pattern-matches-nothing] Conv/BatchNorm
        """
    )


def test_the_literal_with_the_slip_is_marked(vgg16):
    snippet = """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        slim.get_variables_to_restore(exclude=["vgg_16/%s/" % n for n in ["fc8", "{}"]])
        """
    assert vgg16.marks(snippet.format("fcc8")) == ["fcc8"]
    assert '"fc8", "fc8"' in vgg16.fixed(snippet.format("fcc8"))
    assert vgg16.marks(snippet.format("fc7")) == vgg16.marks(snippet.format("logits")) == []


def test_the_fix_ends_where_a_name_ends(project):
    project.checkpoint("a.ckpt", net__logits__w=[2], net__conv1__w=[2])
    snippet = """
        chosen = slim.get_variables_to_restore(exclude=["net/logitz"])
        slim.assign_from_checkpoint_fn("a.ckpt", chosen)
        """
    project.checks(
        snippet.replace('ogitz"])', 'ogitz"])  # warning: [pattern-matches-nothing] `net/logits`')
    )
    assert 'exclude=["net/logits"]' in project.fixed(snippet)


def test_backslashes_in_the_place_of_slashes_fire(vgg16):
    vgg16.checks(
        r"""
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        slim.get_variables_to_restore(include=["vgg_16\\fc8"])  # warning: [pattern-matches-nothing] `vgg_16/fc8`
        slim.get_variables_to_restore(include=["vgg_16\fc8"])  # warning: [pattern-matches-nothing] `vgg_16/fc8`
        slim.get_variables_to_restore(include=[r"vgg_16\fc8"])  # warning: [pattern-matches-nothing] `vgg_16/fc8`
        slim.get_variables_to_restore(include=[r"vgg_16/\w+/biases", r"vgg_16\/fc8", r"vgg_16/fc\d"])
        slim.get_variables_to_restore(exclude=[r"new_16\fc9"])
        """
    )
