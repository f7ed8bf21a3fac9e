"""Serving over websockets: a session for each connection that has the token.

The address of the handshake must carry the token, `ws://HOST:PORT/?token=…`, and its `Origin`,
which browsers send for every web page, must be one that the user allows. Otherwise the handshake
is refused with status 403, and so is plain HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from ckptls.lsp.transport.access_token import Access
from ckptls.lsp.transport.framing import decode_body
from ckptls.lsp.transport.message_exchange import AHEAD, exchange

if TYPE_CHECKING:
    from websockets.http11 import Request, Response

    from ckptls.lsp.session.connection import Server

logger = logging.getLogger(__name__)

MAX_SESSIONS = 16
_HANDSHAKE_SECONDS = 10.0
_MAX_MESSAGE_BYTES = 64 << 20
_MAX_WAITING_BYTES = 64 << 20


class WebsocketService:
    """The connections of one listening socket; lives on an event loop."""

    def __init__(self, create_server: Callable[[], Server], access: Access) -> None:
        self._create_server = create_server
        self._access = access
        self._sessions = 0

    async def serve(self, listening: socket.socket) -> None:
        """Accepts connections until it is cancelled."""
        async with serve(
            self._converse,
            sock=listening,
            process_request=self._check,
            open_timeout=_HANDSHAKE_SECONDS,
            max_size=_MAX_MESSAGE_BYTES,
            compression=None,
            server_header=None,
            logger=logging.getLogger("websockets.server"),
        ) as service:
            await service.serve_forever()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        tokens = parse_qs(request.path.partition("#")[0].partition("?")[2]).get("token", [])
        if len(tokens) != 1 or not self._access.admits_token(tokens[0]):
            reason = "the address has no token, or not this server's"
        elif not self._access.admits_origins(request.headers.get_all("Origin")):
            reason = "pages of its origin may not connect; see --allow-origin"
        elif self._sessions >= MAX_SESSIONS:
            reason = f"{self._sessions} sessions are open"
        else:
            return None
        logger.warning("a connection was refused: %s", reason)
        return connection.respond(HTTPStatus.FORBIDDEN, f"refused: {reason}\n")

    async def _converse(self, connection: ServerConnection) -> None:
        self._sessions += 1
        server = self._create_server()
        writer = _Writer(connection)
        server.protocol.set_writer(writer, include_headers=False)
        sending = asyncio.ensure_future(writer.send_all())
        try:
            await exchange(server, _read_ahead(server, connection))
            writer.end()
            await sending
        finally:
            sending.cancel()
            self._sessions -= 1


async def _read_ahead(server: Server, connection: ServerConnection) -> AsyncIterator[Any]:
    """Yields the messages of a connection, which are read ahead."""
    queue: asyncio.Queue[Any] = asyncio.Queue(AHEAD)

    async def read() -> None:
        with contextlib.suppress(ConnectionClosed):
            async for body in connection:
                message = decode_body(body)
                server.protocol.note(message)
                await queue.put(message)
        await queue.put(_END)

    reading = asyncio.ensure_future(read())
    try:
        while (message := await queue.get()) is not _END:
            yield message
    finally:
        reading.cancel()


_END = object()


class _Writer:
    """Sends messages in order; never waits."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting_bytes = 0
        self._loop = asyncio.get_running_loop()

    def write(self, data: bytes) -> None:
        """Queues one message."""
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _MAX_WAITING_BYTES:
            logger.warning("a client that does not read is disconnected")
            self._connection.transport.abort()
        else:
            self._queue.put_nowait(data)

    def close(self) -> None:
        """Does nothing: the handler of the connection closes it."""

    def end(self) -> None:
        """Ends `send_all` after the messages that are queued."""
        self._queue.put_nowait(None)

    async def send_all(self) -> None:
        """Sends queued messages until `end` is called or the client is gone."""
        with contextlib.suppress(ConnectionClosed):
            while (data := await self._queue.get()) is not None:
                await self._connection.send(data, text=True)
                self._waiting_bytes -= len(data)
