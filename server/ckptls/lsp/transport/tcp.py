"""Serving over TCP: a session for each connection that has the token.

The first bytes of a connection must be a whole `initialize` request that carries the token.
Anything else, an HTTP request for instance, closes the connection without an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, BinaryIO

from lsprotocol import types

from ckptls.lsp.transport.access_token import Access, message_method
from ckptls.lsp.transport.framing import FramingError, decode_body, read_body
from ckptls.lsp.transport.message_exchange import Inbox, exchange
from ckptls.lsp.transport.writer_thread import Outgoing

if TYPE_CHECKING:
    from ckptls.lsp.session.connection import Server

logger = logging.getLogger(__name__)

MAX_SESSIONS = 16
# Connections that have not sent their first message: beyond these the oldest is closed.
MAX_PENDING = 64
PENDING_SECONDS = 10.0
_MAX_FIRST_BYTES = 1 << 20
_MAX_BODY_BYTES = 64 << 20
_MAX_WAITING_BYTES = 64 << 20
_CLOSING_SECONDS = 2.0


class TcpService:
    """The connections of one listening socket; lives on an event loop."""

    def __init__(self, create_server: Callable[[], Server], access: Access) -> None:
        self._create_server = create_server
        self._access = access
        self._loop = asyncio.get_running_loop()
        # In order of arrival.
        self._pending: dict[socket.socket, asyncio.TimerHandle] = {}
        self._sessions = 0

    async def serve(self, listening: socket.socket) -> None:
        """Accepts connections until it is cancelled."""
        while True:
            try:
                connection, _ = await self._loop.sock_accept(listening)
            except OSError as error:  # no file descriptors left, or the client is gone already
                logger.warning("a connection was not accepted: %s", error)
                await asyncio.sleep(0.1)
                continue
            self._receive(connection)

    def _receive(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self._pending) >= MAX_PENDING:
            self._refuse(next(iter(self._pending)), "too many connections wait")
        timer = self._loop.call_later(
            PENDING_SECONDS, self._refuse, connection, "no complete first message in time"
        )
        self._pending[connection] = timer
        threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _refuse(self, connection: socket.socket, reason: str) -> None:
        timer = self._pending.pop(connection, None)
        if timer is not None:
            timer.cancel()
            logger.warning("a connection was closed: %s", reason)
            _shut(connection)

    # In a thread for each connection

    def _read(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                first = self._first_message(stream)
            except (FramingError, OSError) as error:
                self._on_loop(self._refuse, connection, str(error))
                return
            beginning: Future[Inbox | None] = Future()
            self._on_loop(self._begin, connection, beginning)
            inbox = beginning.result()
            if inbox is None:
                return
            try:
                self._read_further(stream, first, inbox)
            finally:
                inbox.end()
                # The session writes its last answers before the connection is closed.
                inbox.wait_until_done()

    def _first_message(self, stream: BinaryIO) -> Any:
        body = read_body(stream, _MAX_FIRST_BYTES)
        if body is None:
            raise FramingError("it ended before its first message")
        message = decode_body(body)
        if not self._access.admits_first(message):
            raise FramingError("its first message is not `initialize` with the token")
        return message

    def _read_further(self, stream: BinaryIO, message: Any, inbox: Inbox) -> None:
        while inbox.put(message) and message_method(message) != types.EXIT:
            try:
                body = read_body(stream, _MAX_BODY_BYTES)
            except (FramingError, OSError) as error:
                logger.warning("a client's connection was closed: %s", error)
                return
            if body is None:
                return
            message = decode_body(body)

    def _on_loop(self, call: Callable[..., object], *arguments: object) -> None:
        # The loop may have ended in the meantime.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    # On the event loop

    def _begin(self, connection: socket.socket, beginning: Future[Inbox | None]) -> None:
        timer = self._pending.pop(connection, None)
        if timer is None or self._sessions >= MAX_SESSIONS:
            logger.warning("a client was refused: %d sessions are open", self._sessions)
            beginning.set_result(None)
            return
        timer.cancel()
        self._sessions += 1
        server = self._create_server()
        inbox = Inbox(server, self._loop)
        beginning.set_result(inbox)
        task = asyncio.ensure_future(_converse(connection, server, inbox))
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sessions -= 1
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a session failed", exc_info=error)


async def _converse(connection: socket.socket, server: Server, inbox: Inbox) -> None:
    """One session, from its first message to the end of its connection."""
    outgoing = Outgoing(connection.makefile("wb"), lambda _: _shut(connection), _MAX_WAITING_BYTES)
    server.protocol.set_writer(outgoing)
    try:
        await exchange(server, inbox)
        await asyncio.to_thread(outgoing.close, _CLOSING_SECONDS)
    finally:
        _shut(connection)
        inbox.abandon()


def _shut(connection: socket.socket) -> None:
    """Ends a connection, which wakes a thread that waits for its bytes."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
