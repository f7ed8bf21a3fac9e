"""The process in which h5py works: questions about one file come in, answers go out.

It opens no file. What it needs of one it asks the process that started it for, over the pipe:
b"R", offset, count (8 bytes each), to which come the length and the bytes. Questions and
answers are JSON; an answer is b"A", the lengths of JSON and of data, then both.

A question says how many seconds of processor time it may take in all, `seconds`, and how many
between an object of the file and the next, `step_seconds`. They are counted from when all is
imported, and the system ends the process when they are over, even inside of a C library (not on
Windows, which has no such clock).
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from contextlib import suppress
from math import prod
from typing import Any, BinaryIO

from ckptls.checkpoint.errors import CheckpointError

MAX_MEMORY_BYTES = 4 << 30
BLOCK_BYTES = 64 << 10
MAX_BLOCKS = 512
VALUE_BYTES_PER_SECOND = 50_000_000  # unpacked, slower than any that was seen
READY = b"!"
READ = b"R"
ANSWER = b"A"


def main() -> None:
    """Answer the questions on standard input, until there are no more or one has failed."""
    _limit_memory()
    receive, send = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between
    with suppress(ImportError):  # it is told when it is needed
        from ckptls.checkpoint import hdf5_layout  # noqa: F401
    with suppress(ImportError):
        import h5py  # noqa: F401
    send.write(READY)
    send.flush()
    size = int.from_bytes(_received(receive), "little")
    try:
        _converse(_Pipe(receive, send, size), receive, send)
    except CheckpointError as error:
        _send(send, {"error": type(error).__name__, "what": error.what, "hint": error.hint})
    except MemoryError:
        _send(
            send, {"error": "CheckpointDamaged", "what": "it asks for too much memory", "hint": ""}
        )
    os._exit(0)  # without the clean-up of a library that may be in a bad state


def _converse(stream: _Pipe, receive: BinaryIO, send: BinaryIO) -> None:
    from ckptls.checkpoint import hdf5

    question = json.loads(_received(receive))  # before the file: its bytes come the same way
    _begin(question)
    with hdf5.Opened(stream) as opened:
        while True:
            _send(send, *_answer(opened.root, question))
            question = json.loads(_received(receive))
            _begin(question)


def _begin(question: dict[str, Any]) -> None:
    from ckptls.checkpoint import hdf5

    end = time.process_time() + question["seconds"]

    def allow_a_step() -> None:
        _allow(min(question["step_seconds"], max(end - time.process_time(), 0.001)))

    allow_a_step()
    hdf5.on_object = allow_a_step


def _allow(seconds: float) -> None:
    """End this process after so many more seconds of its processor time."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _send(send: BinaryIO, answer: dict[str, Any], data: bytes = b"") -> None:
    text = json.dumps(answer).encode()
    send.write(ANSWER + number(len(text)) + number(len(data)) + text + data)
    send.flush()


def number(value: int) -> bytes:
    """A number as it goes through the pipe."""
    return value.to_bytes(8, "little")


class _Pipe(io.RawIOBase):
    """The file, as far as it is here: each read is a request."""

    def __init__(self, receive: BinaryIO, send: BinaryIO, size: int) -> None:
        super().__init__()
        self._receive, self._send, self._size = receive, send, size
        self._place = 0
        self._blocks: dict[int, bytes] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._place))
        if count:
            view[:count] = self._stretch(self._place, count)
            self._place += count
        return count

    def _stretch(self, start: int, count: int) -> bytes:
        """Bytes of the file; small reads, of which HDF5 makes many, are cut out of blocks."""
        place, offset = divmod(start, BLOCK_BYTES)
        if offset + count > BLOCK_BYTES:
            return self._asked(start, count)
        block = self._blocks.pop(place, None)
        if block is None:
            begin = place * BLOCK_BYTES
            block = self._asked(begin, min(BLOCK_BYTES, self._size - begin))
        self._blocks[place] = block  # now the one that was used last
        if len(self._blocks) > MAX_BLOCKS:
            del self._blocks[next(iter(self._blocks))]
        return block[offset : offset + count]

    def _asked(self, start: int, count: int) -> bytes:
        self._send.write(READ + number(start) + number(count))
        self._send.flush()
        return _received(self._receive)


def _received(receive: BinaryIO) -> bytes:
    count = int.from_bytes(receive.read(8), "little")
    data = receive.read(count)
    if len(data) < count:
        os._exit(1)  # nobody is there any more
    return data


def _answer(root: Any, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    from ckptls.checkpoint import hdf5_layout

    if question["ask"] == "listing":
        listing = hdf5_layout.listing_of(root)
        return {
            "variables": [(name, dtype, shape) for name, (dtype, shape) in listing.kinds.items()],
            "layers": listing.layers,
            "format": listing.format.value,
            "problems": listing.problems,
            "holds_model": hdf5_layout.holds_model(root),
        }, b""
    name = question["name"]
    data_set = hdf5_layout.data_set_of(root, name)
    if data_set is None:
        return {"is_there": False}, b""
    return _value(data_set, name, question["step_seconds"])


def _value(data_set: Any, name: str, seconds: float) -> tuple[dict[str, Any], bytes]:
    from ckptls.checkpoint import hdf5
    from ckptls.checkpoint.dtypes import STRING

    dtype, shape = hdf5.kind_of(data_set, name)
    # If this is more than a sound file can have, `value_of` refuses at once.
    num_bytes = prod(shape) * data_set.dtype.itemsize if not dtype.startswith("unknown") else 0
    _allow(seconds + min(num_bytes / VALUE_BYTES_PER_SECOND, 1e6))
    value = hdf5.value_of(data_set, name)
    answer: dict[str, Any] = {"is_there": True, "dtype": dtype, "shape": shape}
    if dtype == STRING:
        answer["texts"] = [_bytes(text).decode("latin-1") for text in value.ravel().tolist()]
        return answer, b""
    if value.dtype.byteorder == ">" or (value.dtype.isnative and sys.byteorder == "big"):
        value = value.byteswap()
    return answer, value.tobytes()


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or most > MAX_MEMORY_BYTES:
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, most))
