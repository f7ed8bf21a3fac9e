"""`ckptls show`, run as a person or a pipe runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from checkpoint.crafted_values import Part, bundle, data_file, strings
from cli.command import ckptls_command, on_a_terminal

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4)
VALUES = {
    "net/conv/biases": np.array([0, 0.5, np.nan, np.inf], np.float32),
    "net/conv/weights": WEIGHTS,
    "step": np.array(7, np.int64),
    "words": strings(b"a", b"long " * 20),
}
STEP = """\
step
  int64 [], 1 parameter, 8 bytes
  checkpoint m (V2)
  bytes 64 to 72 of m.data-00000-of-00001

  min 7  max 7  mean 7  std 0  zeros 0%  NaN 0%  Inf 0%

  value
    7
"""


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    bundle(tmp_path / "m", VALUES)
    return "m"


def test_a_variable_in_full(prefix: str) -> None:
    assert ckptls_command("show", prefix, "step").stdout == STEP


def test_a_matrix_has_statistics_a_histogram_and_a_corner(prefix: str) -> None:
    lines = ckptls_command("show", prefix, "net/conv/weights").stdout.splitlines()
    assert lines[1] == "  float32 [3, 4], 12 parameters, 48 bytes"
    assert lines[5] == "  min 0  max 11  mean 5.5  std 3.45205  zeros 8.33%  NaN 0%  Inf 0%"
    assert lines[7].split() == ["0", "to", "0.6875", "█" * 40, "1"]
    assert [line.split() for line in lines[-3:]] == [
        [str(n) for n in row] for row in WEIGHTS.astype(int).tolist()
    ]
    assert lines[-4] == "  values [:, :]"


def test_bars_are_ascii_where_the_terminal_has_no_others(prefix: str) -> None:
    done = ckptls_command("show", prefix, "net/conv/weights", PYTHONIOENCODING="ascii")
    assert "#" * 40 in done.stdout and "█" not in done.stdout


@pytest.mark.parametrize("name", ["net", "net/", "net/conv", "net/*", "*conv*"])
def test_a_scope_or_a_pattern_gives_a_row_a_variable(prefix: str, name: str) -> None:
    done = ckptls_command("show", prefix, name)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["net/conv/biases", "net/conv/weights"]
    assert lines[0].split("NaN ")[1].split()[0] == "25.00%"
    assert done.returncode == 0


def test_without_values_the_data_file_is_not_needed(prefix: str) -> None:
    data_file(prefix).unlink()
    done = ckptls_command("show", prefix, "step", "--no-values")
    assert (done.stdout, done.returncode) == ("".join(STEP.partition("00001\n")[:2]), 0)


def test_a_missing_data_file_is_one_sentence(prefix: str) -> None:
    data_file(prefix).unlink()
    done = ckptls_command("show", prefix, "step")
    assert (done.stdout, done.returncode) == ("", 2)
    assert done.stderr == (
        "ckptls: the data file `m.data-00000-of-00001` is not there,"
        " so only names and shapes can be read\n"
    )
    rows = ckptls_command("show", prefix, "net")
    assert (rows.stderr, rows.returncode) == (done.stderr, 2)
    assert "net/conv/weights  float32  [3, 4]" in rows.stdout


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("stepp", "no variable `stepp` in `m`; did you mean `step`?"),
        ("net/cnv/", "no variable `net/cnv/` in `m`; did you mean `net/conv/`?"),
        ("zzz*", "no variable `zzz*` in `m`"),
    ],
)
def test_a_misspelt_name_gets_the_nearest(prefix: str, name: str, hint: str) -> None:
    done = ckptls_command("show", prefix, name)
    assert (done.stdout, done.stderr, done.returncode) == ("", f"ckptls: {hint}\n", 2)


def test_json_of_one_variable_is_an_object(prefix: str) -> None:
    shown = json.loads(ckptls_command("show", prefix, "net/conv/biases", "--format=json").stdout)
    place = {"path": "m.data-00000-of-00001", "offset_bytes": 0, "size_bytes": 16, "slice": None}
    assert shown["places"] == [place]
    assert (shown["dtype"], shown["shape"], shown["bytes"]) == ("float32", [4], 16)
    values = shown["values"]
    assert (values["min"], values["max"], values["nans"]) == (0, 0.5, 0.25)
    assert values["corner"] == [[0, 0.5, "NaN", "Infinity"]]
    assert sum(values["histogram"]["counts"]) == 2


def test_json_of_a_scope_is_an_array(prefix: str) -> None:
    shown = json.loads(ckptls_command("show", prefix, "net", "--format", "json").stdout)
    assert [row["name"] for row in shown] == ["net/conv/biases", "net/conv/weights"]


def test_texts_are_cut_off_on_screen(prefix: str) -> None:
    shown = ckptls_command("show", prefix, "words").stdout
    assert '"a"' in shown and '"long long long ..."' in shown
    assert "of the length" in shown


def test_the_slices_of_a_partitioned_variable_are_placed(tmp_path: Path) -> None:
    parts = [Part(((0, 2),), np.zeros(2)), Part(((2, 2),), np.ones(2))]
    prefix = bundle(tmp_path / "m", {}, {"w": ((4,), parts)}, shards=2)
    shown = ckptls_command("show", prefix, "w").stdout
    assert f"  slice [0:2]: bytes 0 to 16 of {prefix}.data-00000-of-00002" in shown
    assert f"  slice [2:4]: bytes 0 to 16 of {prefix}.data-00001-of-00002" in shown


def test_a_terminal_gets_colours_unless_it_wants_none(prefix: str) -> None:
    assert "\x1b[" in on_a_terminal("show", prefix, "step", TERM="xterm-256color")
    plain = on_a_terminal("show", prefix, "net", TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[3" not in plain and "net/conv/weights" in plain
