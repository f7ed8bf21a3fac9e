"""Which paths `.gitignore` files leave out: what git says, in linear time."""

from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ckptls.workspace.gitignore import IgnoreRules
from ckptls.workspace.project import sources_below
from ckptls.workspace.walking import Bounds

NAMES = ("a", "ab", "b", "a-b", "x y", "]", "[a]", "A1", "a*", "b\\")


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> tuple[Path, list[str]]:
    """A repository, and its paths; folders end with a slash."""
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    paths = []
    for name in NAMES:
        (root / name).write_text("")
        paths.append(name)
    for outer, inner in itertools.product(("d", "ab.d", "a"), ("d", "b", "a")):
        folder = root / (outer + "_" if outer == "a" else outer) / (inner + "d")
        folder.mkdir(parents=True)
        paths += [f"{part.relative_to(root)}/" for part in (folder.parent, folder)]
        for name in NAMES[:4]:
            (folder / name).write_text("")
            paths.append(str((folder / name).relative_to(root)))
    return root, sorted(set(paths))


def ignored(rules: IgnoreRules, path: str) -> bool:
    """Whether a path is ignored, or a folder around it."""
    slashes = [place + 1 for place, char in enumerate(path) if char == "/"]
    ends = [*slashes, *([] if path.endswith("/") else [len(path)])]
    return any(rules.verdict(path[:end]) for end in ends)


_PIECES = st.sampled_from(
    [
        *("a", "b", "d", "ab", "A", "1", "-", "_", ".", " ", "/", "*", "**", "?", "**/", "/**"),
        *("/**/", "\\", "\\*", "\\ ", "[ab]", "[!a]", "[^b]", "[a-c]", "[]]", "[]a]", "[!]]"),
        *("[[:alpha:]]", "[[:upper:]x]", "[a", "[\\]]", "[a-]", "[z-a]", "[[a]", "[/]", "!", "#"),
        *("[[:foo:]]", "[[:digit:]-a]", "[a\\-c]", "]", "[--0]", "[[:]", "[[:a]"),
    ]
)
# Of `a**/b` git 2.39 compares addresses of the pattern and of the path, to see whether the stars
# begin the pattern: what it answers is chance. gitignore(5) calls them regular asterisks.
_CHANCE = re.compile(r"[^/]\*\*|\*\*[^/*]")
lines = (
    st.lists(_PIECES, min_size=1, max_size=6)
    .map("".join)
    .filter(lambda line: "/" not in line or not _CHANCE.search(line.lstrip("!")))
)


@given(st.lists(lines, min_size=1, max_size=4))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(["*", "!*/", "!a"])
@example(["d/**", "!d/dd/", "**/ad/*"])
@example(["/*", "!/d"])
@example(["d/**/a", "a_/**/b"])
@example(["a**b", "**", "**/"])
@example(["/**"])
@example(["**/**/a"])
@example(["a ", "x y  ", "x\\ y\\ "])
@example(["a/", "d/", "!dd/"])
def test_what_git_ignores_is_ignored(repository, patterns):
    root, paths = repository
    (root / ".gitignore").write_text("\n".join(patterns) + "\n")
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin", "-z"],
        cwd=root,
        input="\0".join(path.rstrip("/") for path in paths).encode(),
        capture_output=True,
        check=False,
    )
    expected = set(filter(None, done.stdout.decode().split("\0")))
    rules = IgnoreRules.from_lines(patterns)
    found = {path.rstrip("/") for path in paths if ignored(rules, path)}
    assert (sorted(found - expected), sorted(expected - found)) == ([], []), patterns


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("*a" * 60 + "b", "a" * 250),
        ("*[ab]" * 60 + "c", "a" * 250),
        ("x/" + "*a" * 60 + "b", "x/" + "a" * 250),
        ("**/a/" * 60 + "b", "a/" * 120 + "c"),
        ("**/*a/" * 60 + "b", "aa/" * 120 + "c"),
        ("**/" + "*a*/" * 40 + "b", "aaa/" * 120 + "c"),
        ("/".join(["**", "*a*a"] * 40), "aaaa/" * 100 + "c"),
    ],
)
def test_pattern_with_many_stars_is_no_trouble(line, path):
    """A matcher that goes back would still be at work tomorrow."""
    rules = IgnoreRules.from_lines([line])
    assert rules.verdict(path) is None


def test_the_last_line_that_fits_decides():
    rules = IgnoreRules.from_lines(["a", "*.py", "!b.py", "b.py/", "c", "!c"])
    assert rules.verdict("a") is True
    assert rules.verdict("x/a") is True
    assert rules.verdict("x/a.py") is True
    assert rules.verdict("b.py") is False
    assert rules.verdict("b.py/") is True
    assert rules.verdict("c") is False
    assert rules.verdict("d") is None


@pytest.mark.parametrize(
    "line, fits, fits_not",
    [
        ("name_{}", "x/name_4000", "x/name_"),
        ("name_{}/", "x/name_4000/", "x/name_4000"),
        ("*.e{}", "x/a.e4000", "x/a.e"),
        ("run_{}_*", "x/run_4000_", "x/run_4000"),
        ("/x/name_{}", "x/name_4000", "y/x/name_4000"),
        ("x/y_{}/", "x/y_4000/", "x/y_4000"),
    ],
)
def test_many_plain_lines_cost_no_more_than_one(monkeypatch, line, fits, fits_not):
    from ckptls.workspace import gitignore

    monkeypatch.setattr(gitignore.Pattern, "fits", lambda *_: pytest.fail("looked at"))
    rules = IgnoreRules.from_lines(line.format(number) for number in range(20_000))
    assert not rules.is_cut
    assert rules.verdict(fits) is True
    assert rules.verdict(fits_not) is None


@pytest.mark.parametrize(
    "lines, expected",
    [
        (["*.py", "!a.py", "a*"], True),
        (["a*", "*.py", "!a.py"], False),
        (["a.py", "!*.py"], False),
        (["/x/a.py", "!a*", "*.p[y]"], True),
        (["*.p[y]", "!/x/a.py"], False),
        (["!a.py", "x/a.py"], True),
    ],
)
def test_the_last_line_decides_whatever_kinds_there_are(lines, expected):
    assert IgnoreRules.from_lines(lines).verdict("x/a.py") is expected


def test_of_many_patterns_that_need_comparing_the_last_count():
    rules = IgnoreRules.from_lines(
        ["[a]_first", *(f"a?b{number}*c" for number in range(20_000)), "plain"]
    )
    assert rules.is_cut
    assert rules.verdict("a_first") is None
    assert rules.verdict("a-b19999-c") is True
    assert rules.verdict("plain") is True
    assert not IgnoreRules.from_lines(f"a?b{number}*c" for number in range(1_000)).is_cut


def test_patterns_that_are_left_out_are_said(tmp_path):
    (tmp_path / ".gitignore").write_text("\n".join(f"a?b{number}*c" for number in range(2_000)))
    (tmp_path / "x.py").write_text("")
    bounds = Bounds()
    assert list(sources_below(tmp_path, tmp_path, bounds=bounds)) == [tmp_path / "x.py"]
    assert len(bounds.notes) == 1
    assert "too many ignore patterns" in bounds.notes[0]


def test_stars_beside_other_characters_are_one_star():
    rules = IgnoreRules.from_lines(["a**/b"])
    assert rules.verdict("ax/b") is True
    assert rules.verdict("ax/c/b") is None
