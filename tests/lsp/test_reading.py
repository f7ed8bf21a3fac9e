"""What goes on while a file is being read that the test keeps the server waiting for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from checkpoint import crafted
from lsp.gate import Gate
from lsp.wire import Message, Wire

HEAD = "import tensorflow as tf\n"
WRONG = HEAD + "tf.train.load_variable('a.ckpt', 'net/nothing')\n"
RIGHT = WRONG.replace("nothing", "weights")
CANCELLED = -32800
ABLE: Message = {
    "textDocument": {"hover": {}, "diagnostic": {}},
    "workspace": {
        "configuration": True,
        "diagnostics": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
}
MANY = [f"f{number:02}.py" for number in range(60)]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    index = crafted.index([("net/weights", crafted.FLOAT, [2])])
    (tmp_path / "a.ckpt.index").write_bytes(index)
    opened = Gate(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def wire(gate: Gate, tmp_path: Path) -> Iterator[Wire]:
    settings = [{"diagnosticMode": "workspace"}]
    opened = Wire(replies={"workspace/configuration": {"result": settings}}, command=gate.command)
    opened.start(ABLE, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": ""}])
    # By now it knows the settings.
    opened.request("client/registerCapability")
    yield opened
    opened.kill()


# ---------------------------------------------------------------- findings of the workspace


def pull(wire: Wire, identifier: int, **more: Any) -> None:
    params = {"previousResultIds": [], **more}
    wire.send(id=identifier, method="workspace/diagnostic", params=params)


def told(wire: Wire, token: str) -> list[Any]:
    return [
        each["params"]["value"]
        for each in list(wire.told)
        if each["method"] == "$/progress" and each["params"]["token"] == token
    ]


def reports(wire: Wire, token: str) -> list[Message]:
    return [each for part in told(wire, token) for each in part["items"]]


def name_of(report: Message) -> str:
    return report["uri"].rpartition("/")[2]


def test_workspace_diagnostics_are_sent_in_parts_during_the_check(
    wire: Wire, gate: Gate, tmp_path: Path
):
    for name in (*MANY, "last.py"):
        (tmp_path / name).write_text(WRONG)
    gate.hold("last.py")
    pull(wire, 1, partialResultToken="parts", workDoneToken="work")
    gate.wait_for("last.py")
    wire.wait(lambda: len(reports(wire, "parts")) > 25, 30, "no parts")
    assert not wire.answers[1]
    # The first did not wait for the others.
    assert [name_of(each) for each in told(wire, "parts")[0]["items"]] == MANY[:1]
    assert [each["kind"] for each in told(wire, "work")][:2] == ["begin", "report"]
    gate.release("last.py")
    assert wire.answer(1)["result"] == {"items": []}
    assert [name_of(each) for each in reports(wire, "parts")] == [*MANY, "last.py"]
    assert all(1 <= len(part["items"]) <= 25 for part in told(wire, "parts"))
    assert [each["kind"] for each in told(wire, "work")] == ["begin", "report", "report", "end"]


def test_unchanged_reports_are_sent_only_together_with_new_ones(wire: Wire, tmp_path: Path):
    for name in MANY:
        (tmp_path / name).write_text(WRONG)
    new = tmp_path / "new.py"
    new.write_text(HEAD)
    pull(wire, 1, partialResultToken="first")
    wire.answer(1)
    known = [{"uri": e["uri"], "value": e["resultId"]} for e in reports(wire, "first")]
    pull(wire, 2, previousResultIds=known, partialResultToken="second", workDoneToken="work")
    wire.wait(lambda: {"kind": "end"} in told(wire, "work"), 30, "no end of the work")
    new.write_text(WRONG)
    changes = {"changes": [{"uri": new.as_uri(), "type": 2}]}
    wire.send(method="workspace/didChangeWatchedFiles", params=changes)
    assert wire.answer(2)["result"] == {"items": []}
    kinds = {name_of(each): each["kind"] for each in reports(wire, "second")}
    assert kinds == {**dict.fromkeys(MANY, "unchanged"), "new.py": "full"}
    assert len(reports(wire, "second")) == len(kinds)


def test_check_that_is_cancelled_reads_no_further_file(wire: Wire, gate: Gate, tmp_path: Path):
    for name in ("c.py", "held.py", "last.py"):
        (tmp_path / name).write_text(WRONG)
    gate.hold("held.py")
    pull(wire, 1, partialResultToken="parts", workDoneToken="work")
    gate.wait_for("held.py")
    wire.send(method="$/cancelRequest", params={"id": 1})
    assert wire.answer(1)["error"]["code"] == CANCELLED
    assert told(wire, "work")[-1]["kind"] == "end"
    # The next one begins when that has left the file it was at.
    (tmp_path / "b.py").write_text(WRONG)
    pull(wire, 2)
    gate.release("held.py")
    found = {name_of(each) for each in wire.answer(2)["result"]["items"]}
    assert found == {"b.py", "c.py", "held.py", "last.py"}
    later = gate.opened[gate.opened.index("held.py") :]
    assert later.index("b.py") < later.index("last.py")
    assert [name_of(each) for each in reports(wire, "parts")] == ["c.py"]


# ---------------------------------------------------------------- hover and completion

ASKED = ["textDocument/hover", "textDocument/completion"]


def open_document(wire: Wire, uri: str, text: str) -> None:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    wire.send(method="textDocument/didOpen", params={"textDocument": item})


def edit(wire: Wire, uri: str) -> None:
    text = RIGHT + "x = 1\n"
    params = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text}]}
    wire.send(method="textDocument/didChange", params=params)


def close(wire: Wire, uri: str) -> None:
    wire.send(method="textDocument/didClose", params={"textDocument": {"uri": uri}})


def ask(wire: Wire, identifier: int, method: str, uri: str) -> None:
    place = {"line": 1, "character": RIGHT.splitlines()[1].index("ights")}
    params = {"textDocument": {"uri": uri}, "position": place}
    wire.send(id=identifier, method=method, params=params)


@pytest.fixture
def uri(wire: Wire, gate: Gate, tmp_path: Path) -> str:
    """A document that is open, the checkpoint of which cannot be read yet."""
    gate.hold("a.ckpt.index")
    uri = (tmp_path / "open.py").as_uri()
    open_document(wire, uri, RIGHT)
    return uri


def answered_later(wire: Wire, gate: Gate, identifier: int) -> str:
    gate.release("a.ckpt.index")
    return str(wire.answer(identifier)["result"])


@pytest.mark.parametrize("method", ASKED)
@pytest.mark.parametrize("change", [edit, close], ids=["edited", "closed"])
def test_request_stops_waiting_when_its_text_is_edited(
    wire: Wire, gate: Gate, uri: str, method: str, change: Any
):
    ask(wire, 1, method, uri)
    gate.wait_for("a.ckpt.index")
    change(wire, uri)
    assert wire.answer(1)["result"] is None
    if change is close:
        open_document(wire, uri, RIGHT)
    ask(wire, 2, method, uri)
    assert "net/weights" in answered_later(wire, gate, 2)


@pytest.mark.parametrize("method", ASKED)
def test_request_waits_on_while_other_texts_are_edited(
    wire: Wire, gate: Gate, uri: str, tmp_path: Path, method: str
):
    other = (tmp_path / "other.py").as_uri()
    open_document(wire, other, HEAD)
    ask(wire, 1, method, uri)
    gate.wait_for("a.ckpt.index")
    edit(wire, other)
    close(wire, other)
    # What comes later is answered by now.
    wire.send(id=2, method="textDocument/documentSymbol", params={"textDocument": {"uri": uri}})
    wire.answer(2)
    assert not wire.answers[1]
    assert "net/weights" in answered_later(wire, gate, 1)


@pytest.mark.parametrize("method", ASKED)
def test_cancelled_request_stops_waiting(wire: Wire, gate: Gate, uri: str, method: str):
    ask(wire, 1, method, uri)
    gate.wait_for("a.ckpt.index")
    wire.send(method="$/cancelRequest", params={"id": 1})
    assert wire.answer(1)["error"]["code"] == CANCELLED
    ask(wire, 2, method, uri)
    assert "net/weights" in answered_later(wire, gate, 2)
    wire.send(id=3, method="shutdown")
    wire.answer(3)
    assert not wire.answers[1]


def test_a_checkpoint_that_is_read_again_keeps_no_completion_waiting(
    wire: Wire, gate: Gate, tmp_path: Path
):
    index, uri = tmp_path / "a.ckpt.index", (tmp_path / "open.py").as_uri()
    open_document(wire, uri, RIGHT)
    ask(wire, 1, "textDocument/completion", uri)
    assert "net/weights" in str(wire.answer(1)["result"])
    gate.hold(index.name)
    before = gate.opened.count(index.name)
    beside = tmp_path / "beside"
    beside.write_bytes(crafted.index([("net/wider", crafted.FLOAT, [3])]))
    beside.replace(index)
    changes = {"changes": [{"uri": index.as_uri(), "type": 2}]}
    wire.send(method="workspace/didChangeWatchedFiles", params=changes)
    gate.wait_for(index.name, before + 1)
    for number in range(2, 12):
        ask(wire, number, "textDocument/completion", uri)
        assert "net/weights" in str(wire.answer(number)["result"])
    gate.release(index.name)
    numbers = count(12)

    def is_new_known() -> bool:
        number = next(numbers)
        ask(wire, number, "textDocument/completion", uri)
        return "net/wider" in str(wire.answer(number)["result"])

    wire.wait(is_new_known, 60, "what was read again is not completed")
