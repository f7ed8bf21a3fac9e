"""Asking h5py in another process, which is ended if it takes too long or dies of a bad file.

Too long is a second of the processor from one object of the file to the next (and one more for each
16 MiB, of which so many objects may come that sorting them takes time), which a sound file does not
take; and, for all objects, a second and one more for each half MiB. What h5py takes to start is not
counted, nor that the machine is busy otherwise.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any

from ckptls.checkpoint.core import errors
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.formats.hdf5.worker import ANSWER, READ, READY, number
from ckptls.checkpoint.storage.local_file import Closing, OpenFile

if TYPE_CHECKING:
    from numpy import ndarray

SECONDS_TO_START = 60.0
PROCESSOR_SECONDS = 1.0
_MORE_SECONDS_AT_MOST = 120.0
_BYTES_PER_STEP_SECOND = 16 << 20
_BYTES_PER_SECOND = 1 << 19  # of a file that is hardly more than names of small data sets
# By the clock on the wall, for a process that waits for something, and for Windows.
_WALL_SECONDS = 10.0
_WALL_TIMES = 10.0
_SHORT_BYTES = 300
_MAX_ANSWER_BYTES = 256 << 20
# Isolated, so that no folder but those of this process is looked into for modules.
_CODE = "import sys; sys.path[:] = sys.argv[1:]; "
_CODE += "import ckptls.checkpoint.formats.hdf5.worker as c; c.main()"
_ERRORS = (
    "CheckpointDamaged",
    "CheckpointUnsupported",
    "CheckpointTooLarge",
    "CheckpointIncomplete",
)


class Asked(Closing):
    """h5py at work on the HDF5 file in `span` (start, size) of an open file; use it in a `with`.

    Attributes:
        is_in_question: whether an answer was begun and not fetched to its end, so that nothing
            more can be asked.

    Raises:
        CheckpointUnsupported: no process can be started.
    """

    def __init__(self, file: OpenFile, span: tuple[int, int]) -> None:
        self._file, self._span = file, span
        self._descriptor = _inherited(file)
        self._process = _started(self._descriptor)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._send, self._receive = self._process.stdin, self._process.stdout
        self._is_ready = False
        self.is_in_question = False
        self._watch = _Watch(self._process)

    def close(self) -> None:
        """Give it back to the system; it cannot be used any more."""
        self._watch.close()
        self._process.kill()
        for pipe in (self._send, self._receive):
            _close(pipe)
        self._process.wait()

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question that has one, without data.

        Raises:
            CheckpointDamaged: h5py says so, or took too long, or its process ended.
            CheckpointUnsupported: h5py is not installed, or the answer would be too large.
            CheckpointError: what reading the file met.
        """
        self.send(question)
        return self.answer()[0]

    def send(self, question: dict[str, Any]) -> None:
        """Ask a question; each of its answers is then fetched with `answer`, all of them.

        Raises:
            CheckpointError: as `ask`.
        """
        if not self._is_ready:
            self._begin()
        limits = {
            "seconds": self._seconds(_BYTES_PER_SECOND),
            "step_seconds": self._seconds(_BYTES_PER_STEP_SECOND),
        }
        try:
            _send(self._send, json.dumps({**question, **limits}).encode())
        except (OSError, ValueError):
            raise self._ended() from None

    def answer(self) -> tuple[dict[str, Any], ndarray | None]:
        """The next answer, and the bytes that belong to it.

        Raises:
            ProcessEnded: no more can be asked.
            CheckpointError: as `ask`; the next answer may still be fetched.
        """
        self._watch.start(_WALL_SECONDS + self._seconds(_BYTES_PER_SECOND) * _WALL_TIMES)
        self.is_in_question = True
        try:
            answer, data = self._next(), None
            if "inline_bytes" in answer:
                data = self._inline(answer["inline_bytes"])
            elif "num_bytes" in answer:
                data = self._data(answer["num_bytes"])
            self.is_in_question = False
            return answer, data
        except (OSError, EOFError, ValueError):
            raise self._ended() from None
        finally:
            self._watch.stop()

    def _next(self) -> dict[str, Any]:
        """The next answer, while the process is given the parts of the file that it needs."""
        while (kind := self._receive.read(1)) == READ:
            _send(self._send, _stretch(self._file, self._span, self._receive))
        if kind != ANSWER:
            raise EOFError
        count = _number(self._receive)
        if count > _MAX_ANSWER_BYTES:
            raise ValueError("an answer that is too long")
        answer = _parsed(_exactly(self._receive, count))
        if "error" in answer:
            self.is_in_question = False
            raise _error(answer)
        return answer

    def _inline(self, size: int) -> ndarray:
        import numpy

        content = bytearray(_exactly(self._receive, size))
        return numpy.frombuffer(content, numpy.uint8)

    def _data(self, size: int) -> ndarray:
        """So many bytes, which come in pieces, each with its length in an answer of its own."""
        import numpy

        data: ndarray = numpy.empty(size, numpy.uint8)
        place = 0
        while place < size:
            count = self._next()["piece"]
            if not 0 < count <= size - place:
                raise ValueError("more data than was announced")
            _read_into(self._receive, memoryview(data)[place : place + count])  # type: ignore[arg-type]
            place += count
            self._watch.extend()
        return data

    def _seconds(self, bytes_per_second: int) -> float:
        return PROCESSOR_SECONDS + min(self._span[1] / bytes_per_second, _MORE_SECONDS_AT_MOST)

    def _ended(self) -> CheckpointError:
        is_late = self._watch.is_over or self._ran_out_of_time()
        what = "took too long" if is_late else "ended without an answer"
        return ProcessEnded(f"invalid HDF5 file: h5py {what}")

    def _ran_out_of_time(self) -> bool:
        """Whether the system has ended the process for its processor time."""
        try:
            return self._process.wait(1.0) == -getattr(signal, "SIGPROF", 0)
        except subprocess.TimeoutExpired:
            return False

    def _begin(self) -> None:
        self._watch.start(SECONDS_TO_START)
        start, size = self._span
        descriptor = -1 if self._descriptor is None else self._descriptor
        try:
            if self._receive.read(1) != READY:
                raise EOFError
            _send(
                self._send,
                json.dumps({"descriptor": descriptor, "start": start, "size": size}).encode(),
            )
        except (OSError, EOFError):
            raise CheckpointUnsupported("the process that reads HDF5 does not start") from None
        finally:
            self._watch.stop()
        self._is_ready = True


class ProcessEnded(CheckpointDamaged):
    """h5py's process has ended, so that nothing more can be asked of it."""


def _inherited(file: OpenFile) -> int | None:
    """The descriptor that the process may have, so that it need not ask for what it reads."""
    return file.descriptor if os.name == "posix" else None


def _started(descriptor: int | None) -> subprocess.Popen[bytes]:
    paths = [os.path.abspath(path) for path in sys.path if path]
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", _CODE, *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=() if descriptor is None else (descriptor,),
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "HDF5_USE_FILE_LOCKING": "FALSE"},
        )
    except OSError as error:
        raise CheckpointUnsupported(f"no process can be started to read HDF5: {error}") from None


class _Watch:
    """Ends a process that keeps us waiting for too long; one thread for all questions."""

    _IDLE_SECONDS = 10.0

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.is_over = False
        self._process = process
        self._seconds = 0.0
        self._end = float("inf")
        self._is_closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, seconds: float) -> None:
        """From now on it has so many seconds."""
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def extend(self) -> None:
        """It has done something, and has as many seconds again."""
        self._end = time.monotonic() + self._seconds

    def stop(self) -> None:
        """Nobody waits for it any more."""
        self._end = float("inf")

    def close(self) -> None:
        """Leave the process to itself."""
        self._is_closed.set()

    def _run(self) -> None:
        while not self._is_closed.wait(min(self._IDLE_SECONDS, self._end - time.monotonic())):
            if time.monotonic() >= self._end:
                self.is_over = True
                self._process.kill()
                return


def _stretch(file: OpenFile, span: tuple[int, int], pipe: IO[bytes]) -> bytes:
    offset, count = _number(pipe), _number(pipe)
    if offset + count > span[1]:
        raise ValueError("a request for what is not in the file")
    return file.read_at(span[0] + offset, count)


def _parsed(text: bytes) -> dict[str, Any]:
    return _parsed_short(text) if len(text) < _SHORT_BYTES else json.loads(text)


@lru_cache(maxsize=1000)
def _parsed_short(text: bytes) -> dict[str, Any]:
    """An answer, which nobody changes: those for values of one dtype and shape are equal."""
    answer: dict[str, Any] = json.loads(text)
    return answer


def _error(answer: dict[str, Any]) -> CheckpointError:
    name = answer["error"] if answer["error"] in _ERRORS else "CheckpointDamaged"
    kind: type[CheckpointError] = getattr(errors, name)
    return kind(answer["what"], hint=answer["hint"])


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(number(len(data)) + data)
    pipe.flush()


def _number(pipe: IO[bytes]) -> int:
    return int.from_bytes(_exactly(pipe, 8), "little")


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _read_into(pipe: IO[bytes], target: memoryview) -> None:
    place = 0
    while place < len(target):
        count = pipe.readinto(target[place:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        place += count


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:  # what was still to be sent goes nowhere
        pass
