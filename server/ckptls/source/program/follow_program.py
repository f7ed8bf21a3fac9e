"""Follows one program from its first statement, and gives what it makes and asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ckptls.source.inventory.model_inventory import ModelInventory
from ckptls.source.inventory.restore_request import ProgramFacts


class ProgramFiles(Protocol):
    """The files of a project, as a program imports them."""

    def find(self, name: str, importer: str) -> str | None:
        """The file of a module by the name that a file imports it by, dots before a relative one;
        None if the project has none of that name."""

    def read(self, path: str) -> str | None:
        """The text of a file, notebooks as one program; None if it cannot be read."""


@dataclass(frozen=True, slots=True)
class ProgramOptions:
    """What is known of a program beside its files.

    flags: values of command-line flags, by normalized name.
    keras: 2 or 3; None where it is not known which Keras the program has.
    is_stopped: asked now and then, from the thread that follows the program.
    """

    flags: Mapping[str, str] = field(default_factory=dict)
    keras: int | None = None
    is_stopped: Callable[[], bool] = lambda: False


def follow_program(path: str, files: ProgramFiles, options: ProgramOptions) -> ProgramFacts:
    """Follows the program that begins in a file, until its end or until it is stopped."""
    return ProgramFacts(path, ModelInventory())
