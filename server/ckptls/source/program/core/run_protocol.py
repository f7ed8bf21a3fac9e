"""What the models of libraries may ask of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from ckptls.source.inventory.model_inventory import CodeSpan, Gap
from ckptls.source.inventory.restore_request import RestoreRequest
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.objects import Value

S = TypeVar("S")


class Run(Protocol):
    """One program that is being followed.

    Attributes:
        is_certain: the code that is run now is reached whenever the program runs to its end.
        is_guarded: it stands in a `try` that catches errors, or under a test of a name or file.
        keras: 2 or 3, or None where it is not known which Keras the program has.
        gaps: all that were noted so far.
        blocks: the blocks of uncertain code that are being run, outermost first, each with a
            number of its own: what is made in a block is there for all that follows in it.
    """

    is_guarded: bool
    keras: int | None
    blocks: tuple[int, ...]

    @property
    def gaps(self) -> Sequence[Gap]: ...

    @property
    def is_certain(self) -> bool: ...

    def state(self, make: Callable[[], S]) -> S:
        """The state of a library model in this run: made once for each `make`, by `make()`."""

    def place(self) -> CodeSpan | None:
        """The innermost call that is being run and is written in a file of the project."""

    def call(self, function: Value, arguments: Arguments) -> Value:
        """Calls a value of the program."""

    def get_attribute(self, value: Value, name: str) -> Value:
        """An attribute of any value."""

    def iterate(self, value: Value) -> list[Value] | None:
        """The items of any value in order; None where they are not known."""

    def truth(self, value: Value) -> bool | None:
        """Whether a value is true; None where that is not known."""

    def note_gap(self, reason: str, place: CodeSpan | None = None) -> None:
        """Something that may make variables could not be followed."""

    def note_restore(self, request: RestoreRequest) -> None:
        """The program reaches a restore."""

    def uncertain(self) -> AbstractContextManager[Any]:
        """Runs what is inside as code that may not be reached."""
