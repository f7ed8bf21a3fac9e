"""`tf.train.Checkpoint(net=…, optimizer=…)`: its keywords name the roots of an object graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckptls.source.catalogue import Roles
from ckptls.source.sites import Role
from ckptls.source.values import Origin, Piece, Sequence, Text, Tracked, Values

if TYPE_CHECKING:
    from ckptls.source import ir
    from ckptls.source.arguments import Bound
    from ckptls.source.calls import Caller

ROLES = Roles(items=(Role.OBJECT,))


def keywords(caller: Caller, node: ir.Call) -> Values:
    """The keywords of a call as a list of texts that stand where they are written."""
    is_here = caller.chunk.pool is caller.root.pool
    found = []
    for argument in node.arguments:
        if argument.name not in (None, "*", "**", "root"):
            span = (argument.start, argument.start + len(argument.name or ""))
            origin = Origin(caller.chunk, *span, span) if is_here else None
            found.append((Text((Piece(argument.name or "", origin),)),))
    return (Sequence("list", tuple(found)),)


def of(receiver: Tracked | None, bound: Bound) -> Values:
    """The keywords of the checkpoint object that is restored, or that a manager is given."""
    if receiver is not None:
        return receiver.detail[0] if receiver.detail else ()
    for value in bound.get("checkpoint", ()):
        if isinstance(value, Tracked) and value.kind == "object-checkpoint":
            return value.detail[0]
    return ()
