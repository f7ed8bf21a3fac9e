"""Where the bytes of a variable lie: file, offset and size, for people and other programs."""

from __future__ import annotations

from dataclasses import dataclass

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

    Of formats whose own library finds the bytes it is the file alone. The index is opened once
    for all variables, together with the values of the checkpoint.

    Raises:
        CheckpointError: the index cannot be read, or does not say.
    """
    if checkpoint.format in (Format.V1, Format.V2):
        return checkpoint.open_values().places(variable.name)
    return [Place(path, None, None) for path in checkpoint.files[:1]]
