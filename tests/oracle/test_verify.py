"""`ckptls verify` asks TensorFlow, in a process of its own, and compares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted_values import bundle, v1_file
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.verify.report import Report
from ckptls.checkpoint.verify.tensorflow_oracle import compare_with_tensorflow
from cli.command import ckptls_command

VALUES = {"a/w": np.ones((2, 3), np.float32), "é": np.array(3, np.int64)}


def compared(checkpoint: Checkpoint) -> list[str]:
    report = Report()
    compare_with_tensorflow(checkpoint, report)
    return [problem.what for problem in report.problems]


def test_where_both_agree_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "v1.ckpt").write_bytes(v1_file(VALUES))
    assert compared(ckptls.open(tmp_path / "v1.ckpt")) == []


def test_names_shapes_and_dtypes_that_differ_are_told(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", VALUES)
    other = Checkpoint(prefix, Format.V2, ["a/w", "b"], [("float64", (2, 3)), ("int64", ())])
    assert compared(other) == [
        "TensorFlow does not list `b`",
        "TensorFlow lists `é`, which ckptls does not",
        "TensorFlow lists `a/w` as float32 [2, 3], ckptls as float64 [2, 3]",
    ]


def test_tensorflow_may_crash_without_harm(tmp_path: Path) -> None:
    """A shape of 300 dimensions ends its process; we refuse the file, and are not asked here."""
    (tmp_path / "m.index").write_bytes(crafted.index([("a", crafted.FLOAT, [1] * 300)]))
    told = compared(Checkpoint(str(tmp_path / "m"), Format.V2, [], []))
    assert len(told) == 1 and "TensorFlow crashes on it (signal 6)" in told[0]


def test_what_tensorflow_cannot_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(b"nonsense" * 10)
    told = compared(Checkpoint(str(tmp_path / "m"), Format.V2, [], []))
    assert len(told) == 1 and "TensorFlow cannot read it: " in told[0]


def test_the_command_asks_by_default_and_runs_nothing_that_lies_beside_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tensorflow.py").write_text("open('was_run', 'w')")
    done = ckptls_command("verify", bundle(tmp_path / "m", VALUES))
    assert (done.returncode, "note" in done.stdout) == (0, False)
    assert not (tmp_path / "was_run").exists()
