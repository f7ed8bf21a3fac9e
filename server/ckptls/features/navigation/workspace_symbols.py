"""Variables of known checkpoints by a few letters of their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common.fuzzy_match import best_matches, cost, narrowing

MAX_FOUND = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """A variable of a checkpoint."""

    checkpoint: Checkpoint
    name: str


def search(query: str, checkpoint: Checkpoint) -> list[Hit]:
    """The variables of one checkpoint that fit, best first, at most `MAX_FOUND`."""
    names = best_matches(query, checkpoint.names, 0, MAX_FOUND, narrowing(checkpoint))
    return [Hit(checkpoint, name) for name in names if name != OBJECT_GRAPH_NAME]


def best_hits(query: str, hits: Iterable[Hit]) -> list[Hit]:
    """The best of what was found in several checkpoints."""
    ranked = sorted(hits, key=lambda hit: (cost(query, hit.name, 0), hit.checkpoint.prefix))
    return ranked[:MAX_FOUND]
