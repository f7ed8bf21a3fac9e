"""PyTorch files from before 1.6: pickles one behind the other, then the storages.

First come a magic number, a version, facts about the machine, the object itself and the keys of
its storages, then for each of these the count of its elements in 8 bytes and the elements.

Source: torch/serialization.py (_legacy_save, _legacy_load).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.arrays.stored_bytes import read_pieces, read_stored
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointIncomplete,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.formats.pytorch.pickle_scanner import MAX_PICKLE_BYTES, Pickle, read_pickle
from ckptls.checkpoint.formats.pytorch.pickle_symbols import EndOfData, Mapping
from ckptls.checkpoint.formats.pytorch.torch_names import listed
from ckptls.checkpoint.formats.pytorch.torch_tensors import storage_of
from ckptls.checkpoint.formats.pytorch.torch_values import Stored, Tensors
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.storage.raw_io import FilePart, place_of

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_FIRST_BYTES = 1 << 16
_GROWTH = 8
_COUNT_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the elements of a storage are in the file, behind their count."""

    start: int
    count: int
    item_bytes: int


class PickleReader:
    """Pickles out of a file, of which no more is read than they need.

    Attributes:
        place: the byte behind the last one.
    """

    def __init__(self, file: OpenFile | FilePart) -> None:
        self._file = file
        self._data = b""
        self._start = 0
        self.place = 0

    def read(self) -> Pickle:
        """The next pickle.

        Raises:
            CheckpointIncomplete: the file ends before it does.
            CheckpointError: as `pickle_scanner.read_pickle`.
        """
        if not self._start <= self.place < self._start + len(self._data):
            self._load(_FIRST_BYTES)
        while True:
            try:
                pickle = read_pickle(self._data, self.place - self._start)
            except EndOfData:
                self._load_more()
                continue
            self.place = self._start + pickle.end
            return pickle

    def read_bytes(self, count: int) -> bytes:
        """The next bytes, which belong to no pickle."""
        data = self._file.read_at(self.place, count)
        self.place += count
        return data

    def skip(self, count: int) -> None:
        """Pass by bytes that belong to no pickle.

        Raises:
            CheckpointIncomplete: there are not so many.
        """
        if self.place + count > self._file.size:
            raise CheckpointIncomplete("it ends early", where=self._file.size)
        self.place += count

    def _load_more(self) -> None:
        """Several times as much from here on: read again and again, it is still linear."""
        end = self._start + len(self._data)
        if end >= self._file.size:
            raise CheckpointIncomplete("it ends inside of a pickle", where=self._file.size)
        if end - self.place >= MAX_PICKLE_BYTES:
            what = f"a pickle of more than {MAX_PICKLE_BYTES:,} bytes"
            raise CheckpointTooLarge(what, where=self.place)
        self._load(min(max(_FIRST_BYTES, (end - self.place) * _GROWTH), MAX_PICKLE_BYTES))

    def _load(self, count: int) -> None:
        self._start = self.place
        count = min(count, self._file.size - self.place)
        self._data = self._file.read_at(self.place, count)


class TensorStream(Tensors):
    """The tensors of an open file.

    Raises:
        CheckpointIncomplete: the file ends before its last storage does.
        CheckpointError: a damaged pickle.
    """

    def __init__(self, file: OpenFile | FilePart) -> None:
        self._file = file
        self._verified: set[str] = set()
        reader = PickleReader(file)
        if reader.read().root != _MAGIC_NUMBER or reader.read().root != _VERSION:
            raise CheckpointUnsupported("a PyTorch file of an unknown version", where=0)
        self._byte_order = _byte_order(reader.read().root)
        pickle = reader.read()
        self._places = _places(pickle, reader.read().root, reader.place)
        end = max((p.start + p.count * p.item_bytes for p in self._places.values()), default=0)
        if end > file.size:
            raise CheckpointIncomplete(
                f"it ends early: its storages need {end:,} bytes", where=file.size
            )
        found = listed(pickle)
        self.tensors = found.tensors
        lost = [n for n, t in self.tensors.items() if t.storage and t.storage not in self._places]
        others = f" and {len(lost) - 1:,} more" if lost[1:] else ""
        what = f"the file does not hold the elements of `{lost[0]}`{others}" if lost else ""
        missing = [Problem("missing-elements", what)] if lost else []
        self.problems = (*found.problems, *missing)

    def stored(self, storage: str, name: str) -> Stored:
        """See Tensors.

        Raises:
            CheckpointDamaged: it is not in the file, or of another size there.
        """
        place = self._places.get(storage)
        if place is None:
            raise CheckpointDamaged(f"the file does not hold the elements of `{name}`")
        head = self._file.read_at(place.start - _COUNT_BYTES, _COUNT_BYTES)
        stated = int.from_bytes(head, "little" if self._byte_order == "<" else "big")
        if stated != place.count:
            raise CheckpointDamaged(
                f"the storage of `{name}` has {stated:,} elements, its pickle says {place.count:,}",
                where=place.start - _COUNT_BYTES,
            )
        return stored_at(self._file, place.start, place.count * place.item_bytes, self._byte_order)


def stored_at(
    file: OpenFile | FilePart, start: int, size_bytes: int, byte_order: str = "<"
) -> Stored:
    """A storage whose elements lie in a file as they are."""

    def read(offset: int, count: int) -> foreign_dtypes.Array:
        return read_stored(*place_of(file, start + offset), count)

    def verify() -> None:
        for _ in read_pieces(*place_of(file, start), size_bytes):
            pass

    return Stored(size_bytes, read, verify, byte_order)


def _byte_order(facts: Any) -> str:
    pairs = facts.pairs if isinstance(facts, Mapping) else []
    is_little = all(value is not False for key, value in pairs if key == "little_endian")
    return "<" if is_little else ">"


def _places(pickle: Pickle, keys: Any, place: int) -> dict[str, _Place]:
    """Where the storages are, by name: in the order of `keys`, the first one at `place`."""
    counts: dict[str, tuple[int, int]] = {}
    for symbol in pickle.outside:
        storage = storage_of(symbol)
        if storage is not None:
            counts.setdefault(storage.name, (symbol.name[4], storage.item_bytes))
    found: dict[str, _Place] = {}
    for key in keys if isinstance(keys, list) else []:
        count, item_bytes = counts.get(str(key)[:256], (None, 0))
        if type(count) is not int or not 0 <= count < 1 << 60:
            raise CheckpointDamaged(f"a storage of an unknown size ({str(key)[:64]})", where=place)
        if not item_bytes:
            raise CheckpointUnsupported("a storage of an unknown type", where=place)
        found[str(key)[:256]] = _Place(place + _COUNT_BYTES, count, item_bytes)
        place += _COUNT_BYTES + count * item_bytes
    return found
