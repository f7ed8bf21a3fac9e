"""A folder that is checked brings no code of its own into the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# What the commands load when they run, from packages and from the standard library.
MODULES = [
    "rapidfuzz",
    "tree_sitter",
    "tree_sitter_python",
    "pathspec",
    "numpy",
    "h5py",
    "ml_dtypes",
    "cramjam",
    "rich",
    "google_crc32c",
    "fsspec",
    "tomllib",
    "json",
    "difflib",
    "argparse",
    "zipfile",
    "pickletools",
    "concurrent",
    "multiprocessing",
    "fnmatch",
    "tempfile",
    "uuid",
    "asyncio",
    "pygls",
    "lsprotocol",
    "yaml",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\nraise SystemExit(9)\n"
        )
    (tmp_path / "train.py").write_text(
        "import tensorflow as tf\ntf.train.load_checkpoint('m').get_tensor('a:0')\n"
        "import re\nimport json\nimport rapidfuzz\nrapidfuzz.fuzz\n"
    )
    (tmp_path / "m.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "ckptls.toml").write_text('ignore = ["unknown-scope"]\n')
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "--jobs", "2"], 1),
        (["check", "train.py"], 1),
        (["ls", "m.h5"], 2),
        (["doctor"], 0),
        (["server"], 0),
    ],
)
def test_modules_beside_the_checked_files_are_not_imported(folder, arguments, code):
    done = subprocess.run(
        [sys.executable, "-m", "ckptls", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        input="",
        check=False,
    )
    assert not (folder / "ran").exists(), (folder / "ran").read_text()
    assert done.returncode == code, done.stderr
