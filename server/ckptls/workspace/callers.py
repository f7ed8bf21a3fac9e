"""Calls across files: with what the functions of a module are called elsewhere.

`load("ckpts/a.ckpt")` in one file says what `path` is inside `load` in another. Files that
do not import the module, or do not mention the function, are not even parsed for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ckptls.source.document import Document
from ckptls.source.semantics.module import NOWHERE, Exports, Module, OutsideCall, detach_values
from ckptls.source.semantics.values import (
    ClassValue,
    FunctionValue,
    Imported,
    Instance,
    Record,
    Unknown,
    Value,
    Values,
    union,
)
from ckptls.source.syntax.chunks import ChunkPool
from ckptls.source.syntax.ir import Chunk
from ckptls.workspace.disk import MAX_MODULE_BYTES, Disk
from ckptls.workspace.modules import ModuleStore, Place, decode_module, imported_names

# A module that more files use than this is a library, and its callers say nothing of it.
_MAX_CALLERS = 40
# Texts beyond that are read again when a function of a module that they import is asked about.
_MAX_KEPT_BYTES = 1_000_000

Attributes = Mapping[tuple[Chunk, str], Values]
_Calls = dict[str, dict[str, tuple[OutsideCall, ...]]]


@dataclass
class _Read:
    """What was read since files have last changed: which files import a word, the texts of
    some of those, and what each of them calls."""

    importers: dict[str, list[str]] | None = None
    texts: dict[str, bytes] = field(default_factory=dict)
    room: int = _MAX_KEPT_BYTES
    outgoing: dict[str, _Calls] = field(default_factory=dict)


class ProjectCalls:
    """The calls between the files of one folder, collected file by file when needed.

    `files` lists the Python files of the folder. What was read once is kept: call `clear`
    when files have changed, from any thread; `find_calls` is asked by one at a time, and ends with
    what it began with.
    """

    def __init__(
        self,
        files: Callable[[], Iterable[str]],
        store: ModuleStore,
        place: Callable[[], Place],
    ) -> None:
        self._files = files
        self._store = store
        self._place = place
        self._read = _Read()

    def clear(self) -> None:
        """Drop all calls that were read."""
        self._read = _Read()

    def rest(self) -> None:
        """Drops the modules that files were read with; not while `find_calls` is asked."""
        self._store.forget()

    def find_calls(self, path: str, names: frozenset[str]) -> Mapping[str, tuple[OutsideCall, ...]]:
        """Calls of the functions `names` of the file at `path`, by their full names."""
        if not names:
            return {}
        read = self._read
        candidates = self._candidates(path, names, read)
        found: dict[str, tuple[OutsideCall, ...]] = {}
        for each in candidates[:_MAX_CALLERS]:
            for name, calls in self._calls_in(each, read).get(path, {}).items():
                found[name] = (*found.get(name, ()), *calls)
        return found

    def _candidates(self, path: str, names: frozenset[str], read: _Read) -> list[str]:
        if read.importers is None:
            read.importers = self._read_imports(read)
        stem = os.path.splitext(os.path.basename(path))[0]
        if stem == "__init__":
            stem = os.path.basename(os.path.dirname(path))
        wanted = [name.encode() for name in names]
        return [
            each
            for each in read.importers.get(stem, ())
            if each != path and _mentions(read.texts.get(each) or _text(each), wanted)
        ]

    def _read_imports(self, read: _Read) -> dict[str, list[str]]:
        importers: dict[str, list[str]] = {}
        for path in self._files():
            text = _text(path)
            words = {word for name in imported_names(text) for word in name.split(".")}
            if words and len(text) <= read.room:
                read.texts[path] = text
                read.room -= len(text)
            for word in words:
                importers.setdefault(word, []).append(path)
        return importers

    def _calls_in(self, path: str, read: _Read) -> _Calls:
        if path not in read.outgoing:
            # A file that calls itself in a circle finds nothing the second time.
            read.outgoing[path] = {}
            read.outgoing[path] = self._collect(path)
        return read.outgoing[path]

    def _collect(self, path: str) -> _Calls:
        text = decode_module(Disk().data(path))
        if text is None:
            return {}
        place = self._place()
        document = Document(text, place.catalogue, self._store.environment(path, place))
        home = self._store.module_at(path, place)
        found: _Calls = {}
        outgoing = document.outgoing()
        for record in outgoing.calls:
            function = record.function
            if function.home is None:
                continue
            name = function.function.name
            if function.owner is not None:
                name = f"{function.owner.definition.name}.{name}"
            call = OutsideCall(
                tuple(
                    (key, _plain(values, home, outgoing.attributes))
                    for key, values in record.arguments
                    # The object of a method is whatever it is over there.
                    if not function.bound or values != function.bound
                ),
                record.scopes.names,
                record.is_guarded,
            )
            calls = found.setdefault(function.home.path, {})
            calls[name] = tuple(dict.fromkeys((*calls.get(name, ()), call)))
        document.close()
        return found


def _text(path: str) -> bytes:
    """What a file holds; nothing if it cannot be read or is too large to be code."""
    text = Disk().data(path) or b""
    return text if len(text) <= MAX_MODULE_BYTES else b""


def _mentions(text: bytes, names: Iterable[bytes]) -> bool:
    return any(name in text for name in names)


def _plain(values: Values, home: Module, attributes: Attributes, depth: int = 0) -> Values:
    """The values as another document can use them: functions and objects stay where they are,
    parsed arguments and configurations go along with what is in them."""
    return union(*(_taken(value, home, attributes, depth) for value in detach_values(values, home)))


def _taken(value: Value, home: Module, attributes: Attributes, depth: int) -> Values:
    if isinstance(value, _STAY) or (isinstance(value, Record) and depth > _MAX_NESTED):
        return (Unknown(),)
    if not isinstance(value, Record) or value.chunk.pool is None:
        return (value,)
    pool = ChunkPool()
    chunk = Chunk(("record", False, b""), pool)
    copy = Record(value.kind, chunk)
    prefix = f"{value.place}."
    found = {
        copy.key(name.removeprefix(prefix)): _plain(given, home, attributes, depth + 1)
        for (place, name), given in attributes.items()
        if place is value.chunk and name.startswith(prefix)
    }
    # Nothing leads back to the modules with which the calls were collected: another thread
    # has those.
    pool.home = Module(home.name, home.path, NOWHERE, lambda: Exports({}, found))
    return (copy,)


_STAY = (FunctionValue, ClassValue, Instance, Imported)
_MAX_NESTED = 3
