"""Programs as a whole: when they are followed again, and where their places are meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckptls.source.inventory.moved_facts import move_facts
from ckptls.workspace.program_store import may_restore
from ckptls.workspace.settings import Settings
from ckptls.workspace.workspace import OpenDocument, Workspace

PROGRAM = """import tensorflow.compat.v1 as tf
from net import build
build()
with tf.Session() as session:
    tf.train.Saver().restore(session, "a.ckpt")
"""
NET = """import tensorflow.compat.v1 as tf
def build():
    tf.get_variable("w", [2, 3])
"""


def open_program(folder: Path, *, is_patient: bool = True) -> tuple[Workspace, OpenDocument]:
    (folder / "net.py").write_text(NET)
    workspace = Workspace()
    workspace.is_patient = is_patient
    workspace.add_folder(folder, Settings())
    return workspace, workspace.open("run", folder / "run.py", PROGRAM)


def test_facts_of_a_program_are_known_at_once_to_those_who_wait(tmp_path: Path) -> None:
    workspace, opened = open_program(tmp_path)
    facts = workspace.facts_of(opened)
    assert facts is not None
    assert [each.name for each in facts.inventory.variables] == ["w"]
    (restore,) = facts.restores
    assert [item.key for item in restore.items] == ["w"]
    assert PROGRAM[restore.name_place.start : restore.name_place.end] == "restore"


def test_a_server_is_told_what_to_follow(tmp_path: Path) -> None:
    workspace, opened = open_program(tmp_path, is_patient=False)
    assert workspace.facts_of(opened) is None
    assert list(workspace.wanted_programs) == ["run"]
    program = workspace.program_of(opened)
    facts = program.follow()
    assert facts is not None
    workspace.programs.keep(program, facts)
    assert workspace.facts_of(opened) == facts
    workspace.close("run")
    assert not workspace.wanted_programs


def test_a_program_that_is_stopped_gives_nothing(tmp_path: Path) -> None:
    workspace, opened = open_program(tmp_path)
    assert workspace.program_of(opened).follow(lambda: True) is None


def test_places_move_with_what_is_typed_above(tmp_path: Path) -> None:
    workspace, opened = open_program(tmp_path, is_patient=False)
    program = workspace.program_of(opened)
    facts = program.follow()
    assert facts is not None
    workspace.programs.keep(program, facts)
    opened.document.edit(0, 0, "# typed\nx = 1\n")
    moved = workspace.facts_of(opened)
    assert moved is not None
    (restore,), (before,) = moved.restores, facts.restores
    text = opened.document.text
    assert text[restore.name_place.start : restore.name_place.end] == "restore"
    assert restore.place.line == before.place.line + 2
    # Places in other files stay.
    assert moved.inventory.variables[0].place == facts.inventory.variables[0].place


def test_a_restore_that_is_edited_is_not_known(tmp_path: Path) -> None:
    workspace, opened = open_program(tmp_path)
    facts = workspace.facts_of(opened)
    assert facts is not None
    edited = PROGRAM.replace("a.ckpt", "b.ckpt")
    assert move_facts(facts, PROGRAM, edited).restores == ()


@pytest.mark.parametrize(
    ("change", "is_fresh"),
    [
        (lambda workspace, run: workspace.open("other", Path("/x/other.py"), "import os\n"), True),
        (lambda workspace, run: workspace.open("net", run.path.parent / "net.py", "\n"), False),
        (lambda workspace, run: workspace.invalidate_modules(), False),
        (lambda workspace, run: run.document.edit(0, 0, "\n"), False),
        (
            lambda workspace, run: workspace.add_folder(
                run.path.parent, Settings(flags=(("name", "x"),))
            ),
            False,
        ),
    ],
    ids=["unrelated document", "unsaved module", "changed files", "edit", "setting"],
)
def test_a_program_is_followed_again_when_what_it_rests_on_changed(change, is_fresh, tmp_path):
    workspace, opened = open_program(tmp_path)
    program = workspace.program_of(opened)
    workspace.programs.keep(program, program.follow())
    assert workspace.programs.is_fresh(workspace.program_of(opened))
    change(workspace, opened)
    assert workspace.programs.is_fresh(workspace.program_of(opened)) is is_fresh


def test_programs_that_restore_nothing_are_not_followed(tmp_path: Path) -> None:
    assert not may_restore("import tensorflow as tf\nx = tf.get_variable('w', [2])\n")
    for text in ("saver.restore(s, p)", "m.load_weights(p)", "tf.train.init_from_checkpoint(p, m)"):
        assert may_restore(text)
