"""unknown-scope: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_a_key_without_variables_under_it_fires(vgg16):
    vgg16.checks(
        """
        tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/": "a/", "/": "b/"})
        tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg16/": "a/"})  # error: [unknown-scope] did you mean `vgg_16/`?
        tf.contrib.framework.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/cnov1/": "a/"})  # error: [unknown-scope] `vgg_16/conv1/`
        """
    )


def test_the_fix_keeps_the_slash(vgg16):
    snippet = 'tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg16/": "a/"})'
    assert '{"vgg_16/": "a/"}' in vgg16.fixed(snippet)


def test_the_side_of_the_model_is_not_judged(vgg16):
    vgg16.checks('tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/": "anything/at/all/"})')


def test_a_template_of_scopes_is_silent_if_one_fits(vgg16):
    vgg16.checks(
        """
        def start(i):
            tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/conv%d/" % i: "a/"})
            tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/layer%d/" % i: "a/"})  # error: [unknown-scope] fits
        """
    )


def test_a_map_made_by_a_helper_is_silent(vgg16):
    vgg16.checks(
        """
        import modeling
        (names, _) = modeling.get_assignment_map_from_checkpoint(tvars, "vgg_16.ckpt")
        tf.train.init_from_checkpoint("vgg_16.ckpt", names)
        """
    )


def test_an_unknown_checkpoint_is_silent(vgg16):
    vgg16.checks(
        """
        import sys
        tf.train.init_from_checkpoint(sys.argv[1], {"vgg16/": "a/"})
        """
    )
