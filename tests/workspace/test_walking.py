"""Folders and globs: everything that is there, within limits, and no link twice."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from glob import glob
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptls.workspace.folder_scan import known_checkpoints, matching_checkpoints, python_files
from ckptls.workspace.keras_version import FactsReader
from ckptls.workspace.launch_configs import launches
from ckptls.workspace.settings import Settings
from ckptls.workspace.walking import Bounds, fits_glob, is_excluded, matching, walk


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for name in ("a/b/c.ckpt", "a/b/d/e", "a/x.ckpt", ".hidden/a", "ab/.b/c", "[z]/a*", "top"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


_PARTS = st.sampled_from(
    ["a", "b", "*", "**", "?", "a*", "*.ckpt", ".*", "[ab]*", "[[]z]", "a[*]", "x", "top", "*b"]
)


@given(st.lists(_PARTS, min_size=1, max_size=5).map("/".join))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_glob_names_what_that_of_python_names(tree, pattern):
    place = f"{tree}/{pattern}"
    found = [os.path.normpath(path) for path in matching(place, Bounds())]
    # Python names what is before a `**` at the end, whether it is there or not.
    expected = {os.path.normpath(p) for p in glob(place, recursive=True) if os.path.lexists(p)}
    assert sorted(set(found)) == sorted(expected)


def test_double_star_enters_each_folder_once_whatever_links_say(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "m.ckpt").write_text("")
    for number in range(20):
        (tmp_path / "a" / f"up{number}").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    bounds = Bounds()
    found = list(matching(f"{tmp_path}/**/*.ckpt", bounds))
    assert [os.path.basename(path) for path in found] == ["m.ckpt"]
    assert Bounds().entries - bounds.entries < 100


def test_glob_of_a_whole_disk_ends_and_is_noted(tmp_path):
    (tmp_path / "out").symlink_to("/")
    for pattern in ("/**/*", "out/**/*", "**/**/**/*", "/**/**/.."):
        bounds = Bounds(entries=2_000)
        matching_checkpoints(str(tmp_path), (pattern,), bounds)
        assert len(bounds.notes) == 1, pattern


def test_many_files_that_a_glob_names_are_noted(tmp_path):
    for number in range(2_100):
        (tmp_path / f"{number}").write_text("")
    bounds = Bounds()
    assert len(matching_checkpoints(str(tmp_path), ("*",), bounds)) == 2_000
    assert len(bounds.notes) == 1


def test_folders_in_folders_are_walked_without_recursion(tmp_path):
    """As deep as paths may be: deeper than calls of functions may."""
    depth = 1_900
    folders = [f"{tmp_path}/top{'/d' * number}" for number in range(depth)]
    try:
        for folder in folders:
            os.mkdir(folder)
        found = [folder for folder, _ in walk(folders[0], ())]
    finally:  # pytest, which cleans up with recursion, could not
        for folder in reversed(folders):
            os.rmdir(folder)
    assert found == folders


def test_walk_ends_at_its_bound_and_says_so(tmp_path):
    for number in range(50):
        (tmp_path / f"d{number:02}").mkdir()
        (tmp_path / f"d{number:02}" / "x.py").write_text("")
    bounds = Bounds(entries=70)
    assert len(list(walk(str(tmp_path), (), bounds=bounds))) == 21
    assert bounds.notes == [f"`{tmp_path}` has too many files and folders; the rest is left out"]
    bounds = Bounds(entries=101)
    assert len(list(walk(str(tmp_path), (), bounds=bounds))) == 51
    assert not bounds.notes


def test_walk_ends_when_it_is_stopped(tmp_path):
    for number in range(5):
        (tmp_path / f"d{number}").mkdir()
    answers = iter([False, False, True])
    bounds = Bounds(is_stopped=lambda: next(answers))
    assert len(list(walk(str(tmp_path), (), bounds=bounds))) == 2
    assert not bounds.notes


def test_walk_ends_when_its_time_is_over_and_says_so(tmp_path):
    for number in range(5):
        (tmp_path / f"d{number}").mkdir()
    bounds = Bounds(seconds=-1)
    assert list(walk(str(tmp_path), (), bounds=bounds)) == []
    assert len(bounds.notes) == 1
    assert "takes longer than" in bounds.notes[0]


def test_one_large_folder_is_left_when_the_look_is_stopped(tmp_path):
    for number in range(3_500):
        (tmp_path / f"{number}").write_text("")
    answers = iter([False, False, True])
    bounds = Bounds(is_stopped=lambda: next(answers, True))
    ((_, names),) = walk(str(tmp_path), (), bounds=bounds)
    assert 1_000 <= len(names) < 2_000


@pytest.fixture
def crowded(tmp_path) -> Path:
    """A folder of more entries than the bound of the tests, which each look needs."""
    for number in range(40):
        (tmp_path / f"d{number:02}").mkdir()
        (tmp_path / f"d{number:02}" / "x.py").write_text("import tensorflow as tf\n")
        (tmp_path / f"d{number:02}" / "run.sh").write_text(f"python x.py --ckpt=a/{number}.ckpt\n")
        (tmp_path / f"d{number:02}" / "requirements.txt").write_text("keras==2.1\n")
    return tmp_path


LOOKS = {
    "checkpoints": lambda folder, bounds: known_checkpoints(folder, Settings(), bounds),
    "launches": lambda folder, bounds: launches(folder, (), bounds).get("ckpt", ()),
    "keras": lambda folder, bounds: FactsReader().read(folder, (), None, None, bounds).pins,
    "modules": lambda folder, bounds: list(python_files(folder, (), bounds)),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_each_look_through_a_folder_ends_at_its_bounds_and_says_so(crowded, look):
    for bounds, said in ((Bounds(entries=30), "too many"), (Bounds(seconds=-1), "longer")):
        assert len(look(str(crowded), bounds)) < 16
        assert len(bounds.notes) == 1
        assert said in bounds.notes[0]
    bounds = Bounds()
    look(str(crowded), bounds)
    assert bounds.notes == []
    bounds = Bounds(is_stopped=lambda: True)
    assert not look(str(crowded), bounds)
    assert bounds.notes == []


def test_the_same_is_noted_once_by_several_looks(crowded):
    notes: list[str] = []
    for look in LOOKS.values():
        look(str(crowded), Bounds(entries=30, notes=notes))
    assert len(notes) == 1


def test_many_scripts_are_read_in_part_and_noted(tmp_path):
    for number in range(2_001):
        (tmp_path / f"{number:04}.sh").write_text(f"--a{number}=m/x.ckpt")
    bounds = Bounds()
    found = launches(str(tmp_path), (), bounds)
    assert "a1999" in found
    assert "a2000" not in found
    assert len(bounds.notes) == 1


def test_links_to_folders_are_not_followed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "out").symlink_to("/")
    assert [directory for directory, _ in walk(str(tmp_path), ())] == [
        str(tmp_path),
        str(tmp_path / "a"),
    ]


def test_notes_of_globs_and_of_the_folder_come_together(tmp_path):
    (tmp_path / "a").mkdir()
    for number in range(40):
        (tmp_path / "a" / f"{number}").write_text("")
    bounds = Bounds(entries=20)
    known_checkpoints(str(tmp_path), Settings(checkpoints=("**/*",)), bounds)
    assert len(bounds.notes) == 2


@pytest.mark.parametrize("glob", ["*a" * 60 + "b", "*[ab]" * 60 + "c", "**/" * 60 + "b"])
def test_excluding_glob_with_many_stars_is_no_trouble(tmp_path, glob):
    (tmp_path / ("a" * 250)).mkdir()
    assert len(list(walk(str(tmp_path), (glob,)))) == 2
    assert not list(matching(f"{tmp_path}/{glob}", Bounds()))


_SIGNS = st.text(alphabet="ab-!^]*?[/\\\n.", max_size=12)


@given(_SIGNS, _SIGNS)
@settings(max_examples=500, deadline=None)
def test_a_glob_fits_what_that_of_python_fits(path, pattern):
    assert fits_glob(path, pattern) == fnmatch(path, pattern)
    by_python = (pattern.strip("/"), pattern.rstrip("/") + "/*")
    assert is_excluded(path, (pattern,)) == any(fnmatch(path, each) for each in by_python)
