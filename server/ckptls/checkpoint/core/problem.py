"""A problem of a checkpoint, or a note about one: its code, its severity and its sentence."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import Enum


class Severity(Enum):
    """Whether something is wrong (`PROBLEM`) or only worth saying (`NOTE`)."""

    PROBLEM = "problem"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that a listing or `verify` found, or a note.

    Attributes:
        code: the kind of problem, such as `missing-shards`; decisions depend on this, never on
            the sentence.
        what: the sentence, without the path.
        path: the file that it is about; empty if that is the checkpoint itself.
        where: byte offset in the file, or None.
        variable: the variable that it is about, or an empty string.
        severity: whether it counts as a fault.
    """

    code: str
    what: str
    path: str = ""
    where: int | None = None
    variable: str = ""
    severity: Severity = Severity.PROBLEM

    def __str__(self) -> str:
        """Return the sentence with the whole path and the offset."""
        place = "" if self.where is None else f" (at byte {self.where:,})"
        return f"{self.path}: {self.what}{place}" if self.path else f"{self.what}{place}"

    @property
    def sentence(self) -> str:
        """The sentence for a listing, which names a file by its base name."""
        return f"`{os.path.basename(self.path)}`: {self.what}" if self.path else self.what

    @property
    def is_note(self) -> bool:
        """Whether it is about something that is not a fault."""
        return self.severity is Severity.NOTE

    def in_file(self, path: str) -> Problem:
        """Return the same problem, of a file that it does not name yet."""
        return self if self.path else replace(self, path=path)


def make_note(code: str, what: str) -> Problem:
    """Return a note: a sentence about something odd that is not a fault."""
    return Problem(code, what, severity=Severity.NOTE)
