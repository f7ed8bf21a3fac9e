"""The process in which h5py works: questions about one file come in, answers go out.

It opens no file by name. It has the descriptor of the one that it is asked about, or else asks
the process that started it for each part, over the pipe: b"R", offset, count (8 bytes each), to
which come the length and the bytes. Questions and answers are JSON; an answer is b"A", its
length, and the JSON. A question for values has an answer for each. One with `inline_bytes` is
followed by as many bytes, one with `num_bytes` by as many in pieces, and before each piece comes
an answer of its own that says how long it is, so that a large value takes little memory here and
an error may come in between.

A question says how many seconds of processor time it may take for a listing or a value,
`seconds`, and how many between an object of the file and the next, `step_seconds`. They are
counted from when all is imported, and the system ends the process when they are over, even
inside of a C library (not on Windows, which has no such clock).
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from contextlib import suppress
from functools import lru_cache
from math import prod
from typing import Any, BinaryIO

from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError

MAX_MEMORY_BYTES = 4 << 30
BLOCK_BYTES = 64 << 10
MAX_BLOCKS = 512
VALUE_BYTES_PER_SECOND = 50_000_000  # unpacked, slower than any that was seen
MAX_IMAGE_BYTES = 64 << 20  # of HDF5 inside of an archive, that is held in memory
MAX_AHEAD_BYTES = 8 << 20
_ALLOWED_SECONDS = 0.01
READY = b"!"
READ = b"R"
ANSWER = b"A"


def main() -> None:
    """Answer the questions on standard input, until there are no more."""
    _limit_memory()
    receive, send = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between
    with suppress(ImportError):  # it is reported when it is needed
        pass
    with suppress(ImportError):
        import h5py  # noqa: F401
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
    send.write(READY)
    send.flush()
    source = json.loads(_received(receive))
    try:
        _converse(source, receive, send)
    except CheckpointError as error:
        _send(send, _refusal(error))
    except MemoryError:
        _send(send, _refusal(CheckpointDamaged("it asks for too much memory")))
    os._exit(0)  # without the clean-up of a library that may be in a bad state


def _converse(source: dict[str, int], receive: BinaryIO, send: BinaryIO) -> None:
    from ckptls.checkpoint.formats.hdf5 import hdf5_file

    question = json.loads(_received(receive))  # before the file: its bytes may come the same way
    limits = _begin(question)
    with hdf5_file.Opened(_file(source, receive, send)) as opened:
        while True:
            if question["ask"] == "listing":
                _send(send, _listing(opened.root))
            else:
                _answer_values(opened, question, limits, send)
            question = json.loads(_received(receive))
            limits = _begin(question)


def _file(source: dict[str, int], receive: BinaryIO, send: BinaryIO) -> Any:
    """What h5py opens: the file where it is one from its first byte on, else bytes or a stream."""
    descriptor, start, size = source["descriptor"], source["start"], source["size"]
    if descriptor < 0:
        return _Asking(receive, send, size)
    path = f"/dev/fd/{descriptor}"
    if not start and os.path.exists(path):
        return path
    if size > MAX_IMAGE_BYTES:
        return _Part(descriptor, start, size)
    # HDF5 makes several small reads for each object, and takes them from memory by itself.
    with suppress(OSError):
        image = os.pread(descriptor, size, start)
        if len(image) == size:
            return image
    return _Part(descriptor, start, size)


def _refusal(error: CheckpointError) -> dict[str, Any]:
    return {"error": type(error).__name__, "what": error.what, "hint": error.hint}


class _Limits:
    """How much processor time a question may take: in all, and from one object to the next."""

    def __init__(self, question: dict[str, Any]) -> None:
        self._step_seconds = question["step_seconds"]
        self._end = time.process_time() + question["seconds"]
        self._allowed_at = 0.0
        self.allow_step()

    def allow_step(self) -> None:
        """An object has been reached. The system is asked again once in 10 ms, as it is slow."""
        now = time.monotonic()
        if now - self._allowed_at > _ALLOWED_SECONDS:
            self._allowed_at = now
            _allow(min(self._step_seconds, max(self._end - time.process_time(), 0.001)))

    def allow_value(self, num_bytes: int) -> None:
        """So many bytes are unpacked next."""
        self._allowed_at = 0.0
        # If this is more than a sound file can have, reading is refused at once.
        _allow(self._step_seconds + min(num_bytes / VALUE_BYTES_PER_SECOND, 1e6))


def _begin(question: dict[str, Any]) -> _Limits:
    from ckptls.checkpoint.formats.hdf5 import hdf5_file

    limits = _Limits(question)
    hdf5_file.on_object = limits.allow_step
    return limits


def _allow(seconds: float) -> None:
    """End this process after so many more seconds of its processor time."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _send(send: BinaryIO, answer: dict[str, Any]) -> None:
    text = json.dumps(answer).encode()
    send.write(ANSWER + number(len(text)) + text)
    send.flush()


def number(value: int) -> bytes:
    """A number as it goes through the pipe."""
    return value.to_bytes(8, "little")


class _Stream(io.RawIOBase):
    """A stretch of a file, of which parts are fetched and kept."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
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
            return self._fetch(start, count)
        block = self._blocks.pop(place, None)
        if block is None:
            begin = place * BLOCK_BYTES
            block = self._fetch(begin, min(BLOCK_BYTES, self._size - begin))
        self._blocks[place] = block  # now the one that was used last
        if len(self._blocks) > MAX_BLOCKS:
            del self._blocks[next(iter(self._blocks))]
        return block[offset : offset + count]

    def _fetch(self, start: int, count: int) -> bytes:
        raise NotImplementedError


class _Part(_Stream):
    """A stretch of a file whose descriptor we have."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        super().__init__(size)
        self._descriptor, self._start = descriptor, start

    def _fetch(self, start: int, count: int) -> bytes:
        return os.pread(self._descriptor, count, self._start + start)


class _Asking(_Stream):
    """A file that the other process has: each part is a request."""

    def __init__(self, receive: BinaryIO, send: BinaryIO, size: int) -> None:
        super().__init__(size)
        self._receive, self._send = receive, send

    def _fetch(self, start: int, count: int) -> bytes:
        self._send.write(READ + number(start) + number(count))
        self._send.flush()
        return _received(self._receive)


def _received(receive: BinaryIO) -> bytes:
    count = int.from_bytes(receive.read(8), "little")
    data = receive.read(count)
    if len(data) < count:
        os._exit(1)  # nobody is there any more
    return data


def _listing(root: Any) -> dict[str, Any]:
    from ckptls.checkpoint.formats.hdf5 import hdf5_layout

    listing = hdf5_layout.listing_of(root)
    return {
        "variables": [(name, dtype, shape) for name, (dtype, shape) in listing.kinds.items()],
        "layers": listing.layers,
        "format": listing.format.value,
        "problems": [(each.code, each.what, each.severity.value) for each in listing.problems],
        "holds_model": hdf5_layout.holds_model(root),
    }


def _answer_values(opened: Any, question: dict[str, Any], limits: _Limits, send: BinaryIO) -> None:
    """An answer for each of the names; values after the first 8 MiB are to be asked for again."""
    from ckptls.checkpoint.formats.hdf5 import hdf5_file, hdf5_layout

    sent = 0
    paths = hdf5_layout.weight_paths(opened.root)
    for name in question["names"]:
        if sent > MAX_AHEAD_BYTES:
            _send(send, {"is_later": True})
            continue
        hdf5_file.on_object()
        try:
            plain = hdf5_file.plain_value(
                opened.root, name if paths is None else paths.get(name, "")
            )
            if plain is not None:
                sent += _send_plain(plain, send, has_data=question["ask"] == "value")
                continue
            data_set = hdf5_layout.data_set_of(opened.root, name)
            if data_set is None:
                _send(send, {"is_there": False})
                continue
            num_bytes = hdf5_file.stated_bytes(data_set)
            limits.allow_value(num_bytes)
            if question["ask"] == "verify":
                _send(send, {"is_there": True, "verified_bytes": hdf5_file.verify(data_set, name)})
            else:
                sent += _send_value(data_set, name, num_bytes, send)
        except CheckpointError as error:
            _send(send, _refusal(error))
        except hdf5_file.RAISED as error:
            _send(send, _refusal(hdf5_file.damaged(error)))


def _send_plain(value: Any, send: BinaryIO, *, has_data: bool) -> int:
    """Send a small value with its answer; how many bytes it has."""
    send.write(_plain_answer(value.dtype, value.shape, has_data))
    if has_data:
        is_big = value.dtype.byteorder == ">" or (value.dtype.isnative and sys.byteorder == "big")
        send.write((value.byteswap() if is_big else value).tobytes())
    send.flush()
    return int(value.nbytes)


@lru_cache(maxsize=1000)
def _plain_answer(kind: Any, shape: tuple[int, ...], has_data: bool) -> bytes:
    from ckptls.checkpoint.formats.hdf5 import hdf5_file

    num_bytes = prod(shape) * kind.itemsize
    answer: dict[str, Any] = {"is_there": True, "dtype": hdf5_file.type_name(kind), "shape": shape}
    answer |= {"inline_bytes": num_bytes} if has_data else {"verified_bytes": num_bytes}
    text = json.dumps(answer).encode()
    return ANSWER + number(len(text)) + text


def _send_value(data_set: Any, name: str, num_bytes: int, send: BinaryIO) -> int:
    """Send a value in pieces; how many bytes it has."""
    from ckptls.checkpoint.core.dtypes import STRING
    from ckptls.checkpoint.formats.hdf5 import hdf5_file

    dtype, shape = hdf5_file.check_readable(data_set, name, num_bytes)
    answer: dict[str, Any] = {"is_there": True, "dtype": dtype, "shape": shape}
    if dtype == STRING:
        texts = hdf5_file.texts_of(data_set)
        answer["texts"] = [_bytes(text).decode("latin-1") for text in texts]
        _send(send, answer)
        return sum(map(len, answer["texts"]))
    _send(send, {**answer, "num_bytes": num_bytes})
    for piece in hdf5_file.pieces(data_set):
        is_big = piece.dtype.byteorder == ">" or (piece.dtype.isnative and sys.byteorder == "big")
        data = (piece.byteswap() if is_big else piece).tobytes()
        if data:
            text = json.dumps({"piece": len(data)}).encode()
            send.write(ANSWER + number(len(text)) + text)
            send.write(data)
            send.flush()
    return num_bytes


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
