"""Work that may take long because another machine is slow: in threads of its own.

The threads that read this machine's disk are few. They must not be taken up by requests
that nobody answers, and the end of the server must not wait for these.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

_AT_ONCE = 4
_Result = TypeVar("_Result")


class Aside:
    """Runs functions in threads that end with the process, a few at a time."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def run(self, function: Callable[..., _Result], *args: object) -> _Result:
        """What the function returns or raises."""
        async with self._free:
            future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
            work = threading.Thread(target=_run, args=(future, function, args), daemon=True)
            work.start()
            return await future


def _run(
    future: asyncio.Future[_Result], function: Callable[..., _Result], args: tuple[object, ...]
) -> None:
    result: _Result | None = None
    error: BaseException | None = None
    try:
        result = function(*args)
    except BaseException as raised:  # noqa: BLE001  it is raised where it is awaited
        error = raised

    def hand_over() -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    try:
        future.get_loop().call_soon_threadsafe(hand_over)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more
