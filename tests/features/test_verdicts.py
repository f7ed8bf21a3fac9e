"""What is not judged again: the findings are those of a document that is judged anew."""

from __future__ import annotations

import os
import random

import pytest

from ckptls.features.answers import Finding
from ckptls.features.diagnostics import findings, judged
from ckptls.features.verdicts import Verdicts
from ckptls.workspace.binding import Binder
from ckptls.workspace.settings import Settings

CODE = """
    tf.train.load_variable("a.ckpt", "net/conv1/w")
    tf.train.load_variable("b.ckpt", "net/conv2/w")
    with tf.variable_scope("net/cnov1"):
        tf.get_variable("w", [2])
    with tf.variable_scope("net/conv2"):
        tf.get_variable("wieghts", [2])
    with tf.variable_scope("head"):
        tf.get_variable("w:0", [3])
    saver = tf.train.Saver()
    saver.restore(session, "a.ckpt")
"""
NAMES = ["net/conv1/w", "net/conv2/w", "net/conv2/weights", "net/cnov1/w", "head/w", "net/conv1"]


def told_of(binder: Binder, verdicts: Verdicts) -> list[Finding]:
    steps = judged(binder, Settings(), verdicts)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return list(end.value)


@pytest.mark.parametrize("seed", range(12))
def test_after_each_change_of_a_checkpoint_the_findings_are_those_of_a_fresh_look(project, seed):
    choose = random.Random(seed)
    opened, _ = project.opened(CODE)
    analysis, verdicts, told = opened.document.analysis(), Verdicts(), set()
    for prefix in ("a.ckpt", "b.ckpt"):
        project.listing(prefix, {"net/conv1/w": [2]})
    for count in range(30):
        prefix = choose.choice(["a.ckpt", "b.ckpt"])
        names = choose.sample(NAMES, choose.randrange(1, len(NAMES)))
        project.listing(prefix, {name: [choose.choice([2, 2, 3])] for name in names})
        os.utime(project.root / f"{prefix}.index", (count, count))
        project.workspace.store.refresh()
        binder = project.workspace.binder(opened, analysis, project.workspace.load)
        found = told_of(binder, verdicts)
        assert found == findings(binder, Settings())
        told |= {each.code for each in found}
    # Otherwise nothing was tried.
    assert {"misspelled-scope", "unknown-variable"} <= told


def test_a_scope_is_judged_again_once_no_checkpoint_excuses_it(project):
    code = """
        tf.train.load_variable("a.ckpt", "net/conv1/w")
        tf.train.load_variable("b.ckpt", "other")
        with tf.variable_scope("net/cnov1"):
            tf.get_variable("w", [2])
    """
    opened, _ = project.opened(code)
    analysis, verdicts = opened.document.analysis(), Verdicts()

    def codes() -> list[str]:
        project.workspace.store.refresh()
        binder = project.workspace.binder(opened, analysis, project.workspace.load)
        return [each.code for each in told_of(binder, verdicts)]

    project.listing("a.ckpt", {"net/conv1/w": [2]})
    project.listing("b.ckpt", {"other": [2]})
    assert codes() == []  # b.ckpt has nothing like it
    project.listing("a.ckpt", {"net/conv1/w": [2], "more": [2]})
    assert codes() == []
    project.listing("b.ckpt", {"other": [2], "net/conv1/w": [2]})
    assert codes() == ["misspelled-scope"]
    project.listing("b.ckpt", {"other": [2], "another": [2]})
    assert codes() == []
