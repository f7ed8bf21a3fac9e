"""What a restore finds, above it and in full."""

from __future__ import annotations

from ckptls.features.annotations.code_lens import Lens, lenses, report

MODEL = """
    with tf.variable_scope("net"):
        tf.get_variable("w", [2])
        tf.get_variable("typo", [2])
    tf.get_variable("head", [3])
"""


def only(project, snippet: str) -> Lens:
    (lens,) = lenses(project.binder(snippet))
    return lens


def test_a_saver_of_everything(project):
    project.checkpoint("a.ckpt", net__w=[2], head=[3], rest=[1], net__w__Adam=[2])
    lens = only(project, MODEL + '    tf.train.Saver().restore(session, "a.ckpt")\n')
    assert lens.title == "a.ckpt: 2 names found, 1 not"
    assert report(lens).splitlines() == [
        "# a.ckpt: 2 names found, 1 not",
        f"# {project.root / 'a.ckpt'}",
        "",
        "# not in the checkpoint: 1",
        "net/typo",
        "",
        "# found: 2",
        "net/w  float32 [2]",
        "head  float32 [3]",
        "",
        "# in the checkpoint, and not named by this code: 1",
        "rest",
    ]


def test_a_filter_leaves_names_out(project):
    project.checkpoint("a.ckpt", net__w=[2], net__typo=[2])
    restore = """
    chosen = slim.get_variables_to_restore(exclude=["head"])
    restore = slim.assign_from_checkpoint_fn("a.ckpt", chosen)
    """
    assert only(project, MODEL + restore).title == "a.ckpt: 2 names found"


def test_the_variables_under_the_scopes_of_a_map_count(project):
    project.checkpoint("a.ckpt", net__w=[2])
    restore = """
    tf.train.init_from_checkpoint("a.ckpt", {"net/": "net/", "old/": "new/"})
    """
    lens = only(project, MODEL + restore)
    assert (lens.found, lens.missing) == (("net/w",), ("net/typo",))
    assert "net/w  float32 [2]" in report(lens)
    assert "not named" not in report(lens)


def test_what_is_restored_may_be_unknown(project):
    project.checkpoint("a.ckpt", net__w=[2])
    restore = """
    tf.train.Saver(choose()).restore(session, "a.ckpt")
    """
    assert only(project, MODEL + restore).title == "a.ckpt: 1 variable"


def test_a_checkpoint_that_is_not_here_has_no_lens(project):
    snippet = MODEL + '    tf.train.Saver().restore(session, "a.ckpt")\n'
    assert lenses(project.binder(snippet)) == []


KERAS = """
    model = tf.keras.Sequential([
        tf.keras.layers.Conv2D(64, 3, name="conv"),
        tf.keras.layers.Dense(9, name="head"),
        tf.keras.layers.Dense(5, name="mine"),
        tf.keras.layers.Dense(5),
    ])
"""


def test_layers_take_weights_by_their_names(project):
    project.keras("weights.h5", "conv", "head", "other")
    lens = only(project, KERAS + '    model.load_weights("weights.h5", by_name=True)\n')
    assert lens.title == "weights.h5: 2 layers found, 1 not"
    assert report(lens).splitlines() == [
        "# weights.h5: 2 layers found, 1 not",
        f"# {project.root / 'weights.h5'}",
        "",
        "# not in the checkpoint: 1",
        "mine",
        "",
        "# found: 2",
        "conv  1 variable",
        "head  1 variable",
        "",
        "# in the checkpoint, and not named by this code: 1",
        "other",
    ]


def test_layers_that_the_call_leaves_out_do_not_count(project):
    project.keras("weights.h5", "conv", "head")
    load = '    model.load_weights("weights.h5", by_name=True, exclude=["head", "mine"])\n'
    assert only(project, KERAS + load).title == "weights.h5: 1 layer found"


def test_weights_in_the_order_of_the_layers_have_no_names_to_find(project):
    project.keras("weights.h5", "conv", "head")
    for load in ('model.load_weights("weights.h5")', 'tf.keras.Model().load_weights("weights.h5")'):
        assert only(project, f"{KERAS}    {load}\n").title == "weights.h5: 2 variables in 2 layers"


def test_a_filter_that_is_no_regular_expression_takes_nothing(project):
    project.checkpoint("a.ckpt", net__w=[2], net__typo=[2], head=[3])
    restore = """
    chosen = slim.get_variables_to_restore(include=["net/(", "head"], exclude=["he("])
    restore = slim.assign_from_checkpoint_fn("a.ckpt", chosen)
    """
    # What such an exclusion leaves out cannot be said, so nothing is taken for sure.
    assert only(project, MODEL + restore).title == "a.ckpt: 3 variables"


def test_layers_of_several_models_are_not_counted(project):
    project.keras("weights.h5", "conv", "head")
    other = '    other = tf.keras.Sequential([tf.keras.layers.Dense(5, name="elsewhere")])\n'
    load = '    model.load_weights("weights.h5", by_name=True)\n'
    assert only(project, KERAS + load).title == "weights.h5: 2 layers found, 1 not"
    assert only(project, KERAS + other + load).title == "weights.h5: 2 variables in 2 layers"


def test_variables_of_the_program_are_counted_and_not_entries_of_a_map(project):
    project.listing("a.ckpt", {"net/w": [2], "net/b": [3], "net/old": [4]})
    binder = project.binder(
        """
        with tf.variable_scope("net"):
            for name in ("w", "b", "new"):
                tf.get_variable(name, [2])
        tf.train.init_from_checkpoint("a.ckpt", {"net/": "net/"})
        """
    )
    (lens,) = lenses(binder)
    assert (lens.found, lens.missing) == (("net/w", "net/b"), ("net/new",))
