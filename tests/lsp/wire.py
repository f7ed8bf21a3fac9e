"""A server process, and messages written and read by hand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, BinaryIO

from lsp.conftest import COMMAND

Message = dict[str, Any]


def framed(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class Wire:
    """The client's side of a server process.

    replies: what its requests are answered with, by method; null for the others.
    command: what starts the server.
    """

    def __init__(
        self,
        *arguments: str,
        replies: Mapping[str, Any] | None = None,
        stderr: int | IO[bytes] = subprocess.DEVNULL,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin: IO[bytes] = self.process.stdin
        self.stdout: IO[bytes] = self.process.stdout
        self.replies = replies or {}
        # Notifications and requests of the server, and its answers by id.
        self.told: list[Message] = []
        self.answers: defaultdict[Any, list[Message]] = defaultdict(list)
        self._come = threading.Condition()
        self._writing = threading.Lock()
        self.has_ended = False
        self._is_deaf = False
        threading.Thread(target=self._read, daemon=True).start()

    def start(self, capabilities: Message | None = None, **params: Any) -> Message:
        """Says hello; what the server can do."""
        params = {"processId": None, "capabilities": capabilities or {}, **params}
        self.send(id=0, method="initialize", params=params)
        answer = self.answer(0)
        self.send(method="initialized", params={})
        capable: Message = answer["result"]["capabilities"]
        return capable

    def send(self, **message: Any) -> None:
        self.write(framed({"jsonrpc": "2.0", **message}))

    def write(self, data: bytes) -> None:
        with self._writing:
            self.stdin.write(data)
            self.stdin.flush()

    def answer(self, identifier: int | str | None, seconds: float = 30) -> Message:
        """The response to a request; it is taken out."""
        found = self.answers[identifier]
        self.wait(lambda: bool(found), seconds, f"no answer to {identifier!r}")
        return found.pop(0)

    def request(self, method: str, seconds: float = 30) -> Message:
        """The first message of the server's with a method."""

        def found() -> Iterator[Message]:
            return (each for each in self.told if each["method"] == method)

        self.wait(lambda: any(found()), seconds, f"no {method}")
        return next(found())

    def wait(self, is_so: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        with self._come:
            while not is_so() and not self.has_ended and time.monotonic() < deadline:
                self._come.wait(0.1)
            if not is_so():
                code = self.process.poll()
                # What each of its threads is at goes to its standard error.
                self.process.send_signal(signal.SIGABRT)
                self.process.wait(10)
                raise AssertionError(f"{otherwise} (exit code {code})")

    def close_output(self) -> None:
        """Stops reading behind the next message, as a client does that is gone."""
        self._is_deaf = True

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        for message in received(self.stdout):
            if self._is_deaf:
                self.stdout.close()
                return
            if "method" in message and "id" in message and message["method"] in self.replies:
                reply = self.replies[message["method"]]
                if reply is not None:
                    self.send(id=message["id"], **reply)
            elif "method" in message and "id" in message:
                self.send(id=message["id"], result=None)
            with self._come:
                if "method" in message:
                    self.told.append(message)
                else:
                    self.answers[message["id"]].append(message)
                self._come.notify_all()
        with self._come:
            self.has_ended = True
            self._come.notify_all()


def received(stream: BinaryIO | IO[bytes]) -> Iterator[Message]:
    """The messages of a stream; an assertion that its framing is right."""
    while header := stream.readline():
        length = 0
        while header.strip():
            name, _, value = header.partition(b":")
            assert name in (b"Content-Length", b"Content-Type"), header
            if name == b"Content-Length":
                length = int(value)
            header = stream.readline()
        yield json.loads(stream.read(length))
