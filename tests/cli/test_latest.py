"""`ckptls latest`, run as a person or a script runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT
from cli.command import ckptls_command, lines_of, on_a_terminal

INDEX = crafted.index([("w", FLOAT, [1])])


def save(prefix: str, seconds: int = 0, data_bytes: int = 4) -> None:
    Path(f"{prefix}.data-00000-of-00001").write_bytes(b"1" * data_bytes)
    Path(f"{prefix}.index").write_bytes(INDEX)
    os.utime(f"{prefix}.index", (1_700_000_000 + seconds,) * 2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory `run` of three steps, one of them in the making."""
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    save("run/m-9")
    save("run/m-10", 60, data_bytes=1000 - len(INDEX))
    Path("run/m-11.index.tempstate5").touch()
    Path("run/m-11.data-00000-of-00001").write_bytes(b"1234")
    os.utime("run/m-11.data-00000-of-00001", (1_700_000_120,) * 2)
    Path("run/checkpoint").write_text(
        'model_checkpoint_path: "m-10"\nall_model_checkpoint_paths: "m-10"\n'
    )
    return tmp_path


@pytest.mark.parametrize("given", ["run", "run/", "./run/checkpoint"])
def test_a_script_gets_the_prefix_on_one_line(folder: Path, given: str) -> None:
    result = ckptls_command("latest", given)
    assert (result.returncode, result.stderr) == (0, "")
    assert os.path.normpath(result.stdout) == "run/m-10\n"
    assert on_a_terminal("latest", "run") == "run/m-10\n"


def test_what_it_prints_is_what_ls_takes(folder: Path) -> None:
    prefix = ckptls_command("latest", "run").stdout.strip()
    assert ckptls_command("ls", prefix).stdout == "w  float32  [1]\n"


def test_all_steps_are_a_line_each(folder: Path) -> None:
    result = ckptls_command("latest", "run", "--all")
    size = len(INDEX) + 4
    assert result.stdout.splitlines() == [
        f" 9  2023-11-14T22:13:20  {size}bytes  finished    -       run/m-9",
        "10  2023-11-14T22:14:20       1kB  finished    latest  run/m-10",
        "11  2023-11-14T22:15:20    4bytes  unfinished  -       run/m-11",
    ]


def test_a_terminal_gets_a_table_of_the_steps(folder: Path) -> None:
    result = ckptls_command("latest", "run", "--all", "--format", "table", COLUMNS="80")
    size = len(INDEX) + 4
    assert lines_of(result.stdout) == [
        "step  time                      size  status      state file  prefix",
        f"   9  2023-11-14 22:13:20  {size} bytes  finished    -           run/m-9",
        "  10  2023-11-14 22:14:20       1 kB  finished    latest      run/m-10",
        "  11  2023-11-14 22:15:20    4 bytes  unfinished  -           run/m-11",
        "m-11: its index is not there",
        "3 checkpoints, 1.13 kB in run",
    ]
    assert "\x1b[31munfinished" in on_a_terminal("latest", "run", "--all")
    assert "\x1b[3" not in on_a_terminal("latest", "run", "--all", NO_COLOR="1")


def test_json_is_one_object_or_an_array_of_all(folder: Path) -> None:
    one = json.loads(ckptls_command("latest", "run", "--format", "json").stdout)
    assert one == {
        "prefix": "run/m-10",
        "step": 10,
        "time": "2023-11-14T22:14:20Z",
        "bytes": 1000,
        "status": "finished",
        "note": "",
        "is_named": True,
        "is_latest": True,
    }
    every = json.loads(ckptls_command("latest", "run", "--all", "--format", "json").stdout)
    assert every[1] == one
    assert [(each["step"], each["status"], each["note"]) for each in every] == [
        (9, "finished", ""),
        (10, "finished", ""),
        (11, "unfinished", "its index is not there"),
    ]


def test_the_working_directory_is_what_is_meant_by_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "run")
    assert os.path.normpath(ckptls_command("latest").stdout) == "m-10\n"


def test_a_state_file_that_names_what_is_gone_is_told_beside_the_answer(folder: Path) -> None:
    Path("run/checkpoint").write_text('model_checkpoint_path: "m-99"')
    result = ckptls_command("latest", "run")
    assert (result.returncode, result.stdout) == (0, "run/m-10\n")
    assert result.stderr == (
        "ckptls: run: the state file names `m-99` as the latest, which is not there\n"
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("empty", "no checkpoint in the directory `empty/`"),
        (".", "no checkpoint in the directory `./`; name one of `./run/m-9`, `./run/m-10`"),
        (
            "making",
            "no finished checkpoint in the directory `making/`; of `m-1`: no file of it has",
        ),
        ("rnu", "there is no directory `rnu`; did you mean `run`?"),
        ("run/m-9.index", "`run/m-9.index` is a file, no directory"),
        ("run/m-9", "there is no directory `run/m-9`"),
    ],
)
def test_none_is_exit_code_2_and_a_sentence(folder: Path, given: str, sentence: str) -> None:
    Path("empty").mkdir()
    Path("making/m-1_temp").mkdir(parents=True)
    result = ckptls_command("latest", given)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"ckptls: {sentence}")
    assert result.stderr.count("\n") == 1


def test_what_is_unfinished_is_listed_with_all_though_there_is_no_latest(folder: Path) -> None:
    Path("making/m-1_temp").mkdir(parents=True)
    result = ckptls_command("latest", "making", "--all")
    assert (result.returncode, result.stdout) == (
        0,
        "1  ?  ?  unfinished  -  making/m-1\n",
    )


@pytest.mark.parametrize("name", [b"m\xff", b"m\x1b[31m", "ü".encode()])
def test_a_script_gets_the_very_bytes_of_a_path_and_a_terminal_none_that_steer_it(
    folder: Path, name: bytes
) -> None:
    Path("odd").mkdir()
    save(os.path.join("odd", os.fsdecode(name)))
    result = subprocess.run(
        [sys.executable, "-m", "ckptls", "latest", "odd"], stdout=subprocess.PIPE, check=True
    )
    assert result.stdout == b"odd/" + name + b"\n"
    assert "\x1b" not in on_a_terminal("latest", "odd")
    assert "\x1b" not in ckptls_command("latest", "odd", "--all").stdout
