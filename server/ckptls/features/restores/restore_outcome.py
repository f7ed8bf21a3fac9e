"""What a restore finds in a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.features.common.context import Context
from ckptls.features.names.restores import shapes_differ
from ckptls.source.inventory.model_inventory import ModelVariable, Purpose
from ckptls.source.inventory.restore_request import (
    ProgramFacts,
    Reaction,
    RequestedVariable,
    RestoreKind,
    RestoreRequest,
)
from ckptls.source.semantics.sites import Evidence
from ckptls.workspace.binding import Binder
from ckptls.workspace.path_resolution import Resolution


@dataclass(frozen=True, slots=True)
class Conflict:
    """A variable whose stored value has another shape or dtype."""

    item: RequestedVariable
    stored: Variable


@dataclass(frozen=True, slots=True)
class RestoreOutcome:
    """What one restore finds in one checkpoint.

    loaded: variables that get a value, with what is stored.
    missing: variables that are surely asked for, under a name that the checkpoint has not.
    unknown: variables that may not be asked for, or whose names are not known wholly.
    conflicts: variables of another shape, or of another dtype, than what is stored.
    initial: variables of the model that the restore does not ask for.
    unused: names in the checkpoint that nothing takes.
    is_complete: the set of what is asked for is known.
    """

    request: RestoreRequest
    checkpoint: Checkpoint
    loaded: tuple[RequestedVariable, ...]
    missing: tuple[RequestedVariable, ...]
    unknown: tuple[RequestedVariable, ...]
    conflicts: tuple[Conflict, ...]
    initial: tuple[ModelVariable, ...]
    unused: tuple[str, ...]
    is_complete: bool

    @property
    def error(self) -> str | None:
        """The error that is raised, as TensorFlow begins its message; None if there is none."""
        reaction = self.request.on_missing
        if self.missing and reaction is Reaction.RAISES:
            key = min(item.key for item in self.missing)
            return f"NotFoundError: Key {key} not found in checkpoint"
        if self.conflicts and self.request.on_shape is Reaction.RAISES:
            return "InvalidArgumentError: shapes or dtypes do not match"
        return None

    @property
    def outcome(self) -> str:
        """`loads`, `raises`, `silent` or `unknown`, as `ckptls restore` reports it."""
        if self.error is not None:
            return "raises"
        if self.missing or self.conflicts:
            return "silent"
        return "loads" if self.is_complete and not self.unknown else "unknown"


Outcomes = list[tuple[RestoreRequest, tuple[RestoreOutcome, ...]]]


def resolve_request(binder: Binder, request: RestoreRequest) -> Resolution:
    """The checkpoints that a restore reads, with the evidence."""
    if request.paths:
        found = binder.resolve(request.paths)
        if found.is_telling or any(use.text.literal is not None for use in request.paths):
            return found
    for restore in binder.analysis.restores:
        if restore.place.span == request.place.offsets:
            found = binder.resolve_restore(restore)
            if found.is_telling:
                return found
    return binder.pinned


def judge(request: RestoreRequest, checkpoint: Checkpoint) -> RestoreOutcome:
    """What a restore by names finds in a checkpoint."""
    loaded: list[RequestedVariable] = []
    missing: list[RequestedVariable] = []
    unknown: list[RequestedVariable] = []
    conflicts: list[Conflict] = []
    reshapes = request.on_shape is Reaction.RESHAPES
    for item in request.items:
        stored = checkpoint.get(item.key) if item.is_exact else None
        is_sure = item.is_exact and item.is_sure
        if stored is None:
            (missing if is_sure else unknown).append(item)
        elif item.part is None and shapes_differ(item.variable.shape, stored.shape, reshapes):
            conflicts.append(Conflict(item, stored))
        else:
            loaded.append(item)
    asked = {item.variable.name for item in request.items}
    taken = {item.key for item in request.items}
    return RestoreOutcome(
        request,
        checkpoint,
        tuple(loaded),
        tuple(missing),
        tuple(unknown),
        tuple(conflicts),
        tuple(each for each in request.model.variables if each.name not in asked),
        tuple(name for name in checkpoint.names if name not in taken),
        not request.gaps and request.model.is_complete,
    )


def proven_outcomes(facts: ProgramFacts, context: Context) -> Outcomes:
    """The restores of a program, each with its outcome for each checkpoint that it may read.

    Only restores that prove something; found once for all rules.
    """
    known: Outcomes | None = context.memory.get(proven_outcomes)
    if known is None:
        several = [(each, _prove(context.binder, each)) for each in facts.restores]
        known = context.memory[proven_outcomes] = [pair for pair in several if pair[1]]
    return known


def _prove(binder: Binder, request: RestoreRequest) -> tuple[RestoreOutcome, ...]:
    """The outcome for each checkpoint that a restore may read; empty where it proves nothing.

    Nothing is proved where the program itself may have written the checkpoint, catches the error,
    or leaves out variables in a way that is not known.
    """
    if request.kind is not RestoreKind.NAMES or request.gaps:
        return ()
    if request.is_written_before or request.is_guarded or not request.items:
        return ()
    found = resolve_request(binder, request)
    if not found.checkpoints or not found.is_complete or found.evidence < Evidence.PINNED:
        return ()
    if any(checkpoint.object_graph is not None for checkpoint in found.checkpoints):
        return ()  # savers find variables in these by the names of objects
    return tuple(judge(request, checkpoint) for checkpoint in found.checkpoints)


def is_slot_of_training(item: RequestedVariable) -> bool:
    """Whether a variable is an optimizer's, of a variable that may have no gradient."""
    return item.variable.purpose is Purpose.SLOT and item.variable.of is not None


def is_named_without_output(key: str, checkpoint: Checkpoint) -> bool:
    """Whether a key is the name of a tensor (`w:0`) of which the checkpoint has the variable."""
    return key.endswith(":0") and key[:-2] in checkpoint
