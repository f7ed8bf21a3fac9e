"""Names and attributes: what they are worth here, in the frames around, in other modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ckptls.source.interpreter.shared_state import SharedState
from ckptls.source.semantics.module import LIBRARIES, Environment, all_imported
from ckptls.source.semantics.pattern_text import UNKNOWN_TEXT, text
from ckptls.source.semantics.run_state import (
    Effects,
    Frame,
)
from ckptls.source.semantics.values import (
    UNKNOWN,
    ClassValue,
    EnvironmentLike,
    Imported,
    ModuleLike,
    Qualified,
    Value,
    Values,
    union,
)
from ckptls.source.semantics.work import Work
from ckptls.source.syntax.ir import Chunk

_BUILTINS = (
    *("dict", "list", "tuple", "set", "frozenset", "sorted", "str", "unicode", "vars", "getattr"),
    *("range", "xrange", "zip", "enumerate", "reversed", "super", "map", "next", "iter"),
    *("max", "min", "len", "filter", "int"),
)
# Names that mean the same in every module unless it binds them; people paste snippets and
# notebook cells without their imports, so the two customary aliases are among them.
_FALLBACK = {
    "tf": "tensorflow",
    "slim": "tf_slim",
    "os": "os",
    **{name: f"builtins.{name}" for name in _BUILTINS},
}


# Libraries from which people import everything at once.
STARRED = frozenset({"tensorflow", "tf_slim", "keras", "tf_keras"})


class Names:
    """Looks names up in a frame, and notes what was read and written.

    What a run reads from outside it comes from `shared`, which notes it: names of the top level,
    attributes of classes and objects, modules. Nothing else that other runs leave may be read.
    """

    def __init__(self, module: Frame, chunk: Chunk, environment: Environment) -> None:
        self.frame = module
        self.module = module
        self.chunk = chunk
        self.root = chunk
        self.environment = environment
        self.effects = Effects()
        self.work = Work(0)
        # How deep statements and expressions are nested that are being run.
        self.nesting = 0
        self.shared = SharedState(module, chunk, environment)
        # What functions of the document declare as `global`.
        self.global_names: frozenset[str] = frozenset()
        # For each branch of the top level that is being run: what its recorders had written.
        self._written: list[list[set[str]]] = []

    def imported_module(self, name: str) -> ModuleLike | None:
        """A module of the project by its name as the code that is run imports it."""
        if name.partition(".")[0] in LIBRARIES:
            return None
        if self.frame.home is not None:
            return self.frame.home.environment.module(name)
        found = self.shared.read_module(name)
        self.shared.add_import(found)
        return found

    def lookup(self, name: str) -> Values:
        """The values of a name, here or in the frames around."""
        return self.resolved(self._found(name))

    def _found(self, name: str) -> Values:
        frame: Frame | None = self.frame
        if name == "__file__":
            path = self.environment_here.path
            return (text(path),) if path is not None else (UNKNOWN_TEXT,)
        while frame is not None and frame.parent is not None:
            values = frame.variables.get(name)
            if values is not None:
                return values
            frame = frame.parent
        if frame is not None:
            known = self._at_top(frame, name)
            if known is not None:
                return known
        qualified = _FALLBACK.get(name)
        return (Qualified(qualified),) if qualified is not None else UNKNOWN

    def _at_top(self, frame: Frame, name: str) -> Values | None:
        """The values of a name of this document's top level, or of another module's."""
        if frame.home is not None:
            values = frame.home.get(name)
            return self._starred(frame.home.get("*") or (), name) if values is None else values
        values = self.shared.read_name(name)
        if values is not None:
            return self._with_global(name, values)
        starred = self.shared.read_name("*")
        return self._starred(starred, name) if starred is not None else None

    def _with_global(self, name: str, values: Values) -> Values:
        """A name of the top level, with what functions that declare it `global` assign to it."""
        if name not in self.global_names or self.root.pool is None:
            return values
        given = self.read_key((self.root.pool.globals, name))
        return union(values, given) if given else values

    def _starred(self, modules: Values, name: str) -> Values | None:
        """The values of a name that `from module import *` brought, the last one's first."""
        for each in reversed(modules):
            if isinstance(each, Qualified) and self.catalogued(f"{each.name}.{name}"):
                return (Qualified(f"{each.name}.{name}"),)
            if isinstance(each, Imported) and name != "*":
                values = each.module.get(name)
                if values is not None and each.module.gives(name):
                    return values
        return None

    @property
    def environment_here(self) -> EnvironmentLike:
        """The world around the code that is being run."""
        home = self.frame.home
        return self.environment if home is None else home.environment

    def resolved(self, values: Values, depth: int = 0) -> Values:
        """The values, with names of other modules looked up there."""
        for value in values:
            if type(value) is Imported and value.name:
                break
        else:
            return values
        if depth > 8:
            return UNKNOWN
        return union(*(self._imported(value, depth) for value in values))

    def _imported(self, value: Value, depth: int) -> Values:
        if not isinstance(value, Imported) or not value.name:
            return (value,)
        values = value.module.get(value.name)
        if values is None:
            values = self._starred(value.module.get("*") or (), value.name)
        if values is not None:
            return self.resolved(values, depth + 1)
        below = value.module.environment.module("." + value.name)
        return (Imported(below),) if below is not None else UNKNOWN

    def assign(self, name: str, values: Values) -> None:
        """Binds a name of the current frame."""
        frame = self.frame
        frame.assign(name, values)
        if frame is self.module:
            self.shared.note_name_write(name)
        elif name in frame.globals and frame.home is None and self.root.pool is not None:
            self.write_key((self.root.pool.globals, name), values)

    def star(self, values: Values) -> None:
        """`from module import *` was met in the current frame."""
        known = self.shared.read_name("*") if self.frame is self.module else None
        self.assign("*", union(known or (), values))

    def branch(self) -> None:
        """What is assigned in the current frame from here on may be taken back."""
        self.frame.branch()
        if self.frame is self.module:
            self._written.append([set(each.written) for each in self.shared.recorders])

    def take_back(self) -> dict[str, Values]:
        """Ends a branch: nothing was assigned; gives what was (see `Frame.take_back`)."""
        if self.frame is self.module:
            self.shared.writes += 1
            for recorder, names in zip(self.shared.recorders, self._written.pop(), strict=True):
                recorder.written = names
        return self.frame.take_back()

    def joined(self, branches: list[dict[str, Values]]) -> dict[str, Values]:
        """The values of names behind several branches, of which an unknown one is taken."""
        if len(branches) == 1:
            return branches[0]
        rows: dict[str, list[tuple[int, Values]]] = {}
        for index, branch in enumerate(branches):
            for name, values in branch.items():
                rows.setdefault(name, []).append((index, values))
        return {name: self._either(name, row, len(branches)) for name, row in rows.items()}

    def _either(self, name: str, row: list[tuple[int, Values]], count: int) -> Values:
        """The values of a name that some of so many branches assign; the others leave it."""
        several = [values for _, values in row]
        if len(row) < count:
            before = self._before(name)
            gap = next((at for at, (index, _) in enumerate(row) if index != at), len(row))
            if before is not None:
                several.insert(gap, before)
        first = several[0]
        is_same = all(values is first or values == first for values in several)
        return first if is_same else union(*several)

    def _before(self, name: str) -> Values | None:
        """What a name of the current frame is worth if a branch does not assign it."""
        if self.frame is not self.module:
            return self.frame.variables.get(name)
        return self.shared.read_name(name)

    def settle(self, branch: dict[str, Values]) -> None:
        """Assigns what a branch did after all."""
        for name, values in branch.items():
            self.assign(name, values)

    @contextmanager
    def names_kept(self) -> Iterator[None]:
        """What is bound inside is no longer bound, nor was it written, behind it."""
        self.branch()
        yield
        self.take_back()

    def read_attribute(self, owner: ClassValue, name: str) -> Values | None:
        """What methods of a class of the project assigned to `self.name`."""
        return self.read_key((owner.chunk, name))

    def read_key(self, key: tuple[Chunk, str]) -> Values | None:
        """What was assigned to an attribute of a class or an object, here or over there."""
        values = self.shared.read_attribute(key)
        if key[0].pool is None:
            # It belongs to no document: modules that are imported may have set it.
            for module in all_imported(self.shared.read_imported()):
                over_there = module.attribute(key)
                if over_there is not None:
                    values = union(values or (), over_there)
        return self.resolved(values) if values is not None else None

    def write_key(self, key: tuple[Chunk, str], values: Values) -> None:
        """Assigns to an attribute of a class or an object."""
        self.shared.write_attribute(key, values)
        self.effects.attributes.append((*key, values))

    def catalogued(self, name: str) -> bool:
        """Whether the catalogue has a function of that name; the user's own may be in it."""
        return False
