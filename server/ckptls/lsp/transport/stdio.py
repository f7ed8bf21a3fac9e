"""Serving over standard input and output.

pygls asks a pool of threads three times a message, knows one spelling of the headers, ends
with code 0 whatever happened, and its reader keeps a process alive that is to end. Here one
thread reads, and hands messages over in order; another one writes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TYPE_CHECKING

from lsprotocol import types

from ckptls.lsp.protocol import process_exit
from ckptls.lsp.transport.framing import messages
from ckptls.lsp.transport.message_exchange import Inbox, exchange
from ckptls.lsp.transport.writer_thread import Outgoing

if TYPE_CHECKING:
    from ckptls.lsp.session.connection import Server


def serve(server: Server) -> int:
    """Serves one client until it sends `exit` or its pipes close; returns the exit code."""
    outgoing = Outgoing(
        sys.stdout.buffer,
        lambda error: process_exit.exit_now(f"the connection to the client is lost: {error}"),
    )
    server.protocol.set_writer(outgoing)
    try:
        code = asyncio.run(_serve(server))
    except KeyboardInterrupt:
        return 130
    outgoing.close()
    return code


async def _serve(server: Server) -> int:
    inbox = Inbox(server, asyncio.get_running_loop())
    threading.Thread(target=_read, args=(server, inbox), daemon=True).start()
    return await exchange(server, inbox)


def _read(server: Server, inbox: Inbox) -> None:
    """Reads standard input ahead, in a thread."""
    # A stream of our own: nobody may hold the lock of sys.stdin when the process ends.
    with open(os.dup(sys.stdin.fileno()), "rb") as stream:
        for message in messages(stream):
            if not inbox.put(message):
                return
            if isinstance(message, dict) and message.get("method") == types.EXIT:
                break
    # Others may be busy on a file system that does not answer.
    process_exit.exit_soon(lambda: server.protocol.exit_code)
    inbox.end()
