"""`ckptls doctor`, as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkpoint import crafted
from ckptls.cli.main import main

CODE = """import tensorflow as tf

tf.train.load_variable("a.ckpt", "net/w")
open("net/w")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a checkpoint and a file, in which the command is run."""
    (tmp_path / "a.ckpt.index").write_bytes(crafted.index([("net/w", crafted.FLOAT, [2])]))
    (tmp_path / "train.py").write_text(CODE)
    (tmp_path / "ckptls.toml").write_text("nonsense = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_line_tells_of_each_of_its_strings(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", "train.py:3"]) == 0
    out = capsys.readouterr().out
    assert out.index("path  a.ckpt") < out.index("variable  net/w")
    assert "checkpoint   a.ckpt  (it is there)" in out


def test_a_column_tells_of_one(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", "train.py:3:36"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("variable  net/w") and "path  " not in out


def test_a_string_that_names_nothing_is_told_why(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", "train.py:4"]) == 0
    assert "`open` is not known to take names" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["train.py", "gone.py:1", "train.py:99", "train.py:0"])
def test_a_place_that_is_not_there(folder: Path, place: str):
    assert main(["doctor", place]) == 2


def test_without_a_place_it_tells_what_there_is(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("ckptls ")
    assert "settings     ckptls.toml" in out
    assert "unknown setting `nonsense`" in out
    assert "checkpoints  1\n  a.ckpt\n" in out


KERAS = """import keras
keras.Sequential().load_weights("a.ckpt")
"""


def test_which_keras_runs_is_told_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    (folder / "k.py").write_text(KERAS)
    assert main(["doctor", "k.py:2"]) == 0
    assert (
        "note         the Keras version is not known: no file or setting" in capsys.readouterr().out
    )
    (folder / "requirements.txt").write_text("keras>=3\n")
    assert main(["doctor", "k.py:2"]) == 0
    assert "note         Keras 3: requirements.txt has `keras>=3`" in capsys.readouterr().out
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "keras        Keras 3: requirements.txt has `keras>=3`\n" in out
    assert "tf.keras     Keras 3: requirements.txt has `keras>=3`\n" in out
    assert main(["check", "k.py"]) == 1
    assert "[checkpoint-path-form] Keras 3 does not read TensorFlow" in capsys.readouterr().out


def test_places_are_told_relative_to_the_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.index").write_text("junk")
    (folder / "run").mkdir()
    (folder / "run" / "checkpoint").write_text('model_checkpoint_path: "gone-1"')
    calls = [f'tf.train.load_checkpoint("{path}")\n' for path in ("gone/m", "bad", "run")]
    (folder / "train.py").write_text("import tensorflow as tf\n" + "".join(calls))
    for line, said in (
        (2, "nothing is at gone/m"),
        (3, "bad.index: it is a text file"),
        (4, "the state file `run/checkpoint` names `gone-1`"),
    ):
        assert main(["doctor", f"train.py:{line}"]) == 0
        told = capsys.readouterr().out
        assert said in told
        assert str(folder) not in told
