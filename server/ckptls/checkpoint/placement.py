"""In which file the value of each variable lies, as far as metadata tells."""

from __future__ import annotations

from dataclasses import dataclass

from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.formats.tensorflow.v1 import metadata
from ckptls.checkpoint.formats.tensorflow.v2.index_reader import IndexReader, data_path
from ckptls.checkpoint.layout.directory_files import STATE_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.places import files_of
from ckptls.checkpoint.storage.filesystem import open_file, split


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the bytes of one variable are.

    Attributes:
        path: the data file; of a partitioned variable that of its first slice. It need not
            be there.
        offset_bytes: where in that file they start; None where that is not known.
        num_bytes: how many there are, of all slices together; None where not known.
        num_slices: the number of slices if it is partitioned, else 0.
    """

    path: str
    offset_bytes: int | None = None
    num_bytes: int | None = None
    num_slices: int = 0


def placements(checkpoint: Checkpoint) -> dict[str, Placement]:
    """name -> where it lies, for every variable of a checkpoint.

    Raises:
        CheckpointError: its metadata files cannot be read once more.
    """
    if checkpoint.format is Format.V2:
        return _of_bundle(checkpoint)
    paths = _own_files(checkpoint)
    if checkpoint.format is Format.V1 and len(paths) > 1:
        return _of_shards(checkpoint, paths)
    if checkpoint.format is Format.V1:
        return {n.name: Placement(paths[0], None, n.num_bytes) for n in checkpoint.variables()}
    return {
        each.name: Placement((*files_of(checkpoint, each.name), *paths)[0], None, each.num_bytes)
        for each in checkpoint.variables()
    }


def _own_files(checkpoint: Checkpoint) -> list[str]:
    """The files that were read, without the state file that led there."""
    own = [path for path in checkpoint.files if split(path)[1] != STATE_NAME]
    return own or [checkpoint.prefix]


def _of_bundle(checkpoint: Checkpoint) -> dict[str, Placement]:
    with IndexReader(checkpoint.files[0]) as index:
        shards = index.header().shards
        entries = {entry.key: entry for entry in index.entries()}
        index.check_unchanged()
    hidden = {key for entry in entries.values() for key in entry.slice_keys()}
    found = {}
    for entry in entries.values():
        if entry.key in hidden:
            continue
        parts = [entries[key] for key in entry.slice_keys() if key in entries] or [entry]
        path = data_path(checkpoint.prefix, parts[0].shard, shards)
        size = sum(part.size_bytes for part in parts)
        found[entry.name] = Placement(path, parts[0].offset_bytes, size, len(entry.slices))
    return found


def _of_shards(checkpoint: Checkpoint, paths: list[str]) -> dict[str, Placement]:
    found: dict[str, Placement] = {}
    for path in paths:
        with open_file(path) as file:
            names = metadata.read_meta(file.read_at, file.size)
        for name in names:
            variable = checkpoint.get(name)
            size = variable.num_bytes if variable else None
            found.setdefault(name, Placement(path, None, size))
    return found
