"""`ckptls tree`, run as a person or a pipe runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT, INT64
from cli.command import ckptls_command, lines_of, on_a_terminal

VARIABLES = [
    ("global_step", INT64, []),
    ("net/layer_10/w", FLOAT, [2, 3]),
    ("net/layer_2/b", FLOAT, [1000]),
    ("net/layer_2/w", FLOAT, [1000, 1000]),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a checkpoint `m`, which paths in the tests are relative to."""
    (tmp_path / "m.index").write_bytes(crafted.index(VARIABLES))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(*arguments: str, **environment: str) -> list[str]:
    result = ckptls_command("tree", *arguments, **environment)
    assert (result.returncode, result.stderr) == (0, "")
    return lines_of(result.stdout)


def test_a_pipe_gets_lines_with_sums_two_levels_deep(folder: Path) -> None:
    assert tree("m") == [
        "m                  4 variables  1,001,007      4 MB",
        "├── global_step    int64 []             1   8 bytes",
        "└── net/           3 variables  1,001,006      4 MB",
        "    ├── layer_2/   2 variables  1,001,000      4 MB",
        "    └── layer_10/  1 variable           6  24 bytes",
    ]


def test_a_scope_and_a_depth_are_as_asked(folder: Path) -> None:
    assert tree("m", "net/layer_2/", "--depth", "all") == [
        "net/layer_2  2 variables           1,001,000  4 MB",
        "├── b        float32 [1000]            1,000  4 kB",
        "└── w        float32 [1000, 1000]  1,000,000  4 MB",
    ]
    assert len(tree("m", "--depth", "1")) == 3
    assert len(tree("m", "--depth", "all")) == len(tree("m", "--depth", "3")) == 8


def test_a_variable_is_a_tree_of_itself(folder: Path) -> None:
    assert tree("m", "net/layer_2/b") == ["net/layer_2/b  float32 [1000]  1,000  4 kB"]


@pytest.mark.parametrize("order", ["size", "parameters"])
def test_siblings_can_be_sorted_largest_first(folder: Path, order: str) -> None:
    lines = tree("m", "--sort", order)
    assert [line.partition("── ")[2].split()[0] for line in lines[1:]] == [
        "net/",
        "layer_2/",
        "layer_10/",
        "global_step",
    ]


def test_a_terminal_gets_the_same_in_colour(folder: Path) -> None:
    coloured = on_a_terminal("tree", "m", "--depth", "1")
    plain = on_a_terminal("tree", "m", "--depth", "1", NO_COLOR="1")
    assert "\x1b[1;34mnet/" in coloured
    assert "\x1b[3" not in plain
    assert lines_of(ckptls_command("tree", "m", "--depth", "1", "--format", "table").stdout) == [
        "name             variables    parameters     size",
        "m                4 variables   1,001,007     4 MB",
        "├── global_step  int64 []              1  8 bytes",
        "└── net/         3 variables   1,001,006     4 MB",
    ]


def test_lines_are_drawn_in_ascii_where_the_output_has_no_others(folder: Path) -> None:
    environment = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    assert tree("m", "--depth", "1", **environment) == [
        "m                4 variables  1,001,007     4 MB",
        "|-- global_step  int64 []             1  8 bytes",
        "`-- net/         3 variables  1,001,006     4 MB",
    ]
    assert tree("m", "--depth", "1", "--format", "table", **environment)[-1].startswith("`-- net/")


def test_json_is_one_object_of_nested_objects(folder: Path) -> None:
    result = ckptls_command("tree", "m", "net", "--format", "json", "--depth", "1")
    assert json.loads(result.stdout) == {
        "name": "net",
        "path": "net",
        "variables": 3,
        "parameters": 1_001_006,
        "bytes": 4_004_024,
        "children": [
            {
                "name": "layer_2",
                "path": "net/layer_2",
                "variables": 2,
                "parameters": 1_001_000,
                "bytes": 4_004_000,
                "children": [],
            },
            {
                "name": "layer_10",
                "path": "net/layer_10",
                "variables": 1,
                "parameters": 6,
                "bytes": 24,
                "children": [],
            },
        ],
    }
    whole = json.loads(ckptls_command("tree", "m", "--format", "json").stdout)
    leaf = whole["children"][1]["children"][1]["children"][0]
    assert (leaf["path"], leaf["dtype"], leaf["shape"]) == ("net/layer_10/w", "float32", [2, 3])


def test_a_thousand_scopes_in_one_another_are_no_limit(tmp_path: Path) -> None:
    name = "/".join(["s"] * 1000 + ["w"])
    (tmp_path / "m.index").write_bytes(crafted.index([(name, FLOAT, [])]))
    assert len(tree(str(tmp_path / "m"), "--depth", "all")) == 1002
    text = ckptls_command("tree", str(tmp_path / "m"), "--format", "json").stdout
    assert text.count('"children": [') == text.count("]}") == 1002
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        node = json.loads(text)
    finally:
        sys.setrecursionlimit(limit)
    while node["children"]:
        node = node["children"][0]
    assert node["path"] == name


def test_a_name_that_is_scope_and_variable_at_once_is_both(tmp_path: Path) -> None:
    names = [("w", FLOAT, [5]), ("w/Adam", FLOAT, [5]), ("/x", FLOAT, []), ("a//b", FLOAT, [])]
    (tmp_path / "m.index").write_bytes(crafted.index(names))
    lines = tree(str(tmp_path / "m"), "--depth", "all")
    assert [" ".join(line.split()[-7:]) for line in lines if "float32 [5] + 1 variable" in line]
    assert len(lines) == 8
    assert [line for line in tree(str(tmp_path / "m"), "--no-slots") if "Adam" in line] == []


def test_a_scope_that_is_not_there_is_exit_code_2_with_the_nearest(folder: Path) -> None:
    result = ckptls_command("tree", "m", "net/layer_20")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "ckptls: m: there is no scope `net/layer_20`; did you mean `net/layer_10`?\n"
    )


@pytest.mark.parametrize("depth", ["0", "-1", "x"])
def test_a_depth_is_a_positive_number_or_all(folder: Path, depth: str) -> None:
    result = ckptls_command("tree", "m", f"--depth={depth}")
    assert result.returncode == 2
    assert "is neither a positive number nor `all`" in result.stderr


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(crafted.index([("s\x1b[31m/w\x07", FLOAT, [])]))
    for shape in ("text", "table"):
        output = ckptls_command("tree", str(tmp_path / "m"), "--format", shape).stdout
        assert "s\\x1b[31m/" in output
        assert not set("\x07\x1b") & set(output)
