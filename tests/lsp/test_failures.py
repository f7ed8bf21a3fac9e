"""Errors of our own in a server: they go to the log, and the client is answered all the same."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from cli.checking import BAD, HEAD, make_folder
from lsp.wire import Message, Wire
from special_files import CODE, SPECIAL, make_hostile_folder

SERVER = Path(__file__).with_name("failing_server.py")
DIAGNOSTICS = {"textDocument": {"diagnostic": {}}}
HOVER = "textDocument/hover"
COMPLETION = "textDocument/completion"
FINDINGS = "textDocument/diagnostic"
LENS = "textDocument/codeLens"
FOLDING = "textDocument/foldingRange"


class Client:
    """One document, open in a server with some faults."""

    def __init__(self, folder: Path, *faults: str, log: IO[bytes], text: str = HEAD + BAD) -> None:
        self._log = log
        self.wire = Wire(*faults, command=[sys.executable, str(SERVER)], stderr=log)
        folders = [{"uri": folder.as_uri(), "name": "folder"}]
        self.wire.start(DIAGNOSTICS, workspaceFolders=folders)
        self.document = {"uri": (folder / "bad.py").as_uri()}
        self._count = 0
        self._line = text[: text.index(BAD)].count("\n")
        whole = {"languageId": "python", "version": 1, "text": text}
        self.wire.send(
            method="textDocument/didOpen", params={"textDocument": self.document | whole}
        )

    def ask(self, method: str) -> Message:
        """The answer to a request, which is about the name of the variable if about a place."""
        self._count += 1
        place = {"line": self._line, "character": BAD.index("fc8")}
        params: dict[str, Any] = {"textDocument": self.document, "position": place}
        self.wire.send(id=self._count, method=method, params=params)
        return self.wire.answer(self._count)

    def wait_for_checkpoint(self) -> None:
        """Waits until the server has read it."""
        while not self.ask("textDocument/documentLink")["result"]:
            time.sleep(0.05)

    def say_goodbye(self) -> int:
        """Ends the server; its exit code."""
        self.wire.send(id="goodbye", method="shutdown", params=None)
        self.wire.answer("goodbye")
        self.wire.send(method="exit", params=None)
        return self.wire.process.wait(30)

    def log(self) -> str:
        """What the server has written to standard error."""
        self._log.seek(0)
        return self._log.read().decode()


@contextmanager
def client(tmp_path: Path, *faults: str) -> Iterator[Client]:
    with tempfile.TemporaryFile() as log:
        it = Client(make_folder(tmp_path), *faults, log=log)
        try:
            yield it
        finally:
            it.wire.kill()


@pytest.mark.parametrize(
    ("fault", "method", "result"),
    [
        ("hover", HOVER, None),
        ("completion", COMPLETION, None),
        ("findings", FINDINGS, {"kind": "full", "items": []}),
        ("lens", LENS, None),
    ],
)
def test_a_request_that_fails_is_logged_and_answered_with_nothing(
    tmp_path: Path, fault: str, method: str, result: object
) -> None:
    with client(tmp_path) as sound:
        sound.wait_for_checkpoint()
        assert sound.ask(method)["result"] not in (result, None)  # else no fault would show
    with client(tmp_path, fault) as broken:
        broken.wait_for_checkpoint()
        answer = broken.ask(method)
        assert "error" not in answer
        assert answer["result"] == result
        other = HOVER if method != HOVER else FINDINGS
        assert broken.ask(other)["result"]
        assert broken.say_goodbye() == 0
        assert "RuntimeError: a fault of the test" in broken.log()


def test_a_notification_that_fails_ends_nothing(tmp_path: Path) -> None:
    with client(tmp_path, "edit") as broken:
        start = {"line": 0, "character": 0}
        change = {"range": {"start": start, "end": start}, "text": "\n"}
        params = {"textDocument": broken.document | {"version": 2}, "contentChanges": [change]}
        broken.wire.send(method="textDocument/didChange", params=params)
        assert broken.ask(HOVER)["result"]
        assert broken.say_goodbye() == 0
        assert "RuntimeError: a fault of the test" in broken.log()


@pytest.mark.parametrize("fault", ["settings", "scan", "watch"])
def test_work_in_the_background_that_fails_ends_nothing(tmp_path: Path, fault: str) -> None:
    with client(tmp_path, fault) as broken:
        assert broken.ask(HOVER)["result"]
        assert broken.ask(FINDINGS)["result"]["items"]
        broken.wire.wait(
            lambda: "RuntimeError: a fault of the test" in broken.log(), 30, "nothing is logged"
        )
        assert broken.say_goodbye() == 0


def test_a_reader_that_fails_is_asked_once_for_a_document(tmp_path: Path) -> None:
    with client(tmp_path, "checkpoints") as broken:
        assert broken.ask(FINDINGS)["result"]["items"] == []
        assert broken.ask(COMPLETION)["result"] is None
        assert broken.say_goodbye() == 0
        assert 0 < broken.log().count("vgg_16.ckpt could not be read") < 20


def test_a_server_that_cannot_be_set_up_refuses_requests_and_ends_well(tmp_path: Path) -> None:
    with client(tmp_path, "equip") as broken:
        assert broken.ask(HOVER)["error"]["message"] == "Method Not Found: textDocument/hover"
        assert broken.ask(FOLDING)["error"]
        assert broken.say_goodbye() == 0
        assert broken.log().count("RuntimeError: a fault of the test") == 1


@pytest.mark.parametrize("kind", SPECIAL)
def test_named_pipe_in_the_folder_blocks_nothing(tmp_path: Path, kind: str) -> None:
    make_hostile_folder(tmp_path, kind)
    with tempfile.TemporaryFile() as log:
        asking = Client(tmp_path, log=log, text=CODE)
        try:
            asking.wait_for_checkpoint()
            assert asking.ask(HOVER)["result"]
            found = asking.ask(FINDINGS)["result"]["items"]
            assert "unknown-variable" in [each["code"] for each in found]
            assert asking.say_goodbye() == 0
            assert f"it is {kind}, not a regular file" in asking.log()
        finally:
            asking.wire.kill()
