"""`ckptls restore`: what the restores of a program find."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkpoint import crafted
from cli.command import ckptls_command

MODEL = """import tensorflow.compat.v1 as tf
w = tf.get_variable("w", [2, 3])
tf.get_variable("head", [4])
"""
ALL = 'tf.train.Saver().restore(session, "a.ckpt")\n'
SOME = 'tf.train.Saver([w]).restore(session, "a.ckpt")\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [("w", crafted.FLOAT, (2, 3)), ("old", crafted.FLOAT, (5,))]
    (tmp_path / "a.ckpt.index").write_bytes(crafted.index(rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_json_of_a_restore_that_raises(folder: Path) -> None:
    (folder / "train.py").write_text(MODEL + ALL)
    done = ckptls_command("restore", "train.py", "--format", "json")
    assert done.returncode == 1
    (report,) = json.loads(done.stdout)
    assert report == {
        "path": "train.py",
        "line": 3,
        "checkpoint": str(folder / "a.ckpt"),
        "outcome": "raises",
        "error": "NotFoundError: Key head not found in checkpoint",
        "asked": 2,
        "complete": True,
        "loaded": [{"variable": "w", "name": "w"}],
        "missing": ["head"],
        "initial": [],
        "unused": ["old"],
        "conflicts": [],
    }


def test_json_of_a_restore_that_loads(folder: Path) -> None:
    (folder / "train.py").write_text(MODEL + SOME)
    done = ckptls_command("restore", "train.py", "--format", "json")
    assert done.returncode == 0
    (report,) = json.loads(done.stdout)
    assert (report["outcome"], report["initial"]) == ("loads", ["head"])


def test_another_shape_is_a_conflict(folder: Path) -> None:
    (folder / "train.py").write_text(MODEL.replace("[2, 3]", "[2, 9]") + SOME)
    done = ckptls_command("restore", "train.py", "--format", "json")
    (report,) = json.loads(done.stdout)
    assert report["conflicts"] == [
        {
            "variable": "w",
            "model": {"dtype": "float32", "shape": [2, 9]},
            "checkpoint": {"dtype": "float32", "shape": [2, 3]},
        }
    ]
    assert (report["outcome"], done.returncode) == ("raises", 1)


def test_a_line_picks_one_restore(folder: Path) -> None:
    (folder / "train.py").write_text(MODEL + ALL + SOME)
    done = ckptls_command("restore", "train.py:5")
    assert done.returncode == 0
    assert done.stdout.startswith("train.py:5: tensorflow.train.Saver.restore: a.ckpt: loads\n")
    assert ckptls_command("restore", "train.py:2").returncode == 2


def test_what_is_not_known_is_unknown_and_said(folder: Path) -> None:
    code = "known = [v for v in tf.global_variables() if v.name in names()]\n"
    restore = 'tf.train.Saver(known).restore(session, "a.ckpt")\n'
    (folder / "train.py").write_text(MODEL + code + restore)
    done = ckptls_command("restore", "train.py")
    assert done.returncode == 0
    assert "a.ckpt: unknown" in done.stdout
    assert "not known by reading: which variables are restored is not known" in done.stdout


def test_a_checkpoint_that_is_not_here(folder: Path) -> None:
    (folder / "train.py").write_text(MODEL + ALL.replace("a.ckpt", "b.ckpt"))
    done = ckptls_command("restore", "train.py")
    assert (done.returncode, "the checkpoint is not known or not here" in done.stdout) == (0, True)
    code = ALL.replace('"a.ckpt"', "sys.argv[1]")
    (folder / "train.py").write_text(MODEL + code)
    done = ckptls_command("restore", "train.py", "--checkpoint", "a.ckpt")
    assert (done.returncode, "raises" in done.stdout) == (1, True)


def test_markdown_for_a_pull_request(folder: Path) -> None:
    (folder / "train.py").write_text(MODEL + ALL)
    done = ckptls_command("restore", "train.py", "--format", "markdown")
    assert "### `train.py:4` raises" in done.stdout
    assert "| missing in the checkpoint | 1 |" in done.stdout


def test_a_file_that_is_not_there(folder: Path) -> None:
    done = ckptls_command("restore", "none.py")
    assert done.returncode == 2 and "none.py` cannot be read" in done.stderr
