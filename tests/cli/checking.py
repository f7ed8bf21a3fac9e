"""A folder with the example's checkpoint, and `ckptls check` run in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[2] / "examples" / "vgg16"
HEAD = "import tensorflow as tf\n"
BAD = "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n"
GOOD = BAD.replace("weigths", "weights")


def make_folder(folder: Path) -> Path:
    """The checkpoint, a file with a misspelt name and one without."""
    shutil.copy(EXAMPLE / "ckpts" / "vgg_16.ckpt.index", folder / "vgg_16.ckpt.index")
    (folder / "good.py").write_text(HEAD + GOOD)
    (folder / "bad.py").write_text(HEAD + BAD)
    return folder


def check(
    folder: Path, *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command with its output in pipes."""
    done = subprocess.run(
        [sys.executable, "-m", "ckptls", "check", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"} | environment,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def paths(folder: Path, *arguments: str) -> list[str]:
    """The files in which something is found, in order."""
    found = json.loads(check(folder, "--format", "json", *arguments).stdout)
    return [each["path"] for each in found]


def notebook(*cells: str, **content: Any) -> str:
    """A notebook file whose first cell is text and whose others are code."""
    first = {"cell_type": "markdown", "metadata": {}, "source": ["# VGG\n"]}
    code = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": cell.splitlines(keepends=True),
        }
        for cell in cells
    ]
    whole = {"cells": [first, *code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole | content, indent=1, ensure_ascii=False) + "\n"
