"""Directories of `torch.distributed.checkpoint`: a pickle `.metadata`, and files with the tensors.

Each tensor is stored in chunks, each chunk as a file of its own (as `torch.save` writes it)
inside of a `.distcp` file.

Source: torch/distributed/checkpoint/metadata.py, torch/distributed/checkpoint/filesystem.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.core.dtypes import item_bytes
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointTooLarge,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.limits import MAX_NAME_BYTES, check_growth
from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.pytorch.pickle_scanner import MAX_PICKLE_BYTES, read_pickle
from ckptls.checkpoint.formats.pytorch.pickle_symbols import Call, Global, Mapping
from ckptls.checkpoint.formats.pytorch.torch_tensors import dtype_of, shape_of
from ckptls.checkpoint.formats.shared.file_locations import place_each, split_files_of
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.location import Location
from ckptls.checkpoint.model.value_reader import Place, Placement
from ckptls.checkpoint.storage.filesystem import (
    file_names,
    is_inside,
    join,
    open_file,
    split,
    stamp_of,
)
from ckptls.checkpoint.storage.local_file import Closing
from ckptls.checkpoint.storage.open_file_pool import OpenFiles
from ckptls.checkpoint.storage.raw_io import FilePart

if TYPE_CHECKING:
    from ckptls.checkpoint.formats.pytorch.torch_values import Tensors
    from ckptls.checkpoint.model.contents import Contents

METADATA = ".metadata"
DATA_SUFFIX = ".distcp"
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Stored:
    """Where a chunk is: bytes of a file beside `.metadata`."""

    path: str
    start: int
    size_bytes: int
    is_transformed: bool


@dataclass(slots=True)
class _Tensor:
    """A tensor; its chunks by the place of their first element, with their shapes."""

    dtype: str
    shape: Shape
    chunks: dict[Shape, Shape] = field(default_factory=dict)
    stored: dict[Shape, _Stored] = field(default_factory=dict)


def in_directory(directory: str) -> Location | None:
    """The checkpoint that a directory is, None if it is not one."""
    names = set(file_names(directory))
    if METADATA not in names or not any(name.endswith(DATA_SUFFIX) for name in names):
        return None
    return Location(directory, Format.PYTORCH_DISTRIBUTED, (join(directory, METADATA),))


def at_file(path: str) -> Location | None:
    """The checkpoint of which a file is a part, None if it is not one of these files.

    Raises:
        CheckpointUnsupported: a file with tensors whose `.metadata` is not there.
    """
    directory, name = split(path)
    if name != METADATA and not name.endswith(DATA_SUFFIX):
        return None
    found = in_directory(directory or ".")
    if found is None and name != METADATA:
        raise CheckpointUnsupported(
            f"it is a part of a distributed PyTorch checkpoint without its `{METADATA}`",
            hint=f"copy `{METADATA}` beside it: it says which tensors there are",
        )
    return found


def read(location: Location) -> Contents:
    """The tensors that `.metadata` lists.

    Raises:
        CheckpointError: a damaged pickle, or one of something else.
    """
    from ckptls.checkpoint.model.contents import Contents

    tensors, stamp, problems = _read(location.files[0])
    names = sorted(tensors)
    problems += _missing(location.prefix, tensors)
    kinds = [(tensors[name].dtype, tensors[name].shape) for name in names]
    return Contents(names, kinds, [stamp], tuple(problems))


def open_values(location: Location, names: Sequence[str] = ()) -> DistributedValues:
    """The tensors' values; see `ValueReader`."""
    return DistributedValues(location)


def places(checkpoint: Checkpoint, name: str) -> list[Place]:
    """Return the files with the chunks of a tensor."""
    return [Place(path, None, None) for path in split_files_of(checkpoint, name)]


def placements(checkpoint: Checkpoint) -> dict[str, Placement]:
    """Return the file with the first chunk of each tensor."""
    return place_each(checkpoint, split_files_of)


class DistributedValues(Closing):
    """A checkpoint whose `.metadata` was read; its files are opened when they are needed."""

    def __init__(self, location: Location) -> None:
        self._directory = location.prefix
        self._tensors = _read(location.files[0])[0]
        self._files = OpenFiles()

    def close(self) -> None:
        """See Closing."""
        self._files.close()

    def read(self, name: str) -> foreign_dtypes.Array:
        """The value of one tensor, put together of its chunks.

        Raises:
            KeyError: there is none of that name.
            CheckpointDamaged: chunks that do not fit, or not one of them.
            CheckpointUnsupported: chunks that are compressed.
            CheckpointError: a file cannot be read.
        """
        import numpy

        tensor = self._tensors[name]
        kind = foreign_dtypes.numpy_dtype(tensor.dtype)
        _check_chunks(tensor, name)
        value: foreign_dtypes.Array = numpy.empty(tensor.shape, kind.newbyteorder("="))
        for offsets, sizes in tensor.chunks.items():
            with self._chunk(tensor, offsets, name) as found:
                chunk = found.value(next(iter(found.tensors)))
            if chunk.shape != sizes or chunk.dtype != value.dtype:
                raise CheckpointDamaged(f"a chunk of `{name}` is {chunk.dtype} {list(chunk.shape)}")
            value[tuple(slice(at, at + n) for at, n in zip(offsets, sizes, strict=True))] = chunk
        return value

    def verify(self, name: str) -> int:
        """Read all chunks of a tensor, one at a time; how many bytes its elements take.

        Raises:
            KeyError, CheckpointError: as `read`.
        """
        tensor = self._tensors[name]
        _check_chunks(tensor, name)
        for offsets in tensor.chunks:
            with self._chunk(tensor, offsets, name) as found:
                found.verify(next(iter(found.tensors)))
                found.verify_rest()
        return prod(tensor.shape) * item_bytes(tensor.dtype)

    def files_of(self, name: str) -> tuple[str, ...]:
        """The files with the bytes of one variable; none for one that is not known."""
        tensor = self._tensors.get(name)
        stored = tensor.stored.values() if tensor is not None else ()
        return tuple(dict.fromkeys(join(self._directory, each.path) for each in stored))

    def verify_rest(self) -> None:
        """Nothing else."""

    @contextmanager
    def _chunk(self, tensor: _Tensor, offsets: Shape, name: str) -> Iterator[Tensors]:
        """The file inside of a file that holds a chunk, and one tensor."""
        from ckptls.checkpoint.formats.pytorch.pytorch_file import tensors_in

        stored = tensor.stored.get(offsets)
        if stored is None:
            raise CheckpointDamaged(f"it does not say where a chunk of `{name}` is")
        if stored.is_transformed:
            raise CheckpointUnsupported(f"the chunks of `{name}` are compressed, which is not read")
        path = join(self._directory, stored.path)
        if not is_inside(path, self._directory):
            raise CheckpointDamaged(f"it names `{stored.path}`, outside of its directory")
        file = self._files.open(path)
        try:
            with tensors_in(FilePart(file, stored.start, stored.size_bytes)) as found:
                if len(found.tensors) != 1:
                    raise CheckpointDamaged(f"a chunk of `{name}` is not one tensor")
                yield found
            file.check_unchanged()
        except CheckpointError as error:
            raise error.named(path) from None


def _check_chunks(tensor: _Tensor, name: str) -> None:
    """Refuse a shape that its chunks do not make, or that would grow beyond the limits."""
    stored_bytes = sum(stored.size_bytes for stored in tensor.stored.values())
    check_growth(prod(tensor.shape) * item_bytes(tensor.dtype), stored_bytes, name)
    if sum(prod(sizes) for sizes in tensor.chunks.values()) != prod(tensor.shape):
        raise CheckpointDamaged(f"the chunks of `{name}` do not make its shape")


def _missing(directory: str, tensors: dict[str, _Tensor]) -> list[Problem]:
    """Return a problem about the chunks that are not in the directory, or an empty list."""
    sizes: dict[str, int] = {}
    lost: list[str] = []
    for name, tensor in tensors.items():
        for offsets in tensor.chunks:
            stored = tensor.stored.get(offsets)
            if stored is not None and stored.path not in sizes:
                stamp = stamp_of(join(directory, stored.path))
                sizes[stored.path] = stamp[2] if stamp else -1
            if stored is None or stored.start + stored.size_bytes > sizes[stored.path]:
                lost.append(name)
                break
    others = f" and {len(lost) - 1:,} more" if lost[1:] else ""
    if not lost:
        return []
    what = f"its files do not hold all elements of `{lost[0]}`{others}"
    return [Problem("missing-elements", what)]


def _read(path: str) -> tuple[dict[str, _Tensor], Any, list[Problem]]:
    """The tensors by name, the stamp of the file, and what is odd."""
    with open_file(path) as file:
        if file.size > MAX_PICKLE_BYTES:
            raise CheckpointTooLarge(f"{file.size:,} bytes of metadata", path)
        data = file.read_at(0, file.size)
        file.check_unchanged()
    try:
        tensors, problems = _parse(data)
    except CheckpointError as error:
        raise error.named(path) from None
    return tensors, file.stamp, problems


def _parse(data: bytes) -> tuple[dict[str, _Tensor], list[Problem]]:
    root = _fields(read_pickle(data).root, "Metadata")
    if root is None:
        what = "a pickle, but not of a distributed PyTorch checkpoint"
        raise CheckpointUnsupported(what, where=0)
    tensors: dict[str, _Tensor] = {}
    unknown: list[str] = []
    for name, symbol in _pairs(root.get("state_dict_metadata")):
        if not isinstance(name, str) or len(name) > MAX_NAME_BYTES:
            raise CheckpointDamaged("a name that is not a text")
        stated = _fields(symbol, "TensorStorageMetadata")
        if stated is not None:
            tensors[name] = _tensor(stated, name)
        elif _fields(symbol, "BytesStorageMetadata") is None:
            unknown.append(name)
    for key, symbol in _pairs(root.get("storage_data")):
        index, stated = _fields(key, "MetadataIndex"), _fields(symbol, "_StorageInfo")
        tensor = tensors.get(index.get("fqn", "")) if index else None
        if tensor is not None and index is not None and index.get("offset") is not None:
            offset = shape_of(index["offset"], str(index["fqn"]))
            tensor.stored[offset] = _stored(stated or {}, str(index["fqn"]))
    others = f" and {len(unknown) - 1:,} more" if unknown[1:] else ""
    if not unknown:
        return tensors, []
    what = f"`{unknown[0]}`{others} is not described: not listed"
    return tensors, [Problem("not-listed", what)]


def _tensor(stated: dict[Any, Any], name: str) -> _Tensor:
    properties = stated.get("properties")
    state = properties.state if isinstance(properties, Call) else None
    if isinstance(state, Mapping):
        state = (dict(_pairs(state)).get("dtype"),)
    dtype = dtype_of(state[0] if isinstance(state, tuple) and state else None)
    tensor = _Tensor(dtype, shape_of(stated.get("size"), name))
    chunks = stated.get("chunks")
    for symbol in chunks if isinstance(chunks, list) else []:
        chunk = _fields(symbol, "ChunkStorageMetadata") or {}
        offsets, sizes = shape_of(chunk.get("offsets"), name), shape_of(chunk.get("sizes"), name)
        ends = [at + n for at, n in zip(offsets, sizes, strict=False)]
        fits = len(offsets) == len(sizes) == len(tensor.shape)
        if not fits or any(end > n for end, n in zip(ends, tensor.shape, strict=True)):
            raise CheckpointDamaged(f"a chunk of `{name}` that is not in its shape")
        tensor.chunks[offsets] = sizes
    return tensor


def _stored(stated: dict[Any, Any], name: str) -> _Stored:
    path, start, size = (stated.get(key) for key in ("relative_path", "offset", "length"))
    if not isinstance(path, str) or type(start) is not int or type(size) is not int:
        raise CheckpointDamaged(f"it does not say where a chunk of `{name}` is")
    if min(start, size) < 0:
        raise CheckpointDamaged(f"a chunk of `{name}` that begins before its file")
    return _Stored(path, start, size, bool(stated.get("transform_descriptors")))


def _fields(symbol: Any, class_name: str) -> dict[Any, Any] | None:
    """The attributes of an object of a class of this name, None of anything else."""
    if not isinstance(symbol, Call) or not isinstance(symbol.function, Global):
        return None
    if symbol.function.name.rpartition(".")[2] != class_name:
        return None
    return dict(_pairs(symbol.state))


def _pairs(symbol: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs of a dictionary; a key that Python could not hash is an empty text."""
    pairs = symbol.pairs if isinstance(symbol, (Mapping, Call)) else None
    for key, value in pairs or ():
        yield ("" if isinstance(key, (list, tuple)) else key), value
