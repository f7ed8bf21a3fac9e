"""PyTorch's zip files: a pickle that says which tensors there are, and a record for each storage.

The pickle is never run: `pickles` reads what it would build. TorchScript archives and whole
modules have the same layout.

Source: torch/serialization.py, caffe2/serialize/inline_container.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ckptls.checkpoint import elements, shards
from ckptls.checkpoint.archive import Archive
from ckptls.checkpoint.dtypes import item_bytes
from ckptls.checkpoint.errors import CheckpointDamaged, CheckpointError, CheckpointUnsupported
from ckptls.checkpoint.files import OpenFile, open_file
from ckptls.checkpoint.limits import check_growth
from ckptls.checkpoint.model import Remark
from ckptls.checkpoint.pickles import MAX_PICKLE_BYTES, symbols
from ckptls.checkpoint.stored import read_stored
from ckptls.checkpoint.torch_tensors import UNNAMED, Tensor, named_tensors

if TYPE_CHECKING:
    from ckptls.checkpoint.formats import Contents
    from ckptls.checkpoint.locate import Location

_PICKLE = "data.pkl"


@dataclass(frozen=True, slots=True)
class _Archived:
    """The tensors of one archive, whose records are called `root` and what follows."""

    root: str
    tensors: dict[str, Tensor]
    problems: tuple[str, ...]


def read(location: Location) -> Contents:
    """The tensors of a file, or of all shards that an index names.

    Raises:
        CheckpointError: a damaged archive or pickle.
    """
    return shards.listed(location, _found)


def open_values(location: Location, names: Sequence[str] = ()) -> shards.ShardValues:
    """The tensors' values; see `values.ValueReader`."""
    return shards.ShardValues(location, _Opened)


class _Opened(shards.Shard):
    """One archive, whose pickle was read once."""

    def __init__(self, path: str) -> None:
        self.file = open_file(path)
        try:
            self._archive = Archive(self.file)
            self._archived = _archived(self._archive)
            self._byte_order = _byte_order(self._archive, self._archived.root)
        except CheckpointError as error:
            self.file.close()
            raise error.named(path) from None
        self.names = self._archived.tensors.keys()
        self._verified: set[str] = set()

    def close(self) -> None:
        self._archive.close()
        self.file.close()

    def read(self, name: str) -> elements.Array:
        tensor = self._archived.tensors[name]
        root, order = self._archived.root, self._byte_order
        value = _value(self.file, self._archive, root, order, tensor, name)
        self.file.check_unchanged()
        return value

    def verify(self, name: str) -> int:
        tensor = self._archived.tensors[name]
        size = prod(tensor.shape) * item_bytes(tensor.dtype)
        if tensor.storage is not None:
            record = f"{self._archived.root}data/{tensor.storage}"
            _check_storage(self._archive, record, tensor, name)
            if record not in self._verified:  # several tensors may share one
                self._verified.add(record)
                self._archive.verify(record)
        self.file.check_unchanged()
        return size

    def verify_rest(self) -> None:
        self._archive.verify_all(self._verified)


def _found(path: str) -> shards.Found:
    with open_file(path) as file, Archive(file) as archive:
        archived = _archived(archive)
        file.check_unchanged()
    kinds = {name: (each.dtype, each.shape) for name, each in archived.tensors.items()}
    return kinds, file.stamp, archived.problems


def _archived(archive: Archive) -> _Archived:
    name = next(name for name in archive.names if name.endswith("/" + _PICKLE))
    root = name[: -len(_PICKLE)]
    tensors: dict[str, Tensor] = {}
    twice: list[str] = []
    data = archive.read(name, MAX_PICKLE_BYTES)
    for each, tensor in named_tensors(symbols(data), len(data)):
        if tensors.setdefault(each, tensor) is not tensor:
            twice.append(each)
    problems: list[str] = []
    if twice:
        problems.append(Remark(f"several tensors are called `{twice[0]}`; the first is listed"))
    if list(tensors) == [UNNAMED]:
        problems.append(Remark(f"it holds one tensor without a name, listed as `{UNNAMED}`"))
    present = set(archive.names)
    lost = [n for n, t in tensors.items() if t.storage and f"{root}data/{t.storage}" not in present]
    if lost:
        problems.append(f"the archive does not hold the elements of `{lost[0]}`")
    return _Archived(root, tensors, tuple(problems))


def _value(
    file: OpenFile, archive: Archive, root: str, order: str, tensor: Tensor, name: str
) -> elements.Array:
    if tensor.storage is None:
        raise CheckpointUnsupported(f"`{name}` is listed only: its elements are not in one place")
    record = f"{root}data/{tensor.storage}"
    kind = elements.numpy_dtype(tensor.dtype, order)
    size = item_bytes(tensor.dtype)
    count = _check_storage(archive, record, tensor, name)
    check_growth(prod(tensor.shape) * size, archive.size_of(record), name)
    start = tensor.offset * size
    span = archive.span(record)
    if span is None:
        data = archive.read_array(record)[start : start + count * size]
    else:
        data = read_stored(file, span[0] + start, count * size)
    return _strided(data, kind, tensor)


def _check_storage(archive: Archive, record: str, tensor: Tensor, name: str) -> int:
    """How many elements of its storage a tensor reaches over, which must all be there."""
    count = 0
    if 0 not in tensor.shape:
        steps = zip(tensor.shape, tensor.strides, strict=True)
        count = 1 + sum((n - 1) * step for n, step in steps)
    present = archive.size_of(record)
    if (tensor.offset + count) * item_bytes(tensor.dtype) > present:
        raise CheckpointDamaged(f"`{name}` runs past the end of its storage")
    return count


def _strided(data: elements.Array, kind: elements.AnyType, tensor: Tensor) -> elements.Array:
    import numpy

    if tensor.strides == _plain_strides(tensor.shape):
        value: elements.Array = data.view(kind).reshape(tensor.shape)
    else:
        # As raw bytes of one element each: as_strided does not know the types of ml_dtypes.
        flat = data.view(f"V{kind.itemsize}")
        steps = [step * kind.itemsize for step in tensor.strides]
        view = numpy.lib.stride_tricks.as_strided(flat, tensor.shape, steps)
        value = numpy.array(view, order="C").view(kind)
    return value if kind.isnative else value.astype(kind.newbyteorder("="))


def _plain_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a tensor whose elements lie one behind the other, in C order."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def _byte_order(archive: Archive, root: str) -> str:
    name = f"{root}byteorder"
    is_big = name in archive.names and archive.read(name, 16).strip() == b"big"
    return ">" if is_big else "<"
