"""What is cancelled costs nothing further, and what is promised in parts comes in parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkpoint import crafted
from lsp.wire import Message, Wire

CODE = "import tensorflow as tf\ntf.train.load_variable('a.ckpt', 'net/weights')\n"
CANCELLED = -32800
CREATE = "window/workDoneProgress/create"
ABLE: Message = {
    "window": {"workDoneProgress": True},
    "textDocument": {"references": {}, "diagnostic": {}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index = crafted.index([("net/weights", crafted.FLOAT, [2])])
    (tmp_path / "a.ckpt.index").write_bytes(index)
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(CODE)
    return tmp_path


def started(folder: Path, replies: Message, **abilities: Any) -> Wire:
    wire = Wire(replies=replies)
    uri = folder.as_uri()
    wire.start({**ABLE, **abilities}, workspaceFolders=[{"uri": uri, "name": ""}])
    item = {"uri": f"{uri}/train.py", "languageId": "python", "version": 1, "text": CODE}
    wire.send(method="textDocument/didOpen", params={"textDocument": item})
    return wire


@pytest.fixture
def unanswered(folder: Path) -> Iterator[Wire]:
    """A client that does not say whether it wants to be told of progress."""
    wire = started(folder, {CREATE: None})
    yield wire
    wire.kill()


@pytest.fixture
def wire(folder: Path) -> Iterator[Wire]:
    opened = started(folder, {}, window={})
    yield opened
    opened.kill()


def references(wire: Wire, folder: Path, identifier: int, **more: Any) -> None:
    params = {
        "textDocument": {"uri": (folder / "train.py").as_uri()},
        "position": {"line": 1, "character": 40},
        "context": {"includeDeclaration": True},
        **more,
    }
    wire.send(id=identifier, method="textDocument/references", params=params)


def told(wire: Wire, token: str) -> list[Any]:
    return [
        each["params"]["value"]
        for each in wire.told
        if each["method"] == "$/progress" and each["params"]["token"] == token
    ]


def test_search_that_is_cancelled_before_it_begins_never_begins(unanswered: Wire, folder: Path):
    references(unanswered, folder, 1)
    asked = unanswered.request(CREATE)
    unanswered.send(method="$/cancelRequest", params={"id": 1})
    assert unanswered.answer(1)["error"]["code"] == CANCELLED
    unanswered.send(id=asked["id"], result=None)
    unanswered.send(id=2, method="shutdown")
    assert unanswered.answer(2)["result"] is None
    assert told(unanswered, asked["params"]["token"]) == []
    assert not unanswered.answers[1]


def test_references_come_in_parts_where_the_client_takes_them(wire: Wire, folder: Path):
    references(wire, folder, 1)
    whole = wire.answer(1)["result"]
    assert {place["uri"].rpartition("/")[2] for place in whole} == {"train.py", "one.py", "two.py"}
    references(wire, folder, 2, partialResultToken="parts")
    assert wire.answer(2)["result"] == []
    parts = told(wire, "parts")
    assert [place for part in parts for place in part] == whole
    # Those of the open document did not wait for the others.
    assert [place["uri"].rpartition("/")[2] for place in parts[0]] == ["train.py"]


def pull(wire: Wire, identifier: int, **more: Any) -> None:
    params = {"previousResultIds": [], **more}
    wire.send(id=identifier, method="workspace/diagnostic", params=params)


def test_workspace_diagnostic_request_can_be_cancelled_while_it_waits(wire: Wire, folder: Path):
    pull(wire, 1)
    assert wire.answer(1)["result"] == {"items": []}
    pull(wire, 2)
    wire.send(method="$/cancelRequest", params={"id": 2})
    assert wire.answer(2)["error"]["code"] == CANCELLED
    gone = {"uri": (folder / "gone.py").as_uri(), "value": "x"}
    pull(wire, 3, previousResultIds=[gone])
    assert [each["uri"] for each in wire.answer(3)["result"]["items"]] == [gone["uri"]]
    wire.send(id=4, method="shutdown")
    wire.answer(4)
    assert not wire.answers[2]


def test_findings_of_the_workspace_come_in_parts(wire: Wire, folder: Path):
    gone = [{"uri": (folder / f"{i}.py").as_uri(), "value": "x"} for i in range(60)]
    pull(wire, 1, previousResultIds=gone, partialResultToken="parts")
    assert wire.answer(1)["result"] == {"items": []}
    parts = [part["items"] for part in told(wire, "parts")]
    assert len(parts) > 1
    assert [each["uri"] for part in parts for each in part] == [each["uri"] for each in gone]
