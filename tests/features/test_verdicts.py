"""What is not judged again: the findings are those of a document that is judged anew."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common.reliance import Noting
from ckptls.features.common.results import Finding
from ckptls.features.diagnostics.diagnostics import find_in_steps, findings
from ckptls.features.diagnostics.silent_sites import SilentSiteCache
from ckptls.features.patterns.pattern_spelling import corrections
from ckptls.workspace.binding import Binder
from ckptls.workspace.checkpoint_store import CheckpointStore
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


def told_of(binder: Binder, verdicts: SilentSiteCache) -> list[Finding]:
    steps = find_in_steps(binder, Settings(), verdicts)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return list(end.value)


@pytest.mark.parametrize("seed", range(12))
def test_after_each_change_of_a_checkpoint_the_findings_are_those_of_a_fresh_look(project, seed):
    choose = random.Random(seed)
    opened, _ = project.opened(CODE)
    analysis, verdicts, told = opened.document.analysis(), SilentSiteCache(), set()
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
    analysis, verdicts = opened.document.analysis(), SilentSiteCache()

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


MIXED = """
    import tf_slim as slim
    reader = tf.train.load_checkpoint("a.ckpt")
    reader.get_tensor("net/conv1/w")
    reader.get_tensor("net/conv1/weights")
    reader.get_tensor("net/head/w:0")
    tf.train.load_variable("a.ckpt", "other")
    for i in range(3):
        reader.get_tensor("net/layer_%d/w" % i)
    tf.train.init_from_checkpoint("a.ckpt", {
        "net/": "model/", "net/conv1/": "x/", "net/cnov2/": "y/", "net/head/b": "b",
        "net/conv2": "z/", "net/conv1/w": "w",
    })
    with tf.variable_scope("net"):
        with tf.variable_scope("conv1"):
            tf.get_variable("w", [2])
        with tf.variable_scope("cnov2"):
            tf.get_variable("w", [2], dtype=tf.float64)
        tf.get_variable("global_step", [])
    tf.train.Saver().restore(session, "a.ckpt")
    slim.get_variables_to_restore(exclude=["net/conv1", "net/hed", "conv2", "net/layer_1/"])
    [n for n, _ in tf.train.list_variables("a.ckpt") if n.startswith("net/conv1")]
    if "net/head/w" in reader.get_variable_to_shape_map():
        reader.get_tensor("net/head/w")
"""
MANY = [
    *("net/conv1/w", "net/conv1/weights", "net/conv2/w", "net/conv2/b", "net/cnov2/w", "other"),
    *("net/head/w", "net/head/b", "net/head/w:0", "net/layer_0/w", "net/layer_1/w", "net/conv2"),
    *("net/heads/w", "conv1/w", "nett/conv1/w", "global_step", "net/global_step", "othre", "w"),
]


@pytest.mark.parametrize("seed", range(8))
def test_after_names_come_go_and_change_the_findings_are_those_of_a_fresh_look(project, seed):
    choose = random.Random(seed)
    opened, _ = project.opened(MIXED)
    analysis, verdicts, told = opened.document.analysis(), SilentSiteCache(), set()
    names = {name: [2] for name in choose.sample(MANY, 8)}
    for count in range(40):
        for _ in range(choose.choice([0, 1, 1, 2, 6])):
            name = choose.choice(MANY)
            what = choose.choice(["add", "add", "drop", "rename", "reshape"])
            if what == "add":
                names[name] = [2]
            elif what == "reshape" and names:
                names[choose.choice(list(names))] = [choose.choice([2, 3]), 1][
                    : choose.choice([1, 2])
                ]
            elif len(names) > 1:
                shape = names.pop(choose.choice(list(names)))
                if what == "rename":
                    names[name] = shape
        project.listing("a.ckpt", {**names, "step": [count + 1]})
        os.utime(project.root / "a.ckpt.index", (count, count))
        project.workspace.store.refresh()
        binder = project.workspace.binder(opened, analysis, project.workspace.load)
        found = told_of(binder, verdicts)
        fresh = CheckpointStore()
        looked = project.workspace.binder(opened, analysis, fresh.load)
        assert found == findings(looked, Settings())
        told |= {each.code for each in found}
    assert {"misspelled-scope", "unknown-variable", "unknown-scope", "shape-mismatch"} <= told


def steps_after(project, opened, verdicts: SilentSiteCache) -> int:
    """How many steps it takes to find the findings again: one for each name that is judged."""
    project.workspace.store.refresh()
    analysis = opened.document.analysis()
    binder = project.workspace.binder(opened, analysis, project.workspace.load)
    return sum(1 for _ in find_in_steps(binder, Settings(), verdicts))


def test_only_what_a_changed_name_can_touch_is_judged_again(project):
    names = {f"net/layer_{i}/w": [2] for i in range(200)}
    code = "r = tf.train.load_checkpoint('a.ckpt')\n"
    code += "".join(f"r.get_tensor({name!r})\n" for name in names)
    code += "with tf.variable_scope('net'):\n"
    code += "".join(f"    tf.get_variable('layer_{i}/w', [2])\n" for i in range(200))
    code += "tf.train.Saver().restore(session, 'a.ckpt')\n"
    opened, _ = project.opened(code)
    verdicts = SilentSiteCache()
    project.listing("a.ckpt", {**names, "global_step": [1]})
    all_sites = steps_after(project, opened, verdicts)
    assert all_sites > 400
    few = all_sites / 10
    project.listing("a.ckpt", {**names, "global_step": [1, 1]})
    assert steps_after(project, opened, verdicts) < few
    project.listing("a.ckpt", {**names, "global_step": [1], "net/layer_200/w": [2]})
    assert steps_after(project, opened, verdicts) < few
    project.listing("a.ckpt", {**names, "net/layer_7/w": [3]})
    assert steps_after(project, opened, verdicts) < few
    # All names are others: as many are judged as at first.
    project.listing("a.ckpt", {name.replace("net", "ten"): [2] for name in names})
    assert steps_after(project, opened, verdicts) > 5 * few


# What is asked of a checkpoint, and whether another shape of `net/w` may change the answer.
QUESTIONS: list[tuple[Callable[[Checkpoint], object], bool]] = [
    (lambda each: list(each.variables()), True),
    (lambda each: each.stamp, True),
    (lambda each: each["net/w"], True),
    (lambda each: each.tree.totals("net"), True),
    (lambda each: each.tree.num_bytes(""), True),
    (lambda each: each.tree.noted(("key",), lambda: each.kinds), True),
    (lambda each: each.names, False),
    (lambda each: "net/b" in each, False),
    (lambda each: each.tree.has_scope("net"), False),
    (lambda each: each.tree.children("net"), False),
]


@pytest.mark.parametrize(("ask", "is_touched"), QUESTIONS)
def test_what_is_not_known_to_be_narrow_relies_on_the_whole_checkpoint(project, ask, is_touched):
    store, path = project.workspace.store, str(project.root / "a.ckpt")
    project.listing("a.ckpt", {"net/w": [2], "net/b": [2]})
    old = store.load(path).checkpoint
    project.listing("a.ckpt", {"net/w": [2, 2], "net/b": [2]})
    new = store.load(path).checkpoint
    changes = new.changes_since(old)
    noting = Noting()
    ask(noting.checkpoint(old))
    assert changes.names == {"net/w"}
    assert noting.reliance.is_touched(changes) is is_touched


@pytest.mark.parametrize("prefixes", [["a.ckpt"], ["a.ckpt", "b.ckpt"]])
def test_the_spelling_of_a_filter_is_searched_once_while_other_lines_are_edited(project, prefixes):
    names = {f"net/layer_{i}/kernel": [2] for i in range(50)}
    for prefix in prefixes:
        project.listing(prefix, {**names, f"net/{prefix[0]}/w": [2]})
    code = "import tf_slim as slim\n"
    code += "".join(f"tf.train.Saver().restore(session, {prefix!r})\n" for prefix in prefixes)
    filters = [f"head_{i}/logits" for i in range(20)] + ["net/laier_1/"]
    code += f"slim.get_variables_to_restore(exclude={filters!r})\nx = 1\n"
    opened, _ = project.opened(code)
    verdicts = SilentSiteCache()

    def searched() -> tuple[int, list[str]]:
        """How many spellings are searched to find the findings, and these."""
        count = 0

        def note(frame: Any, event: str, _: object) -> None:
            nonlocal count
            count += event == "call" and frame.f_code is corrections.__code__

        binder = project.workspace.binder(
            opened, opened.document.analysis(), project.workspace.load
        )
        sys.setprofile(note)
        try:
            found = told_of(binder, verdicts)
        finally:
            sys.setprofile(None)
        return count, [each.code for each in found]

    first = searched()
    assert first == (21, ["pattern-matches-nothing"])
    for _ in range(3):
        end = len(opened.document.text)
        opened.document.edit(end - 1, end, "1\n")
        assert searched() == (0, ["pattern-matches-nothing"])
    # Another name may be what was meant.
    project.listing(prefixes[-1], {**names, "net/loyer/w": [2]})
    project.workspace.store.refresh()
    assert searched()[0] == 21
