"""Modules of the workspace: found as Python finds them, read when a name of one is needed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ckptls.source.document import Document, mentions_tensorflow
from ckptls.source.semantics.catalogue import Catalogue
from ckptls.source.semantics.module import LIBRARIES, Environment, Exports, Module, OutsideCall
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.disk import MAX_MODULE_BYTES, TRUST_SECONDS, Disk, Stamp

_MAX_DEPTH = 12
_MAX_IMPORT_DEPTH = 2
_MAX_NAMES = 64
# Who types an import asks for a name after each key.
_MAX_FOUND = 4_096
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\r\n#]*)"
    rb"|import[ \t]+([^\r\n#;]+))",
    re.M,
)
# Behind the last bracket that closes, looking for one would go through the rest for each import.
_UNCLOSED_IMPORT = re.compile(
    rb"[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*([^\r\n#]*)|import[ \t]+([^\r\n#;]+))"
)
_WORD = re.compile(rb"[A-Za-z_]\w*")

Callers = Callable[[str, frozenset[str]], Mapping[str, tuple[OutsideCall, ...]]]


@dataclass(eq=False)
class _Known:
    """A module that was asked for: what of, and what it read itself."""

    module: Module
    stamp: Stamp | SourceText | None
    looked: float
    document: Document | None = None
    read: dict[str, Module | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Hint:
    """What a module's own text says of whether it has to do with TensorFlow.

    is_telling: it mentions TensorFlow and a function of the catalogue.
    imports: the modules that it may import, as it writes them.
    """

    stamp: Stamp | SourceText | None
    catalogue: Catalogue
    is_telling: bool
    imports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file imports from: the project it is in, and further roots."""

    folder: str | None
    search_paths: tuple[str, ...]
    flags: Mapping[str, str]
    catalogue: Catalogue


class ModuleStore:
    """Modules by path. `opened` gives the document of a path that is being edited, `opened_in`
    the names of those in a directory, saved there or not; what is not open, `disk` knows."""

    def __init__(
        self,
        opened: Callable[[str], Document | None] = lambda path: None,
        opened_in: Callable[[str], frozenset[str]] = lambda directory: frozenset(),
        disk: Disk | None = None,
    ) -> None:
        self._opened, self._opened_in = opened, opened_in
        self._disk = disk or Disk()
        self._known: dict[str, _Known] = {}
        self._listed: dict[str, tuple[float, frozenset[str]]] = {}
        self._found: dict[tuple[str, str], tuple[float, str | None]] = {}
        self._hints: dict[str, _Hint] = {}
        self._depth = 0

    def environment(self, path: str, place: Place, callers: Callers | None = None) -> Environment:
        """What a document at a path knows of the world around it."""
        return Environment(
            path,
            place.flags,
            lambda name: self._module(name, path, place),
            (lambda names: callers(path, names)) if callers is not None else lambda names: {},
            lambda data: self._leads(data, path, place),
        )

    def note_opened(self, path: str) -> None:
        """A document is opened: if it was unknown, modules are looked up again."""
        directory, name = os.path.split(path)
        listed = self._listed.get(directory)
        if listed is not None and name not in listed[1]:
            self._listed.clear()
            self._found.clear()

    def invalidate(self) -> None:
        """Files have changed: check them again before their contents are used."""
        for known in self._known.values():
            known.looked = float("-inf")
        self._listed.clear()
        self._found.clear()

    def rest(self) -> None:
        """Release the syntax trees of modules that are not open (see `Document.rest`)."""
        for known in self._known.values():
            if known.document is not None:
                known.document.rest()

    def forget(self) -> None:
        """Drops all modules; they are read again when they are asked for."""
        self._known.clear()

    def imports_others(self, data: bytes, importer: str, place: Place) -> bool:
        """Whether a text imports any module of the project."""
        found = (self.find(name, importer, place) for name in imported_names(data))
        return any(path is not None and path != importer for path in found)

    def _leads(self, data: bytes, importer: str, place: Place) -> bool:
        """Whether a text imports, perhaps over others, a module that mentions TensorFlow.

        Only what a module itself says is remembered: what it leads to is in other modules, each
        of which may change.
        """
        seen = {importer}
        level: list[tuple[str, Iterable[str]]] = [(importer, imported_names(data))]
        for _ in range(_MAX_IMPORT_DEPTH + 1):
            below: list[tuple[str, Iterable[str]]] = []
            for by, names in level:
                for name in names:
                    path = self.find(name, by, place)
                    if path is None or path in seen:
                        continue
                    seen.add(path)
                    hint = self._hint(path, place.catalogue)
                    if hint.is_telling:
                        return True
                    below.append((path, hint.imports))
            level = below
        return False

    def _hint(self, path: str, catalogue: Catalogue) -> _Hint:
        stamp = self._stamp(path)
        known = self._hints.get(path)
        if known is None or known.stamp != stamp or known.catalogue is not catalogue:
            opened = self._opened(path)
            data = opened.source.data if opened is not None else self._disk.data(path)
            data = (data or b"")[:MAX_MODULE_BYTES]
            is_telling = mentions_tensorflow(data) and bool(catalogue.mentioned(data))
            known = _Hint(stamp, catalogue, is_telling, tuple(imported_names(data)))
            self._hints[path] = known
        return known

    def module_at(self, path: str, place: Place) -> Module:
        """The module of a file."""
        known = self._known.get(path)
        if known is not None and self._is_current(known, path, place, set()):
            return known.module
        return self._make(path, place).module

    def _module(self, name: str, importer: str, place: Place) -> Module | None:
        path = self.find(name, importer, place)
        if path is None or path == importer:
            return None
        return self.module_at(path, place)

    def _make(self, path: str, place: Place) -> _Known:
        read: dict[str, Module | None] = {}

        def module(name: str) -> Module | None:
            read[name] = self._module(name, path, place)
            return read[name]

        environment = Environment(path, place.flags, module)
        known: _Known
        made = Module(_name_of(path), path, environment, lambda: self._load(known, path, place))
        known = _Known(made, self._stamp(path), time.monotonic(), read=read)
        self._known[path] = known
        return known

    def _load(self, known: _Known, path: str, place: Place) -> Exports:
        opened = self._opened(path)
        if self._depth >= _MAX_DEPTH:
            return Exports({}, {})
        if opened is None or opened.is_busy:
            # One that is being looked at itself imports, over others, from itself.
            text = decode_module(self._disk.data(path)) if opened is None else opened.text
            if text is None:
                return Exports({}, {})
            opened = known.document = Document(text, place.catalogue, known.module.environment)
        self._depth += 1
        try:
            return opened.exports(known.module)
        finally:
            self._depth -= 1

    def _is_current(self, known: _Known, path: str, place: Place, seen: set[int]) -> bool:
        """Whether neither the module's text nor that of a module it read has changed."""
        if id(known) in seen:
            return True
        seen.add(id(known))
        opened = self._opened(path)
        if opened is not None:
            if known.stamp is not opened.source:
                return False
        elif time.monotonic() - known.looked > TRUST_SECONDS:
            if known.stamp != self._stamp(path):
                return False
            known.looked = time.monotonic()
        elif isinstance(known.stamp, SourceText):
            return False
        for name, module in known.read.items():
            below = self.find(name, path, place)
            if module is None:
                if below is not None and below != path:
                    return False
                continue
            other = self._known.get(module.path)
            if below != module.path or other is None or other.module is not module:
                return False
            if not self._is_current(other, module.path, place, seen):
                return False
        return True

    def _stamp(self, path: str) -> Stamp | SourceText | None:
        opened = self._opened(path)
        if opened is not None:
            return opened.source
        return self._disk.stamp(path)

    # Finding

    def find(self, name: str, importer: str, place: Place) -> str | None:
        """The file of a module by the name that a file imports it by."""
        key = (name, importer if name.startswith(".") else os.path.dirname(importer))
        found = self._found.get(key)
        now = time.monotonic()
        if found is None or now - found[0] > TRUST_SECONDS:
            found = (now, self._search(name, importer, place))
            if len(self._found) >= _MAX_FOUND:
                self._found.clear()
            self._found[key] = found
        return found[1]

    def _search(self, name: str, importer: str, place: Place) -> str | None:
        if name.startswith("."):
            below = name.lstrip(".")
            root = os.path.dirname(importer)
            for _ in range(len(name) - len(below) - 1):
                root = os.path.dirname(root)
            return self._below(root, below.split(".") if below else [])
        for root in _roots(importer, place):
            path = self._below(root, name.split("."))
            if path is not None:
                return path
        return self._in_itself(name.split("."), importer, place)

    def _in_itself(self, parts: list[str], importer: str, place: Place) -> str | None:
        """A module of a project that is a package itself, run from the folder above it."""
        folder = place.folder
        if folder is None or not importer.startswith(folder + os.sep):
            return None
        if parts[0] != os.path.basename(folder) or not self._entries(folder):
            return None
        return self._below(folder, parts[1:])

    def _below(self, root: str, parts: list[str]) -> str | None:
        for index, part in enumerate(parts):
            entries = self._entries(root)
            is_last = index == len(parts) - 1
            if is_last and f"{part}.py" in entries and part not in entries:
                return os.path.join(root, f"{part}.py")
            if part not in entries:
                return None
            root = os.path.join(root, part)
            if is_last and not self._entries(root) and f"{part}.py" in entries:
                return f"{root}.py"
        entries = self._entries(root)
        if "__init__.py" in entries or any(entry.endswith(".py") for entry in entries):
            return os.path.join(root, "__init__.py")
        # A package of packages, without files of its own.
        return os.path.join(root, "__init__.py") if entries and parts else None

    def _entries(self, directory: str) -> frozenset[str]:
        known = self._listed.get(directory)
        now = time.monotonic()
        if known is None or now - known[0] > TRUST_SECONDS:
            known = (now, self._disk.names(directory) | self._opened_in(directory))
            self._listed[directory] = known
        return known[1]


def _roots(importer: str, place: Place) -> Iterable[str]:
    """Where absolute imports of a file are looked for: beside it, above it, in other roots."""
    directory = os.path.dirname(importer)
    yield directory
    folder = place.folder
    if folder is not None and (directory == folder or directory.startswith(folder + os.sep)):
        while directory != folder:
            directory = os.path.dirname(directory)
            yield directory
        yield from (os.path.join(folder, name) for name in ("src", "lib", "python"))
    yield from place.search_paths


def _name_of(path: str) -> str:
    name = os.path.splitext(os.path.basename(path))[0]
    return os.path.basename(os.path.dirname(path)) if name == "__init__" else name


def imported_names(data: bytes) -> Iterable[str]:
    """The modules that a text may import, as its import statements write them."""
    found: dict[str, None] = {}
    for match in _import_statements(data):
        if match[1] is not None:
            module = match[1].decode("utf-8", "replace")
            found[module] = None
            dot = "" if module.endswith(".") else "."
            for word in _WORD.findall(match[2])[:_MAX_NAMES]:
                found[f"{module}{dot}{word.decode()}"] = None
        else:
            for part in match[3].split(b","):
                found[part.split(b" as ")[0].strip().decode("utf-8", "replace")] = None
        if len(found) > _MAX_NAMES:
            break
    return [name for name in found if name.partition(".")[0] not in LIBRARIES]


def _import_statements(data: bytes) -> Iterator[re.Match[bytes]]:
    """Imports at the start of lines; only lines that have the word are looked at."""
    position = 0
    last_closing = data.rfind(b")")
    while (place := data.find(b"import", position)) >= 0:
        begin = data.rfind(b"\n", 0, place) + 1
        match = (_IMPORT if begin < last_closing else _UNCLOSED_IMPORT).match(data, begin)
        position = place + len(b"import")
        if match is not None and match.end() >= position:
            yield match
            position = match.end()
        # What else is on the line would be compared from its start, as this was.
        position = data.find(b"\n", position)
        if position < 0:
            return


def decode_module(data: bytes | None) -> str | None:
    """Return the text of a Python file; None if it cannot be read or is too large to be code."""
    if data is None or len(data) > MAX_MODULE_BYTES:
        return None
    return data.decode("utf-8-sig", "replace")
