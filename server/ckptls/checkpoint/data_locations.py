"""Where the bytes of variables lie: file, offset and size, for people and other programs."""

from __future__ import annotations

from ckptls.checkpoint.formats.registry import locator_of
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.model.value_reader import Place, Placement


def places(checkpoint: Checkpoint, variable: Variable) -> list[Place]:
    """Return where a variable lies; several places if it is partitioned.

    Of formats whose own library finds the bytes it is the file alone. The index is opened once
    for all variables, together with the values of the checkpoint.

    Raises:
        CheckpointError: the index cannot be read, or does not say.
    """
    found: list[Place] = locator_of(checkpoint).places(checkpoint, variable.name)
    return found


def placements(checkpoint: Checkpoint) -> dict[str, Placement]:
    """Return where each variable of a checkpoint lies, by its name.

    Raises:
        CheckpointError: its metadata files cannot be read again.
    """
    found: dict[str, Placement] = locator_of(checkpoint).placements(checkpoint)
    return found
