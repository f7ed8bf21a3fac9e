"""Variables whose shape in the model is not that in the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ckptls.checkpoint.model.checkpoint import Variable
from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.results import Finding, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.names.restores import Shape, find_restored
from ckptls.features.restores.restore_outcome import Conflict, proven_outcomes
from ckptls.source.inventory.restore_request import ProgramFacts
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
        message = _describe(first.stored, where, first.shape)
        finding = self.finding(site, message, first.checkpoint)
        if finding is not None:
            yield finding

    def check_program(
        self, facts: ProgramFacts, context: Context, shown: Iterable[Finding]
    ) -> Iterator[Finding]:
        told: set[Span] = set()
        own = [each.message for each in shown if each.code == self.code]
        for _, outcomes in proven_outcomes(facts, context):
            checkpoint = outcomes[0].checkpoint
            where = formatting.in_checkpoint(checkpoint, context.binder)
            others = [{each.item.key for each in outcome.conflicts} for outcome in outcomes[1:]]
            for conflict in outcomes[0].conflicts:
                item, stored = conflict.item, conflict.stored
                is_shown = any(each.startswith(f"`{stored.name}` is ") for each in own)
                if is_shown or not item.is_sure or not all(item.key in keys for keys in others):
                    continue
                span = _name_span(conflict, facts, context)
                if span is not None and span not in told:
                    told.add(span)
                    message = _describe(stored, where, item.variable.shape)
                    yield Finding(
                        span, self.code, self.severity, message, checkpoint=checkpoint.prefix
                    )


def _describe(stored: Variable, where: str, wanted: Shape | None) -> str:
    return (
        f"`{stored.name}` is {formatting.shape(stored.shape)} in {where},"
        f" but {formatting.shape(wanted or ())} in the model"
    )


def _name_span(conflict: Conflict, facts: ProgramFacts, context: Context) -> Span | None:
    """Where the call that made a variable names it; None if that is not in this document."""
    place = conflict.item.variable.place
    if place is None or place.path != facts.path:
        return None
    for site in context.binder.analysis.sites:
        if site.place.span == place.offsets and site.is_definition:
            for part in reversed(site.parts):
                return part.literal
    return None
