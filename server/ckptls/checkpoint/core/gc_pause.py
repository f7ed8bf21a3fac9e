"""Holding back the garbage collector while a great many objects without cycles are made."""

from __future__ import annotations

import gc


class CollectorPaused:
    """A `with` block in which the cyclic collector does not run.

    It would walk the growing lists again and again, and in a process with a large heap
    that can take longer than making them.
    """

    __slots__ = ("_was_enabled",)

    def __enter__(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._was_enabled:
            gc.enable()
