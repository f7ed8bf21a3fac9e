"""Where the values of a format lie whose own library finds the bytes: the file alone."""

from __future__ import annotations

from collections.abc import Callable

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.layout.directory_files import STATE_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.value_reader import Place, Placement
from ckptls.checkpoint.storage.filesystem import split

FilesOf = Callable[[Checkpoint, str], tuple[str, ...]]


def places(checkpoint: Checkpoint, name: str) -> list[Place]:
    """Return the files in which a variable lies; of a checkpoint in one file that one."""
    return [Place(path, None, None) for path in files_of(checkpoint, name)]


def placements(checkpoint: Checkpoint) -> dict[str, Placement]:
    """Return the first file of each variable."""
    return place_each(checkpoint, files_of)


def files_of(checkpoint: Checkpoint, name: str) -> tuple[str, ...]:
    """Return the files with a variable."""
    if len(checkpoint.files) > 1:
        return split_files_of(checkpoint, name)
    return checkpoint.files[:1]


def split_files_of(checkpoint: Checkpoint, name: str) -> tuple[str, ...]:
    """Return the files with a variable of a checkpoint in several files.

    It is the first file, such as the index, where the reader of the values cannot tell.
    """
    try:
        return checkpoint.open_values().files_of(name) or checkpoint.files[:1]
    except CheckpointError:
        return checkpoint.files[:1]


def place_each(checkpoint: Checkpoint, files: FilesOf) -> dict[str, Placement]:
    """Return the first of the `files` of each variable, without an offset in it."""
    own = own_files(checkpoint)
    return {
        each.name: Placement((*files(checkpoint, each.name), *own)[0], None, each.num_bytes)
        for each in checkpoint.variables()
    }


def own_files(checkpoint: Checkpoint) -> list[str]:
    """Return the files that were read, without the state file that led there."""
    own = [path for path in checkpoint.files if split(path)[1] != STATE_NAME]
    return own or [checkpoint.prefix]
