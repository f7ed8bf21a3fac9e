"""Follows one program from its first statement, and gives what it makes and asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ckptls.source.inventory.model_inventory import Gap, ModelInventory, ModelVariable
from ckptls.source.inventory.restore_request import ProgramFacts
from ckptls.source.program import all_models
from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.objects import UNKNOWN, Value
from ckptls.source.program.python import program_flags
from ckptls.source.program.python.builtin_functions import BUILTINS, FUNCTIONS
from ckptls.source.program.python.evaluator import (
    MAX_PROGRAM_STEPS,
    Evaluator,
    Flow,
    OutOfStepsError,
)
from ckptls.source.program.python.program_objects import (
    CodeFile,
    FunctionValue,
    ModuleValue,
)
from ckptls.source.semantics.module import LIBRARIES
from ckptls.source.syntax import ir
from ckptls.source.syntax.lower_statements import Statements
from ckptls.source.syntax.syntax_tree import Syntax
from ckptls.source.text.source_text import SourceText

_MAX_MODULES = 200
_MAX_ENTRIES = 40


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
    """Follows the program that begins in a file, until its end or until it is stopped.

    First the top level is run, as Python runs a script. Then each function of the top level that
    nothing has called, in a run of its own behind the top level: what one of them makes is not
    there for the next one.
    """
    text = files.read(path)
    if text is None:
        return ProgramFacts(path, ModelInventory((), (Gap(None, "the file cannot be read"),)))
    following = _Following(files, options)
    first = following.run(path, text, None)
    found = [first]
    for name in following.uncalled[:_MAX_ENTRIES]:
        if first.is_cut or options.is_stopped():
            break
        found.append(following.run(path, text, name))
    return _joined(path, found)


def _joined(path: str, found: list[ProgramFacts]) -> ProgramFacts:
    """The facts of several runs of one file."""
    if len(found) == 1:
        return found[0]
    variables: dict[ModelVariable, None] = {}
    gaps: dict[Gap, None] = {}
    for each in found:
        variables.update(dict.fromkeys(each.inventory.variables))
        gaps.update(dict.fromkeys(each.inventory.gaps))
    restores = dict.fromkeys(restore for each in found for restore in each.restores)
    return ProgramFacts(
        path,
        ModelInventory(tuple(variables), tuple(gaps)),
        tuple(restores),
        tuple(dict.fromkeys(file for each in found for file in each.files)),
        sum(each.steps for each in found),
        any(each.is_cut for each in found),
    )


class _Following:
    """The runs of one file; what is parsed once is kept for all of them."""

    def __init__(self, files: ProgramFiles, options: ProgramOptions) -> None:
        self._files = files
        self._options = options
        self._parsed: dict[str, tuple[ir.Block, CodeFile] | None] = {}
        self._steps_left = MAX_PROGRAM_STEPS
        self.uncalled: list[str] = []

    def run(self, path: str, text: str, entry: str | None) -> ProgramFacts:
        """Runs the top level, and behind it one of its functions, if that is asked for."""
        self._parsed.setdefault(path, _parse(path, text))
        run = _ProgramRun(self, path, self._options, self._steps_left)
        is_cut = False
        before = 0
        try:
            # Who calls one of its functions imports the file: it is no script then.
            run.run_main("__main__" if entry is None else "program")
            if entry is None:
                self.uncalled = run.find_uncalled()
            else:
                before = len(run.evaluator.restores)
                run.run_entry(entry)
        except (OutOfStepsError, RecursionError):
            is_cut = True
        self._steps_left = max(self._steps_left - run.evaluator.steps, 1)
        inventory = all_models.inventory_of(run.evaluator)
        restores = tuple(run.evaluator.restores[before:])
        files = tuple(run.modules)
        return ProgramFacts(path, inventory, restores, files, run.evaluator.steps, is_cut)

    def parsed(self, path: str) -> tuple[ir.Block, CodeFile] | None:
        """The statements of a file; None if it cannot be read."""
        if path not in self._parsed:
            text = self._files.read(path)
            self._parsed[path] = _parse(path, text) if text is not None else None
        return self._parsed[path]

    def find(self, name: str, importer: str) -> str | None:
        return self._files.find(name, importer)


def _parse(path: str, text: str) -> tuple[ir.Block, CodeFile]:
    source = SourceText(text)
    statements = Statements(text, source.char, lambda node: statements.lower(node))  # noqa: PLW0108
    block = statements.lower_each(Syntax(source).tree.root_node)
    return block, CodeFile(path, source.line_of)


class _ProgramRun:
    """One run: its modules, and the evaluator that runs them."""

    def __init__(
        self, following: _Following, path: str, options: ProgramOptions, limit: int
    ) -> None:
        self._following = following
        self._path = path
        self.modules: dict[str, ModuleValue] = {}
        self.evaluator = Evaluator(
            self._load, BUILTINS, FUNCTIONS, options.keras, options.is_stopped, limit
        )
        table = program_flags.table_of(self.evaluator)
        table.given = dict(options.flags)

    def run_main(self, name: str) -> None:
        self._run_module(self._path, name)

    def _load(self, name: str, importer: str) -> ModuleValue | None:
        top = name.lstrip(".").partition(".")[0]
        if top in LIBRARIES and not name.startswith("."):
            return None
        path = self._following.find(name, importer)
        if path is None or (path == importer and not name.startswith(".")):
            return None
        if path in self.modules:
            return self.modules[path]
        if len(self.modules) >= _MAX_MODULES:
            return None
        return self._run_module(path, name)

    def _run_module(self, path: str, name: str) -> ModuleValue | None:
        parsed = self._following.parsed(path)
        if parsed is None:
            return None
        block, file = parsed
        module = ModuleValue(name, file)
        module.frame.names.update({"__name__": name, "__file__": path})
        self.modules[path] = module
        evaluator = self.evaluator
        before = getattr(evaluator, "frame", None)
        blocks = evaluator.blocks
        evaluator.frame = module.frame
        for statement in block.statements:
            if evaluator.run(statement) is Flow.RAISE:
                break
        evaluator.blocks = blocks
        if before is not None:
            evaluator.frame = before
        return module

    def find_uncalled(self) -> list[str]:
        """Functions of the top level, and methods of its classes, that nothing has called."""
        found: list[str] = []
        main = self.modules[self._path].frame
        for name, value in main.names.items():
            is_own = isinstance(value, FunctionValue) and value.frame is main
            if is_own and id(value.body) not in self.evaluator.called:
                found.append(str(name))
        return found

    def run_entry(self, name: str) -> None:
        function: Value = self.modules[self._path].frame.names.get(name, UNKNOWN)
        if isinstance(function, FunctionValue):
            given = {
                each.name: UNKNOWN
                for each in function.parameters
                if each.name not in function.defaults and not each.kind
            }
            self.evaluator.call(function, Arguments(keywords=given))
