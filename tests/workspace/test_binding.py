"""Which checkpoints a site is about: the path in the code, pins, the file, the workspace."""

from __future__ import annotations

import os
from textwrap import dedent

import pytest

from ckptls.workspace.folder_scan import known_checkpoints, scan_checkpoints
from ckptls.workspace.settings import Settings


@pytest.fixture
def two(project):
    """A project with `a.ckpt` (a/w), `b.ckpt` (b/w), and `deep/c.ckpt` (c/w)."""
    project.checkpoint("a.ckpt", a__w=[2])
    project.checkpoint("b.ckpt", b__w=[2])
    project.checkpoint("deep/c.ckpt", c__w=[2])
    return project


READ_A = 'tf.train.load_variable("a.ckpt", "x")'
READ_UNKNOWN = "tf.train.load_variable(unknown(), 'x')"


def checkpoint_of(project, snippet: str) -> list[str]:
    _, found = project.findings(snippet)
    return [os.path.basename(each.checkpoint) for each in found if each.checkpoint]


def test_a_trailing_pragma_beats_the_path_in_the_code(two):
    assert checkpoint_of(two, READ_A) == ["a.ckpt"]
    assert checkpoint_of(two, READ_A + "  # ckptls: checkpoint=b.ckpt") == ["b.ckpt"]


def test_the_path_in_the_code_beats_the_pins_for_the_file(two):
    assert checkpoint_of(two, "# ckptls: checkpoint=b.ckpt\n" + READ_A) == ["a.ckpt"]
    two.settings(bindings={"*.py": "b.ckpt"})
    assert checkpoint_of(two, READ_A) == ["a.ckpt"]


def test_a_pin_answers_where_the_path_is_unknown_or_not_there(two):
    slip = READ_UNKNOWN.replace("'x'", "'b/v'")
    assert checkpoint_of(two, slip) == []
    assert checkpoint_of(two, "# ckptls: checkpoint=b.ckpt\n" + slip) == ["b.ckpt"]
    two.settings(bindings={"**/*.py": "b.ckpt"})
    assert checkpoint_of(two, slip) == ["b.ckpt"]
    assert checkpoint_of(two, slip.replace("unknown()", "'elsewhere.ckpt'")) == ["b.ckpt"]


def test_bindings_hold_for_the_files_that_their_glob_fits(two):
    two.settings(bindings={"other/*.py": "b.ckpt"})
    assert checkpoint_of(two, READ_UNKNOWN.replace("'x'", "'b/v'")) == []


def test_several_pins_are_a_union(two):
    two.settings(bindings={"*.py": ["a.ckpt", "b.ckpt"]})
    two.checks(
        """
        tf.train.load_variable(unknown(), "a/w")
        tf.train.load_variable(unknown(), "b/w")
        tf.train.load_variable(unknown(), "b/v")  # error: [unknown-variable]
        """
    )


def test_a_pin_for_the_file_accuses_slips_only(two):
    """Files hold tables of names for several models."""
    two.settings(bindings={"*.py": "a.ckpt"})
    two.checks(
        """
        tf.train.load_variable(unknown(), "quite/another/name")
        tf.train.load_variable(unknown(), "a/v")  # error: [unknown-variable]
        """
    )


def test_relative_paths_are_tried_from_the_file_the_folder_and_the_search_paths(two):
    read = 'tf.train.load_variable("{}", "x")'
    two.checkpoint("package/d.ckpt", d__w=[2])
    two.workspace.close("train.py")
    opened, _ = two.opened(read.format("d.ckpt"), "package/train.py")
    binder = two.workspace.binder(opened, opened.document.analysis(), two.workspace.load)
    (site,) = [s for s in binder.analysis.sites if s.role.value == "variable"]
    assert binder.bind(site).checkpoints[0].prefix == str(two.root / "package" / "d.ckpt")
    assert checkpoint_of(two, read.format("deep/c.ckpt")) == ["c.ckpt"]
    assert checkpoint_of(two, read.format("c.ckpt")) == []
    two.settings(search_paths=["deep"])
    assert checkpoint_of(two, read.format("c.ckpt")) == ["c.ckpt"]


def test_a_directory_with_a_state_file_is_its_newest_checkpoint(two):
    (two.root / "checkpoint").write_text('model_checkpoint_path: "b.ckpt"\n')
    snippet = """
        saver = tf.train.Saver({"x": v})
        saver.restore(session, tf.train.latest_checkpoint("."))
        """
    assert checkpoint_of(two, snippet) == ["b.ckpt"]


def test_what_merely_lies_in_a_directory_proves_nothing(two):
    """TensorFlow raises for it; `tests/oracle/test_directories.py` asks it."""
    read = 'tf.train.load_variable("{}", "c/v")'
    assert checkpoint_of(two, read.format("deep")) == []
    assert checkpoint_of(two, read.format("deep/c.ckpt")) == ["c.ckpt"]
    two.file("deep/checkpoint", 'model_checkpoint_path: "c.ckpt"\n')
    two.workspace.store.refresh()
    assert checkpoint_of(two, read.format("deep")) == ["c.ckpt"]


def test_a_directory_without_a_state_file_helps_and_gives_way_to_pins(two):
    read = 'tf.train.load_variable("deep", "{}")'
    two.completes(read.format("<cursor>"), offers=["c/w"], never=["a/w", "b/w"])
    assert checkpoint_of(two, "# ckptls: checkpoint=b.ckpt\n" + read.format("b/v")) == ["b.ckpt"]
    # Whoever pins the directory means what lies there.
    pinned = "tf.train.load_variable(unknown(), 'c/v')"
    assert checkpoint_of(two, "# ckptls: checkpoint=deep\n" + pinned) == ["c.ckpt"]


def test_a_misspelt_scope_beside_such_a_directory_is_no_slip_of_its_checkpoint(two):
    two.checkpoint("run/d.ckpt", layer_one__w=[2])
    snippet = """
        v = tf.get_variable("layer_onee/w", [2])
        tf.train.Saver().restore(session, tf.train.latest_checkpoint("run"))
        """
    assert checkpoint_of(two, snippet) == []
    two.file("run/checkpoint", 'model_checkpoint_path: "d.ckpt"\n')
    two.workspace.store.refresh()
    assert checkpoint_of(two, snippet) == ["d.ckpt"]


def test_another_path_of_the_file_helps_but_does_not_accuse_a_reader(two):
    snippet = """
        tf.train.load_checkpoint("a.ckpt")
        tf.train.load_variable(unknown(), "{}")
        """
    assert checkpoint_of(two, snippet.format("x")) == []
    two.completes(snippet.format("<cursor>"), offers=["a/w"])


def test_a_path_of_which_only_the_end_is_written_helps(two):
    two.folder.known = (str(two.root / "a.ckpt"), str(two.root / "b.ckpt"))
    snippet = """
        import os
        path = os.path.join(FLAGS.folder, "b.ckpt")
        tf.train.load_variable(path, "{}")
        """
    two.completes(snippet.format("<cursor>"), offers=["b/w"], never=["a/w"])
    assert checkpoint_of(two, snippet.format("x")) == []


def test_settings_widen_what_is_known(two):
    settings = Settings(checkpoints=("deep/*.ckpt", "a.ckpt.index", "no/such*"), exclude=("*",))
    found = known_checkpoints(str(two.root), settings)
    assert set(found) >= {str(two.root / "deep" / "c.ckpt"), str(two.root / "a.ckpt")}
    assert str(two.root / "deep" / "c.ckpt") not in scan_checkpoints(str(two.root), ("*",))


def test_what_is_near_comes_first_of_what_merely_lies_around(two):
    two.folder.known = (str(two.root / "deep" / "c.ckpt"), str(two.root / "a.ckpt"))
    two.completes("tf.train.load_variable(unknown(), '<cursor>')", first="a/")


def test_a_checkpoint_that_is_read_once_is_not_read_again(two):
    store = two.workspace.store
    # One that was written this very moment may be written again within the clock's tick.
    os.utime(two.root / "a.ckpt.index", (1_700_000_000, 1_700_000_000))
    first = store.load(str(two.root / "a.ckpt")).checkpoint
    assert store.load(str(two.root / "a.ckpt")).checkpoint is first
    two.checkpoint("a.ckpt", a__w=[2], a__longer_name=[3])
    assert store.refresh() == {str(two.root / "a.ckpt")}
    assert "a/longer_name" in store.peek(str(two.root / "a.ckpt")).checkpoint
    (two.root / "a.ckpt.index").unlink()
    assert store.refresh() == {str(two.root / "a.ckpt")}
    assert store.peek(str(two.root / "a.ckpt")).is_absent


OWN = {
    "a reader": 'tf.train.load_variable("a.ckpt", "w")',
    "the same saver": 'saver.restore(session, "a.ckpt")',
    "the newest of the directory": (
        'tf.train.Saver({"w": v}).restore(session, tf.train.latest_checkpoint("."))'
    ),
}


@pytest.mark.parametrize("read", OWN.values(), ids=OWN.keys())
def test_what_the_program_has_just_saved_is_not_what_lies_there(two, read):
    """On disk it is of an earlier run, perhaps of other code."""
    two.file("checkpoint", 'model_checkpoint_path: "a.ckpt"\n')
    make = 'v = tf.get_variable("w", [2])\nsaver = tf.train.Saver({"w": v})\n'
    save = 'saver.save(session, "./a.ckpt")\n'
    elsewhere = 'saver.save(session, "away/other.ckpt")\n'
    assert checkpoint_of(two, make + save + read) == []
    assert checkpoint_of(two, make + read + "\n" + save) == ["a.ckpt"]
    assert checkpoint_of(two, make + elsewhere + read) == ["a.ckpt"]


def test_the_steps_of_what_was_saved_are_meant_too(two):
    two.checkpoint("a.ckpt-10", b__w=[2])
    read = 'tf.train.load_variable("a.ckpt-10", "x")'
    assert checkpoint_of(two, read) == ["a.ckpt-10"]
    make = 'v = tf.get_variable("x", [2])\n'
    save = 'tf.train.Saver().save(session, "a.ckpt", global_step=10)\n'
    assert checkpoint_of(two, make + save + read) == []


MANAGED = {
    "manager.save()": ["manager.latest_checkpoint", 'tf.train.latest_checkpoint("run")'],
    "path = manager.save(checkpoint_number=7)": ["path", '"run/ckpt-7"'],
    'path = checkpoint.save("run/ckpt")': ["manager.latest_checkpoint", '"run/ckpt-7"'],
    'path = checkpoint.write("run/ckpt-7")': ["path", '"run/ckpt-7"', '"run"'],
}


@pytest.mark.parametrize(
    ("save", "path"), [(save, path) for save, paths in MANAGED.items() for path in paths]
)
def test_what_a_manager_has_just_saved_is_not_what_lies_there(project, save, path):
    (project.root / "run").mkdir()
    project.objects("run/ckpt-7", "net/w")
    project.file("run/checkpoint", 'model_checkpoint_path: "ckpt-7"\n')
    make = """
        checkpoint, other = tf.train.Checkpoint(net=net), tf.train.Checkpoint(net=net)
        manager = tf.train.CheckpointManager(checkpoint, "run", max_to_keep=3)
        elsewhere = tf.train.CheckpointManager(other, "else", max_to_keep=3)
        """
    read = f'tf.train.load_variable({path}, "net/b/.ATTRIBUTES/VARIABLE_VALUE")\n'
    lines = dedent(make)
    assert project.marks(f"{lines}{save}\n{read}") == []
    if path != "path":
        wrong = ["net/b/.ATTRIBUTES/VARIABLE_VALUE"]
        assert project.marks(f"{lines}elsewhere.save()\n{read}{save}\n") == wrong


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ("", ["x"]),  # all that the program makes: `v`
        ("[v]", ["x"]),
        ('{"x": v}', ["v"]),
        ('{"x%d" % i: v}', ["x", "v"]),
        ('{"%s" % i: v}', []),
        ("some()", []),
    ],
)
def test_the_names_that_were_saved_are_there(two, variables, told):
    code = f"""
        v = tf.get_variable("v", [2])
        tf.train.Saver({variables}).save(session, "a.ckpt")
        tf.train.load_variable("a.ckpt", "x")
        tf.train.load_variable("a.ckpt", "v")
        """
    assert two.marks(code) == told


def test_the_model_is_not_compared_with_a_checkpoint_that_it_has_just_written(two):
    make = 'v = tf.get_variable("a/w", [3])\nsaver = tf.train.Saver()\n'
    save, restore = 'saver.save(session, "a.ckpt")\n', 'saver.restore(session, "a.ckpt")\n'
    assert checkpoint_of(two, make + save + restore) == []
    assert checkpoint_of(two, make + restore + save) == ["a.ckpt"]
