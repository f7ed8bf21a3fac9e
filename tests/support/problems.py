"""The sentences of what a listing found."""

from __future__ import annotations

from ckptls import Checkpoint


def sentences(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return the sentences of the problems and notes of a checkpoint."""
    return tuple(problem.sentence for problem in checkpoint.problems)
