"""Serving a client over standard input and output, TCP or a websocket."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ckptls.lsp.session.connection import Server
from ckptls.lsp.transport import stdio

if TYPE_CHECKING:
    from ckptls.lsp.protocol.client_capabilities import Client
    from ckptls.lsp.session.session import Session
    from ckptls.lsp.transport.access_token import Access


def create_server() -> Server:
    """A server that loads its features once its client has introduced itself."""
    return Server(_equip)


def _equip(server: Server, client: Client, folders: Sequence[str]) -> Session:
    from ckptls.lsp.handlers.all_handlers import equip

    return equip(server, client, folders)


def serve_stdio() -> int:
    """Serves one client over standard input and output; the exit code."""
    # The event loop must not be starved by a thread that decodes a large index.
    sys.setswitchinterval(0.001)
    server = create_server()
    server.ends_with_client = True
    return stdio.serve(server)


def serve_tcp(listening: socket.socket, access: Access) -> None:
    """Serves clients over TCP until it is interrupted."""
    sys.setswitchinterval(0.001)
    from ckptls.lsp.transport.tcp import TcpService

    async def serve() -> None:
        await TcpService(create_server, access).serve(listening)

    asyncio.run(serve())


def serve_ws(listening: socket.socket, access: Access) -> None:
    """Serves clients over websockets until it is interrupted.

    Raises:
        ImportError: the package `websockets` is not installed.
    """
    sys.setswitchinterval(0.001)
    from ckptls.lsp.transport.websocket import WebsocketService

    asyncio.run(WebsocketService(create_server, access).serve(listening))


__all__ = ["create_server", "serve_stdio", "serve_tcp", "serve_ws"]
