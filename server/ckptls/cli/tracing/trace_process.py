"""Runs the traced side in a process of its own, and collects what it reports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from typing import Any

from ckptls.cli.tracing.trace_request import Request

TRACED_SIDE = Path(__file__).with_name("traced_program.py")
_POLL_SECONDS = 0.05
# How long the traced side may take to end after its last event, or after its time limit.
_GRACE_SECONDS = 5.0
_TERMINATE_SECONDS = 2.0
_OUTPUT_BYTES = 8192

Event = dict[str, Any]


@dataclass
class Trace:
    """What was recorded.

    variables: as the traced side describes them, in the order in which they were made.
    restores: those that the program reached, in order.
    notes: why something may be missing; remarks: what was done otherwise than the program says.
    files: path and SHA-256 of each file of the user's code that was loaded.
    end: the reason why it is over: "finished", "stopped", "failed", "refused", "timeout" or
        "crashed", with what belongs to it.
    output: the end of what the program wrote.
    """

    variables: list[Event] = field(default_factory=list)
    restores: list[Event] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    roots: dict[str, list[Any]] = field(default_factory=dict)
    python: str = ""
    end: Event = field(default_factory=dict)
    output: str = ""
    has_details: bool = False

    def take(self, event: Event) -> None:
        """Add what one event says."""
        kind = event.pop("event")
        if kind == "start":
            self.python = event["python"]
        elif kind == "variable":
            self.variables.append(event)
        elif kind == "restore":
            self.restores.append(event)
        elif kind == "asserts" and self.restores:
            self.restores[-1]["asserts"] = event["asserts"]
        elif kind == "note":
            self.notes.append(event["text"])
        elif kind == "remark":
            self.remarks.append(event["text"])
        elif kind == "details":
            for each in event["variables"]:
                self.variables[each["index"]].update(each)
            self.roots, self.has_details = event["roots"], True
        elif kind == "files":
            self.files = [(path, checksum) for path, checksum in event["files"]]
        elif kind == "end":
            self.end = event

    @property
    def is_whole(self) -> bool:
        """Whether the program came as far as tracing goes."""
        return self.end.get("reason") in ("finished", "stopped") and not self.is_late

    @property
    def is_late(self) -> bool:
        return self.end.get("before") == "the time limit" or self.end.get("reason") == "timeout"


def run_trace(
    request: Request, python: str, *, shows_output: bool, progress: Callable[[int], None]
) -> Trace:
    """Run the program of a request; `progress` is called with the number of variables so far.

    The process and all that it started are ended when this returns or is interrupted.

    Raises:
        OSError: the interpreter cannot be started.
    """
    trace = Trace()
    with tempfile.TemporaryDirectory(prefix="ckptls-trace-") as folder:
        events, output = os.path.join(folder, "events"), os.path.join(folder, "output")
        with _OwnFile(events) as reader, _OwnFile(output) as written:
            command = [python, str(TRACED_SIDE), request.to_json(events)]
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr if shows_output else written.descriptor,
                stderr=sys.stderr if shows_output else written.descriptor,
                env=_environment(),
                **_own_group(),
            )
            try:
                _follow(child, reader, trace, request.timeout, progress)
            finally:
                end_group(child)
            trace.output = written.tail(_OUTPUT_BYTES)
    if not trace.end:
        trace.end = {"reason": "crashed", "code": child.returncode}
    return trace


def _follow(
    child: subprocess.Popen[bytes],
    reader: _OwnFile,
    trace: Trace,
    timeout: float,
    progress: Callable[[int], None],
) -> None:
    limit = time.monotonic() + timeout + _GRACE_SECONDS if timeout else float("inf")
    while True:
        has_ended = child.poll() is not None
        for line in reader.lines():
            trace.take(loads(line))
        progress(len(trace.variables))
        if has_ended:
            return
        if trace.end:
            limit = min(limit, time.monotonic() + _GRACE_SECONDS)
        if time.monotonic() > limit:
            if not trace.end:
                trace.end = {"reason": "timeout"}
            return
        time.sleep(_POLL_SECONDS)


def _environment() -> dict[str, str]:
    """GPUs are left to those who train, unless the environment says which are to be used."""
    return {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"} | os.environ


def _own_group() -> dict[str, Any]:
    """Ctrl-C reaches us alone; the group lets us end whatever the program started."""
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def end_group(child: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started: politely, then for certain."""
    if os.name == "nt":
        child.kill()
        child.wait()
        return
    for number, seconds in ((signal.SIGTERM, _TERMINATE_SECONDS), (signal.SIGKILL, None)):
        try:
            os.killpg(child.pid, number)
        except (ProcessLookupError, PermissionError):
            break
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    child.wait()


class _OwnFile:
    """A file that we made, which the child appends to while we read."""

    def __init__(self, path: str) -> None:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        self.descriptor = os.open(path, flags, 0o600)
        self._reader = os.open(path, os.O_RDONLY)
        self._rest = b""

    def __enter__(self) -> _OwnFile:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self.descriptor)
        os.close(self._reader)

    def lines(self) -> Iterator[bytes]:
        """The whole lines that were appended since the last time."""
        while data := os.read(self._reader, 1 << 20):
            *lines, self._rest = (self._rest + data).split(b"\n")
            yield from lines

    def tail(self, count: int) -> str:
        """The last bytes as text."""
        size = os.fstat(self._reader).st_size
        os.lseek(self._reader, max(0, size - count), os.SEEK_SET)
        return os.read(self._reader, count).decode("utf-8", "replace")
