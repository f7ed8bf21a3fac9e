"""What `verify` found: problems and notes, and how much it verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.core.problem import Problem, make_note


@dataclass(slots=True)
class Report:
    """What was verified and what was found; `verify` fills it as it goes on.

    Attributes:
        problems: what is wrong.
        notes: what is odd but sound, or was not verified.
        files, blocks, tensors: how many were verified; `size_bytes` is their size.
        unverified: how many tensors could not be verified; the notes say why.
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
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

    def add_listed(self, problems: Iterable[Problem], path: str) -> None:
        """Add the problems and notes of a listing; `path` is the file of those that name none."""
        for problem in problems:
            if problem.is_note:
                self.add_note(problem.code, problem.sentence)
            else:
                self.add_problem(problem.in_file(path))

    def add_problem(self, problem: Problem) -> None:
        """Add a problem, unless it was added before."""
        if problem not in self._known:
            self._known.add(problem)
            self.problems.append(problem)

    def add_note(self, code: str, sentence: str) -> None:
        """Add a note, unless the same sentence was added before."""
        if all(note.what != sentence for note in self.notes):
            self.notes.append(make_note(code, sentence))

    def add_error(self, error: CheckpointError, path: str, variable: str = "") -> None:
        """Add an error that a reader raised as a problem."""
        # The cause of damage is unknown; what to do about another kind of file is known.
        is_other = isinstance(error, CheckpointUnsupported) and error.hint
        what = f"{error.what}; {error.hint}" if is_other else error.what
        self.add_problem(Problem(error.code, what, error.path or path, error.where, variable))


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """How thoroughly to verify, and what to call with the progress.

    Attributes:
        is_quick: verify the structure and the sizes, not the values.
        progress: called with (bytes done, bytes in all) while values are read.
    """

    is_quick: bool = False
    progress: Callable[[int, int], None] = lambda done, total: None


THOROUGH = VerifyOptions()
