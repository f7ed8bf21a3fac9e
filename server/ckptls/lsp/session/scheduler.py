"""Work in threads: named lanes, each with a limit on how many jobs it runs at a time.

A job gets a snapshot and returns a value. Only the event loop, which awaits the value, writes
the state of a session.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from ckptls.checkpoint.storage.filesystem import is_remote

_Result = TypeVar("_Result")


class Lane:
    """Runs jobs in daemon threads, at most `width` at a time; `name` is that of its threads.

    A job that has begun keeps its place until its thread is done, even if nobody awaits its
    value any more. A job that is cancelled before that never begins. The threads end with the
    process: a file system that does not answer must not keep the server from ending.
    """

    def __init__(self, name: str, width: int) -> None:
        self.name = name
        self._free = asyncio.Semaphore(width)

    async def run(self, job: Callable[..., _Result], *args: object) -> _Result:
        """Returns what `job(*args)` returns, or raises what it raises."""
        await self._free.acquire()
        try:
            future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
            work = (future, self._free, job, args)
            threading.Thread(target=_run, args=work, name=self.name, daemon=True).start()
        except BaseException:
            self._free.release()
            raise
        return await future


class Scheduler:
    """The lanes of one session.

    Attributes:
        local_io: reads checkpoints and settings on this machine, whose disk may be slow.
        remote_io: reads checkpoints on other machines, which may never answer.
        module_io: looks at modules that analyses ask for. They never wait behind checkpoints,
            because completions wait for them.
        cpu: makes answers that take long. These never wait for a disk.
        folders: goes through all files of a folder, which may take minutes: looks for
            checkpoints, calls and changed files, checks of closed files, and two searches.
    """

    def __init__(self) -> None:
        self.local_io = Lane("local_io", 4)
        self.remote_io = Lane("remote_io", 4)
        self.module_io = Lane("module_io", 1)
        self.cpu = Lane("cpu", 2)
        self.folders = Lane("folders", 6)

    def lane_of(self, path: str) -> Lane:
        """Returns the lane that reads a checkpoint at a path or URL."""
        return self.remote_io if is_remote(path) else self.local_io


def _run(
    future: asyncio.Future[_Result],
    free: asyncio.Semaphore,
    job: Callable[..., _Result],
    args: tuple[object, ...],
) -> None:
    result: _Result | None = None
    error: BaseException | None = None
    try:
        result = job(*args)
    except BaseException as raised:  # noqa: BLE001  it is raised where it is awaited
        error = raised

    def hand_over() -> None:
        free.release()
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    try:
        future.get_loop().call_soon_threadsafe(hand_over)
    except RuntimeError:
        return  # the loop is closed: nothing waits any more
