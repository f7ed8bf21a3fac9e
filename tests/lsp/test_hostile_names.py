"""Names, types and messages from files show nothing but themselves, in a terminal and an editor."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT
from lsp.wire import Message, Wire

NAMES = [
    "net/\x1b[2Jred",
    "net/a\nb: float32",
    "net/\u202egnp.exe",
    "net/back\\slash\"quote'",
    "net/\x07bell",
    "net/\x9bcsi",
    "net/{hole}",
    "net/zero\u200bwidth",
]
CAPABILITIES = {
    "textDocument": {
        "completion": {"completionItem": {"labelDetailsSupport": True}},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {"dataSupport": True},
    },
    "workspace": {"symbol": {}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [(name, FLOAT, (2,)) for name in sorted(NAMES)]
    (tmp_path / "m.index").write_bytes(crafted.index(rows))
    return tmp_path


@pytest.fixture
def wire(folder: Path) -> Iterator[Wire]:
    opened = Wire()
    opened.start(CAPABILITIES, rootUri=folder.as_uri())
    yield opened
    opened.kill()


def shown(value: object) -> Iterator[str]:
    """The strings of an answer that people see: not those that are written into code."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from shown(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in ("data", "newText", "uri", "arguments"):
                yield from shown(each)


def is_plain(text: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in text)


def asked(wire: Wire, folder: Path, code: str) -> tuple[str, Message]:
    uri = (folder / "train.py").as_uri()
    text = "import tensorflow as tf\nr = tf.train.load_checkpoint('m')\n" + code
    document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    wire.send(method="textDocument/didOpen", params={"textDocument": document})
    return text, {"textDocument": {"uri": uri}}


def answer(wire: Wire, method: str, params: Message) -> object:
    wire.send(id=method, method=method, params=params)
    return wire.answer(method).get("result")


@pytest.mark.parametrize("quotes", ["'{}'", '"{}"', '"""{}"""', "f'{}'", "r'{}'", 'r"""{}"""'])
def test_what_completion_inserts_is_the_name(wire: Wire, folder: Path, quotes: str):
    text, where = asked(wire, folder, f"w = r.get_tensor({quotes.format('net/')})\n")
    line = text.splitlines()[2]
    position = {"line": 2, "character": line.index("net/") + 4}
    result = answer(wire, "textDocument/completion", {**where, "position": position})
    assert isinstance(result, dict)
    values = set()
    for item in result["items"]:
        assert item["label"].isprintable() and item["filterText"].isprintable()
        edit = item["textEdit"]
        start, end = (edit["range"][side]["character"] for side in ("start", "end"))
        changed = line[:start] + edit["newText"] + line[end:]
        call = ast.parse(changed).body[0].value  # type: ignore[attr-defined]
        (argument,) = call.args
        if isinstance(argument, ast.JoinedStr):
            values.add("".join(part.value for part in argument.values))  # type: ignore[attr-defined]
        else:
            values.add(argument.value)
    unwritable = {name for name in NAMES if not name.isprintable()}
    raw = {"r'{}'": NAMES[3], 'r"""{}"""': NAMES[3]}
    expected = set(NAMES) - (unwritable | {raw[quotes]} if quotes in raw else set())
    assert values == expected


def test_what_is_shown_is_plain(wire: Wire, folder: Path):
    code = (
        "w = r.get_tensor('net/back\\\\slash\\\"quote')\n"
        "v = r.get_tensor('net/\\x1b[2Jrod')\n"
        "with tf.variable_scope('net/\\x1b[2J'):\n    tf.get_variable('x', [3])\n"
        "tf.train.Saver().restore(None, 'm')\n"
    )
    _, where = asked(wire, folder, code)
    diagnostics = answer(wire, "textDocument/diagnostic", where)
    assert isinstance(diagnostics, dict) and len(diagnostics["items"]) >= 2
    position = {"line": 3, "character": 20}
    everything = {
        "textDocument/diagnostic": diagnostics,
        "textDocument/hover": answer(wire, "textDocument/hover", {**where, "position": position}),
        "textDocument/documentSymbol": answer(wire, "textDocument/documentSymbol", where),
        "textDocument/codeLens": answer(wire, "textDocument/codeLens", where),
        "textDocument/documentLink": answer(wire, "textDocument/documentLink", where),
        "workspace/symbol": answer(wire, "workspace/symbol", {"query": "net"}),
        "textDocument/codeAction": answer(
            wire,
            "textDocument/codeAction",
            {
                **where,
                "range": {"start": {"line": 2, "character": 0}, "end": {"line": 4, "character": 0}},
                "context": {"diagnostics": []},
            },
        ),
    }
    for method, result in everything.items():
        assert result, method
        raw = [text for text in shown(result) if not is_plain(text)]
        assert not raw, (method, raw)


def test_what_a_fix_writes_is_the_name(wire: Wire, folder: Path):
    _, where = asked(wire, folder, "v = r.get_tensor('net/\\x1b[2Jrod')\n")
    result = answer(wire, "textDocument/diagnostic", where)
    assert isinstance(result, dict)
    (item,) = result["items"]
    assert "net/\\x1b[2Jred" in item["message"]
    first = item["data"]["suggestions"][0]
    assert json.dumps(first).isprintable() and ast.literal_eval(f"'{first}'") == NAMES[0]
