"""Names and attributes: what they are worth here, in the frames around, in other modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ckptls.source.chunks import Chunk
from ckptls.source.modules import Environment, Module, all_imported
from ckptls.source.pieces import UNKNOWN_TEXT, text
from ckptls.source.state import Effects, Frame, Recorder
from ckptls.source.values import UNKNOWN, ClassValue, Imported, Qualified, Value, Values, union

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
    """Looks names up in a frame, and notes what was read and written."""

    def __init__(self, module: Frame, chunk: Chunk, environment: Environment) -> None:
        self.frame = module
        self.chunk = chunk
        self.root = chunk
        self.environment = environment
        self.effects = Effects()
        self.recorders: list[Recorder] = []
        self.attributes: dict[tuple[Chunk, str], Values] = {}
        # How often an attribute got a value that it did not have before.
        self.writes = 0
        # The modules that the document imports.
        self.imported: list[Module] = []
        # What functions of the document declare as `global`.
        self.global_names: frozenset[str] = frozenset()

    def lookup(self, name: str) -> Values:
        """The values of a name, here or in the frames around."""
        return self.resolved(self._found(name))

    def _found(self, name: str) -> Values:
        frame: Frame | None = self.frame
        if name == "__file__":
            path = self.environment_here.path
            return (text(path),) if path is not None else (UNKNOWN_TEXT,)
        while frame is not None:
            if frame.home is not None and frame.parent is None:
                values = frame.home.get(name)
                if values is None:
                    values = self._starred(frame.home.get("*") or (), name)
                if values is not None:
                    return values
                break
            values = frame.variables.get(name)
            if values is not None:
                for recorder in self.recorders:
                    recorder.read(frame, name, values)
                return self._with_global(name, values) if frame.parent is None else values
            if frame.parent is None:
                for recorder in self.recorders:
                    recorder.read(None, name, None)
                if "*" in frame.variables:
                    values = self._starred(self._found("*"), name)
                    if values is not None:
                        return values
            frame = frame.parent
        known = _FALLBACK.get(name)
        return (Qualified(known),) if known is not None else UNKNOWN

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
                if values is not None and name in set(each.module.names()):
                    return values
        return None

    @property
    def environment_here(self) -> Environment:
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
        self.frame.variables[name] = values
        if name in self.frame.globals and self.frame.home is None and self.root.pool is not None:
            self.write_key((self.root.pool.globals, name), values)
        for recorder in self.recorders:
            if recorder.frame is self.frame:
                recorder.written.add(name)

    @contextmanager
    def names_kept(self) -> Iterator[None]:
        """What is bound inside is no longer bound, nor was it written, behind it."""
        frame, variables = self.frame, dict(self.frame.variables)
        recorders = [each for each in self.recorders if each.frame is frame]
        written = [set(each.written) for each in recorders]
        yield
        frame.variables = variables
        for recorder, names in zip(recorders, written, strict=True):
            recorder.written = names

    def read_attribute(self, owner: ClassValue, name: str) -> Values | None:
        """What methods of a class of the project assigned to `self.name`."""
        return self.read_key((owner.chunk, name))

    def read_key(self, key: tuple[Chunk, str]) -> Values | None:
        """What was assigned to an attribute of a class or an object, here or over there."""
        values = self.attributes.get(key)
        for recorder in self.recorders:
            if key not in recorder.written_keys:
                recorder.reads.setdefault(key, values)
        for home in self._homes_of(key[0]):
            over_there = home.attribute(key)
            if over_there is not None:
                values = union(values or (), over_there)
        return self.resolved(values) if values is not None else None

    def _homes_of(self, chunk: Chunk) -> Iterable[Module]:
        """The modules whose top level may have set attributes of something made in a chunk."""
        pool = chunk.pool
        if pool is None:
            return all_imported(self.imported) if self.imported else ()
        return (pool.home,) if pool is not self.root.pool and pool.home is not None else ()

    def write_key(self, key: tuple[Chunk, str], values: Values) -> None:
        """Notes that an attribute was assigned."""
        known = self.attributes.get(key)
        for recorder in self.recorders:
            if key not in recorder.written_keys:
                recorder.written_keys.add(key)
                recorder.reads.setdefault(key, known)
        if known is None or not set(values) <= set(known):
            self.writes += 1
            self.attributes[key] = union(known or (), values)
        self.effects.attributes.append((*key, values))

    def catalogued(self, name: str) -> bool:
        """Whether the catalogue has a function of that name; the user's own may be in it."""
        return False
