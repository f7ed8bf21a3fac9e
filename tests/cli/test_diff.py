"""`ckptls diff`, run as a person or a pipe runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from checkpoint import crafted, crafted_values
from checkpoint.crafted import FLOAT, INT64
from cli.command import ckptls_command, lines_of, on_a_terminal
from support.pointers import LFS, POINTER

BEFORE = [
    ("fc8/biases", FLOAT, [1000]),
    ("gone", INT64, []),
    ("net/conv1/weights", FLOAT, [3, 3, 3, 64]),
    ("net/conv2/weights", FLOAT, [3, 3, 64, 64]),
    ("same", FLOAT, [2]),
]
AFTER = [
    ("fc8/biases", FLOAT, [10]),
    ("model/conv1/weights", FLOAT, [3, 3, 3, 64]),
    ("model/conv2/weights", FLOAT, [3, 3, 64, 64]),
    ("new/w", FLOAT, [5]),
    ("same", FLOAT, [2]),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the checkpoints `a` and `b`, which paths are relative to."""
    (tmp_path / "a.index").write_bytes(crafted.index(BEFORE))
    (tmp_path / "b.index").write_bytes(crafted.index(AFTER))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pipe_gets_a_line_for_each_difference(folder: Path) -> None:
    result = ckptls_command("diff", "a", "b")
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "- gone              int64 []",
        "+ new/w             float32 [5]",
        "! fc8/biases        float32 [1000] -> float32 [10]",
        "> net/* -> model/*  probably renamed, 2 variables",
    ]
    assert result.stderr == (
        "ckptls: 1 only in A, 1 only in B, 1 changed, 2 probably renamed; 1 variable in both\n"
    )


def test_two_that_are_the_same_are_exit_code_0(folder: Path) -> None:
    result = ckptls_command("diff", "a", "a.index")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == (
        "ckptls: no difference: 5 variables of the same names, shapes and dtypes\n"
    )


def test_what_cannot_be_read_is_exit_code_2(folder: Path) -> None:
    for arguments in (["a", "c"], ["c", "a"], ["a", "b", "--values"]):
        result = ckptls_command("diff", *arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.startswith("ckptls: ")
        assert "Traceback" not in result.stderr


def test_a_terminal_gets_a_table_in_colour(folder: Path) -> None:
    result = ckptls_command("diff", "a", "b", "--format", "table", COLUMNS="80")
    assert lines_of(result.stdout) == [
        "A  a",
        "B  b",
        "                  name              difference",
        "only in A         gone              int64 []",
        "only in B         new/w             float32 [5]",
        "changed           fc8/biases        float32 [1000] -> float32 [10]",
        "probably renamed  net/* -> model/*  2 variables",
        "1 only in A, 1 only in B, 1 changed, 2 probably renamed; 1 variable in both",
    ]
    coloured = on_a_terminal("diff", "a", "b", exit_code=1)
    assert "\x1b[31monly in A" in coloured
    assert "\x1b[3" not in on_a_terminal("diff", "a", "b", exit_code=1, NO_COLOR="1")


def test_json_has_it_all(folder: Path) -> None:
    result = ckptls_command("diff", "a", "b", "--format", "json")
    assert result.returncode == 1
    assert json.loads(result.stdout) == {
        "before": "a",
        "after": "b",
        "is_same": False,
        "only_before": [{"name": "gone", "dtype": "int64", "shape": []}],
        "only_after": [{"name": "new/w", "dtype": "float32", "shape": [5]}],
        "changed": [
            {
                "before": {"name": "fc8/biases", "dtype": "float32", "shape": [1000]},
                "after": {"name": "fc8/biases", "dtype": "float32", "shape": [10]},
            }
        ],
        "renamed": [
            {"before": "net/conv1/weights", "after": "model/conv1/weights"},
            {"before": "net/conv2/weights", "after": "model/conv2/weights"},
        ],
        "renamed_patterns": [{"before": "net/*", "after": "model/*", "variables": 2}],
        "same": 1,
        "same_by_full_name": 0,
        "problems": {"before": [], "after": []},
        "values": None,
    }


def test_patterns_restrict_what_is_compared(folder: Path) -> None:
    assert ckptls_command("diff", "a", "b", "--only", "same").returncode == 0
    result = ckptls_command("diff", "a", "b", "--only", "gone", "--only", "new/*")
    assert result.stdout == "- gone   int64 []\n+ new/w  float32 [5]\n"


def test_slots_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.index").write_bytes(crafted.index([("w", FLOAT, [2])]))
    with_slots = [("w", FLOAT, [2]), ("w/Adam", FLOAT, [2]), ("global_step", INT64, [])]
    (tmp_path / "b.index").write_bytes(crafted.index(with_slots))
    paths = (str(tmp_path / "a"), str(tmp_path / "b"))
    assert ckptls_command("diff", *paths).returncode == 1
    assert ckptls_command("diff", *paths, "--no-slots").returncode == 0


NAN = float("nan")


@pytest.fixture
def values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As `folder`, with two steps of one run, values included."""
    monkeypatch.chdir(tmp_path)
    before = {
        "big": np.array([2**60], np.int64),
        "equal": np.array([[1, NAN], [np.inf, -0.0]], np.float32),
        "half": crafted_values.bfloat16([1, 2]),
        "text": crafted_values.strings(b"a", b"b"),
        "to_nan": np.array([1, 2, 3], np.float64),
        "w": np.array([1, 2, NAN], np.float32),
    }
    after = before | {
        "big": np.array([2**60 + 1], np.int64),
        "equal": np.array([[1, NAN], [np.inf, 0.0]], np.float32),
        "half": crafted_values.bfloat16([1, 4]),
        "text": crafted_values.strings(b"a", b"c"),
        "to_nan": np.array([1, NAN, 3], np.float64),
        "w": np.array([1, 2.5, NAN], np.float32),
    }
    crafted_values.bundle(tmp_path / "a", before)
    crafted_values.bundle(tmp_path / "b", after)
    return tmp_path


def test_other_numbers_are_told_with_how_far_apart_they_are(values: Path) -> None:
    assert ckptls_command("diff", "a", "b").returncode == 0
    result = ckptls_command("diff", "a", "b", "--values")
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "~ big     1 of 1 differ, by at most 1 (8.67e-19 relative)",
        "~ half    1 of 2 differ, by at most 2 (0.5 relative)",
        "~ text    1 of 2 differ",
        "~ to_nan  1 of 3 differ, by at most inf (inf relative)",
        "~ w       1 of 3 differ, by at most 0.5 (0.2 relative)",
    ]
    assert result.stderr == "ckptls: 5 with other numbers; 6 variables in both\n"
    result = ckptls_command("diff", "a", "b", "--values", "--only", "to_nan", "--format", "json")
    assert json.loads(result.stdout)["values"] == [
        {
            "before": "to_nan",
            "after": "to_nan",
            "elements": 3,
            "different": 1,
            "max_absolute": "inf",
            "max_relative": "inf",
        }
    ]


def test_equal_numbers_are_no_difference(values: Path) -> None:
    result = ckptls_command("diff", "a", "b", "--values", "--only", "equal")
    assert (result.returncode, result.stdout) == (0, "")
    assert "1 variable of the same names, shapes, dtypes and values" in result.stderr


def test_a_terminal_sees_how_far_it_is_with_the_numbers(values: Path) -> None:
    assert "comparing" in on_a_terminal("diff", "a", "b", "--values", exit_code=1)
    assert "comparing" not in on_a_terminal("diff", "a", "b", exit_code=0)
    assert ckptls_command("diff", "a", "b", "--values").stderr.count("\n") == 1


@pytest.mark.parametrize("is_damaged", [True, False])
def test_a_checkpoint_with_problems_is_not_the_same(tmp_path: Path, is_damaged: bool) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.index").write_bytes(crafted.index([("w", crafted.FLOAT, [2])]))
        (tmp_path / f"{name}.data-00000-of-00001").write_bytes(bytes(99))
    if is_damaged:
        (tmp_path / "b.data-00000-of-00001").write_bytes(POINTER)
    done = ckptls_command("diff", str(tmp_path / "a"), str(tmp_path / "b"))
    assert done.returncode == (1 if is_damaged else 0)
    assert (LFS in done.stderr) == is_damaged
    said = "no difference in what can be read of B, which has problems: 1 variable"
    assert (said in done.stderr) == is_damaged
    done = ckptls_command("diff", str(tmp_path / "a"), str(tmp_path / "b"), "--format", "json")
    found = json.loads(done.stdout)
    assert found["is_same"] == (not is_damaged)
    assert [LFS in each for each in found["problems"]["after"]] == [True] * is_damaged
    assert found["problems"]["before"] == []
