"""Variables whose shape in the model is not that in the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.restores import find_restored
from ckptls.features.restores.restore_outcome import Conflict, find_proven_outcomes
from ckptls.source.inventory.restore_request import ProgramFacts, Reaction, RestoreRequest
from ckptls.source.semantics.sites import Evidence, Role, Site
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binding


class ShapeMismatch(Rule):
    """A variable that is restored from one of another shape.

    ## What it does
    Compares the shape written in `get_variable` with the shape in the checkpoint, for
    variables that are known to be restored from it: by an entry of an assignment map or of
    a `Saver`, or by a restore of every variable or of a list that includes it. The shapes of
    layers (`tf.layers`, slim, contrib, recurrent cells) follow from their arguments and inputs.

    ## Why is this bad?
    `init_from_checkpoint` raises `ValueError: Shape of variable … doesn't match`. A `Saver`
    raises too, but only when it runs; and with resource variables, the default since
    TensorFlow 2, it does not raise: it silently gives the variable the other shape.

    ## Example
    ```python
    with tf.variable_scope("vgg_16/conv1/conv1_1"):
        weights = tf.get_variable("weights", [3, 3, 1, 64])
    tf.train.Saver().restore(session, "ckpts/vgg_16.ckpt")  # [3, 3, 3, 64] there
    ```

    ## When it stays silent
    Where an exclude list leaves the variable out (a new head with another number of
    classes), where it is not known what is restored, and for sizes that are not written as
    numbers. Where the restore reshapes (`reshape_variables=True` or `reshape=True`), only a
    different number of elements is reported.
    """

    code = "shape-mismatch"
    severity = Severity.ERROR
    roles = (Role.VARIABLE, Role.GRAPH_VARIABLE)
    needs = Evidence.PINNED
    has_fix = False
    # The name is right, so nothing else is wrong with it.
    order = 90

    def check(self, site: Site, binding: Binding, context: Context) -> Iterator[Finding]:
        found = find_restored(site, binding, context, self.needs)
        if not found or not all(each.has_other_shape for each in found):
            return
        first = found[0]
        where = formatting.in_checkpoint(first.checkpoint, binding)
        message = (
            f"`{first.stored.name}` is {formatting.shape(first.stored.shape)} in {where},"
            f" but {formatting.shape(first.shape or ())} in the model"
        )
        finding = self.finding(site, message, first.checkpoint)
        if finding is not None:
            yield finding

    def check_program(
        self, facts: ProgramFacts, context: Context, shown: Iterable[Finding]
    ) -> Iterator[Finding]:
        told: set[Span] = set()
        own = [each.message for each in shown if each.code == self.code]
        for request in facts.restores:
            outcomes = find_proven_outcomes(context.binder, request)
            others = [{each.item.key for each in outcome.conflicts} for outcome in outcomes[1:]]
            for conflict in outcomes[0].conflicts if outcomes else ():
                is_shown = any(each.startswith(f"`{conflict.stored.name}` is ") for each in own)
                if is_shown or not all(conflict.item.key in keys for keys in others):
                    continue
                span = _name_span(conflict, facts, context)
                if span is not None and span not in told and _is_told(conflict, request):
                    told.add(span)
                    yield self._describe(conflict, outcomes[0].checkpoint, span, context)

    def _describe(
        self, conflict: Conflict, checkpoint: Checkpoint, span: Span, context: Context
    ) -> Finding:
        where = formatting.code(formatting.short_path(checkpoint.prefix, context.binder.base))
        stored, wanted = conflict.stored, conflict.item.variable.shape
        message = (
            f"`{stored.name}` is {formatting.shape(stored.shape)} in checkpoint {where},"
            f" but {formatting.shape(wanted or ())} in the model"
        )
        return Finding(span, self.code, self.severity, message, checkpoint=checkpoint.prefix)


def _is_told(conflict: Conflict, request: RestoreRequest) -> bool:
    """Whether a conflict is surely met, and does harm."""
    if not conflict.item.is_sure:
        return False
    if request.on_shape is not Reaction.RESHAPES:
        return True
    wanted = conflict.item.variable.shape or ()
    sizes = [size for size in wanted if size is not None]
    return len(sizes) == len(wanted) and prod(sizes) != prod(conflict.stored.shape)


def _name_span(conflict: Conflict, facts: ProgramFacts, context: Context) -> Span | None:
    """Where the call that made a variable names it; None if that is not in this document."""
    place = conflict.item.variable.place
    if place is None or place.path != facts.path:
        return None
    for site in context.binder.analysis.sites:
        span = site.place.span
        if (span.start, span.end) == (place.start, place.end) and site.is_definition:
            for part in reversed(site.parts):
                return part.literal
    return None
