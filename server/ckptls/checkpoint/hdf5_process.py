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
from typing import IO, Any

from ckptls.checkpoint import errors
from ckptls.checkpoint.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.files import Closing, OpenFile
from ckptls.checkpoint.hdf5_child import ANSWER, READ, READY, number

SECONDS_TO_START = 60.0
PROCESSOR_SECONDS = 1.0
_MORE_SECONDS_AT_MOST = 120.0
_BYTES_PER_STEP_SECOND = 16 << 20
_BYTES_PER_SECOND = 1 << 19  # of a file that is hardly more than names of small data sets
# By the clock on the wall, for a process that waits for something, and for Windows.
_WALL_SECONDS = 10.0
_WALL_TIMES = 10.0
_MAX_ANSWER_BYTES = 256 << 20
# Isolated, so that no folder but those of this process is looked into for modules.
_CODE = "import sys; sys.path[:] = sys.argv[1:]; import ckptls.checkpoint.hdf5_child as c; c.main()"
_ERRORS = ("CheckpointDamaged", "CheckpointUnsupported", "CheckpointIncomplete")


class Asked(Closing):
    """h5py at work on the HDF5 file in `span` (start, size) of an open file; use it in a `with`.

    Raises:
        CheckpointUnsupported: no process can be started.
    """

    def __init__(self, file: OpenFile, span: tuple[int, int]) -> None:
        self._file, self._span = file, span
        self._process = _started()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._send, self._receive = self._process.stdin, self._process.stdout
        self._is_ready = False

    def close(self) -> None:
        """Give it back to the system; it cannot be used any more."""
        self._process.kill()
        for pipe in (self._send, self._receive):
            _close(pipe)
        self._process.wait()

    def ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The answer to one question: JSON, and data. After an error no more can be asked.

        Raises:
            CheckpointDamaged: h5py says so, or took too long, or its process ended.
            CheckpointUnsupported: h5py is not installed, or the answer would be too large.
            CheckpointError: what reading the file met.
        """
        if not self._is_ready:
            self._begin()
        seconds = self._seconds(_BYTES_PER_SECOND)
        limits = {"seconds": seconds, "step_seconds": self._seconds(_BYTES_PER_STEP_SECOND)}
        deadline = _Deadline(self._process, _WALL_SECONDS + seconds * _WALL_TIMES)
        try:
            _send(self._send, json.dumps({**question, **limits}).encode())
            while (kind := self._receive.read(1)) == READ:
                _send(self._send, _stretch(self._file, self._span, self._receive))
            if kind != ANSWER:
                raise EOFError
            return _answer(self._receive)
        except (OSError, EOFError, ValueError):
            is_late = deadline.is_over or self._ran_out_of_time()
            what = "took too long" if is_late else "ended without an answer"
            raise CheckpointDamaged(f"no sound HDF5 file: h5py {what}") from None
        finally:
            deadline.cancel()

    def _seconds(self, bytes_per_second: int) -> float:
        return PROCESSOR_SECONDS + min(self._span[1] / bytes_per_second, _MORE_SECONDS_AT_MOST)

    def _ran_out_of_time(self) -> bool:
        """Whether the system has ended the process for its processor time."""
        try:
            return self._process.wait(1.0) == -getattr(signal, "SIGPROF", 0)
        except subprocess.TimeoutExpired:
            return False

    def _begin(self) -> None:
        deadline = _Deadline(self._process, SECONDS_TO_START)
        try:
            if self._receive.read(1) != READY:
                raise EOFError
            _send(self._send, number(self._span[1]))
        except (OSError, EOFError):
            raise CheckpointUnsupported("the process that reads HDF5 does not start") from None
        finally:
            deadline.cancel()
        self._is_ready = True


def _started() -> subprocess.Popen[bytes]:
    paths = [os.path.abspath(path) for path in sys.path if path]
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", _CODE, *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "HDF5_USE_FILE_LOCKING": "FALSE"},
        )
    except OSError as error:
        raise CheckpointUnsupported(f"no process can be started to read HDF5: {error}") from None


class _Deadline:
    """Ends a process some time from now, unless it is cancelled before."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.is_over = False
        self._process = process
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.is_over = True
        self._process.kill()


def _stretch(file: OpenFile, span: tuple[int, int], pipe: IO[bytes]) -> bytes:
    offset, count = _number(pipe), _number(pipe)
    if offset + count > span[1]:
        raise ValueError("a request for what is not in the file")
    return file.read_at(span[0] + offset, count)


def _answer(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    text_bytes, data_bytes = _number(pipe), _number(pipe)
    if text_bytes > _MAX_ANSWER_BYTES:
        raise ValueError("an answer that is too long")
    text, data = pipe.read(text_bytes), pipe.read(data_bytes)
    if len(data) < data_bytes:
        raise EOFError
    answer: dict[str, Any] = json.loads(text)
    if "error" in answer:
        raise _error(answer)
    return answer, data


def _error(answer: dict[str, Any]) -> CheckpointError:
    name = answer["error"] if answer["error"] in _ERRORS else "CheckpointDamaged"
    kind: type[CheckpointError] = getattr(errors, name)
    return kind(answer["what"], hint=answer["hint"])


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(number(len(data)) + data)
    pipe.flush()


def _number(pipe: IO[bytes]) -> int:
    data = pipe.read(8)
    if len(data) < 8:
        raise EOFError
    return int.from_bytes(data, "little")


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:  # what was still to be sent goes nowhere
        pass
