"""PyTorch's tar archives, from before 0.2: storages, tensors, and a pickle that refers to them.

Source: torch/serialization.py (_legacy_load.legacy_load).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ckptls.checkpoint.core.dtypes import item_bytes
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.limits import MAX_RANK, checked_shape
from ckptls.checkpoint.formats.pytorch.pickle_scanner import MAX_PICKLE_BYTES
from ckptls.checkpoint.formats.pytorch.torch_names import listed
from ckptls.checkpoint.formats.pytorch.torch_stream import PickleReader, stored_at
from ckptls.checkpoint.formats.pytorch.torch_tensors import Tensor, storage_dtype
from ckptls.checkpoint.formats.pytorch.torch_values import Stored, Tensors
from ckptls.checkpoint.storage.local_file import OpenFile
from ckptls.checkpoint.storage.raw_io import FilePart

_PARTS = ("storages", "tensors", "pickle")
_BLOCK_BYTES = 512
_MAX_MEMBERS = 1_000
_MAX_STORAGES = 500_000
_PLAIN_FILES = (b"0", b"\0", b"7")


@dataclass(frozen=True, slots=True)
class _Storage:
    """The elements of a storage in the member `storages`."""

    start: int
    count: int
    dtype: str


def is_tensor_archive(file: OpenFile | FilePart) -> bool:
    """Whether an open tar archive has the three members that PyTorch writes."""
    return {name for name, _ in _members(file)}.issuperset(_PARTS)


class TensorTar(Tensors):
    """The tensors of an open tar archive.

    Raises:
        CheckpointError: a damaged archive or pickle.
    """

    def __init__(self, file: OpenFile | FilePart) -> None:
        self._verified: set[str] = set()
        parts = dict(_members(file))
        if not parts.keys() >= set(_PARTS):
            raise CheckpointDamaged("not a tar archive of PyTorch, or one that is cut off")
        self._elements = parts["storages"]
        self._storages, views = _storages(PickleReader(self._elements))
        if parts["tensors"].size > MAX_PICKLE_BYTES:
            raise CheckpointTooLarge("a list of tensors that is longer than a pickle can be")
        by_key = dict(_tensors(PickleReader(parts["tensors"]), self._storages, views))
        found = listed(PickleReader(parts["pickle"]).read(), tensor_outside=_finder(by_key))
        self.tensors = found.tensors
        self.problems = found.problems

    def stored(self, storage: str, name: str) -> Stored:
        """See Tensors."""
        place = self._storages[storage]
        return stored_at(self._elements, place.start, place.count * item_bytes(place.dtype))


def _finder(by_key: dict[str, Tensor]) -> Any:
    return lambda name: by_key.get(str(name)) if isinstance(name, (str, int)) else None


def _members(file: OpenFile | FilePart) -> Iterator[tuple[str, FilePart]]:
    """(name, content) of the files in an archive; extended headers are passed by."""
    place = 0
    for _ in range(_MAX_MEMBERS):
        if place + _BLOCK_BYTES > file.size:
            return
        head = file.read_at(place, _BLOCK_BYTES)
        if head[257:262] != b"ustar":
            return
        try:
            size = int(head[124:136].rstrip(b"\0 ") or b"0", 8)
        except ValueError:
            return
        place += _BLOCK_BYTES
        if size < 0 or place + size > file.size:
            return
        if head[156:157] in _PLAIN_FILES:
            name = head[:100].rstrip(b"\0").decode("utf-8", "backslashreplace")
            yield name.removeprefix("./"), FilePart(file, place, size)
        place += -(-size // _BLOCK_BYTES) * _BLOCK_BYTES


def _storages(reader: PickleReader) -> tuple[dict[str, _Storage], dict[str, tuple[str, int]]]:
    """The storages by key, and for each view of one the storage and the first element."""
    found: dict[str, _Storage] = {}
    for _ in range(_count(reader)):
        key, _location, kind = _fields(reader.read().root)
        count = int.from_bytes(reader.read_bytes(8), "little")
        dtype = storage_dtype(kind)
        if not item_bytes(dtype):
            raise CheckpointUnsupported("a storage of an unknown type", where=reader.place)
        found[str(key)] = _Storage(reader.place, count, dtype)
        reader.skip(count * item_bytes(dtype))
    views: dict[str, tuple[str, int]] = {}
    stated = reader.read().root
    for view in stated if isinstance(stated, list) else []:
        fields = view if isinstance(view, tuple) and len(view) == 4 else (None,) * 4
        target, root, offset, _ = fields
        if type(offset) is not int or offset < 0:
            raise CheckpointDamaged("a view of a storage that is not described")
        views[str(target)] = str(root), offset
    return found, views


def _tensors(
    reader: PickleReader, storages: dict[str, _Storage], views: dict[str, tuple[str, int]]
) -> Iterator[tuple[str, Tensor]]:
    for _ in range(_count(reader)):
        key, storage_key, _type = _fields(reader.read().root)
        rank = int.from_bytes(reader.read_bytes(8)[:4], "little")
        if rank > MAX_RANK:
            raise CheckpointDamaged(f"a tensor of {rank:,} dimensions", where=reader.place)
        numbers = reader.read_bytes(8 * (2 * rank + 1))
        sizes = [
            int.from_bytes(numbers[at : at + 8], "little", signed=True)
            for at in range(0, len(numbers), 8)
        ]
        shape, strides = checked_shape(sizes[:rank], "a tensor"), tuple(sizes[rank : 2 * rank])
        name, start = views.get(str(storage_key), (str(storage_key), 0))
        if name not in storages or min((*strides, sizes[-1])) < 0:
            raise CheckpointDamaged("a tensor that does not lie in its storage", where=reader.place)
        dense = Tensor(storages[name].dtype, shape, name, sizes[-1], strides)
        yield str(key), replace(dense, offset=dense.offset + start)


def _count(reader: PickleReader) -> int:
    count = reader.read().root
    if type(count) is not int or count < 0:
        raise CheckpointDamaged("a count that is not a number", where=0)
    if count > _MAX_STORAGES:
        raise CheckpointTooLarge(f"more than {_MAX_STORAGES:,} storages or tensors")
    return count


def _fields(symbol: Any) -> tuple[Any, Any, Any]:
    if not isinstance(symbol, tuple) or len(symbol) != 3:
        raise CheckpointDamaged("a storage or a tensor that is not described")
    return symbol
