"""Orbax checkpoints: a directory with a tree of arrays, each in Zarr, in a database or in files.

Names are the keys from the root of the tree to an array, joined with `/`. An old checkpoint
without `_METADATA` tells its tree in the aggregated file, if it has one; without both, names are
those on disk, joined with `.`.

Source: orbax-checkpoint (handlers of PyTree, metadata of trees), and what it was seen to write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointIncomplete,
    CheckpointTooLarge,
)
from ckptls.checkpoint.core.limits import MAX_NAME_BYTES, check_growth, json_object
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.formats.orbax import orbax_aggregate, zarr
from ckptls.checkpoint.formats.orbax.ocdbt import MANIFEST, Database, Value
from ckptls.checkpoint.formats.orbax.orbax_aggregate import AGGREGATE, PLACEHOLDER
from ckptls.checkpoint.formats.orbax.orbax_directories import (
    METADATA,
    STRINGS,
    array_folders,
    in_directory,
)
from ckptls.checkpoint.model.contents import Contents
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.storage.filesystem import is_file, join, open_file, split, stamp_of
from ckptls.checkpoint.storage.local_file import Closing

if TYPE_CHECKING:
    from ckptls.checkpoint.core.types import Kind

__all__ = ["in_directory", "open_values", "read"]

MAX_METADATA_BYTES = 256 << 20
_EMPTY = ("None", "Dict", "List", "Tuple", "NamedTuple", "EmptyNode")
_DESCRIPTIONS = (zarr.V2_NAME, zarr.V3_NAME)
_STORES_ALL = "store_array_data_equal_to_fill_value"

Leaf = tuple[str, dict[str, Any]]  # name on disk, what the tree says of it


class _Store(Protocol):
    """Where the arrays of a checkpoint are, by their names on disk."""

    def descriptions(self) -> Iterator[tuple[str, bytes]]:
        """(name, JSON) of each array."""

    def description(self, name: str) -> bytes | None:
        """The JSON of one array; None if there is no such array."""

    def chunks(self, name: str) -> tuple[zarr.ReadChunk, int]:
        """How to read the chunks of an array, and how many bytes they have."""

    def close(self) -> None:
        """Close what is open."""


def read(location: Location) -> Contents:
    """The arrays of a checkpoint, and its texts.

    Raises:
        CheckpointError: a damaged tree, database or description.
    """
    stamps = [stamp for path in location.files if (stamp := stamp_of(path))]
    aggregated = _aggregated(location)
    tree = _tree(location.prefix, aggregated)
    arrays = _described(location.prefix)
    kinds = {
        name: orbax_aggregate.kind_of(leaf)
        for name, leaf in aggregated.items()
        if not _is_placeholder(leaf)
    }
    lost: list[str] = []
    for name, (leaf, stated) in (tree or {leaf: (leaf, {}) for leaf in arrays}).items():
        kind = _kind(arrays.get(leaf), stated)
        if kind is not None:
            kinds[name] = kind
        elif name not in kinds and not (_is_skipped(stated) and _is_empty(stated)):
            lost.append(name)
    others = f" and {len(lost) - 1:,} more" if lost[1:] else ""
    what = f"its tree names `{lost[0]}`{others}, which it does not hold" if lost else ""
    problems = [Problem("not-in-file", what)] if lost else []
    names = sorted(kinds)
    return Contents(names, [kinds[name] for name in names], stamps, tuple(problems))


def open_values(location: Location, names: Sequence[str] = ()) -> OrbaxValues:
    """The values of arrays and texts; see `ValueReader`."""
    return OrbaxValues(location)


class OrbaxValues(Closing):
    """A checkpoint whose tree was read, and whose store is open."""

    def __init__(self, location: Location) -> None:
        self._directory = location.prefix
        self._aggregated = _aggregated(location)
        self._tree = _tree(location.prefix, self._aggregated)
        self._is_full = _is_full(location.prefix)
        self._store = _store(location.prefix)
        marks = [
            path for path in location.files if split(path)[1] in (METADATA, MANIFEST, AGGREGATE)
        ]
        self._marks = [(path, stamp_of(path)) for path in marks]
        self._texts: dict[str, Any] | None = None

    def close(self) -> None:
        """See Closing."""
        self._store.close()

    def read(self, name: str) -> foreign_dtypes.Array:
        """The value of one array or text, from its own chunks alone."""
        if name in self._aggregated and not _is_placeholder(self._aggregated[name]):
            return self._aggregated_value(name)
        leaf, stated = self._leaf(name)
        if stated.get("value_type") == STRING:
            return self._text(leaf)
        array, read_chunk = self._array(leaf, name)
        value = zarr.value(array, read_chunk, name, is_full=self._is_full)
        self._check_unchanged()
        return value

    def verify(self, name: str) -> int:
        """Unpack all chunks of an array; how many bytes its elements take."""
        if name in self._aggregated and not _is_placeholder(self._aggregated[name]):
            return int(self._aggregated_value(name).nbytes)
        leaf, stated = self._leaf(name)
        if stated.get("value_type") == STRING:
            return len(self._text(leaf)[()])
        array, read_chunk = self._array(leaf, name)
        size = zarr.verify(array, read_chunk, name, is_full=self._is_full)
        self._check_unchanged()
        return size

    def verify_rest(self) -> None:
        """Nothing else."""

    def _aggregated_value(self, name: str) -> foreign_dtypes.Array:
        path = join(self._directory, AGGREGATE)
        with open_file(path) as file:
            try:
                value = orbax_aggregate.value_of(file, self._aggregated[name])
            except CheckpointError as error:
                raise error.named(path) from None
        self._check_unchanged()
        return value

    def _leaf(self, name: str) -> Leaf:
        return self._tree[name] if self._tree else (name, {})

    def _array(self, leaf: str, name: str) -> tuple[zarr.Description, zarr.ReadChunk]:
        data = self._store.description(leaf)
        if data is None:
            raise KeyError(name)
        array = zarr.describe(data, name)
        read_chunk, stored = self._store.chunks(leaf)
        size = foreign_dtypes.numpy_dtype(array.dtype).itemsize
        check_growth(size * _elements(array), stored, name)
        return array, read_chunk

    def _text(self, leaf: str) -> foreign_dtypes.Array:
        import numpy

        path = join(self._directory, STRINGS)
        if self._texts is None:
            self._texts = json_object(_content(path), STRINGS)
        text = self._texts.get(leaf)
        if not isinstance(text, str):
            raise CheckpointDamaged(f"it does not hold the text `{leaf}`", path)
        value = numpy.empty((), object)
        value[()] = text.encode("utf-8", "surrogateescape")
        return value

    def _check_unchanged(self) -> None:
        for path, stamp in self._marks:
            if stamp_of(path) != stamp:
                raise CheckpointIncomplete("it changed while it was read", path, hint="read again")


def _elements(array: zarr.Description) -> int:
    """How many elements are held at once: those of the array, or of a chunk that is larger."""
    return max(prod(array.shape), prod(array.chunks))


def _described(directory: str) -> dict[str, zarr.Description]:
    store = _store(directory)
    try:
        return {name: zarr.describe(data, name) for name, data in store.descriptions()}
    finally:
        store.close()


def _kind(array: zarr.Description | None, stated: dict[str, Any]) -> Kind | None:
    if array is not None:
        return array.dtype, array.shape
    if stated.get("value_type") == STRING:
        return STRING, ()
    return None  # `write_shape` would be that of one part of an array on several devices


def _aggregated(location: Location) -> dict[str, orbax_aggregate.Leaf]:
    """name -> the value in the aggregated file, or the placeholder there of one that is not."""
    path = join(location.prefix, AGGREGATE)
    return orbax_aggregate.read_leaves(path) if path in location.files else {}


def _is_placeholder(leaf: orbax_aggregate.Leaf) -> bool:
    return isinstance(leaf, str) and leaf.startswith(PLACEHOLDER)


def _is_skipped(stated: dict[str, Any]) -> bool:
    """Whether a leaf has nothing in a folder or a database of its own."""
    return stated.get("skip_deserialize") is True


def _is_empty(stated: dict[str, Any]) -> bool:
    """Whether a leaf stands for nothing: None, or a container without items."""
    return stated.get("value_type") in _EMPTY


def _tree(directory: str, aggregated: dict[str, orbax_aggregate.Leaf]) -> dict[str, Leaf]:
    """name -> (name on disk, what the tree says of it); empty if no file tells the tree."""
    path = join(directory, METADATA)
    if not is_file(path):
        return {
            name: (str(leaf)[len(PLACEHOLDER) :], {}) if _is_placeholder(leaf) else (name, {})
            for name, leaf in aggregated.items()
        }
    try:
        stated = json_object(_content(path), METADATA)
        leaves = dict(_leaves(stated.get("tree_metadata")))
    except CheckpointError as error:
        raise error.named(path) from None
    return leaves


def _is_full(directory: str) -> bool:
    """Whether all chunks were stored, so that one that is not there is lost.

    Older versions of Orbax leave out chunks of zeros, and put zeros in for them.
    """
    path = join(directory, METADATA)
    if not is_file(path):
        return False
    return json_object(_content(path), METADATA).get(_STORES_ALL) is True


def _leaves(tree: Any) -> Iterator[tuple[str, Leaf]]:
    if not isinstance(tree, dict):
        raise CheckpointDamaged("its tree is not a JSON object")
    for entry in tree.values():
        try:
            keys = [str(part["key"]) for part in entry["key_metadata"]]
            stated = dict(entry["value_metadata"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise CheckpointDamaged("its tree has a leaf without keys") from None
        if sum(map(len, keys)) > MAX_NAME_BYTES:
            raise CheckpointTooLarge("its tree has a name of more than 4,096 characters")
        yield "/".join(keys), (".".join(keys), stated)


def _content(path: str, most: int = MAX_METADATA_BYTES) -> bytes:
    with open_file(path) as file:
        if file.size > most:
            raise CheckpointTooLarge(f"{file.size:,} bytes of metadata", path)
        return file.read_at(0, file.size)


def _store(directory: str) -> _Store:
    return _InDatabase(directory) if is_file(join(directory, MANIFEST)) else _InFiles(directory)


class _InDatabase:
    """Arrays in an OCDBT database."""

    def __init__(self, directory: str) -> None:
        self._database = Database(directory)
        self._by_array: dict[str, dict[str, Value]] | None = None

    def descriptions(self) -> Iterator[tuple[str, bytes]]:
        for key, value in self._database.items():
            name, _, last = key.decode("utf-8", "backslashreplace").rpartition("/")
            if last in _DESCRIPTIONS:
                yield name, self._database.read(value, zarr.MAX_METADATA_BYTES)

    def description(self, name: str) -> bytes | None:
        values = self._values(name)
        for each in _DESCRIPTIONS:
            if each in values:
                return self._database.read(values[each], zarr.MAX_METADATA_BYTES)
        return None

    def chunks(self, name: str) -> tuple[zarr.ReadChunk, int]:
        values = self._values(name)
        stored = sum(map(_num_bytes, values.values()))

        def read_chunk(key: str) -> bytes | None:
            value = values.get(key)
            return None if value is None else self._database.read(value, stored)

        return read_chunk, stored

    def close(self) -> None:
        self._database.close()

    def _values(self, name: str) -> dict[str, Value]:
        """The values of one array by the rest of their keys; the database is gone through once."""
        if self._by_array is None:
            items = [
                (key.decode("utf-8", "backslashreplace"), value)
                for key, value in self._database.items()
            ]
            arrays = {
                key.rpartition("/")[0]
                for key, _ in items
                if key.rpartition("/")[2] in _DESCRIPTIONS
            }
            self._by_array = {array: {} for array in arrays}
            for key, value in items:
                end = key.rfind("/")
                while end > 0 and key[:end] not in arrays:
                    end = key.rfind("/", 0, end)
                if end > 0:
                    self._by_array[key[:end]][key[end + 1 :]] = value
        return self._by_array.get(name, {})


class _InFiles:
    """Arrays in one folder each."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def descriptions(self) -> Iterator[tuple[str, bytes]]:
        for name in array_folders(self._directory):
            data = self.description(name)
            if data is not None:
                yield name, data

    def description(self, name: str) -> bytes | None:
        for file_name in _DESCRIPTIONS:
            path = join(self._directory, name, file_name)
            if _is_plain(name) and is_file(path):
                return _content(path, zarr.MAX_METADATA_BYTES)
        return None

    def chunks(self, name: str) -> tuple[zarr.ReadChunk, int]:
        from ckptls.checkpoint.formats.orbax.orbax_directories import stored_bytes

        folder = join(self._directory, name)
        stored = stored_bytes(folder)

        def read_chunk(key: str) -> bytes | None:
            path = join(folder, *key.split("/"))
            return _content(path, stored) if is_file(path) else None

        return read_chunk, stored

    def close(self) -> None:
        pass


def _num_bytes(value: Value) -> int:
    return len(value) if isinstance(value, bytes) else value.num_bytes


def _is_plain(name: str) -> bool:
    """Whether a name on disk is one folder, not a way to elsewhere."""
    return name not in (".", "..") and not set(name) & set("/\\\0")
