"""What is not read of a file, because it takes too much work or is hardly Python, `check` says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.checkpoint import crafted

_HEAD = "import tensorflow as tf\n"
_TYPO = "tf.train.load_variable('m.ckpt', 'a/bb')\n"
_LOOPS = "for a in range(64):\n for b in range(64):\n  for c in range(64):\n"
_LOOPS += "   tf.train.load_variable('m.ckpt', '%d/%d/%d' % (a, b, c))\n"


@pytest.mark.parametrize(
    ("text", "note", "finding"),
    [
        (_HEAD + _TYPO, "", True),
        (
            _HEAD + _LOOPS + _TYPO,
            "the code that begins in line 2 is too complex to analyze completely",
            True,
        ),
        (
            _HEAD + "".join(f"x{i}=1\n" for i in range(9_000)) + _TYPO,
            "more) is too complex to analyze completely",
            True,
        ),
        (
            _HEAD + "){](" * 40_000 + "\n" + _TYPO,
            "most of it has syntax errors, so it is not analyzed",
            False,
        ),
    ],
    ids=["ordinary code", "loops", "short statements", "junk"],
)
def test_check_says_once_what_it_did_not_read(
    tmp_path: Path, text: str, note: str, finding: bool
) -> None:
    index = crafted.index([("a/b", crafted.FLOAT, (1,))])
    (tmp_path / "m.ckpt.index").write_bytes(index)
    (tmp_path / "train.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "ckptls", "check", "train.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if finding else 0), done.stderr
    assert ("a/bb" in done.stdout) is finding
    notes = [line for line in done.stderr.splitlines() if "`train.py`: " in line]
    assert len(notes) == (1 if note else 0), done.stderr
    assert note in done.stderr
