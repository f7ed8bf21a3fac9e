"""The names of a checkpoint that are suggested in place of one that it does not have."""

from __future__ import annotations

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.suggestion_ranks import SCOPE, VARIABLE, rank_candidates
from ckptls.checkpoint.names.edit_distance import Rank
from ckptls.checkpoint.names.name_pool import Pool

_MISFIT_EDITS = 3  # a name whose shape does not fit stands behind those that do by so much


def suggest_variables(
    checkpoint: Checkpoint, name: str, shape: tuple[int, ...] | None = None, limit: int = 3
) -> list[str]:
    """Return variables that `name`, which does not exist, may mean; the likeliest first.

    If `shape` is given, those of that shape rank higher.
    """

    def best() -> tuple[str, ...]:
        found = rank_candidates(name, checkpoint.tree.name_pool)
        if shape is not None:
            found = [_behind_if_misfit(rank, checkpoint, shape) for rank in found]
        return tuple(candidate for _, _, candidate in sorted(found)[:limit])

    return list(checkpoint.tree.noted((VARIABLE, name, shape, limit), best))


def suggest_scopes(checkpoint: Checkpoint, scope: str, limit: int = 3) -> list[str]:
    """Return scopes that `scope`, which does not exist, may mean; without final slashes."""
    name, tree = scope.removesuffix("/"), checkpoint.tree
    return list(tree.noted((SCOPE, name, limit), lambda: _best(name, tree.scope_pool, limit)))


def _best(name: str, pool: Pool, limit: int) -> tuple[str, ...]:
    return tuple(candidate for _, _, candidate in sorted(rank_candidates(name, pool))[:limit])


def _behind_if_misfit(rank: Rank, checkpoint: Checkpoint, shape: tuple[int, ...]) -> Rank:
    edits, apart, name = rank
    return (edits if checkpoint[name].shape == shape else edits + _MISFIT_EDITS), apart, name
