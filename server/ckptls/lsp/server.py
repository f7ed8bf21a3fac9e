"""Serving a client over standard input and output, TCP or a websocket."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ckptls.lsp import stdio
from ckptls.lsp.connection import Server

if TYPE_CHECKING:
    from ckptls.lsp.client import Client
    from ckptls.lsp.session import Session


def create_server() -> Server:
    """A server that loads its features once its client has introduced itself."""
    return Server(_equip)


def _equip(server: Server, client: Client, folders: Sequence[str]) -> Session:
    from ckptls.lsp.handlers import equip

    return equip(server, client, folders)


def serve_stdio() -> int:
    """Serves one client over standard input and output; the exit code."""
    # The event loop must not be starved by a thread that decodes a large index.
    sys.setswitchinterval(0.001)
    server = create_server()
    server.ends_with_client = True
    return stdio.serve(server)


def serve_tcp(host: str, port: int) -> None:
    """Serves one client over TCP."""
    create_server().start_tcp(host, port)


def serve_ws(host: str, port: int) -> None:
    """Serves one client over a websocket."""
    create_server().start_ws(host, port)


__all__ = ["create_server", "serve_stdio", "serve_tcp", "serve_ws"]
