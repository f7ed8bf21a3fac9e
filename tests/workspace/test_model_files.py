"""Model files on disk: places in today's code, and whether the program has changed since."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from ckptls.source.inventory.model_file import ModelFileError
from ckptls.workspace.model_files import changed_files, load_model_file

CODE = '# Ümläute\nimport tensorflow as tf\n\nif True:\n    w = tf.get_variable("w", [3])\n'


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    code = CODE.encode()
    (tmp_path / "net.py").write_bytes(code)
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "net.json"
    document = {
        "format": "ckptls model",
        "version": 1,
        "program": {"target": "../net.py"},
        "gaps": [],
        "files": [{"path": "../net.py", "sha256": hashlib.sha256(code).hexdigest()}],
        "variables": [{"name": "w", "shape": [3], "dtype": "float32", "at": ["../net.py:5"]}],
        "restores": [],
    }
    path.write_text(json.dumps(document))
    return path


def test_places_are_offsets_in_the_code_of_today(model_file: Path) -> None:
    facts = load_model_file(model_file).facts
    (variable,) = facts.inventory.variables
    assert variable.place is not None
    assert CODE[variable.place.start : variable.place.end] == 'w = tf.get_variable("w", [3])'
    assert variable.place.path == facts.path == str(model_file.parents[1] / "net.py")


def test_a_file_that_changed_or_is_gone_is_named(model_file: Path) -> None:
    model = load_model_file(model_file)
    assert changed_files(model) == ()
    code = model_file.parents[1] / "net.py"
    code.write_text(CODE + "\n")
    assert changed_files(model) == (str(code),)
    code.unlink()
    assert changed_files(model) == (str(code),)
    (variable,) = load_model_file(model_file).facts.inventory.variables
    assert variable.place is not None and variable.place.line == 4


def test_what_is_not_a_model_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff\x00")
    with pytest.raises(ModelFileError, match="invalid JSON"):
        load_model_file(tmp_path / "a.json")
    os.mkfifo(tmp_path / "b.json")
    with pytest.raises(OSError, match="not a regular file"):
        load_model_file(tmp_path / "b.json")
