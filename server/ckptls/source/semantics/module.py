"""The environment of a document: other modules of the project, flags, calls from other files.

This package does not touch the disk. The owner of a document gives it an `Environment`, and
what comes from another module comes without places: nothing in it is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ckptls.source.semantics.pattern_text import Piece, Text
from ckptls.source.semantics.values import (
    ClassValue,
    Defaults,
    FunctionValue,
    GraphVariable,
    Imported,
    Instance,
    Latest,
    LatestName,
    Member,
    PartialCall,
    ScopeValue,
    Selection,
    Sequence,
    Tracked,
    Value,
    Values,
)
from ckptls.source.semantics.values import Mapping as Dictionary

if TYPE_CHECKING:
    from ckptls.source.syntax.ir import Chunk

# Libraries that are no modules of a project, whatever lies in its folder.
_MAX_IMPORTED = 40
LIBRARIES = frozenset({"tensorflow", "tf_slim", "numpy", "absl", "os", "sys", "re", "keras"})


@dataclass(frozen=True, slots=True)
class Exports:
    """What the top level of a module leaves behind; `telling` are the names of its functions
    that may lead to names of a checkpoint."""

    variables: Mapping[str, Values]
    attributes: Mapping[tuple[Chunk, str], Values]
    imported: tuple[Module, ...] = ()
    telling: frozenset[bytes] = frozenset()


class Module:
    """Another module of the project; read when the first of its names is asked for.

    A module is the same as long as its text and the texts of all that it read are the same:
    the owner makes another one when that changes.
    """

    __slots__ = (
        *("_attributes", "_exports", "_given", "_load", "_variables", "environment", "name"),
        "path",
    )

    def __init__(
        self, name: str, path: str, environment: Environment, load: Callable[[], Exports]
    ) -> None:
        self.name = name
        self.path = path
        self.environment = environment
        self._load = load
        self._exports: Exports | None = None
        self._variables: dict[str, Values | None] = {}
        self._attributes: dict[tuple[Chunk, str], Values | None] = {}
        self._given: frozenset[str] | None = None

    @property
    def exports(self) -> Exports:
        if self._exports is None:
            # While it is being read it has nothing: modules may import each other.
            self._exports = Exports({}, {})
            load, self._load = self._load, _nothing
            # The loader holds the module, so the module lets go of the loader.
            self._exports = load()
            self._variables.clear()
            self._given = None
        return self._exports

    def get(self, name: str) -> Values | None:
        """The values of a name at the module's top level; None if it has no such name."""
        exports = self.exports
        if name not in self._variables:
            values = exports.variables.get(name)
            self._variables[name] = detach_values(values, self) if values is not None else None
        return self._variables[name]

    def attribute(self, key: tuple[Chunk, str]) -> Values | None:
        """What the top level assigned to an attribute of a class or of an object."""
        exports = self.exports
        if key not in self._attributes:
            values = exports.attributes.get(key)
            self._attributes[key] = detach_values(values, self) if values is not None else None
        return self._attributes[key]

    def gives(self, name: str) -> bool:
        """Whether `from module import *` takes a name."""
        exports = self.exports
        if self._given is None or exports is not self._exports:
            self._given = frozenset(self.names())
        return name in self._given

    def names(self) -> Iterator[str]:
        """The names that `from module import *` takes."""
        chosen = self.exports.variables.get("__all__", ())
        if len(chosen) == 1 and isinstance(chosen[0], Sequence):
            for item in chosen[0].items:
                yield from (each.literal or "" for each in item if isinstance(each, Text))
        else:
            yield from (name for name in self.exports.variables if not name.startswith("_"))


def _nothing() -> Exports:
    return Exports({}, {})


def all_imported(modules: Iterable[Module]) -> Iterator[Module]:
    """The modules and those that they import in turn, each once."""
    pending = list(modules)
    seen: set[str] = set()
    while pending and len(seen) < _MAX_IMPORTED:
        module = pending.pop(0)
        if module.path not in seen:
            seen.add(module.path)
            yield module
            pending += module.exports.imported


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """A call, in another file of the project, of a function of this document."""

    arguments: tuple[tuple[str, Values], ...]
    scope: Text
    is_guarded: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """What a document is given to know of the world around it.

    path: where the document is, for `__file__`; None if it is nowhere yet.
    flags: values of command-line flags that the user has set.
    module: a module of the project by its name as an import writes it, dots before a
        relative one; None if the project has none of that name.
    callers: calls in other files of functions of these names, by `function` or
        `Class.method`.
    leads_to_tensorflow: whether a text without a mention of TensorFlow imports modules of the
        project that have one.
    """

    path: str | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    module: Callable[[str], Module | None] = lambda name: None
    callers: Callable[[frozenset[str]], Mapping[str, tuple[OutsideCall, ...]]] = lambda names: {}
    leads_to_tensorflow: Callable[[bytes], bool] = lambda data: False


NOWHERE = Environment()


def detach_values(values: Values, home: Module) -> Values:
    """The values without the places where they are written, as seen from another document."""
    return tuple(_detached(value, home) for value in values)


def _each(several: tuple[Values, ...], home: Module) -> tuple[Values, ...]:
    return tuple(detach_values(values, home) for values in several)


def _text(value: Text) -> Text:
    return Text(tuple(Piece(p.text) if isinstance(p, Piece) else p for p in value.parts))


def _detached_object(value: Tracked, home: Module) -> Tracked:
    if isinstance(value, PartialCall):
        function = detach_values(value.function, home)
        return replace(value, function=function, values=_each(value.values, home))
    held: dict[str, Any] = {name: detach_values(getattr(value, name), home) for name in value.held}
    if isinstance(value, LatestName) and value.latest is not None:
        held["latest"] = replace(value.latest, directory=_text(value.latest.directory))
    return replace(value, **held)


def _detached(value: Value, home: Module) -> Value:
    match value:
        case Text():
            return _text(value)
        case Sequence():
            return replace(value, items=_each(value.items, home))
        case Dictionary():
            entries = ((detach_values(k, home), detach_values(v, home)) for k, v in value.entries)
            return replace(value, entries=tuple(entries), braces=None)
        case FunctionValue():
            owner = _detached(value.owner, home) if value.owner is not None else None
            return replace(
                value,
                owner=owner if isinstance(owner, ClassValue) else None,
                bound=detach_values(value.bound, home),
                closure=tuple((name, detach_values(known, home)) for name, known in value.closure),
                home=value.home or home,
            )
        case ClassValue():
            closure = tuple((name, detach_values(known, home)) for name, known in value.closure)
            return replace(value, home=value.home or home, closure=closure)
        case Instance():
            of = _detached(value.of, home)
            return replace(value, of=of) if isinstance(of, ClassValue) else value
        case Member():
            return replace(value, value=_detached(value.value, home))
        case Latest():
            return replace(value, directory=_text(value.directory))
        case Tracked():
            return _detached_object(value, home)
        case GraphVariable():
            return replace(value, name=_text(value.name))
        case Selection():
            include = None if value.include is None else _each(value.include, home)
            return replace(value, include=include, exclude=_each(value.exclude, home))
        case ScopeValue():
            return ScopeValue(_text(value.name), None, value.is_name_scope)
        case Defaults():
            rows = ((f, a, detach_values(given, home)) for f, a, given in value.rows)
            return Defaults(tuple(rows))
        case Imported() if value.name:
            # Imported there from elsewhere: what it is over there is already detached.
            return value
    return value
