"""Serving over standard input and output.

pygls asks a pool of threads three times a message, knows one spelling of the headers, ends
with code 0 whatever happened, and its reader keeps a process alive that is to end. Here one
thread reads, and hands messages over in order; another one writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from lsprotocol import types

from ckptls.lsp import ending
from ckptls.lsp.outgoing import Outgoing

if TYPE_CHECKING:
    from ckptls.lsp.connection import Server

# So many messages are read before they can be handled.
_AHEAD = 256
_PIECE_BYTES = 1 << 20
_MAX_HEADER_BYTES = 8192
_MAX_DIGITS = 12


def serve(server: Server) -> int:
    """Serves one client until it says goodbye or its pipes close; the exit code."""
    outgoing = Outgoing(sys.stdout.buffer)
    server.protocol.set_writer(outgoing)
    try:
        code = asyncio.run(_serve(server))
    except KeyboardInterrupt:
        return 130
    outgoing.close()
    return code


async def _serve(server: Server) -> int:
    incoming = _incoming(server)
    code = 0
    try:
        async for message in incoming:
            server.protocol.take(message)
            # What the message has begun is to see the documents as they are now.
            await asyncio.sleep(0)
            server.equip()
    except SystemExit as goodbye:
        code = int(goodbye.code or 0)
    server.protocol.leave()
    server.shut_down()
    return code


async def _incoming(server: Server) -> AsyncIterator[Any]:
    """The messages of standard input, read ahead by a thread."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    room = threading.Semaphore(_AHEAD)
    loop = asyncio.get_running_loop()

    def read() -> None:
        # The loop may have ended in the meantime: then nobody listens any more.
        with contextlib.suppress(RuntimeError):
            read_all()

    def read_all() -> None:
        # A stream of our own: nobody may hold the lock of sys.stdin when the process ends.
        with open(os.dup(sys.stdin.fileno()), "rb") as stream:
            for message in messages(stream):
                server.protocol.note(message)
                room.acquire()
                loop.call_soon_threadsafe(queue.put_nowait, message)
                if isinstance(message, dict) and message.get("method") == types.EXIT:
                    break
        # Others may be busy on a file system that does not answer.
        ending.soon(lambda: server.protocol.exit_code)
        loop.call_soon_threadsafe(queue.put_nowait, _END)

    threading.Thread(target=read, daemon=True).start()
    while (message := await queue.get()) is not _END:
        room.release()
        yield message


_END = object()


def messages(stream: BinaryIO) -> Iterator[Any]:
    """The messages of a stream, as JSON; an exception for one that is none."""
    for body in bodies(stream):
        try:
            yield json.loads(body)
        except (ValueError, RecursionError, MemoryError) as error:
            yield error


def bodies(stream: BinaryIO) -> Iterator[bytes]:
    """The bodies of messages, without their headers; a last one that is cut off is left out.

    What is no header is passed over, up to the next one that tells a length.
    """
    while (length := _length(stream)) is not None:
        body = bytearray()
        while len(body) < length:
            piece = stream.read(min(length - len(body), _PIECE_BYTES))
            if not piece:
                return
            body += piece
        yield bytes(body)


def _length(stream: BinaryIO) -> int | None:
    """The length of the next body; None at the end of the stream."""
    length = None
    while line := stream.readline(_MAX_HEADER_BYTES):
        name, _, value = line.partition(b":")
        digits = value.strip()
        if name.strip().lower() == b"content-length" and digits.isdigit():
            length = int(digits) if len(digits) <= _MAX_DIGITS else None
        elif length is not None and not line.strip():
            return length
    return None
