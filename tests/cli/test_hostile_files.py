"""Files that a hostile repository brings: `check` reads them in time and checks the code."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from tests.checkpoint import crafted

_MODULE = "import tensorflow as tf\ntf.train.load_variable('m.ckpt', 'a/bb')\n"
_FLAGS = "flags = tf.app.flags\nflags.DEFINE_string('ckpt', None, '')\n"
_FLAGS += "tf.train.load_variable(flags.FLAGS.ckpt, 'a/b')\n"
_KERAS = "from tensorflow import keras\nkeras.Sequential().load_weights('w.h5')\n"
# Each of the files below took minutes; an ordinary one takes a tenth of a second.
_SECONDS = 20


def _many(item: str, count: int) -> str:
    return ", ".join(item.format(number) for number in range(count))


def _notebook(cell: str) -> str:
    cells = [{"cell_type": "code", "source": each} for each in ("import tensorflow as tf", cell)]
    return json.dumps({"cells": cells})


_VARIABLES = "".join(f"{a}=" + f"${b}" * 20_000 + "\n" for a, b in ("AB", "BC", "CD")) + "D=x\n"
_CASES: dict[str, tuple[str, str]] = {
    "variables that hold variables": ("run.sh", _VARIABLES),
    "options without values": ("run.sh", "-a." * 60_000),
    "an option for a user that cannot be": ("run.sh", "--ckpt=~\0a/model.ckpt\n"),
    "a git configuration for such a user": (
        ".git/config",
        "[core]\nexcludesFile = ~a\0b/x\n[include]\npath = ~a\0b\n",
    ),
    "brackets in a glob": ("ckptls.toml", 'exclude = ["' + "[" * 49_000 + '"]\n'),
    "brackets behind a set": ("ckptls.toml", 'exclude = ["]' + "[" * 49_000 + '"]\n'),
    "too many brackets in a glob": ("ckptls.toml", 'exclude = ["' + "[" * 400_000 + '"]\n'),
    "many globs to exclude": ("ckptls.toml", "exclude = [" + _many("'*x{}*y'", 30_000) + "]\n"),
    "many globs of checkpoints": (
        "ckptls.toml",
        "checkpoints = [" + _many("'**/*{}'", 20_000) + "]\n",
    ),
    "many search paths": ("ckptls.toml", "search-paths = [" + _many("'x{}'", 40_000) + "]\n"),
    "many parameters": (
        "ckptls.toml",
        "[[functions]]\nnames = ['load']\nparameters = [" + _many("'p{}'", 40_000) + "]\n",
    ),
    "a version with many digits": ("requirements.txt", "tensorflow==" + "9" * 5_000),
    "a constraint of blanks": ("requirements.txt", "tensorflow==1" + " " * 400_000 + "x"),
    "a constraint of commas": ("requirements.txt", "tensorflow==1" + "," * 400_000 + "x"),
    "a constraint of bars": ("environment.yml", "- keras=1" + "| " * 200_000 + "x"),
}

_TENSORFLOW = "import tensorflow as tf\n"
_LINE = "# ckptls: checkpoint=m.ckpt\nimport tf_slim as slim\n"
_LINE += "slim.get_variables_to_restore(exclude=['{}'])\n"
_CASES |= {
    "imports that open a bracket": ("c.py", _TENSORFLOW + "from a import (\n" * 100_000),
    "a line of imports": ("c.py", _TENSORFLOW + "import " * 250_000),
    "a comment of brackets": ("c.py", _TENSORFLOW + "# ckptls: " + "ignore[" * 200_000 + "\n"),
    "a pattern of brackets": ("c.py", _LINE.format("[" * 400_000)),
    "an encoding that decodes what it does not encode": (
        "c.py",
        "# coding: idna\n" + _TENSORFLOW + "a" * 100_000,
    ),
    "a cell of empty lines": ("c.ipynb", _notebook("\r\n" * 45 + "x")),
    "a cell of magics": ("c.ipynb", _notebook("%a\n" * 200_000)),
    "a cell that only times": ("c.ipynb", _notebook("%%time\n" * 200_000)),
}


def _project(folder: Path) -> Path:
    (folder / "m.ckpt.index").write_bytes(crafted.index([("a/b", crafted.FLOAT, (1,))]))
    (folder / "a.py").write_text(_MODULE + _FLAGS)
    (folder / "b.py").write_text(_KERAS)
    return folder


def _checked(folder: Path) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    return subprocess.run(
        [sys.executable, "-m", "ckptls", "check", "--jobs", "1", "."],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        preexec_fn=limit,
    )


def _demand_the_finding(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 1, result.stderr
    assert "a.py:2:35: error [unknown-variable]" in result.stdout
    assert "internal error" not in result.stderr


@pytest.mark.parametrize("case", _CASES)
def test_a_hostile_file_keeps_no_code_from_being_checked(tmp_path, case):
    name, text = _CASES[case]
    place = _project(tmp_path) / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    _demand_the_finding(_checked(tmp_path))


def test_git_configurations_are_read_up_to_a_total(tmp_path):
    (_project(tmp_path) / ".git").mkdir()
    names = [f"c{number}" for number in range(99)]
    for name in names:
        (tmp_path / ".git" / name).write_text("[core]\n" + "excludesFile=x\n" * 60_000)
    config = "[include]\n" + "".join(f"path = {name}\n" for name in names)
    (tmp_path / ".git" / "config").write_text(config)
    _demand_the_finding(_checked(tmp_path))
