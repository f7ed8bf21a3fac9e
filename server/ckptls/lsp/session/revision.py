"""Counts the changes of what answers rest on, and wakes tasks that wait for one."""

from __future__ import annotations

import asyncio
from enum import Enum, auto


class Input(Enum):
    """What may change under an answer."""

    TEXT = auto()  # the text of an open program
    DOCUMENTS = auto()  # which programs are open
    DISK = auto()  # checkpoints, modules and other files
    SETTINGS = auto()


# What all findings rest on, beside the texts.
SURROUNDINGS = (Input.DISK, Input.SETTINGS)


class Revision:
    """Counts the changes of each input; belongs to the event loop."""

    def __init__(self) -> None:
        self._numbers = dict.fromkeys(Input, 0)
        self._changed = asyncio.Event()

    def advance(self, changed: Input) -> None:
        """Counts a change, and wakes all who wait for one."""
        self._numbers[changed] += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def number(self, *inputs: Input) -> int:
        """Returns how often any of these inputs has changed."""
        return sum(self._numbers[each] for each in inputs)

    async def wait_beyond(self, number: int, *inputs: Input) -> None:
        """Waits until these inputs have changed since they had that number."""
        while self.number(*inputs) <= number:
            await self._changed.wait()
