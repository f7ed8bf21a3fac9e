"""The client of the benches: a server process, and messages by hand.

Nothing runs beside it and nothing is parsed that is not asked for, so that the figures are
those of the server. Requests of the server are answered while it waits: with nothing.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Message = dict[str, Any]
PATIENCE_SECONDS = 120.0
PLAIN: Message = {"textDocument": {"completion": {"completionItem": {}}}}
PULLING: Message = {
    "textDocument": {"completion": {"completionItem": {}}, "diagnostic": {}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}


def keep_bytecode(folder: Path) -> None:
    """Has the servers keep what they compile of themselves, as installed packages do; in a folder
    of their own, so that nothing else sees it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


class Client:
    """A server process that is spoken to as an editor speaks to it.

    `folder` is the workspace; `text` that of a first document in it, `train.py`.
    """

    def __init__(
        self,
        command: list[str],
        folder: Path,
        text: str | None = None,
        capabilities: Message = PLAIN,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=None if environment is None else {**os.environ, **environment},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._stdin, self._output = self.process.stdin, self.process.stdout.fileno()
        self._buffer = b""
        self.folder = folder
        self.uri = (folder / "train.py").as_uri()
        self.count = 0
        self._versions: dict[str, int] = {}
        # What was published last, by address.
        self._told: dict[str, Message] = {}
        root = folder.as_uri()
        self.request(
            "initialize",
            processId=os.getpid(),
            rootUri=root,
            capabilities=capabilities,
            workspaceFolders=[{"uri": root, "name": "bench"}],
        )
        self.initialized = time.perf_counter()
        self.notify("initialized")
        if text is not None:
            self.open(self.uri, text)

    # Messages

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._stdin.flush()

    def _receive(self, seconds: float) -> Message:
        deadline = time.monotonic() + seconds
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if found:
                length = int(head.lower().partition(b"content-length:")[2].split()[0])
                if len(rest) >= length:
                    self._buffer = rest[length:]
                    message: Message = json.loads(rest[:length])
                    return message
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._output], [], [], left)[0]:
                raise TimeoutError(f"no message within {seconds:.0f} s")
            data = os.read(self._output, 1 << 20)
            if not data:
                raise EOFError(f"the server has ended: {self.process.wait()}")
            self._buffer += data

    def until(self, is_it: Callable[[Message], bool], seconds: float = PATIENCE_SECONDS) -> Message:
        """The first message of the server's that `is_it` says so of."""
        deadline = time.monotonic() + seconds
        while True:
            message = self._receive(deadline - time.monotonic())
            if "method" in message and "id" in message:
                items = message.get("params", {}).get("items") if message.get("params") else None
                self._send({"id": message["id"], "result": items and [None] * len(items)})
            if message.get("method") == "textDocument/publishDiagnostics":
                self._told[message["params"]["uri"]] = message["params"]
            if is_it(message):
                return message

    def take(self, seconds: float) -> None:
        """Lets so much time go by, and takes what the server says meanwhile."""
        try:
            self.until(lambda message: False, seconds)
        except TimeoutError:
            return

    def notify(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, **params: Any) -> Any:
        self.count += 1
        identifier = self.count
        self._send({"id": identifier, "method": method, "params": params})
        answer = self.until(
            lambda message: message.get("id") == identifier and "method" not in message
        )
        return answer.get("result")

    # Documents

    def open(self, uri: str, text: str) -> None:
        self._versions[uri] = 1
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)

    def replace(
        self,
        line: int,
        start: int,
        end: int,
        new: str,
        uri: str | None = None,
        end_line: int | None = None,
    ) -> int:
        """Puts `new` in the place of the columns from `start` to `end`, which may be one of a line
        below; the new version."""
        uri = uri or self.uri
        self._versions[uri] += 1
        span = {
            "start": {"line": line, "character": start},
            "end": {"line": line if end_line is None else end_line, "character": end},
        }
        self.notify(
            "textDocument/didChange",
            textDocument={"uri": uri, "version": self._versions[uri]},
            contentChanges=[{"range": span, "text": new}],
        )
        return self._versions[uri]

    def type(self, line: int, column: int, letter: str) -> int:
        return self.replace(line, column, column, letter)

    def erase(self, line: int, start: int, end: int) -> int:
        return self.replace(line, start, end, "")

    def complete(self, line: int, column: int) -> list[Message]:
        answer = self._at("textDocument/completion", line, column)
        if isinstance(answer, dict):
            return list(answer["items"])
        return answer or []

    def hover(self, line: int, column: int) -> Message | None:
        answer: Message | None = self._at("textDocument/hover", line, column)
        return answer

    def _at(self, method: str, line: int, column: int) -> Any:
        place = {"line": line, "character": column}
        return self.request(method, textDocument={"uri": self.uri}, position=place)

    def published(self, version: int) -> list[Message]:
        """What is published for that version of the first document."""

        def told() -> Message:
            return self._told.get(self.uri, {})

        if told().get("version") != version:
            self.until(lambda message: told().get("version") == version)
        return list(told()["diagnostics"])

    def pulled(self) -> list[Message]:
        """The findings of the first document, asked for."""
        answer = self.request("textDocument/diagnostic", textDocument={"uri": self.uri})
        return list(answer["items"])

    # The process

    def memory(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
        return int(line.split()[1]) / 1000

    def processor(self) -> float:
        """Milliseconds that the server has computed so far, in all its threads."""
        if sys.platform != "linux":
            return 0.0
        # The clock of another process, as clock_getcpuclockid(3) makes it.
        return time.clock_gettime((~self.process.pid << 3) | 2) * 1000

    def stop(self) -> None:
        try:
            self.request("shutdown")
            self.notify("exit")
            self.process.wait(10)
        except (EOFError, OSError, TimeoutError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, in a text of ASCII alone."""
    return text.count("\n", 0, offset), offset - text.rfind("\n", 0, offset) - 1


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of the values does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]
