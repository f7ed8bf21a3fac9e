"""The protocol beyond pygls, tested at the level of bytes."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pygls.exceptions import FeatureNotificationError

from ckptls.lsp.protocol.language_server_protocol import LockedWriter
from ckptls.lsp.server import create_server
from ckptls.lsp.transport.framing import messages
from lsp.conftest import COMMAND
from lsp.wire import Message, Wire, framed, received

NOWHERE = {"textDocument": {"uri": "file:///x.py"}, "position": {"line": 0, "character": 0}}
INITIALIZE = {"processId": None, "capabilities": {}}


@pytest.fixture
def unstarted_wire() -> Iterator[Wire]:
    opened = Wire()
    yield opened
    opened.kill()


@pytest.fixture
def wire(unstarted_wire: Wire) -> Wire:
    unstarted_wire.start()
    return unstarted_wire


class Within:
    """A server in this process, and what it writes."""

    def __init__(self) -> None:
        self.server = create_server()
        self.output = io.BytesIO()
        self.server.protocol.set_writer(self.output)
        self.take(id=0, method="initialize", params=INITIALIZE)

    def take(self, **message: Any) -> None:
        self.server.protocol.handle_message({"jsonrpc": "2.0", **message})

    async def answer(self, identifier: int) -> Message:
        for _ in range(1000):
            await asyncio.sleep(0.001)
            for message in received(io.BytesIO(self.output.getvalue())):
                if message.get("id") == identifier:
                    return message
        raise AssertionError(f"no answer to {identifier}")


@pytest_asyncio.fixture
async def within() -> AsyncIterator[Within]:
    yield (started := Within())
    started.server.session.shut_down()


# Requests


def test_a_request_that_cannot_be_understood_gets_an_error(wire: Wire):
    wire.send(id=1, method="textDocument/hover", params={"position": "here"})
    assert wire.answer(1)["error"]["code"] == -32602


def test_an_unknown_method_gets_an_error_and_the_server_goes_on(wire: Wire):
    wire.send(id=1, method="no/such", params={})
    assert wire.answer(1)["error"]["code"] == -32601
    wire.send(id=2, method="shutdown")
    assert wire.answer(2)["result"] is None


def test_a_change_of_a_document_that_was_never_opened_is_survived(wire: Wire):
    wire.send(
        method="textDocument/didChange",
        params={
            "textDocument": {"uri": "file:///x.py", "version": 2},
            "contentChanges": [{"text": "x"}],
        },
    )
    wire.send(id=1, method="shutdown")
    assert wire.answer(1)["result"] is None


def test_the_server_ends_when_its_input_does(wire: Wire):
    wire.stdin.close()
    assert wire.process.wait(timeout=10) == 0


def test_exit_behind_shutdown_ends_with_zero(wire: Wire):
    wire.send(id=1, method="shutdown")
    wire.answer(1)
    wire.send(method="exit")
    assert wire.process.wait(timeout=10) == 0


def test_cancelled_requests_are_all_answered(wire: Wire):
    where = {"textDocument": {"uri": "file:///x.py"}, "position": {"line": 0, "character": 0}}
    for identifier in range(1, 51):
        wire.send(id=identifier, method="textDocument/hover", params=where)
        wire.send(method="$/cancelRequest", params={"id": identifier})
    answers = [wire.answer(identifier) for identifier in range(1, 51)]
    assert {answer.get("error", {}).get("code") for answer in answers} <= {None, -32800}
    wire.send(id=51, method="textDocument/hover", params=where)
    assert wire.answer(51)["result"] is None


WRONG = (
    None,
    [],
    {},
    {**NOWHERE, "position": {"line": -1, "character": 0}},
    {**NOWHERE, "position": {"line": 1e99, "character": 0}},
    {**NOWHERE, "textDocument": {"uri": None}},
    {**NOWHERE, "textDocument": [[[[]]]]},
)


def test_no_params_leave_a_request_without_an_answer(wire: Wire):
    for identifier, params in enumerate(WRONG, start=1):
        wire.send(id=identifier, method="textDocument/hover", params=params)
        answer = wire.answer(identifier)
        assert "result" in answer or answer["error"]["code"] == -32602
    assert not [each for each in wire.told if each["method"].startswith("window/")]


def test_a_notification_that_cannot_be_understood_is_no_message_to_the_user(wire: Wire):
    wire.send(method="textDocument/didOpen", params={"textDocument": 3})
    wire.send(id=1, method="textDocument/hover", params=NOWHERE)
    assert wire.answer(1)["result"] is None
    assert not [each for each in wire.told if each["method"].startswith("window/")]


def test_a_notification_that_asks_for_an_answer_gets_an_error(wire: Wire):
    wire.send(id=1, method="textDocument/didOpen", params={})
    assert wire.answer(1)["error"]["code"] == -32600


def test_requests_before_initialize_get_an_error(unstarted_wire: Wire):
    unstarted_wire.send(id=1, method="textDocument/hover", params=NOWHERE)
    assert unstarted_wire.answer(1)["error"]["code"] == -32002
    unstarted_wire.start()
    unstarted_wire.send(id=2, method="textDocument/hover", params=NOWHERE)
    assert unstarted_wire.answer(2)["result"] is None


def test_a_second_initialize_gets_an_error(wire: Wire):
    wire.send(id=1, method="initialize", params=INITIALIZE)
    assert wire.answer(1)["error"]["code"] == -32600


def test_requests_behind_shutdown_get_an_error(wire: Wire):
    wire.send(id=1, method="shutdown")
    wire.send(id=2, method="textDocument/hover", params=NOWHERE)
    assert wire.answer(1)["result"] is None
    assert wire.answer(2)["error"]["code"] == -32600


def test_invalid_json_gets_an_error_and_the_server_goes_on(wire: Wire):
    wire.write(b'Content-Length: 7\r\n\r\n{"id": ')
    assert wire.answer(None)["error"]["code"] == -32700
    deep = b"[" * 200_000
    wire.write(b"Content-Length: %d\r\n\r\n" % len(deep) + deep)
    assert wire.answer(None)["error"]["code"] == -32700
    wire.write(framed([1, 2]) + framed("text") + framed({"id": 3}))
    assert wire.answer(3)["error"]["code"] == -32600
    wire.send(id=1, method="textDocument/hover", params=NOWHERE)
    assert wire.answer(1)["result"] is None


def test_only_the_outermost_object_is_a_message(unstarted_wire: Wire):
    inner = {"jsonrpc": "2.0", "id": 7, "method": "textDocument/hover", "params": 1}
    unstarted_wire.start(initializationOptions={"inner": inner})
    unstarted_wire.send(id=1, method="no/such", params=inner)
    assert unstarted_wire.answer(1)["error"]["code"] == -32601
    assert not unstarted_wire.answers[7]


async def test_an_answer_that_cannot_be_written_becomes_an_error(within: Within):
    @within.server.command("odd")
    async def odd() -> object:
        return {1, 2}

    within.take(id=1, method="workspace/executeCommand", params={"command": "odd"})
    assert (await within.answer(1))["error"]["code"] == -32603


async def test_a_request_that_fails_tells_no_traceback(within: Within):
    @within.server.command("broken")
    async def broken() -> None:
        raise RuntimeError("no way")

    within.take(id=1, method="workspace/executeCommand", params={"command": "broken"})
    error = (await within.answer(1))["error"]
    assert error == {"code": -32603, "message": "RuntimeError: no way"}


async def test_an_error_is_reported_to_the_log_alone(within: Within):
    before = within.output.getvalue()
    within.server.report_server_error(RuntimeError("no way"), FeatureNotificationError)
    assert within.output.getvalue() == before


async def test_shutdown_ends_commands_that_go_on(within: Within):
    @within.server.command("long")
    async def long() -> None:
        await asyncio.sleep(60)

    for identifier in (1, 2, 3):
        within.take(id=identifier, method="workspace/executeCommand", params={"command": "long"})
    await asyncio.sleep(0)
    within.take(id=4, method="shutdown")
    assert (await within.answer(4))["result"] is None
    for identifier in (1, 2, 3):
        assert (await within.answer(identifier))["error"]["code"] == -32800


async def test_a_request_that_is_cancelled_before_its_turn_is_not_begun(within: Within):
    within.server.protocol.note({"method": "$/cancelRequest", "params": {"id": 1}})
    within.take(id=1, method="textDocument/hover", params=NOWHERE)
    assert (await within.answer(1))["error"]["code"] == -32800
    within.take(method="$/cancelRequest", params={"id": 1})
    within.take(id=2, method="textDocument/hover", params=NOWHERE)
    assert (await within.answer(2))["result"] is None


async def test_protocol_keeps_nothing_of_handled_messages(within: Within):
    document = {"uri": "file:///x.py", "version": 1}
    item = {**document, "languageId": "python", "text": "x = 'a\fb'\n"}
    within.take(method="textDocument/didOpen", params={"textDocument": item})
    for _ in range(20):
        changes = {"textDocument": document, "contentChanges": [{"text": "y"}]}
        within.take(method="textDocument/didChange", params=changes)
        within.take(method="workspace/didChangeWatchedFiles", params={"changes": []})
    within.take(id=1, method="textDocument/hover", params=NOWHERE)
    await within.answer(1)
    await asyncio.sleep(0.05)
    assert not within.server.protocol._request_futures
    assert not within.server.protocol._asked
    # pygls would split a text at form feeds: it is given none.
    assert not within.server.workspace.text_documents


# What the server asks


ASKED = {
    "workspace": {"configuration": True, "didChangeWatchedFiles": {"dynamicRegistration": True}}
}


def test_client_that_cancels_requests_of_the_server_gets_further_ones(tmp_path: Path):
    wire = Wire(replies={"workspace/configuration": None})
    try:
        wire.start(ASKED)
        asked = wire.request("workspace/configuration")["id"]
        wire.send(method="$/cancelRequest", params={"id": asked})
        wire.send(id=asked, method="textDocument/hover", params=NOWHERE)
        assert wire.answer(asked)["error"]["code"] == -32600
        wire.send(id=asked, result=[{}])
        wire.request("client/registerCapability")
    finally:
        wire.kill()


@pytest.mark.parametrize(
    "reply", [{"result": 3}, {"error": "no"}, {"error": {"code": 1, "message": ""}}]
)
def test_a_wrong_answer_of_the_client_is_survived(reply: Message):
    wire = Wire(replies={"workspace/configuration": reply})
    try:
        wire.start(ASKED)
        wire.request("client/registerCapability")
        wire.send(id=99, result=None)
        wire.send(id=[], result=None)
        wire.send(id=1, method="textDocument/hover", params=NOWHERE)
        assert wire.answer(1)["result"] is None
    finally:
        wire.kill()


def test_a_client_that_does_not_answer_has_its_folder_looked_through(folder: Path):
    wire = Wire(
        "--log-level=info",
        replies={"workspace/configuration": None},
        stderr=(folder / "log").open("wb"),
    )
    try:
        wire.start(ASKED, workspaceFolders=[{"uri": folder.as_uri(), "name": ""}])
        found = "1 checkpoints in"
        wire.wait(lambda: found in (folder / "log").read_text(), 10, "not looked through")
    finally:
        wire.kill()


# The ends of the server


def test_exit_without_shutdown_ends_with_one(wire: Wire):
    wire.send(method="exit")
    assert wire.process.wait(timeout=10) == 1


def test_exit_before_initialize_ends_with_one(unstarted_wire: Wire):
    unstarted_wire.send(method="exit")
    assert unstarted_wire.process.wait(timeout=10) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("name", ["utils.py", "ckptls.toml", "pyproject.toml", "run.sh"])
def test_named_pipe_blocks_no_request(unstarted_wire: Wire, tmp_path: Path, name: str):
    os.mkfifo(tmp_path / name)
    unstarted_wire.start(workspaceFolders=[{"uri": tmp_path.as_uri(), "name": ""}])
    text = "import tensorflow as tf\nfrom utils import load\n"
    text += "def f(path):\n    tf.train.load_variable(path, 'x')\n"
    item = {"uri": (tmp_path / "a.py").as_uri(), "languageId": "", "version": 1, "text": text}
    unstarted_wire.send(method="textDocument/didOpen", params={"textDocument": item})
    unstarted_wire.request("textDocument/publishDiagnostics", 10)
    unstarted_wire.send(id=1, method="shutdown")
    unstarted_wire.answer(1, 10)
    unstarted_wire.send(method="exit")
    assert unstarted_wire.process.wait(timeout=10) == 0


def test_server_ends_when_its_output_is_closed(wire: Wire):
    wire.send(
        method="textDocument/didOpen",
        params={
            "textDocument": {
                "uri": "file:///x.py",
                "languageId": "python",
                "version": 1,
                "text": "",
            }
        },
    )
    wire.request("textDocument/publishDiagnostics")
    wire.close_output()
    # What is written before the pipe closes tells the server nothing: the client goes on asking.
    for identifier in range(1, 1000):
        try:
            wire.send(id=identifier, method="textDocument/hover", params=NOWHERE)
        except BrokenPipeError:
            break
        time.sleep(0.01)
    assert wire.process.wait(timeout=10) == 1


def test_a_client_may_send_much_before_it_reads_anything():
    """Far more than the pipes hold, both ways: neither side waits for the other for ever."""
    server = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None and server.stdout is not None
    count = 5_000
    requests = [{"id": 0, "method": "initialize", "params": INITIALIZE}]
    requests += [{"id": each, "method": "no/such"} for each in range(1, count)]
    data = b"".join(framed({"jsonrpc": "2.0", **each}) for each in requests)
    sending = threading.Thread(target=server.stdin.write, args=(data,), daemon=True)
    sending.start()
    sending.join(timeout=60)
    has_sent = not sending.is_alive()
    try:
        assert has_sent
        answers = received(server.stdout)
        assert [next(answers)["id"] for _ in range(count)] == list(range(count))
    finally:
        server.kill()
        server.wait()


def test_server_ends_with_the_process_of_its_client(unstarted_wire: Wire):
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    unstarted_wire.start(processId=editor.pid)
    unstarted_wire.send(id=1, method="textDocument/hover", params=NOWHERE)
    assert unstarted_wire.answer(1)["result"] is None
    editor.kill()  # and nobody has asked what became of it
    assert unstarted_wire.process.wait(timeout=10) == 1
    editor.wait()


@pytest.mark.parametrize("process", [2**31 - 1, -1])
def test_unknown_client_process_does_not_end_the_server(unstarted_wire: Wire, process: int):
    unstarted_wire.send(id=0, method="initialize", params={**INITIALIZE, "processId": process})
    unstarted_wire.answer(0)
    unstarted_wire.send(id=1, method="shutdown")
    unstarted_wire.answer(1)


# Bytes


def test_headers_are_read_as_those_of_http():
    stream = io.BytesIO(
        b"content-length:2\n\n{}"
        b"noise\r\nContent-Type: x\r\nCONTENT-LENGTH : 2 \r\n\r\n[]"
        b"Content-Length: 99999999999999999999\r\nContent-Length: 1\r\n\r\n1"
        b"Content-Length: 0\r\n\r\n"
        b"Content-Length: -5\r\n\r\nContent-Length: 4\r\n\r\nnull"
        b"Content-Length: 10\r\n\r\ncut"
    )
    first, second, third, empty, last = messages(stream)
    assert (first, second, third, last) == ({}, [], 1, None)
    assert isinstance(empty, json.JSONDecodeError)


class Slow:
    """A writer that is interrupted between the halves of a message."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.pause = threading.Event()

    def close(self) -> None:
        """Nothing to close."""

    def write(self, data: bytes) -> None:
        half = len(data) // 2
        self.written += data[:half]
        self.pause.wait(0.001)
        self.written += data[half:]


def test_messages_of_several_threads_do_not_mix():
    inner = Slow()
    writer = LockedWriter(inner)
    threads = [
        threading.Thread(target=lambda letter=letter: [writer.write(letter * 10) for _ in range(5)])
        for letter in (b"a", b"b", b"c", b"d")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pieces = {bytes(inner.written[i : i + 10]) for i in range(0, len(inner.written), 10)}
    assert pieces == {b"a" * 10, b"b" * 10, b"c" * 10, b"d" * 10}
