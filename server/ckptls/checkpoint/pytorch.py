"""PyTorch's zip files: a pickle that says which tensors there are, and a record for each storage.

The pickle is never run: `pickles` reads what it would build. TorchScript archives and whole
modules have the same layout.

Source: torch/serialization.py, caffe2/serialize/inline_container.cc.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ckptls.checkpoint import elements, shards
from ckptls.checkpoint.archive import Archive
from ckptls.checkpoint.dtypes import item_bytes
from ckptls.checkpoint.errors import CheckpointDamaged, CheckpointUnsupported
from ckptls.checkpoint.files import OpenFile, open_file
from ckptls.checkpoint.limits import check_growth
from ckptls.checkpoint.pickles import MAX_PICKLE_BYTES, symbols
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


def read_value(location: Location, name: str) -> elements.Array:
    """The value of one tensor, from its own record alone.

    Raises:
        KeyError: there is none of that name.
        CheckpointUnsupported: it is sparse, or of a type that NumPy has not.
        CheckpointError: as `read`.
    """
    path = shards.file_of(location, name, _names)
    with open_file(path) as file, Archive(file) as archive:
        archived = _archived(archive)
        tensor = archived.tensors[name]
        value = _value(file, archive, archived.root, tensor, name)
        file.check_unchanged()
    return value


def _found(path: str) -> shards.Found:
    with open_file(path) as file, Archive(file) as archive:
        archived = _archived(archive)
        file.check_unchanged()
    kinds = {name: (each.dtype, each.shape) for name, each in archived.tensors.items()}
    return kinds, file.stamp, archived.problems


def _names(path: str) -> list[str]:
    with open_file(path) as file, Archive(file) as archive:
        return list(_archived(archive).tensors)


def _archived(archive: Archive) -> _Archived:
    name = next(name for name in archive.names if name.endswith("/" + _PICKLE))
    root = name[: -len(_PICKLE)]
    tensors: dict[str, Tensor] = {}
    twice: list[str] = []
    data = archive.read(name, MAX_PICKLE_BYTES)
    for each, tensor in named_tensors(symbols(data), len(data)):
        if tensors.setdefault(each, tensor) is not tensor:
            twice.append(each)
    problems = []
    if twice:
        problems.append(f"several tensors are called `{twice[0]}`; the first is listed")
    if list(tensors) == [UNNAMED]:
        problems.append(f"it holds one tensor without a name; it is listed as `{UNNAMED}`")
    present = set(archive.names)
    lost = [n for n, t in tensors.items() if t.storage and f"{root}data/{t.storage}" not in present]
    if lost:
        problems.append(f"the archive does not hold the elements of `{lost[0]}`")
    return _Archived(root, tensors, tuple(problems))


def _value(
    file: OpenFile, archive: Archive, root: str, tensor: Tensor, name: str
) -> elements.Array:
    if tensor.storage is None:
        raise CheckpointUnsupported(f"`{name}` is listed only: its elements are not in one place")
    record = f"{root}data/{tensor.storage}"
    kind = elements.numpy_dtype(tensor.dtype, _byte_order(archive, root))
    size = item_bytes(tensor.dtype)
    reach = 1 + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    count = reach if prod(tensor.shape) else 0
    check_growth(prod(tensor.shape) * size, archive.size_of(record), name)
    if (tensor.offset + count) * size > archive.size_of(record):
        raise CheckpointDamaged(f"`{name}` runs past the end of its storage")
    data = _stretch(file, archive, record, tensor.offset * size, count * size)
    return _strided(data, kind, tensor)


def _stretch(file: OpenFile, archive: Archive, record: str, start: int, count: int) -> bytes:
    """`count` bytes of a record; those alone, if the record is not compressed."""
    span = archive.span(record)
    if span is not None:
        return file.read_at(span[0] + start, count)
    whole = archive.read(record, archive.size_of(record))
    return whole[start : start + count]


def _strided(data: bytes, kind: elements.AnyType, tensor: Tensor) -> elements.Array:
    import numpy

    # As raw bytes of one element each: as_strided does not know the types of ml_dtypes.
    flat = numpy.frombuffer(bytearray(data), f"V{kind.itemsize}")
    steps = [step * kind.itemsize for step in tensor.strides]
    whole = numpy.array(numpy.lib.stride_tricks.as_strided(flat, tensor.shape, steps), order="C")
    value = whole.view(kind)
    return value if kind.isnative else value.astype(kind.newbyteorder("="))


def _byte_order(archive: Archive, root: str) -> str:
    name = f"{root}byteorder"
    is_big = name in archive.names and archive.read(name, 16).strip() == b"big"
    return ">" if is_big else "<"
