"""Reads model files: the variables and restores of a program, as `ckptls trace` recorded them.

The format is JSON, described in docs/trace.md. A model file is read as data alone; it may have
been made on another machine, and what does not fit is an error with its place in the document.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from json import JSONDecodeError, loads
from typing import Any

from ckptls.source.inventory.model_inventory import (
    CodeSpan,
    Gap,
    ModelInventory,
    ModelVariable,
    Purpose,
)
from ckptls.source.inventory.restore_request import (
    ProgramFacts,
    Reaction,
    RequestedVariable,
    RestoreKind,
    RestoreRequest,
)
from ckptls.source.semantics.pattern_text import text
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse

FORMAT = "ckptls model"
VERSION = 1
MAX_VARIABLES = 200_000
_GLOBAL = "variables"
_STATISTICS = ("/moving_mean", "/moving_variance")

FindSpan = Callable[[str, int], "tuple[int, int]"]


class ModelFileError(ValueError):
    """A text is not a model file, or not one that this version reads; the message says where."""


@dataclass(frozen=True, slots=True)
class TracedModel:
    """A model file.

    facts: as reading gives them for a program; variables that Keras and TensorFlow keep for
        themselves (metrics, random seeds, counters) are left out.
    checksums: the SHA-256 of each file of the program, by its path; where one has changed, the
        model may be another one.
    libraries: their versions, by name.
    keys: the object graph of what a traced function returned: keys of an object-based checkpoint
        with that as its root.
    """

    facts: ProgramFacts
    checksums: dict[str, str]
    libraries: dict[str, str]
    keys: tuple[RequestedVariable, ...] = ()


def read_model_file(document: str, folder: str, find_span: FindSpan | None = None) -> TracedModel:
    """The model that a document in `folder` describes.

    find_span: from a path and a 0-based line to the offsets of its code in code points; without
        it places know their lines alone.

    Raises:
        ModelFileError: it is not JSON, of another format or version, or something in it is not
            what it must be.
    """
    try:
        data = loads(document)
    except (JSONDecodeError, RecursionError) as error:
        raise ModelFileError(f"not a model file: invalid JSON ({error})") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ModelFileError(f'not a model file: no `"format": "{FORMAT}"`')
    if data.get("version") != VERSION:
        raise ModelFileError(
            f"a model file of version {data.get('version')!r}; this ckptls reads version {VERSION}"
        )
    return _Reading(data, folder, find_span or (lambda path, line: (0, 0))).read()


class _Reading:
    def __init__(self, data: dict[str, Any], folder: str, find_span: FindSpan) -> None:
        self._data = data
        self._folder = folder
        self._find_span = find_span
        self._places: dict[str, CodeSpan | None] = {}
        self._variables: list[ModelVariable] = []
        self._graphs: list[int | None] = []
        self._is_own: list[bool] = []
        self._parts: dict[int, tuple[tuple[int, int], ...]] = {}

    def read(self) -> TracedModel:
        data = self._data
        records = _list(data, "variables", "variables")
        if len(records) > MAX_VARIABLES:
            raise ModelFileError(f"more than {MAX_VARIABLES:,} variables")
        for i, record in enumerate(records):
            self._add_variable(record, f"variables[{i}]")
        gaps = tuple(self._gap(each, i) for i, each in enumerate(_list(data, "gaps", "gaps")))
        checksums = {}
        for i, each in enumerate(_list(data, "files", "files")):
            where = f"files[{i}]"
            path = self._path(_string(each, "path", where))
            checksums[path] = _string(each, "sha256", where)
        program = _dict(data, "program", "program")
        target = _string(program, "target", "program")
        pairs = zip(self._variables, self._is_own, strict=True)
        inventory = ModelInventory(tuple(each for each, is_own in pairs if is_own), gaps)
        restores = []
        for i, record in enumerate(_list(data, "restores", "restores")):
            restores.append(self._restore(record, f"restores[{i}]", gaps))
        facts = ProgramFacts(
            self._path(target) if target.endswith(".py") else None,
            inventory,
            tuple(restores),
            tuple(checksums),
        )
        libraries = {str(key): str(value) for key, value in _dict(data, "libraries").items()}
        keys = self._items(_list(data, "keys", "keys", default=[]), "keys")
        return TracedModel(facts, checksums, libraries, keys)

    def _add_variable(self, record: Any, where: str) -> None:
        name = _string(record, "name", where)
        shape = record.get("shape")
        if shape is not None and not (
            isinstance(shape, list)
            and all(each is None or (type(each) is int and each >= 0) for each in shape)
        ):
            raise ModelFileError(f"{where}: `shape` is not a list of sizes")
        collections = frozenset(map(str, _list(record, "collections", where, default=[])))
        graph = record.get("graph")
        places = self._spans(record, where)
        self._is_own.append("internal" not in record or _GLOBAL in collections)
        self._graphs.append(graph if isinstance(graph, int) else None)
        part = record.get("part")
        if isinstance(part, dict):
            self._parts[len(self._variables)] = _part(part, shape or [], where)
        self._variables.append(
            ModelVariable(
                name,
                tuple(shape) if shape is not None else None,
                record.get("dtype") if isinstance(record.get("dtype"), str) else None,
                record.get("trainable") if isinstance(record.get("trainable"), bool) else None,
                collections,
                purpose=_purpose(record.get("purpose"), name),
                place=places[-1] if places else None,
                name_places=places,
                maker=str(record.get("maker", "")),
                of=record["of"] if isinstance(record.get("of"), str) else None,
            )
        )

    def _restore(self, record: Any, where: str, gaps: tuple[Gap, ...]) -> RestoreRequest:
        function = _string(record, "function", where)
        places = self._spans(record, where)
        place = places[-1] if places else CodeSpan(None, 0, 0)
        items = self._items(_list(record, "asks", where), where)
        made = record.get("made")
        count = made if isinstance(made, int) and made >= 0 else len(self._variables)
        graphs = {self._graphs[each] for _, each in self._pairs(record, where)}
        if record.get("kind") == "layers":
            items = self._layer_items(record, where) or items
        path = record.get("path")
        uses: tuple[PathUse, ...] = ()
        if isinstance(path, str):
            uses = (PathUse(text(path), _form(function), Evidence.FLOW),)
        model = tuple(
            each
            for each, own, graph in zip(
                self._variables[:count], self._is_own[:count], self._graphs[:count], strict=True
            )
            if own and (graph in graphs or not graphs)
        )
        return RestoreRequest(
            _kind(record),
            function,
            place,
            place,
            uses,
            items,
            # What comes after a failure does not change what was asked for before.
            on_missing=_reaction(record.get("on_missing"), record),
            on_shape=_reaction(record.get("on_shape"), record),
            model=ModelInventory(model),
            root_keys=tuple(map(str, _list(record, "root_keys", where, default=[]))),
            asserts=str(record.get("asserts", "")),
            library=str(record.get("library", "")),
        )

    def _pairs(self, record: Any, where: str) -> list[tuple[str, int]]:
        return self._checked(_list(record, "asks", where), where)

    def _checked(self, pairs: list[Any], where: str) -> list[tuple[str, int]]:
        found = []
        for pair in pairs:
            match pair:
                case [str() as key, int() as index] if 0 <= index < len(self._variables):
                    found.append((key, index))
                case _:
                    raise ModelFileError(f"{where}: {pair!r} is not a key and a variable's index")
        return found

    def _items(self, pairs: list[Any], where: str) -> tuple[RequestedVariable, ...]:
        return tuple(
            RequestedVariable(self._variables[index], key, part=self._parts.get(index))
            for key, index in self._checked(pairs, where)
        )

    def _layer_items(self, record: Any, where: str) -> tuple[RequestedVariable, ...]:
        items = []
        for layer in _list(record, "layers", where, default=[]):
            match layer:
                case [str() as name, list() as indices]:
                    for _, index in self._checked([["", each] for each in indices], where):
                        variable = self._variables[index]
                        items.append(RequestedVariable(variable, variable.name, layer=name))
                case _:
                    raise ModelFileError(f"{where}: {layer!r} is not a layer and its variables")
        return tuple(items)

    def _gap(self, record: Any, i: int) -> Gap:
        places = self._spans(record, f"gaps[{i}]")
        return Gap(places[-1] if places else None, _string(record, "reason", f"gaps[{i}]"))

    def _spans(self, record: Any, where: str) -> tuple[CodeSpan, ...]:
        places = [self._span(each) for each in _list(record, "at", where, default=[])]
        return tuple(each for each in places if each is not None)

    def _span(self, place: Any) -> CodeSpan | None:
        """The line of `file:line`."""
        if not isinstance(place, str):
            return None
        if place not in self._places:
            name, _, number = place.rpartition(":")
            span = None
            if name and number.isdecimal() and int(number) > 0:
                path, line = self._path(name), int(number) - 1
                span = CodeSpan(path, *self._find_span(path, line), line)
            self._places[place] = span
        return self._places[place]

    def _path(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._folder, path))


def _purpose(given: Any, name: str) -> Purpose:
    try:
        return Purpose(given)
    except ValueError:
        return Purpose.STATISTIC if name.endswith(_STATISTICS) else Purpose.WEIGHT


def _kind(record: Any) -> RestoreKind:
    if record.get("kind") != "layers":
        is_objects = record.get("kind") == "objects"
        return RestoreKind.OBJECTS if is_objects else RestoreKind.NAMES
    path = str(record.get("path") or "")
    if not path.endswith((".h5", ".keras", ".hdf5")):
        return RestoreKind.OBJECTS
    if record.get("by_name"):
        return RestoreKind.LAYERS_BY_NAME
    is_new = path.endswith((".weights.h5", ".keras")) and record.get("library") == "keras"
    return RestoreKind.LAYERS_BY_PATH if is_new else RestoreKind.LAYERS_BY_ORDER


def _reaction(given: Any, record: Any) -> Reaction:
    if record.get("skip_mismatch") is True:
        return Reaction.SKIPS
    try:
        return Reaction(given)
    except ValueError:
        return Reaction.RAISES


def _form(function: str) -> PathForm:
    if function.endswith("load_weights"):
        return PathForm.FILE
    if function.endswith(("MonitoredTrainingSession", "Supervisor")):
        return PathForm.DIRECTORY
    if ".Checkpoint." in function:
        return PathForm.OBJECTS
    return PathForm.ANY if function.endswith("init_from_checkpoint") else PathForm.PREFIX


def _part(part: dict[str, Any], sizes: list[Any], where: str) -> tuple[tuple[int, int], ...]:
    """Offset and size of a slice in each dimension."""
    offsets = _list(part, "offsets", where)
    if any(type(each) is not int for each in (*offsets, *sizes)):
        raise ModelFileError(f"{where}: `part` has offsets or sizes that are not numbers")
    if len(offsets) != len(sizes):
        raise ModelFileError(f"{where}: `part` has not as many offsets as dimensions")
    return tuple(zip(offsets, sizes, strict=True))


def _string(record: Any, key: str, where: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    if not isinstance(value, str):
        raise ModelFileError(f"{where}: `{key}` is not a string")
    return value


def _list(record: Any, key: str, where: str, default: list[Any] | None = None) -> list[Any]:
    value = record.get(key, default) if isinstance(record, dict) else None
    if not isinstance(value, list):
        raise ModelFileError(f"{where}: `{key}` is not a list")
    return value


def _dict(record: dict[str, Any], key: str, where: str = "document") -> dict[str, Any]:
    value = record.get(key, {})
    if not isinstance(value, dict):
        raise ModelFileError(f"{where}: `{key}` is not an object")
    return value
