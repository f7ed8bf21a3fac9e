"""Where the values of a V2 checkpoint lie, by its index: file, offset and size."""

from __future__ import annotations

from ckptls.checkpoint.formats.tensorflow.v2.index_reader import IndexReader, data_path
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.value_reader import Place, Placement


def places(checkpoint: Checkpoint, name: str) -> list[Place]:
    """Return where a variable lies; several places if it is partitioned.

    Raises:
        CheckpointError: the index cannot be read.
    """
    return checkpoint.open_values().places(name)


def placements(checkpoint: Checkpoint) -> dict[str, Placement]:
    """Return where each variable lies; of a partitioned one where its first slice does.

    Raises:
        CheckpointError: the index cannot be read again.
    """
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
