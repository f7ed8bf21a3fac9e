"""Restores that ask for variables that the checkpoint does not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ckptls.features.common import formatting
from ckptls.features.common.context import Context
from ckptls.features.common.results import Finding, Related, Severity
from ckptls.features.common.rule import Rule
from ckptls.features.restores.restore_causes import find_cause
from ckptls.features.restores.restore_outcome import (
    RestoreOutcome,
    is_named_without_output,
    is_slot_of_training,
    proven_outcomes,
)
from ckptls.source.inventory.model_inventory import CodeSpan
from ckptls.source.inventory.restore_request import (
    ProgramFacts,
    Reaction,
    RequestedVariable,
    RestoreRequest,
)
from ckptls.source.semantics.sites import Evidence, Site
from ckptls.source.text.source_text import Span
from ckptls.workspace.binding import Binding

_SHOWN = 3
# What says more of a variable than that it is missing.
_EXPLAINING = frozenset(
    (
        *("misspelled-scope", "unknown-variable", "tensor-suffix", "shape-mismatch"),
        *("checkpoint-path-form", "checkpoint-not-found", "unreadable-checkpoint"),
        *("unknown-scope", "assignment-map-form"),
    )
)


class MissingVariables(Rule):
    """A restore asks for variables that the checkpoint does not have.

    ## What it does
    Follows the program from its first statement to each restore, and compares the variables that
    the restore asks for with those in the checkpoint. There is one finding for a restore. It says
    how many variables are missing, and why where that can be recognized: all of them have one
    scope more or less in front, an older spelling, or `:0` behind; the state of an optimizer,
    moving averages or the averages of batch normalization were not saved.

    ## Why is this bad?
    `Saver.restore` raises `NotFoundError`. Functions that skip what is missing leave variables at
    their initial values, and training goes on with them.

    ## Example
    ```python
    with tf.variable_scope("fully_connected"):
        tf.get_variable("weights", [4, 5])
    tf.train.Saver().restore(session, "log/train.ckpt-9")  # has rnn_model/fully_connected/weights
    ```

    Use instead:
    ```python
    names = {"rnn_model/" + v.op.name: v for v in tf.global_variables()}
    tf.train.Saver(names).restore(session, "log/train.ckpt-9")
    ```

    ## When it stays silent
    Where it is not known which variables the restore asks for; for variables that are made in a
    branch or whose names are not known; where the program itself may have written the checkpoint,
    or catches the error; where other findings explain all that is missing; for checkpoints that
    are merely found in the workspace.
    """

    code = "missing-variables"
    severity = Severity.ERROR
    roles = ()
    needs = Evidence.PINNED
    has_fix = False
    order = 65

    def check(self, site: Site, binding: Binding, context: Context) -> Iterable[Finding]:
        return ()

    def check_program(
        self, facts: ProgramFacts, context: Context, shown: Iterable[Finding]
    ) -> Iterator[Finding]:
        shown = tuple(shown)
        spans = [each.span for each in shown if each.code in _EXPLAINING]
        has_suffix = any(each.code == "tensor-suffix" for each in shown)
        seen: set[CodeSpan] = set()
        for request, outcomes in proven_outcomes(facts, context):
            if request.place.path != facts.path or request.place in seen:
                continue
            several = [_missing(outcome, facts, spans, has_suffix) for outcome in outcomes]
            if all(several):
                seen.add(request.place)
                yield self._describe(outcomes[0], several[0], context)

    def _describe(
        self, outcome: RestoreOutcome, missing: list[RequestedVariable], context: Context
    ) -> Finding:
        request, checkpoint = outcome.request, outcome.checkpoint
        asked = len({item.key for item in request.items})
        keys = list(dict.fromkeys(item.key for item in missing))
        names = ", ".join(map(formatting.code, keys[:_SHOWN]))
        more = f" and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else ""
        where = formatting.code(formatting.checkpoint_name(checkpoint, context.binder))
        verb = "is" if len(keys) == 1 else "are"
        message = (
            f"{len(keys):,} of {formatting.count(asked, 'variable')} that this restores"
            f" {verb} not in {where}: {names}{more}"
        )
        cause = find_cause(outcome, tuple(missing))
        is_raised = request.on_missing is Reaction.RAISES
        span, evidence = _spans(request, context)
        return Finding(
            span,
            self.code,
            Severity.ERROR if is_raised else Severity.WARNING,
            f"{message}; {cause}" if cause else message,
            checkpoint=checkpoint.prefix,
            evidence=evidence,
            related=tuple(_related(missing, request.place.path)),
        )


def _missing(
    outcome: RestoreOutcome, facts: ProgramFacts, explained: list[Span], has_suffix: bool
) -> list[RequestedVariable]:
    """What is missing, without what other findings explain."""
    missing = list(outcome.missing)
    checkpoint = outcome.checkpoint
    slots = [item for item in missing if is_slot_of_training(item)]
    if slots:
        # Variables without a gradient have no slots: one that is there says that they were saved.
        ends = {item.key.rpartition("/")[2] for item in slots}
        if any(name.rpartition("/")[2] in ends for name in checkpoint.names):
            missing = [item for item in missing if not is_slot_of_training(item)]

    def is_explained(item: RequestedVariable) -> bool:
        if has_suffix and is_named_without_output(item.key, checkpoint):
            return True
        places = (*item.variable.name_places, *((item.place,) if item.place else ()))
        own = [place for place in places if place.path == facts.path]
        return any(p.start <= span.start and span.end <= p.end for p in own for span in explained)

    return [item for item in missing if not is_explained(item)]


def _spans(request: RestoreRequest, context: Context) -> tuple[Span, Span | None]:
    """Where the finding stands, a path that is written in the call before the method's name; and
    where else the path is written."""
    call, method = Span(*request.place.offsets), Span(*request.name_place.offsets)
    for site in context.binder.analysis.path_sites:
        if site.place.span == call and site.parts:
            written = site.parts[0].literal
            is_inside = call.start <= written.start and written.end <= call.end
            return (written, None) if is_inside else (method, written)
    return method, None


def _related(missing: list[RequestedVariable], own: str | None) -> Iterator[Related]:
    for item in missing[:_SHOWN]:
        place = item.variable.place
        if place is not None:
            message = f"{formatting.code(item.variable.name)} is made here"
            yield Related(place, message, place.path == own)
