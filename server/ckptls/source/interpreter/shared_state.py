"""What the runs of statements and functions share, and the only way to read it.

A run that reads something here rests on the answer: it is done again when the answer changes. So
each read is noted by all runs under way, and no read can be written that is not noted: the tables
are private, and each method that reads one for a run also notes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckptls.source.semantics.run_state import Answers, AttributeKey, Frame, Recorder
from ckptls.source.semantics.values import Values, union

if TYPE_CHECKING:
    from ckptls.source.semantics.module import Environment, Module
    from ckptls.source.syntax.ir import Chunk


class SharedState:
    """Names of the top level, attributes of classes and objects, and imported modules.

    Attributes:
        recorders: those of the runs under way, the outermost first.
        writes: how often something here was changed.
    """

    def __init__(self, module: Frame, root: Chunk, environment: Environment) -> None:
        self.recorders: list[Recorder] = []
        self.writes = 0
        self._variables = module.variables
        self._pool = root.pool
        self._environment = environment
        self._attributes: dict[AttributeKey, Values] = {}
        self._imports: list[Module] = []
        self._modules: dict[str, Module | None] = {}

    # Reads of runs

    def read_name(self, name: str) -> Values | None:
        """The values of a name of the top level; None if it has none."""
        values = self._variables.get(name)
        for recorder in self.recorders:
            recorder.note_name(name, values)
        return values

    def read_attribute(self, key: AttributeKey) -> Values | None:
        """What was assigned to an attribute here, or where its class comes from."""
        values = self._attribute(key)
        for recorder in self.recorders:
            recorder.note_attribute(key, values)
        return values

    def read_module(self, name: str) -> Module | None:
        """A module of the project by its name as an import writes it."""
        module = self._module(name)
        for recorder in self.recorders:
            recorder.note_module(name, module)
        return module

    def read_imported(self) -> tuple[Module, ...]:
        """The modules that the document has imported so far."""
        modules = tuple(self._imports)
        for recorder in self.recorders:
            recorder.note_imported(modules)
        return modules

    def note_answers(self, answers: Answers) -> None:
        """Notes reads of a run whose result is used again."""
        for recorder in self.recorders:
            for name, values in answers.names.items():
                recorder.note_name(name, values)
            for key, values in answers.attributes.items():
                recorder.note_attribute(key, values)
            for name, module in answers.modules.items():
                recorder.note_module(name, module)
            if answers.imported is not None:
                recorder.note_imported(answers.imported)

    # Writes

    def note_name_write(self, name: str) -> None:
        """A name of the top level was assigned."""
        self.writes += 1
        for recorder in self.recorders:
            recorder.written.add(name)

    def write_attribute(self, key: AttributeKey, values: Values) -> None:
        """An attribute was assigned by the runs under way."""
        self.read_attribute(key)
        for recorder in self.recorders:
            recorder.written_keys.add(key)
        self.add_attribute(key, values)

    def add_attribute(self, key: AttributeKey, values: Values) -> None:
        """An attribute has these values, too."""
        known = self._attributes.get(key)
        if known is None or not set(values) <= set(known):
            self.writes += 1
            self._attributes[key] = union(known or (), values)

    def add_import(self, module: Module | None) -> None:
        """The document imports a module: it may have set flags."""
        if module is not None and module not in self._imports:
            self._imports.append(module)
            self.writes += 1

    # Between runs

    def is_unchanged(self, answers: Answers) -> bool:
        """Whether all that a run read has the values that it got."""
        variables = self._variables
        for name, known in answers.names.items():
            values = variables.get(name)
            if values is not known and values != known:
                return False
        for key, known in answers.attributes.items():
            values = self._attribute(key)
            if values is not known and values != known:
                return False
        for name, module in answers.modules.items():
            found = self._module(name)
            if found is not module and found != module:
                return False
        return answers.imported is None or answers.imported == tuple(self._imports)

    @property
    def attributes(self) -> dict[AttributeKey, Values]:
        """All attributes that were assigned; not for a run, which would not note the read."""
        return self._attributes

    @property
    def imported(self) -> tuple[Module, ...]:
        """All modules that were imported; not for a run, which would not note the read."""
        return tuple(self._imports)

    def _attribute(self, key: AttributeKey) -> Values | None:
        values = self._attributes.get(key)
        pool = key[0].pool
        if pool is not None and pool is not self._pool and pool.home is not None:
            over_there: Values | None = pool.home.attribute(key)
            if over_there is not None:
                values = union(values or (), over_there)
        return values

    def _module(self, name: str) -> Module | None:
        if name not in self._modules:
            self._modules[name] = self._environment.module(name)
        return self._modules[name]
