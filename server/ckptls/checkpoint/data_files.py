"""Whether the data files of a V2 checkpoint are there and long enough, from their sizes alone.

An index says where in which data file each value lies. A copy that stopped half-way is seen
from that; no value is read.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointForeign, CheckpointUnsupported
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.tensorflow.v2.index_reader import Entry, IndexReader, data_path
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import (
    file_names,
    irregular_kind,
    irregular_names,
    is_file,
    is_remote,
    open_file,
    split,
    stamp_of,
)
from ckptls.checkpoint.storage.foreign_files import POINTER_BYTES

# Of larger indexes not every entry is decoded again.
_MAX_ENTRIES = 2_000
_MAX_SHARDS = 1_000


@dataclass(frozen=True, slots=True)
class DataNeeds:
    """What an index says about its data files.

    Attributes:
        prefix: of the checkpoint.
        ends: for each data file how many bytes it has at least.
        values: (data file, end in bytes, name) of each value; empty for very many of them.
    """

    prefix: str
    ends: tuple[int, ...]
    values: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DataLoss:
    """What is missing of the data of a checkpoint.

    Attributes:
        what: a sentence about the data file that is missing, cut short or not fetched.
        variables: the names of what cannot be read; None if that is not known.
        takes_all: no value is left.
    """

    what: str
    variables: frozenset[str] | None
    takes_all: bool = False


def needs_of(checkpoint: Checkpoint) -> DataNeeds | None:
    """What a checkpoint needs of its data files.

    None for other formats, on other machines, and where none of the files is there.
    """
    if checkpoint.format is not Format.V2 or is_remote(checkpoint.prefix) or not checkpoint.files:
        return None
    if not (has_one_file(checkpoint.prefix) or _has_files(checkpoint.prefix)):
        return None
    try:
        with IndexReader(checkpoint.files[0]) as index:
            shards = index.header().shards
            if not 0 < shards <= _MAX_SHARDS:
                return None
            if len(checkpoint) > _MAX_ENTRIES:
                least = _least_bytes(checkpoint) if shards == 1 else 0
                return DataNeeds(checkpoint.prefix, (least,) + (0,) * (shards - 1))
            entries = [entry for entry in index.entries() if not entry.slices]
    except CheckpointError:
        return None
    return _needs(checkpoint.prefix, shards, entries)


def has_one_file(prefix: str) -> bool:
    """Whether the data of a checkpoint lies in one file, as it mostly does."""
    return is_file(data_path(prefix, 0, 1))


def _has_files(prefix: str) -> bool:
    directory, name = split(prefix)
    names = (*file_names(directory), *irregular_names(directory))
    return any(each.startswith(f"{name}.data-") for each in names)


def loss_of(needs: DataNeeds) -> DataLoss | None:
    """What is missing of the data files; None if nothing is, or if none of them is there.

    An index without any data is a way to pass on names and shapes.
    """
    shards = len(needs.ends)
    paths = [data_path(needs.prefix, shard, shards) for shard in range(shards)]
    stamps = [stamp_of(path) for path in paths]
    sizes = [None if stamp is None else stamp[2] for stamp in stamps]
    if all(size is None for size in sizes):
        return None
    lost = [i for i, size in enumerate(sizes) if size is None]
    if lost:
        what = f"{len(lost):,} of its {shards:,} data files are missing, such as"
        return _loss(f"{what} `{os.path.basename(paths[lost[0]])}`", needs, sizes)
    for index, path in enumerate(paths):
        kind = irregular_kind(path)
        if kind:
            what = f"`{os.path.basename(path)}` is {kind}, and a data file is a regular file"
            return _loss(what, needs, [*sizes[:index], None, *sizes[index + 1 :]])
    for path, size, end in zip(paths, sizes, needs.ends, strict=True):
        if size is not None and size < end:
            name = os.path.basename(path)
            pointer = _stands_for_another(path, size)
            what = f"`{name}` has {size:,} bytes and should have {end:,}"
            return _loss(f"`{name}`: {pointer}" if pointer else what, needs, sizes)
    for index, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        pointer = _pointer(path) if size is not None and 0 < size < POINTER_BYTES else ""
        if pointer:  # it is longer than the few values that belong there
            what = f"`{os.path.basename(path)}`: {pointer}"
            return _loss(what, needs, [*sizes[:index], None, *sizes[index + 1 :]])
    return None


def _pointer(path: str) -> str:
    """That a file is a pointer of Git LFS, and what to do; empty if it is not."""
    try:
        open_file(path).close()
    except CheckpointForeign as error:
        return f"{error.what}; {error.hint}"
    except CheckpointError:
        return ""
    return ""


def _needs(prefix: str, shards: int, entries: list[Entry]) -> DataNeeds:
    ends = [0] * shards
    values = []
    for entry in entries:
        end = entry.offset_bytes + entry.size_bytes
        if entry.shard < shards:
            ends[entry.shard] = max(ends[entry.shard], end)
            values.append((entry.shard, end, entry.name))
    return DataNeeds(prefix, tuple(ends), tuple(values))


def _least_bytes(checkpoint: Checkpoint) -> int:
    """The bytes of all values whose shape tells how many they are."""
    return sum(variable.num_bytes or 0 for variable in checkpoint.variables())


def _loss(what: str, needs: DataNeeds, sizes: list[int | None]) -> DataLoss:
    if not needs.values:
        return DataLoss(what, None)
    lost = [name for shard, end, name in needs.values if end > (sizes[shard] or 0)]
    return DataLoss(what, frozenset(lost), len(lost) == len(needs.values))


def _stands_for_another(path: str, size: int) -> str:
    """What a very short file is if it only says where the data is."""
    if size > POINTER_BYTES:
        return ""
    from ckptls.checkpoint.formats.detection import at_file

    try:
        at_file(path)
    except CheckpointUnsupported as error:
        return f"{error.what}; {error.hint}" if error.hint else error.what
    except CheckpointError:
        return ""
    return ""
