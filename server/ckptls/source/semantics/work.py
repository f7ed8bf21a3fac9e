"""The work that an analysis may do, counted in steps and not in time, so that it ends at the same
place on every machine, and in a document that is edited where it does in a fresh one.

A step is a statement that is run or an expression that is evaluated, some microseconds; what goes
through many values or long texts takes several. Each statement of the top level and each function
counts for itself, and all of them take from what the whole document may take. Where that is used
up, code is still read once, line by line: but loops are run once for all of their items, calls are
not followed, and large values are not looked into.
"""

from __future__ import annotations

# For one statement or function: code that people write takes hundreds.
MAX_STEPS = 25_000
# Statements of other modules among these.
MAX_STEPS_ELSEWHERE = 4_000
# For a whole document: so many, and so many more for each byte of its text.
_STEPS = 120_000
_STEPS_A_BYTE = 0.8
# What is left for each statement or function when all others have used that up, beside a share
# of its length: enough to read it once.
_LEAST = 4
_BYTES_A_STEP = 4
# So many values, or characters of a text, are gone through in one step.
VALUES_A_STEP = 8
# For each name that a string is found to be, which is then looked up and judged.
STEPS_A_SITE = 10
# What takes fewer steps is done even where all are used up.
_FREE = 4


class Work:
    """The steps of the statement or function that is being run, which has so many bytes."""

    __slots__ = ("elsewhere", "least", "length", "limit", "spent", "was_cut")

    def __init__(self, limit: int, length: int = 0) -> None:
        self.length = length
        # What it may take whatever others have taken.
        self.least = _LEAST + length // _BYTES_A_STEP
        self.spent = 0
        self.elsewhere = 0
        self.limit = limit
        # Whether anything was left out.
        self.was_cut = False

    @property
    def is_spent(self) -> bool:
        """Whether loops and calls are no longer followed; the caller then leaves out the rest."""
        if self.spent > self.limit:
            self.was_cut = True
            return True
        return False

    def found(self, sites: int) -> None:
        """Takes the steps for so many sites."""
        self.spent += STEPS_A_SITE * sites

    def affords(self, values: int) -> bool:
        """Takes the steps for going through so many values; whether that may be done."""
        steps = values // VALUES_A_STEP
        if steps > _FREE and self.spent + steps > self.limit:
            self.was_cut = True
            return False
        self.spent += steps
        return True


class Budget:
    """What a document may still take.

    left: steps; statements and functions that are done again take theirs from it.
    """

    __slots__ = ("left",)

    def __init__(self, size: int) -> None:
        self.left = _STEPS + int(size * _STEPS_A_BYTE)

    def limit(self, length: int) -> int:
        """How many steps the next statement or function may take, which has so many bytes."""
        return max(min(MAX_STEPS, self.left), _LEAST + length // _BYTES_A_STEP)

    def allows(self, work: Work) -> bool:
        """Whether what was done, and not cut short, may be done again."""
        spent = work.spent
        if work.was_cut:
            return False
        return spent <= work.least or (spent <= self.left and spent <= MAX_STEPS)
