"""What files call their variables and types reaches a terminal as escapes."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from pathlib import Path

import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT
from cli.command import ckptls_command, on_a_terminal

EVIL = "\x1b[2J\x1b]0;owned\x07\u202egnp\x9b31m"
ALLOWED = set("\n")
FIXTURES = Path(__file__).parents[1] / "checkpoint" / "fixtures"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "names.index").write_bytes(crafted.index([(f"a/{EVIL}", FLOAT, (2,))]))
    (tmp_path / "names.data-00000-of-00001").write_bytes(bytes(4))
    header = json.dumps(
        {
            f"t{EVIL}": {"dtype": f"F{EVIL}", "shape": [1], "data_offsets": [0, 4]},
            "__metadata__": {"x": EVIL},
        }
    ).encode()
    (tmp_path / "types.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    shutil.copytree(FIXTURES / "orbax" / "files", tmp_path / "orbax")
    for array in (tmp_path / "orbax").glob("*/.zarray"):
        stated = json.loads(array.read_text())
        array.write_text(json.dumps({**stated, "dtype": f"<{EVIL}"}))
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({EVIL: 1}))
    (tmp_path / "train.py").write_text(
        "import tensorflow as tf\n"
        f"tf.train.load_checkpoint('names').get_tensor({f'a/{EVIL}x'!r})\n"
        f"tf.train.load_checkpoint({f'name{EVIL}'!r}).get_tensor('a:0')\n"
    )
    (tmp_path / f"other{EVIL}.py").write_text("import tensorflow as tf\ntf.train.Saver()\n")
    (tmp_path / "ckptls.toml").write_text(f'"set{json.dumps(EVIL)[1:-1]}" = 1\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS = [
    *(
        (command, path)
        for path in ("names", "types.safetensors", "orbax", "plain.pt")
        for command in ("ls", "ls --long", "tree", "verify", "show *", "diff names")
    ),
    *((f"check --format {form}", ".") for form in ("text", "github", "json", "sarif")),
    ("check --diff", "."),
    ("doctor", "train.py:2"),
    ("latest", "."),
]


@pytest.mark.parametrize(("command", "path"), COMMANDS)
def test_a_pipe_gets_nothing_raw(folder: Path, command: str, path: str):
    name, *options = command.split()
    if options[:1] == ["*"] or options[:1] == ["names"]:
        arguments = [name, path, *options]
    else:
        arguments = [name, *options, path]
    done = ckptls_command(*arguments)
    said = done.stdout + done.stderr
    assert said
    raw = {c for c in said if not c.isprintable()} - ALLOWED
    if command == "check --diff":  # it holds the user's own code as it is
        raw = {c for c in done.stderr if not c.isprintable()} - ALLOWED
    assert not raw, said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", ["ls", "tree"])
@pytest.mark.parametrize("path", ["names", "types.safetensors", "orbax"])
def test_a_terminal_gets_nothing_but_our_colours(folder: Path, command: str, path: str):
    said = on_a_terminal(command, path)
    assert "[2J" not in said.replace("\\x1b[2J", "")
    assert not set(said) & set("\u202e\x9b\x07")
