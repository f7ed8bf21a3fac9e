"""Returns memory that is not needed to the system."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from functools import cache

from ckptls.source.text.source_text import SourceText
from ckptls.workspace.workspace import OpenDocument

_IDLE_SECONDS = 10.0
# A pause in which the garbage collector may stop everything for some ten milliseconds.
_PAUSE_SECONDS = 1.0
# A user who never pauses is interrupted after so long.
_MOST_SECONDS = 60.0
# Collecting takes at most this share of the time.
_SHARE = 0.01


class IdleTreeEvictor:
    """Drops the syntax trees of documents that were left alone while another one was edited."""

    def __init__(self) -> None:
        # The texts at the last look, and the time since when they are unchanged.
        self._since: dict[str, tuple[SourceText, float]] = {}

    def look(self, documents: Mapping[str, OpenDocument], now: float) -> None:
        """Drops the trees of idle documents; `now` is in seconds, by any monotonic clock."""
        before, self._since = self._since, {}
        for uri, opened in documents.items():
            source = opened.document.source
            known = before.get(uri)
            if known is None or known[0] is not source:
                known = (source, now)
            self._since[uri] = known
        newest = max((since for _, since in self._since.values()), default=now)
        for uri, (_, since) in self._since.items():
            if since < newest and now - since >= _IDLE_SECONDS:
                documents[uri].document.rest()


class IdleCollector:
    """Collects garbage while the client asks for nothing.

    Hardly anything needs it: what an edit replaces is freed by its reference counts (see
    `ChunkPool`). What is left are circles in libraries, in modules that import each other and in
    errors. `idle_seconds` returns the seconds since the last message; `clock` the time in seconds.
    """

    def __init__(
        self, idle_seconds: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle_seconds, self._clock = idle_seconds, clock
        self._ended = clock()
        self._not_before = 0.0
        self._is_first = True

    def look(self) -> bool:
        """Collects if there was work since the last time and the client is idle; returns whether
        it did. To be called from time to time."""
        now, idle = self._clock(), self._idle_seconds()
        is_good = idle >= _PAUSE_SECONDS or (idle > 0 and now - self._ended >= _MOST_SECONDS)
        is_needed = self._is_first or idle < now - self._ended
        if not is_good or not is_needed or now < self._not_before:
            return False
        gc.collect()
        if self._is_first:
            # Modules, classes and functions stay for good, so later collections skip them.
            gc.freeze()
            self._is_first = False
        self._ended = self._clock()
        self._not_before = self._ended + (self._ended - now) / _SHARE
        return True


def give_back() -> None:
    """Returns free memory of the C library's allocator to the system, where that is possible.

    Reading a large checkpoint frees some ten megabytes between blocks that stay, which glibc
    would keep for good. Takes a few milliseconds; may be called from any thread.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Returns malloc_trim(3) of glibc; None elsewhere."""
    try:
        from ctypes import CDLL

        trim: Callable[[int], int] = CDLL(None).malloc_trim
    except (ImportError, OSError, TypeError, AttributeError):
        return None  # another library, another system
    return trim
