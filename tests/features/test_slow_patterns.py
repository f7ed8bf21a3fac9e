"""Patterns that cannot be compared in time: silent, and nothing else is."""

from __future__ import annotations

import pytest

from ckptls.features.annotations.code_lens import lenses
from ckptls.source.semantics.pattern_text import Hole, Piece, Text
from ckptls.source.semantics.sites import PathForm, PathUse
from ckptls.workspace.path_resolution import Roots, resolve

SLOW = r"(?:\\w|\\w\\w)*(?:!|!)*$"
LONG = "a" * 80
RESTORE = 'tf.train.Saver().restore(session, "m.ckpt")\n'


@pytest.fixture
def long_names(project):
    project.listing("m.ckpt", {LONG: (1,), LONG + "/b": (1,), "vgg_16/fc8/weights": (1,)})
    return project


@pytest.mark.parametrize(
    "code",
    [
        'slim.get_variables_to_restore(exclude=["{slow}"])',
        'slim.get_variables("{slow}")',
        'slim.get_variables_to_restore(exclude=["{slow}", "fc8"])  # warning: [pattern-matches-nothing]',
        """
        import re
        for variable in tf.trainable_variables():
            if re.match("{slow}", variable.name):
                pass
        """,
    ],
)
def test_slow_pattern_is_silent_and_its_neighbour_is_not(long_names, code):
    long_names.checks(RESTORE + code.replace("{slow}", SLOW))


def test_hover_says_nothing_of_what_a_slow_pattern_matches(long_names):
    head = RESTORE + "slim.get_variables_to_restore(exclude=["
    assert "matches" not in long_names.hover(f'{head}"<cursor>{SLOW}"])')
    assert "matches 1 variable" in long_names.hover(f'{head}"<cursor>vgg.*"])')


def test_completion_behind_a_slow_pattern_is_empty(long_names):
    head = RESTORE + "slim.get_variables_to_restore(exclude=["
    long_names.offers_nothing(head + r'"(?:\\w|\\w\\w)*(?:!|!)*[:;]/<cursor>"])')
    long_names.completes(head + r'"(?:vgg|v)_16/<cursor>"])', ["(?:vgg|v)_16/fc8/"])


def test_lens_does_not_count_what_a_slow_pattern_may_take(long_names):
    code = f"""
        w = tf.get_variable("{LONG}", [1])
        v = tf.get_variable("vgg_16/fc8/weights", [1])
        variables = slim.get_variables_to_restore(exclude=["%s"])
        tf.train.Saver(variables).restore(session, "m.ckpt")
        """
    (slow,) = lenses(long_names.binder(code % SLOW))
    assert slow.found == ()
    (quick,) = lenses(long_names.binder(code % "a.*"))
    assert quick.found == ("vgg_16/fc8/weights",)


def test_shape_behind_a_slow_filter_is_not_judged(long_names):
    code = f"""
        v = tf.get_variable("{LONG}", [7])%s
        variables = slim.get_variables_to_restore(exclude=["%s"])
        tf.train.Saver(variables).restore(session, "m.ckpt")
        """
    long_names.checks(code % ("", SLOW))
    long_names.checks(code % ("  # error: [shape-mismatch]", "vgg.*"))


def test_names_with_many_holes_are_judged(project):
    project.listing("m.ckpt", {f"layer/{'ab_' * 40}{number}": (1,) for number in range(50)})
    project.checks(
        """
        import sys
        a, b, c, d, e, f, g, h = sys.argv[1:]
        tf.train.load_variable("m.ckpt", f"layer/{a}_{b}_{c}_{d}_{e}_{f}_{g}_{h}/weights")  # error: [unknown-variable] fits
        tf.train.load_variable("m.ckpt", f"layer/{a}_{b}_{c}_{d}_{e}_{f}_{g}_{h}")
        """
    )


def test_name_with_many_holes_completes(project):
    project.listing("m.ckpt", {f"layer/{'ab_' * 40}{number}/w": (1,) for number in range(50)})
    project.completes(
        """
        import sys
        a, b, c, d, e, f, g, h = sys.argv[1:]
        tf.train.load_variable("m.ckpt", f"layer/{a}_{b}_{c}_{d}_{e}_{f}_{g}_{h}/<cursor>")
        """,
        ["/w"],
    )


@pytest.mark.parametrize("ending", ["model.ckpt", "model.ckp"])
def test_path_with_many_holes_is_looked_for(project, ending):
    """Among known prefixes, of which one has the separator many times."""
    prefix = f"{project.root}/{'_'.join(['run'] * 60)}/model.ckpt"
    project.checkpoint(prefix, x=(1,))
    holes = tuple(part for char in "_______/" for part in (Hole(), Piece(char)))
    use = PathUse(Text((*holes, Piece(ending))), None, PathForm.ANY)
    found = resolve([use], Roots(()), project.workspace.load, [prefix])
    assert len(found.checkpoints) == (ending == "model.ckpt")
