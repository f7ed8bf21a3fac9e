"""invalid-pattern: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_patterns_that_do_not_compile_fire(project):
    project.checks(
        """
        slim.get_variables("vgg_16/fc[78")  # error: [invalid-pattern] unterminated character set
        slim.get_variables_to_restore(exclude=["vgg_16/(fc8", "vgg_16/fc7"])  # error: [invalid-pattern]
        tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="*/weights")  # error: [invalid-pattern] nothing to repeat
        tf.train.warm_start("a.ckpt", vars_to_warm_start=["a/w", "+"])  # error: [invalid-pattern]
        AdamWeightDecayOptimizer(exclude_from_weight_decay=["LayerNorm", "bias("])
        """
    )


def test_a_wrapper_that_projects_copy_is_known(project):
    project.checks(
        """
        import optimization
        optimization.AdamWeightDecayOptimizer(exclude_from_weight_decay=["layer_norm", "bias("])  # error: [invalid-pattern]
        """
    )


def test_patterns_that_compile_are_silent(project):
    project.checks(
        r"""
        slim.get_variables("vgg_16/fc[78]")
        slim.get_variables_to_restore(exclude=[r".*\\.bias", "a{1,2}", "(?i)logits"])
        """
    )


def test_plain_texts_are_no_patterns(vgg16):
    vgg16.checks(
        """
        for variable in tf.trainable_variables():
            if variable.op.name.startswith("vgg_16/(fc8"):
                pass
        """
    )


def test_patterns_with_holes_are_silent(project):
    project.checks('slim.get_variables("(" + rest)')


def test_regular_expressions_on_names_are_checked_too(project):
    project.checks(
        """
        import re
        for variable in tf.trainable_variables():
            if re.match("conv[1", variable.name):  # error: [invalid-pattern]
                pass
        re.match("conv[1", line)
        """
    )
