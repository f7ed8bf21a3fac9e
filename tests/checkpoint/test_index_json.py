"""Indexes of shards in JSON, as somebody may write them who wishes no good."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

import ckptls
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify
from ckptls.cli.main import main
from support.problems import sentences

INDEX = "m.safetensors.index.json"
MAX_MESSAGE = 500  # characters, beside the path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_file({"a": np.ones(2, np.float32)}, "m-1.safetensors")
    return tmp_path


def index(inside: str) -> bytes:
    return b'{"weight_map":' + inside.encode() + b"}"


REFUSED = {
    "lists in lists": (index("[" * 200_000 + "]" * 200_000), "not valid JSON"),
    "maps in maps": (index('{"a":' * 200_000 + "1" + "}" * 200_000), "not valid JSON"),
    "a number of a million digits": (
        index('{"a":"m-1.safetensors"}, "metadata":{"total_size":%s}' % ("9" * 1_000_000)),
        "not valid JSON",
    ),
    "a name that is not UTF-8": (b'{"weight_map":{"\xff":"m-1.safetensors"}}', "not valid JSON"),
    "a file that is not UTF-8": (b'{"weight_map":{"a":"m-\xff"}}', "not valid JSON"),
    "cut short": (b'{"weight_map":{"a":"m-1.safe', "not valid JSON"),
    "text behind it": (index('{"a":"m-1.safetensors"}') + b" x", "not valid JSON"),
    "a name twice": (index('{"a":"m-1.safetensors","a":"m-1.safetensors"}'), "occurs twice"),
    "two maps": (index('{}, "weight_map":{"a":"m-1.safetensors"}'), "occurs twice"),
    "a list": (index('["m-1.safetensors"]'), "no map of its variables"),
    "nothing": (index("null"), "no map of its variables"),
    "a text": (index('"m-1.safetensors"'), "no map of its variables"),
    "a number for a file": (index('{"a":1}'), "not beside it: 1"),
    "NaN for a file": (index('{"a":NaN}'), "not beside it: nan"),
    "a map for a file": (index('{"a":{"b":"m-1.safetensors"}}'), "not beside it"),
    "a list in a list": (index('{"a":[["m-1.safetensors"]]}'), "not beside it"),
    "no variables": (index("{}"), "names no files"),
    "the folder above": (index('{"a":"../m-1.safetensors"}'), "not beside it"),
    "a folder below": (index('{"a":"x/m-1.safetensors"}'), "not beside it"),
    "an absolute path": (index('{"a":"/etc/passwd"}'), "not beside it"),
    "a path of Windows": (index(r'{"a":"c:\\m-1.safetensors"}'), "not beside it"),
    "a null character": (index(r'{"a":"m-\u0000"}'), "not beside it"),
    "a name of five megabytes": (index('{"a":"%s/"}' % ("x" * 5_000_000)), "not beside it"),
    "itself": (index(f'{{"a":"{INDEX}"}}'), "it is JSON text"),
    "another index": (index('{"a":"n.safetensors.index.json"}'), "it is JSON text"),
    "two million lists": (
        index('{"a":"m-1.safetensors"}, "x":[%s0]' % ("[]," * 2_000_000)),
        "more than 1,000,000 entries",
    ),
    "two million numbers": (
        index('{"a":"m-1.safetensors"}, "x":[%s0]' % ("0," * 2_000_000)),
        "more than 1,000,000 entries",
    ),
}


@pytest.mark.parametrize(("data", "why"), REFUSED.values(), ids=REFUSED)
def test_an_index_that_cannot_be_is_refused(
    folder: Path, capfd: pytest.CaptureFixture[str], data: bytes, why: str
) -> None:
    Path("n.safetensors.index.json").write_bytes(index(f'{{"a":"{INDEX}"}}'))
    Path(INDEX).write_bytes(data)
    with pytest.raises(CheckpointError, match=why) as found:
        ckptls.open(INDEX)
    assert len(str(found.value)) < MAX_MESSAGE
    assert main(["verify", INDEX]) == 2 and why in capfd.readouterr().err


LISTED = {
    "a large number": ('{"a":"m-1.safetensors"}, "metadata":{"total_size":1e999999}', None),
    "other keys": ('{"a":"m-1.safetensors"}, "metadata":null, "x":[[[]]]', None),
    "a list of one": ('{"a":["m-1.safetensors"]}', None),
    "half a character": (r'{"a":"m-1.safetensors", "\ud800":"m-1.safetensors"}', r"`\ud800`"),
    "half a character in a file": (r'{"a":"m-1.safetensors", "b":"\ud800"}', r"`\ud800`"),
    "codes of a terminal": (r'{"a":"m-1.safetensors", "\u001b[2J":"m-1.safetensors"}', r"\x1b"),
    "codes in a file": (r'{"a":"m-1.safetensors", "b":"\u001b[2J"}', r"\x1b"),
    "a long name": ('{"a":"m-1.safetensors", "%s":[]}' % ("x" * 5_000_000), "xxx..."),
    "a long file": ('{"a":"m-1.safetensors", "b":"%s"}' % ("x" * 5_000_000), "xxx..."),
    "a named pipe": ('{"a":"m-1.safetensors", "b":"pipe"}', "`pipe`"),
    "a directory": ('{"a":"m-1.safetensors", "b":"directory"}', "`directory`"),
}


@pytest.mark.parametrize(("inside", "problem"), LISTED.values(), ids=LISTED)
def test_what_is_there_is_listed_and_the_rest_is_named(
    folder: Path, capfd: pytest.CaptureFixture[str], inside: str, problem: str | None
) -> None:
    if hasattr(os, "mkfifo"):
        os.mkfifo("pipe")
    Path("directory").mkdir()
    Path(INDEX).write_bytes(index(inside))
    with ckptls.open(INDEX) as checkpoint:
        assert list(checkpoint) == ["a"]
        assert checkpoint.read("a").tolist() == [1, 1]
    assert all(len(each) < MAX_MESSAGE for each in sentences(checkpoint))
    assert (problem is None) == (sentences(checkpoint) == ())
    assert problem is None or problem in " ".join(sentences(checkpoint))
    assert verify(locate(INDEX)).is_sound == (problem is None)
    assert main(["ls", INDEX]) == 0
    written = capfd.readouterr()
    assert "\x1b" not in written.out + written.err


def test_an_index_and_a_right_shard_cannot_name_each_other(folder: Path) -> None:
    """The shard decides which format it is; the other index is refused, and named."""
    Path(INDEX).write_bytes(index('{"a":"m-1.safetensors","b":"n.safetensors.index.json"}'))
    Path("n.safetensors.index.json").write_bytes(index(f'{{"a":"{INDEX}"}}'))
    with pytest.raises(CheckpointError, match=r"n\.safetensors\.index\.json"):
        ckptls.open(INDEX)


def test_the_index_of_keras_is_looked_at_as_strictly(folder: Path) -> None:
    with h5py.File("m_0.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones(2, np.float32)
    Path("m.weights.json").write_text(
        json.dumps({"weight_map": {"/layers/dense/vars": ["m_0.weights.h5"]}})
    )
    with ckptls.open("m.weights.json") as checkpoint:
        assert checkpoint.read("layers/dense/vars/0").tolist() == [1, 1]
    for name in ("../m_0.weights.h5", "m.weights.json"):
        Path("m.weights.json").write_text(json.dumps({"weight_map": {"/layers": [name]}}))
        with pytest.raises(CheckpointError):
            ckptls.open("m.weights.json")


def test_variables_in_other_shards_than_the_index_says_are_read(folder: Path) -> None:
    names = {f"v{number}": f"m-{number}.safetensors" for number in range(100)}
    for number, (name, file) in enumerate(names.items()):
        save_file({name: np.full(1, number, np.float32)}, file)
    wrong = dict(zip(names, [*list(names.values())[1:], "m-0.safetensors"], strict=True))
    Path(INDEX).write_text(json.dumps({"weight_map": wrong}))
    with ckptls.open(INDEX) as checkpoint:
        for number, name in enumerate(names):
            assert checkpoint.read(name).tolist() == [number]
        with pytest.raises(KeyError):
            checkpoint["w"]
        with pytest.raises(CheckpointError, match="no variable `w`"):
            checkpoint.read("w")
