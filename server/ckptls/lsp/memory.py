"""Memory that was needed for a moment, given back to the system."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache


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
