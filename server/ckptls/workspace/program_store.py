"""What is known of programs as a whole: their variables and what their restores ask for.

Following a program takes longer than a keystroke, so in a server it happens in a thread, from a
snapshot of the open texts; until that is done, what was known before is given.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ckptls.source.inventory.moved_facts import move_facts
from ckptls.source.inventory.restore_request import ProgramFacts
from ckptls.source.program.follow_program import ProgramOptions, follow_program
from ckptls.workspace.disk import MAX_MODULE_BYTES, Disk
from ckptls.workspace.modules import ModuleStore, Place, decode_module

logger = logging.getLogger(__name__)

# A program without any of these words restores nothing.
_RESTORES = re.compile(
    r"restore|load_weights|load_model|load_checkpoint|from_checkpoint|warm_start|WarmStart"
    r"|\.read\(|saved_model|MonitoredTrainingSession|Supervisor|Scaffold"
)
_MAX_PROGRAMS = 16


def may_restore(text: str) -> bool:
    """Whether a program may restore anything: a search for words."""
    return _RESTORES.search(text) is not None


class _Files:
    """The files of a project as a program imports them."""

    def __init__(self, texts: Mapping[str, str], place: Place) -> None:
        self._texts = texts
        self._disk = Disk()
        self._modules = ModuleStore()
        self._place = place

    def find(self, name: str, importer: str) -> str | None:
        """The file of a module by the name that a file imports it by."""
        return self._modules.find(name, importer, self._place)

    def read(self, path: str) -> str | None:
        """The text of a file; None if it is no code that can be read."""
        if path in self._texts:
            text = self._texts[path]
            return text if len(text) <= MAX_MODULE_BYTES else None
        return decode_module(self._disk.data(path))


@dataclass(frozen=True, slots=True)
class Program:
    """A program to be followed, as it is at one moment.

    path: of the file, or where a document that is not saved would be.
    texts: of the open documents, by path.
    keras: 2 or 3; None where it is not known.
    generation: that of the store, when this was made.
    """

    path: str
    text: str
    texts: Mapping[str, str]
    place: Place
    keras: int | None = None
    generation: int = 0

    def follow(self, is_stopped: Callable[[], bool] = lambda: False) -> ProgramFacts | None:
        """Follows it, from any thread; None if it was stopped, or could not be followed."""
        options = ProgramOptions(flags=self.place.flags, keras=self.keras, is_stopped=is_stopped)
        files = _Files({**self.texts, self.path: self.text}, self.place)
        try:
            facts = follow_program(self.path, files, options)
        except Exception:  # an error of ours: everything else about the file is still known
            logger.exception("following %s failed", self.path)
            return None
        return None if is_stopped() else facts


@dataclass(slots=True)
class _Known:
    """A program that was followed, and what came of it."""

    program: Program
    facts: ProgramFacts


class ProgramStore:
    """The programs that were followed, by path; belongs to one thread."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._generation = 0

    def make_program(
        self, path: str, text: str, texts: Mapping[str, str], place: Place, keras: int | None
    ) -> Program:
        """A snapshot of a program and of the documents that it may import."""
        return Program(path, text, texts, place, keras, self._generation)

    def is_fresh(self, program: Program) -> bool:
        """Whether the program was followed as it is now."""
        known = self._known.get(program.path)
        if known is None:
            return False
        before = known.program
        if (before.text, before.generation) != (program.text, program.generation):
            return False
        if (before.keras, before.place) != (program.keras, program.place):
            return False
        others = (path for path in known.facts.files if path != program.path)
        return all(before.texts.get(path) == program.texts.get(path) for path in others)

    def facts(self, program: Program) -> ProgramFacts | None:
        """What was found out last, with its places in the program's text; None if nothing was."""
        known = self._known.get(program.path)
        if known is None:
            return None
        if known.program.text == program.text:
            return known.facts
        return move_facts(known.facts, known.program.text, program.text)

    def keep(self, program: Program, facts: ProgramFacts) -> None:
        """Keeps what following a program gave."""
        self._known.pop(program.path, None)
        self._known[program.path] = _Known(program, facts)
        for older in list(self._known)[:-_MAX_PROGRAMS]:
            del self._known[older]

    def forget(self, path: str) -> None:
        """A document was closed."""
        self._known.pop(path, None)

    def invalidate(self) -> None:
        """Files or settings have changed: programs are followed again when they are asked for."""
        self._generation += 1
