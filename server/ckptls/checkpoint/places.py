"""Where the bytes of a variable lie: file, offset and size, for people and other programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ckptls.checkpoint.errors import CheckpointError
from ckptls.checkpoint.messages import Extents
from ckptls.checkpoint.model import Checkpoint, Format, Variable


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a file that holds a variable or a slice of it.

    Attributes:
        path: the file, which need not be there.
        offset_bytes: where in it the bytes start; None if they are compressed, or if only
            the format's own library knows.
        size_bytes: how many there are, None as above. A V1 file keeps values in a message
            of its own, so this is not the size of the values there.
        extents: (start, length) in each dimension if it is a slice, else None.
    """

    path: str
    offset_bytes: int | None
    size_bytes: int | None
    extents: Extents | None = None


def places(checkpoint: Checkpoint, variable: Variable) -> list[Place]:
    """Where a variable lies; several places if it is partitioned.

    Raises:
        CheckpointError: the index cannot be read, or does not say.
    """
    find = {Format.V1: _in_v1, Format.V2: _in_bundle}.get(checkpoint.format, _in_first_file)
    return list(find(checkpoint, variable))


def _in_first_file(checkpoint: Checkpoint, variable: Variable) -> Iterator[Place]:
    """For formats whose own library finds the bytes."""
    yield from (Place(path, None, None) for path in checkpoint.files[:1])


def _in_bundle(checkpoint: Checkpoint, variable: Variable) -> Iterator[Place]:
    from ckptls.checkpoint.entries import Entry, IndexReader, data_path
    from ckptls.checkpoint.listing import INDEX_SUFFIX
    from ckptls.checkpoint.slices import slice_entries

    with IndexReader(checkpoint.prefix + INDEX_SUFFIX) as index:
        entry = index.find(variable.name)
        if entry is None:
            return
        shards = index.header().shards
        parts: list[tuple[Extents | None, Entry]] = [(None, entry)]
        if entry.slices:
            parts = [*slice_entries(index, entry)]
    for extents, part in parts:
        path = data_path(checkpoint.prefix, part.shard, shards)
        yield Place(path, part.offset_bytes, part.size_bytes, extents)


def _in_v1(checkpoint: Checkpoint, variable: Variable) -> Iterator[Place]:
    from ckptls.checkpoint.files import open_file
    from ckptls.checkpoint.slices import resolve
    from ckptls.checkpoint.v1_entries import V1Reader, shard_files

    for path in shard_files(checkpoint.files):
        try:
            with open_file(path) as file:
                reader = V1Reader(file)
                for tensor in (each for each in reader.tensors() if each.name == variable.name):
                    for extents, key in zip(tensor.slices, tensor.slice_keys(), strict=True):
                        found = reader.find(key)
                        whole = all(length == -1 for _, length in extents)
                        where = None if found is None else found.where
                        size = None if found is None or where is None else found.size
                        place = None if whole else resolve(extents, tensor.shape)
                        yield Place(path, where, size, place)
        except CheckpointError as error:
            raise error.named(path) from None
