"""Memory that is not needed, given back to the system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from ckptls.source.text import SourceText
from ckptls.workspace.workspace import OpenDocument

_IDLE_SECONDS = 10.0


class Resting:
    """Has documents rest that were left alone while another one was edited."""

    def __init__(self) -> None:
        # The texts at the last look, and since when they are those.
        self._since: dict[str, tuple[SourceText, float]] = {}

    def look(self, documents: Mapping[str, OpenDocument], now: float) -> None:
        """Looks at the documents that are open; `now` is in seconds, of any clock."""
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


def give_back() -> None:
    """Gives back what the allocator of the C library keeps free, where it can be asked to.

    Reading a large checkpoint frees some ten megabytes between blocks that stay, which glibc
    would keep for good. Takes a few milliseconds; may be called from any thread.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """glibc's malloc_trim(3); None elsewhere."""
    try:
        from ctypes import CDLL

        trim: Callable[[int], int] = CDLL(None).malloc_trim
    except (ImportError, OSError, TypeError, AttributeError):
        return None  # another library, another system
    return trim
