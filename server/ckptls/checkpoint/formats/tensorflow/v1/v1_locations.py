"""Where the values of a V1 checkpoint lie: in which of its files."""

from __future__ import annotations

from ckptls.checkpoint.formats.shared.file_locations import own_files
from ckptls.checkpoint.formats.tensorflow.v1 import metadata
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.value_reader import Place, Placement
from ckptls.checkpoint.storage.filesystem import open_file


def places(checkpoint: Checkpoint, name: str) -> list[Place]:
    """Return where the blocks with a variable lie; several places if it is partitioned.

    Raises:
        CheckpointError: a file cannot be read.
    """
    return checkpoint.open_values().places(name)


def placements(checkpoint: Checkpoint) -> dict[str, Placement]:
    """Return in which file each variable lies; of a partitioned one the first.

    Raises:
        CheckpointError: a file cannot be read again.
    """
    paths = own_files(checkpoint)
    if len(paths) == 1:
        return {n.name: Placement(paths[0], None, n.num_bytes) for n in checkpoint.variables()}
    found: dict[str, Placement] = {}
    for path in paths:
        with open_file(path) as file:
            names = metadata.read_meta(file.read_at, file.size)
        for name in names:
            variable = checkpoint.get(name)
            size = variable.num_bytes if variable else None
            found.setdefault(name, Placement(path, None, size))
    return found
