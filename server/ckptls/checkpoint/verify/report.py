"""What `verify` found: problems, and what was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.types import FileProblem, is_remark


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        path: the file.
        what: what is wrong with it, without the path.
        where: byte offset in the file, or None.
        variable: the variable that it concerns, or an empty string.
    """

    path: str
    what: str
    where: int | None = None
    variable: str = ""

    def __str__(self) -> str:
        place = "" if self.where is None else f" (at byte {self.where:,})"
        return f"{self.path}: {self.what}{place}"


@dataclass(slots=True)
class Report:
    """What was verified, and what came of it; filled while it goes on.

    Attributes:
        problems: what is wrong.
        notes: sentences about what is odd but sound, or was not verified.
        files, blocks, tensors: how many were verified; `size_bytes` is their size.
        unverified: how many tensors could not be verified; the notes say why.
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    blocks: int = 0
    tensors: int = 0
    size_bytes: int = 0
    unverified: int = 0
    _known: set[Problem] = field(default_factory=set)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def add_sentences(self, sentences: Iterable[str], path: str) -> None:
        """Add what a listing has found odd: a `Remark` as a note, all else as a problem."""
        for sentence in sentences:
            if is_remark(sentence):
                self.note(sentence)
            elif isinstance(sentence, FileProblem):
                self.add_problem(Problem(sentence.path, sentence.what))
            else:
                self.add_problem(Problem(path, sentence))

    def add_problem(self, problem: Problem) -> None:
        """Add a problem, unless it is known."""
        if problem not in self._known:
            self._known.add(problem)
            self.problems.append(problem)

    def note(self, sentence: str) -> None:
        """Add a note, unless it is known."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def add(self, error: CheckpointError, path: str, variable: str = "") -> None:
        """Note an error that a reader raised as a problem."""
        # What damaged it nobody knows; what to do about another kind of file is known.
        is_other = isinstance(error, CheckpointUnsupported) and error.hint
        what = f"{error.what}; {error.hint}" if is_other else error.what
        self.add_problem(Problem(error.path or path, what, error.where, variable))


@dataclass(frozen=True, slots=True)
class Effort:
    """How thorough to be, and what to call while it goes on.

    Attributes:
        is_quick: leave the values out; the structure and the sizes are verified.
        progress: called with (bytes done, bytes in all) while values are read.
    """

    is_quick: bool = False
    progress: Callable[[int, int], None] = lambda done, total: None


THOROUGH = Effort()
