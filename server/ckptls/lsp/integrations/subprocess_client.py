"""Runs `ckptls server` in a process of its own, for a server that an editor talks to already.

That server must not wait long: messages are written and read in threads, each request has a time
limit, and while an answer is overdue no further request waits.
"""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path
from typing import IO, Any

logger = logging.getLogger(__name__)
_PACKAGE = Path(__file__).parents[2]
_SECONDS_TO_END = 5.0
Message = Mapping[str, Any]


class ServerProcess:
    """A server process and its messages; may be used from any thread.

    `params` are those of `initialize`; `refresh` is called in a thread when the server sends
    `workspace/diagnostic/refresh`. Messages wait until the server is ready.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, params: Message, refresh: Callable[[], None]) -> None:
        command = [sys.executable, "-m", "ckptls", "server"]
        # Started where the package is: `-m` looks for modules in the working folder first.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_PACKAGE.parent
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._refresh = refresh
        self._out: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._pending: dict[int, Future[Any]] = {}
        self._overdue: set[int] = set()
        self._number = 0
        self._lock = threading.Lock()
        self._is_ready = threading.Event()
        self.is_gone = False
        _in_thread(self._read, self._process.stdout)
        _in_thread(self._write, self._process.stdin, _request(0, "initialize", params))

    def notify(self, method: str, params: Message) -> None:
        """Sends a notification."""
        self._out.put({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Message, seconds: float) -> Any:
        """Returns the answer to a request; None if it comes too late or is an error."""
        with self._lock:
            self._number += 1
            number, answer = self._number, Future[Any]()
            if self.is_gone:
                return None
            self._pending[number] = answer
        self._out.put(_request(number, method, params))
        try:
            return answer.result(seconds)
        except TookTooLong:
            logger.info("no answer to %s within %s seconds", method, seconds)
            with self._lock:
                if number in self._pending:
                    self._overdue.add(number)
            self.notify("$/cancelRequest", {"id": number})
            return None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is overdue."""
        return bool(self._overdue)

    def end(self) -> None:
        """Shuts the server down, and kills the process if it does not end within 5 seconds."""
        self.ask("shutdown", {}, 1.0)
        self.notify("exit", {})
        self._out.put(None)
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _write(self, pipe: IO[bytes], first: Message) -> None:
        try:
            _send(pipe, first)
            self._is_ready.wait()
            _send(pipe, {"jsonrpc": "2.0", "method": "initialized", "params": {}})
            while (message := self._out.get()) is not None:
                _send(pipe, message)
            pipe.close()
        except (OSError, ValueError) as error:
            logger.info("the server accepts no more messages: %s", error)

    def _read(self, pipe: IO[bytes]) -> None:
        try:
            while (message := _receive(pipe)) is not None:
                self._take(message)
        except (OSError, ValueError) as error:
            logger.warning("invalid message from the server: %s", error)
            self._process.kill()
        with self._lock:
            self.is_gone = True
            waiting = list(self._pending.values())
            self._pending.clear()
            self._overdue.clear()
        for answer in waiting:
            answer.set_result(None)
        self._is_ready.set()
        self._out.put(None)
        self._process.wait()

    def _take(self, message: Message) -> None:
        number, method = message.get("id"), message.get("method")
        if method is None:
            self._take_response(number, message)
        elif number is not None:
            self._out.put({"jsonrpc": "2.0", "id": number, "result": None})
            if method == "workspace/diagnostic/refresh":
                _in_thread(self._refresh)

    def _take_response(self, number: Any, message: Message) -> None:
        if number == 0:
            self._is_ready.set()
            return
        with self._lock:
            answer = self._pending.pop(number, None)
            self._overdue.discard(number)
        if answer is not None:
            answer.set_result(message.get("result"))


def _in_thread(work: Callable[..., None], *args: Any) -> None:
    # A daemon: the embedding program may end at any time, which closes the pipes.
    threading.Thread(target=work, args=args, name="ckptls", daemon=True).start()


def _request(number: int, method: str, params: Message) -> Message:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _send(pipe: IO[bytes], message: Message) -> None:
    body = json.dumps(message).encode("ascii")
    pipe.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    pipe.flush()


def _receive(pipe: IO[bytes]) -> dict[str, Any] | None:
    """Returns the next message, None at the end.

    Raises:
        ValueError: a message is malformed.
    """
    length = None
    while (line := pipe.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not line:
        return None
    if length is None:
        raise ValueError("a message without a length")
    message = json.loads(pipe.read(length))
    return message if isinstance(message, dict) else {}
