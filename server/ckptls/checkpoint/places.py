"""Where the bytes of a variable lie: file, offset and size, for people and other programs."""

from __future__ import annotations

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.model.value_reader import Place


def places(checkpoint: Checkpoint, variable: Variable) -> list[Place]:
    """Where a variable lies; several places if it is partitioned.

    Of formats whose own library finds the bytes it is the file alone: of a checkpoint in several
    files the one that holds the variable. The index is opened once for all variables, together
    with the values of the checkpoint.

    Raises:
        CheckpointError: the index cannot be read, or does not say.
    """
    if checkpoint.format in (Format.V1, Format.V2):
        return checkpoint.open_values().places(variable.name)
    return [Place(path, None, None) for path in files_of(checkpoint, variable.name)]


def files_of(checkpoint: Checkpoint, name: str) -> tuple[str, ...]:
    """The files with a variable of a checkpoint that is not TensorFlow's; its first file, such as
    the index, where only the values' reader could tell and cannot."""
    if len(checkpoint.files) > 1 or checkpoint.format is Format.PYTORCH_DISTRIBUTED:
        try:
            return checkpoint.open_values().files_of(name) or checkpoint.files[:1]
        except CheckpointError:
            return checkpoint.files[:1]
    return checkpoint.files[:1]
