"""`tf.train.Checkpoint(net=…, optimizer=…)`: its keywords name the roots of an object graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckptls.source.semantics.catalogue import Roles
from ckptls.source.semantics.pattern_text import Origin, Piece, Text, text
from ckptls.source.semantics.sites import Role, Save
from ckptls.source.semantics.values import (
    UNKNOWN,
    CheckpointManager,
    Literal,
    ObjectCheckpoint,
    Sequence,
    Tracked,
    Values,
    texts,
)
from ckptls.source.stdlib import os_path
from ckptls.source.stdlib.argument_binding import number_paths

if TYPE_CHECKING:
    from ckptls.source.semantics.interpreter_protocol import InterpreterProtocol
    from ckptls.source.stdlib.argument_binding import Bound
    from ckptls.source.syntax import ir

ROLES = Roles(items=(Role.OBJECT,))


def list_keywords(caller: InterpreterProtocol, node: ir.Call) -> Values:
    """The keywords of a call as a list of texts that stand where they are written."""
    is_here = caller.chunk.pool is caller.root.pool
    found = []
    for argument in node.arguments:
        if argument.name not in (None, "*", "**", "root"):
            span = (argument.start, argument.start + len(argument.name or ""))
            origin = Origin(caller.chunk, *span, span) if is_here else None
            found.append((Text((Piece(argument.name or "", origin),)),))
    return (Sequence("list", tuple(found)),)


def keywords_of(receiver: Tracked | None, bound: Bound) -> Values:
    """The keywords of the checkpoint object that is restored, or that a manager is given."""
    if receiver is not None:
        if isinstance(receiver, ObjectCheckpoint | CheckpointManager):
            return receiver.keywords
        return ()
    for value in bound.get("checkpoint", ()):
        if isinstance(value, ObjectCheckpoint):
            return value.keywords
    return ()


def make_manager(bound: Bound, paths: Values, form: str) -> CheckpointManager:
    """The manager that `tf.train.CheckpointManager(…)` makes."""
    name = bound.get("checkpoint_name", (text("ckpt"),))
    prefixes = os_path.join((bound.get("directory", UNKNOWN), name))
    return CheckpointManager(paths, form, keywords_of(None, bound), prefixes)


def save_by_manager(
    caller: InterpreterProtocol, node: ir.Call, manager: CheckpointManager, bound: Bound
) -> Values:
    """The path that `manager.save(checkpoint_number=None)` gives back, which it has written."""
    prefixes = tuple(each for each in texts(manager.prefixes) if each.head)
    if not prefixes:
        return UNKNOWN
    if not caller.quiet:
        caller.effects.saves.append(Save(caller.place(node), None, prefixes=prefixes))
    return number_paths(prefixes, bound.get("checkpoint_number", (Literal(None),)))
