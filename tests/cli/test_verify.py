"""`ckptls verify`, run as a person or a pipe runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from checkpoint.crafted_values import bundle, data_file
from cli.command import ckptls_command, on_a_terminal

VALUES = {"a": np.ones(10), "b": np.zeros(3)}


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    bundle(tmp_path / "m", VALUES)
    return "m"


def flip(prefix: str, place: int) -> None:
    data = bytearray(data_file(prefix).read_bytes())
    data[place] ^= 1
    data_file(prefix).write_bytes(data)


def verify(*arguments: str) -> subprocess.CompletedProcess[str]:
    return ckptls_command("verify", "--no-tensorflow", *arguments)


def test_a_sound_checkpoint(prefix: str) -> None:
    done = verify(prefix)
    assert done.stdout == "m: sound; 2 files, 3 blocks, 2 tensors verified\n"
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_damaged_one(prefix: str) -> None:
    flip(prefix, 81)
    done = verify(prefix)
    assert done.stdout == (
        "m.data-00000-of-00001: the values of `b` do not match their checksum (at byte 80)\n"
        "m: 1 problem\n"
    )
    assert done.returncode == 1
    assert verify(prefix, "--quick").returncode == 0


def test_json(prefix: str) -> None:
    flip(prefix, 81)
    result = json.loads(verify(prefix, "--format", "json").stdout)
    assert (result["checkpoint"], result["format"], result["sound"]) == ("m", "V2", False)
    assert result["problems"] == [
        {
            "path": "m.data-00000-of-00001",
            "what": "the values of `b` do not match their checksum",
            "where": 80,
            "variable": "b",
        }
    ]
    assert result["verified"] == {
        "files": 2,
        "blocks": 3,
        "tensors": 2,
        "unverified_tensors": 0,
        "bytes": 104,
    }


def test_a_terminal_gets_colours(prefix: str) -> None:
    shown = on_a_terminal("verify", "--no-tensorflow", prefix, TERM="xterm-256color")
    assert "\x1b[" in shown and "sound" in shown


def test_what_is_not_there_cannot_be_verified(prefix: str) -> None:
    done = verify("n")
    assert (done.stdout, done.returncode) == ("", 2)


def test_a_directory_is_verified_with_its_state_file(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text("nonsense")
    for path in (str(tmp_path), str(tmp_path / "checkpoint")):
        done = verify(path)
        assert (done.returncode, "as a state file" in done.stdout) == (1, True), path
    assert verify(prefix).returncode == 0


WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None
from ckptls.cli.main import main
sys.exit(main(["verify", *sys.argv[1:]]))
"""


@pytest.mark.parametrize(("flag", "code"), [("--quick", 0), ("--tensorflow", 2)])
def test_tensorflow_is_asked_only_where_it_is_installed(prefix: str, flag: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, prefix, flag],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "not installed" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
