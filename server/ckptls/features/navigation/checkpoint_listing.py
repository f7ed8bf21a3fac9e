"""The listing of a checkpoint as a text to read: a line for each variable."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import shown
from ckptls.features.common import formatting

# Lines above the first variable.
_HEAD = 3
_MAX_ALIGNED = 80
_MAX_FOLDS = 5_000


@dataclass(frozen=True, slots=True)
class Fold:
    """A scope in a listing: the lines of its first and its last variable."""

    name: str
    first: int
    last: int


def listing(checkpoint: Checkpoint) -> str:
    """What the checkpoint is, then its variables in the order of their names."""
    totals = checkpoint.tree.totals("")
    figures = [
        f"{checkpoint.format.value} checkpoint",
        formatting.count(totals.count, "variable"),
        formatting.count(totals.num_parameters, "parameter"),
        formatting.size(totals.num_bytes),
        *formatting.history(checkpoint),
    ]
    width = min(max(map(len, checkpoint.names), default=0), _MAX_ALIGNED)
    rows = (
        f"{printable(each.name):{width}}  {formatting.kind_of(each)}"
        for each in checkpoint.variables()
    )
    head = [f"# {printable(shown(checkpoint.prefix))}", f"# {' · '.join(figures)}", ""]
    return "\n".join([*head, *rows, ""])


def line_of(checkpoint: Checkpoint, name: str) -> int | None:
    """The 0-based line of a variable, or of the first one under a scope."""
    position = bisect_left(checkpoint.names, name)
    if name in checkpoint:
        return _HEAD + position
    if not name or not checkpoint.tree.has_scope(name):
        return None
    return _HEAD + bisect_left(checkpoint.names, name.rstrip("/") + "/")


def folds(checkpoint: Checkpoint) -> list[Fold]:
    """The scopes of a listing, outer ones first."""
    found = []
    for scope in sorted(checkpoint.tree.scopes(), key=lambda name: name.split("/")):
        first = bisect_left(checkpoint.names, scope + "/")
        last = bisect_left(checkpoint.names, scope + "0") - 1  # "0" follows "/"
        if last >= first:
            found.append(Fold(scope, _HEAD + first, _HEAD + last))
        if len(found) == _MAX_FOLDS:
            break
    return found
